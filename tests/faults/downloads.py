"""Makes the index misbehave, or serve wheels other than the locked ones."""

from __future__ import annotations

import hashlib
import itertools
import random
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.faults.job import Fault, Inject, Job, Meant
from tests.support import index
from tools.shared import wheels
from tools.shared.uv import outlast_freshness

Choose = Callable[[random.Random], index.Fault]


def _after(answers: int, fault: index.Fault) -> index.Fault:
    """Answer correctly a number of times, and then with `fault`."""
    asked = itertools.count()
    return lambda handler, body: (fault if next(asked) >= answers else index.other(body or b""))(handler, body)


def _misbehaving(choose: Choose) -> Inject:
    """Serve one wheel, or every wheel after some correct answers, with the chosen fault."""

    @contextmanager
    def inject(job: Job, generator: random.Random) -> Iterator[Meant]:
        fault, answers = choose(generator), generator.randrange(len(job.files))
        if generator.random() < 1 / 2:
            fault = _after(answers, fault)
            for name in job.files:
                job.installation.index.misbehave(name, fault)
        else:
            job.installation.index.misbehave(generator.choice(job.files), fault)
        yield Meant.FAILS
        outlast_freshness()
        job.installation.index.behave()

    return inject


def _passing(choose: Choose, *, retries_of_uv: int = 3) -> Inject:
    """Serve one wheel with the chosen fault once or twice, and then correctly."""

    @contextmanager
    def inject(job: Job, generator: random.Random) -> Iterator[Meant]:
        times = generator.choice((1, 2))
        job.ci.environ["UV_HTTP_RETRIES"] = str(retries_of_uv)
        job.installation.index.misbehave(generator.choice(job.files), choose(generator), times=times)
        yield Meant.SURVIVES
        job.installation.index.behave()

    return inject


@contextmanager
def _unreachable(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Point the project at a port where nothing listens, or where nothing ever answers."""
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        if generator.random() < 1 / 2:
            elsewhere.listen(8)
        with _edited(job, {f":{job.installation.index.port}/": f":{elsewhere.getsockname()[1]}/"}):
            yield Meant.FAILS


@contextmanager
def _locked_and_corrupt(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Lock a wheel that cannot be unpacked, with its correct hash, and serve it."""
    name = generator.choice(job.start.project.names)
    good = job.start.project.wheel(name, job.start.version).read_bytes()
    bad = generator.choice((_no_zip, _without_its_end, _with_wrong_checksum))(good, generator)
    hashes = {hashlib.sha256(good).hexdigest(): hashlib.sha256(bad).hexdigest(), f"size = {len(good)} ": f"size = {len(bad)} "}
    job.installation.index.misbehave(wheels.file_name(name, job.start.version), index.other(bad))
    with _edited(job, hashes):
        yield Meant.FAILS
    job.installation.index.behave()


def _no_zip(good: bytes, generator: random.Random) -> bytes:
    return generator.randbytes(generator.randint(0, len(good)))


def _without_its_end(good: bytes, generator: random.Random) -> bytes:
    # The last 22 bytes locate the rest of the archive.
    return good[: -generator.randint(22, len(good) - 1)]


def _with_wrong_checksum(good: bytes, _: random.Random) -> bytes:
    return good.replace(b"__version__ = ", b"__verzion__ = ", 1)


def _altered(generator: random.Random) -> index.Fault:
    share = generator.random()

    def alter(body: bytes | None) -> bytes:
        whole = bytearray(body or b"")
        whole[int(len(whole) * share)] ^= 1
        return bytes(whole)

    return lambda handler, body: index.other(alter(body))(handler, body)


@contextmanager
def _edited(job: Job, replacements: Mapping[str, str]) -> Iterator[None]:
    """Replace text in the project's files, and restore it afterwards."""
    paths = [job.start.checkout / name for name in ("pyproject.toml", "uv.lock")]
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    for path, text in texts.items():
        changed = text
        for old, new in replacements.items():
            changed = changed.replace(old, new)
        path.write_text(changed, encoding="utf-8")
    try:
        yield
    finally:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")


def _of_the_network(generator: random.Random) -> index.Fault:
    """Choose one of the faults that may not recur at the next try."""
    in_part = generator.choice((index.reset_after, index.truncated_after, index.stalled_after))(generator.random())
    return generator.choice((index.status(generator.choice((408, 425, 429, 500, 502, 503, 504))), in_part))


def _status(*codes: int) -> Choose:
    return lambda generator: index.status(generator.choice(codes))


FAULTS = (
    Fault("index unreachable", _unreachable),
    Fault("index answers 404", _misbehaving(_status(404))),
    Fault("index answers 403", _misbehaving(_status(403))),
    Fault("index answers 5xx for good", _misbehaving(_status(500, 502, 503, 504))),
    Fault("index answers 5xx, then is fine", _passing(_status(500, 502, 503, 504))),
    Fault("network fails once or twice, then is fine", _passing(_of_the_network, retries_of_uv=0)),
    Fault("connection reset in the middle", _misbehaving(lambda generator: index.reset_after(generator.random()))),
    Fault("connection reset once, then fine", _passing(lambda generator: index.reset_after(generator.random()))),
    Fault("answer truncated", _misbehaving(lambda generator: index.truncated_after(generator.random()))),
    Fault("answer slower than the timeout", _misbehaving(lambda generator: index.stalled_after(generator.random()))),
    Fault("wheel with the wrong hash", _misbehaving(_altered)),
    Fault("corrupt wheel with the locked hash", _locked_and_corrupt),
)

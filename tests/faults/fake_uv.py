"""Replaces uv with a program that crashes, hangs, or prints false or harmful output."""

from __future__ import annotations

import random
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.injected import HOSTILE
from tests.faults.job import Fault, Job, Meant
from tests.faults.running import Running
from tests.support import program
from tools.shared.uv import UV

_REAL = f'{shlex.quote(str(UV))} "$@"'

# The real uv does everything except a sync.
_UNLESS_SYNC = f'[ "$1" = sync ] || exec {_REAL}'

# Roughly the duration of a sync of the quick project, in seconds.
_LONGEST = 0.15


def _fake_uv(job: Job, *lines: str) -> Path:
    """Put a shell script of `lines` on PATH as uv."""
    job.uv = program(job.installation.own / "fake" / "uv", "#!/bin/sh", *lines)
    return job.uv


@contextmanager
def _crashing(job: Job, generator: random.Random) -> Iterator[Meant]:
    """End uv with a signal, at once or at any point of its sync; SIGKILL is what the kernel sends when memory runs out."""
    name = generator.choice(("SEGV", "ABRT", "BUS", "ILL", "KILL"))
    if generator.random() < 1 / 4:
        _fake_uv(job, _UNLESS_SYNC, "ulimit -c 0", f"kill -s {name} $$")
        yield Meant.FAILS
        return
    _fake_uv(
        job,
        *(_UNLESS_SYNC, "ulimit -c 0", f"{_REAL} &", f"sleep {generator.uniform(0, _LONGEST):.3f}", f"kill -s {name} $! 2>/dev/null"),
        *("wait $!", "status=$?", f"[ $status -le 128 ] || kill -s {name} $$", "exit $status"),
    )
    yield Meant.EITHER


@contextmanager
def _hanging(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Stop uv at any point of its sync, so that it neither ends nor handles signals, and cancel the job."""
    seconds = generator.uniform(0, _LONGEST)
    _fake_uv(job, _UNLESS_SYNC, "trap '' INT TERM", f"{_REAL} &", f"sleep {seconds:.3f}", "kill -s STOP $! 2>/dev/null", "wait $!")

    def disturb(running: Running) -> None:
        running.wait_until(running.wait_for_uv() + seconds + 2 * _LONGEST)
        running.cancel()

    job.disturb = disturb
    yield Meant.EITHER


@contextmanager
def _not_uv(job: Job, generator: random.Random) -> Iterator[Meant]:
    lines = (
        "echo 'yv 1.0'",
        "exit 3",
        "kill -s SEGV $$",
        "printf '\\377\\376 uv\\n'",
        "yes '::error::injected' | head -c 1000000",
        "cat text",
    )
    _fake_uv(job, "ulimit -c 0", f"cd {shlex.quote(str(job.installation.own))}", generator.choice(lines))
    (job.installation.own / "text").write_text(HOSTILE, encoding="utf-8")
    content = generator.choice((b"", b"\x7fELF rubbish", b"#!/none\n", generator.randbytes(100), *(job.uv.read_bytes(),) * 4))
    job.uv.write_bytes(content)
    yield Meant.FAILS


@contextmanager
def _false_output(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Make uv print that it has installed or removed packages when it has not."""
    name = generator.choice(job.start.project.names)
    gone = f" - {name}=={job.start.before}"
    claim = generator.choice((f" + {name}=={job.start.version}", *([gone] if job.start.before else [])))
    _fake_uv(job, _UNLESS_SYNC, f"echo '{claim}'")
    yield Meant.FAILS


@contextmanager
def _printing_commands(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Make uv print workflow commands, and then sync or fail."""
    text = job.installation.own / "text"
    text.write_text(HOSTILE * generator.randint(1, 50), encoding="utf-8")
    status = generator.choice((0, 1, 2, 101, 255))
    _fake_uv(job, _UNLESS_SYNC, f"cat {shlex.quote(str(text))}{generator.choice(('', ' >&2'))}", f"exit {status}" if status else _REAL)
    yield Meant.FAILS if status else Meant.SURVIVES


@contextmanager
def _writing_runner_files(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Make a process started by uv write to one of the runner's files, before or after the sync."""
    file = shlex.quote(str(job.ci.folder / generator.choice(("env", "path", "output"))))
    write = f"{generator.choice(('echo A=1 >>', 'echo A=1 >', 'rm ', 'ln -sf /dev/null '))}{file}"
    sync = (write, _REAL) if generator.random() < 1 / 2 else (_REAL, "status=$?", write, "exit $status")
    _fake_uv(job, _UNLESS_SYNC, *sync)
    yield Meant.FAILS


FAULTS = (
    Fault("uv crashes", _crashing),
    Fault("uv hangs, and the job is cancelled", _hanging, plain=False),
    Fault("something else by the name of uv", _not_uv, plain=False),
    Fault("uv reports that it has done what it has not", _false_output, plain=False),
    Fault("uv prints workflow commands", _printing_commands, plain=False),
    Fault("a build writes to the runner's files", _writing_runner_files, plain=False),
)

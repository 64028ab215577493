"""Spoils uv's cache, takes file handles away, and turns the clock."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.projects import UV
from tools.faults.job import Fault, Job, Meant
from tools.faults.outside import HOSTILE

# 2100-01-01, in seconds since 1970; of what is seen, it does not differ from a clock that is that far in the past.
_FAR = 4_102_444_800


@contextmanager
def _corrupt_wheels(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Put rubbish where uv keeps what an unpacked wheel says of itself, and clean the cache afterwards."""
    job.bench.fill_cache(job.start.version)
    name = generator.choice(("METADATA", "RECORD", "WHEEL"))
    # Not emptied: uv takes an empty RECORD for a good one, as it takes modules with other bytes.
    _spoil(generator.choice(_files(job.bench.cache, f"archive-v*/*/*.dist-info/{name}")), generator.choice(_rubbish(generator)))
    yield Meant.FAILS
    subprocess.run([UV, "cache", "clean", "--quiet", "--cache-dir", job.bench.cache], check=True)


@contextmanager
def _corrupt_notes(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Put rubbish where uv keeps what its cache holds and what it knows of interpreters."""
    job.bench.fill_cache(job.start.version)
    files = [*_files(job.bench.cache, "wheels-v*/**/*.http"), *_files(job.bench.cache, "interpreter-v*/**/*.msgpack")]
    for path in generator.sample(files, generator.randint(1, len(files))):
        _spoil(path, generator.choice((b"", *_rubbish(generator))))
    yield Meant.SURVIVES


def _files(cache: Path, pattern: str) -> list[Path]:
    return sorted(path for path in cache.glob(pattern) if path.is_file() and not path.is_symlink())


def _rubbish(generator: random.Random) -> tuple[bytes, ...]:
    return (generator.randbytes(200), HOSTILE.encode())


def _spoil(path: Path, content: bytes) -> None:
    """Make `path` another file, so that links to it stay as they were."""
    path.unlink()
    path.write_bytes(content)


@contextmanager
def _no_handles(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Let the sync open hardly any file."""
    job.lines = (f"ulimit -n {generator.randint(4, 40)}",)
    yield Meant.EITHER


@contextmanager
def _clock_in_the_past(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Have everything that a sync looks at be of a far future, with a cache or without."""
    if generator.random() < 1 / 2:
        job.bench.fill_cache(job.start.version)
    folders = (job.start.checkout, job.bench.cache, Path(job.ci.folder / "temp"), *job.bench.changed)
    for path in (path for folder in folders for path in (folder, *folder.rglob("*")) if os.path.lexists(path)):
        os.utime(path, (_FAR, _FAR), follow_symlinks=False)
    yield Meant.SURVIVES


FAULTS = (
    Fault("corrupt wheel in uv's cache, then `uv cache clean`", _corrupt_wheels),
    Fault("corrupt notes in uv's cache", _corrupt_notes),
    Fault("hardly any file handles", _no_handles),
    Fault("clock in the past", _clock_in_the_past),
)

"""Corrupts uv's cache, limits file handles, and changes dates."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.injected import HOSTILE
from tests.faults.job import Fault, Job, Meant
from tests.support import step_variables
from tools.shared.uv import UV
from uv_system_sync.uv.built_wheels import BuiltWheels

# 2100-01-01 as a timestamp; files with this date have the same effect as a clock that is that far behind.
_FAR = 4_102_444_800


@contextmanager
def _corrupt_wheels(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Overwrite the metadata of unpacked wheels in uv's cache with garbage, and clean the cache afterwards."""
    job.installation.fill_cache(job.start.version)
    name = generator.choice(("METADATA", "RECORD", "WHEEL"))
    # The files are not emptied: uv accepts an empty RECORD, and modules with other contents.
    _spoil(generator.choice(_files(job.installation.cache, f"archive-v*/*/*.dist-info/{name}")), generator.choice(_garbage(generator)))
    yield Meant.FAILS
    subprocess.run([UV, "cache", "clean", "--quiet", "--cache-dir", job.installation.cache], check=True)


@contextmanager
def _corrupt_notes(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Overwrite uv's records of its cache and of interpreters with garbage."""
    job.installation.fill_cache(job.start.version)
    files = [*_files(job.installation.cache, "wheels-v*/**/*.http"), *_files(job.installation.cache, "interpreter-v*/**/*.msgpack")]
    for path in generator.sample(files, generator.randint(1, len(files))):
        _spoil(path, generator.choice((b"", *_garbage(generator))))
    yield Meant.SURVIVES


@contextmanager
def _corrupt_entry(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Make the runner restore a uv cache whose built wheels have modified modules, with or without hashes of them."""
    job.installation.fill_cache(job.start.version)
    for path in _files(job.installation.cache, "archive-v*/*/*.py"):
        _spoil(path, generator.choice((b"", *_garbage(generator))))
    job.ci.environ.update(step_variables(**{"cache-key": "entry", "cache-hit": "true", "cache-outcome": "success"}))
    job.ci.environ["UV_CACHE_DIR"] = str(job.installation.own / "users-cache")
    folder = Path(BuiltWheels.from_environ({"RUNNER_TEMP": str(job.ci.folder / "temp"), **job.ci.environ}).folder)
    shutil.copytree(job.installation.cache, folder, symlinks=True)
    if generator.random() < 1 / 2:
        hashes = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(folder, "**/*")}
        (folder / "hashes.json").write_text(json.dumps(hashes), encoding="utf-8")
    yield Meant.SURVIVES


def _files(cache: Path, pattern: str) -> list[Path]:
    return sorted(path for path in cache.glob(pattern) if path.is_file() and not path.is_symlink())


def _garbage(generator: random.Random) -> tuple[bytes, ...]:
    return (generator.randbytes(200), HOSTILE.encode())


def _spoil(path: Path, content: bytes) -> None:
    """Replace `path` with another file, leaving hard links to it unchanged."""
    path.unlink()
    path.write_bytes(content)


@contextmanager
def _no_handles(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Limit the sync to very few open files."""
    job.lines = (f"ulimit -n {generator.randint(4, 40)}",)
    yield Meant.EITHER


@contextmanager
def _clock_in_the_past(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Date everything that a sync reads in the far future, with or without a cache."""
    if generator.random() < 1 / 2:
        job.installation.fill_cache(job.start.version)
    folders = (job.start.checkout, job.installation.cache, Path(job.ci.folder / "temp"), *job.installation.changed)
    for path in (path for folder in folders for path in (folder, *folder.rglob("*")) if os.path.lexists(path)):
        os.utime(path, (_FAR, _FAR), follow_symlinks=False)
    yield Meant.SURVIVES


FAULTS = (
    Fault("corrupt wheel in uv's cache, then `uv cache clean`", _corrupt_wheels),
    Fault("corrupt notes in uv's cache", _corrupt_notes),
    Fault("corrupt entry in the cache of built wheels", _corrupt_entry, plain=False),
    Fault("hardly any file handles", _no_handles),
    Fault("clock in the past", _clock_in_the_past),
)

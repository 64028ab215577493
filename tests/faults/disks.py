"""Fills disks, and removes the permission to write."""

from __future__ import annotations

import math
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from tests.faults.installation import Installation
from tests.faults.job import Fault, Inject, Job, Meant
from tests.support.layouts import permissions_bind

_BLOCK = 4096

# Drops the capabilities that let root ignore permissions, before the sync.
_BOUND = "setpriv --bounding-set=-dac_override,-dac_read_search "

# In the order in which they are written; an unwritable job summary is a separate fault.
_RUNNER_FILES = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT")


@cache
def _cannot_mount() -> str:
    with tempfile.TemporaryDirectory() as folder:
        mounting = _mount(Path(folder), "size=16k")
        if mounting.returncode:
            return f"no file system can be mounted here: {mounting.stderr.strip()}"
        _unmount(Path(folder))
    return ""


def _permissions_do_not_bind() -> str:
    return "" if permissions_bind() else "root may write everywhere here, and there is no setpriv"


def _mount(folder: Path, options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, text=True, check=False)


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True)


def _small_disk(job: Job, folder: Path, options: str) -> Path:
    """Mount a small disk at `folder` until the next sync has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount(folder, options).check_returncode()
    job.afterwards.callback(_unmount, folder)
    return folder


def _grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m,nr_inodes=20000", disk], check=True)


def _fill(disk: Path) -> None:
    with suppress(OSError), (disk / "full").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(_BLOCK))


def _needed(job: Job) -> tuple[int, int]:
    """Return how many bytes and how many files the packages occupy on a disk."""
    sizes = [path.stat().st_size for path in job.installation.kept(job.start.project, job.start.version, 0).rglob("*") if path.is_file()]
    return sum(math.ceil(size / _BLOCK) * _BLOCK for size in sizes), len(sizes)


def _too_small(job: Job, generator: random.Random) -> str:
    """Return the mount options of a disk with too few bytes or too few files for the packages."""
    size, files = _needed(job)
    if generator.random() < 1 / 4:
        return f"size=64m,nr_inodes={generator.randint(2, max(2, files // 2))}"
    return f"size={max(_BLOCK, int(size * generator.uniform(0.0, 0.9)))}"


def _full(folder: Callable[[Installation], Path]) -> Inject:
    """Put `folder` on a disk that is too small for the packages."""

    @contextmanager
    def inject(job: Job, generator: random.Random) -> Iterator[Meant]:
        disk = _small_disk(job, folder(job.installation), _too_small(job, generator))
        yield Meant.FAILS
        _grow(disk)

    return inject


@contextmanager
def _full_temp(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Fill RUNNER_TEMP, either before the action's own wheels are installed or before the report is written."""
    disk = _small_disk(job, job.installation.own / "temp", f"size={generator.randint(2, 8)}m")
    _move_temp(job, disk, with_wheels=generator.random() < 1 / 2)
    _fill(disk)
    yield Meant.FAILS
    (disk / "full").unlink()
    _grow(disk)


def _move_temp(job: Job, folder: Path, *, with_wheels: bool) -> None:
    folder.mkdir(exist_ok=True)
    job.ci.environ["RUNNER_TEMP"] = str(folder)
    if with_wheels:
        shutil.copytree(job.ci.folder / "temp", folder, dirs_exist_ok=True)
    else:
        # The action's own wheels come from the machine's cache.
        job.ci.environ.pop("UV_CACHE_DIR")


@contextmanager
def _read_only_target(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Remove write permission from all packages, from one package, or from the scripts."""
    below = sorted(path for path in job.installation.site_packages.iterdir() if path.is_dir() and path.suffix != ".dist-info")
    folder = generator.choice([job.installation.site_packages, job.installation.prefix / "bin", *below])
    with _read_only(job, folder):
        yield Meant.FAILS


@contextmanager
def _read_only_temp(job: Job, generator: random.Random) -> Iterator[Meant]:
    folder = job.installation.own / "temp"
    _move_temp(job, folder, with_wheels=generator.random() < 1 / 2)
    with _read_only(job, folder):
        yield Meant.FAILS


@contextmanager
def _read_only(job: Job, path: Path) -> Iterator[None]:
    mode = path.stat().st_mode
    path.chmod(mode & 0o555)
    job.command = _BOUND * (os.geteuid() == 0)
    try:
        yield
    finally:
        path.chmod(mode)


@contextmanager
def _read_only_file(job: Job, generator: random.Random) -> Iterator[Meant]:
    with _runner_file(job, generator, job.installation.own / "file") as file:
        file.write_text("before\n", encoding="utf-8")
        with _read_only(job, file):
            yield Meant.FAILS


@contextmanager
def _missing_file(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Remove one of the runner's files: alone, with its folder, or with a folder or a file in place of the file or its folder."""
    (job.installation.own / "file").touch()
    (job.installation.own / "folder").mkdir()
    name = generator.choice(("none", "none/file", "file/file", "folder"))
    with _runner_file(job, generator, job.installation.own / name):
        yield Meant.SURVIVES if name == "none" else Meant.FAILS


@contextmanager
def _file_on_full_disk(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Put one of the runner's files on a full disk, with no space left in the file's last block."""
    disk = _small_disk(job, job.installation.own / "disk", "size=64k")
    with _runner_file(job, generator, disk / "file") as file:
        file.write_text("x" * (_BLOCK * generator.randint(1, 4) - 1) + "\n", encoding="utf-8")
        _fill(disk)
        yield Meant.FAILS


@contextmanager
def _runner_file(job: Job, generator: random.Random, path: Path) -> Iterator[Path]:
    """Make `path` one of the runner's files."""
    variable = generator.choice(_RUNNER_FILES)
    job.ci.environ[variable] = str(path)
    try:
        yield path
    finally:
        del job.ci.environ[variable]


FAULTS = (
    Fault("disk full below the target", _full(lambda installation: installation.site_packages), kind="fresh", hindrance=_cannot_mount),
    Fault("disk full below uv's cache", _full(lambda installation: installation.cache), hindrance=_cannot_mount),
    Fault("disk full below RUNNER_TEMP", _full_temp, plain=False, hindrance=_cannot_mount),
    Fault("target read-only", _read_only_target, hindrance=_permissions_do_not_bind),
    Fault("RUNNER_TEMP read-only", _read_only_temp, plain=False, hindrance=_permissions_do_not_bind),
    Fault("runner file missing", _missing_file, plain=False),
    Fault("runner file read-only", _read_only_file, plain=False, hindrance=_permissions_do_not_bind),
    Fault("runner file on a full disk", _file_on_full_disk, plain=False, hindrance=_cannot_mount),
)

"""The stage for container engines reports what is missing and continues, and nothing of an engine remains when it ends."""

from __future__ import annotations

import subprocess
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest

from tests.support import program
from tools.compatibility import containers, debian_packages
from tools.compatibility.base_images import Base
from tools.compatibility.engines import Engine, running
from tools.compatibility.outcomes import Result, Unavailable


def _has_namespaces() -> bool:
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_namespaces = pytest.mark.skipif(
    not _has_namespaces(), reason="engines run in namespaces without a user namespace, which only root can create"
)


def start(folder: Path, script: str, longest: float = 10) -> AbstractContextManager[None]:
    """Start a shell `script` instead of an engine. It answers once `folder` has a file `ready`."""
    client = program(folder / "client", "#!/bin/sh", f"exec test -e '{folder}/ready'")
    return running(Engine("fake", "", str(client)), ["sh", "-euc", script], folder, folder / "storage", longest)


def runs(word: str) -> bool:
    """Return whether a process has `word` in its command line."""
    return bool(subprocess.run(["pgrep", "--full", word], capture_output=True, check=False).stdout)


@needs_namespaces
@pytest.mark.parametrize("asked", ["trap 'exit 0' TERM", "trap '' TERM"], ids=["ends", "does-not-end"])
def test_what_an_engine_has_started_mounted_and_stored_is_gone_with_it(tmp_path: Path, asked: str) -> None:
    """Even if the engine ignores SIGTERM, and whatever interrupts the tests."""
    seconds = str(time.time_ns())
    storage = tmp_path / "storage"
    script = f"mkdir {storage}; mount -t tmpfs none {storage}; {asked}; setsid sleep {seconds} & touch {tmp_path}/ready\n"
    script += "while :; do sleep 0.1; done"
    with suppress(KeyboardInterrupt), start(tmp_path, script, longest=3):
        assert runs(f"sleep {seconds}")
        raise KeyboardInterrupt

    assert not runs(f"sleep {seconds}")
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert not storage.exists()


@needs_namespaces
@pytest.mark.parametrize("script", ["echo no cgroups; exit 3", "echo no cgroups; sleep 1000"], ids=["ends", "never-answers"])
def test_an_engine_that_does_not_start_is_an_error_with_its_output(tmp_path: Path, script: str) -> None:
    with pytest.raises(OSError, match=r"^fake does not start: no cgroups$"), start(tmp_path, script, longest=1):
        pass


def test_an_engine_that_does_not_start_and_one_that_is_not_here_are_named(tmp_path: Path) -> None:
    def broken(_: Path) -> AbstractContextManager[Engine]:
        raise OSError("no cgroups")

    def missing(_: Path) -> AbstractContextManager[Engine]:
        raise Unavailable("there is no engine")

    first, second = containers.run(tmp_path, {"broken": broken, "missing": missing})

    assert Result("container", "broken", "failed", detail="no cgroups") == first
    assert Result("container", "missing", "skipped", detail="there is no engine") == second


def test_a_base_image_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "base.tar"
    archive.touch()
    client = program(tmp_path / "client", "#!/bin/sh", "echo no space left; exit 1")
    base = Base("python:3.13-slim", lambda _: archive, lambda _, context: context)
    result = containers.made(base, Engine("fake", "", str(client)), tmp_path)

    assert result is not None
    assert ("container", "fake: base image python:3.13-slim", "failed") == (result.area, result.subject, result.outcome)
    assert result.detail.endswith(" failed: no space left")


def test_a_missing_program_is_named_with_its_package() -> None:
    if "debian" not in Path("/etc/os-release").read_text(encoding="utf-8"):
        pytest.skip("this system is not Debian")
    with pytest.raises(Unavailable, match=r"^not on PATH: no-such-program; run apt-get install --no-install-recommends no-such-package$"):
        debian_packages.require({"sh": "dash", "no-such-program": "no-such-package"})

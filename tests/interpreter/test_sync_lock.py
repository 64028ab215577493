"""Tests of `interpreter.sync_lock`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import TARGET
from tools.shared import ROOT
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import sync_lock
from uv_system_sync.interpreter.target import Target

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither locks that are inherited nor resource limits")

_NAME = ".uv-system-sync-unfinished"

# Holds the lock until its input ends. With `pass on`, a child process inherits the lock and holds it too.
_HOLDER = """
import subprocess, sys
from tests.support import TARGET
from uv_system_sync.interpreter import sync_lock

with sync_lock.hold(TARGET._replace(site_packages=(sys.argv[1],)), {}, print) as lock:
    if sys.argv[2] == "pass on":
        child = "import sys; print('held', flush=True); sys.stdin.read()"
        subprocess.Popen([sys.executable, "-c", child], pass_fds=lock.descriptors)
    else:
        print("held", flush=True)
    sys.stdin.read()
    if sys.argv[2] == "finish":
        lock.finish()
"""


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A target whose site-packages folder does not exist yet."""
    return TARGET._replace(site_packages=(str(tmp_path / "lib" / "site-packages"),))


@contextmanager
def holder(target: Target, how: str) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold the lock of `target` until its input is closed."""
    command = [sys.executable, "-c", _HOLDER, target.site_packages[0], how]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout
        assert "held\n" == process.stdout.readline()
        yield process


def wait_for(process: subprocess.Popen[str], target: Target) -> tuple[list[str], bool]:
    """Take the lock, which `process` releases after the first message; return the messages, and whether the sync was unfinished."""
    shown: list[str] = []

    def info(text: str) -> None:
        shown.append(text)
        assert process.stdin
        process.stdin.close()

    with sync_lock.hold(target, {}, info) as lock:
        return shown, lock.was_unfinished


@contextmanager
def files_that_stay_empty() -> Iterator[None]:
    """Prevent this process from writing to any file."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_sync_is_unfinished_until_it_is_finished(target: Target) -> None:
    before = sync_lock.is_unfinished(target)
    with sync_lock.hold(target, {}, pytest.fail) as first:
        during = sync_lock.is_unfinished(target)
    with sync_lock.hold(target, {}, pytest.fail) as second:
        second.finish()

    assert (False, False, True, True) == (before, first.was_unfinished, during, second.was_unfinished)
    assert not sync_lock.is_unfinished(target)


def test_finishing_twice_is_allowed(target: Target) -> None:
    with sync_lock.hold(target, {}, pytest.fail) as lock:
        lock.finish()
        lock.finish()

    assert not sync_lock.is_unfinished(target)


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lib").touch()
    folder = str(tmp_path / "lib" / "site-packages")
    with pytest.raises(PythonUnsuitable) as caught, sync_lock.hold(TARGET._replace(site_packages=(folder,)), {}, pytest.fail):
        pass

    assert {"folder": folder, "reason": "Not a directory"} == caught.value.values


@posix
def test_a_file_that_cannot_be_written_is_an_error_and_leaves_no_unfinished_sync(target: Target) -> None:
    with files_that_stay_empty(), pytest.raises(PythonUnsuitable) as caught, sync_lock.hold(target, {}, pytest.fail):
        pass

    assert {"folder": target.site_packages[0], "reason": "File too large"} == caught.value.values
    assert not sync_lock.is_unfinished(target)


@posix
@pytest.mark.parametrize(
    ("how", "is_killed", "was_unfinished"),
    [
        pytest.param("finish", False, False, id="finished"),
        pytest.param("leave", False, True, id="unfinished"),
        pytest.param("pass on", True, True, id="killed-while-its-child-goes-on"),
    ],
)
def test_one_process_at_a_time_holds_the_lock_and_the_other_waits(
    target: Target, how: str, *, is_killed: bool, was_unfinished: bool
) -> None:
    with holder(target, how) as process:
        if is_killed:
            process.kill()
            process.wait()
        shown, was = wait_for(process, target)

    assert ([True], was_unfinished) == ([target.prefix in line for line in shown], was)


@posix
def test_a_killed_process_holds_no_lock_and_leaves_an_unfinished_sync(target: Target) -> None:
    with holder(target, "leave") as process:
        process.kill()
        process.wait()

        with sync_lock.hold(target, {}, pytest.fail) as lock:
            assert lock.was_unfinished


@posix
@pytest.mark.parametrize("seconds", [0, 1])
def test_waiting_longer_than_uv_would_is_an_error(target: Target, seconds: int) -> None:
    with holder(target, "finish") as process:
        environ = {"UV_LOCK_TIMEOUT": str(seconds)}
        with pytest.raises(PythonUnsuitable) as caught, sync_lock.hold(target, environ, lambda _: None):
            pass
        assert process.stdin
        process.stdin.close()

    assert {"target": target, "seconds": seconds} == caught.value.values


def test_the_file_of_an_unfinished_sync_is_not_written_again(target: Target) -> None:
    path = Path(target.site_packages[0], _NAME)
    path.parent.mkdir(parents=True)
    path.write_text("kept", encoding="utf-8")

    with sync_lock.hold(target, {}, pytest.fail) as lock:
        assert lock.was_unfinished
    assert "kept" == path.read_text(encoding="utf-8")


@posix
@pytest.mark.parametrize("kind", ["a symbolic link", "a dangling symbolic link", "a folder", "not a file"])
def test_something_else_at_the_path_of_the_file_is_an_error_and_stays_unchanged(target: Target, tmp_path: Path, kind: str) -> None:
    path = Path(target.site_packages[0], _NAME)
    path.parent.mkdir(parents=True)
    precious = tmp_path / "precious"
    if kind == "a folder":
        path.mkdir()
    elif kind == "not a file":
        os.mkfifo(path)
    else:
        path.symlink_to(precious)
    if kind == "a symbolic link":
        precious.touch()

    with pytest.raises(PythonUnsuitable) as caught, sync_lock.hold(target, {}, pytest.fail):
        pass

    assert {"path": str(path), "what": kind.replace("dangling ", "")} == caught.value.values
    assert os.path.lexists(path)
    assert (kind == "a symbolic link", 0) == (precious.exists(), precious.stat().st_size if precious.exists() else 0)


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)], ids=oct)
def test_the_umask_decides_who_may_write_to_the_file(target: Target, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with sync_lock.hold(target, {}, pytest.fail):
            assert mode == Path(target.site_packages[0], _NAME).stat().st_mode & 0o777
    finally:
        os.umask(before)


_AS_ANOTHER_USER = """
import fcntl, os, sys
from tests.support import TARGET
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import sync_lock

os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    with sync_lock.hold(TARGET._replace(site_packages=(sys.argv[1],)), {}, print) as lock:
        print(lock.was_unfinished)
        lock.finish()
except PythonUnsuitable as error:
    print(*error.values)
"""


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("mode", "printed"), [(0o664, "True"), (0o644, "True"), (0o600, "path reason")], ids=["group", "others", "nobody"])
def test_another_user_of_the_same_python_repairs_what_a_killed_sync_has_left(mode: int, printed: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder, _NAME)
        path.touch()
        path.chmod(mode)
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", _AS_ANOTHER_USER, folder]
        completed = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)

        assert (printed, printed != "True") == (completed.stdout.strip(), path.exists())

"""The mark of a sync that has begun and not ended, and that only one process holds at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import TARGET, words
from tools.shared import ROOT
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import sync_lock
from uv_system_sync.interpreter.target import Target

ONLY_WITH_LOCKS = pytest.mark.skipif(os.name == "nt", reason="Windows has no locks that are inherited")

NAME = ".uv-system-sync-unfinished"

# Holds the mark until its input ends, and hands it on to a program of its own on request.
HOLDER = """
import subprocess, sys
from tests.support import TARGET
from uv_system_sync.interpreter import sync_lock

with sync_lock.held(TARGET._replace(site_packages=(sys.argv[1],)), {}, print) as held:
    if sys.argv[2] == "hand on":
        child = "import sys; print('held', flush=True); sys.stdin.read()"
        subprocess.Popen([sys.executable, "-c", child], pass_fds=held.descriptors)
    else:
        print("held", flush=True)
    sys.stdin.read()
    if sys.argv[2] == "end":
        held.end()
"""


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Give a target whose packages are in a folder of its own, which is not there yet."""
    return TARGET._replace(site_packages=(str(tmp_path / "lib" / "site-packages"),))


@contextmanager
def holder(target: Target, how: str) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold the mark of `target`, until its input is closed."""
    command = [sys.executable, "-c", HOLDER, target.site_packages[0], how]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout
        assert "held\n" == process.stdout.readline()
        yield process


def said_while_waiting(target: Target, process: subprocess.Popen[str]) -> tuple[list[str], bool]:
    """Return what is said while `process` holds the mark, which it stops to do then, and whether a mark was there after it."""
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        assert process.stdin
        process.stdin.close()

    with sync_lock.held(target, {}, say) as held:
        return said, held.was_there


def test_the_mark(target: Target) -> None:
    """A sync that has begun and not ended can be told, by the next one too."""
    before = sync_lock.is_left(target)
    with sync_lock.held(target, {}, print) as first:
        during = sync_lock.is_left(target)
    with sync_lock.held(target, {}, print) as second:
        second.end()

    assert (False, False, True, True) == (before, first.was_there, during, second.was_there)
    assert not sync_lock.is_left(target)


def test_an_end_without_a_beginning(target: Target) -> None:
    """A mark that is gone already is no error."""
    with sync_lock.held(target, {}, print) as held:
        held.end()
        held.end()

    assert not sync_lock.is_left(target)


def test_no_place_for_the_mark(tmp_path: Path) -> None:
    """Where the mark cannot be written, nothing begins."""
    (tmp_path / "lib").touch()
    folder = tmp_path / "lib" / "site-packages"
    with pytest.raises(PythonUnsuitable) as caught, sync_lock.held(TARGET._replace(site_packages=(str(folder),)), {}, print):
        pass

    assert (f"{folder} cannot be written: Not a directory.", "Free space on its disk, and let the step's user write to it.") == words(
        caught.value
    )


@ONLY_WITH_LOCKS
@pytest.mark.parametrize(("how", "was_there"), [("end", False), ("leave", True)])
def test_one_at_a_time(target: Target, how: str, *, was_there: bool) -> None:
    """Who finds the mark held waits, says so once, and then knows whether the other one has come to its end."""
    with holder(target, how) as process:
        said = said_while_waiting(target, process)

    assert ([f"Waiting for another step to end its sync of {target.prefix}"], was_there) == said


@ONLY_WITH_LOCKS
def test_a_killed_step_whose_uv_goes_on(target: Target) -> None:
    """A process that has inherited the mark holds it after the one that took it was killed."""
    with holder(target, "hand on") as process:
        process.kill()
        process.wait()
        said = said_while_waiting(target, process)

    assert ([f"Waiting for another step to end its sync of {target.prefix}"], True) == said


@ONLY_WITH_LOCKS
def test_a_killed_step(target: Target) -> None:
    """A process that was killed holds nothing, and its mark is found."""
    with holder(target, "leave") as process:
        process.kill()
        process.wait()

        with sync_lock.held(target, {}, pytest.fail) as held:
            assert held.was_there


@ONLY_WITH_LOCKS
@pytest.mark.parametrize(("variable", "seconds"), [("0", 0), ("1", 1)])
def test_who_does_not_end(target: Target, variable: str, seconds: int) -> None:
    """Another sync that does not end is an error after as many seconds as uv itself would wait."""
    with holder(target, "end") as process:
        with pytest.raises(PythonUnsuitable) as caught, sync_lock.held(target, {"UV_LOCK_TIMEOUT": variable}, lambda _: None):
            pass
        assert process.stdin
        process.stdin.close()

    assert (
        f"{target.prefix} is being synced by another step, which has not ended for {seconds} s.",
        "Give each job a Python of its own, or set `UV_LOCK_TIMEOUT` to more seconds.",
    ) == words(caught.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is on a full disk")
def test_a_mark_that_was_there_before_stays(target: Target) -> None:
    """A mark that cannot be written anew is still the mark of the sync that did not end."""
    path = Path(target.site_packages[0], NAME)
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")

    with sync_lock.held(target, {}, print) as held:
        assert held.was_there
    assert path.is_symlink()

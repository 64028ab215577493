"""A read-only file system gives an error with the folder and the next step; the user's permissions make no difference."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.support.layouts import watched_build
from tests.support.projects import CAN_CHECK, Project
from tests.support.step import Outcome, Runner
from tools.shared.pythons import Python

# In a separate mount namespace, which ends with the step. The folders are a single word, because POSIX shells have no arrays.
_STARTER = (
    "unshare",
    "--mount",
    "sh",
    "-c",
    'for folder in $0; do mount --bind "$folder" "$folder"; mount -o remount,bind,ro "$folder"; done; exec "$@"',
)

Refused = Callable[..., str]


@cache
def _cannot_mount() -> str:
    if shutil.which("unshare") is None:
        return "there is no unshare, which makes mount namespaces"
    mounting = subprocess.run([*_STARTER, "/mnt", "true"], capture_output=True, text=True, check=False)
    return mounting.stderr.strip()


pytestmark = pytest.mark.skipif(bool(_cannot_mount()), reason=f"no read-only file system can be mounted here: {_cannot_mount()}")


@pytest.fixture
def read_only(ci: Runner) -> Callable[..., Outcome]:
    """A function that syncs while the file systems of some folders are read-only, and returns the outcome."""

    def sync(*folders: Path) -> Outcome:
        ci.starter = (*_STARTER, " ".join(map(str, folders)))
        return ci.sync()

    return sync


def _error(outcome: Outcome) -> str:
    (error,) = outcome.errors
    assert (1, False) == (outcome.returncode, outcome.published), outcome.log
    # The owner and the free space make no difference.
    assert not any(word in error for word in ("belongs to", "owner", "space", "Let this user"))
    return error


@pytest.mark.parametrize("below", [".", "lib/python{minor}/site-packages", "bin"], ids=["prefix", "packages", "scripts"])
def test_a_target_is_named_with_where_its_file_system_begins(
    target: Path, python: Python, read_only: Callable[..., Outcome], below: str
) -> None:
    top = target / below.format(minor=python.minor)
    error = _error(read_only(top))

    assert error.startswith("title=python-unsuitable::")
    assert f"the file system of {top} is read-only." in error
    assert "set `python` to a virtual environment" in error


@CAN_CHECK
def test_a_check_needs_no_target_that_can_be_written(ci: Runner, target: Path, read_only: Callable[..., Outcome]) -> None:
    assert 0 == ci.sync().returncode
    read_only(target)
    outcome = ci.sync(check="true")

    assert (0, "false") == (outcome.returncode, outcome.outputs["changed"]), outcome.log


@pytest.mark.parametrize("has_dependencies", [False, True], ids=["new machine", "later step"])
def test_the_cache_of_uv_is_named_with_its_variable(
    ci: Runner, tmp_path: Path, read_only: Callable[..., Outcome], *, has_dependencies: bool
) -> None:
    """The action's own packages also come through the cache."""
    if has_dependencies:
        assert 0 == ci.sync().returncode
    ci.environ["UV_CACHE_DIR"] = str(tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    error = _error(read_only(tmp_path / "cache"))

    assert error.startswith(f"title=runner-unusable::uv cannot use {tmp_path}/cache")
    assert "Read-only file system" in error
    assert "`UV_CACHE_DIR`" in error


@pytest.mark.parametrize("state", ["no uv", "no dependencies", "later step"])
def test_the_temporary_folder_of_the_runner_is_named(ci: Runner, read_only: Callable[..., Outcome], state: str) -> None:
    """The first write there is the installation of uv or of the action's own packages, or otherwise the report."""
    if state == "no uv":
        ci.search_path = os.pathsep.join(folder for folder in ci.search_path.split(os.pathsep) if not os.path.exists(f"{folder}/uv"))
    if state == "later step":
        assert 0 == ci.sync().returncode
    temp = ci.folder / "temp"
    temp.mkdir(exist_ok=True)
    error = _error(read_only(temp))

    assert error.startswith("title=runner-unusable::")
    assert f"{temp}" in error.splitlines()[0]
    assert "Mount its file system writable" in error


def test_a_project_that_is_only_read_is_installed(project: Project, read_only: Callable[..., Outcome]) -> None:
    outcome = read_only(project.folder)

    assert (0, "true") == (outcome.returncode, outcome.outputs["changed"]), outcome.log


def test_a_build_that_writes_to_its_source_is_explained(project: Project, read_only: Callable[..., Outcome]) -> None:
    notes = project.folder / "notes"
    watched_build(project, notes)
    error = _error(read_only(project.folder))

    assert error.startswith("title=sync-failed")
    assert f"The build writes to `{notes}/" in error
    assert "mount it writable" in error

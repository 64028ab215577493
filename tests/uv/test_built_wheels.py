"""Which built wheels are used after they are restored, and which are left for actions/cache to save."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import step_variables
from uv_system_sync.project.lockfile import Lockfile
from uv_system_sync.uv import builds
from uv_system_sync.uv.built_wheels import BuiltWheels


@pytest.mark.parametrize(
    ("variables", "was_restored", "has_problem"),
    [
        ({"cache-hit": "true", "cache-outcome": "success"}, True, False),
        ({"cache-hit": "", "cache-outcome": "success"}, False, False),
        ({"cache-hit": "false", "cache-outcome": "success"}, False, False),
        ({"cache-hit": "", "cache-outcome": "failure"}, False, True),
    ],
)
def test_the_answer_of_actions_cache_is_read(tmp_path: Path, variables: dict[str, str], was_restored: bool, has_problem: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    passed_on = step_variables(**{"cache-key": "key", **variables})
    wheels = BuiltWheels.from_environ({"RUNNER_TEMP": str(tmp_path), **passed_on})

    assert ("key", builds.folder({"RUNNER_TEMP": str(tmp_path)}, "key"), was_restored) == (wheels.key, wheels.folder, wheels.was_restored)
    assert has_problem == (wheels.problem is not None)


def test_a_folder_that_cannot_be_read_is_not_used(tmp_path: Path) -> None:
    wheels = BuiltWheels("key", str(tmp_path / "folder"), was_restored=True)
    kept = tmp_path / "folder" / "sdists-v11" / "pypi" / "slow" / "3.0" / "x" / "slow-3.0-py3-none-any.whl"
    kept.mkdir(parents=True)
    (kept / "inside").symlink_to(kept / "inside")
    with wheels.used(Lockfile(str(tmp_path / "uv.lock"))):
        left = os.path.exists(wheels.folder)

    assert (False, False, True) == (left, wheels.was_restored, wheels.problem is not None)


def test_an_empty_folder_stays_so_that_it_can_be_saved(tmp_path: Path) -> None:
    lock = Lockfile(str(tmp_path / "uv.lock"))
    wheels = BuiltWheels("key", str(tmp_path / "folder"), was_restored=False)
    with wheels.used(lock):
        pass

    assert (None, ["hashes.json"]) == (wheels.problem, os.listdir(tmp_path / "folder"))


def test_a_folder_that_cannot_be_tidied_up_is_removed_and_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    wheels = BuiltWheels("key", str(folder), was_restored=False)
    with wheels.used(Lockfile(str(tmp_path / "uv.lock"))):
        (folder / "hashes.json").mkdir(parents=True)

    assert (True, False) == (wheels.problem is not None, folder.exists())

"""What a killed sync leaves broken: plain uv considers it installed, and the action's next sync reinstalls it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.failures import assert_failed
from tests.support.layouts import notices
from tests.support.projects import CAN_CHECK
from tests.support.step import Outcome, Runner
from tools.shared.uv import UV, UV_VERSION

_UNFINISHED = ".uv-system-sync-unfinished"

# An older uv cannot check, and its sync leaves broken packages as they are.
_CHECK = ["--check"] if UV_VERSION >= (0, 6, 10) else []


def _repaired(outcome: Outcome) -> list[str]:
    assert 0 == outcome.returncode, outcome.log
    return [item["name"] for item in json.loads(Path(outcome.outputs["report"]).read_text(encoding="utf-8"))["repaired"]]


def _plain_uv(ci: Runner, target: Path) -> int:
    command: list[str | Path] = [UV, "sync", "--locked", "--offline", *_CHECK, "--python", target / "bin" / "python3"]
    environ = {"PATH": ci.search_path, "HOME": str(ci.folder), "UV_PROJECT_ENVIRONMENT": str(target)}
    return subprocess.run(command, cwd=ci.cwd, env=environ, check=False, capture_output=True).returncode


def test_a_sync_that_has_finished_leaves_no_file_of_ours(ci: Runner, site_packages: Path) -> None:
    """The sync may have succeeded or have been refused by uv."""
    ci.sync()
    after_success = (site_packages / _UNFINISHED).exists()
    (ci.cwd / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    ci.sync()

    assert (False, False) == (after_success, (site_packages / _UNFINISHED).exists())


@pytest.mark.parametrize("name", ["METADATA", "RECORD"])
def test_a_package_without_a_file_of_its_own_is_repaired_with_a_notice(ci: Runner, target: Path, site_packages: Path, name: str) -> None:
    ci.sync()
    (site_packages / "alpha-1.0.dist-info" / name).unlink()
    plain = _plain_uv(ci, target)

    outcome = ci.sync()

    assert 0 == plain
    assert ["alpha"] == _repaired(outcome)
    (notice,) = notices(outcome)
    assert notice.startswith("title=packages-repaired::")
    reason = f"it has no {name}"
    assert (True, True, True) == (f"alpha ({reason})" in notice, f"alpha: {reason}" in outcome.log, f"alpha: {reason}" in outcome.summary)
    assert (site_packages / "alpha-1.0.dist-info" / name).exists()


def test_after_a_killed_sync_a_package_without_a_module_is_repaired(ci: Runner, target: Path, site_packages: Path) -> None:
    """A sync with plain uv in between makes no difference."""
    ci.sync()
    (site_packages / "beta.py").unlink()
    (site_packages / _UNFINISHED).touch()
    plain = _plain_uv(ci, target)

    outcome = ci.sync()

    assert 0 == plain
    assert ["beta"] == _repaired(outcome)
    assert "beta 1.0\n" == ci.next_step(outcome, "python", "-c", "import beta; beta.main()")
    assert not (site_packages / _UNFINISHED).exists()


@CAN_CHECK
def test_a_check_fails_for_a_broken_package_and_changes_nothing(ci: Runner, site_packages: Path) -> None:
    ci.sync()
    (site_packages / "alpha-1.0.dist-info" / "RECORD").unlink()

    outcome = ci.sync(check="true")

    assert_failed(outcome, "out-of-sync", "alpha (it has no RECORD)", "`check: true`")
    assert not (site_packages / "alpha-1.0.dist-info" / "RECORD").exists()


def test_packages_that_the_sync_does_not_remove_are_not_repaired(ci: Runner, site_packages: Path) -> None:
    """These are pip and, with `inexact: true`, every package that is not in the lock."""
    ci.sync()
    (next(site_packages.glob("pip-*.dist-info")) / "RECORD").unlink()
    (site_packages / "leftover-1.0.dist-info").mkdir()

    kept, removed = ci.sync(inexact="true"), ci.sync()

    assert ([], ["leftover"]) == (_repaired(kept), _repaired(removed))
    assert list(site_packages.glob("pip-*.dist-info"))


def _file(place: Path, _: Path) -> None:
    place.touch()


def _link_to_a_folder(place: Path, elsewhere: Path) -> None:
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    place.symlink_to(elsewhere)


def _link_to_nothing(place: Path, elsewhere: Path) -> None:
    place.symlink_to(elsewhere)


@pytest.mark.parametrize("make", [_file, _link_to_a_folder, _link_to_nothing])
@pytest.mark.parametrize("name", ["leftover", "alpha"])
def test_what_only_has_the_name_of_metadata_is_no_package_and_not_repaired(
    ci: Runner, site_packages: Path, tmp_path: Path, make: Callable[[Path, Path], None], name: str
) -> None:
    """As far as uv is concerned, it is not a package either."""
    ci.sync()
    make(site_packages / f"{name}-9.0.dist-info", tmp_path / "elsewhere")
    (site_packages / _UNFINISHED).touch()

    outcomes = [ci.sync(), ci.sync()]

    assert [[], []] == [_repaired(outcome) for outcome in outcomes]
    assert [[], []] == [notices(outcome) for outcome in outcomes]
    assert ["false", "false"] == [outcome.outputs["changed"] for outcome in outcomes]
    assert "leftover" not in outcomes[0].outputs["packages"]
    assert os.path.lexists(site_packages / f"{name}-9.0.dist-info")


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/dev/full"), os.mkfifo], ids=["folder", "link", "pipe"])
def test_what_is_in_the_place_of_the_lock_file_is_one_error_that_names_it(
    ci: Runner, site_packages: Path, make: Callable[[Path], None]
) -> None:
    make(site_packages / _UNFINISHED)

    outcome = ci.sync()

    assert_failed(outcome, "python-unsuitable", site_packages / _UNFINISHED, "Remove it")
    assert os.path.lexists(site_packages / _UNFINISHED)

"""A sync that was killed, and the next one: what plain uv calls installed and is not, the action installs anew."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.projects import CAN_CHECK
from tests.support.step import Outcome, Runner
from tools.shared.uv import UV, UV_VERSION

_MARK = ".uv-system-sync-unfinished"

# An older uv cannot check; its sync calls the same packages installed, and leaves them as they are.
_CHECK = ["--check"] if UV_VERSION >= (0, 6, 10) else []


@pytest.fixture
def site_packages(target: Path) -> Path:
    """Return the folder that packages of `target` go into."""
    return next(target.glob("lib/python3*/site-packages"))


def _repaired(outcome: Outcome) -> list[str]:
    assert 0 == outcome.returncode, outcome.log
    return [item["name"] for item in json.loads(Path(outcome.outputs["report"]).read_text(encoding="utf-8"))["repaired"]]


def _plain_uv(ci: Runner, target: Path) -> int:
    command: list[str | Path] = [UV, "sync", "--locked", "--offline", *_CHECK, "--python", target / "bin" / "python3"]
    environ = {"PATH": ci.search_path, "HOME": str(ci.folder), "UV_PROJECT_ENVIRONMENT": str(target)}
    return subprocess.run(command, cwd=ci.cwd, env=environ, check=False, capture_output=True).returncode


def test_a_sync_that_ends_leaves_no_mark(ci: Runner, site_packages: Path) -> None:
    """After a sync that ended well, and after one that uv refused, nothing of the action's is in the target."""
    ci.sync()
    after_success = (site_packages / _MARK).exists()
    (ci.cwd / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    ci.sync()

    assert (False, False) == (after_success, (site_packages / _MARK).exists())


@pytest.mark.parametrize("name", ["METADATA", "RECORD"])
def test_a_package_without_a_file_of_its_own(ci: Runner, target: Path, site_packages: Path, name: str) -> None:
    """A package that lacks METADATA or RECORD is whole after the next sync, which says so; plain uv calls it installed."""
    ci.sync()
    (site_packages / "alpha-1.0.dist-info" / name).unlink()
    plain = _plain_uv(ci, target)

    outcome = ci.sync()

    assert 0 == plain
    assert ["alpha"] == _repaired(outcome)
    assert f"Repairing alpha: it has no {name}\n" in outcome.log
    notice = f"::notice title=packages-repaired::Found broken, and cleared away for uv to install anew: alpha (it has no {name}).\n"
    assert notice in outcome.log
    assert f"- alpha: it has no {name}\n" in outcome.summary
    assert (site_packages / "alpha-1.0.dist-info" / name).exists()


def test_a_package_without_a_module_after_a_kill(ci: Runner, target: Path, site_packages: Path) -> None:
    """After a sync that was killed, every file is looked at, and what lacks one is installed anew, though plain uv came by in between."""
    ci.sync()
    (site_packages / "beta.py").unlink()
    (site_packages / _MARK).touch()
    plain = _plain_uv(ci, target)

    outcome = ci.sync()

    assert 0 == plain
    assert ["beta"] == _repaired(outcome)
    assert "beta 1.0\n" == ci.next_step(outcome, "python", "-c", "import beta; beta.main()")
    assert not (site_packages / _MARK).exists()


@CAN_CHECK
def test_a_check_tells_what_is_broken(ci: Runner, site_packages: Path) -> None:
    """`check: true` fails on a broken package, and leaves it as it is."""
    ci.sync()
    (site_packages / "alpha-1.0.dist-info" / "RECORD").unlink()

    outcome = ci.sync(check="true")

    assert [
        (
            "title=out-of-sync::`check: true`, and there are broken packages: alpha (it has no RECORD).\n"
            "Run the step without `check: true` to install them anew."
        )
    ] == outcome.errors
    assert not (site_packages / "alpha-1.0.dist-info" / "RECORD").exists()


def test_what_is_not_the_locks_is_left_alone(ci: Runner, site_packages: Path) -> None:
    """pip, and with `inexact: true` everything that is not locked, may lack what somebody has taken out of it."""
    ci.sync()
    (next(site_packages.glob("pip-*.dist-info")) / "RECORD").unlink()
    (site_packages / "leftover-1.0.dist-info").mkdir()

    kept, removed = ci.sync(inexact="true"), ci.sync()

    assert ([], ["leftover"]) == (_repaired(kept), _repaired(removed))
    assert list(site_packages.glob("pip-*.dist-info"))

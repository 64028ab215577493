"""Tests of `diagnosis.outdated_lock`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import failure, place, write
from uv_system_sync.diagnosis import outdated_lock
from uv_system_sync.errors import ActionError, LockOutdated, SyncFailed
from uv_system_sync.process import Completed
from uv_system_sync.project.pyproject import Project

_PYPROJECT = """\
[project]
name = "sample"
version = "1"
requires-python = ">=3.9"
dependencies = ["beta"]

[tool.uv]
resolution = "highest"
"""
_LOCK = """\
version = 1
requires-python = ">=3.9"

[[package]]
name = "alpha"
version = "1.0"
source = { registry = "https://one/simple" }

[[package]]
name = "sample"
version = "1"
source = { virtual = "." }

[package.metadata]
requires-dist = [{ name = "beta" }]
"""
_OUTDATED = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided. To update\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose files do not differ."""
    return write(tmp_path, pyproject_toml=_PYPROJECT, uv_lock=_LOCK)


def _outdated(project: Project, output: str = "", dry_run: str | None = None, env: dict[str, str] | None = None) -> ActionError:
    error = outdated_lock.outdated(failure(output + _OUTDATED, project, dry_run=dry_run, env=env))
    assert isinstance(error, LockOutdated)
    return error


@pytest.mark.parametrize("output", [_OUTDATED, _OUTDATED.removeprefix("error: ")], ids=["0.13", "0.8"])
def test_outdated_lock_without_a_known_cause(project: Project, output: str) -> None:
    """The error is where uv.lock is, and the next step is to lock."""
    error = outdated_lock.outdated(failure(output, project))

    assert isinstance(error, LockOutdated)
    assert ("", ("uv.lock", 1)) == (error.values["cause"], place(error, project))
    assert "uv lock" in str(error.hint)


@pytest.mark.parametrize("output", ["error: no space left\n", f"error: Failed to build `x`\n\n   [stderr]\n{_OUTDATED}"])
def test_lock_that_uv_does_not_call_outdated(project: Project, output: str) -> None:
    """Only uv's own words count, and uv is not asked what it would change."""

    def fail() -> Completed:
        raise AssertionError

    assert outdated_lock.outdated(failure(output, project)._replace(lock_dry_run=fail)) is None


def test_first_difference_is_the_cause(project: Project) -> None:
    """Differences of requirements come before those of settings, and are counted."""
    text = _PYPROJECT.replace('"beta"', '"gamma"').replace("highest", "lowest")
    project = write(Path(project.root), pyproject_toml=text, uv_lock=_LOCK)
    error = _outdated(project)

    assert "`gamma`" in str(error.values["cause"])
    assert "(and 1 more)" in str(error.values["cause"])
    assert ("pyproject.toml", 5) == place(error, project)


@pytest.mark.parametrize(
    ("old", "new", "fragments", "where"),
    [
        pytest.param('"highest"', '"lowest"', ("`resolution` highest", "lowest now"), ("pyproject.toml", 8), id="setting"),
        pytest.param(">=3.9", ">=3.10", (">=3.9,", ">=3.10 now"), ("pyproject.toml", 4), id="requires-python"),
        pytest.param(
            'requires-python = ">=3.9"\n',
            "",
            ("nothing sets", ">=3.12 now", ">=3.9 before"),
            ("pyproject.toml", 1),
            id="no requires-python",
        ),
    ],
)
def test_setting_that_differs_is_the_cause(
    project: Project, old: str, new: str, fragments: tuple[str, ...], where: tuple[str, int]
) -> None:
    """The value of uv.lock and that of now are in the error, where it is set."""
    project = write(Path(project.root), pyproject_toml=_PYPROJECT.replace(old, new), uv_lock=_LOCK)
    error = _outdated(project)

    assert [] == [text for text in fragments if text not in str(error.values["cause"])]
    assert where == place(error, project)


@pytest.mark.parametrize(
    ("requires", "locked"), [("~=3.9", ">=3.9, <4"), ("<4,>=3.9", ">=3.9, <4"), ("==3.12.*", "==3.12.*"), ("x", ">=3.9")]
)
def test_requires_python_in_another_form_is_no_cause(project: Project, requires: str, locked: str) -> None:
    """uv.lock has `requires-python` in a form of its own."""
    text, lock = _PYPROJECT.replace(">=3.9", requires), _LOCK.replace(">=3.9", locked)

    assert "" == _outdated(write(Path(project.root), pyproject_toml=text, uv_lock=lock)).values["cause"]


@pytest.mark.parametrize("name", ["`pyproject.toml`", "pyproject.toml"])
def test_settings_that_uv_ignores_are_the_cause(project: Project, name: str) -> None:
    """A setting that this uv does not know comes before the differences that follow from it."""
    warning = (
        f"warning: Failed to parse {name} during settings discovery:\n  TOML parse error at line 8, column 1\n     |\n"
        "   8 | resolution = 3\n     | ^^^^^^\n  unknown field `future`, expected one of `required-version`, `offline`\n\n"
    )
    error = _outdated(project, warning)

    assert str(error.values["cause"]).endswith("unknown field `future`")
    assert ("pyproject.toml", 8) == place(error, project)
    assert "uv_version" in error.values


_WORKSPACE = _PYPROJECT + '\n[tool.uv.workspace]\nmembers = ["libs/*"]\n'
_MEMBERS = _LOCK.replace("\n[[package]]", '\n[manifest]\nmembers = ["gone", "sample"]\n\n[[package]]', 1)


@pytest.mark.parametrize(
    ("lock", "dry_run", "fragment"),
    [
        pytest.param(_LOCK, "Add delta v1\nAdd new v1\n", "the workspace has new,", id="new"),
        pytest.param(_MEMBERS, "Remove gone v1\n", "uv.lock has gone as a member", id="gone"),
    ],
)
def test_member_that_differs_is_the_cause(tmp_path: Path, lock: str, dry_run: str, fragment: str) -> None:
    """A member that only the workspace or only uv.lock has is named on the line of `members`."""
    project = write(tmp_path, pyproject_toml=_WORKSPACE, libs__new__pyproject_toml='[project]\nname = "New"\n', uv_lock=lock)
    error = _outdated(project, dry_run=dry_run)

    assert fragment in str(error.values["cause"])
    assert ("pyproject.toml", 11) == place(error, project)


def test_reason_that_uv_reports_is_the_cause(project: Project) -> None:
    """What uv reports to everybody is quoted if nothing in the files differs."""
    error = _outdated(project, "Ignoring existing lockfile due to change in fork strategy: `a` vs. `b`\n")

    assert "change in fork strategy: `a` vs. `b`" in str(error.values["cause"])


def test_index_that_differs_is_the_cause(project: Project) -> None:
    """The address in uv.lock and that of now are in the error, with what to do about it."""
    error = _outdated(project, env={"UV_DEFAULT_INDEX": "https://two/simple"})

    assert "alpha 1.0 from https://one/simple, and `UV_DEFAULT_INDEX` is https://two/simple" in str(error.values["cause"])
    assert "frozen" in error.values


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Resolved 3 packages in 1ms\nAdd alpha v1.0\n", "add alpha 1.0"),
        ("Added alpha v1.0\nUpdated beta v1 -> v2\n", "add alpha 1.0; update beta 1 -> 2"),
        (
            "Update alpha v1.0, v2.0 -> v2.0, v3.0.dev1\nRemove beta v1 (abcdef)\n",
            "remove beta 1 (abcdef); update alpha 1.0, 2.0 -> 2.0, 3.0.dev1",
        ),
        ("Resolved 3 packages in 1ms\nNo lockfile changes detected\n", "add, remove and update no package"),
        ("Resolved 3 packages in 1ms\nLockfile changes detected\n", "add, remove and update no package"),
        ("".join(f"Add a{number} v1\n" for number in range(25)), f"add {', '.join(f'a{number} 1' for number in range(20))} and 5 more"),
    ],
    ids=["add", "older", "several", "none", "none of a newer one", "many"],
)
def test_changes_are_one_sentence(output: str, expected: str) -> None:
    """What uv would change is listed."""
    assert f" `uv lock` would {expected}." == str(outdated_lock.changes(Completed(0, output)))


@pytest.mark.parametrize(
    "completed", [Completed(1, "Add alpha v1.0\n"), Completed(0, "DEBUG Add alpha v1.0\n Add beta v1\nAdd ☃ v1\nAdd gamma 1.0\n")]
)
def test_changes_that_are_not_known(completed: Completed) -> None:
    """A dry run that failed, and other lines, are ignored."""
    assert "" == outdated_lock.changes(completed)


_NO_SOLUTION = """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because there are no versions of delta and your project depends
      on delta, we can conclude that your project's requirements are
      unsatisfiable.

      hint: something
"""


def test_requirement_that_cannot_be_fulfilled(project: Project) -> None:
    """Because uv resolves only if the lock is outdated, the cause and its line are in the error, if they are known."""
    known = write(Path(project.root), pyproject_toml=_PYPROJECT.replace('"beta"', '"beta", "delta"'), uv_lock=_LOCK)
    error = outdated_lock.unsolvable(failure(_NO_SOLUTION, known))

    assert isinstance(error, SyncFailed)
    assert "delta: " == error.values["subject"]
    assert str(error.values["reason"]).endswith("requirements are unsatisfiable.")
    assert "`delta`" in str(error.values["because"])
    assert ("pyproject.toml", 5) == place(error, known)


def test_requirement_that_cannot_be_fulfilled_for_an_unknown_cause(project: Project) -> None:
    """That the lock is outdated is in the error in any case, and a long reason is cut."""
    error = outdated_lock.unsolvable(failure(f"error: No solution found when resolving: Because a {'x' * 5000}", project))

    assert error is not None
    assert "uv.lock is outdated" in str(error.values["because"])
    assert len(str(error.message)) < 800

"""Tests of `diagnosis.pythons`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import failure, place, write
from tests.support import TARGET
from uv_system_sync.diagnosis import pythons
from uv_system_sync.errors import ProjectInvalid, PythonRejected
from uv_system_sync.project.pyproject import Project

_PYPROJECT = '[project]\nname = "sample"\nrequires-python = "%s"\n\n[tool.uv.dependency-groups]\nLint = { requires-python = "<3.12" }\n'
_ONE = '[project]\nname = "one"\n[tool.uv.dependency-groups.old]\nrequires-python = "<3.8"\n'
_LOCK = 'version = 1\nrequires-python = "%s"\n[[package]]\nname = "one"\nsource = { editable = "one" }\n'
_INCOMPATIBLE = "error: The requested interpreter resolved to Python 3.12.4, which is incompatible with the project's Python requirement: "


def _project(folder: Path, requires: str = ">=3.9", locked: str = ">=3.9") -> Project:
    return write(folder, pyproject_toml=_PYPROJECT % requires, one__pyproject_toml=_ONE, uv_lock=_LOCK % locked)


@pytest.mark.parametrize(
    ("requires", "python"),
    [
        pytest.param(">=3.9", "3.8.18", id="too old"),
        pytest.param("<3.14", "3.14.0rc1", id="release candidate of the first too new"),
        pytest.param(">=3.9,!=3.12.4", "3.12.4", id="excluded"),
        pytest.param("~=3.11.0", "3.12.4", id="another minor version"),
    ],
)
def test_python_that_the_project_rejects(tmp_path: Path, requires: str, python: str) -> None:
    """The error has both versions and the line of `requires-python`."""
    project = _project(tmp_path, requires, "")
    error = pythons.rejected(failure("error: x", project, target=TARGET._replace(version=python)))

    assert isinstance(error, PythonRejected)
    assert ("pyproject.toml", requires, python) == tuple(error.values[name] for name in ("name", "requires", "version"))
    assert ("pyproject.toml", 3) == place(error, project)


def test_python_that_only_the_lock_rejects(tmp_path: Path) -> None:
    """A stricter member of the workspace is known from uv.lock."""
    project = _project(tmp_path, locked=">=3.13")

    assert ("uv.lock", 2) == place(pythons.rejected(failure("error: x", project)), project)


@pytest.mark.parametrize(
    ("requires", "python"),
    [
        pytest.param(">=3.9", "3.9.0", id="the oldest"),
        pytest.param(">=3.14", "3.14.0rc1", id="release candidate of the oldest"),
        pytest.param(">=3.14", "3.14.0a1+", id="development build"),
        pytest.param("==3.12.*", "3.12.4+local", id="local build"),
        pytest.param("", "2.7.18", id="nothing required"),
        pytest.param("three or so", "3.12.4", id="not a specifier"),
    ],
)
def test_python_that_the_project_accepts(tmp_path: Path, requires: str, python: str) -> None:
    """A Python that is accepted is not the reason."""
    target = TARGET._replace(version=python)

    assert pythons.rejected(failure("error: x", _project(tmp_path, requires, requires), target=target)) is None


@pytest.mark.parametrize(
    ("output", "wanted", "where"),
    [
        pytest.param(
            f"{_INCOMPATIBLE}`>=3.9, <3.12` (from `tool.uv.dependency-groups.lint.requires-python`).\n",
            "`lint` requires Python <3.12",
            ("pyproject.toml", 6),
            id="one",
        ),
        pytest.param(
            f"{_INCOMPATIBLE}`==3.7`.\nThe following declarations do not permit this version:\n- one:old: <3.8\n- sample:lint: <3.12\n",
            "`old` requires Python <3.8 and `lint` requires Python <3.12",
            ("one/pyproject.toml", 4),
            id="several",
        ),
    ],
)
def test_python_that_a_group_rejects(tmp_path: Path, output: str, wanted: str, where: tuple[str, int]) -> None:
    """The groups are named with what they require, where the first one does."""
    project = _project(tmp_path)
    error = pythons.rejected_by_group(failure(output, project))

    assert isinstance(error, PythonRejected)
    assert (wanted, where) == (error.values["wanted"], place(error, project))


@pytest.mark.parametrize(
    "output", [f"{_INCOMPATIBLE}`>=3.14`\n", f"{_INCOMPATIBLE}`<3` (from `tool.uv.dependency-groups.x.requires-python`)\n"]
)
def test_python_that_no_known_group_rejects(tmp_path: Path, output: str) -> None:
    """Without a group that is known, groups are not the reason."""
    assert pythons.rejected_by_group(failure(output, _project(tmp_path))) is None


def test_groups_that_no_python_fits(tmp_path: Path) -> None:
    """What contradicts each other is listed, on the line of `requires-python`."""
    project = _project(tmp_path)
    error = pythons.contradiction(failure("error: Found conflicting Python requirements:\n- sample: >=3.9\n- sample:lint: <3.8\n", project))

    assert isinstance(error, ProjectInvalid)
    assert "`sample` requires >=3.9, `sample:lint` requires <3.8" == error.values["wanted"]
    assert ("pyproject.toml", 3) == place(error, project)

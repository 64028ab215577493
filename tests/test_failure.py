"""Saying why uv refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import TARGET, place, words
from uv_system_sync import failure
from uv_system_sync.errors import ActionError, LockOutdated, OutOfSync, ProjectInvalid, PythonRejected, SyncFailed
from uv_system_sync.process import Completed
from uv_system_sync.project import Project

_OUTDATED_LOCK = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.\n"
_OUTDATED_ENVIRONMENT = (
    "Would install 1 package\n + alpha==1.0\nerror: The environment is outdated; run `uv sync` to update the environment\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a project on disk whose `requires-python` is on line 3."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "sample"\nrequires-python = ">=3.9"\n', encoding="utf-8")
    (tmp_path / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    return Project(directory=str(tmp_path), root=str(tmp_path), name="sample", requires_python=">=3.9")


def _explain(output: str, project: Project, *, python: str = "3.12.4") -> ActionError:
    return failure.explain(Completed(2, output), project, replace(TARGET, version=python))


def test_outdated_lock(project: Project) -> None:
    """A lock that does not match is to be locked anew, where it is."""
    error = _explain(_OUTDATED_LOCK, project)
    expected = (
        f"uv.lock does not match pyproject.toml any more. uv said: {_OUTDATED_LOCK.strip()}",
        f"Run `uv lock` in {project.root} and commit uv.lock.",
    )

    assert (LockOutdated, expected, (project.lock, 1)) == (type(error), words(error), place(error))


def test_outdated_environment(project: Project) -> None:
    """A check that found differences quotes them."""
    error = _explain(_OUTDATED_ENVIRONMENT, project)
    expected = (
        f"`check: true`, and the environment is not what uv.lock says. uv said: {_OUTDATED_ENVIRONMENT.strip()}",
        "Run the step without `check: true` to install what is missing and remove what is not in the lock.",
    )

    assert (OutOfSync, expected, (None, None)) == (type(error), words(error), place(error))


def test_malformed_lock(project: Project) -> None:
    """A lock that cannot be parsed is shown on its line, whatever uv made of it."""
    Path(project.lock).write_text("version = 1\n<<<<<<< HEAD\n", encoding="utf-8")
    error = _explain("error: Failed to parse `uv.lock`", project, python="3.8.1")
    expected = ("uv.lock is not valid TOML: Invalid statement (at line 2, column 1).", f"Correct {project.lock}.")

    assert (ProjectInvalid, expected, (project.lock, 2)) == (type(error), words(error), place(error))


def test_rejected_python(project: Project) -> None:
    """A Python that the project excludes is shown where the project excludes it."""
    error = _explain("error: incompatible", project, python="3.8.18")
    expected = (
        "The project requires Python >=3.9, and /opt/python/bin/python3 is Python 3.8.18.",
        "Leave this version out of the matrix (`exclude:`), or widen `requires-python` and run `uv lock`.",
    )

    assert (PythonRejected, expected, (project.pyproject, 3)) == (type(error), words(error), place(error))


@pytest.mark.parametrize(
    ("requires", "python"),
    [
        pytest.param(">=3.9", "3.9.0", id="the-oldest"),
        pytest.param(">=3.14", "3.14.0rc1", id="release-candidate-of-the-oldest"),
        pytest.param(">=3.14", "3.14.0a1+", id="development-build"),
        pytest.param("==3.12.*", "3.12.4+local", id="local-build"),
        pytest.param(">3", "3.12.4", id="only-a-major-version"),
        pytest.param("", "3.12.4", id="anything"),
        pytest.param("three or so", "3.12.4", id="not-a-specifier"),
        pytest.param(None, "2.7.18", id="nothing-required"),
    ],
)
def test_accepted_python(project: Project, requires: str | None, python: str) -> None:
    """A failure for another reason is not blamed on a Python that the project accepts."""
    error = _explain("error: no space left", replace(project, requires_python=requires), python=python)

    assert SyncFailed is type(error)


@pytest.mark.parametrize(
    ("requires", "python"),
    [
        pytest.param("<3.14", "3.14.0rc1", id="release-candidate-of-the-first-too-new"),
        pytest.param(">=3.9,!=3.12.4", "3.12.4", id="left-out"),
        pytest.param("~=3.11.0", "3.12.4", id="another-minor-version"),
    ],
)
def test_other_rejected_pythons(project: Project, requires: str, python: str) -> None:
    """Every way to exclude a Python is recognised."""
    error = _explain("error: incompatible", replace(project, requires_python=requires), python=python)

    assert PythonRejected is type(error)


def test_any_other_failure(project: Project) -> None:
    """What uv alone can explain is told in its words."""
    error = _explain("\nerror: Failed to fetch `alpha`\n  Caused by: ☃\n\n", project)
    expected = (
        "uv ended with exit status 2. uv said: error: Failed to fetch `alpha`\n  Caused by: ☃",
        "The step's log holds all that uv printed.",
    )

    assert (SyncFailed, expected, (None, None)) == (type(error), words(error), place(error))


def test_long_output(project: Project) -> None:
    """Of a long output the annotation has the end, where the reason is, within what the runner shows."""
    error = _explain("x" * 5000 + "\nthe reason\n", project)

    assert f"uv ended with exit status 2. uv said: … {'x' * 2489}\nthe reason" == error.message


def test_output_that_just_fits(project: Project) -> None:
    """An output that can be shown whole is not marked as cut."""
    error = _explain("x" * 2500, project)

    assert f"uv ended with exit status 2. uv said: {'x' * 2500}" == error.message

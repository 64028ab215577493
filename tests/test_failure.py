"""Saying why uv refused, and where the reason is."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import TARGET, place, words
from uv_system_sync import failure
from uv_system_sync.errors import ActionError, LockOutdated, OutOfSync, ProjectInvalid, PythonRejected, SyncFailed, UvUnavailable
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
    return failure.explain(Completed(2, output), project, replace(TARGET, version=python), uv="0.13.9")


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
        "pyproject.toml requires Python >=3.9, and /opt/python/bin/python3 is Python 3.8.18.",
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


def test_python_that_the_lock_rejects(project: Project) -> None:
    """A Python that only the lock excludes, as that of a member whose workspace is stricter, is shown in the lock."""
    Path(project.lock).write_text('version = 1\nrequires-python = ">=3.13"\n', encoding="utf-8")
    error = _explain("error: incompatible", project)
    expected = (
        "uv.lock requires Python >=3.13, and /opt/python/bin/python3 is Python 3.12.4.",
        "Leave this version out of the matrix (`exclude:`), or widen `requires-python` and run `uv lock`.",
    )

    assert (PythonRejected, expected, (project.lock, 2)) == (type(error), words(error), place(error))


def test_python_that_the_lock_accepts(project: Project) -> None:
    """A lock that accepts the Python, too, is not to blame."""
    Path(project.lock).write_text('version = 1\nrequires-python = ">=3.12"\n', encoding="utf-8")

    assert SyncFailed is type(_explain("error: no space left", project))


_OTHER_UV = "error: Required uv version `>=0.14` does not match the running version `0.13.9`. Update `uv` by running `uv self update`.\n"
_OTHER_PLATFORM = (
    "error: The current Python platform is not compatible with the lockfile's supported environments: `sys_platform == 'darwin'`\n"
)


@pytest.fixture
def member(tmp_path: Path) -> Project:
    """Give a member of a workspace on disk, whose settings are those of the workspace's root."""
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    return Project(directory=str(root / "member"), root=str(root), name="member", requires_python=None)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"pyproject.toml": '[tool.uv]\nrequired-version = ">=0.14"\n'}, ("pyproject.toml", 2), id="in-pyproject-toml"),
        pytest.param({"pyproject.toml": "", "uv.toml": '\n\nrequired-version = ">=0.14"\n'}, ("uv.toml", 3), id="in-uv-toml"),
        pytest.param(
            {"pyproject.toml": '[tool.uv]\nrequired-version = ">=0.13"\n', "uv.toml": 'required-version = ">=0.14"\n'},
            ("uv.toml", 1),
            id="in-both",
        ),
    ],
)
def test_other_uv(member: Project, files: dict[str, str], expected: tuple[str, int]) -> None:
    """A uv that the project does not accept is shown where the workspace says which it accepts."""
    for name, text in files.items():
        Path(member.root, name).write_text(text, encoding="utf-8")
    error = _explain(_OTHER_UV, member)
    said = (
        "The project requires uv >=0.14, and this is uv 0.13.9.",
        "Set `uv-version` to one that the project accepts, or leave it empty and let setup-uv choose, or change `required-version`.",
    )

    assert (UvUnavailable, said, (os.path.join(member.root, expected[0]), expected[1])) == (type(error), words(error), place(error))


_ENVIRONMENTS = "[tool.uv]\nenvironments = [\"sys_platform == 'darwin'\"]\n"


def test_other_platform(member: Project) -> None:
    """A platform that the lock was not made for is shown where the workspace says which ones there are."""
    path = Path(member.root, "pyproject.toml")
    path.write_text(_ENVIRONMENTS, encoding="utf-8")
    error = _explain(_OTHER_PLATFORM, member)
    expected = (
        f"The project is locked for `sys_platform == 'darwin'`, and /opt/python/bin/python3 is Python 3.12.4 on {sys.platform}.",
        "Leave this platform or version out of the matrix (`exclude:`), or widen `environments` and run `uv lock`.",
    )

    assert (PythonRejected, expected, (str(path), 2)) == (type(error), words(error), place(error))


def test_other_platform_beside_uv_toml(member: Project) -> None:
    """What uv reads in pyproject.toml alone is shown there, although there is a uv.toml."""
    path = Path(member.root, "pyproject.toml")
    path.write_text(_ENVIRONMENTS, encoding="utf-8")
    path.with_name("uv.toml").write_text("offline = true\n", encoding="utf-8")

    assert (str(path), 2) == place(_explain(_OTHER_PLATFORM, member))


@pytest.mark.parametrize("output", [_OTHER_UV, _OTHER_PLATFORM], ids=["uv", "platform"])
def test_setting_that_is_nowhere(project: Project, output: str) -> None:
    """Where the line is not found, the file is named all the same."""
    error = _explain(output, project)

    assert (str(Path(project.root, "pyproject.toml")), None) == place(error)


def test_malformed_lock_beside_another_reason(project: Project) -> None:
    """A lock that cannot be parsed comes before every reason that would have to be read from it."""
    Path(project.lock).write_text("<<<<<<< HEAD\n", encoding="utf-8")

    assert [ProjectInvalid] * 2 == [type(_explain(output, project)) for output in (_OTHER_UV, _OTHER_PLATFORM)]


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

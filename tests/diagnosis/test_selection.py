"""Tests of `diagnosis.selection`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import failure, write
from tests.support import options
from uv_system_sync.diagnosis import selection
from uv_system_sync.errors import InvalidInput
from uv_system_sync.project.pyproject import Project
from uv_system_sync.text import Option

_PYPROJECT = """\
[project]
name = "sample"

[project.optional-dependencies]
Docs = []

[dependency-groups]
dev = []

[tool.uv.workspace]
members = ["one"]
"""
_ONE = '[project]\nname = "One"\n[project.optional-dependencies]\nFast_Path = []\n[dependency-groups]\nlint = []\n'
_LOCK = """\
version = 1

[manifest]
members = ["one", "sample"]

[[package]]
name = "one"
source = { editable = "one" }

[[package]]
name = "path-dependency"
source = { directory = "other" }

[package.optional-dependencies]
not-ours = []

[[package]]
name = "sample"
source = { virtual = "." }

[package.metadata]
provides-extras = ["docs", "from-the-backend"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The root of a workspace with one other member."""
    return write(tmp_path, pyproject_toml=_PYPROJECT, one__pyproject_toml=_ONE, other__pyproject_toml="", uv_lock=_LOCK)


@pytest.mark.parametrize(
    ("output", "values"),
    [
        pytest.param(
            "error: Group `docs-tool` is not defined in the project's `dependency-groups` table\n",
            {"noun": "group", "name": "docs-tool", "defined": "`dev`, `lint`", "option": Option("groups")},
            id="group",
        ),
        pytest.param(
            "error: Extra `doc` is not defined in the `optional-dependencies` table for `sample`\n",
            {"noun": "extra", "name": "doc", "defined": "`docs`, `fast-path`, `from-the-backend`", "option": Option("extras")},
            id="extra",
        ),
        pytest.param(
            "error: Extra `fast-path` is not defined in the project's `optional-dependencies` table\n",
            {"name": "fast-path", "owners": "`one`", "option": Option("extras"), "packages": Option("packages")},
            id="extra of another member",
        ),
        pytest.param(
            "error: Group `docs` is not defined in any project's `dependency-groups` table\n",
            {"name": "docs", "replacement": Option("extras", "docs")},
            id="extra that is selected as a group",
        ),
    ],
)
def test_unknown_name_is_explained_by_what_is_defined(project: Project, output: str, values: dict[str, object]) -> None:
    """The error has the name, the names that the workspace defines, and the option."""
    error = selection.unknown_name(failure(output, project))

    assert isinstance(error, InvalidInput)
    assert values.items() <= error.values.items()
    assert options(error)


def test_project_that_defines_nothing(tmp_path: Path) -> None:
    error = selection.unknown_name(failure("error: Group `x` is not defined in the project's\n", write(tmp_path)))

    assert error is not None
    assert "none" == error.values["defined"]


@pytest.mark.parametrize(
    "output", ["", "error: Default group `x` (from `tool.uv.default-groups`) is\n", "error: x\n  [stderr]\n  Extra `x` is not defined in\n"]
)
def test_other_messages_are_not_about_names(project: Project, output: str) -> None:
    """Neither is the output of a build."""
    assert selection.unknown_name(failure(output, project)) is None

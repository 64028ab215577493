"""The inputs that docs/migration.md suggests in place of other tools' options select the same packages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.projects import Project, Wheel
from tests.support.step import Runner
from tools.shared import ROOT

_ROWS = re.findall(r"^\|.*\|$", (ROOT / "docs" / "migration.md").read_text(encoding="utf-8"), re.MULTILINE)

_MAIN = {"alpha", "beta", "sample-project"}

# The packages installed for each input in the tables; `dev` and `tests` are the default groups.
_EXPECTED = {
    "all-extras: true": _MAIN | {"gamma", "tests-tool", "docs-tool"},
    "args: --no-default-groups": _MAIN,
    "args: --no-group tests": _MAIN | {"gamma"},
    "extras: docs": _MAIN | {"gamma", "tests-tool", "docs-tool"},
    "groups: docs": _MAIN | {"gamma", "tests-tool", "docs-tool"},
    "groups: lint": _MAIN | {"gamma", "tests-tool", "lint-tool"},
    "inexact: true": _MAIN | {"gamma", "tests-tool"},
    "no-dev: true": _MAIN | {"tests-tool"},
    "no-install-project: true": _MAIN - {"sample-project"} | {"gamma", "tests-tool"},
    "only-groups: docs": {"docs-tool"},
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A locked project with an extra, and with several groups, some of which are installed by default."""
    groups = {"dev": ["gamma"], "docs": ["docs-tool"], "lint": ["lint-tool"], "tests": ["tests-tool"]}
    project = Project(tmp_path / "checkout", groups=groups, settings='\n[tool.uv]\ndefault-groups = ["dev", "tests"]\n')
    Wheel("tests-tool", "1.0").write(project.folder / "wheels")
    return project.write().lock()


def test_every_input_of_the_tables_is_tried_here() -> None:
    assert set(_EXPECTED) == set(re.findall(r"`([a-z-]+: [^`]+)`", "\n".join(_ROWS)))


@pytest.mark.parametrize("text", _EXPECTED)
def test_an_input_of_the_tables_installs_what_the_option_in_its_row_does(ci: Runner, text: str) -> None:
    name, _, value = text.partition(": ")
    outcome = ci.sync(**{name.replace("-", "_"): value})

    assert 0 == outcome.returncode, outcome.log
    assert _EXPECTED[text] == {package["name"] for package in json.loads(outcome.outputs["packages"])} - {"pip"}

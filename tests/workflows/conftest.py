"""An act with two Pythons in its tool cache, and projects for its workflows to check out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support import uv_wheels
from tests.support.documents import CHECKOUT, SETUP_PYTHON
from tests.support.projects import Project, Wheel
from tools.shared import ROOT
from tools.shared.act import Act
from tools.shared.pythons import Python, found


@pytest.fixture
def pythons() -> tuple[Python, ...]:
    """The oldest and the newest CPython found."""
    return tuple(dict.fromkeys((found()[0], found()[-1])))


@pytest.fixture
def act(tmp_path: Path, pythons: tuple[Python, ...]) -> Act:
    """An act with `pythons` in its tool cache."""
    return Act(tmp_path / "act", pythons).prepare()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository with a locked project that installs a `pytest` command, and with the examples as its workflows."""
    folder = tmp_path / "repository"
    for name in ("pytest", "release-notes", "docs-tool", "lint-tool"):
        Wheel(name, "9.0", scripts=(name,)).write(folder / "wheels")
    groups = {"dev": ["pytest"], "lint": ["lint-tool"], "tests": ["gamma"]}
    Project(folder, groups=groups).write().lock()
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for example in (ROOT / "examples").glob("*.yml"):
        shutil.copy2(example, workflows)
    return folder


def workflow(workspace: Path, steps: str, python: str) -> str:
    """Write a workflow with one job that sets up `python` and then runs `steps`, and return its path."""
    path = workspace / ".github" / "workflows" / "test.yml"
    head = f"""\
name: Test
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      - uses: {SETUP_PYTHON}
        with: {{python-version: "{python}"}}
"""
    path.write_text(head + steps, encoding="utf-8")
    return str(path.relative_to(workspace))


def without_uv(act: Act, *versions: str) -> dict[str, str]:
    """Take uv off PATH, and return the settings of a pip that finds only these `versions` of uv."""
    act.uv.unlink()
    folder = uv_wheels.link(act.folder / "uv-wheels", map(uv_wheels.wheel, versions))
    return {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}

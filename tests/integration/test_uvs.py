"""Real older uvs: the oldest does the job, and one that is too old is refused; `make compatibility` runs every test with more of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.step import Runner
from tools import compatibility

_TOO_OLD, _OLDEST = compatibility.locked()[:2]


def _with_uv(ci: Runner, tmp_path: Path, version: str) -> Path:
    """Put uv `version` in front of PATH, and return its path."""
    try:
        program = compatibility.install(version, tmp_path / "uvs")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"uv {version} cannot be installed here: {error}")
    ci.search_path = f"{program.parent}:{ci.search_path}"
    return program


def test_the_oldest_uv(ci: Runner, tmp_path: Path) -> None:
    """The oldest uv that is not refused installs what a newer one has locked, finds it there again, and leaves nothing else to do."""
    _with_uv(ci, tmp_path, _OLDEST)

    first, second = ci.sync(extras="docs"), ci.sync(extras="docs", groups="lint")

    assert (0, _OLDEST) == (first.returncode, first.outputs["uv-version"]), first.log
    names = [package["name"] for package in json.loads(first.outputs["packages"])]
    assert ["alpha", "beta", "docs-tool", "gamma", "pip", "sample-project"] == names
    assert "7 packages: 1 installed in " in second.log


def test_a_uv_that_is_too_old(ci: Runner, tmp_path: Path) -> None:
    """A uv that does not even understand how to install the action's own wheels is refused for its age."""
    program = _with_uv(ci, tmp_path, _TOO_OLD)

    outcome = ci.sync()

    assert [
        (
            f"title=uv-unavailable::uv-system-sync needs uv {_OLDEST} or newer, and {program} is uv {_TOO_OLD}.\n"
            "Set `uv-version` to a newer one, or put a newer uv first on PATH."
        )
    ] == outcome.errors
    assert not outcome.published

"""The oldest supported uv, and an unsupported older one; `make compatibility` runs every test with more versions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.step import Runner
from tools.compatibility import uvs

_TOO_OLD, _OLDEST = uvs.locked()[:2]


def _with_uv(ci: Runner, tmp_path: Path, version: str) -> Path:
    """Put uv `version` first on PATH, and return its path."""
    try:
        program = uvs.install(version, tmp_path / "uvs")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"uv {version} cannot be installed here: {error}")
    ci.search_path = f"{program.parent}:{ci.search_path}"
    return program


def test_the_oldest_uv_installs_a_lock_of_a_newer_one(ci: Runner, tmp_path: Path) -> None:
    _with_uv(ci, tmp_path, _OLDEST)

    first, second = ci.sync(extras="docs"), ci.sync(extras="docs", groups="lint")

    assert (0, _OLDEST) == (first.returncode, first.outputs["uv-version"]), first.log
    names = [package["name"] for package in json.loads(first.outputs["packages"])]
    assert ["alpha", "beta", "docs-tool", "gamma", "pip", "sample-project"] == names
    assert "7 packages: 1 installed in " in second.log


def test_a_uv_that_is_too_old_is_refused(ci: Runner, tmp_path: Path) -> None:
    """A uv this old cannot even install the action's own dependencies."""
    program = _with_uv(ci, tmp_path, _TOO_OLD)

    outcome = ci.sync()

    (error,) = outcome.errors
    assert error.startswith("title=uv-unavailable::")
    assert [] == [fact for fact in (_OLDEST, str(program), _TOO_OLD) if fact not in error]
    assert not outcome.published

"""action.yml and the code agree."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.support import PROJECT, TARGET
from tools.shared import ROOT
from uv_system_sync.inputs import Inputs, variable
from uv_system_sync.reporting.report import Report

_TEXT = (ROOT / "action.yml").read_text(encoding="utf-8")
_ACTION: dict[str, Any] = yaml.safe_load(_TEXT)
_STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in _ACTION["runs"]["steps"]}
_RUN_STEPS = {name: step for name, step in _STEPS.items() if "run" in step}

# Of astral-sh/setup-uv alone; `working-directory` is for both.
_FOR_SETUP_UV = {"enable-cache", "cache-suffix"}


def _expression(name: str) -> str:
    return f"${{{{ inputs.{name} }}}}"


def test_names_of_the_inputs() -> None:
    """The inputs are those of version 1, whose names cannot change."""
    switches = ["all-extras", "all-groups", "all-packages", "no-dev", "no-install-project", "no-editable", "inexact", "frozen", "check"]
    expected = ["python", "working-directory", "extras", "groups", "packages", *switches, "args", "allow-externally-managed", "summary"]

    assert [*expected, "uv-version", "enable-cache", "cache-suffix"] == list(_ACTION["inputs"])


def test_names_of_the_outputs() -> None:
    """The outputs are those of version 1, whose names cannot change."""
    expected = ["python-version", "python-path", "environment", "packages", "package-count", "changes", "changed"]

    assert [*expected, "uv-version", "cache-hit", "report"] == list(_ACTION["outputs"])


@pytest.mark.parametrize("name", _ACTION["inputs"])
def test_default(name: str) -> None:
    """What an input's default says is what the code does when it is not set."""
    default = _ACTION["inputs"][name]["default"]

    assert isinstance(default, str)
    assert Inputs.from_environ({}) == Inputs.from_environ({variable(name): default})


def test_inputs_of_the_sync() -> None:
    """The sync gets every input that is not setup-uv's, in the variable that the code reads, and how setup-uv came out."""
    names = [name for name in _ACTION["inputs"] if name not in {*_FOR_SETUP_UV, "uv-version"}]
    expected = {variable(name): _expression(name) for name in names}

    assert {**expected, "UV_SYSTEM_SYNC_SETUP_UV": "${{ steps.setup-uv.outcome }}"} == _STEPS["sync"]["env"]


def test_inputs_of_the_question_for_uv() -> None:
    """The first step gets the one input that it reads."""
    assert {"UV_SYSTEM_SYNC_UV_VERSION": _expression("uv-version")} == _STEPS["uv"]["env"]


def test_inputs_of_setup_uv() -> None:
    """What is for setup-uv is handed to it, and nothing else is."""
    expected = {name: _expression(name) for name in ("working-directory", *_FOR_SETUP_UV)}

    assert {**expected, "version": _expression("uv-version")} == _STEPS["setup-uv"]["with"]


def test_outputs_of_the_sync() -> None:
    """Every output that the step writes is declared under its own name, and no other one is."""
    written = [*Report(TARGET, PROJECT, "0.13.9", (), (), {"uv": 0.0}).outputs(), "report"]
    declared = {name: output["value"] for name, output in _ACTION["outputs"].items() if name != "cache-hit"}

    assert {name: f"${{{{ steps.sync.outputs.{name} }}}}" for name in written} == declared


def test_output_of_setup_uv() -> None:
    """The one output that is not ours is setup-uv's."""
    assert "${{ steps.setup-uv.outputs.cache-hit }}" == _ACTION["outputs"]["cache-hit"]["value"]


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_descriptions(kind: str) -> None:
    """Every input and output is described in whole sentences."""
    assert [] == [name for name, entry in _ACTION[kind].items() if not re.fullmatch(r"[A-Z].*\.\s*", entry["description"], re.DOTALL)]


def test_steps() -> None:
    """The action is three steps: is there a uv, get one, sync."""
    assert ["uv", "setup-uv", "sync"] == [step["id"] for step in _ACTION["runs"]["steps"]]


def test_setup_uv_only_where_it_is_needed() -> None:
    """setup-uv runs where the first step says so, and its failure is left for the last one to explain."""
    step = _STEPS["setup-uv"]

    assert ("steps.uv.outputs.install == 'true'", True) == (step["if"], step["continue-on-error"])


def test_pins() -> None:
    """Every action that is used is pinned by a full commit, beside the version that it is."""
    used = re.findall(r"uses:(.*)", _TEXT)

    assert used
    assert [] == [line for line in used if not re.fullmatch(r" [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]


@pytest.mark.parametrize("name", _RUN_STEPS)
def test_scripts(name: str) -> None:
    """A script is a few lines of Python, in an interpreter that runs nothing of the repository or the target."""
    step = _RUN_STEPS[name]

    assert "python -B -I -S {0}" == step["shell"]
    assert len(step["run"].splitlines()) <= 5


@pytest.mark.parametrize("name", _RUN_STEPS)
def test_no_expression_in_a_script(name: str) -> None:
    """Whatever an input holds, it is never a part of a script."""
    assert "${{" not in _RUN_STEPS[name]["run"]

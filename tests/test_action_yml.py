"""action.yml and the code agree."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.support import PROJECT, TARGET
from tools.shared import ROOT
from uv_system_sync.inputs import Inputs, variable
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.report import Report

_TEXT = (ROOT / "action.yml").read_text(encoding="utf-8")
_ACTION: dict[str, Any] = yaml.safe_load(_TEXT)
_STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in _ACTION["runs"]["steps"]}
_RUN_STEPS = {name: step for name, step in _STEPS.items() if "run" in step}

# Of astral-sh/setup-uv alone; `working-directory` is for both.
_FOR_SETUP_UV = {"enable-cache", "cache-suffix"}


def _expression(name: str) -> str:
    return f"${{{{ inputs.{name} }}}}"


def test_the_inputs_and_outputs_have_the_names_that_workflows_use() -> None:
    switches = ["all-extras", "all-groups", "all-packages", "no-dev", "no-install-project", "no-editable", "inexact", "frozen", "check"]
    inputs = ["python", "working-directory", "extras", "groups", "packages", *switches, "args", "allow-externally-managed", "summary"]
    outputs = ["python-version", "python-path", "environment", "packages", "package-count", "changes", "changed"]

    assert [*inputs, "uv-version", "enable-cache", "cache-suffix"] == list(_ACTION["inputs"])
    assert [*outputs, "uv-version", "cache-hit", "report"] == list(_ACTION["outputs"])


@pytest.mark.parametrize("name", _ACTION["inputs"])
def test_the_default_of_an_input_is_what_the_code_does_without_it(name: str) -> None:
    default = _ACTION["inputs"][name]["default"]

    assert isinstance(default, str)
    assert Inputs.from_environ({}) == Inputs.from_environ({variable(name): default})


def test_each_step_gets_the_inputs_that_it_reads() -> None:
    names = [name for name in _ACTION["inputs"] if name not in {*_FOR_SETUP_UV, "uv-version"}]
    for_sync = {**{variable(name): _expression(name) for name in names}, "UV_SYSTEM_SYNC_SETUP_UV": "${{ steps.setup-uv.outcome }}"}
    for_setup_uv = {name: _expression(name) for name in ("working-directory", *_FOR_SETUP_UV)}

    assert {"UV_SYSTEM_SYNC_UV_VERSION": _expression("uv-version")} == _STEPS["uv"]["env"]
    assert {**for_setup_uv, "version": _expression("uv-version")} == _STEPS["setup-uv"]["with"]
    assert for_sync == _STEPS["sync"]["env"]


def test_each_output_of_the_sync_is_declared_under_its_own_name_and_cache_hit_is_that_of_setup_uv() -> None:
    written = [*Report(RunContext(), TARGET, PROJECT, (), ()).outputs(), "report"]
    expected = {name: f"${{{{ steps.sync.outputs.{name} }}}}" for name in written}

    assert {**expected, "cache-hit": "${{ steps.setup-uv.outputs.cache-hit }}"} == {
        name: output["value"] for name, output in _ACTION["outputs"].items()
    }


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_every_input_and_output_is_described_in_whole_sentences(kind: str) -> None:
    assert [] == [name for name, entry in _ACTION[kind].items() if not re.fullmatch(r"[A-Z].*\.\s*", entry["description"], re.DOTALL)]


def test_setup_uv_runs_if_uv_has_to_be_installed_and_its_failure_is_left_to_the_sync() -> None:
    step = _STEPS["setup-uv"]

    assert ["uv", "setup-uv", "sync"] == list(_STEPS)
    assert ("steps.uv.outputs.install == 'true'", True) == (step["if"], step["continue-on-error"])


def test_every_action_is_pinned_by_a_full_commit_with_its_version_in_a_comment() -> None:
    used = re.findall(r"uses:(.*)", _TEXT)

    assert used
    assert [] == [line for line in used if not re.fullmatch(r" [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]


@pytest.mark.parametrize("name", _RUN_STEPS)
def test_a_script_is_a_few_lines_of_python_without_an_expression(name: str) -> None:
    """The interpreter runs nothing of the repository or the target, and the value of an input is never part of a script."""
    step = _RUN_STEPS[name]

    assert "python -B -I -S {0}" == step["shell"]
    assert (True, False) == (len(step["run"].splitlines()) <= 5, "${{" in step["run"])

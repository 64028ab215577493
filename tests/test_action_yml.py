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


def _expression(name: str) -> str:
    return f"${{{{ inputs.{name} }}}}"


def test_the_inputs_and_outputs_have_the_names_that_workflows_use() -> None:
    switches = ["all-extras", "all-groups", "all-packages", "no-dev", "no-install-project", "no-editable", "inexact", "frozen", "check"]
    selected = ["extras", "groups", "only-groups", "packages", *switches, "retries", "cache", "cache-suffix", "args"]
    inputs = ["python", "working-directory", *selected, "allow-externally-managed", "summary", "uv-version"]
    outputs = ["python-version", "python-path", "environment", "packages", "package-count", "changes", "changed"]

    assert inputs == list(_ACTION["inputs"])
    assert [*outputs, "uv-version", "cache-hit", "report"] == list(_ACTION["outputs"])


@pytest.mark.parametrize("name", _ACTION["inputs"])
def test_the_default_of_an_input_is_what_the_code_does_without_it(name: str) -> None:
    default = _ACTION["inputs"][name]["default"]

    assert isinstance(default, str)
    assert Inputs.from_environ({}) == Inputs.from_environ({variable(name): default})


def test_both_steps_that_sync_get_every_input() -> None:
    every = {variable(name): _expression(name) for name in _ACTION["inputs"]}
    answer = {
        "cache-key": "steps.sync.outputs.cache-key",
        "cache-hit": "steps.cache.outputs.cache-hit",
        "cache-outcome": "steps.cache.outcome",
    }

    assert ["sync", "cache", "resume"] == list(_STEPS)
    assert every == _STEPS["sync"]["env"]
    assert {**every, **{variable(name): f"${{{{ {value} }}}}" for name, value in answer.items()}} == _STEPS["resume"]["env"]
    assert _STEPS["sync"]["run"] == _STEPS["resume"]["run"]


def test_the_cache_and_the_second_sync_are_for_what_the_first_one_asks_for() -> None:
    asked = "steps.sync.outputs.cache-key != ''"
    wanted = {"path": "${{ steps.sync.outputs.cache-path }}", "key": "${{ steps.sync.outputs.cache-key }}"}

    assert (asked, asked, None) == (_STEPS["cache"]["if"], _STEPS["resume"]["if"], _STEPS["sync"].get("if"))
    assert (wanted, True) == (_STEPS["cache"]["with"], _STEPS["cache"]["continue-on-error"])


def test_every_step_inside_has_a_name() -> None:
    assert [] == [name for name, step in _STEPS.items() if not step.get("name")]


def test_each_output_of_the_sync_is_declared_under_its_own_name() -> None:
    written = [*Report(RunContext(), TARGET, PROJECT, (), ()).outputs(), "report"]

    assert {name: f"${{{{ steps.resume.outputs.{name} || steps.sync.outputs.{name} }}}}" for name in written} == {
        name: output["value"] for name, output in _ACTION["outputs"].items()
    }


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_every_input_and_output_is_described_in_whole_sentences(kind: str) -> None:
    assert [] == [name for name, entry in _ACTION[kind].items() if not re.fullmatch(r"[A-Z].*\.\s*", entry["description"], re.DOTALL)]


def test_actions_inside_are_githubs_own_at_a_full_commit_with_its_version_in_a_comment() -> None:
    own = re.compile(r" actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

    assert [] == [used for used in re.findall(r"uses:(.*)", _TEXT) if not own.fullmatch(used)]


@pytest.mark.parametrize("name", _RUN_STEPS)
def test_a_script_is_a_few_lines_of_python_without_an_expression(name: str) -> None:
    """The interpreter loads nothing from the repository or the target, and input values are never part of a script."""
    step = _RUN_STEPS[name]

    assert "python -B -I -S {0}" == step["shell"]
    assert (True, False) == (len(step["run"].splitlines()) <= 5, "${{" in step["run"])

"""The workflows of this repository: their gates, and the scripts in them that do not need a GitHub runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import program
from tools.shared import ROOT
from tools.shared.runner_files import read_outputs

_WORKFLOWS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}
_LEGS = _WORKFLOWS["selftest"]["jobs"]["hosted"]["strategy"]["matrix"]["include"]
_GATES = [name for name, workflow in _WORKFLOWS.items() if "required" in workflow["jobs"]]

# Records the arguments of each call, and prints the first answer whose words all occur in them.
_GH = """\
import json, os, sys
with open(os.environ["GH_CALLS"], "a", encoding="utf-8") as file:
    print(json.dumps(sys.argv[1:]), file=file)
for words, status, printed in json.loads(os.environ["GH_ANSWERS"]):
    if set(words) <= set(sys.argv):
        print(printed)
        sys.exit(status)
"""


def _step(workflow: str, job: str, name: str) -> dict[str, Any]:
    steps: list[dict[str, Any]] = _WORKFLOWS[workflow]["jobs"][job]["steps"]
    return next(step for step in steps if step.get("name") == name)


def _run(step: Mapping[str, Any], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script of `step` in `folder`, as GitHub does."""
    shells = {"python": [sys.executable, "-c"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]}
    # By default, a step on Ubuntu runs without `pipefail`.
    shell = shells[step["shell"]] if "shell" in step else ["bash", "-e", "-c"]
    assert set(step.get("env", {})) <= {*variables}
    environ = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run([*shell, step["run"]], cwd=folder, env=environ, check=False, capture_output=True, text=True)


class _Gh:
    """A `gh` with an answer for each call."""

    def __init__(self, folder: Path, *answers: tuple[Sequence[str], int, str]) -> None:
        program(folder / "bin" / "gh", f"#!{sys.executable}", _GH)
        self._calls = folder / "calls"
        self.variables = {
            "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]]),
            "GH_CALLS": str(self._calls),
            "GH_ANSWERS": json.dumps(answers),
            "GH_TOKEN": "t",
            "GITHUB_REPOSITORY": "org/uv-system-sync",
        }

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call."""
        return [json.loads(line) for line in self._calls.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", _WORKFLOWS)
def test_the_last_job_waits_for_every_other_one(name: str) -> None:
    """A job that checks the results of other jobs only sees the jobs that it lists in `needs`."""
    jobs = _WORKFLOWS[name]["jobs"]
    needs = {
        job: [content["needs"]] if isinstance(content.get("needs"), str) else content.get("needs", []) for job, content in jobs.items()
    }
    last = [*jobs][-1]
    waited = set(needs[last])
    while "if" not in jobs[last] and not waited >= {need for job in waited for need in needs[job]}:
        waited |= {need for job in waited for need in needs[job]}

    assert {*jobs} - {last} == waited


@pytest.mark.parametrize("workflow", _GATES)
@pytest.mark.parametrize(("result", "status"), [("success", 0), ("failure", 1), ("cancelled", 1), ("skipped", 1)])
def test_a_gate_is_open_if_every_job_has_succeeded(tmp_path: Path, workflow: str, result: str, status: int) -> None:
    gate = _WORKFLOWS[workflow]["jobs"]["required"]
    needs = json.dumps({"one": {"result": "success", "outputs": {}}, "other": {"result": result, "outputs": {}}})
    completed = _run(gate["steps"][0], tmp_path, NEEDS=needs)

    assert "always()" == gate["if"]
    assert (status, f"'other': '{result}'" in completed.stdout) == (completed.returncode, True), completed.stderr


def test_only_a_prerelease_may_fail_and_the_page_of_the_run_has_it(tmp_path: Path) -> None:
    hosted = _WORKFLOWS["selftest"]["jobs"]["hosted"]
    summary = tmp_path / "summary"
    step = _step("selftest", "hosted", "Annotate the failure with a prerelease")
    completed = _run(step, tmp_path, PYTHON="3.16", GITHUB_STEP_SUMMARY=str(summary))

    assert [True] == [leg["prerelease"] for leg in _LEGS if "prerelease" in leg]
    assert "${{ matrix.prerelease || false }}" == hosted["continue-on-error"]
    assert "failure() && matrix.prerelease" == step["if"]
    assert completed.stdout.startswith("::warning title=")
    assert all("Python 3.16" in text for text in (completed.stdout, summary.read_text(encoding="utf-8")))


@pytest.mark.parametrize(("reports", "status"), [(0, 1), (2, 1), (3, 0), (4, 0), (5, 1)])
def test_the_report_has_every_job_but_that_of_the_prerelease(tmp_path: Path, reports: int, status: int) -> None:
    step = _step("selftest", "report", "Check that the report has all jobs")
    report = json.dumps({"jobs": [{"name": str(number)} for number in range(reports)]})
    completed = _run(step, tmp_path, REPORT=report, JOBS="4")

    assert status == completed.returncode, completed.stderr
    assert str(len(_LEGS)) == step["env"]["JOBS"]


def test_every_job_of_the_matrix_has_a_name_of_its_own() -> None:
    """Otherwise the report of one job would overwrite another's."""
    legs = [(leg["os"], leg["python"]) for leg in _LEGS]

    assert sorted({*legs}) == sorted(legs)


def test_the_lock_reaches_other_jobs_as_it_is(tmp_path: Path) -> None:
    text = 'version = 1\n\n[[package]]\nname = "é"\n'
    (tmp_path / "uv.lock").write_text(text, encoding="utf-8")
    output = tmp_path / "output"
    completed = _run(_step("selftest", "lock", "Output the lock"), tmp_path, PROJECT=str(tmp_path), GITHUB_OUTPUT=str(output))

    assert (0, {"text": text}) == (completed.returncode, read_outputs(output)), completed.stderr


@pytest.mark.parametrize(("verified", "status"), [("true", 0), ("false", 1), ("", 1)])
def test_a_release_needs_a_tag_that_github_has_verified(tmp_path: Path, verified: str, status: int) -> None:
    gh = _Gh(tmp_path, ([".object.sha"], 0, "abc"), ([".verification.verified"], 0, verified))
    completed = _run(_step("release", "check", "Require a verified tag"), tmp_path, TAG="v1.2.3", **gh.variables)

    assert (status, bool(status)) == (completed.returncode, "::error::" in completed.stdout), completed.stderr
    assert ["repos/org/uv-system-sync/git/ref/tags/v1.2.3", "repos/org/uv-system-sync/git/tags/abc"] == [call[1] for call in gh.calls]


@pytest.mark.parametrize(("ci", "selftest", "missing"), [("1", "2", ""), ("0", "1", "ci.yml"), ("1", "0", "selftest.yml")])
def test_a_release_needs_ci_and_the_self_test(tmp_path: Path, ci: str, selftest: str, missing: str) -> None:
    gh = _Gh(tmp_path, (["ci.yml"], 0, ci), (["selftest.yml"], 0, selftest))
    completed = _run(
        _step("release", "check", "Require that CI and the self-test passed on main"), tmp_path, COMMIT="c" * 40, **gh.variables
    )

    assert bool(missing) == bool(completed.returncode)
    assert (f"::error::{missing} has not passed" in completed.stdout) == bool(missing)
    assert all("c" * 40 in call for call in gh.calls)

"""The report action: its step as the runner runs it, its inputs and its errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.matrix import FAILURE, REPORT, write_report
from tests.support import options
from tests.support.log_file import LogFile
from tools.shared import ROOT
from tools.shared.pythons import Python, found
from tools.shared.runner_files import StepFiles, read_outputs
from uv_system_sync.errors import ActionError, InvalidInput, JobsFailed, PackagesDiffer, RunnerUnusable
from uv_system_sync.inputs import variable
from uv_system_sync.matrix import action
from uv_system_sync.matrix.comparison import compared
from uv_system_sync.matrix.reports import read
from uv_system_sync.reporting.github import GitHubReporter
from uv_system_sync.text import Option

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "report" / "action.yml").read_text(encoding="utf-8"))
(STEP,) = ACTION["runs"]["steps"]
DOCUMENT = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")

LOG = [
    "3 jobs, 1 failed: 2 packages, 2 not the same in all jobs.",
    "- 3.9: failure: lock-outdated: uv.lock does not match.",
    "- alpha is 1.0 in 3.10; 2.0 in 3.11",
    "- beta is absent in 3.10; 1.0 in 3.11",
]


@pytest.fixture
def folder(runner: StepFiles) -> Path:
    """The working directory of the step, with the reports of three jobs, one of which failed."""
    folder = runner.temp.parent / "reports"
    write_report(folder, "uv-system-sync-3.10", REPORT)
    newer = {**REPORT, "packages": [{"name": "alpha", "version": "2.0"}, {"name": "beta", "version": "1.0"}]}
    write_report(folder, "uv-system-sync-3.11", newer)
    write_report(folder, "uv-system-sync-3.9", FAILURE)
    return folder


def variables(**inputs: str) -> dict[str, str]:
    """Return the variables that action.yml sets for `inputs`, whose names have underscores here; the other inputs have their defaults."""
    defaults = {variable(name): declared.get("default", "") for name, declared in ACTION["inputs"].items()}
    return {**defaults, **{variable(name.replace("_", "-")): value for name, value in inputs.items()}}


def lines(runner: StepFiles, **inputs: str) -> list[str]:
    """Compare the reports like a step with `inputs`, and return the log."""
    log = LogFile()
    environ = {**runner.environ, **variables(**inputs)}
    action.compare(environ, GitHubReporter(environ, log))
    return log.lines


def failed(runner: StepFiles, **inputs: str) -> ActionError:
    """Return the error that a step with `inputs` raises."""
    with pytest.raises(ActionError) as caught:
        lines(runner, **inputs)
    return caught.value


def run(runner: StepFiles, python: Python, **inputs: str) -> tuple[int, list[str]]:
    """Run the step like the runner, and return its exit status and its log."""
    script = runner.env.parent / "script.py"
    script.write_text(STEP["run"], encoding="utf-8")
    completed = subprocess.run(
        [python.prefix / "bin" / f"python{python.minor}", *STEP["shell"].split()[1:-1], script],
        env={**runner.environ, **variables(**inputs), "GITHUB_ACTION_PATH": str(ROOT / "report")},
        cwd=runner.temp.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return completed.returncode, completed.stdout.splitlines()


OLDEST_AND_NEWEST = pytest.mark.parametrize("python", dict.fromkeys([found()[0], found()[-1]]), ids=lambda python: python.minor)


@OLDEST_AND_NEWEST
def test_with_the_standard_library_alone_the_step_writes_log_outputs_and_summary(runner: StepFiles, folder: Path, python: Python) -> None:
    assert (0, LOG) == run(runner, python, folder=folder.name)
    assert "true" == read_outputs(runner.output)["different"]
    assert runner.summary.read_text(encoding="utf-8").startswith("### The packages of 3 jobs\n")
    assert "" == runner.env.read_text(encoding="utf-8") + runner.path.read_text(encoding="utf-8")


@OLDEST_AND_NEWEST
def test_an_error_of_the_step_is_one_annotation_after_what_was_compared(runner: StepFiles, folder: Path, python: Python) -> None:
    status, log = run(runner, python, folder=folder.name, must_match="alpha")

    assert (1, LOG) == (status, log[:-1])
    assert log[-1].startswith("::error title=packages-differ::1 package that must match ")
    assert "%0A" in log[-1]


def test_without_the_input_summary_only_the_summary_is_left_out(runner: StepFiles, folder: Path) -> None:
    assert LOG == lines(runner, folder=str(folder), summary="false")
    assert ("", 3) == (runner.summary.read_text(encoding="utf-8"), len(read_outputs(runner.output)))


def test_a_summary_that_the_runner_would_reject_is_left_out_alone(runner: StepFiles) -> None:
    reports = runner.temp.parent / "reports"
    write_report(reports, "1", {**REPORT, "packages": [{"name": f"p{number}", "version": "|" * 200} for number in range(2000)]})

    assert 1 == len(lines(runner, folder=str(reports)))
    assert ("", 3) == (runner.summary.read_text(encoding="utf-8"), len(read_outputs(runner.output)))


@pytest.mark.parametrize("names", ["alpha", "*", "beta, Alpha", "beta\nalpha"])
def test_a_package_that_must_match_and_differs_is_an_error_after_everything_was_written(
    runner: StepFiles, folder: Path, names: str
) -> None:
    error = failed(runner, folder=str(folder), must_match=names)

    assert (PackagesDiffer, "1 package") == (type(error), error.values["count"])
    assert "alpha is 1.0 in 3.10; 2.0 in 3.11" == error.values["conflicts"]
    assert {Option("must-match")} == options(error)
    assert "true" == read_outputs(runner.output)["different"]
    assert "alpha" in runner.summary.read_text(encoding="utf-8")


def test_a_package_that_must_match_may_be_absent(runner: StepFiles, folder: Path) -> None:
    assert LOG == lines(runner, folder=str(folder), must_match="beta")


def test_the_error_and_the_log_name_only_some_of_many_packages(runner: StepFiles) -> None:
    reports = runner.temp.parent / "reports"
    for job in ("1", "2"):
        write_report(reports, job, {**REPORT, "packages": [{"name": f"p{number:03}", "version": job} for number in range(512)]})
    error = failed(runner, folder=str(reports), must_match="*")

    assert "512 packages" == error.values["count"]
    assert str(error.values["conflicts"]).startswith("p000 is 1 in 1; 2 in 2. p001 is 1 in 1; 2 in 2. ")
    assert str(error.values["conflicts"]).endswith("p009 is 1 in 1; 2 in 2 and 502 more")
    assert ["- p499 is 1 in 1; 2 in 2", "… and 12 more"] == lines(runner, folder=str(reports))[-2:]


def test_a_job_that_is_expected_and_has_no_artifact_is_missing_in_its_place(runner: StepFiles, folder: Path) -> None:
    head = "4 jobs, 1 failed, 1 without a report: 2 packages, 2 not the same in all jobs."

    assert [head, LOG[1], "- 3.12: missing: no artifact has its name", *LOG[2:]] == lines(
        runner, folder=str(folder), jobs="3.9, 3.10\n3.11 3.12"
    )


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"must_succeed": "*"}, "3.9: lock-outdated"),
        ({"must_succeed": "3.10 3.9"}, "3.9: lock-outdated"),
        ({"must_succeed": "*", "jobs": "3.10,3.12"}, "3.9: lock-outdated; 3.12: no artifact has its name"),
        ({"must_succeed": "3.10 3.12", "jobs": "3.13"}, "3.12: no artifact has its name"),
        ({"must_succeed": "3.9", "must_match": "*"}, "3.9: lock-outdated"),
    ],
    ids=["all", "failed", "all-with-a-missing-one", "missing", "and-packages-differ"],
)
def test_a_job_that_must_succeed_and_did_not_is_an_error_after_everything_was_written(
    runner: StepFiles, folder: Path, inputs: dict[str, str], named: str
) -> None:
    error = failed(runner, folder=str(folder), **inputs)

    assert (JobsFailed, named, {Option("must-succeed")}) == (type(error), error.values["jobs"], options(error))
    assert "true" == read_outputs(runner.output)["different"]
    assert all(f"**{name.partition(':')[0]}**" in runner.summary.read_text(encoding="utf-8") for name in named.split("; "))


def test_other_jobs_than_those_that_must_succeed_may_fail(runner: StepFiles, folder: Path) -> None:
    assert LOG == lines(runner, folder=str(folder), must_succeed="3.10, 3.11")


def test_a_name_means_every_report_of_a_job(runner: StepFiles, folder: Path) -> None:
    for project in ("web", "api"):
        write_report(folder, "uv-system-sync-3.13", {**REPORT, "project": {"name": project}}, f"uv-system-sync-{project}.json")
    log = lines(runner, folder=str(folder), must_succeed="3.13", jobs="3.13")
    write_report(folder, "uv-system-sync-3.13", FAILURE, "uv-system-sync-c.json")

    assert log[0].startswith("5 jobs, 1 failed: ")
    assert "3.13: lock-outdated" == failed(runner, folder=str(folder), must_succeed="3.13").values["jobs"]


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"folder": " "}, {"folder": "", "reason": "No such file or directory"}),
        ({"folder": "gone"}, {"folder": "gone", "reason": "No such file or directory"}),
        ({"folder": "env"}, {"folder": "env", "reason": "Not a directory"}),
        ({"folder": "temp"}, {"folder": "temp"}),
        ({"folder": "a\0b"}, {"folder": "a\0b"}),
        ({"folder": "reports", "summary": "maybe"}, {"option": Option("summary"), "value": "maybe"}),
    ],
    ids=["no-folder", "missing-folder", "file-as-folder", "empty-folder", "no-path", "summary"],
)
def test_an_invalid_input_is_an_error_and_nothing_is_written(
    runner: StepFiles, folder: Path, monkeypatch: pytest.MonkeyPatch, inputs: dict[str, str], named: dict[str, object]
) -> None:
    monkeypatch.chdir(folder.parent)
    error = failed(runner, **inputs)
    expected = {"option": Option("folder"), **named}

    assert (InvalidInput, expected) == (type(error), {name: error.values[name] for name in expected})
    assert runner.are_empty()


@pytest.mark.parametrize("name", ["alpah", "::x"])
def test_a_name_that_must_match_and_that_no_job_has_is_an_error(runner: StepFiles, folder: Path, name: str) -> None:
    error = failed(runner, folder=str(folder), must_match=f"alpha {name}")

    assert (InvalidInput, {Option("must-match")}, name) == (type(error), options(error), error.values["name"])


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_file_of_the_runner_that_cannot_be_written_is_an_error_and_nothing_is_written(runner: StepFiles, folder: Path, name: str) -> None:
    log, environ = LogFile(), {**runner.environ, **variables(folder=str(folder)), name: str(folder)}
    with pytest.raises(RunnerUnusable) as caught:
        action.compare(environ, GitHubReporter(environ, log))

    assert str(folder) == caught.value.values["path"]
    assert runner.are_empty()


def test_no_text_of_a_report_is_a_command(runner: StepFiles) -> None:
    reports = runner.temp.parent / "reports"
    for job, version in (("1", "::error::x\n::error::y"), ("2", "##[error]z")):
        write_report(reports, job, {**REPORT, "packages": [{"name": "alpha", "version": version}]})

    assert "- alpha is ::error::x\\n::error::y in 1; ##\\[error]z in 2" == lines(runner, folder=str(reports))[-1]


def test_a_folder_in_the_home_of_the_user_is_found(runner: StepFiles, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(folder.parent))

    assert LOG == lines(runner, folder="~/reports")


def test_an_input_has_its_variable_and_the_default_of_the_code(runner: StepFiles, folder: Path) -> None:
    with_defaults = lines(runner, folder=str(folder))
    written = (runner.output.read_bytes(), runner.summary.read_bytes())
    files, log = StepFiles.create(runner.env.parent), LogFile()
    action.compare({**files.environ, variable("folder"): str(folder)}, GitHubReporter({}, log))

    assert {variable(name): f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]} == STEP["env"]
    assert (with_defaults, written) == (log.lines, (files.output.read_bytes(), files.summary.read_bytes()))


def test_inputs_and_outputs_are_those_of_version_1_and_every_output_is_written() -> None:
    assert ["folder", "must-match", "must-succeed", "jobs", "summary"] == list(ACTION["inputs"])
    assert {name: f"${{{{ steps.compare.outputs.{name} }}}}" for name in compared([]).outputs()} == {
        name: output["value"] for name, output in ACTION["outputs"].items()
    }


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_descriptions_are_sentences_and_the_documentation_has_them(kind: str) -> None:
    for name, entry in ACTION[kind].items():
        default = f" {'`' + entry['default'] + '`' if entry.get('default') else ''} |" if kind == "inputs" else ""

        assert re.fullmatch(r"[A-Z].*\.\s*", entry["description"], re.DOTALL), name
        assert f"| `{name}` |{default} {entry['description']} |" in DOCUMENT


def test_the_step_has_a_name_and_is_a_few_lines_without_an_expression_and_runs_nothing_of_the_repository() -> None:
    assert STEP["name"]
    assert ("python -B -I -S {0}", True, False) == (STEP["shell"], len(STEP["run"].splitlines()) <= 5, "${{" in STEP["run"])


def test_the_reports_in_the_documentation_can_be_read(runner: StepFiles) -> None:
    success, failure, output = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    write_report(runner.temp, "a", success)
    write_report(runner.temp, "b", failure)
    whole = compared(read(str(runner.temp)))

    assert ["success", "failure"] == [job.outcome for job in whole.jobs]
    assert json.loads(output).keys() == json.loads(whole.outputs()["report"]).keys()

"""The comparison of a matrix's jobs, and the report action around it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.matrix.test_reports import FAILURE, PYTHON, REPORT, hand_on
from tools.shared import ROOT
from tools.shared.pythons import found
from tools.shared.runner_files import StepFiles, read_outputs
from uv_system_sync.inputs import variable
from uv_system_sync.matrix.action import Options
from uv_system_sync.matrix.comparison import Matrix, Row, compared, fitting
from uv_system_sync.matrix.reports import Job, read

_ACTION: dict[str, Any] = yaml.safe_load((ROOT / "report" / "action.yml").read_text(encoding="utf-8"))


def matrix(**versions: dict[str, str]) -> Matrix:
    """Return the comparison of successful jobs with these packages."""
    return compared([Job(name, "success", PYTHON, "sample", packages) for name, packages in versions.items()])


def test_rows() -> None:
    """Every package of any job has its version in each, and None where it is not installed."""
    rows = matrix(one={"beta": "1", "alpha": "1"}, two={"alpha": "2"}).rows

    assert (Row("alpha", {"one": "1", "two": "2"}), Row("beta", {"one": "1", "two": None})) == rows


@pytest.mark.parametrize(
    ("versions", "different", "conflicting"),
    [
        pytest.param(("1", "1"), False, False, id="same"),
        pytest.param(("1", "2"), True, True, id="two-versions"),
        pytest.param(("1", None), True, False, id="absent"),
        pytest.param(("1", None, "2"), True, True, id="both"),
    ],
)
def test_differences(versions: tuple[str | None, ...], different: bool, conflicting: bool) -> None:  # noqa: FBT001 - a case is a row
    """To be absent is a difference; only two versions are a conflict."""
    row = Row("alpha", dict(zip("abc", versions, strict=False)))

    assert (different, conflicting) == (row.different, row.conflicting)


def test_failed_and_missing_jobs_are_not_compared() -> None:
    """What a job did not install makes no difference when it failed."""
    whole = compared([Job("a", "success", PYTHON, "", {"alpha": "1"}), Job("b", "failure", kind="sync-failed"), Job("c", "missing")])

    assert ((Row("alpha", {"a": "1"}),), ()) == (whole.rows, whole.differences())
    assert "3 jobs, 1 failed, 1 without a report: 1 package, 0 not the same everywhere" == whole.sentence()


def test_outputs() -> None:
    """The outputs have everything, the differences by themselves, and whether there are any."""
    jobs = [
        Job("3.9", "failure", None, "sample", kind="lock-outdated", reason="No."),
        Job("3.10", "success", PYTHON, "sample", {"alpha": "1", "beta": "1"}),
        Job("3.11", "success", PYTHON, "", {"alpha": "1"}),
        Job("3.12", "missing", reason="nothing"),
    ]
    outputs = compared(jobs).outputs()
    python = {"version": "3.12.4", "implementation": "cpython", "platform": "linux-x86_64"}
    beta = {"name": "beta", "versions": {"3.10": "1", "3.11": None}}

    assert ("true", [beta]) == (outputs["different"], json.loads(outputs["differences"]))
    assert {
        "schema": 1,
        "jobs": [
            {
                "name": "3.9",
                "outcome": "failure",
                "python": None,
                "project": "sample",
                "error": {"kind": "lock-outdated", "message": "No."},
            },
            {"name": "3.10", "outcome": "success", "python": python, "project": "sample"},
            {"name": "3.11", "outcome": "success", "python": python, "project": None},
            {"name": "3.12", "outcome": "missing", "python": None, "project": None, "reason": "nothing"},
        ],
        "packages": [beta, {"name": "alpha", "versions": {"3.10": "1", "3.11": "1"}}],
        "omitted": {"jobs": 0, "packages": 0},
    } == json.loads(outputs["report"])


def test_outputs_are_lines() -> None:
    """An output is one line of ASCII, whatever is in it."""
    outputs = matrix(**{"a\nb=c\u2028": {"x\r\ny": "é"}, "b": {}}).outputs()

    assert [] == [value for value in outputs.values() if not value.isascii() or not value.isprintable()]


def test_outputs_that_are_too_large() -> None:
    """All outputs together fit into what a job may have, and say how much does not."""
    many = {f"package-{number:05}": "1.0" for number in range(20_000)}
    outputs = matrix(one=many, two={}).outputs()
    report = json.loads(outputs["report"])

    assert sum(map(len, outputs.values())) < 1024 * 1024
    assert 20_000 == len(report["packages"]) + report["omitted"]["packages"]
    assert [row["name"] for row in json.loads(outputs["differences"])] == list(many)[: len(report["packages"])]


def test_fitting() -> None:
    """Texts are taken until one does not fit, and what comes after it is left out too."""
    assert (["aa"], 2) == fitting(["aa", "bbbb", "c"], 5)


def test_sentence() -> None:
    """A row says in words which version is where, and does not name more than can be read."""
    row = Row("alpha", {**dict.fromkeys("abcdef", "1"), "g": None})

    assert "alpha is 1 in a, b, c, d, … and 2 more; absent in g" == row.sentence()


def _run(runner: StepFiles, python: Path | str = sys.executable, **inputs: str) -> tuple[int, str]:
    """Run the action's one step as the runner does, with `inputs` named with underscores."""
    (step,) = _ACTION["runs"]["steps"]
    script = runner.env.parent / "script.py"
    script.write_text(step["run"], encoding="utf-8")
    variables = {variable(name): declared.get("default", "") for name, declared in _ACTION["inputs"].items()}
    variables.update({variable(name.replace("_", "-")): value for name, value in inputs.items()})
    completed = subprocess.run(
        [str(python), *step["shell"].split()[1:-1], str(script)],
        env={
            **{name: value for name, value in os.environ.items() if name == "SYSTEMROOT"},
            **runner.environ,
            **variables,
            "GITHUB_ACTION_PATH": str(ROOT / "report"),
        },
        cwd=runner.temp.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return completed.returncode, completed.stdout


@pytest.fixture
def folder(runner: StepFiles) -> Path:
    """A folder with the reports of three jobs, one of which failed, where the step runs."""
    folder = runner.temp.parent / "reports"
    hand_on(folder, "uv-system-sync-3.10", REPORT)
    newer = {**REPORT, "packages": [{"name": "alpha", "version": "2.0"}, {"name": "beta", "version": "1.0"}]}
    hand_on(folder, "uv-system-sync-3.11", newer)
    hand_on(folder, "uv-system-sync-3.9", FAILURE)
    return folder


_LOG = """\
3 jobs, 1 failed: 2 packages, 2 not the same everywhere.
- 3.9: failure: lock-outdated: uv.lock does not match.
- alpha is 1.0 in 3.10; 2.0 in 3.11
- beta is absent in 3.10; 1.0 in 3.11
"""


@pytest.mark.parametrize("python", [found()[0], found()[-1]], ids=lambda python: python.minor)
def test_step(runner: StepFiles, folder: Path, python: Any) -> None:
    """With nothing but a standard library, the step logs, writes its outputs and the summary, and changes nothing else."""
    interpreter = python.prefix / "bin" / f"python{python.minor}"

    assert (0, _LOG) == _run(runner, interpreter, folder=folder.name)
    assert "true" == read_outputs(runner.output)["different"]
    assert runner.summary.read_text(encoding="utf-8").startswith("### The packages of 3 jobs\n")
    assert "" == runner.env.read_text(encoding="utf-8") + runner.path.read_text(encoding="utf-8")


def test_without_a_summary(runner: StepFiles, folder: Path) -> None:
    """`summary: false` leaves the summary out, and nothing else."""
    assert (0, _LOG) == _run(runner, folder=str(folder), summary="false")
    assert ("", 3) == (runner.summary.read_text(encoding="utf-8"), len(read_outputs(runner.output)))


@pytest.mark.parametrize("names", ["alpha", "*", "beta, Alpha", "beta\nalpha"])
def test_packages_that_must_match(runner: StepFiles, folder: Path, names: str) -> None:
    """The step fails when a package differs that must not, and has written its outputs and the summary before."""
    status, log = _run(runner, folder=str(folder), must_match=names)

    assert 1 == status
    assert (
        f"{_LOG}::error title=packages-differ::1 package that `must-match` names has several versions: alpha is 1.0 in 3.10; 2.0 in 3.11."
        "%0ALock one version for all jobs, or take the name out of `must-match`; the job summary has the table.\n"
    ) == log
    assert "true" == read_outputs(runner.output)["different"]
    assert "alpha" in runner.summary.read_text(encoding="utf-8")


def test_packages_that_may_be_absent(runner: StepFiles, folder: Path) -> None:
    """A package matches when all that have it have the same version."""
    assert (0, _LOG) == _run(runner, folder=str(folder), must_match="beta")


def test_several_packages_that_must_match(runner: StepFiles) -> None:
    """The error names some of many packages, and says how many more there are."""
    folder = runner.temp.parent / "reports"
    for job in ("1", "2"):
        packages = [{"name": f"p{number:02}", "version": job} for number in range(12)]
        hand_on(folder, job, {**REPORT, "packages": packages})
    _, log = _run(runner, folder=str(folder), must_match="*")

    assert "12 packages that `must-match` names have several versions: p00 is 1 in 1; 2 in 2. p01 is" in log
    assert "p09 is 1 in 1; 2 in 2. … and 2 more.%0A" in log


def test_jobs_that_must_not_go_unnoticed(runner: StepFiles, folder: Path) -> None:
    """A job without an artifact is missing when it is named, in its place."""
    assert (
        0,
        _LOG.replace("1 failed", "1 failed, 1 without a report")
        .replace("3 jobs", "4 jobs")
        .replace("match.\n", "match.\n- 3.12: missing: no artifact has its name\n"),
    ) == _run(runner, folder=str(folder), jobs="3.9, 3.10\n3.11 3.12")


_HINT = "Run actions/download-artifact before this step, with this folder as its `path`, and actions/upload-artifact in the jobs."


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param(
            {"folder": " "}, "`folder` is empty.%0AName the folder that actions/download-artifact has filled, its `path`.", id="no-folder"
        ),
        pytest.param({"folder": "gone"}, f"`folder` is gone, which does not exist.%0A{_HINT}", id="missing"),
        pytest.param({"folder": "set_env"}, f"`folder` is 'set_env', which cannot be listed: Not a directory.%0A{_HINT}", id="file"),
        pytest.param({"folder": "empty"}, f"`folder` is empty, which has no report and no folder of one in it.%0A{_HINT}", id="empty"),
        pytest.param(
            {"summary": "maybe"}, "`summary` is 'maybe', which is neither true nor false.%0AWrite `true` or `false`.", id="summary"
        ),
        pytest.param(
            {"must_match": "alpha ::x"},
            "`must-match` holds '::x', which is not a name.%0ANames are letters, digits, `-`, `_` and `.`; "
            "separate them by spaces, commas or new lines. `*` means every package.",
            id="no-name",
        ),
    ],
)
def test_invalid_input(runner: StepFiles, folder: Path, inputs: dict[str, str], message: str) -> None:
    """An input that cannot be taken is one annotation, and nothing is written."""
    (folder.parent / "empty").mkdir()

    assert (1, f"::error title=invalid-input::{message}\n") == _run(runner, **{"folder": str(folder), **inputs})
    assert runner.are_empty()


def test_name_that_nothing_has(runner: StepFiles, folder: Path) -> None:
    """A name in `must-match` that no job has installed is a mistake, and not a match."""
    status, log = _run(runner, folder=str(folder), must_match="alpah")

    assert 1 == status
    assert f"{_LOG}::error title=invalid-input::`must-match` holds `alpah`, which no job has installed." in log


def test_runner_file_that_cannot_be_written(runner: StepFiles, folder: Path) -> None:
    """Where the runner's file cannot be written, the step says so."""
    runner.output.unlink()
    runner.output.mkdir()
    status, log = _run(runner, folder=str(folder))

    assert 1 == status
    assert f"::error title=runner-unusable::`GITHUB_OUTPUT` is {str(runner.output)!r}, which cannot be written: Is a directory.%0A" in log


def test_text_from_outside_in_the_log(runner: StepFiles) -> None:
    """Nothing of a report is a workflow command."""
    folder = runner.temp.parent / "reports"
    for job, version in (("1", "::error::x\n::error::y"), ("2", "##[error]z")):
        hand_on(folder, job, {**REPORT, "packages": [{"name": "alpha", "version": version}]})

    assert (0, "2 jobs: 1 package, 1 not the same everywhere.\n- alpha is ::error::x\\n::error::y in 1; ##\\[error]z in 2\n") == _run(
        runner, folder=str(folder)
    )


@pytest.mark.parametrize("name", _ACTION["inputs"])
def test_input(name: str) -> None:
    """Every input is handed over in the variable that the code reads, and its default is what the code does without it."""
    (step,) = _ACTION["runs"]["steps"]
    given = {variable("folder"): "reports"}
    default = _ACTION["inputs"][name].get("default", "reports")

    assert f"${{{{ inputs.{name} }}}}" == step["env"][variable(name)]
    assert Options.from_environ(given) == Options.from_environ({**given, variable(name): default})


def test_names_of_inputs_and_outputs() -> None:
    """The inputs and outputs are those of version 1, and every output is written."""
    assert ["folder", "must-match", "jobs", "summary"] == list(_ACTION["inputs"])
    assert {name: f"${{{{ steps.compare.outputs.{name} }}}}" for name in matrix().outputs()} == {
        name: output["value"] for name, output in _ACTION["outputs"].items()
    }


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_descriptions(kind: str) -> None:
    """Every input and output is described in whole sentences."""
    assert [] == [name for name, entry in _ACTION[kind].items() if not re.fullmatch(r"[A-Z].*\.\s*", entry["description"], re.DOTALL)]


def test_script() -> None:
    """The step is a few lines of Python without an expression, in an interpreter that runs nothing of the repository."""
    (step,) = _ACTION["runs"]["steps"]

    assert ("python -B -I -S {0}", True, False) == (step["shell"], len(step["run"].splitlines()) <= 5, "${{" in step["run"])


def test_home() -> None:
    """A folder in the user's home is found where actions/download-artifact has put it."""
    assert os.path.expanduser("~/reports") == Options.from_environ({variable("folder"): "~/reports"}).folder


_DOCS = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_docs_have_the_tables_of_the_action(kind: str) -> None:
    """The documentation says of every input and output what action.yml says."""
    for name, entry in _ACTION[kind].items():
        default = f" {'`' + entry['default'] + '`' if entry.get('default') else ''} |" if kind == "inputs" else ""

        assert f"| `{name}` |{default} {entry['description']} |" in _DOCS


def test_docs_show_reports_that_can_be_read(runner: StepFiles) -> None:
    """The examples of reports in the documentation are reports, of one job that succeeded and one that failed."""
    success, failure, output = re.findall(r"```json\n(.*?)```", _DOCS, re.DOTALL)
    hand_on(runner.temp, "a", success)
    hand_on(runner.temp, "b", failure)
    whole = compared(read(str(runner.temp)))

    assert ["success", "failure"] == [job.outcome for job in whole.jobs]
    assert json.loads(output).keys() == json.loads(whole.outputs()["report"]).keys()

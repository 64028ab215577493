"""A matrix whose jobs upload their reports, and a last job that compares them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.documents import CHECKOUT, SETUP_PYTHON
from tests.support.projects import Project
from tools.shared.act import Act
from tools.shared.pythons import Python, found

# The report of a failed step, in the schema of docs/report.md.
_FAILURE = '{"schema":1,"outcome":"failure","error":{"kind":"lock-outdated","message":"No.","hint":"x"},"python":null,"project":null}'

_WORKFLOW = """\
name: Test
on: push
jobs:
  test:
    strategy:
      fail-fast: false
      matrix:
        python: {versions}
    runs-on: ubuntu-latest
    steps:
      - uses: {checkout}
      - uses: {setup_python}
        with: {{python-version: "${{{{ matrix.python }}}}"}}
      - uses: org/uv-system-sync@v1
        id: sync
      - run: mkdir -p "$STANDIN_ARTIFACTS/$JOB" && cp "$REPORT" "$STANDIN_ARTIFACTS/$JOB"
        env: {{JOB: "${{{{ matrix.python }}}}", REPORT: "${{{{ steps.sync.outputs.report }}}}"}}
  report:
    needs: test
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: {before}
      - uses: org/uv-system-sync/report@v1
        id: report
        with: {{folder: "${{{{ env.STANDIN_ARTIFACTS }}}}", must-match: "{must_match}"}}
      - if: always()
        run: echo "[$DIFFERENT] $DIFFERENCES"
        env:
          DIFFERENT: ${{{{ steps.report.outputs.different }}}}
          DIFFERENCES: ${{{{ steps.report.outputs.differences }}}}
"""


SEVERAL = pytest.mark.skipif(len(found()) < 2, reason="needs another Python to compare with")


@pytest.fixture
def pythons() -> tuple[Python, ...]:
    """Three CPythons, or all of them if there are fewer."""
    return tuple(dict.fromkeys((found()[0], found()[len(found()) // 2], found()[-1])))


def _workflow(act: Act, workspace: Path, must_match: str = "", before: str = "true") -> str:
    """Write the workflow for a project that installs a different `alpha` on the newest Python, and return its path."""
    newest = act.pythons[-1].minor
    Project(workspace, dependencies=(f"alpha<2; python_version<'{newest}'", f"alpha>=2; python_version>='{newest}'")).write().lock()
    text = _WORKFLOW.format(
        versions=json.dumps([python.minor for python in act.pythons]),
        checkout=CHECKOUT,
        setup_python=SETUP_PYTHON,
        must_match=must_match,
        before=before,
    )
    # The artifacts' folder on this machine, a path that only the test knows.
    text = text.replace("${{ env.STANDIN_ARTIFACTS }}", str(act.folder / "artifacts"))
    (workspace / ".github" / "workflows" / "test.yml").write_text(text, encoding="utf-8")
    return ".github/workflows/test.yml"


@SEVERAL
def test_matrix(act: Act, workspace: Path) -> None:
    """The last job shows the packages of every job in one table with a column for each Python, differences first."""
    *jobs, report = act.run(workspace, _workflow(act, workspace))
    versions = {python.minor: "1.0" for python in act.pythons} | {act.pythons[-1].minor: "2.0"}
    outputs = report.outputs("report")
    document = json.loads(outputs["report"])

    assert ["success"] * (len(act.pythons) + 1) == [job.result for job in (*jobs, report)], report.log
    assert {"name": "alpha", "versions": versions} in json.loads(outputs["differences"])
    assert [(python.minor, python.version) for python in act.pythons] == [
        (job["name"], job["python"]["version"]) for job in document["jobs"]
    ]
    assert {"name": "beta", "versions": dict.fromkeys(versions, "1.0")} in document["packages"]
    header = next(line for line in report.summary("report").splitlines() if line.startswith("| Package"))
    assert [f"{python.minor}<br>CPython {python.version}" in header for python in act.pythons] == [True] * len(act.pythons)


@SEVERAL
def test_switch(act: Act, workspace: Path) -> None:
    """With `must-match`, the last job fails and names the package, and its outputs are set all the same."""
    *_, report = act.run(workspace, _workflow(act, workspace, must_match="beta alpha"))
    ((properties, message),) = report.annotations("error")

    assert ("failure", "packages-differ") == (report.result, properties["title"])
    assert message.startswith("1 package that must match has several versions: alpha is 1.0 in ")
    assert "[true] [" in report.log


def test_failed_and_missing_jobs(act: Act, workspace: Path) -> None:
    """A job that failed and a job whose artifact has no report are listed with the reason."""
    places = [act.folder / "artifacts" / name for name in ("0.9", "0.10")]
    before = f"mkdir {places[0]} {places[1]} && echo '{_FAILURE}' > {places[0]}/a.json"
    *_, report = act.run(workspace, _workflow(act, workspace, before=json.dumps(before)))

    assert "success" == report.result, report.log
    summary = report.summary("report")
    assert "\n- **0.9** failed: lock-outdated: No.\n- **0.10** has no report: its artifact has no JSON file\n" in summary

"""docs/compatibility.md, the results that it shows, and the versions of uv that it is about."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.support import step_inputs
from tools.compatibility import __main__ as verb
from tools.compatibility import document, integration, outcomes, uvs
from tools.compatibility.document import SelfTest
from tools.compatibility.outcomes import Result, Run, Unavailable
from tools.shared import ROOT
from uv_system_sync.errors import UvUnavailable
from uv_system_sync.inputs import Inputs
from uv_system_sync.process import Completed
from uv_system_sync.uv.client import Uv

_PAGE = ROOT / "docs" / "compatibility.md"
_RESULTS = ROOT / "docs" / "compatibility.json"

_TOO_OLD, *_TESTED = uvs.locked()

# Inputs that need a newer uv than the oldest one.
_NEEDING = {"check": "true", "packages": "one two"}

_REPORT = """\
<testsuites><testsuite tests="6">
<testcase name="a"><properties><property name="python" value="CPython 3.9"/><property name="layout" value="a copy"/></properties></testcase>
<testcase name="b"><properties><property name="python" value="CPython 3.9"/></properties><failure message="x">y</failure></testcase>
<testcase name="c"><properties><property name="python" value="GraalPy 3.12"/></properties><skipped message="x">y</skipped></testcase>
<testcase name="d"><error message="x">y</error></testcase>
<testcase name="e"><properties><property name="layout" value="a copy"/></properties></testcase>
<testcase name="f"><system-out>z</system-out></testcase>
</testsuite></testsuites>
"""

_NOTHING = SelfTest(frozenset(), frozenset(), ())


def _rows(page: str, title: str) -> list[str]:
    return re.findall(r"^\| (.*) \|$", page.partition(f"\n## {title}\n")[2].partition("\n## ")[0], re.MULTILINE)


def _oldest_for(inputs: Inputs | None, version: str) -> object:
    """Return the oldest supported uv according to the error that rejects uv `version` for `inputs`."""
    uv = Uv("/bin/uv", {}, lambda _: lambda _: Completed(0, f"uv {version}\n"))
    with pytest.raises(UvUnavailable) as refused:
        uv.require(inputs)
    return refused.value.values["oldest"]


def test_a_report_gives_one_result_for_each_subject_which_fails_with_one_test() -> None:
    areas: dict[outcomes.Area, str | None] = {"python": None, "layout": None, "uv": "uv 0.13.9"}

    assert [
        Result("python", "CPython 3.9", "failed", 1, "0.13.9", "here"),
        Result("layout", "a copy", "passed", 2, "0.13.9", "here"),
        Result("uv", "uv 0.13.9", "failed", 3, "0.13.9", "here"),
    ] == sorted(outcomes.of_report(_REPORT, areas, "0.13.9", "here"), key=lambda result: ["python", "layout", "uv"].index(result.area))


def test_the_page_claims_nothing_about_what_has_not_run() -> None:
    runs = {
        "one": Run(
            "2026-01-02",
            5,
            (Result("python", "CPython 3.9", "passed", 3, "0.9.1", "a"), Result("python", "GraalPy 3.12", "skipped", 0, "", "none")),
        ),
        "two": Run(
            "2026-03-04",
            5,
            (Result("python", "CPython 3.9", "passed", 4, "0.10.2", "a"), Result("python", "CPython 3.8", "failed", 9, "", "broken")),
        ),
    }
    rows = _rows(document.page(runs, _NOTHING), "Pythons")

    assert [
        "Python | tests passed | date | with | self-test",
        "--- | ---: | --- | --- | :---:",
        "CPython 3.8 | **fails** | 2026-03-04 | broken | ",
        "CPython 3.9 | 7 | 2026-03-04 | uv 0.9.1 to 0.10.2; a | ",
        "CPython 3.10 | *not tested* |  |  | ",
    ] == rows[:5]
    assert "GraalPy 3.12 | *skipped* | 2026-01-02 | none | " == rows[-1]


def test_the_page_names_what_the_self_test_has_jobs_for() -> None:
    workflow = """
    jobs:
      hosted:
        runs-on: ${{ matrix.os }}
        strategy:
          matrix:
            os: [ubuntu-26.04, ubuntu-24.04-arm, macos-26, macos-15-intel, windows-11-arm]
            python: ["3.9", "3.14t", pypy3.11]
            include: [{os: windows-2025, python: "3.8"}]
      container:
        runs-on: ubuntu-26.04
        strategy: {matrix: {image: ["python:3.13-alpine"]}}
      required:
        runs-on: ubuntu-slim
    """
    covered = document.of_workflow(workflow)

    assert {"CPython 3.8", "CPython 3.9", "CPython 3.14 free-threaded", "PyPy 3.11"} == covered.pythons
    assert {*document._SYSTEMS} == covered.systems  # noqa: SLF001 - all that the page lists
    assert (
        "macos-15-intel",
        "macos-26",
        "ubuntu-24.04-arm",
        "ubuntu-26.04",
        "ubuntu-slim",
        "windows-11-arm",
        "windows-2025",
    ) == covered.runners
    assert [
        row.rpartition(" | ")[2] for row in _rows(document.page({}, covered), "Pythons") if row.startswith(("CPython 3.8", "CPython 3.10"))
    ] == ["✓", ""]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A scratch folder for stages, a file of results with one of the stage `one`, and the path of a page."""
    results = tmp_path / "results.json"
    outcomes.write(results, {"one": Run("2026-01-02", 5, (Result("uv", "uv 1", "passed", 3),))})
    return tmp_path / "work", results, tmp_path / "page.md"


def _finds(*found: Result) -> Callable[[Path], Iterator[Result]]:
    return lambda work: iter(found if work.is_dir() else ())


def _ends_with(problem: Exception) -> Callable[[Path], Iterator[Result]]:
    def run(_: Path) -> Iterator[Result]:
        yield Result("uv", "uv 9", "passed", 1)
        raise problem

    return run


def test_a_stage_replaces_its_own_results_only(files: tuple[Path, Path, Path]) -> None:
    work, results, page = files
    found = Result("uv", "uv 2", "passed", 4, "2", "new")

    assert 0 == verb.main(["two"], {"one": _finds(), "two": _finds(found)}, work, results, page)
    runs = outcomes.read(results)
    assert {"one": (Result("uv", "uv 1", "passed", 3),), "two": (found,)} == {name: run.results for name, run in runs.items()}
    assert document.page(runs) == page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("problem", "named", "status"),
    [
        (Unavailable("no engine; install one"), [], 0),
        (Unavailable("no engine; install one"), ["one", "two"], 1),
        (OSError(2, "No such file"), [], 1),
    ],
)
def test_a_stage_that_cannot_run_keeps_its_results_and_the_next_one_runs(
    files: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str], problem: Exception, named: list[str], status: int
) -> None:
    work, results, page = files
    stages = {"one": _ends_with(problem), "two": _finds(Result("uv", "uv 2", "passed", 4))}

    assert status == verb.main(named, stages, work, results, page)
    assert ["uv 1", "uv 2"] == [result.subject for run in outcomes.read(results).values() for result in run.results]
    assert f"one: not run: {problem} (0 s)\ntwo: 1 passed (0 s)\n" in capsys.readouterr().out


def test_a_result_that_failed_fails_the_command_and_is_named(files: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    stages = {"one": _finds(Result("uv", "uv 1", "failed", 4, "", "why"), Result("uv", "uv 2", "skipped", 0, "", "reason"))}

    assert 1 == verb.main([], stages, *files)
    assert "one: 0 passed; failed: uv 1 (why); skipped: uv 2 (reason) (0 s)\n" in capsys.readouterr().out


def test_a_stage_that_does_not_exist_is_refused_with_the_names_of_all(files: tuple[Path, Path, Path]) -> None:
    with pytest.raises(SystemExit, match=r"^Unknown stage: three. Stages: one two\.$"):
        verb.main(["one", "three"], {"one": _finds(), "two": _finds()}, *files)


def test_the_page_is_the_one_of_the_results() -> None:
    assert document.page(outcomes.read(_RESULTS)) == _PAGE.read_text(encoding="utf-8")
    assert {*outcomes.read(_RESULTS)} <= {*verb.STAGES}


def test_the_oldest_uv_that_is_tested_is_the_oldest_that_is_not_refused(tmp_path: Path) -> None:
    """Every later minor version is tested, too."""
    listed = [tuple(map(int, version.split("."))) for version in _TESTED]

    assert (_TESTED[0], "0.1.45") == (_oldest_for(None, _TOO_OLD), _TOO_OLD)
    assert [(0, minor) for minor in range(listed[0][1], listed[-1][1] + 1)] == [version[:2] for version in listed]
    with pytest.raises(SystemExit, match=r"^requirements/uvs\.lock does not have uv 0\.0\.1, only 0\.1\.45, 0\.5\.31, "):
        uvs.install("0.0.1", tmp_path)


def test_versions_of_the_weekly_run() -> None:
    """The weekly workflow has a job for each listed version."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "newest.yml").read_text(encoding="utf-8"))

    assert _TESTED == workflow["jobs"]["older"]["strategy"]["matrix"]["uv"]


def test_what_inputs_need() -> None:
    """The page and docs/usage.md name the oldest supported uv, and the uv that newer inputs need."""
    oldest = [_oldest_for(None, _TOO_OLD), *(_oldest_for(step_inputs(**{name: value}), _TESTED[0]) for name, value in _NEEDING.items())]
    texts = [path.read_text(encoding="utf-8") for path in (_PAGE, ROOT / "docs" / "usage.md")]

    assert len(oldest) == len(set(oldest))
    assert [] == [version for version in oldest for text in texts if str(version) not in text]


def _writes(report: Path, text: str) -> list[str]:
    return [sys.executable, "-c", f"import pathlib; pathlib.Path({str(report)!r}).write_text({text!r})"]


def test_tests_that_run_elsewhere_are_read_from_their_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    found = integration.results(_writes(report, _REPORT), report, {"layout": None, "system": "Linux arm64 with glibc"}, "emulated")

    version = re.findall(r"^uv==(\S+)", (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8"), re.MULTILINE)[0]
    assert [
        Result("layout", "a copy", "passed", 2, version, "emulated"),
        Result("system", "Linux arm64 with glibc", "failed", 3, version, "emulated"),
    ] == found


def test_tests_that_did_not_run_are_an_error_whatever_an_earlier_run_has_left(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(_REPORT, encoding="utf-8")

    with pytest.raises(OSError, match="no test has run: pytest ended with exit status 3"):
        integration.results([sys.executable, "-c", "raise SystemExit(3)"], report, {"system": "Windows (Wine)"}, "")

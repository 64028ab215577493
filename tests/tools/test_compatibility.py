"""The page on which uv works with which Python: what it makes of reports, and that it is about the versions that are tested."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.support import step_inputs
from tools import compatibility
from tools.compatibility import Case
from tools.shared import ROOT
from uv_system_sync.errors import UvUnavailable
from uv_system_sync.inputs import Inputs
from uv_system_sync.process import Completed
from uv_system_sync.uv.client import Uv

_TOO_OLD, *_TESTED = compatibility.locked()

# Inputs that need a newer uv than the oldest one.
_NEEDING = {"check": "true", "packages": "one two"}

_REPORT = """\
<testsuites><testsuite tests="6">
<testcase name="a"><properties><property name="python" value="CPython 3.9"/><property name="layout" value="a copy"/></properties></testcase>
<testcase name="b"><properties><property name="python" value="CPython 3.9"/></properties><failure message="x">y</failure></testcase>
<testcase name="c"><properties><property name="python" value="GraalPy 3.12"/></properties><skipped message="x">y</skipped></testcase>
<testcase name="d"><error message="x">y</error></testcase>
<testcase name="e"/>
<testcase name="f"><system-out>z</system-out></testcase>
</testsuite></testsuites>
"""


def _rows(page: str, title: str) -> list[str]:
    return re.findall(r"^\| (.*) \|$", page.partition(f"\n## {title}\n")[2].partition("\n## ")[0], re.MULTILINE)


def _oldest_for(inputs: Inputs | None, version: str) -> object:
    """Return the oldest uv that the error names which refuses uv `version` for `inputs`."""
    uv = Uv("/bin/uv", {}, lambda _: lambda _: Completed(0, f"uv {version}\n"))
    with pytest.raises(UvUnavailable) as refused:
        uv.require(inputs)
    return refused.value.values["oldest"]


def _frame(page: str) -> list[str]:
    """Return the lines of `page` less those that a run makes."""
    return [line for line in page.splitlines() if not line.startswith("| ") or re.match(r"\| (?:Python|layout|system|---) ", line)]


def test_cases() -> None:
    """A report of pytest has the outcome of each test, and the Python and the layout that it was about."""
    assert [
        Case("passed", "CPython 3.9", "a copy"),
        Case("failed", "CPython 3.9", ""),
        Case("skipped", "GraalPy 3.12", ""),
        Case("failed", "", ""),
        Case("passed", "", ""),
        Case("passed", "", ""),
    ] == compatibility.cases(_REPORT)


def test_document() -> None:
    """A cell counts what passed; it fails with one test, and without any that ran, nothing is claimed."""
    old = [Case("passed", "CPython 3.9", "a copy"), Case("passed", "CPython 3.9", ""), Case("skipped", "CPython 3.10", "b")]
    new = [*old, Case("failed", "CPython 3.9", "a copy"), Case("passed", "CPython 3.10", ""), Case("passed", "GraalPy 3.12", "b")]
    new += [Case("passed", "CPython 4.1", "")]
    page = compatibility.document({"0.5.31": old, "0.13.9": new}, "Linux x86_64 with glibc")

    assert [
        "Python | uv 0.5.31 | uv 0.13.9",
        "--- | ---: | ---:",
        "CPython 3.8 | *untested* | *untested*",
        "CPython 3.9 | 2 | **fails**",
        "CPython 3.10 | *untested* | 1",
        *(f"CPython 3.{minor} | *untested* | *untested*" for minor in (11, 12, 13, 14)),
        *(f"{name} | *untested* | *untested*" for name in ("CPython 3.14 free-threaded", "PyPy 3.9", "PyPy 3.10", "PyPy 3.11")),
        "CPython 4.1 | *untested* | 1",
        "GraalPy 3.12 | *untested* | 1",
    ] == _rows(page, "Pythons")
    assert ["layout | uv 0.5.31 | uv 0.13.9", "--- | ---: | ---:", "a copy | 1 | **fails**", "b | *untested* | 1"] == _rows(page, "Layouts")
    assert [
        "system | uv 0.5.31 | uv 0.13.9",
        "--- | ---: | ---:",
        "Linux x86_64 with glibc | 2 | **fails**",
        *(f"{name} | *untested* | *untested*" for name in ("Linux arm64 with glibc", "Linux with musl (Alpine)", "macOS", "Windows")),
    ] == _rows(page, "Systems")


def test_page() -> None:
    """The page is of this form, and about the versions that are listed."""
    written = compatibility.DOCUMENT.read_text(encoding="utf-8")
    empty = compatibility.document({version: [] for version in _TESTED}, "macOS")

    assert _frame(empty) == _frame(written)


def test_versions() -> None:
    """The oldest uv that is tested is the oldest that is not refused, and there is one of every minor version after it."""
    listed = [tuple(map(int, version.split("."))) for version in _TESTED]

    assert (_TESTED[0], "0.1.45") == (_oldest_for(None, _TOO_OLD), _TOO_OLD)
    assert [(0, minor) for minor in range(listed[0][1], listed[-1][1] + 1)] == [version[:2] for version in listed]
    with pytest.raises(SystemExit, match=r"^requirements/uvs\.lock has no uv 0\.0\.1; it has 0\.1\.45, 0\.5\.31, "):
        compatibility.install("0.0.1")


def test_versions_of_the_weekly_run() -> None:
    """Every week, each version that is listed has a job."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "newest.yml").read_text(encoding="utf-8"))

    assert _TESTED == workflow["jobs"]["older"]["strategy"]["matrix"]["uv"]


def test_what_inputs_need() -> None:
    """The page and the README name the oldest uv, and what inputs that came to uv later need."""
    oldest = [_oldest_for(None, _TOO_OLD), *(_oldest_for(step_inputs(**{name: value}), _TESTED[0]) for name, value in _NEEDING.items())]
    texts = [path.read_text(encoding="utf-8") for path in (compatibility.DOCUMENT, ROOT / "README.md")]

    assert len(oldest) == len(set(oldest))
    assert [] == [version for version in oldest for text in texts if str(version) not in text]

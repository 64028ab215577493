"""Runs the integration tests with every uv in requirements/uvs.lock, and writes docs/compatibility.md from what they report."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from tools.shared import ROOT
from tools.shared.uv import LOCKED_UV, uv_output

DOCUMENT = ROOT / "docs" / "compatibility.md"

_LOCK = ROOT / "requirements" / "uvs.lock"
_UVS = ROOT / ".venv" / "uvs"

# What is supported or asked for, run or not; what else a run has comes after it.
_PYTHONS = (
    *(f"CPython 3.{minor}" for minor in range(8, 15)),
    *("CPython 3.14 free-threaded", "PyPy 3.9", "PyPy 3.10", "PyPy 3.11", "GraalPy"),
)
_SYSTEMS = ("Linux x86_64 with glibc", "Linux arm64 with glibc", "Linux with musl (Alpine)", "macOS", "Windows")

_TEXT = """\
# Compatibility

The Pythons, installation layouts, systems and versions of uv that the action and the command have been tested with.
`make compatibility` writes this page: it installs one release of each minor version of uv, from the oldest supported one on,
and runs the integration tests (`tests/integration`, `tests/faults`) with each.

A cell has the number of tests that passed, **fails** if one failed, or *untested* if none ran. Tests of features that a version of
uv does not have are skipped, so older versions have lower numbers; the reports have the reasons. One run covers one system. The
[self-test](../.github/workflows/selftest.yml), which runs the action on hosted Linux, macOS and Windows runners, is not included,
nor are the few tests that run Python for Windows and one uv in Wine (`tests/integration/test_windows.py`).

The input `check` needs uv 0.6.10, and more than one name in `packages` needs uv 0.9.8. Older versions are rejected with an error.

## Pythons

Most tests do not depend on the version of Python, and run only with the newest one.

{pythons}

## Layouts

How the target Python is installed, in tests that are specific to a layout.

{layouts}

## Systems

{systems}
"""


class Case(NamedTuple):
    """The outcome of one test, `passed`, `failed` or `skipped`, and the Python and the layout that it was about, or empty strings."""

    outcome: str
    python: str
    layout: str


def locked() -> list[str]:
    """Return the versions of uv that there are hashes of: one that is too old, and those that are tested, the oldest first."""
    return re.findall(r"^uv==(\S+)", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)


def cases(report: str) -> list[Case]:
    """Return what `report`, pytest's in the XML of JUnit, has on each test."""
    return [_case(element) for element in ET.fromstring(report).iter("testcase")]  # noqa: S314 - our own


def document(runs: Mapping[str, Iterable[Case]], system: str) -> str:
    """Return the page for `runs` on `system`, by the version of uv."""
    found = {version: list(run) for version, run in runs.items()}
    layouts = {case.layout for run in found.values() for case in run if case.layout}
    pythons = {case.python for run in found.values() for case in run if case.python}
    unnamed = [name for name in _PYTHONS if any(other.startswith(f"{name} ") for other in pythons - {*_PYTHONS})]
    return _TEXT.format(
        pythons=_table("Python", [name for name in _rows(_PYTHONS, pythons) if name not in unnamed], _by("python", found)),
        layouts=_table("layout", sorted(layouts, key=str.lower), _by("layout", found)),
        systems=_table("system", _rows(_SYSTEMS, {system}), {version: {system: run} for version, run in found.items()}),
    )


def here() -> str:
    """Return what this system is called on the page."""
    if sys.platform != "linux":
        return {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, platform.system())
    if platform.libc_ver()[0] != "glibc":
        return "Linux with musl (Alpine)"
    return f"Linux {platform.machine().replace('aarch64', 'arm64')} with glibc"


def install(version: str, above: Path = _UVS) -> Path:
    """Return the path of uv `version` in a folder in `above`, where it is put, by its hashes from an index, if it is not there yet."""
    folder = above / version
    program = folder / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    if not program.exists():
        block = re.search(rf"^uv=={re.escape(version)} .*\n(?: .*\n)*", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)
        if block is None:
            raise SystemExit(f"requirements/uvs.lock has no uv {version}; it has {', '.join(locked())}.")
        above.mkdir(parents=True, exist_ok=True)
        (above / f"{version}.txt").write_text(block.group(), encoding="utf-8")
        how = ("--quiet", "--no-config", "--require-hashes", "--python", sys.executable)
        where = ("--target", str(folder), "--requirements", str(above / f"{version}.txt"))
        uv_output("pip", "install", *how, *where, uv=LOCKED_UV)
    return program


def run(version: str) -> list[Case]:
    """Run the integration tests with uv `version`, show what they print, and return their outcomes."""
    report = _UVS / f"{version}.xml"
    report.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/integration",
        "tests/faults",
        "--numprocesses",
        "auto",
        "--dist",
        "worksteal",
        f"--junitxml={report}",
    ]
    sys.stdout.write(f"\nuv {version}\n")
    sys.stdout.flush()
    subprocess.run(command, cwd=ROOT, env={**os.environ, "TESTED_UV": str(install(version))}, check=False)
    return cases(report.read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    """Test with the versions in `arguments`; with none there, with all, and write the page."""
    runs = {version: run(version) for version in arguments or locked()[1:]}
    if not arguments:
        DOCUMENT.write_text(document(runs, here()), encoding="utf-8")
    return int(any(case.outcome == "failed" for found in runs.values() for case in found))


def _case(element: ET.Element) -> Case:
    properties = {item.get("name"): item.get("value", "") for item in element.iter("property")}
    failed = element.find("failure") is not None or element.find("error") is not None
    outcome = "failed" if failed else "skipped" if element.find("skipped") is not None else "passed"
    return Case(outcome, properties.get("python", ""), properties.get("layout", ""))


def _by(key: str, found: Mapping[str, list[Case]]) -> dict[str, dict[str, list[Case]]]:
    """Return the cases of each version by their `python` or their `layout`."""
    sorted_: dict[str, dict[str, list[Case]]] = {version: {} for version in found}
    for version, run in found.items():
        for case in run:
            sorted_[version].setdefault(str(getattr(case, key)), []).append(case)
    return sorted_


def _rows(known: tuple[str, ...], found: set[str]) -> list[str]:
    return [
        *known,
        *sorted(found - {*known}, key=lambda name: [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]),
    ]


def _table(what: str, rows: Iterable[str], found: Mapping[str, Mapping[str, list[Case]]]) -> str:
    head = [f"| {what} | {' | '.join(f'uv {version}' for version in found)} |", f"| --- |{' ---: |' * len(found)}"]
    return "\n".join([*head, *(f"| {row} | {' | '.join(_cell(found[version].get(row, [])) for version in found)} |" for row in rows)])


def _cell(cases: Iterable[Case]) -> str:
    outcomes = [case.outcome for case in cases]
    return "**fails**" if "failed" in outcomes else str(outcomes.count("passed") or "*untested*")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Tests the newest Pythons that Debian packages, in a Debian sid in a folder."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility import debian_packages, integration, roots
from tools.compatibility.outcomes import Result
from tools.compatibility.roots import Root

# The name on the page, the package, and the interpreter. The tests are run by the first Python.
_PYTHONS = (
    ("CPython 3.14", "python3.14-venv", "/usr/bin/python3.14"),
    ("CPython 3.15", "python3.15-venv", "/usr/bin/python3.15"),
    ("PyPy 3.11", "pypy3-venv", "/usr/bin/pypy3"),
)


def run(work: Path) -> Iterator[Result]:
    """Yield the results of the tests that depend on the Python, with each Python of Debian sid. Takes 7 minutes."""
    debian_packages.require(roots.NEEDED)
    root = roots.debian_sid(work / "sid", *(package for _, package, _ in _PYTHONS))
    tests = roots.put_project(root, "3.14", f"{platform.machine()}-unknown-linux-gnu")
    for name, _, interpreter in _PYTHONS:
        yield from _results(root, tests, name, interpreter)


def _results(root: Root, tests: str, name: str, interpreter: str) -> list[Result]:
    try:
        detail = f"{roots.version(root, interpreter)} from Debian sid"
        command = root.command(*integration.pytest(tests, "report.xml", *integration.OF_PYTHON), TESTED_PYTHONS=interpreter)
        return integration.results(command, root.folder / "src" / "report.xml", {"python": None, "layout": None}, detail)
    except OSError as problem:
        return [Result("python", name, "failed", detail=str(problem))]

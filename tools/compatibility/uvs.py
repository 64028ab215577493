"""Runs the integration tests with one of the versions of uv in requirements/uvs.lock."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility.proofs import Area, Proof, of_report
from tools.shared import ROOT
from tools.shared.uv import LOCKED_UV, uv_output

_LOCK = ROOT / "requirements" / "uvs.lock"

# What depends on the uv and, with the newest one, what depends on where Python is. `make test` runs all with the newest one, and the weekly
# workflow with each.
_OF_UV = ("uvs", "sync", "selection", "explanations", "pythons", "refusals", "repair")
_OF_LAYOUTS = ("targets", "misplaced", "debian")


def locked() -> list[str]:
    """Return the versions of uv that there are hashes of: one that is too old, and those that are tested, the oldest first."""
    return re.findall(r"^uv==(\S+)", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)


def run(version: str, work: Path) -> Iterator[Proof]:
    """Yield the outcomes with uv `version`, and those for the Pythons, the layouts and the system of this machine with it."""
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


def here() -> str:
    """Return what this system is called on the page."""
    if sys.platform != "linux":
        return {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, platform.system())
    if platform.libc_ver()[0] != "glibc":
        return "Linux with musl (Alpine)"
    return f"Linux {platform.machine().replace('aarch64', 'arm64')} with glibc"

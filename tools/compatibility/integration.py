"""Runs the integration tests on Pythons and systems that `make test` does not use, and returns their results."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.compatibility.outcomes import Area, Result, of_report
from tools.shared import ROOT
from tools.shared.uv import LOCKED_UV, uv_output

# The tests that depend on the Python: the main path, layouts, refusals and repairs.
OF_PYTHON = tuple(f"tests/integration/test_{name}.py" for name in ("pythons", "targets", "sync", "refusals", "repair", "misplaced"))


def pytest(interpreter: str, report: str | Path, *tests: str) -> list[str]:
    """Return the command that runs `tests` with `interpreter` and writes a JUnit XML `report`."""
    how = ("-p", "no:cacheprovider", "--numprocesses", "auto", "--dist", "worksteal", f"--junitxml={report}")
    return [interpreter, "-m", "pytest", *tests, *how]


def results(
    command: Sequence[str], report: Path, areas: Mapping[Area, str | None], detail: str, environ: Mapping[str, str] | None = None
) -> list[Result]:
    """Run the tests that `command` runs with the locked uv, and return the results in `report`; raise `OSError` if no test has run."""
    report.unlink(missing_ok=True)
    status = subprocess.run(command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, check=False).returncode
    version = uv_output("--version", uv=LOCKED_UV).split()[1]
    found = of_report(report.read_text(encoding="utf-8"), areas, version, detail) if report.exists() else []
    if not found:
        raise OSError(f"no test has run: pytest ended with exit status {status}")
    return found


def install(target: Path, platform: str, *names: str, python: str = "3.14") -> Path:
    """Install requirements/{name}.txt for each of `names` into the folder `target`, for uv's `platform`; return the folder."""
    how = ("--quiet", "--no-config", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--link-mode", "copy")
    where = ("--python", sys.executable, "--python-version", python, "--python-platform", platform, "--target", str(target))
    locks = [word for name in names for word in ("--requirement", str(ROOT / "requirements" / f"{name}.txt"))]
    uv_output("pip", "install", *how, *where, *locks, uv=LOCKED_UV)
    return target

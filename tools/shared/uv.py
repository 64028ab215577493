"""The uv that the tests and benchmarks run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tools.shared import ROOT

# The uv of requirements/dev.txt, which also has the build backend, and the uv under test, which is the same unless TESTED_UV is set.
LOCKED_UV = ROOT / ".venv" / "bin" / "uv"
UV = Path(os.environ.get("TESTED_UV", LOCKED_UV))


def uv_output(*arguments: str | Path, uv: Path = UV, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Run uv with `arguments` and return what it prints; raise `SystemExit` with its error output if it fails."""
    command = [str(word) for word in (uv, *arguments)]
    try:
        completed = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SystemExit(f"uv does not start: {shlex.join(command)}: {error.strerror}") from None
    if completed.returncode:
        raise SystemExit(f"uv failed: {shlex.join(command)}\n{completed.stderr.strip()}")
    return completed.stdout.strip()


def _parsed(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


UV_VERSION = _parsed(uv_output("--version"))


def is_at_least(version: str) -> bool:
    """Return whether the uv under test is `version` or newer."""
    return _parsed(version) <= UV_VERSION


def outlast_freshness() -> None:
    """Wait a second if the uv under test treats an HTTP response of the current second as fresh (astral-sh/uv, changelogs/0.11.x.md)."""
    if not is_at_least("0.11.28"):
        time.sleep(1)

"""Finds the uv that tests and benchmarks run."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

from tools.shared import ROOT

# The locked uv, whose wheel has this repository's build backend, and the tested one: the same unless TESTED_UV names another.
LOCKED_UV = ROOT / ".venv" / "bin" / "uv"
UV = Path(os.environ.get("TESTED_UV", LOCKED_UV))


def _parsed(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


UV_VERSION = _parsed(subprocess.run([UV, "--version"], check=True, capture_output=True, text=True).stdout)


def is_at_least(version: str) -> bool:
    """Return whether the tested uv is `version` or newer."""
    return _parsed(version) <= UV_VERSION


def outlast_freshness() -> None:
    """Wait until an older uv no longer takes an HTTP response of this second for fresh (astral-sh/uv, changelogs/0.11.x.md)."""
    if not is_at_least("0.11.28"):
        time.sleep(1)

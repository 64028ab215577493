"""Tests workflows with GitHub's own actions, from local copies of their repositories."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility import integration
from tools.compatibility.outcomes import Result, Unavailable


def run(work: Path) -> Iterator[Result]:
    """Yield the results for the actions whose repositories are in the folder REAL_ACTIONS. Takes 1 minute."""
    if not os.environ.get("REAL_ACTIONS"):
        raise Unavailable("repositories of GitHub's actions are required; run make with MIRROR=FOLDER, where FOLDER contains actions/cache")
    command = integration.pytest(sys.executable, work / "report.xml", "tests/workflows/test_real_actions.py")
    yield from integration.results(command, work / "report.xml", {"action": None}, "in act")

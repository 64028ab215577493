"""Tests workflows with GitHub's own actions, from copies of their repositories."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility import integration
from tools.compatibility.proofs import Proof, Unavailable


def run(work: Path) -> Iterator[Proof]:
    """Yield the outcomes for the actions whose repositories are in the folder that REAL_ACTIONS names: 1 minute."""
    if not os.environ.get("REAL_ACTIONS"):
        raise Unavailable("no folder has the repositories of GitHub's actions: name one with MIRROR=, such as one with actions/cache in it")
    command = integration.pytest(sys.executable, work / "report.xml", "tests/workflows/test_real_actions.py")
    yield from integration.proofs(command, work / "report.xml", {"action": None}, "in act")

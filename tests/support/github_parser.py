"""Checks workflows with GitHub's own parser, the npm package @actions/workflow-parser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from tools.shared import ROOT

_SOURCE = Path(__file__).parent / "parser"

# Installed once for all test runs. `make clean` removes it.
_INSTALLED = ROOT / ".venv" / "workflow-parser"

_OLDEST_NODE = 20


def complaints(workflows: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the parser's errors for each of `workflows`, by name."""
    command = ["node", str(_INSTALLED / "parse.mjs")]
    completed = subprocess.run(command, input=json.dumps(workflows), capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(completed.stdout)
    return found


@cache
def missing() -> str:
    """Install the parser from package-lock.json if necessary, and return why that is impossible, or an empty string."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "there is no node and npm"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < _OLDEST_NODE:
        return f"node is {version}, and the parser needs {_OLDEST_NODE}"
    return "" if _is_current() else _install()


def _is_current() -> bool:
    return all((_INSTALLED / file.name).is_file() and (_INSTALLED / file.name).read_bytes() == file.read_bytes() for file in _files())


def _install() -> str:
    _INSTALLED.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_INSTALLED.parent) as temp:
        folder = Path(temp) / "parser"
        folder.mkdir()
        for file in _files():
            shutil.copy2(file, folder)
        # Fail quickly on a machine without a network.
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"]
        completed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if completed.returncode:
            return f"npm cannot install it: {completed.stderr.strip()[-300:]}"
        shutil.rmtree(_INSTALLED, ignore_errors=True)
        # If another process has created the folder in the meantime, use that one.
        with suppress(OSError):
            os.rename(folder, _INSTALLED)
    return ""


def _files() -> list[Path]:
    return sorted(path for path in _SOURCE.iterdir() if path.is_file())

"""Tests of the report action, and the reports of jobs that they share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from uv_system_sync.matrix.reports import Python

REPORT: dict[str, Any] = {
    "schema": 1,
    "outcome": "success",
    "python": {
        "version": "3.12.4",
        "implementation": "cpython",
        "platform": "linux-x86_64",
        "executable": "/p/python",
        "environment": "/p",
    },
    "uv": "0.13.9",
    "project": {"name": "sample", "directory": "/src/sample"},
    "packages": [{"name": "alpha", "version": "1.0"}],
    "changes": [],
}
FAILURE: dict[str, Any] = {
    "schema": 1,
    "outcome": "failure",
    "error": {"kind": "lock-outdated", "message": "uv.lock does not match.\nMore.", "hint": "Run `uv lock`."},
    "python": None,
    "uv": None,
    "project": None,
}
PYTHON = Python("3.12.4", "cpython", "linux-x86_64")


def write_report(folder: Path, artifact: str, content: object, name: str = "uv-system-sync-0a.json") -> None:
    """Write `content` into the folder of `artifact`, or into `folder` if `artifact` is empty. Text and bytes are written as they are."""
    (folder / artifact).mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode()
    (folder / artifact / name).write_bytes(data)

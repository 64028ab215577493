"""Tests of the package `diagnosis`, and helpers that write a project and make a failed sync of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tests.support import TARGET
from uv_system_sync.diagnosis.explain import Failure
from uv_system_sync.errors import ActionError
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import Completed
from uv_system_sync.project import pyproject
from uv_system_sync.project.pyproject import Project

UV = "0.13.9"


def write(folder: Path, **files: str) -> Project:
    """Write files, with `__` for a slash and `_toml` for `.toml` in their names, and return the project in `folder`."""
    for name, text in {"pyproject_toml": "", "uv_lock": "version = 1\n", **files}.items():
        path = folder / name.replace("__", "/").replace("_toml", ".toml").replace("_lock", ".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return pyproject.read(str(folder))


def failure(
    output: str, project: Project, *, target: Target = TARGET, dry_run: str | None = None, env: Mapping[str, str] | None = None
) -> Failure:
    """Return a sync that failed with `output`. `dry_run` is what `uv lock --dry-run` prints; None if uv cannot be started."""

    def lock_dry_run() -> Completed:
        if dry_run is None:
            raise FileNotFoundError
        return Completed(0, dry_run)

    return Failure(Completed(2, output), env or {}, project, target, UV, lock_dry_run)


def place(error: ActionError | None, project: Project) -> tuple[str, int | None] | None:
    """Return the file of `error`, relative to the root of `project`, and the line."""
    return (os.path.relpath(error.file, project.root), error.line) if error and error.file else None

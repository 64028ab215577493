"""A project that is locked with the index of a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.index import Index
from tests.support.step import Runner, runner
from tools.shared.uv import UV


def _lock(folder: Path, **variables: str) -> None:
    """Create uv.lock in `folder` with the real uv, which sees no `UV_` variables but `variables`."""
    environ = {**{key: value for key, value in os.environ.items() if not key.startswith("UV_")}, "UV_PYTHON_PREFERENCE": "system"}
    command = [str(UV), "lock", "--quiet", "--no-cache", "--python", sys.executable]
    subprocess.run(command, cwd=folder, check=True, env={**environ, **variables})


def locked_remote(tmp_path: Path, target: Path, index: Index) -> Runner:
    """Return a runner whose workspace is a project that depends on alpha, with `index` as the default index and an empty cache.

    The action's own packages are already in RUNNER_TEMP, so that `index` gets requests for the project's packages only.
    """
    folder = tmp_path / "remote"
    folder.mkdir()
    text = '[project]\nname = "remote"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["alpha"]\n'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    _lock(folder, UV_DEFAULT_INDEX=index.url)
    ci = runner(tmp_path / "remote-runner", folder).setup_python(target)
    (ci.folder / "temp").mkdir()
    ci.sync(check="true")
    ci.environ.update(UV_DEFAULT_INDEX=index.url, UV_CACHE_DIR=str(tmp_path / "cache"), UV_HTTP_RETRIES="0")
    return ci

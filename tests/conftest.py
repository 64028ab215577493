"""Keeps what this shell or an outer workflow exports away from the tests, and gives them a step's files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.runner_files import StepFiles

_REMOVED = ("UV_", "GITHUB_", "RUNNER_", "INPUT_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONLOCATION")

# How this machine reaches packages and keeps them, which the tests that start the real uv need.
_KEPT = (
    "UV_CACHE_DIR",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_HTTP_",
    "UV_INDEX",
    "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER",
    "UV_NATIVE_TLS",
    "UV_OFFLINE",
    "UV_SYSTEM_CERTS",
)


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> Iterator[None]:
    """Remove what would make a test depend on where it runs, before the first fixture starts a program."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(_REMOVED) and not name.startswith(_KEPT):
                patch.delenv(name)
        yield


@pytest.fixture
def runner(tmp_path: Path) -> StepFiles:
    """Give the command files and the temporary folder of a step, all empty."""
    folder = tmp_path / "runner"
    folder.mkdir()
    return StepFiles.create(folder)

"""The report header, a clean environment, and the runner files of a step."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import debian
from tests.support.layouts import older_than_supported
from tools.shared import ROOT
from tools.shared.pythons import every
from tools.shared.runner_files import StepFiles
from tools.shared.uv import UV

_REMOVED = ("UV_", "GITHUB_", "RUNNER_", "INPUT_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONLOCATION")

# Where uv gets packages from and caches them on this machine. Tests that start the real uv need these.
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


def pytest_report_header() -> list[str]:
    """Return the Pythons and the uv that the tests run with, and the supported Pythons that are missing."""
    names = {python.name for python in every()}
    old = older_than_supported()
    missing = {
        **{name: name not in names for name in (f"CPython 3.{minor}" for minor in range(8, 16))},
        "a free-threaded CPython": not any("free-threaded" in name for name in names),
        "PyPy": not any("PyPy" in name for name in names),
        f"Debian's own ({debian.why_not()})": bool(debian.why_not()),
        "CPython 3.6 or 3.7, to be rejected": old is None,
    }
    present = [python.name.replace(python.minor, python.version) for python in every()]
    own = "" if debian.why_not() else "; Debian's own, in an overlay of /usr"
    uv = subprocess.run([UV, "--version"], capture_output=True, text=True, check=False).stdout.strip() if UV.exists() else "none"
    return [
        f"Pythons: {', '.join(present) or 'none'}{own}{f'; {old.version}, to be rejected' if old else ''}",
        f"missing: {', '.join(name for name, is_missing in missing.items() if is_missing) or 'nothing'}",
        f"uv: {uv} ({'the locked one' if UV == ROOT / '.venv' / 'bin' / 'uv' else 'TESTED_UV'})",
    ]


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> Iterator[None]:
    """Remove variables of this shell or an outer workflow, before the first fixture starts a program."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(_REMOVED) and not name.startswith(_KEPT):
                patch.delenv(name)
        yield


@pytest.fixture
def runner(tmp_path: Path) -> StepFiles:
    """The runner files and the temporary folder of a step, all empty."""
    folder = tmp_path / "runner"
    folder.mkdir()
    return StepFiles.create(folder)

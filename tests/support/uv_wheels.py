"""Downloads the wheels of uv and of the action's own dependencies once, so that tests can serve them from their own index."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from tools.shared import ROOT

_KEPT = ROOT / ".venv" / "uv-wheels"
_PINNED = ROOT / "requirements" / "uv.txt"
_LOCKED = ROOT / "requirements" / "uvs.lock"

# The version of uv that this release of the action pins.
PINNED = re.findall(r"^uv==(\S+)", _PINNED.read_text(encoding="utf-8"), re.MULTILINE)[0]


def wheel(version: str = PINNED, platform: str = "") -> Path:
    """Return the wheel of uv `version` for this machine or for `platform`. Skip the test if it cannot be downloaded."""
    folder = _KEPT / f"{version}{platform}"
    if not folder.is_dir():
        _download_uv(version, folder, *(["--platform", platform] if platform else []))
    (found,) = folder.iterdir()
    return found


def own() -> list[Path]:
    """Return the platform-independent wheels that the action itself needs. Skip the test if they cannot be downloaded."""
    folder = _KEPT / "action"
    if not folder.is_dir():
        _download(ROOT / "requirements" / "action.txt", folder, "--implementation", "py", "--abi", "none", "--platform", "any")
    return [*folder.iterdir()]


def link(folder: Path, wheels: Iterable[Path]) -> Path:
    """Create `folder` with symbolic links to `wheels`, and return it."""
    folder.mkdir(parents=True)
    for path in wheels:
        (folder / path.name).symlink_to(path)
    return folder


def _download_uv(version: str, folder: Path, *options: str) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (_PINNED, _LOCKED))
    block = re.search(rf"^uv=={re.escape(version)} .*\n(?: .*\n)*", text, re.MULTILINE)
    assert block is not None, version
    with tempfile.TemporaryDirectory() as temp:
        requirements = Path(temp, "requirements.txt")
        requirements.write_text(block.group(), encoding="utf-8")
        _download(requirements, folder, *options)


def _download(requirements: Path, folder: Path, *options: str) -> None:
    """Download the wheels of the hash-locked `requirements` into the new `folder`, all or none. Skip the test if that fails."""
    _KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_KEPT) as temp:
        new = Path(temp, "new")
        how = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes")
        command = [sys.executable, "-m", "pip", "download", *how, *options, "--requirement", str(requirements), "--dest", str(new)]
        completed = subprocess.run(command, check=False, capture_output=True, text=True)
        if completed.returncode:
            pytest.skip(f"{folder.name} is not in {_KEPT} and cannot be downloaded: {completed.stderr}")
        # If another process has created the folder in the meantime, use that one.
        with suppress(OSError):
            new.rename(folder)

"""Gets wheels of uv, and of what the action itself needs, from an index once, so that a test can serve them on an index of its own."""

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

# What this release of the action pins.
PINNED = re.findall(r"^uv==(\S+)", _PINNED.read_text(encoding="utf-8"), re.MULTILINE)[0]


def wheel(version: str = PINNED, platform: str = "") -> Path:
    """Return the wheel of uv `version` for this machine or another `platform`; skip the test if it is not here and cannot be had."""
    folder = _KEPT / f"{version}{platform}"
    (found,) = (folder if folder.is_dir() else _of_uv(version, folder, *(["--platform", platform] if platform else []))).iterdir()
    return found


def own() -> list[Path]:
    """Return the wheels that the action itself needs, for every platform; skip the test if they are not here and cannot be had."""
    folder = _KEPT / "action"
    pure = ("--implementation", "py", "--abi", "none", "--platform", "any")
    return [*(folder if folder.is_dir() else _download(ROOT / "requirements" / "action.txt", folder, *pure)).iterdir()]


def link(folder: Path, wheels: Iterable[Path]) -> Path:
    """Make `folder` with links to `wheels` in it, and return it."""
    folder.mkdir(parents=True)
    for path in wheels:
        (folder / path.name).symlink_to(path)
    return folder


def _of_uv(version: str, folder: Path, *options: str) -> Path:
    text = "".join(path.read_text(encoding="utf-8") for path in (_PINNED, _LOCKED))
    block = re.search(rf"^uv=={re.escape(version)} .*\n(?: .*\n)*", text, re.MULTILINE)
    assert block is not None, version
    with tempfile.TemporaryDirectory() as temp:
        requirements = Path(temp, "requirements.txt")
        requirements.write_text(block.group(), encoding="utf-8")
        return _download(requirements, folder, *options)


def _download(requirements: Path, folder: Path, *options: str) -> Path:
    """Have `folder` hold the wheels of the hash-locked `requirements`, all or none, and return it."""
    _KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_KEPT) as temp:
        new = Path(temp, "new")
        how = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes")
        command = [sys.executable, "-m", "pip", "download", *how, *options, "--requirement", str(requirements), "--dest", str(new)]
        completed = subprocess.run(command, check=False, capture_output=True, text=True)
        if completed.returncode:
            pytest.skip(f"{folder.name} is not in {_KEPT}, and cannot be downloaded: {completed.stderr}")
        # Another process may have made it in the meantime; then that one is as good.
        with suppress(OSError):
            new.rename(folder)
    return folder

"""When `make` recreates `.venv`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.shared import ROOT


def _is_ready(folder: Path, *arguments: str) -> bool:
    """Return whether `make` would keep the `.venv` in `folder`."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", "-q", ".venv/ready", *arguments], cwd=folder, env=environ, check=False).returncode == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout, in a folder with a space in its name, with a `.venv` made by the running Python."""
    shutil.copytree(ROOT / "requirements", tmp_path / "a b" / "requirements")
    shutil.copy2(ROOT / "Makefile", tmp_path / "a b")
    (tmp_path / "a b" / ".venv").mkdir()
    (tmp_path / "a b" / ".venv" / "ready").write_text(f"{sys.version.split()[0]} {sys.base_prefix}\n", encoding="utf-8")
    return tmp_path / "a b"


def test_the_python_that_made_it_keeps_it(folder: Path) -> None:
    (folder / "python").symlink_to(sys.executable)

    assert _is_ready(folder)
    assert _is_ready(folder, f"PYTHON={sys.executable}")
    assert _is_ready(folder, f"PYTHON={folder}/python")


@pytest.mark.parametrize("identity", ["", "3.10.0 /usr"], ids=["unknown", "another"])
def test_another_python_recreates_it(folder: Path, identity: str) -> None:
    (folder / ".venv" / "ready").write_text(f"{identity}\n", encoding="utf-8")

    assert _is_ready(folder)
    assert not _is_ready(folder, f"PYTHON={sys.executable}")


def test_a_python_that_does_not_start_recreates_it(folder: Path) -> None:
    (folder / ".venv" / "ready").write_text("", encoding="utf-8")

    assert not _is_ready(folder, "PYTHON=/none/python3")

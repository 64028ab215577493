"""Finding uv, and deciding whether it has to be installed first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import touch
from uv_system_sync.errors import UvUnavailable
from uv_system_sync.uv import executable

_NAME = "uv.exe" if os.name == "nt" else "uv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a uv in it."""
    touch(tmp_path / "my ☃ tools", _NAME)
    return tmp_path / "my ☃ tools"


@pytest.mark.parametrize("outcome", ["", "skipped", "success"])
def test_the_first_uv_on_path_is_found(folder: Path, outcome: str) -> None:
    search_path = os.pathsep.join([str(folder.parent), str(folder)])

    assert str(folder / _NAME) == executable.find({"PATH": search_path, "UV_SYSTEM_SYNC_SETUP_UV": outcome})


def test_a_relative_entry_of_path_leads_to_an_absolute_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started in the project's folder."""
    monkeypatch.chdir(folder.parent)

    assert str(folder / _NAME) == executable.find({"PATH": folder.name})


@pytest.mark.parametrize("environ", [{}, {"PATH": ""}, {"PATH": "/nowhere"}], ids=["no-path", "empty-path", "other-path"])
def test_a_missing_uv_is_an_error(environ: dict[str, str]) -> None:
    assert executable.has_to_be_installed(environ)
    with pytest.raises(UvUnavailable):
        executable.find(environ)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission to execute")
def test_a_file_that_cannot_be_executed_is_not_uv(folder: Path) -> None:
    (folder / _NAME).chmod(0o644)

    assert executable.has_to_be_installed({"PATH": str(folder)})


def test_a_uv_on_path_does_not_replace_one_that_could_not_be_installed(folder: Path) -> None:
    with pytest.raises(UvUnavailable):
        executable.find({"PATH": str(folder), "UV_SYSTEM_SYNC_SETUP_UV": "failure"})


@pytest.mark.parametrize(("version", "expected"), [("", False), (" \n", False), ("0.13.9", True), ("latest", True)])
def test_uv_is_installed_over_the_one_on_path_if_a_version_is_asked_for(folder: Path, version: str, *, expected: bool) -> None:
    assert expected == executable.has_to_be_installed({"PATH": str(folder), "UV_SYSTEM_SYNC_UV_VERSION": version})

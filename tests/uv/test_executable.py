"""Finding uv, and saying whether it has to be installed first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import touch, words
from uv_system_sync.errors import UvUnavailable
from uv_system_sync.uv import executable

_NAME = "uv.exe" if os.name == "nt" else "uv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a uv in it."""
    touch(tmp_path / "my ☃ tools", _NAME)
    return tmp_path / "my ☃ tools"


def _refused(environ: dict[str, str]) -> tuple[str, str]:
    with pytest.raises(UvUnavailable) as caught:
        executable.find(environ)
    return words(caught.value)


@pytest.mark.parametrize("outcome", ["", "skipped", "success"], ids=["unknown", "skipped", "success"])
def test_find(folder: Path, outcome: str) -> None:
    """The first uv on PATH is found, however it came there."""
    search_path = os.pathsep.join([str(folder.parent), str(folder)])

    assert str(folder / _NAME) == executable.find({"PATH": search_path, "UV_SYSTEM_SYNC_SETUP_UV": outcome})


def test_find_in_a_relative_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative entry of PATH leads to an absolute path, because uv is started in the project's folder."""
    monkeypatch.chdir(folder.parent)

    assert str(folder / _NAME) == executable.find({"PATH": folder.name})


@pytest.mark.parametrize("environ", [{}, {"PATH": ""}, {"PATH": "/nowhere"}], ids=["no-path", "empty-path", "other-path"])
def test_no_uv(environ: dict[str, str]) -> None:
    """Where there is no uv, a workflow that uses action.yml as it is does not come here."""
    expected = ("There is no uv on PATH.", "Use action.yml of this action unchanged, or install uv in an earlier step.")

    assert expected == _refused(environ)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission to execute")
def test_uv_that_cannot_be_started(folder: Path) -> None:
    """A file of that name that is no program is not uv."""
    (folder / _NAME).chmod(0o644)

    assert "There is no uv on PATH." == _refused({"PATH": str(folder)})[0]


def test_setup_uv_failed(folder: Path) -> None:
    """Where setup-uv was asked for a uv and failed, no other one takes its place."""
    expected = (
        "astral-sh/setup-uv could not install uv; the step's log says why.",
        "Correct `uv-version` or the network, or install uv in an earlier step and leave `uv-version` empty.",
    )

    assert expected == _refused({"PATH": str(folder), "UV_SYSTEM_SYNC_SETUP_UV": "failure"})


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param("", False, id="no-version"),
        pytest.param(" \n", False, id="white-space"),
        pytest.param("0.13.9", True, id="a-version"),
        pytest.param("latest", True, id="a-word"),
    ],
)
def test_has_to_be_installed(folder: Path, version: str, *, expected: bool) -> None:
    """Where there is a uv, setup-uv runs only if a version is asked for."""
    assert expected == executable.has_to_be_installed({"PATH": str(folder), "UV_SYSTEM_SYNC_UV_VERSION": version})


def test_has_to_be_installed_without_any() -> None:
    """Where there is no uv, setup-uv runs."""
    assert executable.has_to_be_installed({"PATH": "/nowhere"})


@pytest.mark.parametrize("version", ["0.5.31", "0.5.31+1", "0.5.100", "0.10.0", "1", "1.0.0-alpha.1", f"0.{'9' * 5000}"])
def test_new_enough(version: str) -> None:
    """Versions are compared number by number."""
    executable.require("/bin/uv", version, [("This", "0.5.31")])


@pytest.mark.parametrize("version", ["0.5.30", "0.5.3", "0.4.100", "0.1", "0.5.30+99"])
def test_too_old(version: str) -> None:
    """The first need that a uv is too old for is named, with the oldest that will do and the next step."""
    expected = (
        f"That needs uv 0.5.31 or newer, and /bin/uv is uv {version}.",
        "Set `uv-version` to a newer one, or put a newer uv first on PATH.",
    )

    with pytest.raises(UvUnavailable) as caught:
        executable.require("/bin/uv", version, [("This", "0.0.1"), ("That", "0.5.31"), ("More", "9.0.0")])
    assert expected == words(caught.value)

"""Installing the packages that uv-system-sync itself needs."""

from __future__ import annotations

import binascii
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Recorder
from tools.shared import ROOT
from uv_system_sync.errors import RunnerUnusable, UvUnavailable
from uv_system_sync.process import Command, Completed, Relay
from uv_system_sync.uv import dependencies
from uv_system_sync.uv.client import Uv

_DONE = Completed(0, "")
_FAILED = Completed(2, "offline")


class Installer(Recorder):
    """A uv that makes the folder that it is to install into, if it succeeds; `meanwhile` is called with its path."""

    def __init__(self, *answers: Completed, meanwhile: Callable[[Path], object] = lambda _: None) -> None:
        super().__init__(*answers)
        self._meanwhile = meanwhile

    def __call__(self, command: Command, relay: Relay | None = None) -> Completed:
        """Install, and answer."""
        completed = super().__call__(command, relay)
        if not completed.returncode:
            (self.folder / "tomli").mkdir()
        self._meanwhile(self.folder)
        return completed

    @property
    def folder(self) -> Path:
        """The folder that the last command named."""
        argv = self.commands[-1].argv
        return Path(argv[argv.index("--target") + 1])

    @property
    def are_offline(self) -> list[bool]:
        """Whether each of the commands may not ask an index."""
        return ["--offline" in command.argv for command in self.commands]


def _install(run: Recorder, temp: str | Path, version: str = "0.13.9") -> Path:
    uv = Uv("/bin/uv", {}, run, lambda _: lambda _: Completed(0, f"uv {version}"))
    return Path(dependencies.install(uv, str(temp)))


def test_the_folder_is_named_for_the_python_and_the_requirements(tmp_path: Path) -> None:
    requirements = ROOT / "requirements" / "action.txt"
    run = Installer(_DONE)
    folder = _install(run, tmp_path)
    checksum = f"{binascii.crc32(requirements.read_bytes()):08x}"

    assert tmp_path / f"uv-system-sync-{sys.implementation.cache_tag}-{checksum}" == folder
    assert str(requirements) in run.commands[0].argv


def test_nothing_but_the_folder_is_left(tmp_path: Path) -> None:
    run = Installer(_DONE)
    folder = _install(run, tmp_path)

    assert (["tomli"], [folder]) == (os.listdir(folder), list(tmp_path.iterdir()))
    assert (tmp_path, True) == (run.folder.parent, run.folder != folder)


@pytest.mark.parametrize(("answers", "are_offline"), [([_DONE], [True]), ([_FAILED, _DONE], [True, False])], ids=["cached", "not-cached"])
def test_an_index_is_only_asked_for_what_is_not_in_the_cache(tmp_path: Path, answers: list[Completed], are_offline: list[bool]) -> None:
    run = Installer(*answers)
    _install(run, tmp_path)

    assert are_offline == run.are_offline


def test_a_later_step_of_the_job_installs_nothing(tmp_path: Path) -> None:
    folder = _install(Installer(_DONE), tmp_path)

    assert folder == _install(Recorder(), tmp_path)


def test_of_two_steps_at_once_the_folder_of_the_faster_one_is_used(tmp_path: Path) -> None:
    faster: list[Path] = []
    folder = _install(Installer(_DONE, meanwhile=lambda _: faster.append(_install(Installer(_DONE), tmp_path))), tmp_path)

    assert ([folder], [folder]) == (faster, list(tmp_path.iterdir()))


def test_a_folder_that_cannot_be_renamed_is_used_as_it_is(tmp_path: Path) -> None:
    """As a virus scanner of Windows may prevent it."""
    run = Installer(_DONE, meanwhile=lambda folder: Path(str(folder).rpartition("-")[0]).touch())
    folder = _install(run, tmp_path)

    assert (run.folder, ["tomli"]) == (folder, os.listdir(folder))


def test_the_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes into `sys.path`."""
    monkeypatch.chdir(tmp_path)

    assert tmp_path == _install(Installer(_DONE), ".").parent


@pytest.mark.parametrize("temp", ["", "/nowhere", __file__], ids=["empty", "missing", "a-file"])
def test_a_missing_temporary_folder_is_an_error_of_the_runner(temp: str) -> None:
    with pytest.raises(RunnerUnusable) as caught:
        _install(Recorder(), temp)

    assert {"temp": temp} == caught.value.values


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write to")
def test_a_temporary_folder_that_cannot_be_written_is_an_error_of_the_runner() -> None:
    with pytest.raises(RunnerUnusable) as caught:
        _install(Recorder(), "/proc")

    assert ("/proc", True) == (caught.value.values["temp"], bool(caught.value.values["reason"]))


@pytest.mark.parametrize(
    ("output", "words"), [("\nerror: no such host\n", "error: no such host"), (f"{'x' * 3000}\n", "x" * 2500)], ids=["short", "long"]
)
def test_a_failed_installation_is_an_error_with_uvs_last_words_and_leaves_nothing(tmp_path: Path, output: str, words: str) -> None:
    with pytest.raises(UvUnavailable) as caught:
        _install(Installer(_FAILED, Completed(1, output)), tmp_path)

    assert (words, {"path": "/bin/uv", "status": 1}) == (caught.value.words, caught.value.values)
    assert [] == os.listdir(tmp_path)


def test_an_interrupted_installation_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(_: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _install(Installer(_DONE, meanwhile=interrupt), tmp_path)

    assert [] == os.listdir(tmp_path)


def test_a_failed_installation_by_an_old_uv_is_an_error_of_its_version(tmp_path: Path) -> None:
    with pytest.raises(UvUnavailable) as caught:
        _install(Installer(_FAILED, _FAILED), tmp_path, version="0.1.45")

    assert ("0.1.45", "0.5.31") == (caught.value.values["version"], caught.value.values["oldest"])
    assert [] == os.listdir(tmp_path)

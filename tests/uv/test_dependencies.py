"""Installing the packages that uv-system-sync itself needs."""

from __future__ import annotations

import binascii
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.uv import Starter
from tools.shared import ROOT
from uv_system_sync.errors import RunnerUnusable, UvUnavailable
from uv_system_sync.process import Command, Completed, Finish, Start
from uv_system_sync.uv.client import Uv
from uv_system_sync.uv.dependencies import Dependencies

_REQUIREMENTS = ROOT / "requirements" / "action.txt"

_DONE = Completed(0, "")
_FAILED = Completed(2, "offline")


class Installer(Starter):
    """A uv that creates its target folder if it succeeds; `meanwhile` is called with the path of the folder."""

    def __init__(self, *answers: Completed, version: str = "uv 0.13.9\n", meanwhile: Callable[[Path], object] = lambda _: None) -> None:
        super().__init__(*answers, version=version)
        self._meanwhile = meanwhile
        self.has_ended = False

    def finish(self, answer: Completed) -> Completed:
        """Create the folder if the command succeeds, and return `answer`."""
        if not answer.returncode:
            (self.folder / "tomli").mkdir()
        self._meanwhile(self.folder)
        self.has_ended = True
        return answer

    @property
    def folder(self) -> Path:
        """The target folder of the last command."""
        argv = self.commands[-1].argv
        return Path(argv[argv.index("--target") + 1])

    @property
    def are_offline(self) -> list[bool]:
        """For each command, whether it is offline."""
        return ["--offline" in command.argv for command in self.commands]


def _begin(start: Start, temp: str | Path) -> Dependencies:
    return Dependencies(str(_REQUIREMENTS), Uv("/bin/uv", {}, start), str(temp))


def _install(starter: Starter, temp: str | Path) -> Path:
    return Path(_begin(starter.start, temp).path())


def test_the_folder_is_named_for_the_python_and_the_requirements(tmp_path: Path) -> None:
    starter = Installer(_DONE)
    folder = _install(starter, tmp_path)
    checksum = f"{binascii.crc32(_REQUIREMENTS.read_bytes()):08x}"

    assert tmp_path / f"uv-system-sync-{sys.implementation.cache_tag}-{checksum}" == folder
    assert str(_REQUIREMENTS) in starter.commands[0].argv


def test_nothing_but_the_folder_is_left(tmp_path: Path) -> None:
    starter = Installer(_DONE)
    folder = _install(starter, tmp_path)

    assert (["tomli"], [folder]) == (os.listdir(folder), list(tmp_path.iterdir()))
    assert (tmp_path, True) == (starter.folder.parent, starter.folder != folder)


@pytest.mark.parametrize(("answers", "are_offline"), [([_DONE], [True]), ([_FAILED, _DONE], [True, False])], ids=["cached", "not-cached"])
def test_uv_is_online_only_if_the_cache_is_incomplete(tmp_path: Path, answers: list[Completed], are_offline: list[bool]) -> None:
    starter = Installer(*answers)
    _install(starter, tmp_path)

    assert are_offline == starter.are_offline


def test_the_installation_begins_at_once_and_its_end_is_waited_for_once(tmp_path: Path) -> None:
    """The action imports its own modules in the meantime."""
    started: list[str] = []
    waits: list[object] = []

    def start(command: Command) -> Finish:
        started.append(command.argv[1])
        return finish

    def finish(relay: object) -> Completed:
        waits.append(relay)
        return _DONE

    packages = _begin(start, tmp_path)
    assert (["--version", "pip"], []) == (started, waits)

    assert (packages.path(), [None]) == (packages.path(), waits)


def test_a_later_step_of_the_job_installs_nothing(tmp_path: Path) -> None:
    folder = _install(Installer(_DONE), tmp_path)

    assert folder == _install(Starter(), tmp_path)


def test_of_two_steps_at_once_the_folder_of_the_faster_one_is_used(tmp_path: Path) -> None:
    faster: list[Path] = []
    folder = _install(Installer(_DONE, meanwhile=lambda _: faster.append(_install(Installer(_DONE), tmp_path))), tmp_path)

    assert ([folder], [folder]) == (faster, list(tmp_path.iterdir()))


def test_a_folder_that_cannot_be_renamed_is_used_as_it_is(tmp_path: Path) -> None:
    """On Windows, a virus scanner may prevent it."""
    starter = Installer(_DONE, meanwhile=lambda folder: Path(str(folder).rpartition("-")[0]).touch())
    folder = _install(starter, tmp_path)

    assert (starter.folder, ["tomli"]) == (folder, os.listdir(folder))


@pytest.mark.parametrize("temp", ["/nowhere", __file__, *(["/proc"] if Path("/proc/self").exists() else [])])
def test_a_temporary_folder_that_cannot_be_written_is_an_error_of_the_runner(temp: str) -> None:
    with pytest.raises(RunnerUnusable) as caught:
        _begin(Starter().start, temp)

    assert (temp, True) == (caught.value.values["temp"], bool(caught.value.values["reason"]))


@pytest.mark.parametrize(
    ("output", "words"), [("\nerror: no such host\n", "error: no such host"), (f"{'x' * 3000}\n", "x" * 3000)], ids=["short", "long"]
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


def test_an_interruption_while_our_modules_are_imported_stops_the_installation_and_leaves_nothing(tmp_path: Path) -> None:
    starter = Installer(_DONE)
    packages = _begin(starter.start, tmp_path)
    with pytest.raises(KeyboardInterrupt), packages.meanwhile():
        raise KeyboardInterrupt

    assert (True, []) == (starter.has_ended, os.listdir(tmp_path))
    _install(Installer(_DONE), tmp_path)
    with pytest.raises(KeyboardInterrupt), _begin(Starter().start, tmp_path).meanwhile():
        raise KeyboardInterrupt


def test_a_failed_installation_by_an_old_uv_is_an_error_of_its_version(tmp_path: Path) -> None:
    with pytest.raises(UvUnavailable) as caught:
        _install(Installer(_FAILED, _FAILED, version="uv 0.1.45"), tmp_path)

    assert ("0.1.45", "0.5.31") == (caught.value.values["version"], caught.value.values["oldest"])
    assert [] == os.listdir(tmp_path)


# Trying again.

_UNREACHED = Completed(
    2, "error: Failed to fetch: https://host/simple/tomli/\n  cause: Connection refused (os error 111) for url (https://host/)"
)


@pytest.mark.parametrize(
    ("answers", "tries", "waits"),
    [
        pytest.param([_FAILED, _UNREACHED, _DONE], 2, 1, id="once"),
        pytest.param([_FAILED, _UNREACHED, _UNREACHED, _DONE], 2, 2, id="twice"),
        pytest.param([_FAILED, _UNREACHED, _UNREACHED], 1, 1, id="too-often"),
        pytest.param([_FAILED, _UNREACHED], 0, 0, id="no-retries"),
        pytest.param([_FAILED, _FAILED], 2, 0, id="something-else"),
        pytest.param([_FAILED, _UNREACHED, _FAILED], 2, 1, id="something-else-then"),
    ],
)
def test_an_installation_is_retried_if_the_network_fails(tmp_path: Path, answers: list[Completed], tries: int, waits: int) -> None:
    waited: list[float] = []
    starter = Installer(*answers)
    packages = Dependencies(str(_REQUIREMENTS), Uv("/bin/uv", {}, starter.start), str(tmp_path), tries, waited.append)
    with nullcontext() if answers[-1] == _DONE else pytest.raises(UvUnavailable):
        packages.path()

    assert (waits, len(answers)) == (len(waited), len(starter.commands))
    assert [True, *[False] * (len(answers) - 1)] == starter.are_offline


def test_the_hashes_are_those_of_the_locked_versions() -> None:
    """`make requirements` writes both files."""
    files = _REQUIREMENTS.with_name("action-files.txt").read_text(encoding="utf-8")
    versions = set(re.findall(r"^[a-z-]+==\S+", _REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE))

    assert versions == set(re.findall(r"^# (\S+)$", files, re.MULTILINE))

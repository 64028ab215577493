"""Getting the action's own wheels, before there is anything else to work with."""

from __future__ import annotations

import binascii
import errno
import os
import sys
from pathlib import Path

import pytest

from tests.support import Recorder, words
from tools.shared import ROOT
from uv_system_sync.errors import ActionError, RunnerUnusable, SyncFailed, UvUnavailable
from uv_system_sync.process import Command, Completed, Relay
from uv_system_sync.uv import arguments, dependencies

_REQUIREMENTS = ROOT / "requirements" / "action.txt"


class Installer(Recorder):
    """A uv that makes the folder it is told to, where it succeeds."""

    def __call__(self, command: Command, relay: Relay | None = None) -> Completed:
        """Install, and answer."""
        completed = super().__call__(command, relay)
        if not completed.returncode:
            Path(self.folder, "tomli").mkdir(parents=True)
        return completed

    @property
    def folder(self) -> str:
        """The folder that the last command named."""
        argv = self.commands[-1].argv
        return argv[argv.index("--target") + 1]


def _environ(temp: Path) -> dict[str, str]:
    return {"RUNNER_TEMP": str(temp), "HOME": "/home"}


def _refused(kind: type[ActionError], environ: dict[str, str], run: Recorder) -> tuple[str, str]:
    with pytest.raises(kind) as caught:
        dependencies.own_wheels("/bin/uv", environ, run)
    return words(caught.value)


def test_own_wheels(tmp_path: Path) -> None:
    """The wheels are in a folder of the runner's temporary one, named for the Python and the lock that they belong to."""
    folder = dependencies.own_wheels("/bin/uv", _environ(tmp_path), Installer(Completed(0, "")))
    lock = f"{binascii.crc32(_REQUIREMENTS.read_bytes()):08x}"

    assert str(tmp_path / f"uv-system-sync-{sys.implementation.cache_tag}-{lock}") == folder
    assert ["tomli"] == os.listdir(folder)


def test_nothing_else_is_left(tmp_path: Path) -> None:
    """What was made on the way was made in the runner's temporary folder too, and is gone."""
    uv = Installer(Completed(0, ""))
    folder = dependencies.own_wheels("/bin/uv", _environ(tmp_path), uv)

    assert tmp_path in Path(uv.folder).parents
    assert [os.path.basename(folder)] == os.listdir(tmp_path)


def test_cached_wheels(tmp_path: Path) -> None:
    """Wheels that uv has in its cache are installed without asking an index."""
    uv = Installer(Completed(0, ""))
    dependencies.own_wheels("/bin/uv", _environ(tmp_path), uv)

    assert [arguments.own_wheels("/bin/uv", str(_REQUIREMENTS), uv.folder, _environ(tmp_path), offline=True)] == uv.commands


def test_wheels_that_are_not_cached(tmp_path: Path) -> None:
    """Wheels that uv does not have yet come from the index."""
    uv = Installer(Completed(2, "offline"), Completed(0, ""))
    dependencies.own_wheels("/bin/uv", _environ(tmp_path), uv)

    assert arguments.own_wheels("/bin/uv", str(_REQUIREMENTS), uv.folder, _environ(tmp_path)) == uv.commands[1]


def test_second_step_of_a_job(tmp_path: Path) -> None:
    """What an earlier step has installed is not installed again."""
    folder = dependencies.own_wheels("/bin/uv", _environ(tmp_path), Installer(Completed(0, "")))
    nothing_starts = Recorder()

    assert (folder, []) == (dependencies.own_wheels("/bin/uv", _environ(tmp_path), nothing_starts), nothing_starts.commands)


def test_two_steps_at_once(tmp_path: Path) -> None:
    """Where another step was faster, its folder is as good."""
    faster: list[str] = []

    class Slower(Installer):
        def __call__(self, command: Command, relay: Relay | None = None) -> Completed:
            faster.append(dependencies.own_wheels("/bin/uv", _environ(tmp_path), Installer(Completed(0, ""))))
            return super().__call__(command, relay)

    folder = dependencies.own_wheels("/bin/uv", _environ(tmp_path), Slower(Completed(0, "")))

    assert [folder] == faster
    assert [os.path.basename(folder)] == os.listdir(tmp_path)


def test_name_that_cannot_be_given(tmp_path: Path) -> None:
    """Wheels that are whole are used where they are when something keeps them from their name, as a virus scanner of Windows may."""

    class Hindered(Installer):
        def __call__(self, command: Command, relay: Relay | None = None) -> Completed:
            completed = super().__call__(command, relay)
            Path(self.folder.rpartition("-")[0]).write_text("not a folder", encoding="utf-8")
            return completed

    uv = Hindered(Completed(0, ""))
    folder = dependencies.own_wheels("/bin/uv", _environ(tmp_path), uv)

    assert (uv.folder, ["tomli"]) == (folder, os.listdir(folder))


def test_relative_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is an absolute path, because it goes into `sys.path`."""
    monkeypatch.chdir(tmp_path)
    folder = dependencies.own_wheels("/bin/uv", {"RUNNER_TEMP": "."}, Installer(Completed(0, "")))

    assert str(tmp_path) == os.path.dirname(folder)


@pytest.mark.parametrize("value", [None, "", "/nowhere", __file__], ids=["not-set", "empty", "missing", "a-file"])
def test_no_temporary_folder(value: str | None) -> None:
    """Without the runner's temporary folder, nothing is started."""
    expected = (
        f"`RUNNER_TEMP` is {value or ''!r}, which is not a folder.",
        "Run the action on a runner of GitHub Actions, which makes it.",
    )

    assert expected == _refused(RunnerUnusable, {} if value is None else {"RUNNER_TEMP": value}, Recorder())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write to")
def test_temporary_folder_that_cannot_be_written() -> None:
    """A temporary folder that takes nothing is an error of the runner's, and no bug."""
    message, hint = _refused(RunnerUnusable, {"RUNNER_TEMP": "/proc"}, Recorder())

    assert message.startswith("`RUNNER_TEMP` is /proc, which cannot be written: ")
    assert "Free space on the runner's disk, and leave its temporary folder writable." == hint


def test_uv_does_not_start(tmp_path: Path) -> None:
    """A uv that the system cannot start is refused with the system's reason."""
    uv = Recorder(OSError(errno.ENOEXEC, "Exec format error"))
    expected = ("/bin/uv does not start: Exec format error.", "Install uv in an earlier step, or set `uv-version`.")

    assert (expected, []) == (_refused(UvUnavailable, _environ(tmp_path), uv), os.listdir(tmp_path))


@pytest.mark.parametrize(
    ("output", "said"),
    [
        pytest.param("\nerror: no such host\n", "error: no such host", id="short"),
        pytest.param("x" * 3000 + "\n", "x" * 2500, id="long"),
    ],
)
@pytest.mark.parametrize("version", [Completed(0, "uv 0.13.9"), Completed(1, "no memory")], ids=["new-enough", "without-a-version"])
def test_uv_fails(tmp_path: Path, output: str, said: str, version: Completed) -> None:
    """Where no index has the wheels, uv's reason for it is quoted, and nothing is left."""
    uv = Recorder(Completed(2, "offline"), Completed(1, output), version)
    expected = (
        f"/bin/uv could not install what the action itself needs (exit status 1). It said: {said}",
        "Let uv reach an index that has actions-toolkit, packaging and tomli; `UV_DEFAULT_INDEX` names another one.",
    )

    assert (expected, []) == (_refused(UvUnavailable, _environ(tmp_path), uv), os.listdir(tmp_path))


def test_old_uv_fails(tmp_path: Path) -> None:
    """A uv that is too old to be told what to install is refused for its age, whatever it says itself."""
    complaint = Completed(2, "error: unexpected argument '--no-config' found")
    uv = Recorder(complaint, complaint, Completed(0, "uv 0.1.45\n"))
    expected = (
        "uv-system-sync needs uv 0.5.31 or newer, and /bin/uv is uv 0.1.45.",
        "Set `uv-version` to a newer one, or put a newer uv first on PATH.",
    )

    assert (expected, []) == (_refused(UvUnavailable, _environ(tmp_path), uv), os.listdir(tmp_path))
    assert arguments.version("/bin/uv", _environ(tmp_path)) == uv.commands[-1]


def test_complain(capsys: pytest.CaptureFixture[str]) -> None:
    """Before there is an actions-toolkit, an error is an annotation all the same."""
    dependencies.complain(SyncFailed("50%:\r\n::error::no", "Try again.\nPlease."))

    assert "::error title=sync-failed::50%25:%0D%0A::error::no%0ATry again.%0APlease.\n" == capsys.readouterr().out


def test_complain_in_detail(capsys: pytest.CaptureFixture[str]) -> None:
    """Details go to a group of the log before the annotation, and no line of them is a command."""
    details = 'Traceback:\n  File "a"\n::error::no\n##[error]no\n'
    dependencies.complain(SyncFailed("It failed.", "Try again."), details=details)
    *group, annotation = capsys.readouterr().out.splitlines()

    assert ["::group::Details", "| Traceback:", '|   File "a"', "| ::error::no", "| ##\\[error]no", "::endgroup::"] == group
    assert "::error title=sync-failed::It failed.%0ATry again." == annotation


def test_mask(capsys: pytest.CaptureFixture[str]) -> None:
    """Secrets are told to the runner in the runner's own way, whatever they hold."""
    dependencies.mask(["50%\nx", "y"])

    assert "::add-mask::50%25%0Ax\n::add-mask::y\n" == capsys.readouterr().out

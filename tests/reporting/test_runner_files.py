"""The runner's files, read back as the runner reads them. tests/fuzz/test_github.py covers arbitrary values."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tools.shared.runner_files import StepFiles, read_env
from uv_system_sync.errors import RunnerUnusable, SyncFailed
from uv_system_sync.reporting import runner_files
from uv_system_sync.reporting.runner_files import append_all, assignments, protected

posix = pytest.mark.skipif(os.name == "nt", reason="needs named pipes and links without privileges")


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ENV": ""}], ids=["not-set", "empty"])
def test_a_variable_without_a_path_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(RunnerUnusable) as caught:
        runner_files.path(environ, "GITHUB_ENV")

    assert "GITHUB_ENV" == caught.value.values["variable"]


@pytest.mark.parametrize(
    "value",
    [
        *("1", "", "a\nb\n\nc\n", "a\r\nb\r", "a\nB=1\nC<<D\n2\nD", "  a  ", "ü ☃ 日本語 \u2028\x85 \U0001f40d"),
        "ghadelimiter_\nEOF\nghadelimiter_00000000-0000-0000-0000-000000000000",
        "=<<=a<<b ::set-env name=A::1 ##[error] \t$HOME `id` %0A",
    ],
)
def test_a_value_sets_only_its_own_variable(tmp_path: Path, value: str) -> None:
    (tmp_path / "env").write_bytes(assignments({"FIRST": value, "SECOND": "2"}).encode())

    assert {"FIRST": value, "SECOND": "2"} == read_env(tmp_path / "env")


def test_texts_are_appended_unchanged_and_missing_files_are_created(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"before\r\n")
    append_all([(str(tmp_path / "one"), "a\nb\n"), (str(tmp_path / "two"), "☃\udcff"), (str(tmp_path / "one"), "c")])

    assert (b"before\r\na\nb\nc", "☃".encode() + b"\xff") == ((tmp_path / "one").read_bytes(), (tmp_path / "two").read_bytes())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param(".", errno.EISDIR, id="folder"),
        pytest.param("missing/file", errno.ENOENT, id="below-a-missing-folder"),
        pytest.param(
            "/dev/full", errno.ENOSPC, id="full-disk", marks=pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
        ),
    ],
)
def test_an_unwritable_path_is_an_error_with_its_name_and_all_files_are_restored(tmp_path: Path, wrong: str, reason: int) -> None:
    (tmp_path / "one").write_text("before\n", encoding="utf-8")
    path = os.path.normpath(tmp_path / wrong)
    with pytest.raises(RunnerUnusable) as caught:
        append_all([(str(tmp_path / "one"), "a\n"), (str(tmp_path / "new"), "b\n"), (path, "c\n")])

    assert (path, os.strerror(reason)) == (caught.value.values["path"], caught.value.values["reason"])
    assert "before\n" == (tmp_path / "one").read_text(encoding="utf-8")
    assert ["one"] == os.listdir(tmp_path)


def test_all_files_are_restored_after_any_other_failure(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        append_all([(str(tmp_path / "one"), "a\n"), (str(tmp_path / "two"), "\ud800")])

    assert [] == os.listdir(tmp_path)


def test_changes_to_protected_files_are_undone_and_named_in_the_error(runner: StepFiles) -> None:
    runner.env.write_text("A=1\n", encoding="utf-8")

    def intrude() -> None:
        with protected(runner.environ):
            runner.env.write_text("A=1\nPATH=/evil\n", encoding="utf-8")
            runner.path.write_text("/evil\n", encoding="utf-8")
            runner.output.unlink()

    with pytest.raises(RunnerUnusable) as caught:
        intrude()

    assert ("A=1\n", "", "") == tuple(path.read_text(encoding="utf-8") for path in (runner.env, runner.path, runner.output))
    assert f"{runner.env}, {runner.path}, {runner.output}" == caught.value.values["files"]
    assert "The change was undone" == caught.value.values["undone"]


def test_a_change_that_cannot_be_undone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "env").write_text("A=1\n", encoding="utf-8")

    def intrude() -> None:
        with protected({"GITHUB_ENV": str(tmp_path / "folder" / "env")}):
            (tmp_path / "folder" / "env").unlink()
            (tmp_path / "folder").rmdir()

    with pytest.raises(RunnerUnusable) as caught:
        intrude()

    assert "The change could not be undone" == caught.value.values["undone"]


def test_an_interruption_is_raised_after_changes_were_undone(runner: StepFiles) -> None:
    def intrude() -> None:
        with protected(runner.environ):
            runner.summary.write_text("evil", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intrude()

    assert runner.are_empty()


def test_unchanged_and_missing_files_are_not_an_error(runner: StepFiles) -> None:
    with protected({**runner.environ, "GITHUB_STATE": str(runner.temp / "none")}):
        pass

    assert not (runner.temp / "none").exists()


@posix
@pytest.mark.parametrize("kind", ["pipe", "link-to-a-file", "link-to-a-folder"])
def test_a_pipe_or_link_in_place_of_a_protected_file_is_replaced_without_reading_it(runner: StepFiles, tmp_path: Path, kind: str) -> None:
    kept = tmp_path / "elsewhere" / "kept"
    kept.parent.mkdir()
    kept.write_text("precious", encoding="utf-8")

    def intrude() -> None:
        with protected(runner.environ):
            runner.env.unlink()
            if kind == "pipe":
                os.mkfifo(runner.env)
            else:
                runner.env.symlink_to(kept if kind == "link-to-a-file" else kept.parent)

    with pytest.raises(RunnerUnusable):
        intrude()

    assert (True, False, "precious") == (runner.env.is_file(), runner.env.is_symlink(), kept.read_text(encoding="utf-8"))


def _contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


@pytest.mark.parametrize("is_runners", [True, False], ids=["runners", "any"])
def test_only_the_runners_own_folder_is_protected_as_a_whole(tmp_path: Path, *, is_runners: bool) -> None:
    folder = tmp_path / ("_runner_file_commands" if is_runners else "commands")
    folder.mkdir()
    (folder / "env").touch()
    (folder / "outer").write_text("A=1\n", encoding="utf-8")

    def intrude() -> None:
        with protected({"GITHUB_ENV": str(folder / "env")}):
            (folder / "outer").write_text("A=2\n", encoding="utf-8")
            (folder / "new").touch()

    if is_runners:
        with pytest.raises(RunnerUnusable):
            intrude()
    else:
        intrude()

    assert ({"env": "", "outer": "A=1\n"} if is_runners else {"env": "", "outer": "A=2\n", "new": ""}) == _contents(folder)


def test_changes_after_the_end_of_protection_are_kept(runner: StepFiles) -> None:
    with protected(runner.environ) as end:
        end()
        runner.env.write_text("A=1\n", encoding="utf-8")

    assert "A=1\n" == runner.env.read_text(encoding="utf-8")


@pytest.mark.parametrize("error", [SyncFailed("No.", "Yes."), ValueError()], ids=["action-error", "bug"])
def test_a_change_replaces_an_action_error_but_not_a_bug(runner: StepFiles, error: Exception) -> None:
    def intrude() -> None:
        with protected(runner.environ):
            runner.env.write_text("EVIL=1\n", encoding="utf-8")
            raise error

    with pytest.raises(RunnerUnusable if isinstance(error, SyncFailed) else ValueError):
        intrude()

    assert runner.are_empty()

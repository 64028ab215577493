"""Keeping the runner's files as they are while outside code runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import words
from tools.shared.runner_files import StepFiles
from uv_system_sync.errors import RunnerUnusable
from uv_system_sync.reporting.runner_files import sealed


def test_sealed(runner: StepFiles) -> None:
    """What something else writes to the step's files is undone, and an error that names them."""
    runner.env.write_text("A=1\n", encoding="utf-8")

    def intrude() -> None:
        with sealed(runner.environ):
            runner.env.write_text("A=1\nPATH=/evil\n", encoding="utf-8")
            runner.path.write_text("/evil\n", encoding="utf-8")
            runner.output.unlink()

    with pytest.raises(RunnerUnusable) as caught:
        intrude()

    assert ("A=1\n", "", "") == tuple(path.read_text(encoding="utf-8") for path in (runner.env, runner.path, runner.output))
    expected = (
        f"While uv ran, something wrote to {runner.env}, {runner.path}, {runner.output}, which only this step may write to. It was undone.",
        "Find out which package's build did it: it tried to change what later steps get.",
    )
    assert expected == words(caught.value)


def test_sealed_and_interrupted(runner: StepFiles) -> None:
    """An interruption goes on as such, after what was written was undone."""

    def intrude() -> None:
        with sealed(runner.environ):
            runner.summary.write_text("evil", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intrude()

    assert runner.are_empty()


def test_sealed_and_nothing_written(runner: StepFiles) -> None:
    """Files that stay as they are are no error, and neither are those that there are none of."""
    with sealed({**runner.environ, "GITHUB_STATE": str(runner.temp / "none")}):
        pass

    assert not (runner.temp / "none").exists()


@pytest.mark.skipif(os.name == "nt", reason="only POSIX has named pipes, and links for everyone")
@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_sealed_against_what_is_no_file(runner: StepFiles, tmp_path: Path, kind: str) -> None:
    """What takes the place of a file is replaced by the file, without being read or followed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious", encoding="utf-8")

    def intrude() -> None:
        with sealed(runner.environ):
            runner.env.unlink()
            if kind == "pipe":
                os.mkfifo(runner.env)
            elif kind == "link":
                runner.env.symlink_to(elsewhere)
            else:
                (runner.env / "inside").mkdir(parents=True)

    with pytest.raises(RunnerUnusable):
        intrude()

    assert (True, False, "precious") == (runner.env.is_file(), runner.env.is_symlink(), elsewhere.read_text(encoding="utf-8"))

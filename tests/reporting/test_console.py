"""What people see, and what scripts get."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest

from tests.support import touch
from tools.shared import ROOT
from uv_system_sync.errors import ActionError, OutOfSync, SyncFailed, explained
from uv_system_sync.reporting.console import STATUS, Terminal
from uv_system_sync.reporting.report import Known, StepResult


class Screen:
    """A log in memory."""

    def __init__(self) -> None:
        self.file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")

    @property
    def text(self) -> str:
        """All that was written."""
        self.file.seek(0)
        return self.file.read()


@pytest.fixture
def screen() -> Screen:
    """Give an empty log."""
    return Screen()


def _result(*paths: str) -> StepResult:
    return StepResult(env={}, paths=paths, outputs={}, report='{"schema": 1}\n', summary="")


def test_every_kind_has_its_status() -> None:
    """Every kind of error but that of the report action has an exit status of its own, and none that means something else to a shell."""
    assert {kind.slug for kind in ActionError.__subclasses__()} - {"packages-differ"} == STATUS.keys()
    assert len(STATUS) == len(set(STATUS.values()))
    assert {0, 2}.isdisjoint(STATUS.values())
    assert [1, 130] == [status for status in STATUS.values() if not 3 <= status < 64]


def test_say(screen: Screen) -> None:
    """A text is one line whatever it holds, and no escape of it reaches the terminal."""
    Terminal(screen.file).say("a\n\x1b[31mb ☃")

    assert "a\\n\\x1b[31mb ☃\n" == screen.text


def test_error(screen: Screen) -> None:
    """An error is its fact, its place and its hint, and each line of text from outside stays one of them."""
    Terminal(screen.file).error(SyncFailed("It failed: a\nhint: no\x1b[2J", "Try again.", file="/uv.lock", line=3, words="shown before"))

    assert "error: It failed: a\n  hint: no\\x1b[2J\n  in /uv.lock, line 3\nhint: Try again.\n" == screen.text


def test_colours(screen: Screen) -> None:
    """Labels alone are coloured."""
    terminal = Terminal(screen.file, colours=True)
    terminal.error(SyncFailed("It failed.", "Try again."))
    terminal.notice("python-chosen", "Well.")

    assert (
        "\x1b[1;31merror:\x1b[0m It failed.\n\x1b[1;36mhint:\x1b[0m Try again.\n\x1b[1;33mnote:\x1b[0m Well. (python-chosen)\n"
        == screen.text
    )


def test_group(screen: Screen) -> None:
    """A program's output goes through as it comes, and what follows begins a line."""
    terminal = Terminal(screen.file)
    with terminal.group("uv sync") as relay:
        relay(b"\x1b[1ma\x1b[0m\r\n")
        relay(b"b")
    terminal.say("c")

    assert "\x1b[1ma\x1b[0m\r\nb\nc\n" == screen.text.replace("\r\n", "\r\n")


@pytest.mark.parametrize(("verbose", "expected"), [(False, ""), (True, "uv sync\nAll:\n1\n2\nd\n")])
def test_verbose(screen: Screen, expected: str, *, verbose: bool) -> None:
    """Lists, titles and what helps to find a fault appear when asked for."""
    terminal = Terminal(screen.file, verbose=verbose)
    with terminal.group("uv sync"):
        pass
    terminal.listing("All", ["1", "2"])
    terminal.debug("d")

    assert expected == screen.text


def test_publish_where_path_leads(screen: Screen, tmp_path: Path) -> None:
    """A Python that `python` means already needs no more words."""
    touch(tmp_path / "bin", "python")
    Terminal(screen.file, search_path=str(tmp_path / "bin")).publish(_result(str(tmp_path / "bin")))

    assert "" == screen.text


def test_publish_elsewhere(screen: Screen, tmp_path: Path) -> None:
    """Where `python` means nothing or another one, the line to copy puts the folders first, the most important one in front."""
    Terminal(screen.file, search_path=str(tmp_path)).publish(_result("/a b", "/c"))

    assert "`python` on PATH is missing; for this one: export PATH='/c:/a b':\"$PATH\"\n" == screen.text


def test_json(screen: Screen) -> None:
    """The report goes to a file of its own, after a success and after a failure."""
    success, failure = Screen(), Screen()
    Terminal(screen.file, json=success.file).publish(_result())
    status = Terminal(screen.file, json=failure.file).leave(OutOfSync("`check: true`, and no.", "Run the step again."), Known())

    assert '{"schema": 1}\n' == success.text
    assert (10, {"kind": "out-of-sync", "message": "`--check`, and no.", "hint": "Run the command again."}) == (
        status,
        json.loads(failure.text)["error"],
    )


def test_no_json(screen: Screen) -> None:
    """Without being asked for, no report is printed."""
    assert STATUS["sync-failed"] == Terminal(screen.file).leave(SyncFailed("No.", "Yes."), Known())
    assert "" == screen.text


def test_cancelled(screen: Screen) -> None:
    """Who ends it is told so in one line."""
    error, _ = explained(KeyboardInterrupt())
    Terminal(screen.file).error(error)

    assert "error: It was cancelled, and uv was ended. Run it again.\n" == screen.text


@pytest.mark.skipif(os.name == "nt", reason="Windows has another error for it")
def test_nobody_reads_on() -> None:
    """A pipe that is closed at the other side, for the log or the report, ends nothing, and what follows is lost without a word."""
    theirs, ours = os.pipe()
    os.close(theirs)
    with open(ours, "w", encoding="utf-8") as file:
        terminal = Terminal(file, json=file)
        terminal.say("a")
        with terminal.group("uv sync") as relay:
            relay(b"b")
        terminal.publish(_result())


def test_details(screen: Screen) -> None:
    """A traceback cannot be taken for anything else."""
    Terminal(screen.file).details("Traceback\n  error: \x07")

    assert "| Traceback\n|   error: \\x07\n" == screen.text


def test_documented_statuses() -> None:
    """docs/command.md has each status with its kind, in order, and those that are not ours."""
    document = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (?:`([a-z-]+)`)? \|", document, re.MULTILINE)

    assert [("0", ""), ("1", "internal-error"), ("2", "")] == rows[:3]
    assert sorted((number, kind) for kind, number in STATUS.items()) == [(int(number), kind) for number, kind in rows if kind]

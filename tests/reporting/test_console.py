"""The reporter of the command line."""

from __future__ import annotations

import json
import os

import pytest

from tests.support.log_file import LogFile
from uv_system_sync.errors import OutOfSync, SyncFailed
from uv_system_sync.reporting.console import ConsoleReporter
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.report import Result
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import message

ERROR = SyncFailed("It failed.", "Try again.")
RESULT = Result(env={}, paths=(), outputs={}, report='{"schema": 1}\n', summary="")


def test_a_text_is_one_line_without_escape_sequences(log: LogFile) -> None:
    ConsoleReporter(log).info("a\n\x1b[31mb ☃")

    assert "a\\n\\x1b[31mb ☃\n" == log.text


@pytest.mark.parametrize(("file", "line", "where"), [("/uv.lock", 3, "/uv.lock, line 3"), ("/uv.lock", None, "/uv.lock")])
def test_an_error_shows_its_message_its_place_and_its_hint(log: LogFile, file: str, line: int | None, where: str) -> None:
    error = SyncFailed("It failed: {reason}", "Try again.", file=file, line=line, words="shown before", reason="a\nhint: no\x1b[2J")
    ConsoleReporter(log).error(error, "")

    assert f"error: It failed: a\n  hint: no\\x1b[2J\n  in {where}\nhint: Try again.\n" == log.text


def test_details_are_quoted_before_the_error(log: LogFile) -> None:
    ConsoleReporter(log).error(ERROR, "Traceback\n  error: \x07")

    assert "| Traceback\n|   error: \\x07\nerror: It failed.\nhint: Try again.\n" == log.text


def test_labels_are_coloured_and_headlines_and_errors_are_bold(log: LogFile) -> None:
    reporter = ConsoleReporter(log, colours=True)
    reporter.info("a")
    reporter.headline("5 packages")
    reporter.notice(Notice("python-chosen", message("Well.")))
    reporter.error(SyncFailed("It failed:\nhere.", "Try again."), "")

    info, headline, note, error, more, hint = log.lines
    assert ("a", "\x1b[1m5 packages\x1b[0m") == (info, headline)
    assert "\x1b[1;33mnote:\x1b[0m Well. (python-chosen)" == note
    assert ("\x1b[1;31merror:\x1b[0m \x1b[1mIt failed:\x1b[0m", "  here.") == (error, more)
    assert "\x1b[1;36mhint:\x1b[0m Try again." == hint


def test_nothing_is_bold_without_colours(log: LogFile) -> None:
    ConsoleReporter(log).headline("5 packages\x1b[1m")

    assert "5 packages\\x1b[1m\n" == log.text


def test_quiet_writes_nothing_after_a_success(log: LogFile) -> None:
    reporter = ConsoleReporter(log, quiet=True)
    reporter.info("a")
    reporter.headline("b")
    reporter.notice(Notice("python-chosen", message("Well.")))
    with reporter.group("uv sync") as relay:
        relay(b"Resolved\n")
    reporter.publish(RESULT)

    assert "" == log.text


def test_quiet_shows_the_output_of_uv_before_an_error(log: LogFile) -> None:
    reporter = ConsoleReporter(log, quiet=True)
    reporter.info("a")
    for number in (b"1", b"2"):
        with reporter.group("uv sync") as relay:
            relay(b"error: " + number)
    reporter.error(SyncFailed("It failed.", "Try again.", file="/uv.lock"), "")

    assert "\nerror: 1\n\n\nerror: 2\n\nerror: It failed.\n  in /uv.lock\nhint: Try again.\n" == log.text


def test_program_output_is_written_unchanged_between_empty_lines_and_its_last_line_is_completed(log: LogFile) -> None:
    reporter = ConsoleReporter(log)
    with reporter.group("uv sync") as relay:
        relay(b"\x1b[1ma\x1b[0m\r\n")
        relay(b"b\xff")
        relay(b"")
    reporter.info("c")

    assert b"\n\x1b[1ma\x1b[0m\r\nb\xff\n\nc\n" == log.content


@pytest.mark.parametrize("pieces", [[], [b""]])
def test_a_program_that_prints_nothing_leaves_no_empty_lines(log: LogFile, pieces: list[bytes]) -> None:
    with ConsoleReporter(log).group("uv sync") as relay:
        for piece in pieces:
            relay(piece)

    assert "" == log.text


@pytest.mark.parametrize(("verbose", "expected"), [(False, ""), (True, "uv sync\nAll:\n1\n2\nd\n")])
def test_titles_lists_and_debug_lines_are_written_only_if_verbose(log: LogFile, expected: str, *, verbose: bool) -> None:
    reporter = ConsoleReporter(log, verbose=verbose)
    with reporter.group("uv sync"):
        pass
    reporter.listing("All", ["1", "2"])
    reporter.debug("d")

    assert (verbose, expected) == (reporter.is_debugging, log.text)


def test_the_report_is_written_to_its_own_file(log: LogFile) -> None:
    success, failure = LogFile(), LogFile()
    ConsoleReporter(log, json=success).publish(RESULT)
    status = ConsoleReporter(log, json=failure).publish_failure(OutOfSync("No.", "Yes."), RunContext())

    assert '{"schema": 1}\n' == success.text
    assert (OutOfSync.exit_status, {"kind": "out-of-sync", "message": "No.", "hint": "Yes."}) == (status, json.loads(failure.text)["error"])


def test_no_report_is_written_unless_asked_for(log: LogFile) -> None:
    assert SyncFailed.exit_status == ConsoleReporter(log).publish_failure(ERROR, RunContext())
    assert "" == log.text


@pytest.mark.skipif(os.name == "nt", reason="Windows raises another error")
def test_a_log_whose_reader_has_gone_is_no_error() -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    with open(ours, "w", encoding="utf-8") as file:
        reporter = ConsoleReporter(file, json=file)
        reporter.info("a")
        with reporter.group("uv sync") as relay:
            relay(b"b")
        reporter.publish(RESULT)

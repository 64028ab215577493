"""Tells people at a terminal, in a log or in a pipe what a run has to say."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterable, Iterator, TextIO

from uv_system_sync.errors import Cancelled
from uv_system_sync.interpreter import discovery
from uv_system_sync.reporting import report, wording
from uv_system_sync.reporting.reporter import printable

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.process import Relay
    from uv_system_sync.reporting.report import Known, StepResult

# The exit status for each kind of error; 2 is argparse's own, for a command line that cannot be understood.
STATUS = {
    "internal-error": 1,
    "invalid-input": 3,
    "python-not-found": 4,
    "python-unsuitable": 5,
    "python-rejected": 6,
    "project-invalid": 7,
    "lock-missing": 8,
    "lock-outdated": 9,
    "out-of-sync": 10,
    "uv-unavailable": 11,
    "sync-failed": 12,
    "runner-unusable": 13,
    "cancelled": 130,
}

_COLOURS = {"error": "1;31", "hint": "1;36", "note": "1;33"}


class Terminal:
    """A voice for people: lines on `log` and, where there is one, the report on `json`."""

    def __init__(
        self,
        log: TextIO,
        *,
        json: TextIO | None = None,
        search_path: str = "",
        colours: bool = False,
        verbose: bool = False,
    ) -> None:
        self._log = log
        self._json = json
        self._search_path = search_path
        self.colours = colours
        self.is_debugged = verbose

    def say(self, text: str) -> None:
        """Write `text` as one line, in the words of a shell."""
        self._write(printable(wording.of_a_shell(text)))

    def debug(self, text: str) -> None:
        """Write `text` when asked for more."""
        if self.is_debugged:
            self._write(printable(text))

    def notice(self, title: str, message: str) -> None:
        """Write a `message` that is no error."""
        self._labelled("note", f"{message} ({title})")

    @contextmanager
    def group(self, title: str) -> Iterator[Relay]:
        """Let the output of a program through as it comes, and end its last line."""
        self.debug(title)
        last = b"\n"

        def relay(piece: bytes) -> None:
            nonlocal last
            last = piece[-1:] or last
            put(self._log, piece)

        try:
            yield relay
        finally:
            if last != b"\n":
                self._write("")

    def listing(self, title: str, lines: Iterable[str]) -> None:
        """Write `lines` when asked for more: uv has told what is new."""
        for line in (f"{title}:", *lines) if self.is_debugged else ():
            self.debug(line)

    def publish(self, result: StepResult) -> None:
        """Print the report if it is asked for, and say how to get at what is installed when PATH does not lead there."""
        found = discovery.program("python", self._search_path)
        if not (found and any(discovery.same(os.path.dirname(found), folder) for folder in result.paths)):
            import shlex

            folders = shlex.quote(os.pathsep.join(reversed(result.paths)))
            self._write(printable(f'`python` on PATH is {found or "missing"}; for this one: export PATH={folders}:"$PATH"'))
        self._report(result.report)

    def error(self, error: ActionError) -> None:
        """Write the error, where it is and its hint; uv's own words were shown as they came."""
        if isinstance(error, Cancelled):
            # Who did it knows what it is about.
            self._labelled("error", f"{error.message} {error.hint}")
            return
        self._labelled("error", error.message)
        if error.file is not None:
            self._write(printable(f"  in {error.file}" + (f", line {error.line}" if error.line is not None else "")))
        self._labelled("hint", error.hint)

    def leave(self, error: ActionError, known: Known) -> int:
        """Print the report of the failure if it is asked for, and return the exit status for its kind."""
        self._report(report.failure(_translated(error), known))
        return STATUS[error.slug]

    def details(self, text: str) -> None:
        """Write what only a report of a bug needs."""
        for line in text.splitlines():
            self._write(f"| {printable(line)}")

    def _labelled(self, label: str, text: str) -> None:
        first, *rest = [printable(line) for line in wording.of_a_shell(text).splitlines()] or [""]
        shown = f"\x1b[{_COLOURS[label]}m{label}:\x1b[0m" if self.colours else f"{label}:"
        for line in (f"{shown} {first}", *(f"  {line}" for line in rest)):
            self._write(line)

    def _report(self, text: str) -> None:
        if self._json is not None:
            put(self._json, text)

    def _write(self, line: str) -> None:
        put(self._log, f"{line}\n")


def put(file: TextIO, text: str | bytes) -> None:
    """Write `text` and all before it to `file`, or to nowhere once nobody reads on, as behind `| head -1`."""
    try:
        if isinstance(text, bytes):
            file.buffer.write(text)
        else:
            file.write(text)
        file.flush()
    except BrokenPipeError:
        # No reason to leave a sync half done; nor is it one for the interpreter to complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


def _translated(error: ActionError) -> ActionError:
    message, hint = map(wording.of_a_shell, (error.message, error.hint))
    return type(error)(message, hint, file=error.file, line=error.line, words=error.words)

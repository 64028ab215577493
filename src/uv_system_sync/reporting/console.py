"""Reports to people at a terminal or behind a log, and to scripts as JSON."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterable, Iterator, Sequence, TextIO

from uv_system_sync import environment
from uv_system_sync.reporting import report
from uv_system_sync.text import Option, by_name, printable

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.process import Relay
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.report import Result
    from uv_system_sync.reporting.reporter import Notice

_COLOURS = {"error": "1;31", "hint": "1;36", "note": "1;33"}

# Inputs whose options are given once for each name.
_SINGULAR = {"extras": "extra", "groups": "group", "only-groups": "only-group", "packages": "package"}


class ConsoleReporter:
    """A reporter that writes lines to `log` and, if there is one, the report to `json`."""

    def __init__(
        self, log: TextIO, *, json: TextIO | None = None, colours: bool = False, verbose: bool = False, quiet: bool = False
    ) -> None:
        self._log = log
        self._json = json
        self._secrets: Sequence[str] = ()
        self._is_quiet = quiet
        # What programs have printed and was not shown, which an error may be about.
        self._unseen = b""
        self.colours = colours
        self.is_debugging = verbose

    def spell(self, option: Option) -> str:
        """Return `option` as one of the command line."""
        if option.name == "args":
            return "the arguments after `--`"
        if option.name == "uv-version":
            # The command has no such option.
            return by_name(option)
        if option == ("inexact", "false"):
            return "`--exact`"
        if option.name in _SINGULAR and option.value:
            return f"`{' '.join(f'--{_SINGULAR[option.name]} {name}' for name in option.value.split())}`"
        value = "" if option.value == "true" else option.value
        return f"`--{_SINGULAR.get(option.name, option.name)}{value and ' '}{value}`"

    def mask(self, secrets: Sequence[str]) -> None:
        """Hide `secrets` in everything that is written from now on, except in the output of a program."""
        self._secrets = secrets

    def redact(self, text: str) -> str:
        """Return `text` without secrets."""
        return environment.redacted(text, self._secrets)

    def info(self, text: str) -> None:
        """Write `text` as one line."""
        if not self._is_quiet:
            self._line(printable(self.redact(text)))

    def headline(self, text: str) -> None:
        """Write `text` as the line that matters most."""
        if not self._is_quiet:
            self._line(self._bold(printable(self.redact(text))))

    def debug(self, text: str) -> None:
        """Write `text` if more was asked for."""
        if self.is_debugging:
            self.info(text)

    def notice(self, notice: Notice) -> None:
        """Write `notice`."""
        if not self._is_quiet:
            self._labelled("note", f"{notice.message.render(self.spell)} ({notice.title})")

    @contextmanager
    def group(self, title: str) -> Iterator[Relay]:
        """Pass the output of a program through as it comes, between empty lines, and end its last line."""
        self.debug(title)
        last = b""

        def relay(piece: bytes) -> None:
            nonlocal last
            piece = piece if last or not piece else b"\n" + piece
            last = piece[-1:] or last
            if self._is_quiet:
                self._unseen += piece
            else:
                put(self._log, piece)

        try:
            yield relay
        finally:
            if last:
                relay(b"\n" if last == b"\n" else b"\n\n")

    def listing(self, title: str, lines: Iterable[str]) -> None:
        """Write `lines` if more was asked for; uv has shown what is new."""
        for line in (f"{title}:", *lines) if self.is_debugging else ():
            self.debug(line)

    def prepare_to_publish(self) -> None:
        """Do nothing."""

    def publish(self, result: Result) -> None:
        """Print the report if it was asked for."""
        self._report(result.report)

    def error(self, error: ActionError, details: str) -> None:
        """Write the error, its place and its hint, after all that uv has printed."""
        self._is_quiet = False
        put(self._log, self._unseen)
        for line in details.splitlines():
            self._line(f"| {printable(line)}")
        self._labelled("error", error.message.render(self.spell), is_bold=True)
        if error.file is not None:
            self.info(f"  in {error.file}" + (f", line {error.line}" if error.line is not None else ""))
        self._labelled("hint", error.hint.render(self.spell))

    def publish_failure(self, error: ActionError, context: RunContext) -> int:
        """Print the report of the failure if it was asked for, and return the exit status for this kind of error."""
        self._report(report.failure(error, context, self.spell))
        return error.exit_status

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colours else text

    def _labelled(self, label: str, text: str, *, is_bold: bool = False) -> None:
        first, *rest = map(printable, text.splitlines() or [""])
        first = self._bold(first) if is_bold else first
        shown = f"\x1b[{_COLOURS[label]}m{label}:\x1b[0m" if self.colours else f"{label}:"
        self._line("\n  ".join([f"{shown} {first}", *rest]))

    def _report(self, text: str) -> None:
        if self._json is not None:
            put(self._json, text)

    def _line(self, line: str) -> None:
        put(self._log, f"{line}\n")


def put(file: TextIO, text: str | bytes) -> None:
    """Write `text` and all before it to `file`, or to nowhere once nobody reads it any more, as behind `| head -1`."""
    try:
        if isinstance(text, bytes):
            file.buffer.write(text)
        else:
            file.write(text)
        file.flush()
    except BrokenPipeError:
        # No reason to leave a sync half done, nor for the interpreter to complain when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())

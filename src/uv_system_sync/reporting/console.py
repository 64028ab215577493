"""The reporter of the command line: lines for people, JSON for scripts."""

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

# Inputs that list names. On the command line, the option is singular and repeated for each name.
_SINGULAR = {"extras": "extra", "groups": "group", "only-groups": "only-group", "packages": "package"}


class ConsoleReporter:
    """Writes progress to `log`, or only errors if `quiet`, and the report to `json`, if given."""

    def __init__(
        self, log: TextIO, *, json: TextIO | None = None, colours: bool = False, verbose: bool = False, quiet: bool = False
    ) -> None:
        self._log = log
        self._json = json
        self._secrets: Sequence[str] = ()
        self._is_quiet = quiet
        # The program output that `quiet` held back. An error shows it, because the cause may be in it.
        self._held_back = b""
        self.colours = colours
        self.is_debugging = verbose

    def spell(self, option: Option) -> str:
        """Return `option` as the command line spells it."""
        if option.name == "args":
            return "the arguments after `--`"
        if option.name == "uv-version":
            # The command line has no such option.
            return by_name(option)
        if option == ("inexact", "false"):
            return "`--exact`"
        flag = f"--{_SINGULAR.get(option.name, option.name)}"
        if option.name in _SINGULAR and option.value:
            return "`" + " ".join(f"{flag} {name}" for name in option.value.split()) + "`"
        return f"`{flag}`" if option.value in ("", "true") else f"`{flag} {option.value}`"

    def mask(self, secrets: Sequence[str]) -> None:
        """Hide `secrets` in everything written from now on, except in the output of programs."""
        self._secrets = secrets

    def redact(self, text: str) -> str:
        """Return `text` without secrets."""
        return environment.redacted(text, self._secrets)

    def info(self, text: str) -> None:
        """Write `text` as one line."""
        if not self._is_quiet:
            self._line(printable(self.redact(text)))

    def headline(self, text: str) -> None:
        """Write `text` as one bold line."""
        if not self._is_quiet:
            self._line(self._bold(printable(self.redact(text))))

    def debug(self, text: str) -> None:
        """Write `text` as one line if the output is verbose."""
        if self.is_debugging:
            self.info(text)

    def notice(self, notice: Notice) -> None:
        """Write the sentence and the title of `notice`."""
        if not self._is_quiet:
            self._labelled("note", f"{notice.message.render(self.spell)} ({notice.title})")

    @contextmanager
    def group(self, title: str) -> Iterator[Relay]:
        """Provide a relay that writes program output unchanged, between empty lines, and complete its last line."""
        self.debug(title)
        last_byte = b""

        def relay(piece: bytes) -> None:
            nonlocal last_byte
            if not piece:
                return
            if not last_byte:
                piece = b"\n" + piece
            last_byte = piece[-1:]
            if self._is_quiet:
                self._held_back += piece
            else:
                put(self._log, piece)

        try:
            yield relay
        finally:
            if last_byte:
                relay(b"\n" if last_byte == b"\n" else b"\n\n")

    def listing(self, title: str, lines: Iterable[str]) -> None:
        """Write `title` and `lines` if the output is verbose."""
        for line in (f"{title}:", *lines):
            self.debug(line)

    def prepare_to_publish(self) -> None:
        """Do nothing."""

    def publish(self, result: Result) -> None:
        """Write the report, if asked for."""
        self._report(result.report)

    def error(self, error: ActionError, details: str) -> None:
        """Write the error, its place and its hint, after any output that was held back and the `details`."""
        self._is_quiet = False
        put(self._log, self._held_back)
        for line in details.splitlines():
            self._line(f"| {printable(line)}")
        self._labelled("error", error.message.render(self.spell))
        if error.file is not None:
            self.info(f"  in {error.file}" + (f", line {error.line}" if error.line is not None else ""))
        self._labelled("hint", error.hint.render(self.spell))

    def publish_failure(self, error: ActionError, context: RunContext) -> int:
        """Write the report of the failure, if asked for, and return the exit status of `error`."""
        self._report(report.failure(error, context, self.spell))
        return error.exit_status

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colours else text

    def _labelled(self, label: str, text: str) -> None:
        first, *rest = [printable(line) for line in text.splitlines() or [""]]
        if label == "error":
            first = self._bold(first)
        shown_label = f"\x1b[{_COLOURS[label]}m{label}:\x1b[0m" if self.colours else f"{label}:"
        self._line("\n  ".join([f"{shown_label} {first}", *rest]))

    def _report(self, text: str) -> None:
        if self._json is not None:
            put(self._json, text)

    def _line(self, line: str) -> None:
        put(self._log, f"{line}\n")


def put(file: TextIO, text: str | bytes) -> None:
    """Write `text` to `file` and flush it. If the reader has gone, as with `| head -1`, discard everything from now on."""
    try:
        if isinstance(text, bytes):
            file.buffer.write(text)
        else:
            file.write(text)
        file.flush()
    except BrokenPipeError:
        # The sync should still finish, and the interpreter should not complain when it flushes the file at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())

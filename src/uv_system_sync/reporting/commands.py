"""Workflow commands: the lines of a step's log that the runner acts on, and text that it must not act on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Iterable, Iterator, TextIO

from uv_system_sync.text import printable

# GitHub shows so much of an annotation, in UTF-16 code units (actions/runner, src/Runner.Worker/ExecutionContext.cs).
ANNOTATION_LIMIT = 4096


class Log:
    """The log of the current step, as lines of text."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def line(self, text: str) -> None:
        """Write `text` as one line that is no command, whatever it holds."""
        line = printable(text)
        self._write(f"> {inert(line)}" if line.lstrip().startswith("::") else inert(line))

    def command(self, name: str, message: str = "", **properties: object) -> None:
        """Write a command with its `message` and those of its `properties` that are not None.

        This is `actions_toolkit.command.Command`, which is not installed yet when the first errors are reported.
        """
        given = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items() if value is not None)
        self._write(f"::{name} {given}::{_escaped(message)}" if given else f"::{name}::{_escaped(message)}")

    def mask(self, secrets: Iterable[str]) -> None:
        """Have the runner hide `secrets` wherever they are printed from now on, in every step of the job."""
        for secret in secrets:
            self.command("add-mask", secret)

    @contextmanager
    def group(self, title: str) -> Iterator[Relay]:
        """Open a collapsible group and provide a relay for output of others; the runner takes none of it for a command."""
        # Nobody outside this process knows the token, which makes the runner listen again.
        token = os.urandom(16).hex()
        self.command("group", title)
        self.command("stop-commands", token)
        relay = Relay(self._file)
        try:
            yield relay
        finally:
            try:
                self._close(relay, token)
            except KeyboardInterrupt:
                # After half a token, the runner would ignore commands for the rest of the job.
                self._write("")
                self._close(relay, token)
                raise

    def _close(self, relay: Relay, token: str) -> None:
        relay.end_line()
        self.command(token)
        self.command("endgroup")

    def _write(self, line: str) -> None:
        self._file.write(f"{line}\n")
        self._file.flush()


class Relay:
    """Writes bytes to the log as they come."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._is_line_ended = True
        self._held = b""

    def __call__(self, piece: bytes) -> None:
        """Write `piece`; GitHub's log would show `##[error]` and the like as such even while commands are stopped."""
        text = (self._held + piece).replace(b"##[", b"##\\[")
        self._held = text[len(text.rstrip(b"#")) :][-2:]
        self._write(text[: len(text) - len(self._held)])

    def end_line(self) -> None:
        """End the last line, if it is not."""
        self._write(self._held)
        self._held = b""
        if not self._is_line_ended:
            self._write(b"\n")

    def _write(self, text: bytes) -> None:
        if text:
            # Unknown, if this is interrupted.
            self._is_line_ended = False
            self._file.buffer.write(text)
            self._file.buffer.flush()
            self._is_line_ended = text.endswith(b"\n")


def inert(line: str) -> str:
    """Return `line` without `##[`, which begins a command anywhere in a line (actions/runner, src/Runner.Common/ActionCommand.cs)."""
    return line.replace("##[", "##\\[")


def annotation(message: str, hint: str, words: str) -> str:
    """Return the text of an error's annotation, `words` being uv's; they are cut so that GitHub shows the rest of it whole."""
    hint = _cut(hint, ANNOTATION_LIMIT // 2)
    head = f"{_cut(message, ANNOTATION_LIMIT - _units(hint) - 1)}\n{hint}"
    label = "\nThe output ends with: "
    left = ANNOTATION_LIMIT - _units(head + label)
    # A few characters of it would not help.
    return f"{head}{label}{_cut(words[::-1], left)[::-1]}" if words and left >= _LEAST else head


_LEAST = 80


def _units(text: str) -> int:
    # Encoding it would import a codec, and the error may be that there are no file handles left.
    return len(text) + sum(letter > "\uffff" for letter in text)


def _cut(text: str, limit: int) -> str:
    """Return `text`, or as much of its beginning as fits into `limit` UTF-16 code units with an ellipsis."""
    if _units(text) <= limit:
        return text
    left = limit - 2
    for position, letter in enumerate(text):
        left -= _units(letter)
        if left < 0:
            return f"{text[:position]} …"
    return text


def _escaped(text: str, also: str = "") -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for letter in also:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text

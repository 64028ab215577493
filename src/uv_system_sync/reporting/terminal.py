"""A pseudo-terminal for a program, and the text that its output leaves on the screen. Imported only where it is needed."""

from __future__ import annotations

import codecs
import os
import re
import sys
import unicodedata
from typing import NamedTuple

# A line feed, a carriage return, a control sequence (ECMA-48), or text.
_PARTS = re.compile(r"(\n|\r|\x1b\[([0-?]*)[ -/]*([@-~]))|([^\n\r\x1b]+|\x1b)")
_INCOMPLETE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?\Z")

# How many of the last rows a screen keeps, at least.
_KEPT_ROWS = 5000


class Terminal(NamedTuple):
    """The two ends of a pseudo-terminal, as descriptors, and its screen. Output written to `theirs` arrives at `ours` unchanged."""

    ours: int
    theirs: int
    screen: Screen


def open_like(descriptor: int) -> Terminal | None:
    """Return a terminal of the same size as the terminal `descriptor`, or None if that has no size, and on Windows."""
    columns = os.get_terminal_size(descriptor).columns
    if columns < 1 or sys.platform == "win32":
        return None
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    attributes = termios.tcgetattr(theirs)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(8)))
    return Terminal(ours, theirs, Screen(columns))


class _Row:
    """A row of the screen: the text in each column. It is empty for the second column of a wide character."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        # Whether the row was full, so that its line continues in the next row.
        self.is_continued = False


class Screen:
    """The text on a terminal with `columns` columns, without anything erased, such as progress bars."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rows = [_Row()]
        self._row = self._column = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        # The beginning of a control sequence, if the last piece ended in one.
        self._incomplete = ""

    @property
    def text(self) -> str:
        """All lines, without colours."""
        rows = ((row.is_continued, "".join(row.cells)) for row in self._rows)
        text = "".join(row if is_continued else f"{row.rstrip()}\n" for is_continued, row in rows)
        return text.rstrip("\n") + "\n"

    def write(self, piece: bytes) -> None:
        """Show `piece`, which may end in the middle of a character or a control sequence."""
        text = self._incomplete + self._decode(piece)
        incomplete = _INCOMPLETE.search(text)
        self._incomplete = incomplete[0] if incomplete else ""
        for control, number, final, plain in _PARTS.findall(text[: len(text) - len(self._incomplete)]):
            for letter in plain:
                self._put(letter)
            if control in ("\r", "\n"):
                self._move(1 if control == "\n" else 0)
                self._column = 0
            elif control:
                self._control(final, number)
        if len(self._rows) > 2 * _KEPT_ROWS:
            dropped = len(self._rows) - _KEPT_ROWS
            self._rows, self._row = self._rows[dropped:], max(0, self._row - dropped)

    def _put(self, letter: str) -> None:
        cells = self._rows[self._row].cells
        if unicodedata.combining(letter) and self._column and len(cells) >= self._column:
            cells[self._column - 1] += letter
            return
        width = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        # Like a real terminal, leave a full row only when the next character is written.
        if self._column + width > self._columns:
            self._rows[self._row].is_continued = True
            self._move(1)
            self._column, cells = 0, self._rows[self._row].cells
        cells += [" "] * (self._column - len(cells))
        cells[self._column : self._column + width] = [letter, ""][:width]
        self._column += width

    def _move(self, rows: int) -> None:
        """Move the cursor down, or up if `rows` is negative, and add the rows that are missing."""
        self._row = max(0, self._row + rows)
        self._rows += [_Row() for _ in range(self._row + 1 - len(self._rows))]

    def _control(self, final: str, number: str) -> None:
        """Perform the control sequences of uv's progress bars, which move up and down and erase rows."""
        if final in "AB":
            rows = int(number) if number.isdecimal() else 1
            self._move(-rows if final == "A" else rows)
        elif final in "KJ":
            row = self._rows[self._row]
            row.cells = [] if number == "2" else row.cells[: self._column]
            row.is_continued = False
            if self._row and not row.cells:
                self._rows[self._row - 1].is_continued = False
            if final == "J":
                del self._rows[self._row + 1 :]

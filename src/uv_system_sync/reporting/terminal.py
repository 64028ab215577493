"""A terminal for a program whose output is read, and what that shows in the end. Few runs import it."""

from __future__ import annotations

import codecs
import os
import re
import sys
import unicodedata
from typing import NamedTuple

# A line break, a return, a control sequence (ECMA-48), or text.
_PARTS = re.compile(r"(\n|\r|\x1b\[([0-?]*)[ -/]*([@-~]))|([^\n\r\x1b]+|\x1b)")
_INCOMPLETE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?\Z")

# How many rows of the end are kept.
_KEPT_ROWS = 5000


class Terminal(NamedTuple):
    """The two ends of a terminal, as descriptors, and what it shows. The program writes to `theirs`, and that arrives unchanged."""

    ours: int
    theirs: int
    screen: Screen


def open_like(descriptor: int) -> Terminal | None:
    """Return a terminal of the same size as the one of `descriptor`, or None if that has none, and on Windows."""
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
    """One row: a text for each column, which is empty for the second column of a wide character."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        # Whether the text goes on in the next row only because this one is full.
        self.is_continued = False


class Screen:
    """The lines that a terminal with so many `columns` shows; what progress bars have erased is not among them."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rows = [_Row()]
        self._row = self._column = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._rest = ""

    @property
    def text(self) -> str:
        """The lines, without colours."""
        shown = ("".join(row.cells) if row.is_continued else "".join(row.cells).rstrip() + "\n" for row in self._rows)
        return "".join(shown).rstrip("\n") + "\n"

    def write(self, piece: bytes) -> None:
        """Show `piece`, which may end within a character or a control sequence."""
        text = self._rest + self._decode(piece)
        incomplete = _INCOMPLETE.search(text)
        self._rest = incomplete[0] if incomplete else ""
        for control, number, final, plain in _PARTS.findall(text[: len(text) - len(self._rest)]):
            for letter in plain:
                self._put(letter)
            if control in ("\r", "\n"):
                self._move(int(control == "\n"))
                self._column = 0
            elif control:
                self._control(final, number)
        if len(self._rows) > 2 * _KEPT_ROWS:
            gone = len(self._rows) - _KEPT_ROWS
            self._rows, self._row = self._rows[gone:], max(0, self._row - gone)

    def _put(self, letter: str) -> None:
        cells = self._rows[self._row].cells
        if unicodedata.combining(letter) and self._column and len(cells) >= self._column:
            cells[self._column - 1] += letter
            return
        width = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        # A full row is left with the next letter, not with its last one.
        if self._column + width > self._columns:
            self._rows[self._row].is_continued = True
            self._move(1)
            self._column, cells = 0, self._rows[self._row].cells
        cells += [" "] * (self._column - len(cells))
        cells[self._column : self._column + width] = [letter, ""][:width]
        self._column += width

    def _move(self, rows: int) -> None:
        self._row = max(0, self._row + rows)
        self._rows += [_Row() for _ in range(self._row + 1 - len(self._rows))]

    def _control(self, final: str, number: str) -> None:
        """Do what uv's progress bars need: move up and down, and erase rows."""
        if final in "AB":
            self._move((int(number) if number.isdecimal() else 1) * (-1 if final == "A" else 1))
        elif final in "KJ":
            row = self._rows[self._row]
            row.cells, row.is_continued = ([] if number == "2" else row.cells[: self._column]), False
            if self._row and not row.cells:
                self._rows[self._row - 1].is_continued = False
            if final == "J":
                del self._rows[self._row + 1 :]

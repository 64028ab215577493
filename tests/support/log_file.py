"""A step's log in memory."""

from __future__ import annotations

import io
import re


class LogFile(io.TextIOWrapper):
    """A log as the entry points set it up, whose content can be read back."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        # A buffer that keeps what nobody flushes, like that of the real one.
        super().__init__(io.BufferedWriter(self._bytes), encoding="utf-8", errors="backslashreplace", newline="\n")

    @property
    def content(self) -> bytes:
        """Everything that was flushed."""
        return self._bytes.getvalue()

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()

    @property
    def lines(self) -> list[str]:
        """The lines that the runner reads, for which a bare CR ends one too."""
        return re.split(r"\r\n|\r|\n", self.text)[:-1]

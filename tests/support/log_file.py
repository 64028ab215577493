"""A log in memory."""

from __future__ import annotations

import io
import re


class LogFile(io.TextIOWrapper):
    """A text file in memory, configured like the log of the entry points, whose content can be read back."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        # Buffered like a real file, so that unflushed output is missing from the content.
        super().__init__(io.BufferedWriter(self._bytes), encoding="utf-8", errors="backslashreplace", newline="\n")

    @property
    def content(self) -> bytes:
        """All flushed output."""
        return self._bytes.getvalue()

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()

    @property
    def lines(self) -> list[str]:
        """The lines as the runner reads them: a bare CR ends a line, too."""
        return re.split(r"\r\n|\r|\n", self.text)[:-1]

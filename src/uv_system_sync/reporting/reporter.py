"""Says what the story may ask of whoever tells it to the world, and makes text from outside fit to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, ContextManager, Iterable, Protocol

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.process import Relay
    from uv_system_sync.reporting.report import Known, StepResult


class Voice(Protocol):
    """Tells a run as it goes on, and hands on what came of it."""

    @property
    def is_debugged(self) -> bool:
        """Whether `debug` says anything."""

    def say(self, text: str) -> None:
        """Tell `text` as one line."""

    def debug(self, text: str) -> None:
        """Tell `text` to who looks for a fault."""

    def notice(self, title: str, message: str) -> None:
        """Tell what should be known though the run succeeds."""

    def group(self, title: str) -> ContextManager[Relay]:
        """Give a relay for the output of a program; what it is handed is told at once."""

    def listing(self, title: str, lines: Iterable[str]) -> None:
        """Tell `lines` that few will read."""

    def publish(self, result: StepResult) -> None:
        """Hand on the `result` of a run that has succeeded."""

    def error(self, error: ActionError) -> None:
        """Tell why the run has failed."""

    def leave(self, error: ActionError, known: Known) -> int:
        """Hand on what there is of a run that has failed, and return its exit status."""


def printable(text: str) -> str:
    """Return `text` as one line whose every letter can be seen: a terminal or a log takes none of it for a command."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)

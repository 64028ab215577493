"""Tests of uv_system_sync.uv, and what takes the place of starting a program there."""

from __future__ import annotations

from tests.support import Recorder
from uv_system_sync.process import Command, Completed, Finish


class Starter(Recorder):
    """A recorder with a `start`, which fails at once or answers when the end is waited for.

    `--version` prints `version`, or what `versions` has for the path of the program.
    """

    def __init__(self, *answers: Completed | OSError, version: str = "uv 0.13.9\n") -> None:
        super().__init__(*answers)
        self._version = version
        self.versions: dict[str, str] = {}

    def start(self, command: Command) -> Finish:
        """Keep `command`, unless it asks for the version, and return what answers."""
        if command.argv[1:] == ("--version",):
            return lambda _: Completed(0, self.versions.get(command.argv[0], self._version))
        answer = self(command)
        return lambda _: self.finish(answer)

    def finish(self, answer: Completed) -> Completed:
        """Return the `answer` of the last command, after what it does."""
        return answer

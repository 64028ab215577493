"""Tests of uv_system_sync.uv, and the fake that replaces starting a program."""

from __future__ import annotations

from tests.support import Recorder
from uv_system_sync.process import Command, Completed, Finish


class Starter(Recorder):
    """A recorder whose `start` raises at once, or returns a function that returns the next answer.

    For `--version`, the answer is `version`, or the entry in `versions` for the path of the program.
    """

    def __init__(self, *answers: Completed | OSError, version: str = "uv 0.13.9\n") -> None:
        super().__init__(*answers)
        self._version = version
        self.versions: dict[str, str] = {}

    def start(self, command: Command) -> Finish:
        """Record `command`, unless it is `--version`, and return the function that returns its answer."""
        if command.argv[1:] == ("--version",):
            return lambda _: Completed(0, self.versions.get(command.argv[0], self._version))
        answer = self(command)
        return lambda _: self.finish(answer)

    def finish(self, answer: Completed) -> Completed:
        """Return `answer`; a subclass can first do what the command would do."""
        return answer

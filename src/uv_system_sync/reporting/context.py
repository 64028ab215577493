"""The facts about a run, filled in as they become known. Success and failure reports are both built from them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable

from uv_system_sync.text import without_credentials

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.uv.built_wheels import BuiltWheels


class Timings:
    """The duration of each part of a run, in seconds, by name and in order. The first part begins when this object is created."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._last = clock()

    def end(self, name: str) -> None:
        """Add the time since the previous call to the part `name`."""
        now = self._clock()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


class RunContext:
    """What is known about a run so far. Anything not yet known is None or empty."""

    def __init__(
        self, inputs: Inputs | None = None, target: Target | None = None, project: Project | None = None, uv_version: str = ""
    ) -> None:
        self.inputs = inputs
        self.target = target
        self.project = project
        self.uv_version = uv_version
        # Whether the user asked for packages to be removed, so that removing them needs no notice.
        self.asked_to_remove = False
        # The reason for each retry of `uv sync`.
        self.retries: list[str] = []
        # The cached wheels of earlier runs, if the runner was asked to restore them.
        self.built_wheels: BuiltWheels | None = None
        self.timings = Timings()

    @property
    def selection(self) -> str | None:
        """What the inputs select from the lock, in a few words: empty for the default selection, None if unknown."""
        return without_credentials(self.inputs.selection()) if self.inputs else None

    def line(self) -> str:
        """Return the Python, uv, the project and the selection in one line, where known."""
        python = f"Python {self.target.release} at {self.target.prefix}" if self.target else ""
        uv = f"uv {self.uv_version}" if self.uv_version else ""
        lock = f"uv.lock of {self.project.title}" if self.project else ""
        line = ", ".join(filter(None, (python, uv, lock)))
        return f"{line}: {self.selection}" if self.selection else line

    def as_json(self) -> dict[str, object]:
        """Return the fields that the reports of success and failure share. Unknown facts are None."""
        python: dict[str, object] | None = None
        if self.target:
            fields = ("version", "free_threaded", "implementation", "platform", "executable")
            python = {**{field: getattr(self.target, field) for field in fields}, "environment": self.target.prefix}
        return {
            "python": python,
            "uv": self.uv_version or None,
            "project": {"name": self.project.name, "directory": self.project.directory} if self.project else None,
            "selection": self.selection,
            "retries": self.retries,
        }

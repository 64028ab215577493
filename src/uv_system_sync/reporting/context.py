"""What is known of a run: it grows while the run goes on, and the reports of success and of failure are made from it."""

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
    """How long each part of a run took, in seconds, by its name and in order; the first part begins with this object."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._last = clock()

    def end(self, name: str) -> None:
        """Count the time since the last call as `name`."""
        now = self._clock()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


class RunContext:
    """The inputs, the Python, the project and the version of uv, each as soon as it is known; and how long the parts took."""

    def __init__(
        self, inputs: Inputs | None = None, target: Target | None = None, project: Project | None = None, uv_version: str = ""
    ) -> None:
        self.inputs = inputs
        self.target = target
        self.project = project
        self.uv_version = uv_version
        # Whether the user has asked for packages to be removed, so that it needs no notice.
        self.asked_to_remove = False
        # Why each sync failed that was tried again.
        self.retries: list[str] = []
        # What was kept of earlier runs, if the runner was asked for it.
        self.built_wheels: BuiltWheels | None = None
        self.timings = Timings()

    @property
    def selection(self) -> str | None:
        """What of the lock is installed, in a few words; empty for the default, and None if it is not known."""
        return self.inputs and without_credentials(self.inputs.selection())

    def line(self) -> str:
        """Return in one line what is installed into what, as far as it is known."""
        python = f"Python {self.target.release} at {self.target.prefix}" if self.target else ""
        uv = f"uv {self.uv_version}" if self.uv_version else ""
        lock = f"uv.lock of {self.project.title}" if self.project else ""
        return ", ".join(filter(None, (python, uv, lock))) + (f": {self.selection}" if self.selection else "")

    def as_json(self) -> dict[str, object]:
        """Return the fields of a report that it has after a failure, too; what is not known is null."""
        python, project = self.target, self.project
        facts = ("version", "free_threaded", "implementation", "platform", "executable")
        return {
            "python": python and {**{name: getattr(python, name) for name in facts}, "environment": python.prefix},
            "uv": self.uv_version or None,
            "project": project and {"name": project.name, "directory": project.directory},
            "selection": self.selection,
            "retries": self.retries,
        }

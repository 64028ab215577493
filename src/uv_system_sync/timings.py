"""Measures how long the parts of a run take."""

from __future__ import annotations

import time
from typing import Callable


class Phases:
    """How long each part of a run has taken, in seconds, by its name and in order; the first begins with this object."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._begun = self._last = clock()

    def end(self, name: str) -> None:
        """Say that what was done since the last call was `name`."""
        now = self._clock()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now

    @property
    def total(self) -> float:
        """The seconds since the beginning."""
        return self._clock() - self._begun

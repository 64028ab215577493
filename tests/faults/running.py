"""Finds the processes of a sync, and ends them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Timeout for every wait, in seconds.
PATIENCE = 120

# The runner's waits after a job is cancelled: until SIGTERM, and from then until SIGKILL, in seconds (actions/runner,
# src/Runner.Sdk/ProcessInvoker.cs).
_BEFORE_TERM = 7.5
_BEFORE_KILL = 2.5

# Identifies all processes to kill; uv passes the variable on to its children, and the action does not remove it.
TRACK = "FAULTS_TRACK"

_PAUSE = 0.0007


@dataclass
class Running:
    """A running sync: its process, the value that identifies all of its processes, and its start time."""

    pid: int
    track: str
    began: float
    is_over: Callable[[], bool]
    in_uv: bool = False

    def wait_for_uv(self) -> float:
        """Wait until uv syncs or everything has ended, and return the time."""
        while not self.is_over() and not self._is_in_uv():
            time.sleep(_PAUSE)
        return time.monotonic()

    def wait_until(self, moment: float) -> None:
        """Wait until `moment`, or until everything has ended."""
        while not self.is_over() and (left := moment - time.monotonic()) > 0:
            time.sleep(min(left, 0.01))

    def kill_all(self) -> None:
        """Kill the sync and all processes that it has started at once."""
        victims = [self.pid, *below(self.pid)]
        self.in_uv = any(_is_sync(victim) for victim in victims)
        _kill(victims)
        # Processes that were started between the search and the kill.
        while left := tracked(self.track):
            _kill(left)
            time.sleep(0.002)

    def kill_alone(self) -> None:
        """Kill only the sync's first process, and leave its children alone."""
        self.in_uv = self._is_in_uv()
        _send(self.pid, signal.SIGKILL)

    def cancel(self) -> None:
        """Cancel as the runner does: signal only the first process."""
        self.in_uv = self._is_in_uv()
        for number, seconds in ((signal.SIGINT, _BEFORE_TERM), (signal.SIGTERM, _BEFORE_KILL), (signal.SIGKILL, 0.0)):
            if self.is_over():
                break
            _send(self.pid, number)
            self.wait_until(time.monotonic() + seconds)

    def _is_in_uv(self) -> bool:
        return any(_is_sync(process) for process in (self.pid, *below(self.pid)))


def below(pid: int) -> list[int]:
    """Return all descendants of the process `pid`."""
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
    return [process for child in children for process in (child, *below(child))]


def tracked(track: str) -> list[int]:
    """Return the processes whose environment contains `track`."""
    wanted, found = f"{TRACK}={track}".encode(), []
    for entry in os.listdir("/proc"):
        # The environment of an ended process is empty.
        with suppress(OSError):
            if entry.isdigit() and wanted in Path("/proc", entry, "environ").read_bytes():
                found.append(int(entry))
    return found


def wait_for_the_rest(track: str) -> None:
    """Wait until no process has `track` in its environment, and kill those that do not end."""
    end = time.monotonic() + PATIENCE
    while left := tracked(track):
        if time.monotonic() > end:
            _kill(left)
        time.sleep(0.01)


def _is_sync(pid: int) -> bool:
    with suppress(OSError):
        return b"\0sync\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _kill(victims: list[int]) -> None:
    for victim in victims:
        _send(victim, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)

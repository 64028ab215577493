"""Inspects processes, on Linux without `ps`, which a machine may not have."""

from __future__ import annotations

import subprocess
from pathlib import Path


def is_running(pid: int) -> bool:
    """Return whether the process `pid` is running. A zombie is not."""
    return _state_and_parent(pid)[0] not in ("", "Z")


def parent(pid: int) -> int:
    """Return the parent of the existing process `pid`."""
    return int(_state_and_parent(pid)[1])


def _state_and_parent(pid: int) -> tuple[str, str]:
    """Return the state of the process `pid`, as a letter, and its parent, or two empty strings if there is no such process."""
    if Path("/proc/self/stat").exists():
        try:
            # The name of the program is in parentheses and may contain anything (proc_pid_stat(5)).
            words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return "", ""
    else:
        completed = subprocess.run(["ps", "-o", "stat=,ppid=", "-p", str(pid)], capture_output=True, text=True, check=False)
        words = completed.stdout.split()
    return (words[0][:1], words[1]) if words else ("", "")

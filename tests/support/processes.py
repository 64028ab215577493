"""Looks at processes of this machine, without a program that it may not have."""

from __future__ import annotations

import subprocess
from pathlib import Path


def is_running(pid: int) -> bool:
    """Say whether there is a process `pid` that has not ended; nobody may have asked for its exit status yet."""
    return _state_and_parent(pid)[0] not in ("", "Z")


def parent(pid: int) -> int:
    """Return the process that has started the process `pid`, which is there."""
    return int(_state_and_parent(pid)[1])


def _state_and_parent(pid: int) -> tuple[str, str]:
    """Return the letter for the state of the process `pid` and its parent, or nothing when it is gone."""
    if Path("/proc/self/stat").exists():
        try:
            # The name of the program is in parentheses, and may hold anything (proc_pid_stat(5)).
            words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return "", ""
    else:
        completed = subprocess.run(["ps", "-o", "stat=,ppid=", "-p", str(pid)], capture_output=True, text=True, check=False)
        words = completed.stdout.split()
    return (words[0][:1], words[1]) if words else ("", "")

"""Starts programs, passes on their output while they run, and stops them."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Callable, Iterator, Mapping, NamedTuple, Optional, cast

from uv_system_sync.imports import ModuleChanged

if TYPE_CHECKING:
    from uv_system_sync.reporting.terminal import Screen, Terminal

# How much of the end of a program's output is kept after all of it was relayed.
_KEPT_BYTES = 256 * 1024

# The control sequences of ECMA-48, which colour the output.
_CONTROL_SEQUENCES = r"\x1b\[[0-?]*[ -/]*[@-~]"

# How long a program may take to stop after SIGTERM, in seconds, before it is killed. The runner waits 7.5 s
# between SIGINT and SIGTERM (actions/runner, src/Runner.Sdk/ProcessInvoker.cs).
_GRACE = 5

# As prctl(2) numbers it.
_PR_SET_CHILD_SUBREAPER = 36

# On Windows: how long a pipe has to stay silent, in seconds, until the output of a program that has exited is complete.
_SILENCE = 0.2


class Command(NamedTuple):
    """A program with its arguments, its whole environment, its working directory, and the descriptors that it inherits.

    `terminal` opens the terminal, if any, that the program writes to instead of a pipe, so that it shows progress.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    descriptors: tuple[int, ...] = ()
    terminal: Callable[[], Terminal | None] = lambda: None


class Completed(NamedTuple):
    """The exit status of a program and the end of its output: both streams in order, without colours."""

    returncode: int
    output: str


Relay = Callable[[bytes], None]

# Passes the output of a program that was started to a relay, or to none, and waits for its end.
Finish = Callable[[Optional[Relay]], Completed]

Start = Callable[[Command], Finish]


def start(command: Command) -> Finish:
    """Start `command`, and return the function that waits for its end; raise `OSError` if it does not start.

    Both streams share one pipe, because the runner may read a step's stderr before its stdout. If waiting is interrupted,
    the program is stopped first. Processes that it leaves running in its process group are killed in any case.
    """
    terminal = command.terminal()
    try:
        process = subprocess.Popen(
            command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=terminal.theirs if terminal else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            pass_fds=command.descriptors,
            # A process group of its own, so that the builds that uv has started can be stopped with it.
            start_new_session=True,
        )
    except BaseException:
        if terminal:
            os.close(terminal.ours)
        raise
    finally:
        if terminal:
            os.close(terminal.theirs)
    if terminal is None:
        return partial(_finish, process)
    process.stdout = io.FileIO(terminal.ours)
    return partial(_finish, process, screen=terminal.screen)


@contextmanager
def meanwhile(finish: Finish) -> Iterator[None]:
    """Stop the program that `finish` would wait for if what is done while it runs fails or is interrupted."""
    try:
        yield
    except BaseException:
        finish(_stop)
        raise


def _stop(_: bytes) -> None:
    """Take the place of a relay, for a program that is to be stopped instead of waited for."""


def _finish(process: subprocess.Popen[bytes], relay: Relay | None = None, screen: Screen | None = None) -> Completed:
    with process:
        try:
            if relay is _stop:
                _terminate(process)
                return Completed(process.returncode, "")
            output = _drain(process, relay, screen)
            process.wait()
        except BaseException:
            _terminate(process)
            raise
        finally:
            _signal(process, "SIGKILL")
    return Completed(process.returncode, output)


def _drain(process: subprocess.Popen[bytes], relay: Relay | None, screen: Screen | None) -> str:
    kept = b""
    for piece in _pieces_on_windows(process) if sys.platform == "win32" else _pieces(cast("IO[bytes]", process.stdout)):
        if screen is None:
            kept = (kept + piece)[-_KEPT_BYTES:]
        else:
            screen.write(piece)
        if relay is not None:
            relay(piece)
    return screen.text if screen else re.sub(_CONTROL_SEQUENCES, "", kept.decode("utf-8", "backslashreplace"))


def _pieces(pipe: IO[bytes]) -> Iterator[bytes]:
    # Unbuffered, so that a read returns as soon as there is something to show.
    while piece := _read(pipe):
        yield piece


def _read(pipe: IO[bytes]) -> bytes:
    try:
        return pipe.read(64 * 1024)
    except OSError as error:
        import errno

        # On Linux, the end of a terminal is an error.
        if error.errno != errno.EIO:
            raise
        return b""


def _pieces_on_windows(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield the output of `process` until its end, or until the process has exited and the pipe stays silent.

    On Windows, programs inherit the pipe without being given it, so that a compiler server that a build has left running
    keeps it open. A read there cannot be interrupted, so it is done in a thread.
    """
    import queue
    import threading

    pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # Only the thread uses it from here on: closing it would wait for the read.
    pipe, process.stdout = cast("IO[bytes]", process.stdout), None

    def read() -> None:
        with pipe:
            for piece in _pieces(pipe):
                pieces.put(piece)
        pieces.put(b"")

    threading.Thread(target=read, daemon=True).start()
    has_ended = False
    while True:
        try:
            piece = pieces.get(timeout=_SILENCE)
        except queue.Empty:
            if has_ended:
                return
            has_ended = process.poll() is not None
            continue
        if not piece:
            return
        yield piece


def _terminate(process: subprocess.Popen[bytes]) -> None:
    _adopt_orphans()
    _signal(process, "SIGTERM")
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    _signal(process, "SIGKILL")
    _kill_orphans()


def _adopt_orphans() -> None:
    """On Linux, become the parent of the processes whose parents end from now on, even of those in sessions of their own.

    Only for a program that is being stopped: importing ctypes takes as long as starting an interpreter.
    """
    if sys.platform == "linux":
        # An interpreter may have been built without it, or a build have changed it.
        with suppress(ImportError, OSError, AttributeError, ModuleChanged):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _kill_orphans() -> None:
    """Kill the children of this process, and those that become its children by that, except those of other users."""
    deadline = time.monotonic() + _GRACE
    of_others: set[int] = set()
    while sys.platform == "linux" and time.monotonic() < deadline:
        children = set(_children()) - of_others
        if not children:
            return
        of_others.update(pid for pid in children if not _kill(pid))
        time.sleep(0.01)


def _kill(pid: int) -> bool:
    """Kill the child `pid`, unless it has ended, and return whether that is allowed."""
    try:
        os.kill(pid, 9)
        os.waitpid(pid, os.WNOHANG)
    except PermissionError:
        return False
    except (ProcessLookupError, ChildProcessError):
        return True
    return True


def _children() -> Iterator[int]:
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        # The name of the program is in parentheses, and may hold anything (proc_pid_stat(5)).
        with suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            if int(file.read().rpartition(")")[2].split()[1]) == os.getpid():
                yield int(pid)


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    """Send the signal `name` to the process group of `process`; on Windows, kill the one process."""
    if sys.platform == "win32":
        process.kill()
    else:
        import signal

        # The group may be empty, or hold only processes of another user.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, getattr(signal, name))

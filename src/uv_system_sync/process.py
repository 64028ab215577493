"""Starts programs, relays their output while they run, and stops them."""

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

# How many bytes at the end of a program's output are kept. All of it is relayed.
_KEPT_BYTES = 256 * 1024

# Control sequences of ECMA-48, such as colours.
_CONTROL_SEQUENCES = r"\x1b\[[0-?]*[ -/]*[@-~]"

# Seconds from SIGTERM to SIGKILL. The runner waits 7.5 s between SIGINT and SIGTERM (actions/runner, src/Runner.Sdk/ProcessInvoker.cs).
_GRACE = 5

# From prctl(2).
_PR_SET_CHILD_SUBREAPER = 36

# On Windows, the output of a program that has exited is complete after this many seconds without output.
_SILENCE = 0.2


class Command(NamedTuple):
    """A program with its arguments, its whole environment, its working directory, and the file descriptors that it inherits.

    `terminal` may open a terminal. The program then writes to it instead of to a pipe, so that it shows progress.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    descriptors: tuple[int, ...] = ()
    terminal: Callable[[], Terminal | None] = lambda: None


class Completed(NamedTuple):
    """The exit status of a program and the end of its output: stdout and stderr interleaved, without colours."""

    returncode: int
    output: str


Relay = Callable[[bytes], None]

# Waits for the end of a started program, and passes its output to the relay, if there is one.
Finish = Callable[[Optional[Relay]], Completed]

Start = Callable[[Command], Finish]


def start(command: Command) -> Finish:
    """Start `command` and return the function that waits for its end; raise `OSError` if it does not start.

    Stdout and stderr share one pipe, because the runner may read a step's stderr before its stdout. If the wait is interrupted,
    the program is stopped. Processes that it leaves running in its process group are always killed.
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
            # Its own process group, so that builds started by uv can be stopped with it.
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
    """Stop the program of `finish` if the body of the `with` statement raises."""
    try:
        yield
    except BaseException:
        finish(_stop)
        raise


def _stop(_: bytes) -> None:
    """Stand in for a relay: a `Finish` that gets this function stops the program instead of waiting for its end."""


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
    """Yield the output in `pipe` as it arrives; the pipe is unbuffered, so that a read does not wait for more."""
    while True:
        try:
            piece = pipe.read(64 * 1024)
        except OSError as error:
            import errno

            # On Linux, reading a terminal fails with EIO after its last program has ended.
            if error.errno != errno.EIO:
                raise
            return
        if not piece:
            return
        yield piece


def _pieces_on_windows(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield the output of `process` until its end, or until the process has exited and its pipe stays silent.

    On Windows, every child process inherits the pipe, so a compiler server that a build left running keeps it open.
    Reads from it cannot be interrupted, so they happen in a thread.
    """
    import queue
    import threading

    pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # From here on, only the thread uses the pipe: closing it here would wait for the read.
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
    """On Linux, become the parent of descendants whose parents end from now on, even if they started a session.

    This is done only to stop a program: importing ctypes is as slow as starting an interpreter.
    """
    if sys.platform == "linux":
        # The interpreter may lack ctypes, or a build may have changed it.
        with suppress(ImportError, OSError, AttributeError, ModuleChanged):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _kill_orphans() -> None:
    """Kill the children of this process, and the processes that it adopts when they end, except processes of other users."""
    deadline = time.monotonic() + _GRACE
    forbidden: set[int] = set()
    while sys.platform == "linux" and time.monotonic() < deadline:
        children = set(_children()) - forbidden
        if not children:
            return
        forbidden.update(pid for pid in children if not _kill(pid))
        time.sleep(0.01)


def _kill(pid: int) -> bool:
    """Kill the child `pid` if it still runs; return False if this user may not."""
    try:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, 9)
            os.waitpid(pid, os.WNOHANG)
    except PermissionError:
        return False
    return True


def _children() -> Iterator[int]:
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        # The program's name is in parentheses and may contain any character (proc_pid_stat(5)).
        with suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            if int(file.read().rpartition(")")[2].split()[1]) == os.getpid():
                yield int(pid)


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    """Send the signal `name` to the process group of `process`; on Windows, kill only `process`."""
    if sys.platform == "win32":
        process.kill()
    else:
        import signal

        # The group may be empty, or consist of processes of another user.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, getattr(signal, name))

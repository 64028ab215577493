"""Starts programs; nothing else may."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from functools import partial
from typing import IO, Callable, Iterator, Mapping, NamedTuple, Optional, Protocol, cast

# What is kept of a program's output for later; all of it has been relayed by then.
_KEPT_BYTES = 256 * 1024

# What FORCE_COLOR puts between the words: ECMA-48's control sequences.
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")

# How long a program may take to end after it was asked to, in seconds. The runner leaves 7.5 s
# between SIGINT and SIGTERM (actions/runner, src/Runner.Sdk/ProcessInvoker.cs).
_PATIENCE = 5

# How long nothing more may come from a program that has ended until that was all, in seconds, on Windows.
_SILENCE = 0.2


class Command(NamedTuple):
    """A program with its arguments, its whole environment, its working directory, and the descriptors that it inherits."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    descriptors: tuple[int, ...] = ()


class Completed(NamedTuple):
    """What came of a command: its exit status and the end of its output, both streams merged in order, without colours."""

    returncode: int
    output: str


Relay = Callable[[bytes], None]

Finish = Callable[[Optional[Relay]], Completed]


class Run(Protocol):
    """The seam through which every program is started."""

    def __call__(self, command: Command, relay: Relay | None = None) -> Completed:
        """Start `command`, hand its output to `relay` piece by piece, and wait for its end."""


def run(command: Command, relay: Relay | None = None) -> Completed:
    """Start `command`, hand its output to `relay` as it comes, and wait for its end; as `begin`."""
    return begin(command)(relay)


def begin(command: Command) -> Finish:
    """Start `command`, and return what hands its output to a relay, or to none, and waits for its end.

    Both streams share one pipe, because the runner may read a step's stderr before its stdout.
    A program that does not start is an `OSError`. When waiting is interrupted, the program is
    ended before the interruption goes on; what it has left running is ended in any case.
    """
    process = subprocess.Popen(
        command.argv,
        env=dict(command.env),
        cwd=command.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        pass_fds=command.descriptors,
        # A group of its own, so that the builds that uv has started can be ended with it.
        start_new_session=True,
    )
    return partial(_finish, process)


def _finish(process: subprocess.Popen[bytes], relay: Relay | None = None) -> Completed:
    with process:
        try:
            kept = _drain(process, relay)
            process.wait()
        except BaseException:
            _ask_to_end(process)
            raise
        finally:
            _signal(process, "SIGKILL")
    return Completed(process.returncode, _COLOURS.sub("", kept.decode("utf-8", "backslashreplace")))


def _drain(process: subprocess.Popen[bytes], relay: Relay | None) -> bytes:
    kept = b""
    for piece in _pieces_on_windows(process) if sys.platform == "win32" else _pieces(cast("IO[bytes]", process.stdout)):
        kept = (kept + piece)[-_KEPT_BYTES:]
        if relay is not None:
            relay(piece)
    return kept


def _pieces(pipe: IO[bytes]) -> Iterator[bytes]:
    # Unbuffered, so that a read returns as soon as there is something to show.
    while piece := pipe.read(64 * 1024):
        yield piece


def _pieces_on_windows(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield the output of `process` until its end, or until the process has ended and no more of it comes.

    Programs there inherit the pipe without being given it, so that a compiler's server that a build has left
    running would keep it open; and no read there can be interrupted, so that a thread of its own does it.
    """
    import queue
    import threading

    pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # The thread's alone from here on: to close it would wait for the read.
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


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    _signal(process, "SIGTERM")
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    """Send the signal `name` to `process` and to what it has started; Windows can only end the one."""
    if sys.platform == "win32":
        process.kill()
    else:
        import signal

        # Nobody may be left in the group, or only who has become another user.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, getattr(signal, name))

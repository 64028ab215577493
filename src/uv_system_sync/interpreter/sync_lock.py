"""Marks a Python as being synced: for one process at a time, and until a sync has come to its end, however the process does."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Callable, Iterator, Mapping

from uv_system_sync.errors import PythonUnsuitable

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target

# Beside the packages, so that it goes wherever they go: into a copy, an image, a cache.
_NAME = ".uv-system-sync-unfinished"

_TEXT = b"A sync has begun here and not ended; uv-system-sync will look at every file the next time.\n"

# How long uv waits for another uv, in seconds, and the variable that says otherwise.
_PATIENCE_VARIABLE = "UV_LOCK_TIMEOUT"
_PATIENCE = "300"


class Mark:
    """The mark of one sync; `was_there` when an earlier one has not ended. Whoever inherits `descriptors` holds it, too."""

    def __init__(self, path: str, descriptor: int, *, was_there: bool) -> None:
        self._path = path
        self._held = [descriptor]
        # Windows has no locks that are inherited.
        self.descriptors: tuple[int, ...] = () if sys.platform == "win32" else (descriptor,)
        self.was_there = was_there

    def end(self) -> None:
        """Take the mark away: nothing is left to be looked at."""
        # Windows removes no file that is open: not ours, and not that of who has been waiting for it, which then finds the mark.
        if sys.platform == "win32":
            self.release()
        with suppress(OSError):
            os.unlink(self._path)

    def release(self) -> None:
        """Let others hold it."""
        while self._held:
            with suppress(OSError):
                os.close(self._held.pop())


@contextmanager
def held(target: Target, environ: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Mark]:
    """Mark `target`, durably, before anything in it changes, and keep other steps from doing so meanwhile.

    Another step that holds the mark is waited for, as long as uv would wait, and `say` is told so; a process that has
    inherited the mark from a step holds it, too. Raise `PythonUnsuitable` when it does not end, or nothing can be written.
    """
    path = _path(target)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor, was_there = _acquire(path, target, environ, say)
    except OSError as error:
        raise _unwritable(path, error) from None
    mark = Mark(path, descriptor, was_there=was_there)
    try:
        if not was_there:
            _write(descriptor, path)
        yield mark
    finally:
        mark.release()


def is_left(target: Target) -> bool:
    """Return whether a sync of `target` has begun and not ended."""
    return os.path.exists(_path(target))


def _acquire(path: str, target: Target, environ: Mapping[str, str], say: Callable[[str], None]) -> tuple[int, bool]:
    """Return a descriptor of the file at `path`, which nobody else holds, and whether it was there before."""
    patience = environ.get(_PATIENCE_VARIABLE, "")
    seconds = int(patience if patience.isdecimal() else _PATIENCE)
    deadline = None
    while True:
        descriptor, was_there = _open(path)
        if _is_ours(descriptor, path):
            return descriptor, was_there
        os.close(descriptor)
        if deadline is None:
            say(f"Waiting for another step to end its sync of {target.prefix}")
            deadline = time.monotonic() + seconds
        if time.monotonic() > deadline:
            raise PythonUnsuitable(
                f"{target.prefix} is being synced by another step, which has not ended for {seconds} s.",
                f"Give each job a Python of its own, or set `{_PATIENCE_VARIABLE}` to more seconds.",
            )
        time.sleep(0.1)


def _open(path: str) -> tuple[int, bool]:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), False
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644), True


def _is_ours(descriptor: int, path: str) -> bool:
    """Lock the file and return whether that succeeded, and it is still the one at `path`: who held it may have taken it away."""
    if sys.platform == "win32":
        return _is_locked_on_windows(descriptor)
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks, as some of those over a network: as if we were alone.
        return True
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _is_locked_on_windows(descriptor: int) -> bool:
    if sys.platform == "win32":
        import errno
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            # What is no conflict is this one: a file system without locks, as above.
            return error.errno == errno.EINVAL
    return True


def _write(descriptor: int, path: str) -> None:
    try:
        os.write(descriptor, _TEXT)
        os.fsync(descriptor)
        _flush_folder(os.path.dirname(path))
    except OSError as error:
        # Nothing has begun.
        with suppress(OSError):
            os.unlink(path)
        raise _unwritable(path, error) from None


def _flush_folder(folder: str) -> None:
    # Windows cannot open a folder, and does not need to.
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _unwritable(path: str, error: OSError) -> PythonUnsuitable:
    return PythonUnsuitable(
        f"{os.path.dirname(path)} cannot be written: {error.strerror}.", "Free space on its disk, and let the step's user write to it."
    )


def _path(target: Target) -> str:
    return os.path.join(target.site_packages[0], _NAME)

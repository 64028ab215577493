"""The lock file in a Python: one process at a time syncs it, and it stays behind until a sync has finished."""

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

_TEXT = b"A sync has begun here and not finished; the next run of uv-system-sync checks every file.\n"

# How long uv waits for another uv, in seconds, and the variable that changes it.
_TIMEOUT_VARIABLE = "UV_LOCK_TIMEOUT"
_TIMEOUT = "300"


class SyncLock:
    """The lock of one sync. A process that inherits `descriptors` holds it, too.

    `was_unfinished` is set if an earlier sync has not finished.
    """

    def __init__(self, path: str, descriptor: int, *, was_unfinished: bool) -> None:
        self._path = path
        self._held = [descriptor]
        # Windows has no locks that are inherited.
        self.descriptors: tuple[int, ...] = () if sys.platform == "win32" else (descriptor,)
        self.was_unfinished = was_unfinished

    def finish(self) -> None:
        """Remove the file: the sync has finished."""
        # Windows removes no file that is open, neither here nor in a process that waits for the lock and then finds the file.
        if sys.platform == "win32":
            self.release()
        with suppress(OSError):
            os.unlink(self._path)

    def release(self) -> None:
        """Let others take the lock."""
        while self._held:
            with suppress(OSError):
                os.close(self._held.pop())


@contextmanager
def hold(target: Target, environ: Mapping[str, str], info: Callable[[str], None]) -> Iterator[SyncLock]:
    """Take the lock of `target`, and write its file durably before anything there changes.

    If another process holds it, `info` is told once, and it is waited for as long as uv would. Raise `PythonUnsuitable` if that
    takes too long or the file cannot be written.
    """
    path = _path(target)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor, existed = _acquire(path, target, environ, info)
    except OSError as error:
        raise _unwritable(path, error) from None
    lock = SyncLock(path, descriptor, was_unfinished=existed)
    try:
        if not existed:
            _write(descriptor, path)
        yield lock
    finally:
        lock.release()


def is_unfinished(target: Target) -> bool:
    """Return whether a sync of `target` has begun and not finished."""
    return os.path.exists(_path(target))


def _acquire(path: str, target: Target, environ: Mapping[str, str], info: Callable[[str], None]) -> tuple[int, bool]:
    """Return a descriptor of the file at `path`, which nobody else holds, and whether the file existed."""
    timeout = environ.get(_TIMEOUT_VARIABLE, "")
    seconds = int(timeout if timeout.isdecimal() else _TIMEOUT)
    deadline = None
    while True:
        descriptor, existed = _open(path)
        if _is_locked(descriptor, path):
            return descriptor, existed
        os.close(descriptor)
        if deadline is None:
            info(f"Waiting for another process to finish its sync of {target.prefix}")
            deadline = time.monotonic() + seconds
        if time.monotonic() > deadline:
            raise PythonUnsuitable(
                "Another process is syncing {prefix} and has not finished within {seconds} s.",
                "Give each job a Python of its own, or set `{variable}` to more seconds.",
                prefix=target.prefix,
                seconds=seconds,
                variable=_TIMEOUT_VARIABLE,
            )
        time.sleep(0.1)


def _open(path: str) -> tuple[int, bool]:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), False
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644), True


def _is_locked(descriptor: int, path: str) -> bool:
    """Lock the file and return whether it is ours: locked, and still the one at `path`, which its last holder may have removed."""
    if sys.platform == "win32":
        return _is_locked_on_windows(descriptor)
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks, as some network file systems: go on as if there were no other process.
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
            # A file system without locks, as above.
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
        "{folder} cannot be written: {reason}.",
        "Free some space on its disk, and let this user write to it.",
        folder=os.path.dirname(path),
        reason=error.strerror,
    )


def _path(target: Target) -> str:
    return os.path.join(target.site_packages[0], _NAME)

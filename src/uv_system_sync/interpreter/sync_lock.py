"""The lock file of a Python: only one process at a time syncs it, and a lock file left behind means that a sync did not finish."""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Callable, Iterator, Mapping

from uv_system_sync.errors import PythonUnsuitable

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target

NAME = ".uv-system-sync-unfinished"

_TEXT = b"A sync started here and has not finished. The next run of uv-system-sync checks every file.\n"


class SyncLock:
    """The lock of one sync. A process that inherits `descriptors` also holds the lock.

    `is_held` is whether this process got the lock, and `was_unfinished` whether an earlier sync did not finish.
    """

    def __init__(self, path: str) -> None:
        existed = os.path.lexists(path)
        self._path = path
        self.file = os.fdopen(_open_file(path), "r+b", buffering=0)
        descriptor = self.file.fileno()
        # Child processes do not inherit locks on Windows.
        self.descriptors: tuple[int, ...] = () if sys.platform == "win32" else (descriptor,)
        self.is_held = _try_lock(descriptor, path)
        # Another process may have created the file after the check for it, and have been killed since.
        self.was_unfinished = existed or os.fstat(descriptor).st_size > 0

    def begin(self) -> None:
        """Write the file so that it survives a crash of the machine, and remove it if that fails."""
        try:
            self.file.write(_TEXT)
            os.fsync(self.file.fileno())
            # Windows can neither open nor sync a folder, and does not need to.
            if sys.platform != "win32":
                folder = os.open(os.path.dirname(self._path), os.O_RDONLY)
                os.fsync(folder)
                os.close(folder)
        except OSError:
            self.finish()
            raise

    def release(self) -> None:
        """Release the lock, even if a process that inherited it, such as a compiler server that a build started, is still running."""
        if sys.platform != "win32":
            import fcntl

            # Some file systems have no locks.
            with suppress(OSError):
                fcntl.flock(self.file.fileno(), fcntl.LOCK_UN)
        self.file.close()

    def finish(self) -> None:
        """Remove the file, because the sync has finished."""
        # Windows cannot remove an open file. The file also stays if a process that waits for the lock has it open.
        if sys.platform == "win32":
            self.file.close()
        with suppress(OSError):
            os.unlink(self._path)


@contextmanager
def hold(target: Target, environ: Mapping[str, str], info: Callable[[str], None]) -> Iterator[SyncLock]:
    """Take the lock of `target`, and write the lock file before anything there changes.

    If another process holds the lock, log that once with `info` and wait as long as uv would. Raise `PythonUnsuitable` if the wait
    takes too long or the file cannot be written.
    """
    path = _path(target)
    with ExitStack() as stack:
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            lock = _acquire(path, target, environ, info)
            stack.callback(lock.release)
            if not lock.was_unfinished:
                lock.begin()
        except OSError as error:
            raise _error(path, error) from None
        yield lock


def _error(path: str, error: OSError) -> PythonUnsuitable:
    if os.path.islink(path) or (os.path.lexists(path) and not os.path.isfile(path)):
        what = "a folder" if os.path.isdir(path) else "not a file"
        return PythonUnsuitable(
            "{path} is {what}, but uv-system-sync needs this path for its lock file.",
            "Remove it.",
            path=path,
            what="a symbolic link" if os.path.islink(path) else what,
        )
    if isinstance(error, PermissionError) and os.path.lexists(path):
        return PythonUnsuitable(
            "{path}, the lock file of another user's sync, cannot be opened: {reason}.",
            "Give this user write access to it, or remove it if no sync is running.",
            path=path,
            reason=error.strerror,
        )
    return PythonUnsuitable(
        "uv-system-sync cannot write to {folder}: {reason}.",
        "Free disk space, and give this user write access.",
        folder=os.path.dirname(path),
        reason=error.strerror,
    )


def is_unfinished(target: Target) -> bool:
    """Return whether a sync of `target` started and has not finished."""
    return os.path.lexists(_path(target))


def _path(target: Target) -> str:
    # Beside the packages, so that a copy, an image or a cache of the packages includes it.
    return os.path.join(target.site_packages[0], NAME)


def _open_file(path: str) -> int:
    """Open the file at `path`, creating it if necessary, and return its descriptor; raise `OSError` if it is not a regular file."""
    # A package may have installed a link with this name. Opening a pipe would block.
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        # The umask decides whether other users of the Python may write to the file.
        descriptor = os.open(path, flags | os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        # The file was left by another user's unfinished sync. It can be locked and removed without write access.
        descriptor = os.open(path, flags | os.O_RDONLY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError
    return descriptor


def _acquire(path: str, target: Target, environ: Mapping[str, str], info: Callable[[str], None]) -> SyncLock:
    # uv waits for another uv as long as this.
    timeout = environ.get("UV_LOCK_TIMEOUT", "")
    seconds = int(timeout) if timeout.isdecimal() else 300
    deadline = None
    while True:
        lock = SyncLock(path)
        if lock.is_held:
            return lock
        lock.file.close()
        if deadline is None:
            info(f"Waiting for another process to finish its sync of {target.prefix}")
            deadline = time.monotonic() + seconds
        if time.monotonic() > deadline:
            raise PythonUnsuitable(
                "Another process is syncing {target.prefix} and has not finished within {seconds} s.",
                "Give each job its own Python, or set `UV_LOCK_TIMEOUT` to more seconds.",
                target=target,
                seconds=seconds,
            )
        time.sleep(0.1)


def _try_lock(descriptor: int, path: str) -> bool:
    """Try to lock the file, and return whether it is locked and still at `path`: the last holder may have removed it."""
    if sys.platform == "win32":
        import errno
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            # EINVAL means that the file system has no locks. A lock held by another process has other error numbers.
            return error.errno == errno.EINVAL
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:
        # Some network file systems have no locks. Continue as if no other process were running.
        return True

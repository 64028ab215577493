"""The lock file in a Python: one process at a time syncs it, and it stays behind until a sync has finished."""

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

_TEXT = b"A sync has begun here and not finished; the next run of uv-system-sync checks every file.\n"


class SyncLock:
    """The lock of one sync. A process that inherits `descriptors` holds it, too.

    `was_unfinished` is set if an earlier sync has not finished.
    """

    def __init__(self, path: str) -> None:
        existed = os.path.lexists(path)
        self._path = path
        self.file = os.fdopen(_opened(path), "r+b", buffering=0)
        descriptor = self.file.fileno()
        # Windows has no locks that are inherited.
        self.descriptors: tuple[int, ...] = () if sys.platform == "win32" else (descriptor,)
        self.is_held = _is_locked(descriptor, path)
        # Another process may have made the file in between, and then ended.
        self.was_unfinished = existed or os.fstat(descriptor).st_size > 0

    def begin(self) -> None:
        """Write the file durably, and remove it if that fails."""
        try:
            self.file.write(_TEXT)
            os.fsync(self.file.fileno())
            # Windows cannot open a folder, and does not need to.
            if sys.platform != "win32":
                folder = os.open(os.path.dirname(self._path), os.O_RDONLY)
                os.fsync(folder)
                os.close(folder)
        except OSError:
            self.finish()
            raise

    def release(self) -> None:
        """Let others take the lock, even if something that has inherited it, such as a compiler server of a build, still runs."""
        if sys.platform != "win32":
            import fcntl

            # A file system without locks.
            with suppress(OSError):
                fcntl.flock(self.file.fileno(), fcntl.LOCK_UN)
        self.file.close()

    def finish(self) -> None:
        """Remove the file: the sync has finished."""
        # Windows removes no file that is open, neither here nor in a process that waits for the lock and then finds the file.
        if sys.platform == "win32":
            self.file.close()
        with suppress(OSError):
            os.unlink(self._path)


@contextmanager
def hold(target: Target, environ: Mapping[str, str], info: Callable[[str], None]) -> Iterator[SyncLock]:
    """Take the lock of `target`, and write its file durably before anything there changes.

    If another process holds it, `info` is told once, and it is waited for as long as uv would. Raise `PythonUnsuitable` if that
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
    if os.path.lexists(path) and (os.path.islink(path) or not os.path.isfile(path)):
        return PythonUnsuitable(
            "{path} is {what}, and uv-system-sync would keep its lock file there.",
            "Remove it.",
            path=path,
            what="a symbolic link" if os.path.islink(path) else "a folder" if os.path.isdir(path) else "not a file",
        )
    if isinstance(error, PermissionError) and os.path.lexists(path):
        return PythonUnsuitable(
            "{path}, the lock file of a sync by another user, cannot be opened: {reason}.",
            "Let this user write to it, or remove it if no sync runs.",
            path=path,
            reason=error.strerror,
        )
    return PythonUnsuitable(
        "{folder} cannot be written: {reason}.",
        "Free some space on its disk, and let this user write to it.",
        folder=os.path.dirname(path),
        reason=error.strerror,
    )


def is_unfinished(target: Target) -> bool:
    """Return whether a sync of `target` has begun and not finished."""
    return os.path.lexists(_path(target))


def _path(target: Target) -> str:
    # Beside the packages, so that it goes wherever they go: into a copy, an image, a cache.
    return os.path.join(target.site_packages[0], NAME)


def _opened(path: str) -> int:
    """Open the file at `path`, which is created if it is missing, and return its descriptor; raise `OSError` for what is not a file."""
    # A package can bring a link of that name, or a pipe be there, which would wait for a reader.
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        # The umask decides whether others who share the Python may write to it.
        descriptor = os.open(path, flags | os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        # The file of an unfinished sync of another user is locked and removed, and not written.
        descriptor = os.open(path, flags | os.O_RDONLY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError
    return descriptor


def _acquire(path: str, target: Target, environ: Mapping[str, str], info: Callable[[str], None]) -> SyncLock:
    # As long as uv waits for another uv.
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
                "Give each job a Python of its own, or set `UV_LOCK_TIMEOUT` to more seconds.",
                target=target,
                seconds=seconds,
            )
        time.sleep(0.1)


def _is_locked(descriptor: int, path: str) -> bool:
    """Lock the file and return whether it is ours: locked, and still the one at `path`, which its last holder may have removed."""
    if sys.platform == "win32":
        return _is_locked_on_windows(descriptor)
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:
        # A file system without locks, as some network file systems: go on as if there were no other process.
        return True


def _is_locked_on_windows(descriptor: int) -> bool:
    if sys.platform == "win32":
        import errno
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            # This one is a file system without locks; a conflict has several others.
            return error.errno == errno.EINVAL
    return True

"""Installs the packages that the action itself needs into a folder that no other Python process imports from."""

from __future__ import annotations

import binascii
import errno
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, Iterator

from uv_system_sync import paths, process
from uv_system_sync.errors import RunnerUnusable, UvUnavailable

if TYPE_CHECKING:
    from uv_system_sync.process import Completed, Finish
    from uv_system_sync.uv.client import Uv


class Dependencies:
    """A folder below `temp`, the runner's temporary folder, with the packages of the hash-locked file `requirements`.

    Unless an earlier step of the job has installed them, `uv` starts to install them at once; `path` waits until it has finished.
    After a network failure, `path` retries up to `tries` times.
    """

    def __init__(self, requirements: str, uv: Uv, temp: str, tries: int = 0, sleep: Callable[[float], None] = time.sleep) -> None:
        self._uv = uv
        self._tries = tries
        self._sleep = sleep
        self._requirements = requirements
        with open(requirements, "rb") as file:
            # The checksum only distinguishes lock files; importing hashlib is slow.
            lock = binascii.crc32(file.read())
        self._folder = os.path.join(temp, f"uv-system-sync-{sys.implementation.cache_tag}-{lock:08x}")
        self._beside = f"{self._folder}-{os.urandom(8).hex()}"
        self._finish: Finish | None = None
        if not os.path.isdir(self._folder):
            try:
                os.mkdir(self._beside, mode=0o700)
                # With a warm cache, uv needs no index; a request to one would take most of the time.
                self._finish = uv.install_requirements(requirements, self._beside, offline=True)
            except OSError as error:
                raise unwritable(temp, error) from None

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """Stop and remove the installation if the body of the `with` statement fails or is interrupted."""
        if self._finish is None:
            yield
            return
        try:
            with process.meanwhile(self._finish):
                yield
        except BaseException:
            paths.remove_folder(self._beside)
            raise

    def path(self) -> str:
        """Return the folder; raise `UvUnavailable` if uv cannot install the packages, and `RunnerUnusable` if `temp` is not writable."""
        if self._finish is None:
            return self._folder
        try:
            self._install(self._finish)
            self._folder = renamed(self._beside, self._folder)
        except BaseException as error:
            paths.remove_folder(self._beside)
            if isinstance(error, OSError):
                raise unwritable(os.path.dirname(self._folder), error) from None
            raise
        self._finish = None
        return self._folder

    def _install(self, finish: Finish) -> None:
        if finish(None).returncode == 0:
            return
        completed = self._install_online()
        if completed.returncode == 0:
            return
        # An old uv may have failed because it does not know one of the arguments.
        self._uv.require()
        from uv_system_sync.uv import output

        words = completed.output.strip()
        raise output.unusable(output.messages(completed.output), words) or UvUnavailable(
            "{path} could not install the packages that uv-system-sync itself needs (exit status {status}).",
            "Make actions-toolkit, packaging and tomli available on the index that uv uses, or set another index with `UV_DEFAULT_INDEX`.",
            words=words,
            path=self._uv.path,
            status=completed.returncode,
        )

    def _install_online(self) -> Completed:
        completed = self._uv.install_requirements(self._requirements, self._beside, offline=False)(None)
        if completed.returncode == 0:
            return completed
        from uv_system_sync.uv import retries

        for wait in retries.waits(self._tries):
            if completed.returncode == 0 or not retries.reason(completed.output):
                break
            self._sleep(wait)
            completed = self._uv.install_requirements(self._requirements, self._beside, offline=False)(None)
        return completed


def renamed(beside: str, folder: str) -> str:
    """Rename the finished installation `beside` to `folder`, and return its path. A folder with that name is therefore always complete."""
    try:
        os.rename(beside, folder)
    except OSError:
        # Either another step has created `folder` in the meantime, or a virus scanner on Windows has a file open. In the second case
        # the installation is complete and usable where it is.
        if not os.path.isdir(folder):
            return beside
        paths.remove_folder(beside)
    return folder


def unwritable(temp: str, error: OSError) -> RunnerUnusable:
    """Return the error for a failure to write to `temp`, the runner's temporary folder."""
    if error.errno == errno.EROFS:
        hint = "Mount its file system writable; it is read-only."
    else:
        hint = "Free some disk space, and make the runner's temporary folder writable."
    return RunnerUnusable("`RUNNER_TEMP` is {temp}, which is not writable: {reason}.", hint, temp=temp, reason=error.strerror)

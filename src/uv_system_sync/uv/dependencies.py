"""The packages that uv-system-sync itself needs as an action, installed where nothing else sees them."""

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

_MOUNT = "Mount its file system writable; it is read-only."


class Dependencies:
    """A folder below `temp`, the runner's temporary folder, with the packages of the hash-locked file `requirements`.

    Unless an earlier step of the job has made it, `uv` begins to install them at once; `path` waits for that.
    """

    def __init__(self, requirements: str, uv: Uv, temp: str, tries: int = 0, sleep: Callable[[float], None] = time.sleep) -> None:
        self._uv = uv
        self._retries = tries
        self._sleep = sleep
        self._requirements = requirements
        with open(requirements, "rb") as file:
            # It only tells two lock files apart; importing hashlib takes long.
            lock = binascii.crc32(file.read())
        self._folder = os.path.join(temp, f"uv-system-sync-{sys.implementation.cache_tag}-{lock:08x}")
        self._beside = f"{self._folder}-{os.urandom(8).hex()}"
        self._finish: Finish | None = None
        if not os.path.isdir(self._folder):
            try:
                os.mkdir(self._beside, mode=0o700)
                # What is in uv's cache needs no index; asking one would take most of the time.
                self._finish = uv.install_requirements(requirements, self._beside, offline=True)
            except OSError as error:
                raise unwritable(temp, error) from None

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """Stop and remove the installation if what is done in the meantime fails or is interrupted."""
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
        """Return the folder; raise `UvUnavailable` if uv cannot install them, and `RunnerUnusable` if they cannot be written."""
        if self._finish is None:
            return self._folder
        try:
            self._install(self._finish)
            self._folder = renamed(self._beside, self._folder)
        except OSError as error:
            paths.remove_folder(self._beside)
            raise unwritable(os.path.dirname(self._folder), error) from None
        except BaseException:
            paths.remove_folder(self._beside)
            raise
        self._finish = None
        return self._folder

    def _install(self, finish: Finish) -> None:
        completed = finish(None)
        if completed.returncode:
            completed = self._uv.install_requirements(self._requirements, self._beside, offline=False)(None)
        if completed.returncode:
            completed = self._try_again(completed)
        if completed.returncode:
            # A uv that is too old may not have understood its arguments.
            self._uv.require()
            from uv_system_sync.uv import output

            unusable = output.unusable(output.messages(completed.output), completed.output.strip())
            if unusable:
                raise unusable
            raise UvUnavailable(
                "{path} could not install the packages that uv-system-sync itself needs (exit status {status}).",
                "Make them available on the index that uv uses: actions-toolkit, packaging and tomli."
                " `UV_DEFAULT_INDEX` sets another index.",
                words=completed.output.strip(),
                path=self._uv.path,
                status=completed.returncode,
            )

    def _try_again(self, completed: Completed) -> Completed:
        from uv_system_sync.uv import retries

        for wait in retries.waits(self._retries):
            if not (completed.returncode and retries.reason(completed.output)):
                break
            self._sleep(wait)
            completed = self._uv.install_requirements(self._requirements, self._beside, offline=False)(None)
        return completed


def renamed(beside: str, folder: str) -> str:
    """Rename what was installed in `beside` to `folder`, so that a folder of that name is always complete, and return where it is."""
    try:
        os.rename(beside, folder)
    except OSError:
        # Another step has made it in the meantime, or a virus scanner of Windows holds a file of ours, which is complete anyway.
        if not os.path.isdir(folder):
            return beside
        paths.remove_folder(beside)
    return folder


def unwritable(temp: str, error: OSError) -> RunnerUnusable:
    """Return the error for `temp`, the runner's temporary folder, in which nothing can be written."""
    return RunnerUnusable(
        "`RUNNER_TEMP` is {temp}, which cannot be written: {reason}.",
        _MOUNT if error.errno == errno.EROFS else "Free some disk space, and leave the runner's temporary folder writable.",
        temp=temp,
        reason=error.strerror,
    )

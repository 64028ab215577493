"""The packages that uv-system-sync itself needs as an action, installed where nothing else sees them."""

from __future__ import annotations

import binascii
import os
import sys
from typing import TYPE_CHECKING

from uv_system_sync.errors import RunnerUnusable, UvUnavailable

if TYPE_CHECKING:
    from uv_system_sync.uv.client import Uv

_REQUIREMENTS = os.path.normpath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3, "requirements", "action.txt"))

_KEPT_CHARACTERS = 2500


def install(uv: Uv, temp: str) -> str:
    """Return a folder below `temp`, the runner's temporary folder, that has our dependencies; uv makes it once in a job.

    Raise `RunnerUnusable` if the folder cannot be made, and `UvUnavailable` if uv cannot install them.
    """
    if not os.path.isdir(temp):
        raise RunnerUnusable(
            "`RUNNER_TEMP` is {temp!r}, which is not a folder.", "Run the action on a runner of GitHub Actions, which makes it.", temp=temp
        )
    with open(_REQUIREMENTS, "rb") as file:
        # It only tells two lock files apart; importing hashlib takes as long as everything else here.
        lock = binascii.crc32(file.read())
    folder = os.path.join(os.path.abspath(temp), f"uv-system-sync-{sys.implementation.cache_tag}-{lock:08x}")
    try:
        return folder if os.path.isdir(folder) else _made(folder, uv)
    except OSError as error:
        raise RunnerUnusable(
            "`RUNNER_TEMP` is {temp}, which cannot be written: {reason}.",
            "Free some disk space, and leave the runner's temporary folder writable.",
            temp=temp,
            reason=error.strerror,
        ) from None


def _made(folder: str, uv: Uv) -> str:
    """Install beside `folder`, rename that to `folder`, so that a folder of this name is always complete, and return where it is."""
    beside = f"{folder}-{os.urandom(8).hex()}"
    os.mkdir(beside, mode=0o700)
    try:
        _install(uv, beside)
    except BaseException:
        _remove(beside)
        raise
    try:
        os.rename(beside, folder)
    except OSError:
        # Another step has made it in the meantime, or a virus scanner of Windows holds a file of ours, which is complete anyway.
        if not os.path.isdir(folder):
            return beside
        _remove(beside)
    return folder


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _install(uv: Uv, folder: str) -> None:
    # What is in uv's cache needs no index; asking one would take most of the time.
    completed = uv.install_requirements(_REQUIREMENTS, folder, offline=True)
    if completed.returncode:
        completed = uv.install_requirements(_REQUIREMENTS, folder, offline=False)
    if completed.returncode:
        # A uv that is too old may not have understood its arguments.
        uv.require()
        raise UvUnavailable(
            "{path} could not install the packages that uv-system-sync itself needs (exit status {status}).",
            "Make them available on the index that uv uses: actions-toolkit, packaging and tomli. `UV_DEFAULT_INDEX` sets another index.",
            words=completed.output.strip()[-_KEPT_CHARACTERS:],
            path=uv.path,
            status=completed.returncode,
        )

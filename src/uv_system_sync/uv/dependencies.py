"""Has uv install the action's own wheels where nothing else sees them; until then, it speaks for the action itself."""

from __future__ import annotations

import binascii
import os
import sys
from typing import TYPE_CHECKING, Iterable, Mapping

from uv_system_sync.errors import ActionError, RunnerUnusable, UvUnavailable
from uv_system_sync.uv import arguments

if TYPE_CHECKING:
    from uv_system_sync.process import Run

_REQUIREMENTS = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", "..", "..", "requirements", "action.txt"))


def own_wheels(uv: str, environ: Mapping[str, str], run: Run) -> str:
    """Return a folder with the action's own dependencies, made by `uv` unless an earlier step of the job has made it.

    It lies in the runner's temporary folder: nothing of ours goes into the target.
    """
    temp = environ.get("RUNNER_TEMP", "")
    if not os.path.isdir(temp):
        raise RunnerUnusable(
            f"`RUNNER_TEMP` is {temp!r}, which is not a folder.", "Run the action on a runner of GitHub Actions, which makes it."
        )
    with open(_REQUIREMENTS, "rb") as file:
        # No secret, only another name for another lock; hashlib costs as much as everything else here.
        lock = binascii.crc32(file.read())
    folder = os.path.join(os.path.abspath(temp), f"uv-system-sync-{sys.implementation.cache_tag}-{lock:08x}")
    try:
        return folder if os.path.isdir(folder) else _made(folder, uv, environ, run)
    except OSError as error:
        raise RunnerUnusable(
            f"`RUNNER_TEMP` is {temp}, which cannot be written: {error.strerror}.",
            "Free space on the runner's disk, and leave its temporary folder writable.",
        ) from None


def complain(error: ActionError, details: str = "") -> None:
    """Annotate the step with `error` where the actions-toolkit is not there to do it; `details` go to a group of the log."""
    if details:
        lines = "".join(f"| {line}\n" for line in details.replace("##[", "##\\[").splitlines())
        sys.stdout.write(f"::group::Details\n{lines}::endgroup::\n")
    sys.stdout.write(f"::error title={error.slug}::{_escaped(error.text())}\n")


def mask(secrets: Iterable[str]) -> None:
    """Have the runner hide `secrets` wherever they are printed from now on, in every step of the job."""
    sys.stdout.write("".join(f"::add-mask::{_escaped(secret)}\n" for secret in secrets))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _made(folder: str, uv: str, environ: Mapping[str, str], run: Run) -> str:
    """Install beside `folder`, give that its name, so that a folder of the name is always whole, and return where it is."""
    beside = f"{folder}-{os.urandom(8).hex()}"
    os.mkdir(beside, mode=0o700)
    try:
        _install(uv, beside, environ, run)
    except BaseException:
        _remove(beside)
        raise
    try:
        os.rename(beside, folder)
    except OSError:
        # Another step may have made it in the meantime; or a virus scanner of Windows holds a file of it, which is whole all the same.
        if not os.path.isdir(folder):
            return beside
        _remove(beside)
    return folder


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _install(uv: str, folder: str, environ: Mapping[str, str], run: Run) -> None:
    try:
        # What uv has cached needs no index; asking one first would be most of the time that this takes.
        completed = run(arguments.own_wheels(uv, _REQUIREMENTS, folder, environ, offline=True))
        if completed.returncode:
            completed = run(arguments.own_wheels(uv, _REQUIREMENTS, folder, environ))
        if completed.returncode:
            _require_not_too_old(uv, environ, run)
    except OSError as error:
        raise UvUnavailable(f"{uv} does not start: {error.strerror}.", "Install uv in an earlier step, or set `uv-version`.") from None
    if completed.returncode:
        words = completed.output.strip()[-2500:]
        raise UvUnavailable(
            f"{uv} could not install what the action itself needs (exit status {completed.returncode}). It said: {words}",
            "Let uv reach an index that has actions-toolkit, packaging and tomli; `UV_DEFAULT_INDEX` names another one.",
        )


def _require_not_too_old(uv: str, environ: Mapping[str, str], run: Run) -> None:
    """Raise `UvUnavailable` for a uv that may not even have understood what it was told."""
    from uv_system_sync.uv.executable import require, version

    said = run(arguments.version(uv, environ))
    if not said.returncode:
        require(uv, version(uv, said.output), arguments.needs())

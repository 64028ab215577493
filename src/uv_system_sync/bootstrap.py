"""Finds uv and puts the action's own wheels beside it, on the standard library alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, Mapping

from uv_system_sync import plan
from uv_system_sync.errors import ActionError, RunnerUnusable, UvUnavailable
from uv_system_sync.inputs import variable

if TYPE_CHECKING:
    from uv_system_sync.process import Run

_REQUIREMENTS = os.path.join(os.path.dirname(__file__), "..", "..", "requirements", "action.txt")


def wants_setup_uv(environ: Mapping[str, str]) -> bool:
    """Return whether the next step has to install uv: a version is asked for, or there is none."""
    return bool(environ.get(variable("uv-version"), "").strip()) or _which_uv(environ) is None


def find_uv(environ: Mapping[str, str]) -> str:
    """Return the absolute path of uv, or raise `UvUnavailable`."""
    if environ.get(variable("setup-uv"), "") == "failure":
        raise UvUnavailable(
            "astral-sh/setup-uv could not install uv; the step's log says why.",
            "Correct `uv-version` or the network, or install uv in an earlier step and leave `uv-version` empty.",
        )
    uv = _which_uv(environ)
    if uv is None:
        raise UvUnavailable("There is no uv on PATH.", "Use action.yml of this action unchanged, or install uv in an earlier step.")
    return os.path.abspath(uv)


def own_wheels(uv: str, environ: Mapping[str, str], run: Run) -> str:
    """Return a folder with the action's own dependencies, made by `uv` when no earlier step of the job has made it.

    It lies in the runner's temporary folder: nothing of ours goes into the target.
    """
    temp = environ.get("RUNNER_TEMP", "")
    if not os.path.isdir(temp):
        raise RunnerUnusable(
            f"`RUNNER_TEMP` is {temp!r}, which is not a folder.", "Run the action on a runner of GitHub Actions, which makes it."
        )
    with open(_REQUIREMENTS, "rb") as file:
        lock = hashlib.sha256(file.read()).hexdigest()[:16]
    folder = os.path.join(os.path.abspath(temp), f"uv-system-sync-{sys.implementation.cache_tag}-{lock}")
    if not os.path.isdir(folder):
        _install(uv, folder, environ, run)
    return folder


def complain(error: ActionError) -> None:
    """Annotate the step with `error` where the actions-toolkit is not there yet to do it."""
    text = f"{error.message}\n{error.hint}".replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    sys.stdout.write(f"::error title={error.slug}::{text}\n")


def _which_uv(environ: Mapping[str, str]) -> str | None:
    return shutil.which("uv", path=environ.get("PATH", ""))


def _install(uv: str, folder: str, environ: Mapping[str, str], run: Run) -> None:
    # Installed beside and renamed, so that a folder of that name is always whole.
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-", dir=os.path.dirname(folder)) as temp:
        beside = os.path.join(temp, "wheels")
        try:
            completed = run(plan.own_wheels(uv, os.path.normpath(_REQUIREMENTS), beside, environ))
        except OSError as error:
            raise UvUnavailable(f"{uv} does not start: {error.strerror}.", "Install uv in an earlier step, or set `uv-version`.") from None
        if completed.returncode:
            words = completed.output.strip()[-2500:]
            raise UvUnavailable(
                f"{uv} could not install what the action itself needs (exit status {completed.returncode}). It said: {words}",
                "Let uv reach an index that has actions-toolkit, packaging and tomli; `UV_DEFAULT_INDEX` names another one.",
            )
        # Another step may have made it in the meantime; then that one is as good.
        with contextlib.suppress(OSError):
            os.rename(beside, folder)

"""Finds uv, and says whether it has to be installed or is too old; little enough that a step which only asks costs next to nothing."""

from __future__ import annotations

import os

from uv_system_sync.errors import UvUnavailable
from uv_system_sync.interpreter import discovery

# As type checkers know it; importing it from `typing` costs more than the first step may.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, Mapping

    from uv_system_sync.process import Command, Finish

# Spelled out instead of `inputs.variable(...)`: that room's imports cost more than this step may.
_VERSION = "UV_SYSTEM_SYNC_UV_VERSION"
_SETUP_UV = "UV_SYSTEM_SYNC_SETUP_UV"


def has_to_be_installed(environ: dict[str, str]) -> bool:
    """Return whether astral-sh/setup-uv has to run: a version is asked for, or there is no uv."""
    return bool(environ.get(_VERSION, "").strip()) or _which(environ) is None


def find(environ: dict[str, str]) -> str:
    """Return the absolute path of uv, or raise `UvUnavailable`; `environ` tells how setup-uv came out, if it ran."""
    if environ.get(_SETUP_UV) == "failure":
        raise UvUnavailable(
            "astral-sh/setup-uv could not install uv; the step's log says why.",
            "Correct `uv-version` or the network, or install uv in an earlier step and leave `uv-version` empty.",
        )
    found = _which(environ)
    if found is None:
        raise UvUnavailable("There is no uv on PATH.", "Use action.yml of this action unchanged, or install uv in an earlier step.")
    return os.path.abspath(found)


def ask(uv: str, environ: Mapping[str, str], begin: Callable[[Command], Finish]) -> Callable[[], str]:
    """Ask the program `uv` for its version, and return what waits for the answer; either raises `UvUnavailable`."""
    from uv_system_sync.uv import arguments

    try:
        finish = begin(arguments.version(uv, environ))
    except OSError as error:
        raise UvUnavailable(f"{uv} does not start: {error.strerror}.", "Install uv in an earlier step, or set `uv-version`.") from None
    return lambda: version(uv, finish(None).output)


def version(uv: str, output: str) -> str:
    """Return the version that `output`, what the program `uv` says of itself, names, or raise `UvUnavailable`."""
    import re

    found = re.search(r"^uv (\d\S*)", output, re.MULTILINE)
    if found is None:
        raise UvUnavailable(
            f"{uv} is not uv: asked for its version, it said {output[:200]!r}.", "Put the real uv first on PATH, or set `uv-version`."
        )
    return found.group(1)


def require(uv: str, version: str, needs: Iterable[tuple[str, str]]) -> None:
    """Raise `UvUnavailable` where one of `needs`, each with the oldest uv that will do, is more than `uv` of this `version` can."""
    for what, oldest in needs:
        if _numbers(version) < _numbers(oldest):
            raise UvUnavailable(
                f"{what} needs uv {oldest} or newer, and {uv} is uv {version}.",
                "Set `uv-version` to a newer one, or put a newer uv first on PATH.",
            )


def _numbers(version: str) -> tuple[int, ...]:
    import re

    return tuple(map(int, re.findall(r"\d{1,9}", version)[:3]))


def _which(environ: dict[str, str]) -> str | None:
    return discovery.program("uv", environ.get("PATH", ""))

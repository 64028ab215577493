"""Refuses a Python that can be recognised and must not, or cannot, be synced into."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from uv_system_sync import locate
from uv_system_sync.errors import PythonUnsuitable

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.target import Target


def require(target: Target, inputs: Inputs, *, windows: bool = os.name == "nt") -> None:
    """Raise `PythonUnsuitable` unless `inputs` allow to sync into `target`, and uv and the step's user can."""
    if target.marker is not None and not inputs.allow_externally_managed:
        raise _externally_managed(target, target.marker)
    _require_the_one_uv_finds(target, windows=windows)
    if not inputs.check:
        _require_writable(target)


def _externally_managed(target: Target, marker: str) -> PythonUnsuitable:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(marker, encoding="utf-8")
        words = " ".join(parser.get("externally-managed", "Error").split())
    except (configparser.Error, UnicodeDecodeError):
        words = "nothing more"
    return PythonUnsuitable(
        f"{target.executable} is externally managed (PEP 668). Its marker, {marker}, says: {words}",
        "Use actions/setup-python, set `python` to a virtual environment or,"
        " where breaking what manages it does not matter, set `allow-externally-managed: true`.",
    )


def _require_the_one_uv_finds(target: Target, *, windows: bool) -> None:
    if "\n" in target.prefix or "\r" in target.prefix:
        raise PythonUnsuitable(f"{target.prefix!r} holds a line break, which GITHUB_PATH cannot carry.", _MOVE)
    if os.pathsep in target.prefix:
        raise PythonUnsuitable(f"{target.prefix} holds a `{os.pathsep}`, which PATH cannot carry.", _MOVE)
    # uv goes by the prefix alone.
    found = locate.in_prefix(target.prefix, windows=windows)
    if found is None or not locate.same_program(found, target.executable):
        raise PythonUnsuitable(
            f"{target.executable} is installed in {target.prefix}, where uv would use {found or 'no interpreter'}.",
            "Name the Python that uv would use there, or make a virtual environment of the one that you mean.",
        )


_MOVE = "Move this Python to a path without one."


def _require_writable(target: Target) -> None:
    for folder in (*target.site_packages, target.scripts):
        existing = folder
        while not os.path.exists(existing):
            existing = os.path.dirname(existing)
        if not os.access(existing, os.W_OK):
            raise PythonUnsuitable(
                f"The step may not write to {existing}{_whose(existing)}.",
                "Let the step's user own this Python, or set `python` to a virtual environment of theirs.",
            )


def _whose(path: str) -> str:
    """Say who owns `path` and who asks, where the system knows."""
    if os.name == "nt":
        return ""
    import pwd

    def name(uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"user {uid}"

    return f", which belongs to {name(os.stat(path).st_uid)}; it runs as {name(os.geteuid())}"

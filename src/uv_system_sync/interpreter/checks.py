"""Refuses a Python that can be recognised and must not, or cannot, be synced into."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable

from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import discovery, site_packages

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target


def require(target: Target, inputs: Inputs, listed: Callable[[], str], *, windows: bool = os.name == "nt") -> None:
    """Raise `PythonUnsuitable` unless `inputs` allow to sync into `target`, and uv and the step's user can.

    `listed` asks uv what is installed there, which takes time and is only done for what the operating system manages.
    """
    if target.marker is not None and not inputs.allow_externally_managed:
        raise _externally_managed(target, target.marker)
    _require_the_one_uv_finds(target, windows=windows)
    if target.marker is not None and not (inputs.inexact or inputs.check):
        _require_nothing_to_lose(target, target.marker)
        _require_nothing_elsewhere(target, listed())
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


def _require_nothing_to_lose(target: Target, marker: str) -> None:
    """Raise unless what manages `target` keeps its packages elsewhere, as Debian does, where no sync removes them."""
    from uv_system_sync.interpreter.sync_lock import is_left

    others = site_packages.of_others(target.site_packages, target.minor)
    # A sync that has not ended leaves packages that nobody is noted in, and that the next one heals.
    if others and not is_left(target):
        raise PythonUnsuitable(
            f"{target.executable} is externally managed ({marker}), and of the packages there that neither uv nor pip has installed"
            f" an exact sync would remove what is not in uv.lock: {_some([f'{package.name} {package.version}' for package in others])}.",
            "Set `inexact: true` to keep what is not in uv.lock, or set `python` to a virtual environment.",
        )


def _require_nothing_elsewhere(target: Target, listed: str) -> None:
    """Raise if uv knows of packages, `listed` as JSON, that are not where others go: an exact sync would remove those of the system."""
    others = site_packages.unknown(listed, site_packages.packages(target.site_packages))
    if others:
        raise PythonUnsuitable(
            f"uv takes what is not in {target.site_packages[0]} for packages of {target.executable} that it may remove: {_some(others)}.",
            "Its cache is from when `DEB_PYTHON_INSTALL_LAYOUT` was set. Run `uv cache clean`, or set `UV_CACHE_DIR` to another folder.",
        )


def _require_the_one_uv_finds(target: Target, *, windows: bool) -> None:
    if "\n" in target.prefix or "\r" in target.prefix:
        raise PythonUnsuitable(f"{target.prefix!r} holds a line break, which GITHUB_PATH cannot carry.", _MOVE)
    if os.pathsep in target.prefix:
        raise PythonUnsuitable(f"{target.prefix} holds a `{os.pathsep}`, which PATH cannot carry.", _MOVE)
    # uv goes by the prefix alone.
    found = discovery.in_prefix(target.prefix, windows=windows)
    if found is None or not discovery.same_program(found, target.executable):
        raise PythonUnsuitable(
            f"{target.executable} is installed in {target.prefix}, where uv would use {found or 'no interpreter'}.",
            "Name the Python that uv would use there, or make a virtual environment of the one that you mean.",
        )


# How many names a sentence takes.
_LISTED = 20

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


def _some(items: list[str]) -> str:
    return ", ".join(items[:_LISTED]) + (f" and {len(items) - _LISTED} more" if len(items) > _LISTED else "")


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

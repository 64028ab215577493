"""Checks that it is safe and possible to install into a Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable

from uv_system_sync import paths
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import discovery, site_packages, sync_lock
from uv_system_sync.text import Option, listed

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target


def require(target: Target, inputs: Inputs, pip_list: Callable[[], str], *, windows: bool = os.name == "nt") -> None:
    """Raise `PythonUnsuitable` unless `inputs` allow to install into `target`, and uv and this user are able to.

    `pip_list` asks uv what is installed there, as JSON. That takes time and is only done for a Python of the operating system.
    """
    if target.externally_managed is not None and not inputs.allow_externally_managed:
        raise _externally_managed(target, target.externally_managed)
    _require_the_one_uv_finds(target, windows=windows)
    if target.externally_managed is not None and not (inputs.inexact or inputs.check):
        _require_no_packages_of_others(target, target.externally_managed)
        _require_none_elsewhere(target, pip_list())
    if not inputs.check:
        _require_writable(target)


def _externally_managed(target: Target, file: str) -> PythonUnsuitable:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(file, encoding="utf-8")
        explanation = " ".join(parser.get("externally-managed", "Error").split())
    except (configparser.Error, UnicodeDecodeError):
        explanation = "(no explanation)"
    return PythonUnsuitable(
        "{executable} is externally managed (PEP 668). {path} says: {explanation}",
        "Set {python} to a virtual environment or, if it does not matter that the system's own packages may break,"
        " set {allow}. In a workflow, use actions/setup-python.",
        executable=target.executable,
        path=file,
        explanation=explanation,
        python=Option("python"),
        allow=Option("allow-externally-managed", "true"),
    )


def _require_no_packages_of_others(target: Target, file: str) -> None:
    """Raise unless the operating system keeps its packages elsewhere, as Debian does, where no sync removes them."""
    others = site_packages.of_other_installers(target.site_packages, target.minor)
    # An interrupted sync leaves packages without an INSTALLER, which the next sync repairs.
    if others and not sync_lock.is_unfinished(target):
        raise PythonUnsuitable(
            "{executable} is externally managed ({path}). An exact sync would remove packages that are not in uv.lock,"
            " and these were installed by neither uv nor pip: {packages}.",
            "Set {inexact} to keep packages that are not in uv.lock, or set {python} to a virtual environment.",
            executable=target.executable,
            path=file,
            packages=listed([f"{package.name} {package.version}" for package in others]),
            inexact=Option("inexact", "true"),
            python=Option("python"),
        )


def _require_none_elsewhere(target: Target, pip_list: str) -> None:
    """Raise if uv finds packages outside of the folders that it installs into: an exact sync would remove the system's own."""
    others = site_packages.unknown(pip_list, site_packages.packages(target.site_packages))
    if others:
        raise PythonUnsuitable(
            "uv finds packages of {executable} outside of {folder} and would remove them: {packages}.",
            "uv's cache is from a time when `DEB_PYTHON_INSTALL_LAYOUT` was set."
            " Run `uv cache clean`, or set `UV_CACHE_DIR` to another folder.",
            executable=target.executable,
            folder=target.site_packages[0],
            packages=listed(others),
        )


def _require_the_one_uv_finds(target: Target, *, windows: bool) -> None:
    move = "Move this Python to a path without one."
    if "\n" in target.prefix or "\r" in target.prefix:
        raise PythonUnsuitable("{prefix!r} contains a line break, which is not possible in GITHUB_PATH.", move, prefix=target.prefix)
    if os.pathsep in target.prefix:
        template = "{prefix} contains a `{separator}`, which is not possible in PATH."
        raise PythonUnsuitable(template, move, prefix=target.prefix, separator=os.pathsep)
    # uv goes by the prefix alone.
    found = discovery.in_prefix(target.prefix, windows=windows)
    if found is None or not paths.same_program(found, target.executable):
        raise PythonUnsuitable(
            "{executable} is installed in {prefix}, where uv would use {found}.",
            "Set {python} to the one that uv would use, or create a virtual environment of the one that you mean.",
            executable=target.executable,
            prefix=target.prefix,
            found=found or "no interpreter",
            python=Option("python"),
        )


def _require_writable(target: Target) -> None:
    for folder in (*target.site_packages, target.scripts):
        existing = folder
        while not os.path.exists(existing):
            existing = os.path.dirname(existing)
        if not os.access(existing, os.W_OK):
            raise PythonUnsuitable(
                "{folder} is not writable{owner}.",
                "Make this user the owner of this Python, or set {python} to a virtual environment of theirs.",
                folder=existing,
                owner=_owner(existing),
                python=Option("python"),
            )


def _owner(path: str) -> str:
    """Return a clause that names the owner of `path` and the user of this process, where the system has them."""
    if os.name == "nt":
        return ""
    import pwd

    def name(uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"user {uid}"

    return f": it belongs to {name(os.stat(path).st_uid)}, and this process runs as {name(os.geteuid())}"

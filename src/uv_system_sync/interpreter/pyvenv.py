"""The file pyvenv.cfg, which makes a folder a virtual environment (PEP 405) and has the version of Python that it was made with."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from uv_system_sync import paths
from uv_system_sync.errors import PythonUnsuitable

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target

NAME = "pyvenv.cfg"


def places(target: Target) -> tuple[str, ...]:
    """Return the paths where an interpreter looks for the file."""
    folders = (target.prefix, os.path.dirname(target.executable), target.scripts)
    return tuple(dict.fromkeys(os.path.join(folder, NAME) for folder in folders))


def require_version(target: Target) -> None:
    """Raise `PythonUnsuitable` if uv would delete the environment, as it does if the file has another version than the interpreter.

    An update of the Python that it was made with is enough, even to another patch release.
    """
    file = os.path.join(target.prefix, NAME)
    versions = [it.strip() for it in re.findall(r"^[^\S\n]*version(?:_info)?[^\S\n]*=(.*)$", paths.text(file), re.MULTILINE)]
    if _conflict(versions, target.version):
        raise PythonUnsuitable(
            "{config} names Python {recorded}, and {executable} is Python {version}. uv would delete everything in {prefix}.",
            "Run `{command}` with the Python that the environment was made with, which keeps its packages, or create the environment again."
            " If this is no virtual environment, delete {config}.",
            config=file,
            recorded=versions[-1],
            executable=target.executable,
            version=target.version,
            prefix=target.prefix,
            command=f"python -m venv --upgrade {target.prefix}",
        )


def _conflict(versions: list[str], actual: str) -> bool:
    """Return whether uv takes the last of `versions` for another version than `actual`; it ignores a file with one that is none.

    See astral-sh/uv, crates/uv-python/src/environment.rs, `get_pyvenv_version_conflict`.
    """
    numbers = ".".join(re.findall(r"\d+", actual)[:3])
    if {*versions} <= {numbers}:
        return False
    from packaging.version import InvalidVersion, Version

    try:
        recorded, own = [Version(version) for version in versions][-1], Version(actual.rstrip("+"))
    except InvalidVersion:
        return False
    if len(recorded.release) < 3:  # noqa: PLR2004 - major, minor and micro
        return recorded != Version(numbers.rpartition(".")[0])
    return recorded != (own if recorded.pre else Version(numbers))

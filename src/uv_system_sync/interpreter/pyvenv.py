"""The file pyvenv.cfg of a virtual environment (PEP 405), which names the Python version that created the environment."""

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
    """Return the paths where the interpreter of `target` looks for pyvenv.cfg."""
    folders = (target.prefix, os.path.dirname(target.executable), target.scripts)
    return tuple(dict.fromkeys(os.path.join(folder, NAME) for folder in folders))


def require_version(target: Target) -> None:
    """Raise `PythonUnsuitable` if uv would delete the environment because its pyvenv.cfg names another version than the interpreter has.

    This happens after any update of the base Python, even to another patch release.
    """
    file = os.path.join(target.prefix, NAME)
    lines = re.findall(r"^[^\S\n]*version(?:_info)?[^\S\n]*=(.*)$", paths.text(file), re.MULTILINE)
    versions = [line.strip() for line in lines]
    if _conflict(versions, target.version):
        raise PythonUnsuitable(
            "{config} names Python {recorded}, but {executable} is Python {version}. uv would delete everything in {prefix}.",
            "Run `{command}` with the environment's base Python, which keeps the packages, or create the environment again."
            " If {prefix} is not a virtual environment, delete {config}.",
            config=file,
            recorded=versions[-1],
            executable=target.executable,
            version=target.version,
            prefix=target.prefix,
            command=f"python -m venv --upgrade {target.prefix}",
        )


def _conflict(recorded: list[str], actual: str) -> bool:
    """Return whether uv considers the last of `recorded` another version than `actual`. uv ignores a file with an invalid version.

    See astral-sh/uv, crates/uv-python/src/environment.rs, `get_pyvenv_version_conflict`.
    """
    numbers = ".".join(re.findall(r"\d+", actual)[:3])
    if all(version == numbers for version in recorded):
        return False
    from packaging.version import InvalidVersion, Version

    try:
        versions = [Version(version) for version in recorded]
        own = Version(actual.rstrip("+"))
    except InvalidVersion:
        return False
    last = versions[-1]
    if len(last.release) < 3:  # noqa: PLR2004 - major, minor and micro
        return last != Version(numbers.rpartition(".")[0])
    return last != (own if last.pre else Version(numbers))

"""Finds the interpreter that a path stands for; it starts nothing."""

from __future__ import annotations

import os

from uv_system_sync import paths
from uv_system_sync.errors import PythonNotFound, PythonUnsuitable
from uv_system_sync.text import Message, Option, listed, message

# Where uv looks for the interpreter of an environment, in its order
# (astral-sh/uv, crates/uv-python/src/virtualenv.rs, virtualenv_python_executable).
_POSIX = ("bin/python3", "bin/python")
_WINDOWS = ("Scripts/python.exe", "bin/python.exe", "python.exe")

# Folders of a prefix that are easily taken for the prefix itself, in lower case.
_INSIDE = {"bin", "scripts", "lib", "lib64", "include", "share", "dlls"}

# What prefixes are called below a folder of several: a version, or a version and an architecture.
_BELOW = ("*", "*/*")

_CANDIDATES = 10


def interpreter(path: str, source: str, *, windows: bool) -> str:
    """Return the absolute path of the interpreter that `path` stands for: that file, or the interpreter that uv finds in that prefix.

    `source` is what named the path. Raise `PythonNotFound` if there is none, and `PythonUnsuitable` for a virtual environment
    whose Python is gone.
    """
    if not path:
        raise PythonNotFound(
            "`pythonLocation` is not set and {option} is empty, so there is no Python to install into.",
            "Run actions/setup-python before this step or, with `update-environment: false` or in a container, set {option} to an"
            " interpreter or a prefix such as /usr/local.",
            option=Option("python"),
        )
    absolute = os.path.abspath(path)
    if os.path.isfile(absolute):
        return absolute
    found = in_prefix(absolute, windows=windows)
    if found is not None:
        return found
    for candidate in (absolute, *(os.path.join(absolute, *name.split("/")) for name in _POSIX)):
        if os.path.islink(candidate) and not os.path.exists(candidate):
            raise PythonUnsuitable(
                "{source} is {path}, but {link} links to {missing}, which does not exist.",
                "Create the environment again with a Python that exists, or use that Python itself.",
                source=Option(source),
                path=path,
                link=candidate,
                missing=os.path.realpath(candidate),
            )
    if not os.path.isdir(absolute):
        raise PythonNotFound(
            "{source} is {path}, which does not exist.",
            "Set it to an interpreter or to the folder above its `bin`; in a container, as the container sees it.",
            source=Option(source),
            path=path,
        )
    text = "{source} is {path}, which is a folder without a Python of its own."
    raise PythonNotFound(text, _advice(absolute, windows=windows), source=Option(source), path=path)


def in_prefix(prefix: str, *, windows: bool) -> str | None:
    """Return the interpreter that uv would use in `prefix`, or None."""
    return paths.first_program([prefix], _WINDOWS if windows else _POSIX)


def _advice(folder: str, *, windows: bool) -> Message:
    """Return what the user probably meant by `folder`."""
    around = _prefix_around(folder, windows=windows)
    if around is not None:
        return message("Did you mean `{prefix}`?", prefix=around)
    import glob

    versioned = [os.path.join(glob.escape(folder), *name.split("/")) for name in ("bin/python3.*[0-9]", "python3.*[0-9]")]
    inside = sorted(match for pattern in versioned for match in glob.glob(pattern) if os.path.isfile(match) and os.access(match, os.X_OK))
    patterns = [os.path.join(glob.escape(folder), *pattern.split("/")) for pattern in _BELOW]
    below = sorted(match for pattern in patterns for match in glob.glob(pattern) if in_prefix(match, windows=windows))
    candidates = inside or below
    if len(candidates) == 1:
        return message("Did you mean `{prefix}`?", prefix=candidates[0])
    if candidates:
        return message(
            "It holds several; choose one of them: {candidates}.", candidates=listed([f"`{it}`" for it in candidates], _CANDIDATES)
        )
    return message("Set it to the interpreter, or to the prefix that it is installed in (`python -c 'import sys; print(sys.prefix)'`).")


def _prefix_around(folder: str, *, windows: bool) -> str | None:
    """Return the prefix that `folder` is a known part of, or None."""
    while os.path.dirname(folder) != folder:
        above, name = os.path.split(folder)
        if name.lower() in _INSIDE and in_prefix(above, windows=windows):
            return above
        folder = above
    return None

"""Finds programs: one by its name on PATH, the interpreter that a path means; it starts nothing, and imports next to nothing."""

from __future__ import annotations

import os

from uv_system_sync.errors import PythonNotFound, PythonUnsuitable

# Where uv looks for the interpreter of an environment, in its order
# (astral-sh/uv, crates/uv-python/src/virtualenv.rs, virtualenv_python_executable).
_POSIX = ("bin/python3", "bin/python")
_WINDOWS = ("Scripts/python.exe", "bin/python.exe", "python.exe")

# The folders of a prefix that are easily taken for the prefix itself, in small letters.
_INSIDE = {"bin", "scripts", "lib", "lib64", "include", "share", "dlls"}

# What a prefix may be called below a folder of prefixes: a version, a version and an architecture.
_BELOW = ("*", "*/*")


def program(name: str, search_path: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the path of the program `name` in the folders of `search_path`, or None.

    `shutil.which` would look in the current folder first on Windows, which is the checkout's.
    """
    return first(search_path.split(os.pathsep), (f"{name}.exe",) if windows else (name,))


def first(folders: list[str], names: tuple[str, ...]) -> str | None:
    """Return the first path of a program in `folders` with one of `names`, which may hold slashes, or None."""
    for folder in folders:
        for name in names:
            path = os.path.join(folder, *name.split("/"))
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None


def interpreter(path: str, source: str, *, windows: bool) -> str:
    """Return the absolute path of the interpreter that `path` means: the file itself, or the one that uv finds in a prefix.

    `source` is where the path comes from, as the user knows it. Raise `PythonNotFound` when there
    is none, and `PythonUnsuitable` for a virtual environment whose Python is gone.
    """
    if not path:
        raise PythonNotFound(
            "`pythonLocation` is not set and the input `python` is empty, so there is no Python to install into.",
            "Run actions/setup-python before this step or, with `update-environment: false` or in a container,"
            " set `python` to an interpreter or a prefix such as /usr/local.",
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
                f"`{source}` is {path}, and {candidate} leads to {os.path.realpath(candidate)}, which does not exist.",
                "Make the environment anew with a Python that is there, or name that Python itself.",
            )
    if not os.path.isdir(absolute):
        raise PythonNotFound(
            f"`{source}` is {path}, which does not exist.",
            "Name an interpreter, or the folder above its `bin`; in a container, as the container sees it.",
        )
    raise PythonNotFound(f"`{source}` is {path}, which is a folder without a Python of its own.", _advice(absolute, windows=windows))


def in_prefix(prefix: str, *, windows: bool) -> str | None:
    """Return the interpreter that uv would use in `prefix`, or None."""
    return first([prefix], _WINDOWS if windows else _POSIX)


def same(one: str, other: str) -> bool:
    """Return whether both paths exist and lead to the same file or folder."""
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def same_program(one: str, other: str) -> bool:
    """Return whether both paths lead to the same program: one file, or copies beside each other, as some virtual environments have."""
    if same(one, other) or not same(os.path.dirname(one), os.path.dirname(other)):
        return same(one, other)
    import filecmp

    return os.path.isfile(one) and os.path.isfile(other) and filecmp.cmp(one, other, shallow=False)


def _advice(folder: str, *, windows: bool) -> str:
    """Say what the user probably meant by `folder`."""
    prefix = _prefix_around(folder, windows=windows)
    if prefix is not None:
        return f"Did you mean `{prefix}`?"
    import glob

    versioned = [os.path.join(glob.escape(folder), *name.split("/")) for name in ("bin/python3.*[0-9]", "python3.*[0-9]")]
    inside = sorted(match for pattern in versioned for match in glob.glob(pattern) if os.path.isfile(match) and os.access(match, os.X_OK))
    patterns = [os.path.join(glob.escape(folder), *pattern.split("/")) for pattern in _BELOW]
    below = sorted(match for pattern in patterns for match in glob.glob(pattern) if in_prefix(match, windows=windows))
    meant = inside or below
    if len(meant) == 1:
        return f"Did you mean `{meant[0]}`?"
    if meant:
        return f"It holds several; name one of them: {', '.join(f'`{item}`' for item in meant[:10])}."
    return "Name the interpreter itself, or the prefix that it is installed in (`python -c 'import sys; print(sys.prefix)'`)."


def _prefix_around(folder: str, *, windows: bool) -> str | None:
    """Return the prefix that `folder` is a known part of, or None."""
    while os.path.dirname(folder) != folder:
        above, name = os.path.split(folder)
        if name.lower() in _INSIDE and in_prefix(above, windows=windows):
            return above
        folder = above
    return None

"""Explains why there is no interpreter at a path. Imported only after that failure."""

from __future__ import annotations

import glob
import os
import re

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, PythonNotFound, PythonUnsuitable
from uv_system_sync.text import Message, Option, listed, message

# Names, in lower case, of folders in a prefix that users may confuse with the prefix itself.
_PARTS = {"bin", "scripts", "lib", "lib64", "include", "share", "dlls"}


def error(path: str, source: str, *, windows: bool) -> ActionError:
    """Return the error for `path`, where uv would find no interpreter. `source` is the input or variable that contained `path`."""
    if not path:
        return PythonNotFound(
            "`pythonLocation` is not set and {option} is empty, so there is no Python to install into.",
            "Run actions/setup-python before this step or, with `update-environment: false` or in a container, set {option} to an"
            " interpreter or a prefix such as /usr/local.",
            option=Option("python"),
        )
    absolute, option = os.path.abspath(path), Option(source)
    for link in (absolute, os.path.join(absolute, "bin", "python3"), os.path.join(absolute, "bin", "python")):
        if os.path.islink(link) and not os.path.exists(link):
            return PythonUnsuitable(
                "{source} is {path}, but {link} links to {missing}, which does not exist.",
                "Create the environment again with a Python that exists, or use that Python directly.",
                source=option,
                path=path,
                link=link,
                missing=os.path.realpath(link),
            )
    denied = paths.denied(absolute) or paths.denied(os.path.join(absolute, "bin", "python3"))
    if denied:
        fact = "{source} is {path}, but this user may not access {denied}{owner}."
        hint = "Give this user access, or use a Python that every user may run."
        return PythonUnsuitable(fact, hint, source=option, path=path, denied=denied, owner=paths.owner(denied))
    if not os.path.isdir(absolute):
        return PythonNotFound("{source} is {path}, which does not exist.", _instead_of(path, windows=windows), source=option, path=path)
    text = "{source} is {path}, which is a folder but not the prefix of a Python."
    return PythonNotFound(text, _advice(absolute, windows=windows), source=option, path=path)


def _instead_of(path: str, *, windows: bool) -> Message:
    if re.fullmatch(r"(?:c?python|pypy)?[-@]?\d[\w.*]*|(?:python|pypy)3?|(?:<|>|=|~|\^).*", path):
        return message("It must be a path, not a version: choose the version with actions/setup-python, and leave this out.")
    text = "Set it to an interpreter or to the folder above its `bin`. In a container, use the path inside the container."
    return paths.syntax_problem(path, windows=windows) or message(text)


def _advice(folder: str, *, windows: bool) -> Message:
    candidates = _around(folder, windows=windows) or _inside(folder, windows=windows)
    if len(candidates) == 1:
        return message("Did you mean `{prefix}`?", prefix=candidates[0])
    if candidates:
        return message("It contains several Pythons. Choose one: {candidates}.", candidates=listed([f"`{path}`" for path in candidates]))
    return message("Set it to an interpreter, or to its prefix, which `python -c 'import sys; print(sys.prefix)'` prints.")


def _around(folder: str, *, windows: bool) -> list[str]:
    """Return a list of the prefix above `folder`, or an empty list unless `folder` is in a usual part of a prefix, such as `lib`."""
    while os.path.dirname(folder) != folder:
        above, name = os.path.split(folder)
        if name.lower() in _PARTS and paths.python_in(above, windows=windows):
            return [above]
        folder = above
    return []


def _inside(folder: str, *, windows: bool) -> list[str]:
    """Return the interpreters with a version in their name in `folder` or its `bin`, else the prefixes one or two levels below."""
    programs = (*_matches(folder, "bin", "python3.*[0-9]"), *_matches(folder, "python3.*[0-9]"))
    interpreters = [path for path in programs if os.path.isfile(path) and os.access(path, os.X_OK)]
    if interpreters:
        return interpreters
    return [path for path in (*_matches(folder, "*"), *_matches(folder, "*", "*")) if paths.python_in(path, windows=windows)]


def _matches(folder: str, *pattern: str) -> list[str]:
    return sorted(glob.glob(os.path.join(glob.escape(folder), *pattern)))

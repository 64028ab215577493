"""Finding programs, comparing paths, and reading and removing files."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import suppress

from uv_system_sync.text import message

# Type checkers know this name. Importing it from `typing` is slow, and a step that only looks for uv needs nothing else from there.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

    from uv_system_sync.text import Message

# In bytes. Files that are read as a whole, such as uv.lock or a RECORD, are much smaller.
_LIMIT = 64 * 1024 * 1024


def program(name: str, search_path: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the path of the program `name` in the folders of `search_path`, or None.

    On Windows, `shutil.which` would look in the current folder first, which is the repository.
    """
    return first_program(search_path.split(os.pathsep), (f"{name}.exe",) if windows else (name,))


def python_in(prefix: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the path of the interpreter that uv would use in `prefix`, or None."""
    # uv's order (astral-sh/uv, crates/uv-python/src/virtualenv.rs, virtualenv_python_executable).
    names = ("Scripts/python.exe", "bin/python.exe", "python.exe") if windows else ("bin/python3", "bin/python")
    return first_program([prefix], names)


def first_program(folders: Iterable[str], names: Iterable[str]) -> str | None:
    """Return the path of the first executable file in `folders` with one of the `names`, which may contain slashes, or None."""
    for folder in folders:
        for name in names:
            path = os.path.join(folder, *name.split("/"))
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None


def same_file(one: str, other: str) -> bool:
    """Return whether both paths exist and are the same file or folder."""
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def same_program(one: str, other: str) -> bool:
    """Return whether both paths are the same program: one file, or copies in one folder, as in some virtual environments."""
    if same_file(one, other):
        return True
    if not same_file(os.path.dirname(one), os.path.dirname(other)):
        return False
    import filecmp

    return os.path.isfile(one) and os.path.isfile(other) and filecmp.cmp(one, other, shallow=False)


def is_inside(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or below it, with the links in both resolved."""
    folder = os.path.realpath(folder)
    try:
        return os.path.commonpath([os.path.realpath(path), folder]) == folder
    except ValueError:
        # Different drives on Windows, or an invalid path.
        return False


def syntax_problem(path: str, *, windows: bool = os.name == "nt") -> Message | None:
    """Return how to correct a `path` that the user wrote in the syntax of a shell, YAML or Windows, or None."""
    if path[:1] in ("'", '"') and path[-1] == path[0] and path[1:-1]:
        return message("Leave out the quotes: `{path}`.", path=path[1:-1])
    if re.match(r"~|.*(?:\$\w|\$\{|%\w+%)", path):
        return message(
            "Write the full path: `~` and variables are not expanded. In a workflow, `${{{{ github.workspace }}}}` is the checkout."
        )
    if windows or "\\" not in path:
        return None
    if re.match(r"[A-Za-z]:|\\", path):
        system = os.uname().sysname.replace("Darwin", "macOS")
        return message("This is a Windows path, and this machine runs {system}. In a matrix, set it for each system.", system=system)
    return message("Use slashes: `{path}`.", path=path.replace("\\", "/"))


def remove_folder(folder: str) -> None:
    """Remove `folder` with its content where possible. Links are removed, not followed.

    `shutil` is not used: a package or a build may have replaced it, and importing it would run the replacement.
    """
    if not os.path.islink(folder):
        for root, folders, files in os.walk(folder, topdown=False):
            for name in (*files, *folders):
                _remove(os.path.join(root, name))
    _remove(folder)


def _remove(path: str) -> None:
    with suppress(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)


def text(path: str, *, errors: str = "strict") -> str:
    """Return the text of the file at `path` with normalized line ends; empty if it cannot be read or decoded (see `errors` of `open`)."""
    try:
        return content(path).decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, ValueError):
        return ""


def denied(path: str) -> str | None:
    """Return the folder above the absolute `path` that this user may not enter, `path` if they may not read it, or None."""
    try:
        os.stat(path)
    except PermissionError:
        parent = os.path.dirname(path)
        return denied(parent) or parent
    except OSError:
        return None
    return None if os.access(path, os.X_OK if os.path.isdir(path) else os.R_OK) else path


def read_only(path: str) -> str | None:
    """Return the topmost folder from which everything down to the absolute `path` is read-only, or None if `path` is writable.

    For a read-only bind mount, this is its mount point.
    """
    top = None
    while sys.platform != "win32" and top != path and _is_read_only(path):
        top, path = path, os.path.dirname(path)
    return top


def _is_read_only(path: str) -> bool:
    try:
        # PyPy does not define ST_RDONLY, which is 1 on Linux and macOS.
        return bool(os.statvfs(path).f_flag & getattr(os, "ST_RDONLY", 1))
    except OSError:
        return False


def owner(path: str) -> str:
    """Return a clause that names the owner of `path` and the user of this process, or an empty string on Windows."""
    if os.name == "nt":
        return ""
    return f": it belongs to {_user(os.stat(path).st_uid)}, and this process runs as {_user(os.geteuid())}"


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def content(path: str) -> bytes:
    """Return the bytes of the file at `path`; raise `OSError` if it is too large, or not a regular file and possibly endless."""
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", path)
        if status.st_size > _LIMIT:
            raise OSError(errno.EFBIG, f"Larger than {_LIMIT >> 20} MiB", path)
        return file.read(_LIMIT)


def _without_waiting(path: str, flags: int) -> int:
    # Opening a pipe would otherwise wait for a writer.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))

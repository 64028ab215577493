"""Programs on PATH and in prefixes, and what paths and files have in common."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import suppress

from uv_system_sync.text import message

# As type checkers know it; importing it from `typing` takes long, and the step that only looks for uv needs nothing else of it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

    from uv_system_sync.text import Message

# No file that is read as a whole, such as uv.lock or a RECORD, is nearly as large.
_LIMIT = 64 * 1024 * 1024


def program(name: str, search_path: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the path of the program `name` in the folders of `search_path`, or None.

    On Windows, `shutil.which` would look in the current folder first, which is that of the repository.
    """
    return first_program(search_path.split(os.pathsep), (f"{name}.exe",) if windows else (name,))


def python_in(prefix: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the interpreter that uv would use in `prefix`, or None."""
    # In uv's order (astral-sh/uv, crates/uv-python/src/virtualenv.rs, virtualenv_python_executable).
    names = ("Scripts/python.exe", "bin/python.exe", "python.exe") if windows else ("bin/python3", "bin/python")
    return first_program([prefix], names)


def first_program(folders: Iterable[str], names: Iterable[str]) -> str | None:
    """Return the path of the first of `names`, which may hold slashes, that is a program in one of `folders`, or None."""
    for folder in folders:
        for name in names:
            path = os.path.join(folder, *name.split("/"))
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None


def same_file(one: str, other: str) -> bool:
    """Return whether both paths exist and lead to the same file or folder."""
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def same_program(one: str, other: str) -> bool:
    """Return whether both paths lead to the same program: one file, or copies in one folder, as some virtual environments have."""
    if same_file(one, other) or not same_file(os.path.dirname(one), os.path.dirname(other)):
        return same_file(one, other)
    import filecmp

    return os.path.isfile(one) and os.path.isfile(other) and filecmp.cmp(one, other, shallow=False)


def is_inside(path: str, folder: str) -> bool:
    """Return whether `path`, with its links resolved, is `folder` or below it."""
    folder = os.path.realpath(folder)
    try:
        return os.path.commonpath([os.path.realpath(path), folder]) == folder
    except ValueError:
        # Another drive, on Windows, or a path that no system has.
        return False


def syntax_problem(path: str, *, windows: bool = os.name == "nt") -> Message | None:
    """Return the next step for a `path`, as the user wrote it, that only a shell or another system reads as one, or None."""
    if path[:1] in ("'", '"') and path[-1] == path[0] and path[1:-1]:
        return message("Leave out the quotes: `{path}`.", path=path[1:-1])
    if re.match(r"~|.*(?:\$\w|\$\{|%\w+%)", path):
        return message(
            "Write the whole path: neither `~` nor a variable is expanded. In a workflow, `${{{{ github.workspace }}}}` is the checkout."
        )
    if windows or "\\" not in path:
        return None
    if re.match(r"[A-Za-z]:|\\", path):
        system = {"Darwin": "macOS"}.get(os.uname().sysname, os.uname().sysname)
        return message("This is a path of Windows, and this machine runs {system}: in a matrix, set it for each system.", system=system)
    return message("Write it with slashes: `{path}`.", path=path.replace("\\", "/"))


def remove_folder(folder: str) -> None:
    """Remove `folder` with everything in it, as far as it is there and can be removed; links are removed, not followed.

    Importing `shutil`, which could do this, would run what a package or a build may have put in its place.
    """
    for root, folders, files in os.walk(folder, topdown=False) if not os.path.islink(folder) else ():
        for name in (*files, *folders):
            path = os.path.join(root, name)
            with suppress(OSError):
                (os.unlink if name in files or os.path.islink(path) else os.rmdir)(path)
    with suppress(OSError):
        (os.unlink if os.path.islink(folder) else os.rmdir)(folder)


def text(path: str, *, errors: str = "strict") -> str:
    """Return the text of the file at `path`, or an empty string if there is none that can be read.

    Bytes that are not UTF-8 are such `errors` (see `open`).
    """
    try:
        return content(path).decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, ValueError):
        return ""


def denied(path: str) -> str | None:
    """Return the folder on the way to the absolute `path` that this user may not enter, or `path` if they may not read it, or None."""
    try:
        os.stat(path)
    except PermissionError:
        above = os.path.dirname(path)
        return denied(above) or above
    except OSError:
        return None
    return None if os.access(path, os.X_OK if os.path.isdir(path) else os.R_OK) else path


def read_only(path: str) -> str | None:
    """Return the uppermost folder from which on all are on read-only file systems down to the absolute `path`; None if it can be written.

    With that of a bind mount, this is where it is mounted.
    """
    found = None
    while sys.platform != "win32" and _is_read_only(path):
        found, path = path, os.path.dirname(path)
        if found == path:
            break
    return found


def _is_read_only(path: str) -> bool:
    try:
        # PyPy has no name for it; POSIX's ST_RDONLY is 1 on Linux and macOS.
        return bool(os.statvfs(path).f_flag & getattr(os, "ST_RDONLY", 1))
    except OSError:
        return False


def owner(path: str) -> str:
    """Return in a clause who `path` belongs to and whom this process runs as, or an empty string where that is not known."""
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
    """Return what is in the file at `path`; raise `OSError` if it is too large or, like a pipe or a device, may have no end."""
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "It is not a regular file", path)
        if status.st_size > _LIMIT:
            raise OSError(errno.EFBIG, f"It has more than {_LIMIT >> 20} MiB", path)
        return file.read(_LIMIT)


def _without_waiting(path: str, flags: int) -> int:
    # Opening a pipe would otherwise wait for somebody who writes to it.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))

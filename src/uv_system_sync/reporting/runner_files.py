"""Keeps the runner's files of this step as they are while outside code runs."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import Iterator, Mapping

from uv_system_sync.errors import RunnerUnusable

_FILES = (
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
    *("GITHUB_ARTIFACTS", "GITHUB_ARTIFACTS_LIST"),
)


@contextmanager
def sealed(environ: Mapping[str, str]) -> Iterator[None]:
    """Undo what is done meanwhile to the files that `environ` names, and then raise a `RunnerUnusable`.

    A build is not told where they are, but it runs as the same user and can look for them.
    """
    paths = [environ[variable] for variable in _FILES if environ.get(variable)]
    before = {path: _content(path) for path in paths}
    try:
        yield
    finally:
        changed = [path for path in paths if _content(path) != before[path]]
        for path in changed:
            _restore(path, before[path])
    if changed:
        undone = "was" if all(_content(path) == before[path] for path in changed) else "could not be"
        raise RunnerUnusable(
            f"While uv ran, something wrote to {', '.join(changed)}, which only this step may write to. It {undone} undone.",
            "Find out which package's build did it: it tried to change what later steps get.",
        )


def _content(path: str) -> bytes | str:
    """Return the bytes of the file `path`, or what it is instead."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return "not a file"
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return "not there"


def _restore(path: str, content: bytes | str) -> None:
    """Make `path` the file with `content` again, whatever it is now: it may be a link, or a pipe that nobody reads."""
    import shutil

    with suppress(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            _unlink(path)
    if isinstance(content, bytes):
        with suppress(OSError), open(path, "r+b" if isinstance(_content(path), bytes) else "xb") as file:
            file.truncate()
            file.write(content)


def _unlink(path: str) -> None:
    """Remove the file `path`; on Windows, one that is open stays, and can still be written to."""
    if os.name == "nt":
        os.chmod(path, stat.S_IWRITE)
    os.unlink(path)

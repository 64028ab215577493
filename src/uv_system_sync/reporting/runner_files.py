"""The runner's files: GITHUB_ENV, GITHUB_PATH, GITHUB_OUTPUT and GITHUB_STEP_SUMMARY, and files in RUNNER_TEMP."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Iterator, Mapping, Sequence

from uv_system_sync.errors import RunnerUnusable
from uv_system_sync.text import listed

if TYPE_CHECKING:
    from io import FileIO

# The runner drops a larger summary, with an error (actions/runner, src/Runner.Worker/FileCommandManager.cs).
SUMMARY_LIMIT = 1024 * 1024

_COMMAND_FILES = (
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
    *("GITHUB_ARTIFACTS", "GITHUB_ARTIFACTS_LIST"),
)


def path(environ: Mapping[str, str], variable: str) -> str:
    """Return the path in `variable`, or raise `RunnerUnusable` if it is not set."""
    found = environ.get(variable, "")
    if not found:
        raise RunnerUnusable("`{variable}` is not set.", "Run the action on a runner of GitHub Actions, which sets it.", variable=variable)
    return found


def assignments(values: Mapping[str, str]) -> str:
    """Return the lines that set `values` in GITHUB_ENV or GITHUB_OUTPUT; no value can end its own."""
    from actions_toolkit.file_command import prepare_key_value_message

    return "".join(f"{prepare_key_value_message(name, value)}\n" for name, value in values.items())


def append_all(additions: Sequence[tuple[str, str]]) -> None:
    """Append to each path its text, or leave every file as it was and raise `RunnerUnusable`."""
    sizes: dict[str, int | None] = {}
    try:
        with ExitStack() as stack:
            files = []
            for name, text in additions:
                sizes.setdefault(name, os.path.getsize(name) if os.path.exists(name) else None)
                files.append((stack.enter_context(open(name, "ab", buffering=0)), text.encode("utf-8", "surrogateescape")))
            # Right after each other: a process that is killed in between has written only some.
            for file, content in files:
                _write(file, content)
    except BaseException as error:
        _truncate(sizes)
        if not isinstance(error, OSError):
            raise
        raise RunnerUnusable(
            "{path} cannot be written: {reason}.",
            "Free some disk space, and leave the runner's files and its temporary folder writable.",
            path=error.filename,
            reason=error.strerror,
        ) from None


def append_if_possible(additions: Sequence[tuple[str, str]]) -> None:
    """Append to each path its text, as far as that works; for what a failed run leaves, another error would be of no use."""
    for name, text in additions:
        with suppress(OSError), open(name, "ab") as file:
            file.write(text.encode("utf-8", "surrogateescape"))


@contextmanager
def protected(environ: Mapping[str, str]) -> Iterator[None]:
    """Undo what is done meanwhile to the files that `environ` names, and then raise `RunnerUnusable`.

    A build does not see these variables, but runs as the same user and can search for the files.
    """
    names = [environ[variable] for variable in _COMMAND_FILES if environ.get(variable)]
    before = {name: _content(name) for name in names}
    try:
        yield
    finally:
        changed = [name for name in names if _content(name) != before[name]]
        for name in changed:
            _restore(name, before[name])
    if changed:
        undone = "The change was undone" if all(_content(name) == before[name] for name in changed) else "The change could not be undone"
        raise RunnerUnusable(
            "While uv ran, something wrote to {files}, which only this step may write to. {undone}.",
            "Find the package whose build does it: it tried to change what later steps get.",
            files=listed(changed),
            undone=undone,
        )


def _write(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        # Only `open` sets the name itself.
        error.filename = file.name
        raise


def _truncate(sizes: Mapping[str, int | None]) -> None:
    for name, size in sizes.items():
        with suppress(OSError):
            if size is None:
                os.unlink(name)
            else:
                os.truncate(name, size)


def _content(name: str) -> bytes | str:
    """Return the bytes of the file, or what is there instead."""
    try:
        if not stat.S_ISREG(os.lstat(name).st_mode):
            return "not a file"
        with open(name, "rb") as file:
            return file.read()
    except OSError:
        return "missing"


def _restore(name: str, content: bytes | str) -> None:
    """Make `name` the file with `content` again, whatever it is now: it may be a link, or a pipe that nobody reads."""
    import shutil

    with suppress(OSError):
        if os.path.isdir(name) and not os.path.islink(name):
            shutil.rmtree(name)
        else:
            _unlink(name)
    if isinstance(content, bytes):
        with suppress(OSError), open(name, "r+b" if isinstance(_content(name), bytes) else "xb") as file:
            file.truncate()
            file.write(content)


def _unlink(name: str) -> None:
    """Remove the file; on Windows, a file that is open stays, and can still be written to."""
    if os.name == "nt":
        os.chmod(name, stat.S_IWRITE)
    os.unlink(name)

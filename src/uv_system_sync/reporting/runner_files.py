"""Writes and protects the runner's files, such as GITHUB_ENV, GITHUB_PATH, GITHUB_OUTPUT and GITHUB_STEP_SUMMARY."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import Callable, Iterator, Literal, Mapping, Sequence, Union

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, RunnerUnusable
from uv_system_sync.text import listed

# In bytes. The runner rejects a larger summary with an error (actions/runner, src/Runner.Worker/FileCommandManager.cs).
SUMMARY_LIMIT = 1024 * 1024

# The variables whose files are protected.
_PROTECTED = (
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
    *("GITHUB_ARTIFACTS", "GITHUB_ARTIFACTS_LIST", "GITHUB_EVENT_PATH"),
)


def path(environ: Mapping[str, str], variable: str) -> str:
    """Return the path in `variable`, or raise `RunnerUnusable` if it is unset or empty."""
    if not environ.get(variable):
        raise RunnerUnusable("`{variable}` is not set.", "Run the action on a GitHub Actions runner, which sets it.", variable=variable)
    return environ[variable]


def job_summary(environ: Mapping[str, str], text: str) -> list[tuple[str, str]]:
    """Return the job summary `text` as an addition for `append_all`, or nothing if the runner has no summaries or would reject it."""
    # Old versions of GitHub Enterprise Server have no job summaries.
    file = environ.get("GITHUB_STEP_SUMMARY")
    return [(file, text)] if file and len(text.encode("utf-8")) <= SUMMARY_LIMIT else []


def assignments(values: Mapping[str, str]) -> str:
    """Return the lines that set `values` in GITHUB_ENV or GITHUB_OUTPUT, with delimiters that no value contains."""
    from actions_toolkit.file_command import prepare_key_value_message

    return "".join(f"{prepare_key_value_message(name, value)}\n" for name, value in values.items())


def append_all(additions: Sequence[tuple[str, str]]) -> None:
    """Append each text to the file at its path. If one write fails, restore every file and raise `RunnerUnusable`."""
    sizes: dict[str, int | None] = {}
    path = ""
    try:
        for path, text in additions:
            sizes.setdefault(path, os.path.getsize(path) if os.path.exists(path) else None)
            with open(path, "ab") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
    except BaseException as error:
        for written, size in sizes.items():
            with suppress(OSError):
                if size is None:
                    os.unlink(written)
                else:
                    os.truncate(written, size)
        if not isinstance(error, OSError):
            raise
        hint = "Free some disk space, and make sure that the runner's files are writable."
        if error.errno == errno.EROFS:
            hint = "Mount its file system writable; it is read-only."
        raise RunnerUnusable("{path} cannot be written: {reason}.", hint, path=path, reason=error.strerror) from None


@contextmanager
def protected(environ: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """Protect the files that `environ` names, and those of other steps, from the programs that this process starts.

    At the end, undo every change to them and raise `RunnerUnusable` if there was one. Yield a function that ends the protection early,
    so that this process can write to the files. Builds do not get these variables, but run as the same user and can search for the files.
    """
    before = {path: _content(path) for path in _paths(environ)}
    is_over = False

    def end() -> None:
        nonlocal is_over
        if not is_over:
            is_over = True
            _undo_changes(before, environ)

    try:
        yield end
    except BaseException as error:
        try:
            end()
        except RunnerUnusable as intrusion:
            if isinstance(error, ActionError):
                raise intrusion from None
        raise
    end()


# The content of a regular file, None for a missing file, or False for anything else, which cannot be restored.
_Content = Union[bytes, None, Literal[False]]


def _undo_changes(before: Mapping[str, _Content], environ: Mapping[str, str]) -> None:
    changed = [path for path, content in before.items() if not _has(path, content)]
    changed += [path for path in _paths(environ) if path not in before]
    if not changed:
        return
    for path in changed:
        _restore(path, before.get(path))
    is_undone = all(_has(path, before.get(path)) for path in changed)
    raise RunnerUnusable(
        "While uv, Python or a build was running, something wrote to {files}. Only the runner and its steps may write there. {undone}.",
        "Find the package whose build wrote there: it tried to change what later steps get."
        " If a parallel step wrote there, make one of the two steps wait for the other.",
        files=listed(changed),
        undone="The change was undone" if is_undone else "The change could not be undone",
    )


def _paths(environ: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that `environ` names, and of all other files in the runner's own folder.

    A step that uses a composite action has its own files there, which the runner reads after the steps inside the action.
    """
    found = [environ[variable] for variable in _PROTECTED if environ.get(variable)]
    folder = os.path.dirname(environ.get("GITHUB_ENV", ""))
    with suppress(OSError):
        # The runner's name for it (actions/runner, src/Runner.Worker/FileCommandManager.cs).
        if os.path.basename(folder) == "_runner_file_commands":
            found += [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    return list(dict.fromkeys(found))


def _content(path: str) -> _Content:
    """Return the content of the file at `path`, without following a link or reading from a pipe."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return False if os.path.lexists(path) else None


def _has(path: str, content: _Content) -> bool:
    """Return whether the file at `path` has `content`. A file of another size is not read."""
    if content:
        with suppress(OSError):
            if os.lstat(path).st_size != len(content):
                return False
    return _content(path) == content


def _restore(path: str, content: _Content) -> None:
    """Replace the file, link, pipe or folder at `path` with a file that has `content`, or with nothing if `content` is not bytes."""
    with suppress(OSError):
        if os.name == "nt":
            os.chmod(path, stat.S_IWRITE)
        os.unlink(path)
    if os.path.isdir(path):
        paths.remove_folder(path)
    if isinstance(content, bytes):
        # Windows does not delete an open file, but lets others write to it.
        with suppress(OSError), open(path, "r+b" if os.path.isfile(path) else "xb") as file:
            file.truncate()
            file.write(content)

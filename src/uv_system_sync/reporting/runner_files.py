"""The runner's files: GITHUB_ENV, GITHUB_PATH, GITHUB_OUTPUT and GITHUB_STEP_SUMMARY, and files in RUNNER_TEMP."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import Callable, Iterator, Literal, Mapping, Sequence, Union

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, RunnerUnusable
from uv_system_sync.text import listed

# The runner drops a larger summary, with an error (actions/runner, src/Runner.Worker/FileCommandManager.cs).
SUMMARY_LIMIT = 1024 * 1024

_PROTECTED = (
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
    *("GITHUB_ARTIFACTS", "GITHUB_ARTIFACTS_LIST", "GITHUB_EVENT_PATH"),
)


def path(environ: Mapping[str, str], variable: str) -> str:
    """Return the path in `variable`, or raise `RunnerUnusable` if it is not set."""
    if not environ.get(variable):
        raise RunnerUnusable("`{variable}` is not set.", "Run the action on a runner of GitHub Actions, which sets it.", variable=variable)
    return environ[variable]


def job_summary(environ: Mapping[str, str], text: str) -> list[tuple[str, str]]:
    """Return the file and what to append to it, unless the runner would reject it."""
    file = environ.get("GITHUB_STEP_SUMMARY")
    # A server without job summaries names no file for them.
    return [(file, text)] if file and len(text.encode("utf-8")) <= SUMMARY_LIMIT else []


def assignments(values: Mapping[str, str]) -> str:
    """Return the lines that set `values` in GITHUB_ENV or GITHUB_OUTPUT; no value can end its own."""
    from actions_toolkit.file_command import prepare_key_value_message

    return "".join(f"{prepare_key_value_message(name, value)}\n" for name, value in values.items())


def append_all(additions: Sequence[tuple[str, str]]) -> None:
    """Append to each path its text, or leave every file as it was and raise `RunnerUnusable`."""
    sizes: dict[str, int | None] = {}
    name = ""
    try:
        for name, text in additions:
            sizes.setdefault(name, os.path.getsize(name) if os.path.exists(name) else None)
            with open(name, "ab") as file:
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
        mount, space = "Mount its file system writable; it is read-only.", "Free some disk space, and leave the runner's files writable."
        raise RunnerUnusable(
            "{path} cannot be written: {reason}.",
            mount if error.errno == errno.EROFS else space,
            path=name,
            reason=error.strerror,
        ) from None


@contextmanager
def protected(environ: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """Undo what programs do meanwhile to the files that `environ` names and to those of other steps, and raise `RunnerUnusable` then.

    Yield the function that does so and ends the protection, so that this process can write to the files. A build does not see these
    variables, but runs as the same user and can search for the files.
    """
    before = _contents(environ)
    is_over = False

    def end() -> None:
        nonlocal is_over
        is_over = True
        _undo(before, environ)

    try:
        yield end
    except BaseException as error:
        try:
            if not is_over:
                end()
        except RunnerUnusable as intrusion:
            if isinstance(error, ActionError):
                raise intrusion from None
        raise
    if not is_over:
        end()


# A missing file is None, and a file that is not a regular one, or cannot be read, has no content that could be restored.
_Content = Union[bytes, None, Literal[False]]


def _undo(before: Mapping[str, _Content], environ: Mapping[str, str]) -> None:
    changed = [name for name, content in before.items() if not _has(name, content)]
    changed += [name for name in _paths(environ) if name not in before]
    for name in changed:
        _restore(name, before.get(name))
    if changed:
        undone = "The change was undone" if all(_has(name, before.get(name)) for name in changed) else "The change could not be undone"
        raise RunnerUnusable(
            "While uv, Python or a build ran, something wrote to {files}, which is for the runner and its steps alone. {undone}.",
            "Find the package whose build does it: it tried to change what later steps get."
            " If another step ran in parallel and wrote there, let one wait for the other.",
            files=listed(changed),
            undone=undone,
        )


def _contents(environ: Mapping[str, str]) -> dict[str, _Content]:
    return {name: _content(name) for name in _paths(environ)}


def _paths(environ: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that `environ` names, and of everything beside them in the runner's own folder.

    The step of a workflow that uses an action has files of its own there, which the runner reads after the steps inside the action.
    """
    found = [environ[variable] for variable in _PROTECTED if environ.get(variable)]
    folder = os.path.dirname(environ.get("GITHUB_ENV", ""))
    with suppress(OSError):
        # As the runner names it (actions/runner, src/Runner.Worker/FileCommandManager.cs).
        if os.path.basename(folder) == "_runner_file_commands":
            found += [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    return list(dict.fromkeys(found))


def _content(name: str) -> _Content:
    """Return what is in the file: a link is not followed, and a pipe not read."""
    try:
        status = os.lstat(name)
        if not stat.S_ISREG(status.st_mode):
            return False
        if status.st_size == 0:
            return b""
        with open(name, "rb") as file:
            return file.read()
    except OSError:
        return False if os.path.lexists(name) else None


def _has(name: str, content: _Content) -> bool:
    """Return whether the file has `content`, without reading one of another size."""
    if content:
        with suppress(OSError):
            if os.lstat(name).st_size != len(content):
                return False
    return _content(name) == content


def _restore(name: str, content: _Content) -> None:
    """Make `name` the file with `content` again, if it has become another file, a link, a pipe or a folder."""
    with suppress(OSError):
        if os.name == "nt":
            os.chmod(name, stat.S_IWRITE)
        os.unlink(name)
    if os.path.isdir(name):
        paths.remove_folder(name)
    if isinstance(content, bytes):
        # On Windows, a file that is open stays, and can still be written to.
        with suppress(OSError), open(name, "r+b" if os.path.isfile(name) else "xb") as file:
            file.truncate()
            file.write(content)

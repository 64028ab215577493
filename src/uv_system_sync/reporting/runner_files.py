"""The runner's files: GITHUB_ENV, GITHUB_PATH, GITHUB_OUTPUT and GITHUB_STEP_SUMMARY, and files in RUNNER_TEMP."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import Iterator, Mapping, Sequence

from uv_system_sync.errors import RunnerUnusable
from uv_system_sync.text import listed

# The runner drops a larger summary, with an error (actions/runner, src/Runner.Worker/FileCommandManager.cs).
SUMMARY_LIMIT = 1024 * 1024

_COMMAND_FILES = (
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
    *("GITHUB_ARTIFACTS", "GITHUB_ARTIFACTS_LIST"),
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
        raise RunnerUnusable(
            "{path} cannot be written: {reason}.",
            "Free some disk space, and leave the runner's files and its temporary folder writable.",
            path=name,
            reason=error.strerror,
        ) from None


@contextmanager
def protected(environ: Mapping[str, str]) -> Iterator[None]:
    """Undo what is done meanwhile to the files that `environ` names, and then raise `RunnerUnusable`.

    A build does not see these variables, but runs as the same user and can search for the files.
    """
    before = {environ[variable]: _content(environ[variable]) for variable in _COMMAND_FILES if environ.get(variable)}
    try:
        yield
    finally:
        changed = [name for name, content in before.items() if _content(name) != content]
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


def _content(name: str) -> bytes | None:
    """Return what is in the file, or None if it is not a file: a link is not followed, and a pipe not read."""
    with suppress(OSError):
        if stat.S_ISREG(os.lstat(name).st_mode):
            with open(name, "rb") as file:
                return file.read()
    return None


def _restore(name: str, content: bytes | None) -> None:
    """Make `name` the file with `content` again, if it has become another file, a link or a pipe."""
    with suppress(OSError):
        if os.name == "nt":
            os.chmod(name, stat.S_IWRITE)
        os.unlink(name)
    if content is not None:
        # On Windows, a file that is open stays, and can still be written to.
        with suppress(OSError), open(name, "xb" if _content(name) is None else "r+b") as file:
            file.truncate()
            file.write(content)

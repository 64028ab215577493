"""Errors that a user can act on."""

from __future__ import annotations

from uv_system_sync.text import Message


class ActionError(Exception):
    """A failure: what is wrong, what to do next and, where there is one, a place.

    `message` is the fact with its value and `hint` the next step; both are sentences with fields (see `Message`) for which
    `values` has what they stand for. `file` is an absolute path, and `line` counts from 1. `words` is what uv printed last,
    if it was uv that failed. `slug` is the title of the annotation and a heading of the documentation;
    `exit_status` is that of the command.
    """

    slug: str
    exit_status: int

    def __init__(
        self,
        message: str | Message,
        hint: str | Message,
        *,
        file: str | None = None,
        line: int | None = None,
        words: str = "",
        **values: object,
    ) -> None:
        self.message = message if isinstance(message, Message) else Message(message, values)
        self.hint = hint if isinstance(hint, Message) else Message(hint, values)
        self.values = {**self.hint.values, **self.message.values}
        self.file = file
        self.line = line
        self.words = words
        super().__init__(str(self.message))


class InvalidInput(ActionError):
    """An input or option has a value that cannot be used."""

    slug = "invalid-input"
    exit_status = 3


class PythonNotFound(ActionError):
    """There is no Python where the input says."""

    slug = "python-not-found"
    exit_status = 4


class PythonUnsuitable(ActionError):
    """The Python is unsafe or impossible to install into, or later steps would not get it."""

    slug = "python-unsuitable"
    exit_status = 5


class PythonRejected(ActionError):
    """The project's `requires-python` or `environments` excludes this Python."""

    slug = "python-rejected"
    exit_status = 6


class ProjectInvalid(ActionError):
    """The project's files are missing, unreadable or malformed."""

    slug = "project-invalid"
    exit_status = 7


class LockMissing(ActionError):
    """The project has no uv.lock."""

    slug = "lock-missing"
    exit_status = 8


class LockOutdated(ActionError):
    """uv.lock does not match pyproject.toml."""

    slug = "lock-outdated"
    exit_status = 9


class OutOfSync(ActionError):
    """A check found that the environment does not match uv.lock."""

    slug = "out-of-sync"
    exit_status = 10


class UvUnavailable(ActionError):
    """There is no uv that starts and that the project accepts, and none could be installed."""

    slug = "uv-unavailable"
    exit_status = 11


class SyncFailed(ActionError):
    """uv failed to install: a build, a download or a resolution."""

    slug = "sync-failed"
    exit_status = 12


class RunnerUnusable(ActionError):
    """The runner's files or folders cannot be written, or the machine has run out of something."""

    slug = "runner-unusable"
    exit_status = 13


class PackagesDiffer(ActionError):
    """Jobs of a matrix have different versions of a package that must match."""

    slug = "packages-differ"
    exit_status = 14


class Cancelled(ActionError):
    """The runner or the user asked the run to stop."""

    slug = "cancelled"
    exit_status = 130


class InternalError(ActionError):
    """A bug in uv-system-sync."""

    slug = "internal-error"
    exit_status = 1


def exhausted(error: OSError) -> RunnerUnusable | None:
    """Return the error to show if `error` says that the machine has run out of something, else None."""
    import errno

    # Windows does not have all of them.
    if error.errno not in {getattr(errno, name, 0) for name in ("ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN")}:
        return None
    return RunnerUnusable(
        "The machine has run out of disk space, memory, processes or file handles: {reason}.",
        "Free some; `df -h`, `df -i` and `ulimit -a` show what is left.",
        reason=error,
    )


def explained(error: BaseException) -> tuple[ActionError, str]:
    """Return `error` as one with a next step, and the traceback if it is a bug."""
    if isinstance(error, ActionError):
        return error, ""
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("The run was cancelled. uv was stopped, and later steps get nothing from this run.", "Run it again."), ""
    shortage = exhausted(error) if isinstance(error, OSError) else None
    if shortage:
        return shortage, ""
    import traceback

    bug = InternalError(
        "This is a bug in uv-system-sync: {kind}: {reason}",
        "Please report it, with the whole log: https://github.com/org/uv-system-sync/issues",
        kind=type(error).__name__,
        reason=error,
    )
    return bug, "".join(traceback.format_exception(type(error), error, error.__traceback__))

"""Errors that the user can act on."""

from __future__ import annotations

from typing import Callable

from uv_system_sync.text import Message


class ActionError(Exception):
    """A failure: what is wrong, what to do next and, where known, the file and line.

    `message` says what is wrong, and `hint` what to do. Both may have fields in braces (see `Message`); `values` are the values of
    these fields. `file` is an absolute path, `line` counts from 1, and `words` is the end of uv's output if uv failed.
    `slug` is the title of the annotation and a heading of docs/errors.md. `exit_status` is the exit status of the command.
    """

    slug: str
    exit_status: int

    def __init_subclass__(cls, *, slug: str, exit_status: int) -> None:
        """Set the slug and the exit status of this kind of error."""
        super().__init_subclass__()
        cls.slug, cls.exit_status = slug, exit_status

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


class InvalidInput(ActionError, slug="invalid-input", exit_status=3):
    """An input or option has an invalid value."""


class PythonNotFound(ActionError, slug="python-not-found", exit_status=4):
    """The input names a Python that does not exist."""


class PythonUnsuitable(ActionError, slug="python-unsuitable", exit_status=5):
    """Installing into the Python is unsafe or impossible, or later steps would use another one."""


class PythonRejected(ActionError, slug="python-rejected", exit_status=6):
    """`requires-python` or `environments` of the project excludes this Python."""


class ProjectInvalid(ActionError, slug="project-invalid", exit_status=7):
    """The project's files are missing, unreadable or malformed."""


class LockMissing(ActionError, slug="lock-missing", exit_status=8):
    """The project has no uv.lock."""


class LockOutdated(ActionError, slug="lock-outdated", exit_status=9):
    """uv.lock does not match pyproject.toml."""


class OutOfSync(ActionError, slug="out-of-sync", exit_status=10):
    """A check found that the environment does not match uv.lock."""


class UvUnavailable(ActionError, slug="uv-unavailable", exit_status=11):
    """No uv that starts and that the project accepts was found, and none could be installed."""


class SyncFailed(ActionError, slug="sync-failed", exit_status=12):
    """uv failed: a build, a download or the resolution."""


class RunnerUnusable(ActionError, slug="runner-unusable", exit_status=13):
    """The runner's files or folders cannot be written, or the machine has run out of a resource."""


class PackagesDiffer(ActionError, slug="packages-differ", exit_status=14):
    """Jobs of a matrix have different versions of a package that must be the same."""


class JobsFailed(ActionError, slug="jobs-failed", exit_status=15):
    """Jobs of a matrix that must succeed failed or have no report."""


class Cancelled(ActionError, slug="cancelled", exit_status=130):
    """The runner or the user asked the run to stop."""


class InternalError(ActionError, slug="internal-error", exit_status=1):
    """A bug in uv-system-sync."""


def redacted(error: ActionError, redact: Callable[[str], str]) -> ActionError:
    """Return `error` with `redact` applied to the values of its sentences and to its `words`."""
    message, hint = error.message.map(redact), error.hint.map(redact)
    return type(error)(message, hint, file=error.file, line=error.line, words=redact(error.words))


def exhausted(error: OSError) -> RunnerUnusable | None:
    """Return a `RunnerUnusable` if `error` means that the machine has run out of a resource, else None."""
    import errno

    names = ("ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN")
    # Windows does not define all of them.
    if error.errno not in {getattr(errno, name, 0) for name in names}:
        return None
    return RunnerUnusable(
        "The machine has run out of disk space, memory, processes or file handles: {reason}.",
        "Free some; `df -h`, `df -i` and `ulimit -a` show what is left.",
        reason=error,
    )


def explained(error: BaseException) -> tuple[ActionError, str]:
    """Return the `ActionError` to show for `error`, and the traceback if `error` is a bug, else an empty string."""
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
        "Please report it and attach the whole log: https://github.com/org/uv-system-sync/issues",
        kind=type(error).__name__,
        reason=error,
    )
    return bug, "".join(traceback.format_exception(type(error), error, error.__traceback__))

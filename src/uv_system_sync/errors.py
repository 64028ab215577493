"""The shelf of errors that a user can act on; every room may reach it, and it reaches no room."""

from __future__ import annotations

# How much of an annotation the runner shows, in the units that .NET counts (actions/runner, src/Runner.Worker/ExecutionContext.cs).
_SHOWN = 4096
_LEAST = 80


class ActionError(Exception):
    """A failure with a fact, a next step and, where there is one, a place.

    `message` states the fact with its value and `hint` the next step, both as plain text.
    `file` is an absolute path and `line` counts from 1. `words` is what uv printed last, where it was
    uv that failed. `slug` titles the annotation and is a heading of the README's troubleshooting section.
    """

    slug: str

    def __init__(self, message: str, hint: str, *, file: str | None = None, line: int | None = None, words: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        self.line = line
        self.words = words

    def text(self) -> str:
        """Return what an annotation says: message, hint and uv's words, the words cut so that the runner shows the rest whole."""
        hint = _cut(self.hint, _SHOWN // 2, from_start=False)
        head = f"{_cut(self.message, _SHOWN - _units(hint) - 1, from_start=False)}\n{hint}"
        label = "\nuv said: "
        room = _SHOWN - _units(head + label)
        # A few letters of them say nothing.
        return f"{head}{label}{_cut(self.words, room, from_start=True)}" if self.words and room >= _LEAST else head


def _units(text: str) -> int:
    # Not by encoding it: the codec would have to be imported, with a file handle that may be what is missing.
    return len(text) + sum(letter > "\uffff" for letter in text)


def _cut(text: str, room: int, *, from_start: bool) -> str:
    """Return `text`, or what fits of it into `room` units of UTF-16, with a mark where it was cut."""
    if _units(text) <= room:
        return text
    kept: list[str] = []
    left = room - 2
    for letter in reversed(text) if from_start else text:
        left -= _units(letter)
        if left < 0:
            break
        kept.append(letter)
    return f"… {''.join(reversed(kept))}" if from_start else f"{''.join(kept)} …"


class InvalidInput(ActionError):
    """An input of the step has a value that the action cannot take."""

    slug = "invalid-input"


class PythonNotFound(ActionError):
    """There is no Python where the step looks for one."""

    slug = "python-not-found"


class PythonUnsuitable(ActionError):
    """There is a Python, and it must not or cannot be synced into, or later steps would not get it."""

    slug = "python-unsuitable"


class PythonRejected(ActionError):
    """The project is not for the target: its `requires-python`, or its `environments`, exclude it."""

    slug = "python-rejected"


class ProjectInvalid(ActionError):
    """The project's files are missing, unreadable or malformed."""

    slug = "project-invalid"


class LockMissing(ActionError):
    """The project has no uv.lock."""

    slug = "lock-missing"


class LockOutdated(ActionError):
    """uv.lock does not describe what pyproject.toml asks for."""

    slug = "lock-outdated"


class OutOfSync(ActionError):
    """`check: true`, and the environment is not what the lock says."""

    slug = "out-of-sync"


class UvUnavailable(ActionError):
    """There is no uv that starts and that the project accepts, and none could be installed."""

    slug = "uv-unavailable"


class SyncFailed(ActionError):
    """uv failed for a reason that its own words explain best."""

    slug = "sync-failed"


class PackagesDiffer(ActionError):
    """Jobs of a matrix have different versions of a package that must be the same in all of them."""

    slug = "packages-differ"


class RunnerUnusable(ActionError):
    """The runner's files or folders cannot be written as the runner promises."""

    slug = "runner-unusable"

    @classmethod
    def exhausted(cls, error: OSError) -> RunnerUnusable | None:
        """Return what to say when `error` means that the machine has run out of something, else None."""
        import errno

        # Windows does not have all of them.
        if error.errno not in {getattr(errno, name, 0) for name in ("ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN")}:
            return None
        return cls(
            f"The runner has run out of something: {error}.", "Free it; `df -h`, `df -i` and `ulimit -a` in a step tell what there is."
        )


class Cancelled(ActionError):
    """The runner, or a user at a terminal, asked the step to end."""

    slug = "cancelled"


class InternalError(ActionError):
    """A bug of this action; nothing that a user did."""

    slug = "internal-error"


def explained(error: BaseException) -> tuple[ActionError, str]:
    """Return `error` as one with a next step, and the details that only a report of a bug needs."""
    if isinstance(error, ActionError):
        return error, ""
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("The step was cancelled; uv was ended and no later step sees a result of it.", "Run the job again."), ""
    exhausted = RunnerUnusable.exhausted(error) if isinstance(error, OSError) else None
    if exhausted:
        return exhausted, ""
    import traceback

    bug = InternalError(
        f"uv-system-sync has a bug: {type(error).__name__}: {error}",
        "Report it, please, with the log of this step: https://github.com/org/uv-system-sync/issues",
    )
    return bug, "".join(traceback.format_exception(type(error), error, error.__traceback__))

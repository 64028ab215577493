"""Explains why uv failed, from its output and the project's files. Imported only after a failure."""

from __future__ import annotations

import textwrap

from uv_system_sync.diagnosis import builds, malware, messages, network, outdated_lock, selection
from uv_system_sync.diagnosis.failure import Failure
from uv_system_sync.errors import ActionError, ProjectInvalid, SyncFailed
from uv_system_sync.text import Message, message, without_credentials
from uv_system_sync.uv import output

__all__ = ["Failure", "explain"]


def explain(failure: Failure) -> ActionError:
    """Return the error that explains why uv failed, without credentials in its addresses."""
    # Credentials go first: a password may contain a character at which a pattern ends an address.
    completed = failure.completed
    failure = failure._replace(completed=completed._replace(output=without_credentials(completed.output)))
    error = _first_explanation(failure)
    return type(error)(_clean(error.message), _clean(error.hint), file=error.file, line=error.line, words=error.words)


def _first_explanation(failure: Failure) -> ActionError:
    # The more certain an explanation is, the earlier it is tried.
    certain = (_malformed_lock, malware.stopped, outdated_lock.outdated, messages.find, selection.unknown_name, builds.no_distribution)
    likely = (network.failed_git_fetch, builds.failed_build, network.failed_fetch, outdated_lock.unsolvable)
    for explanation in (*certain, *likely):
        error = explanation(failure)
        if error:
            return error
    return _unknown(failure)


def _clean(text: Message) -> Message:
    """Return `text` with each of its values on one line and without credentials."""
    return text.map(lambda value: without_credentials(" ".join(value.splitlines())))


def _malformed_lock(failure: Failure) -> ActionError | None:
    project, error = failure.project, failure.project.lock.error
    if error is None or error.line is None:
        return error
    hint = message(
        "Restore {path} from version control as it was on one of the branches, then run {command}.",
        path=project.lock.path,
        command=project.lock_command(),
    )
    return ProjectInvalid(error.message, hint, file=error.file, line=error.line)


def _unknown(failure: Failure) -> ActionError:
    status = failure.completed.returncode
    if status < 0:
        hint = "If nobody stopped it, the machine may have run out of memory. Run it again."
        return failure.error(SyncFailed, "uv was terminated by signal {number}.", hint, number=-status)
    own_error = output.own_error(failure.own)
    fact = "uv failed (exit status {status}): {said}." if own_error else "uv ended with exit status {status}."
    hint = "Read the end of uv's output; the log has all of it."
    if failure.match("Failed to install: "):
        # uv does not verify what it installs from its cache.
        hint = "Read the end of uv's output; the log has all of it. If it fails again, the cache may be corrupt: run `uv cache clean`."
    return failure.error(SyncFailed, fact, hint, status=status, said=textwrap.shorten(own_error, 400, placeholder=" …"))

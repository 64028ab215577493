"""Explains why uv failed, from what it printed and from the project's files. Only a run that has failed imports it."""

from __future__ import annotations

import textwrap

from uv_system_sync.diagnosis import builds, malware, messages, network, outdated_lock, selection
from uv_system_sync.diagnosis.failure import Failure
from uv_system_sync.errors import ActionError, ProjectInvalid, SyncFailed
from uv_system_sync.text import message, without_credentials
from uv_system_sync.uv import output

__all__ = ["Failure", "explain"]


def explain(failure: Failure) -> ActionError:
    """Return the error that explains why uv failed, without the credentials that addresses may have."""
    # Before anything is cut out of it: a password may have a character that ends an address.
    failure = failure._replace(completed=failure.completed._replace(output=without_credentials(failure.completed.output)))
    # The first that returns an error decides; the more certain ones come first.
    matchers = (
        *(_malformed_lock, malware.stopped, outdated_lock.outdated, messages.find, selection.unknown_name, builds.no_distribution),
        *(network.unread, builds.failed_build, network.unreached, outdated_lock.unsolvable, _unknown),
    )
    error = next(error for match in matchers for error in [match(failure)] if error)
    # A message is one line.
    fact, hint = (it.map(lambda text: without_credentials(" ".join(text.splitlines()))) for it in (error.message, error.hint))
    return type(error)(fact, hint, file=error.file, line=error.line, words=error.words)


def _malformed_lock(failure: Failure) -> ActionError | None:
    project, error = failure.project, failure.project.lock.error
    if error is None or error.line is None:
        return error
    hint = message(
        "Restore {path} from version control, as it was on one branch, and run {command}.",
        path=project.lock.path,
        command=project.lock_command(),
    )
    return ProjectInvalid(error.message, hint, file=error.file, line=error.line)


def _unknown(failure: Failure) -> ActionError:
    status, said = failure.completed.returncode, output.own_error(failure.own)
    if status < 0:
        signal = "uv was ended by signal {number}."
        return failure.error(
            SyncFailed, signal, "If nobody stopped it, the machine may have run out of memory. Run it again.", number=-status
        )
    hint = "Read the end of the output of uv; the log has all of it."
    if failure.match("Failed to install: "):
        # uv does not verify what it installs from its cache.
        hint += " If it fails again, the cache may be corrupt: run `uv cache clean`."
    fact = "uv failed (exit status {status}): {said}." if said else "uv ended with exit status {status}."
    return failure.error(SyncFailed, fact, hint, status=status, said=textwrap.shorten(said, 400, placeholder=" …"))

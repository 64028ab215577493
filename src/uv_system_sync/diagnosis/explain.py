"""Explains why uv failed, from what it printed and from the project's files. Only a run that has failed imports it."""

from __future__ import annotations

import re

from uv_system_sync.diagnosis import builds, git, messages, network, outdated_lock, pythons, selection
from uv_system_sync.diagnosis.failure import Failure
from uv_system_sync.errors import ActionError, SyncFailed

__all__ = ["Failure", "explain"]

# The first that returns an error decides. Where two could, the one that is more certain comes first.
_MATCHERS = (
    outdated_lock.outdated,
    messages.find,
    pythons.rejected,
    selection.unknown_name,
    pythons.contradiction,
    pythons.rejected_by_group,
    builds.no_distribution,
    git.unread,
    builds.failed_build,
    network.unreached,
    outdated_lock.unsolvable,
)


def explain(failure: Failure) -> ActionError:
    """Return the error that explains why uv failed, without the credentials that addresses may have."""
    found = (error for match in _MATCHERS for error in [match(failure)] if error)
    return _without_credentials(failure.project.lock.error or next(found, None) or _unknown(failure))


def _unknown(failure: Failure) -> ActionError:
    hint = "Read the end of the output of uv; the log has all of it."
    if "Failed to install: " in failure.words:
        # uv does not verify what it installs from its cache.
        hint += " If it fails again, the cache may be corrupt: run `uv cache clean`."
    return failure.error(SyncFailed, "uv ended with exit status {status}.", hint, status=failure.completed.returncode)


def _without_credentials(error: ActionError) -> ActionError:
    """Return `error` without credentials, and with a message of one line."""
    message, hint = (it.map(lambda text: _redacted(" ".join(text.splitlines()))) for it in (error.message, error.hint))
    return type(error)(message, hint, file=error.file, line=error.line, words=_redacted(error.words))


def _redacted(text: str) -> str:
    return re.sub(r"(?<=://)[^\s/]+@", "", text)

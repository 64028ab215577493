"""Explains which Git repository uv could not fetch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uv_system_sync.errors import ActionError, SyncFailed

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure

_PRIVATE = "git has no access to it, or it does not exist"
_CREDENTIALS = (
    "Give git credentials that {host} accepts, or correct the address in pyproject.toml."
    " In a workflow, take them from secrets: the job's own token can read the job's own repository only."
)
_REACH = "Check that this machine reaches {host} (its network, `HTTPS_PROXY`); then run it again."

# What uv, git or ssh prints, the reason, and the next step.
_REASONS = (
    (r"Git executable not found", "there is no `git` on PATH", "Install git first."),
    (
        r"not our ref|couldn't find remote ref|unadvertised object",
        "it does not have the locked commit",
        "Restore the branch or tag that had it, or run `uv lock` and commit uv.lock.",
    ),
    (r"not appear to be a git repository", "there is no such repository", "Correct its address in pyproject.toml."),
    (r"Host key verification failed", "the key of its host is not known", "Add the key of {host} to `~/.ssh/known_hosts` first."),
    (
        r"Permission denied \(",
        _PRIVATE,
        "Give ssh a key that {host} accepts, in a workflow from secrets, or correct the address in pyproject.toml.",
    ),
    (
        r"could not read (?:Username|Password)|Authentication failed|returned error: 40[134]|[Rr]epository (?:'\S+' )?not found",
        _PRIVATE,
        _CREDENTIALS,
    ),
    (r"returned error: 5\d\d", "the server failed", "Run it again; if it fails again, ask the operator of {host}."),
    (r"[Cc]ould not resolve host", "the name of the host is not known", _REACH),
    (r"[Cc]onnection refused|[Cc]ouldn't connect|Failed to connect|[Tt]imed out", "the connection failed", _REACH),
    (r"certificate", "its certificate is not trusted", "Set `GIT_SSL_CAINFO` to the certificates of the authority of {host}."),
    (r"", "git failed", "Read the end of the output of uv; the log has all of it."),
)


def unread(failure: Failure) -> ActionError | None:
    """Return the error for a Git repository that uv could not fetch, or None."""
    found = re.search(
        r"`([^`\s@]+) @ git\+([^`\s]+?)(?:@[^`\s@/:#]+)?(?:#[^`\s]*)?`(.*? Git operation failed .*)", failure.words_and_quotes
    )
    if found is None:
        return None
    package, address, words = found.groups()
    reason, hint = next((reason, hint) for pattern, reason, hint in _REASONS if re.search(pattern, words))
    host = re.search(r"://(?:[^/@]*@)?([^/?#]+)", address)
    return failure.error(
        SyncFailed,
        "{package} could not be fetched from the Git repository {address}: {reason}.",
        hint,
        failure.project.lock.place_of(package),
        package=package,
        address=address,
        reason=reason,
        host=host.group(1) if host else "its host",
    )

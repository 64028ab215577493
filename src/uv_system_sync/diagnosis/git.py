"""Finds in what uv printed which Git repository could not be read, and says what helps."""

from __future__ import annotations

import re
from typing import NamedTuple


class Unread(NamedTuple):
    """The package whose repository it is; a sentence that names both and the reason; and the next step, or nothing."""

    package: str
    message: str
    hint: str


_PRIVATE = "git may not read it, or it does not exist"
_CREDENTIALS = (
    "Give git credentials that {host} accepts in an earlier step, from secrets: the job's own token reads the job's own repository alone."
    " Or correct the address in pyproject.toml."
)
_REACH = "Check that the runner reaches {host} (its network, `HTTPS_PROXY`); then run the job again."

# What uv, git or ssh says, the reason that it is, and what then helps.
_REASONS = (
    (r"Git executable not found", "there is no `git` on PATH", "Install git in an earlier step."),
    (
        r"not our ref|couldn't find remote ref|unadvertised object",
        "it does not have the commit that is locked",
        "Restore the branch or tag that had it, or run `uv lock` and commit uv.lock.",
    ),
    (r"not appear to be a git repository", "there is no such repository", "Correct its address in pyproject.toml."),
    (
        r"Host key verification failed",
        "the key of its host is not known",
        "Add the key of {host} to `~/.ssh/known_hosts` in an earlier step.",
    ),
    (
        r"Permission denied \(",
        _PRIVATE,
        "Give ssh a key that {host} accepts in an earlier step, from secrets, or correct the address in pyproject.toml.",
    ),
    (
        r"could not read (?:Username|Password)|Authentication failed|returned error: 40[134]|[Rr]epository (?:'\S+' )?not found",
        _PRIVATE,
        _CREDENTIALS,
    ),
    (r"returned error: 5\d\d", "the server has failed", "Run the job again; if it fails again, ask who runs {host}."),
    (r"[Cc]ould not resolve host", "the name of the host is not known", _REACH),
    (r"[Cc]onnection refused|[Cc]ouldn't connect|Failed to connect|[Tt]imed out", "the connection failed", _REACH),
    (r"certificate", "its certificate is not trusted", "Name the certificate authority of {host} in `GIT_SSL_CAINFO`."),
)


def fault(flat: str) -> Unread | None:
    """Return what `flat`, uv's output as one line, says of a Git repository; None, when it says nothing of one."""
    found = re.search(r"`([^`\s@]+) @ git\+([^`\s]+?)(?:@[^`\s@/:#]+)?(?:#[^`\s]*)?`(.*? Git operation failed .*)", flat)
    if found is None:
        return None
    package, address, words = found.groups()
    host = re.search(r"://(?:[^/@]*@)?([^/?#]+)", address)
    reason, hint = next(((reason, hint) for pattern, reason, hint in _REASONS if re.search(pattern, words)), ("git failed", ""))
    named = host.group(1) if host else "its host"
    return Unread(package, f"{package} could not be fetched from the Git repository {address}: {reason}.", hint.format(host=named))

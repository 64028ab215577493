"""Explains why uv could not fetch a file, an index page or a Git repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Sequence

from uv_system_sync.diagnosis import outdated_lock
from uv_system_sync.errors import ActionError, SyncFailed
from uv_system_sync.uv import output

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure

_PRIVATE = "git has no access to it, or it does not exist"

_AGAIN = "Run it again; if it fails again, ask the operator of {host}."
_REACH_INDEX = (
    "Check that this machine can reach {host} (its network, `HTTPS_PROXY`), and that it is the right index"
    " (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`); then run it again."
)
_REACH = "Check that this machine can reach {host} (its network, `HTTPS_PROXY`); then run it again."

# Each row is a pattern, the reason and the next step; the first pattern that matches decides.
# The pattern is for the HTTP status or, without one, for uv's message. Without a reason, the HTTP status is the reason.
# fmt: off
_REASONS = (
    (r"^40[137]", "",
     ("Set credentials that {host} accepts in `UV_INDEX_<NAME>_USERNAME` and `UV_INDEX_<NAME>_PASSWORD`, where `<NAME>` is the"
     " name of the index in `[[tool.uv.index]]`. In a workflow, take them from secrets.")),
    (r"^(?:404|410)", "",
     ("Check the address of the index (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`);"
     " if {host} no longer has that file, run `uv lock` and commit uv.lock.")),
    (r"^\d", "", _AGAIN),
    (r"dns error|error resolving DNS|failed to lookup address", "the host name could not be resolved", _REACH_INDEX),
    (r"[Cc]onnection refused", "the connection was refused", _REACH_INDEX),
    (r"timed out|[Tt]imeout", "it timed out", _REACH_INDEX),
    (r"certificate|UnknownIssuer|\bTLS\b", "its certificate is not trusted",
     "Set `SSL_CERT_FILE` to the CA certificates for {host}, or set `UV_SYSTEM_CERTS` to `true`."),
    (r"", "the connection failed", _REACH_INDEX),
)
# The same for what uv, git or ssh prints about a Git repository.
_GIT_REASONS = (
    (r"Git executable not found", "`git` is not on PATH", "Install git first."),
    (r"not our ref|couldn't find remote ref|unadvertised object", "it does not have the locked commit",
     "Restore the branch or tag that had it, or run `uv lock` and commit uv.lock."),
    (r"not appear to be a git repository", "the repository does not exist", "Correct its address in pyproject.toml."),
    (r"Host key verification failed", "its host key is not known", "Add the key of {host} to `~/.ssh/known_hosts` first."),
    (r"Permission denied \(", _PRIVATE,
     "Give ssh a key that {host} accepts, in a workflow from secrets, or correct the address in pyproject.toml."),
    (r"could not read (?:Username|Password)|Authentication failed|returned error: 40[134]|[Rr]epository (?:'\S+' )?not found", _PRIVATE,
     ("Give git credentials that {host} accepts, or correct the address in pyproject.toml."
     " In a workflow, take them from secrets: the job's own token can read only the job's own repository.")),
    (r"returned error: 5\d\d", "the server reported an error", _AGAIN),
    (r"[Cc]ould not resolve host", "the host name could not be resolved", _REACH),
    (r"[Cc]onnection refused|[Cc]ouldn't connect|Failed to connect|[Tt]imed out", "the connection failed", _REACH),
    (r"certificate", "its certificate is not trusted", "Set `GIT_SSL_CAINFO` to the CA certificates for {host}."),
    (r"", "git failed", "Read the end of uv's output; the log has all of it."),
)
# fmt: on


class Unreached(NamedTuple):
    """An address that uv could not use, its host and port, the reason, and the next step, which may have the field `host`."""

    address: str
    host: str
    reason: str
    hint: str


def failed_git_fetch(failure: Failure) -> ActionError | None:
    """Return the error for a Git repository that uv could not fetch, or None."""
    found = output.git(failure.messages)
    if found is None:
        return None
    _, _, printed = output.message_in(failure.completed.output).partition("Git operation failed ")
    reason, hint = _first_match(_GIT_REASONS, printed)
    fact = "{package} could not be fetched from the Git repository {address}: {reason}."
    place = failure.project.lock.place_of(found["package"])
    host = _host(found["address"]) or "its host"
    return failure.error(SyncFailed, fact, hint, place, reason=reason, host=host, **found.groupdict())


def failed_fetch(failure: Failure) -> ActionError | None:
    """Return the error for an address that uv could not use, or None."""
    words = failure.words
    found = unreached(failure.messages) or _interrupted(failure)
    if found is None:
        return None
    # uv fetches index pages only to resolve. The address of such a page ends with the name of the package (PEP 503).
    page = re.search(r"/([A-Za-z0-9][\w.-]*)/$", found.address)
    cause = outdated_lock.because(failure) if page or "Because " in words else None
    named = re.search(r"Failed to (?:download|fetch)[ \w]*:? `([^`=:/]+)==([^`]+)`|Because ([\w.-]+) was not found", words)
    package = "A file"
    if named:
        package = " ".join(filter(None, named.groups()))
    elif page:
        package = page[1]
    fact = "{package} could not be fetched from {address}: {reason}.{because}"
    place, because = cause.place if cause else None, outdated_lock.sentence(cause)
    values = {"package": package, "address": found.address, "host": found.host, "reason": found.reason}
    return failure.error(SyncFailed, fact, found.hint, place, because=because, **values)


def unreached(messages: Sequence[str]) -> Unreached | None:
    """Return the address that uv could not use, by the `messages` of a `Failure`, or None."""
    found = output.unreached(messages)
    return _unreached(*found, messages[0]) if found else None


def _interrupted(failure: Failure) -> Unreached | None:
    """Return the address of an incomplete download, or None. uv does not print it, so it comes from uv.lock."""
    package = output.interrupted(failure.words)
    address = failure.project.lock.address_of(*package) if package else ""
    return _unreached(address, "", failure.words) if address else None


def _unreached(address: str, status: str, words: str) -> Unreached:
    reason, hint = _first_match(_REASONS, status or words)
    return Unreached(address, _host(address), reason or status, hint)


def _first_match(rows: Sequence[tuple[str, str, str]], text: str) -> tuple[str, str]:
    """Return the reason and the next step of the first row whose pattern is in `text`; the last row matches any text."""
    return next((reason, hint) for pattern, reason, hint in rows if re.search(pattern, text))


def _host(address: str) -> str:
    """Return the host and port in `address`, or an empty string."""
    found = re.search(r"://(?:[^/?#]*@)?([^/?#]+)", address)
    return found[1] if found else ""

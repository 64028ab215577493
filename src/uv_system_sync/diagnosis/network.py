"""Explains which address or Git repository did not give uv what it asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Sequence

from uv_system_sync.diagnosis import outdated_lock
from uv_system_sync.errors import ActionError, SyncFailed
from uv_system_sync.uv import output

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure

_PRIVATE = "git has no access to it, or it does not exist"

_AGAIN = "Run it again; if it fails again, ask the operator of {host}."
_REACH_INDEX = (
    "Check that this machine reaches {host} (its network, `HTTPS_PROXY`), and that it is the right index"
    " (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`); then run it again."
)
_REACH = "Check that this machine reaches {host} (its network, `HTTPS_PROXY`); then run it again."

# What is in the status of HTTP or, without one, in the words of uv; the reason, if it is not that status; and the next step.
# fmt: off
_REASONS = (
    (r"^40[137]", "",
     ("Set credentials that {host} accepts in `UV_INDEX_<NAME>_USERNAME` and `UV_INDEX_<NAME>_PASSWORD`, where `<NAME>` is the"
     " name of the index in `[[tool.uv.index]]`. In a workflow, take them from secrets.")),
    (r"^(?:404|410)", "",
     ("Check the address of the index (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`);"
     " if {host} no longer has that file, run `uv lock` and commit uv.lock.")),
    (r"^\d", "", _AGAIN),
    (r"dns error|error resolving DNS|failed to lookup address", "the name of the host is not known", _REACH_INDEX),
    (r"[Cc]onnection refused", "the connection was refused", _REACH_INDEX),
    (r"timed out|[Tt]imeout", "it took too long", _REACH_INDEX),
    (r"certificate|UnknownIssuer|\bTLS\b", "its certificate is not trusted",
     "Set `SSL_CERT_FILE` to the certificates of the authority of {host}, or set `UV_SYSTEM_CERTS` to `true`."),
    (r"", "the connection failed", _REACH_INDEX),
)
# What uv, git or ssh prints, the reason, and the next step.
_GIT_REASONS = (
    (r"Git executable not found", "there is no `git` on PATH", "Install git first."),
    (r"not our ref|couldn't find remote ref|unadvertised object", "it does not have the locked commit",
     "Restore the branch or tag that had it, or run `uv lock` and commit uv.lock."),
    (r"not appear to be a git repository", "there is no such repository", "Correct its address in pyproject.toml."),
    (r"Host key verification failed", "the key of its host is not known", "Add the key of {host} to `~/.ssh/known_hosts` first."),
    (r"Permission denied \(", _PRIVATE,
     "Give ssh a key that {host} accepts, in a workflow from secrets, or correct the address in pyproject.toml."),
    (r"could not read (?:Username|Password)|Authentication failed|returned error: 40[134]|[Rr]epository (?:'\S+' )?not found", _PRIVATE,
     ("Give git credentials that {host} accepts, or correct the address in pyproject.toml."
     " In a workflow, take them from secrets: the job's own token can read the job's own repository only.")),
    (r"returned error: 5\d\d", "the server failed", _AGAIN),
    (r"[Cc]ould not resolve host", "the name of the host is not known", _REACH),
    (r"[Cc]onnection refused|[Cc]ouldn't connect|Failed to connect|[Tt]imed out", "the connection failed", _REACH),
    (r"certificate", "its certificate is not trusted", "Set `GIT_SSL_CAINFO` to the certificates of the authority of {host}."),
    (r"", "git failed", "Read the end of the output of uv; the log has all of it."),
)
# fmt: on


def unread(failure: Failure) -> ActionError | None:
    """Return the error for a Git repository that uv could not fetch, or None."""
    found = output.git(failure.messages)
    if found is None:
        return None
    fact = "{package} could not be fetched from the Git repository {address}: {reason}."
    printed = output.message_in(failure.completed.output).partition("Git operation failed ")[2]
    reason, hint = next((reason, hint) for pattern, reason, hint in _GIT_REASONS if re.search(pattern, printed))
    host, place = _host(found["address"]) or "its host", failure.project.lock.place_of(found["package"])
    return failure.error(SyncFailed, fact, hint, place, reason=reason, host=host, **found.groupdict())


def unreached(failure: Failure) -> ActionError | None:
    """Return the error for an address that uv could not use, or None."""
    words, messages = failure.words, failure.messages
    interrupted = output.interrupted(words)
    found = find(messages) or (interrupted and _found(failure.project.lock.address_of(*interrupted), "", words))
    if not found:
        return None
    values, hint = found
    # uv asks an index for its pages only to resolve; such a page has the name of the package that it lists (PEP 503).
    page = re.search(r"/([A-Za-z0-9][\w.-]*)/$", values["address"])
    cause = outdated_lock.because(failure) if page or "Because " in words else None
    named = re.search(r"Failed to (?:download|fetch)[ \w]*:? `([^`=:/]+)==([^`]+)`|Because ([\w.-]+) was not found", words)
    package = " ".join(filter(None, named.groups())) if named else page.group(1) if page else "A file"
    fact = "{package} could not be fetched from {address}: {reason}.{because}"
    because = outdated_lock.sentence(cause)
    return failure.error(SyncFailed, fact, hint, cause.place if cause else None, package=package, because=because, **values)


def find(messages: Sequence[str]) -> tuple[dict[str, str], str] | None:
    """Return the `address` that uv could not use, by its `messages`, its `host` and the `reason`, and the next step; or None."""
    found = output.unreached(messages)
    return found and _found(*found, messages[0])


def _found(address: str, status: str, words: str) -> tuple[dict[str, str], str] | None:
    reason, hint = next((reason or status, hint) for pattern, reason, hint in _REASONS if re.search(pattern, status or words))
    return ({"address": address, "host": _host(address), "reason": reason}, hint) if address else None


def _host(address: str) -> str:
    found = re.search(r"://(?:[^/?#]*@)?([^/?#]+)", address)
    return found.group(1) if found else ""

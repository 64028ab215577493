"""Explains which address did not give uv what it asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uv_system_sync.diagnosis import outdated_lock
from uv_system_sync.errors import ActionError, SyncFailed

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure

_CONNECTIONS = (
    (r"dns error|error resolving DNS|failed to lookup address", "the name of the host is not known"),
    (r"[Cc]onnection refused", "the connection was refused"),
    (r"timed out|[Tt]imeout", "it took too long"),
    (r"certificate|UnknownIssuer|\bTLS\b", "its certificate is not trusted"),
)


class Unreached(NamedTuple):
    """An address and its host, why it gave nothing, and the next step; `is_index` is set for a page of an index."""

    address: str
    host: str
    reason: str
    hint: str
    is_index: bool


def unreached(failure: Failure) -> ActionError | None:
    """Return the error for an address that uv could not use, or None."""
    words = failure.words
    found = find(words)
    if found is None:
        return None
    # uv asks an index for its pages only to resolve.
    cause = outdated_lock.because(failure) if found.is_index else None
    named = re.search(r"Failed to (?:download|fetch)[ \w]*:? `([^`=:/]+)==([^`]+)`|Because ([\w.-]+) was not found", words)
    # A page of an index has the name of the package that it lists (PEP 503).
    page = re.search(r"/([A-Za-z0-9][\w.-]*)/$", found.address)
    return failure.error(
        SyncFailed,
        "{package} could not be fetched from {address}: {reason}.{because}",
        found.hint,
        cause.place if cause else None,
        package=" ".join(filter(None, named.groups())) if named else page.group(1) if page else "A file",
        address=found.address,
        reason=found.reason,
        because=cause.sentence() if cause else "",
        host=found.host,
    )


def find(words: str) -> Unreached | None:
    """Return the address that uv could not use, from its `words` in one line, or None."""
    url = re.search(r"(?:Failed to fetch:?|error sending request for url|for url) [`(]?(https?://[^\s`)]+)", words)
    index = re.search(r"[Ii]ndex (?:URL )?\((https?://[^\s)]+)\)[^(]{0,200}?\(?(40[13])\b", words)
    found = url or index
    if found is None:
        return None
    address = found.group(1).rstrip(".,")
    status = re.search(r"HTTP status \w+ error \((\d{3})([^)]*)\)", words)
    code = index.group(2) if index and not url else status.group(1) if status else ""
    connection = next((reason for pattern, reason in _CONNECTIONS if re.search(pattern, words)), "the connection failed")
    reason = f"{code}{status.group(2) if status else ''}".strip() or connection
    host = re.split(r"[/?#]", address)[2].rpartition("@")[2]
    return Unreached(address, host, reason, _advice(code, reason), found is index or address.endswith("/"))


def _advice(code: str, reason: str) -> str:
    if code in ("401", "403", "407"):
        return (
            "Set credentials that {host} accepts in `UV_INDEX_<NAME>_USERNAME` and `UV_INDEX_<NAME>_PASSWORD`, where `<NAME>` is the"
            " name of the index in `[[tool.uv.index]]`. In a workflow, take them from secrets."
        )
    if code in ("404", "410"):
        return (
            "Check the address of the index (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`);"
            " if {host} no longer has that file, run `uv lock` and commit uv.lock."
        )
    if code:
        return "Run it again; if it fails again, ask the operator of {host}."
    if "certificate" in reason:
        return "Set `SSL_CERT_FILE` to the certificates of the authority of {host}, or set `UV_SYSTEM_CERTS` to `true`."
    return (
        "Check that this machine reaches {host} (its network, `HTTPS_PROXY`), and that it is the right index"
        " (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`); then run it again."
    )

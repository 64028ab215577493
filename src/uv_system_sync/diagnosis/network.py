"""Finds in what uv printed which address gave no good answer, and says what helps."""

from __future__ import annotations

import re
from typing import NamedTuple


class Unreached(NamedTuple):
    """A sentence that names what could not be fetched, from where and why; the next step; and whether it was a list of what there is."""

    message: str
    hint: str
    listing: bool


def fault(flat: str) -> Unreached | None:
    """Return what `flat`, uv's output as one line, says of an address; None, when it is in no form that is known."""
    url = re.search(r"(?:Failed to fetch:?|error sending request for url|for url) [`(]?(https?://[^\s`)]+)", flat)
    index = re.search(r"[Ii]ndex (?:URL )?\((https?://[^\s)]+)\)[^(]{0,200}?\(?(40[13])\b", flat)
    found = url or index
    if found is None:
        return None
    address = found.group(1).rstrip(".,")
    host = re.split(r"[/?#]", address)[2].rpartition("@")[2]
    status = re.search(r"HTTP status \w+ error \((\d{3})([^)]*)\)", flat)
    code = index.group(2) if index and not url else status.group(1) if status else ""
    reason = f"{code}{status.group(2) if status else ''}".strip() or _connection(flat)
    package = re.search(
        r"Failed to (?:download|fetch)(?: distribution| wheel)?:? `([^`=:/]+)==([^`]+)`|Because ([\w.-]+) was not found", flat
    )
    # A page of an index is named for what it lists (PEP 503).
    page = re.search(r"/([A-Za-z0-9][\w.-]*)/$", address)
    named = " ".join(filter(None, package.groups())) if package else page.group(1) if page else "A file"
    listing = found is index or address.endswith("/")
    return Unreached(f"{named} could not be fetched from {address}: {reason}.", _advice(code, reason, host), listing=listing)


_CONNECTIONS = (
    (r"dns error|error resolving DNS|failed to lookup address", "the name of the host is not known"),
    (r"[Cc]onnection refused", "the connection was refused"),
    (r"timed out|[Tt]imeout", "it took too long"),
    (r"certificate|UnknownIssuer|\bTLS\b", "its certificate is not trusted"),
)


def _connection(flat: str) -> str:
    return next((reason for pattern, reason in _CONNECTIONS if re.search(pattern, flat)), "the connection failed")


def _advice(code: str, reason: str, host: str) -> str:
    if code in ("401", "403", "407"):
        return (
            f"Give the step credentials that {host} accepts: `UV_INDEX_<NAME>_USERNAME` and `UV_INDEX_<NAME>_PASSWORD`, from secrets,"
            " for the index that `[[tool.uv.index]]` calls so."
        )
    if code in ("404", "410"):
        return (
            "Check the address of the index (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`);"
            f" if {host} does not have that file any more, run `uv lock` and commit uv.lock."
        )
    if code:
        return f"Run the job again; if it fails again, ask who runs {host}."
    if "certificate" in reason:
        return f"Name the certificate authority of {host} in `SSL_CERT_FILE`, or set `UV_SYSTEM_CERTS: true`."
    return (
        f"Check that the runner reaches {host} (its network, `HTTPS_PROXY`), and that it is the right index"
        " (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`); then run the job again."
    )

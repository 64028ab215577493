"""Reads what uv prints: its own messages, apart from what it quotes of others, and the addresses that it could not use."""

from __future__ import annotations

import re

# How much of one message is searched. The reason is near its beginning, and a build can make it as long as it wants.
_SEARCHED = 30_000

# Older versions of uv draw a tree, with `\u00d7` before the message, and wrap lines. Newer ones do neither.
_TREE = re.compile(r"[\u2500-\u257f\u25b6\u00d7]")
_HEADER = re.compile(r"^(?:error: |  \u00d7 )", re.MULTILINE)
_QUOTE = re.compile(r"^[ \u2502]*(?:\[std(?:out|err)\]|--- std(?:out|err):?)[ \r]*$", re.MULTILINE)
# About the body of a response; `network timeout` is about a body that has stalled.
_INTERRUPTED = re.compile(r"error decoding response body|error reading a body|network timeout")
# uv is offline; the address is what it would have asked for.
OFFLINE = r"Network connectivity is disabled, but the requested data wasn't found in the cache(?: for)?: `?(?P<address>[^\s`]+)"
_UNINDENTED = re.compile(r"^(?! |DEBUG |TRACE ).+", re.MULTILINE)


def without_quotes(output: str) -> str:
    """Return `output` up to the first line that uv quotes from a build or from Git; any text can be in those lines."""
    return _QUOTE.split(output, maxsplit=1)[0]


def own_message(own: str) -> str:
    """Return the last message of uv in its `own` output as one line."""
    return message_in(own if _HEADER.search(own) else "\n".join(_UNINDENTED.findall(own)))


def message_in(output: str) -> str:
    """Return the last message of uv in `output`, or all of it, without the lines of a tree and as one line."""
    begin = max((found.start() for found in _HEADER.finditer(output)), default=0)
    return " ".join(_TREE.sub(" ", output[begin : begin + _SEARCHED]).split())


def unreached(message: str) -> tuple[str, str] | None:
    """Return the address that uv could not use, by a `message` of it, and the status of HTTP, which may be empty; or None."""
    url = re.search(r"(?:Failed to fetch:?|error sending request for url|for url) [`(]?(https?://[^\s`)]+)", message)
    index = re.search(r"[Ii]ndex (?:URL )?\((https?://[^\s)]+)\)[^(]{0,200}?\(?(40[13])\b", message)
    found = url or index
    if found is None:
        return None
    response = re.search(r"HTTP status \w+ error \((\d{3}[^)]*)\)", message)
    return found[1].rstrip(".,"), response[1].strip() if response else index[2] if index and not url else ""


def interrupted(message: str) -> tuple[str, str] | None:
    """Return name and version of the package that uv received in part only, by a `message` of it that has no address; or None."""
    found = re.search(r"^(?:error: )?Failed to download `([^`=\s]+)==([^`\s]+)`", message)
    return (found[1], found[2]) if found and _INTERRUPTED.search(message) else None

"""Reads the output of uv: its own messages, without the output of builds and Git that it quotes, and the URLs that failed."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

from uv_system_sync.errors import RunnerUnusable
from uv_system_sync.interpreter.site_packages import lines_of_uv
from uv_system_sync.text import listed

# How many characters of a message are searched. The reason is near its beginning, and a build can make it arbitrarily long.
_SEARCHED = 30_000
# How many causes of an error, or lines without an error, are searched.
_MOST_MESSAGES = 40

# Older versions of uv draw a tree, with `\u00d7` before the message, and wrap lines. Newer versions do neither.
_TREE = re.compile(r"[\u2500-\u257f\u25b6\u00d7]")
_HEADER = re.compile(r"^(?:error: |  \u00d7 )", re.MULTILINE)
# The beginning of the error and of each of its causes. Quoted text is indented more, so it cannot begin a message.
_BEGIN = re.compile(r"^(?:(?=error: )|  \u00d7 |  [\u251c\u2570]\u2500\u25b6 |  (?:cause|Caused by): )", re.MULTILINE)
_QUOTE = re.compile(r"^[ \u2502]*(?:\[std(?:out|err)\]|--- std(?:out|err):?)[ \r]*$", re.MULTILINE)
# Errors about the body of a response. uv prints `network timeout` for a body that stalled.
_INTERRUPTED = re.compile(r"error decoding response body|error reading a body|network timeout")
# uv is offline; `address` is the URL that it would have fetched.
OFFLINE = r"Network connectivity is disabled, but the requested data wasn't found in the cache(?: for)?: `?(?P<address>[^\s`]+)"
# Text in which backticks are balanced: a name or a file in backticks may look like a message.
UNQUOTED = r"(?:[^`]|`[^`]*`)*?"
# Messages about a build quote the output of the build.
NOT_OF_A_BUILD = r"^error: (?!Failed to build)"
_ACTION = "(?:create|open|write|read|remove|rename|copy|lock|acquire lock)"
_REASON = r"(?P<reason>[A-Z][^():`]*)"
# Errors of the operating system: the `path` that uv cannot use, and the `reason`.
_UNUSABLE = (
    rf"{NOT_OF_A_BUILD}(?:{UNQUOTED} )?[Ff]ailed to {_ACTION}\b[^`]* `(?P<path>[^`]+)`: {_REASON} \(os",
    rf"{NOT_OF_A_BUILD}(?:{UNQUOTED}(?:cause|Caused by): )?{_REASON} \(os error \d+\) at path \"(?P<path>[^\"]+)\"",
)
_STATUS = r"HTTP status \w+ error \((\d{3}[^)]*)\)"
_UNINDENTED = re.compile(r"^(?! |DEBUG |TRACE ).+", re.MULTILINE)


class Planned(NamedTuple):
    """The packages that a sync would change: their names, followed by the version for `removed`."""

    installed: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]

    def __str__(self) -> str:
        """Return the number of packages to install, update and remove, and the names of those to remove."""
        counts = [("install", len(self.installed)), ("update", len(self.updated)), ("remove", len(self.removed))]
        names = f" ({listed(self.removed)})" if self.removed else ""
        return (", ".join(f"{count} to {what}" for what, count in counts if count) + names) or "nothing to change"


def planned(output: str) -> Planned:
    """Return what a sync would change, from the `output` of `uv sync --dry-run` or `uv sync --check`."""
    lines = lines_of_uv(output)
    removed = {name: version for sign, name, version in lines if sign == "-"}
    present = {name: sign for sign, name, _ in lines if sign != "-"}
    return Planned(
        installed=tuple(name for name, sign in present.items() if sign == "+" and name not in removed),
        updated=tuple(name for name, sign in present.items() if sign == "~" or name in removed),
        removed=tuple(f"{name} {version}".rstrip() for name, version in removed.items() if name not in present),
    )


def without_quotes(output: str) -> str:
    """Return `output` up to the first output of a build or of Git that uv quotes, which can contain any text."""
    return _QUOTE.split(output, maxsplit=1)[0]


def own_message(own: str) -> str:
    """Return the last message in `own`, the output without quotes, as one line."""
    return message_in(own if _HEADER.search(own) else "\n".join(_UNINDENTED.findall(own)))


def own_error(own: str) -> str:
    """Return the last error in `own`, the output without quotes, with its causes and without hints; empty if there is no error."""
    if not _HEADER.search(own):
        return ""
    return re.split(r" (?:hint|help): ", re.sub(r"^error: ", "", own_message(own)))[0].rstrip(".")


def messages(own: str) -> tuple[str, ...]:
    """Return the last error in `own`, the output without quotes, and its rest from each of its causes on, as one line each.

    Without an error, these are the lines that are not indented, each with everything after it.
    """
    headers = [found.start() for found in _HEADER.finditer(own)]
    if headers:
        starts = [found.end() for found in _BEGIN.finditer(own, headers[-1])][:_MOST_MESSAGES]
    else:
        starts = [found.start() for found in _UNINDENTED.finditer(own)][-_MOST_MESSAGES:]
    return tuple(_one_line(own[start : start + _SEARCHED]) for start in starts)


def match(pattern: str, texts: Sequence[str]) -> re.Match[str] | None:
    """Return the first match of `pattern`, after an optional `error: `, at the beginning of one of `texts`, the result of `messages`.

    Text inside of a message is not matched: a name, a file or a requirement there can be chosen to look like a message.
    """
    for text in texts:
        found = re.match(f"(?:error: )?(?:{pattern})", text)
        if found:
            return found
    return None


def message_in(output: str) -> str:
    """Return the last error in `output`, or the whole output if it has no error, as one line without the tree that older versions draw."""
    begin = max((found.start() for found in _HEADER.finditer(output)), default=0)
    return _one_line(output[begin : begin + _SEARCHED])


def unusable(texts: Sequence[str], words: str) -> RunnerUnusable | None:
    """Return the error for a path that the operating system does not let uv use, or None if `texts` (see `messages`) have none.

    `words` is the output that the error shows.
    """
    found = match(_UNUSABLE[0], texts) or match(_UNUSABLE[1], texts)
    if found is None:
        return None
    if found["reason"].startswith("Read-only file system"):
        hint = (
            "Mount that file system writable, or use a folder on another one:"
            " `UV_CACHE_DIR` for the cache, `TMPDIR` for temporary files, or another Python."
        )
    else:
        hint = "Let this user write there, or use another folder: `UV_CACHE_DIR` for the cache, `TMPDIR` for temporary files."
    return RunnerUnusable("uv cannot use {path}: {reason}.", hint, words=words, path=found["path"], reason=found["reason"])


def unreached(texts: Sequence[str]) -> tuple[str, str] | None:
    """Return the URL that uv could not fetch and the HTTP status, which may be empty, or None if `texts` (see `messages`) have none."""
    url = match(rf"(?:Failed to fetch:?|error sending request for url|{_STATUS} for url) [`(]?(?P<url>https?://[^\s`)]+)", texts)
    response = match(_STATUS, texts)
    status = response[1].strip() if response else ""
    if url:
        return url["url"].rstrip(".,"), status
    index = re.search(r"[Ii]ndex (?:URL )?\((?P<url>https?://[^\s)]+)\)[^(]{0,200}?\(?(?P<status>40[13])\b", texts[0] if texts else "")
    return (index["url"].rstrip(".,"), status or index["status"]) if index else None


def interrupted(message: str) -> tuple[str, str] | None:
    """Return the name and version of the package whose download was cut off, or None; such a `message` of uv has no URL."""
    found = re.search(r"^(?:error: )?Failed to download `([^`=\s]+)==([^`\s]+)`", message)
    return (found[1], found[2]) if found and _INTERRUPTED.search(message) else None


def git(texts: Sequence[str]) -> re.Match[str] | None:
    """Return a match with the `package` and `address` of the Git repository that failed, or None if `texts` (see `messages`) have none."""
    named = r"`(?P<package>[^`\s@]+) @ git\+(?P<address>[^`\s]+?)(?:@[^`\s@/:#]+)?(?:#[^`\s]*)?`"
    return match(rf"Failed to [a-z ]+:? {named}(?: cause:| Caused by:)? Git operation failed ", texts)


def _one_line(text: str) -> str:
    return " ".join(_TREE.sub(" ", text).split())

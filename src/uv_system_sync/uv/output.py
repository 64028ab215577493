"""Reads what uv prints: its own messages, apart from what it quotes of others, and the addresses that it could not use."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

from uv_system_sync.errors import RunnerUnusable
from uv_system_sync.interpreter.site_packages import lines_of_uv
from uv_system_sync.text import listed

# How much of one message is searched. The reason is near its beginning, and a build can make it as long as it wants.
_SEARCHED = 30_000

# Older versions of uv draw a tree, with `\u00d7` before the message, and wrap lines. Newer ones do neither.
_TREE = re.compile(r"[\u2500-\u257f\u25b6\u00d7]")
_HEADER = re.compile(r"^(?:error: |  \u00d7 )", re.MULTILINE)
# Where the error and each of its causes begin. Text of others, which uv indents more, is only within them.
_BEGIN = re.compile(r"^(?:(?=error: )|  \u00d7 |  [\u251c\u2570]\u2500\u25b6 |  (?:cause|Caused by): )", re.MULTILINE)
_MOST = 40
_QUOTE = re.compile(r"^[ \u2502]*(?:\[std(?:out|err)\]|--- std(?:out|err):?)[ \r]*$", re.MULTILINE)
# About the body of a response; `network timeout` is about a body that has stalled.
_INTERRUPTED = re.compile(r"error decoding response body|error reading a body|network timeout")
# uv is offline; the address is what it would have asked for.
OFFLINE = r"Network connectivity is disabled, but the requested data wasn't found in the cache(?: for)?: `?(?P<address>[^\s`]+)"
# Text that uv does not quote: a name or a file in backticks may read like a message.
UNQUOTED = r"(?:[^`]|`[^`]*`)*?"
# Messages about a build quote what the build has printed.
NOT_OF_A_BUILD = r"^error: (?!Failed to build)"
_ACTION = "(?:create|open|write|read|remove|rename|copy|lock|acquire lock)"
_REASON = r"(?P<reason>[A-Z][^():`]*)"
# About a `path` that the system does not let uv use for a `reason`.
_UNUSABLE = (
    rf"{NOT_OF_A_BUILD}(?:{UNQUOTED} )?[Ff]ailed to {_ACTION}\b[^`]* `(?P<path>[^`]+)`: {_REASON} \(os",
    rf"{NOT_OF_A_BUILD}(?:{UNQUOTED}(?:cause|Caused by): )?{_REASON} \(os error \d+\) at path \"(?P<path>[^\"]+)\"",
)
_STATUS = r"HTTP status \w+ error \((\d{3}[^)]*)\)"
_UNINDENTED = re.compile(r"^(?! |DEBUG |TRACE ).+", re.MULTILINE)


class Planned(NamedTuple):
    """The packages that a sync would change: names, and for those that it would remove, with their versions."""

    installed: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]

    def __str__(self) -> str:
        """Return how many packages that are, and the names of those to remove."""
        counts = [("install", len(self.installed)), ("update", len(self.updated)), ("remove", len(self.removed))]
        names = f" ({listed(self.removed)})" if self.removed else ""
        return (", ".join(f"{count} to {what}" for what, count in counts if count) + names) or "nothing to change"


def planned(output: str) -> Planned:
    """Return what a sync would change, by the `output` of its dry run or check."""
    lines = lines_of_uv(output)
    removed = {name: version for sign, name, version in lines if sign == "-"}
    present = {name: sign for sign, name, _ in lines if sign != "-"}
    return Planned(
        installed=tuple(name for name, sign in present.items() if sign == "+" and name not in removed),
        updated=tuple(name for name, sign in present.items() if sign == "~" or name in removed),
        removed=tuple(f"{name} {version}".rstrip() for name, version in removed.items() if name not in present),
    )


def without_quotes(output: str) -> str:
    """Return `output` up to the first line that uv quotes from a build or from Git; any text can be in those lines."""
    return _QUOTE.split(output, maxsplit=1)[0]


def own_message(own: str) -> str:
    """Return the last message of uv in its `own` output as one line."""
    return message_in(own if _HEADER.search(own) else "\n".join(_UNINDENTED.findall(own)))


def own_error(own: str) -> str:
    """Return the last error of uv in its `own` output, with its causes and without hints; empty if it has printed none."""
    if not _HEADER.search(own):
        return ""
    return re.split(r" (?:hint|help): ", re.sub(r"^error: ", "", own_message(own)))[0].rstrip(".")


def messages(own: str) -> tuple[str, ...]:
    """Return the last message of uv in its `own` output, and what is left of it from each of its causes on, as one line each."""
    begin = max((found.start() for found in _HEADER.finditer(own)), default=None)
    pattern, begin = (_UNINDENTED, 0) if begin is None else (_BEGIN, begin)
    starts = [found.start() if pattern is _UNINDENTED else found.end() for found in pattern.finditer(own, begin)]
    kept = starts[-_MOST:] if pattern is _UNINDENTED else starts[:_MOST]
    return tuple(_one_line(own[start : start + _SEARCHED]) for start in kept)


def match(pattern: str, texts: Sequence[str]) -> re.Match[str] | None:
    """Return the first match of `pattern` at the beginning of one of the `texts`, which are `messages`; it need not match `error: `.

    What is within a message may be a name, a file or a requirement that somebody has chosen so that it reads like another one.
    """
    return next(filter(None, (re.match(f"(?:error: )?(?:{pattern})", text) for text in texts)), None)


def message_in(output: str) -> str:
    """Return the last message of uv in `output`, or all of it, without the lines of a tree and as one line."""
    begin = max((found.start() for found in _HEADER.finditer(output)), default=0)
    return _one_line(output[begin : begin + _SEARCHED])


def unusable(texts: Sequence[str], words: str) -> RunnerUnusable | None:
    """Return the error for a path that the system does not let uv use, by `messages` of it, with the `words` that it printed; or None."""
    found = next(filter(None, (match(pattern, texts) for pattern in _UNUSABLE)), None)
    if found is None:
        return None
    fact, is_read_only = "uv cannot use {path}: {reason}.", found["reason"].startswith("Read-only file system")
    mount = (
        "Mount that file system writable, or use a folder on another one:"
        " `UV_CACHE_DIR` for the cache, `TMPDIR` for temporary files, or another Python."
    )
    let_in = (
        "Let this user write there, or set the variable that names the folder to one where it can:"
        " `UV_CACHE_DIR` for the cache, `TMPDIR` for temporary files."
    )
    return RunnerUnusable(fact, mount if is_read_only else let_in, words=words, path=found["path"], reason=found["reason"])


def unreached(texts: Sequence[str]) -> tuple[str, str] | None:
    """Return the address that uv could not use, by `messages` of it, and the status of HTTP, which may be empty; or None."""
    url = match(rf"(?:Failed to fetch:?|error sending request for url|{_STATUS} for url) [`(]?(?P<url>https?://[^\s`)]+)", texts)
    index = re.search(r"[Ii]ndex (?:URL )?\((?P<url>https?://[^\s)]+)\)[^(]{0,200}?\(?(40[13])\b", texts[0] if texts else "")
    found = url or index
    if found is None:
        return None
    response = match(_STATUS, texts)
    return found["url"].rstrip(".,"), response[1].strip() if response else index[2] if index and not url else ""


def interrupted(message: str) -> tuple[str, str] | None:
    """Return name and version of the package that uv received in part only, by a `message` of it that has no address; or None."""
    found = re.search(r"^(?:error: )?Failed to download `([^`=\s]+)==([^`\s]+)`", message)
    return (found[1], found[2]) if found and _INTERRUPTED.search(message) else None


def git(texts: Sequence[str]) -> re.Match[str] | None:
    """Return the `package` and the `address` of a Git repository that uv could not use, by `messages` of it; or None."""
    named = r"`(?P<package>[^`\s@]+) @ git\+(?P<address>[^`\s]+?)(?:@[^`\s@/:#]+)?(?:#[^`\s]*)?`"
    return match(rf"Failed to [a-z ]+:? {named}(?: cause:| Caused by:)? Git operation failed ", texts)


def _one_line(text: str) -> str:
    return " ".join(_TREE.sub(" ", text).split())

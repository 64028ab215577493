"""Decides which network failures are retried, and how long to wait before each retry."""

from __future__ import annotations

import os
import re
from typing import Callable, Iterator

from uv_system_sync.text import without_credentials
from uv_system_sync.uv import output

# Upper bound for the sum of all waits of a run, in seconds.
_LONGEST = 30.0
# Upper bound for the first wait, in seconds; the bound of each further wait is twice as long.
_FIRST = 3.0

# HTTP statuses, and messages of uv, curl and git, for failures that a retry may resolve. The last one in a message is the root cause.
_TRANSIENT = re.compile(
    r"HTTP status \w+ error \((?:408|425|429|5\d\d)\b|returned error: (?:408|425|429|5\d\d)\b"
    r"|dns error|error resolving DNS|failed to lookup address|[Cc]ould not resolve host"
    r"|[Cc]onnection (?:refused|reset|closed|aborted)|[Cc]ouldn't connect|Failed to connect|[Bb]roken pipe"
    r"|[Tt]imed out|network timeout|[Uu]nexpected (?:EOF|eof|end of file)|end of file before message length reached"
    r"|error decoding response body|(?:request or response|error reading a) body|IncompleteMessage|early EOF"
)
_PERMANENT = re.compile(r"Call to `|Hash mismatch|certificate|HTTP status \w+ error \(4(?:0[1-79]|1\d)\b|returned error: 40[134]")
# Names of packages and files, and URLs, can contain any of these words.
_NAMES = re.compile(r"`[^`]*`|https?://\S+")


def waits(retries: int) -> Iterator[float]:
    """Yield the time to wait before each of `retries`, in seconds: increasing, and random so that parallel jobs do not retry together."""
    for number in range(retries):
        longest = 2**number * min(_FIRST, _LONGEST / (2**retries - 1))
        # Importing `random` takes longer than all of this.
        yield longest * (0.5 + int.from_bytes(os.urandom(2), "big") / 131_072)


def reason(printed: str, address_of: Callable[[str, str], str] = lambda *_: "") -> str | None:
    """Return the URL that failed and why, if uv `printed` a network failure that a retry may resolve (a timeout, a 5xx), else None.

    uv does not print the URL of a download that was cut off; `address_of` returns it for the name and the version of a package.
    """
    own = output.without_quotes(printed)
    texts, last = output.messages(own), output.own_message(own)
    git = output.git(texts)
    # For a Git repository, the cause is in the output of git that uv quotes.
    words = _NAMES.sub("`", output.message_in(printed) if git else last)
    causes = _TRANSIENT.findall(words)
    if not causes or _PERMANENT.search(words):
        return None
    unreached, package = output.unreached(texts), output.interrupted(last)
    if git:
        address, status = git["address"], ""
    elif unreached:
        address, status = unreached
    elif package:
        address, status = address_of(*package) or " ".join(package), ""
    else:
        return None
    return f"{without_credentials(address)}: {status or causes[-1]}"

"""When something that failed in the network is tried again."""

from __future__ import annotations

import os
import re
from typing import Callable, Iterator

from uv_system_sync.text import without_credentials
from uv_system_sync.uv import output

# All waits of one run add up to less, in seconds.
_LONGEST = 30.0
# The longest first wait, in seconds; each further one is twice as long.
_FIRST = 3.0

# Statuses of HTTP, and what uv, curl or git print, that may be gone with the next try; the last one in a message is the cause.
_PASSING = re.compile(
    r"HTTP status \w+ error \((?:408|425|429|5\d\d)\b|returned error: (?:408|425|429|5\d\d)\b"
    r"|dns error|error resolving DNS|failed to lookup address|[Cc]ould not resolve host"
    r"|[Cc]onnection (?:refused|reset|closed|aborted)|[Cc]ouldn't connect|Failed to connect|[Bb]roken pipe"
    r"|[Tt]imed out|network timeout|[Uu]nexpected (?:EOF|eof|end of file)|end of file before message length reached"
    r"|error decoding response body|(?:request or response|error reading a) body|IncompleteMessage|early EOF"
)
_LASTING = re.compile(r"Call to `|Hash mismatch|certificate|HTTP status \w+ error \(4(?:0[1-79]|1\d)\b|returned error: 40[134]")
# Names of packages and files can have any of these words.
_NAMES = re.compile(r"`[^`]*`|https?://\S+")


def waits(retries: int) -> Iterator[float]:
    """Yield how long to wait before each of the `retries`, in seconds: growing, and at random, so that jobs do not come back together."""
    for number in range(retries):
        longest = 2**number * min(_FIRST, _LONGEST / (2**retries - 1))
        # Importing `random` takes longer than all of this.
        yield longest * (0.5 + int.from_bytes(os.urandom(2), "big") / 131_072)


def reason(printed: str, address_of: Callable[[str, str], str] = lambda *_: "") -> str | None:
    """Return what failed in the network, if uv has `printed` a reason that may pass, such as a timeout or a status of 5xx, or None.

    uv does not print which file it received in part only; `address_of` returns it for the name and the version of a package.
    """
    own = output.without_quotes(printed)
    texts, own = output.messages(own), output.own_message(own)
    git = output.git(texts)
    words = _NAMES.sub("`", output.message_in(printed) if git else own)
    passing = _PASSING.findall(words)
    if not passing or _LASTING.search(words):
        return None
    package = output.interrupted(own)
    address, status = (
        (git["address"], "") if git else output.unreached(texts) or (package and (address_of(*package) or " ".join(package)), "")
    )
    return f"{without_credentials(address)}: {status or passing[-1]}" if address else None

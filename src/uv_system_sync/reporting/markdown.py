"""Writes text from outside as GitHub-flavoured Markdown that shows it as it is: none of it is read as Markdown or HTML."""

from __future__ import annotations

import re
from typing import Match, Sequence

from uv_system_sync.text import printable

# Characters with a meaning anywhere, characters with one at the start of a line, spaces that would be removed, and what makes an address.
# `_`, `:` and `\` stay where they can neither begin nor end anything, as in the path of a file.
_MARKUP = (
    r"[!#$&*<@\[\]^`{|}~]"
    r"|^(?:[-+=>]|\d(?=\d*[.)](?: |$)))"
    r"|^ | $"
    r"|:(?![ \\])|\\(?![A-Za-z0-9])"
    r"|(?<=[Ww]{3})\."
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
)

# A code span, and an address, which is shown as one; before a dollar sign, it could be a formula.
_CODE = r"(?P<code>`(?! )[^`]+(?<! )`(?![`$]))|(?P<address>(?<![`$\w\\])https?://[^\s`$]*[^\s`$.,:;)](?![`$]))"

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def text(value: str) -> str:
    """Return `value` with everything that has a meaning in Markdown or HTML as a character reference."""
    return re.sub(_MARKUP, _reference, printable(value))


def prose(value: str) -> str:
    """Return sentences as one line of Markdown; only their backticks keep their meaning, and an address is shown as code."""
    lines = (printable(line.strip()) for line in value.splitlines())
    return "<br>".join(re.sub(f"{_CODE}|{_MARKUP}", _code_or_reference, line) for line in lines if line)


def fence(lines: Sequence[str]) -> str:
    """Return `lines` as a block of code, which nothing in them can end."""
    shown = [printable(_COLOUR.sub("", line).expandtabs()) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence_line = "`" * max(3, longest + 1)
    return "\n".join([f"{fence_line}text", *shown, fence_line])


def implementation(name: str) -> str:
    """Return the usual spelling of the implementation `name`, which is `sys.implementation.name`."""
    return {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}.get(name, name)


def cut(value: str, limit: int) -> str:
    """Return the first `limit` characters of `value`, and say how many more there are."""
    return value if len(value) <= limit else f"{value[:limit]} … and {len(value) - limit:,} more characters"


def _reference(found: Match[str]) -> str:
    # GitHub makes links of e-mail addresses after it has read the references.
    return "<!-- -->" * (found.group() == "@") + f"&#{ord(found.group())};"


def _code_or_reference(found: Match[str]) -> str:
    if found.group("address"):
        return f"`{found.group()}`"
    return found.group() if found.group("code") else _reference(found)

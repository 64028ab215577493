"""Makes GitHub-flavoured Markdown of text from outside, in which none of that text is Markdown or HTML."""

from __future__ import annotations

import re
from typing import Iterable, Iterator, Match, Sequence

# Signs with a meaning anywhere, signs with one at the start of a line, spaces that would be taken away, and what joins in an address.
# `_`, `:` and `\` stay where they can neither begin nor end anything, as in the path of a file.
_MARKUP = (
    r"[!#$&*<@\[\]^`{|}~]"
    r"|^(?:[-+=>]|\d(?=\d*[.)](?: |$)))"
    r"|^ | $"
    r"|:(?![ \\])|\\(?![A-Za-z0-9])"
    r"|(?<=[Ww]{3})\."
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
)

# A code span, and an address, which is shown as one; before a dollar, it could be one of GitHub's formulas.
_CODE = r"(?P<code>`(?! )[^`]+(?<! )`(?![`$]))|(?P<address>(?<![`$\w\\])https?://[^\s`$]*[^\s`$.,:;)](?![`$]))"

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def text(value: str) -> str:
    """Write everything that Markdown or HTML could read as its own as a character reference."""
    return re.sub(_MARKUP, _reference, visible(value))


def prose(value: str) -> str:
    """Write sentences that mark with backticks what is code, and nothing else, as one line of Markdown; an address is code, too."""
    lines = (visible(line.strip()) for line in value.splitlines())
    return "<br>".join(re.sub(f"{_CODE}|{_MARKUP}", _code_or_reference, line) for line in lines if line)


def fence(lines: Sequence[str]) -> str:
    """Write `lines` as a block of code, which nothing in them can end."""
    shown = [visible(_COLOUR.sub("", line).expandtabs()) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    marks = "`" * max(3, longest + 1)
    return "\n".join([f"{marks}text", *shown, marks])


def visible(value: str) -> str:
    """Spell out what cannot be seen or written: controls, what turns the direction of writing, half a surrogate pair."""
    if value.isprintable():
        return value
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in value)


def implementation(name: str) -> str:
    """Return what the makers of the Python that calls itself `name` (`sys.implementation.name`) call it."""
    return {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}.get(name, name)


def cut(value: str, limit: int) -> str:
    """Return the first `limit` characters of `value`, and say how many more there are."""
    return value if len(value) <= limit else f"{value[:limit]} … and {len(value) - limit:,} more characters"


def fitting(items: Iterable[str], total: int, size: int, count: int | None = None) -> Iterator[str]:
    """Yield those of the `total` items that have room in `size` bytes, `count` at most, and say how many more there are."""
    for position, item in enumerate(items):
        # Something joins them: an end of the line, or a comma and a space.
        size -= len(item.encode()) + 2
        if size < 0 or position == count:
            yield f"… and {total - position:,} more"
            return
        yield item


def _reference(found: Match[str]) -> str:
    # GitHub makes links of addresses of mail after it has read the references.
    return "<!-- -->" * (found.group() == "@") + f"&#{ord(found.group())};"


def _code_or_reference(found: Match[str]) -> str:
    if found.group("address"):
        return f"`{found.group()}`"
    return found.group() if found.group("code") else _reference(found)

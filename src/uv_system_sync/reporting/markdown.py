"""Writes GitHub-flavoured Markdown. Text from outside is escaped, so that GitHub shows it as it is."""

from __future__ import annotations

import re
from typing import Iterable, Match, Sequence

from uv_system_sync.text import printable

# The characters to escape: markup anywhere, markup at the start of a line, spaces that Markdown strips, and punctuation in URLs.
# `_`, `:` and `\` stay readable where they have no meaning, as in file paths.
_MARKUP = (
    r"[!#$&*<@\[\]^`{|}~]"
    r"|^(?:[-+=>]|\d(?=\d*[.)](?: |$)))"
    r"|^ | $"
    r"|:(?![ \\])|\\(?![A-Za-z0-9])"
    r"|(?<=[Ww]{3})\."
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
)

# A code span. Next to a dollar sign, GitHub might read it as a formula.
_CODE = r"(?P<code>`(?! )[^`]+(?<! )`(?![`$]))"

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def text(value: str) -> str:
    """Return `value` as one line, with a character reference for every character that Markdown or HTML would interpret."""
    return re.sub(_MARKUP, _reference, printable(value))


def prose(value: str) -> str:
    """Return sentences as one line of Markdown. Code spans in backticks are kept, everything else is escaped."""
    lines = (printable(line.strip()) for line in value.splitlines())
    return "<br>".join(re.sub(f"{_CODE}|{_MARKUP}", lambda found: found["code"] or _reference(found), line) for line in lines if line)


def alert(kind: str, paragraphs: Sequence[str]) -> str:
    """Return a GitHub alert (docs.github.com, "Basic writing and formatting syntax"). Each of `paragraphs` is one line of Markdown."""
    quoted = "\n>\n".join(f"> {paragraph}" for paragraph in paragraphs)
    return f"> [!{kind}]\n{quoted}"


def fence(lines: Sequence[str]) -> str:
    """Return `lines` as a code block, whose fence is longer than any backticks in them."""
    shown = [printable(_COLOUR.sub("", line).expandtabs()) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence_line = "`" * max(3, longest + 1)
    return "\n".join([f"{fence_line}text", *shown, fence_line])


def table(header: Sequence[str], rows: Iterable[Sequence[str]], most: int) -> str:
    """Return a table of the first `most` rows, and how many more there are. Cells are Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
    return "\n".join(first(lines, most + 2))


def collapsed(title: str, content: str) -> str:
    """Return `content` in a collapsed section with the `title`."""
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"


def implementation(name: str) -> str:
    """Return the usual spelling of `name`, a value of `sys.implementation.name`."""
    return {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}.get(name, name)


def cut(value: str, limit: int) -> str:
    """Return the first `limit` characters of `value`, and how many more there are."""
    return value if len(value) <= limit else f"{value[:limit]} … and {len(value) - limit:,} more characters"


def first(items: Sequence[str], most: int) -> list[str]:
    """Return the first `most` of `items`, and how many more there are."""
    return [*items[:most], f"… and {len(items) - most:,} more"] if len(items) > most else [*items]


def _reference(found: Match[str]) -> str:
    reference = f"&#{ord(found.group())};"
    # GitHub links e-mail addresses after it has resolved the references, so an empty comment splits the address.
    return f"<!-- -->{reference}" if found.group() == "@" else reference

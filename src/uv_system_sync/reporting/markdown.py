"""Writes text from outside as GitHub-flavoured Markdown that shows it as it is: none of it is read as Markdown or HTML."""

from __future__ import annotations

import re
from typing import Iterable, Match, Sequence

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

# A code span; before a dollar sign, it could be a formula.
_CODE = r"(?P<code>`(?! )[^`]+(?<! )`(?![`$]))"

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def text(value: str) -> str:
    """Return `value` with everything that has a meaning in Markdown or HTML as a character reference."""
    return re.sub(_MARKUP, _reference, printable(value))


def prose(value: str) -> str:
    """Return sentences as one line of Markdown; only their backticks keep their meaning."""
    lines = (printable(line.strip()) for line in value.splitlines())
    return "<br>".join(re.sub(f"{_CODE}|{_MARKUP}", lambda found: found["code"] or _reference(found), line) for line in lines if line)


def alert(kind: str, paragraphs: Sequence[str]) -> str:
    """Return an alert of GitHub's (docs.github.com, "Basic writing and formatting syntax") with `paragraphs`, each one line of Markdown."""
    return "\n>\n".join([f"> [!{kind}]\n> {paragraphs[0]}", *(f"> {paragraph}" for paragraph in paragraphs[1:])])


def fence(lines: Sequence[str]) -> str:
    """Return `lines` as a block of code, which nothing in them can end."""
    shown = [printable(_COLOUR.sub("", line).expandtabs()) for line in lines]
    fence_line = "`" * max(3, *(len(run) + 1 for line in shown for run in re.findall("`+", line)), 0)
    return "\n".join([f"{fence_line}text", *shown, fence_line])


def table(header: Sequence[str], rows: Iterable[Sequence[str]], most: int) -> str:
    """Return a table of the first `most` of `rows`, whose cells are Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
    return "\n".join(first(lines, most + 2))


def collapsed(title: str, content: str) -> str:
    """Return `content` as a part of the page that is opened with a click on `title`."""
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"


def implementation(name: str) -> str:
    """Return the usual spelling of the implementation `name`, which is `sys.implementation.name`."""
    return {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}.get(name, name)


def cut(value: str, limit: int) -> str:
    """Return the first `limit` characters of `value`, and how many more there are."""
    return value if len(value) <= limit else f"{value[:limit]} … and {len(value) - limit:,} more characters"


def first(items: Sequence[str], most: int) -> list[str]:
    """Return the first `most` of `items`, and how many more there are."""
    return [*items[:most], f"… and {len(items) - most:,} more"] if len(items) > most else [*items]


def _reference(found: Match[str]) -> str:
    # GitHub makes links of e-mail addresses after it has read the references.
    return "<!-- -->" * (found.group() == "@") + f"&#{ord(found.group())};"

"""Reads the repository's Markdown documents: their code blocks, headings, links and code spans."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tools.shared import ROOT

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97"

DOCUMENTS = tuple(sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))))

_GENERATED = re.compile(r"<!-- (?:begin: .*?-->.*?<!-- end: |(file|error|notice) .*?-->.*?<!-- /\1 ).*?-->", re.DOTALL)

_FENCE = re.compile(r"^( *)(`{3,})(\w*)[^\n`]*\n(.*?)^\1\2[ \t]*$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced code block: its document and line, its language, its text, and the HTML comment in the line before it."""

    place: str
    language: str
    text: str
    comment: str


def name(document: Path) -> str:
    """Return the path of `document` in the repository."""
    return document.relative_to(ROOT).as_posix()


def blocks(document: Path) -> list[Block]:
    """Return the code blocks of `document`."""
    text = document.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        comment = re.search(r"<!-- ([^\n]*) -->\n\Z", before)
        place = f"{name(document)}:{before.count(chr(10)) + 1}"
        found.append(Block(place, match[3], textwrap.dedent(match[4]), comment[1] if comment else ""))
    return found


def prose(document: Path) -> str:
    """Return the text of `document` without its code blocks."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def written_by_hand(document: Path) -> str:
    """Return the text of `document` without the parts that tools write between HTML comments, such as results and example files."""
    return _GENERATED.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """Return the anchors of the headings in `document`, by GitHub's rules."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(document), re.MULTILINE):
        shown = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        numbered = (f"{anchor}-{number}" for number in range(1, len(found) + 2))
        found.add(anchor if anchor not in found else next(other for other in numbered if other not in found))
    return found


def links(document: Path) -> list[str]:
    """Return the targets of the relative links and images in `document`."""
    text = re.sub(r"`[^`\n]*`", "", prose(document))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|srcset|href)=\"([^\"]+)\"", text)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def code_spans(document: Path) -> list[str]:
    """Return the code spans in the prose of `document`."""
    return re.findall(r"`([^`\n]+)`", prose(document))


def workflow(text: str) -> str:
    """Return a complete workflow for `text`, which is a workflow or a part of one: jobs, one job, or some steps."""
    document: Any = yaml.safe_load(text)
    if isinstance(document, list):
        return _with_steps(text)
    if "steps" in document:
        return _with_steps(textwrap.dedent(text.partition("steps:\n")[2]))
    # In YAML 1.1, the key `on` is true.
    return f"on: push\n{text}" if "jobs" in document and True not in document else text


def _with_steps(steps: str) -> str:
    # Add the steps that the text refers to or depends on.
    if "uses: org/uv-system-sync@" not in steps and "steps.sync." in steps:
        steps = f"- uses: org/uv-system-sync@v1\n  id: sync\n{steps}"
    if "uses: actions/setup-python@" not in steps:
        steps = f'- uses: {SETUP_PYTHON}\n  with:\n    python-version: "3.13"\n{steps}'
    if "uses: actions/checkout@" not in steps:
        steps = f"- uses: {CHECKOUT}\n{steps}"
    return f"on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n{textwrap.indent(steps, ' ' * 6)}"

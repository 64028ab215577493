"""Reads the repository's documents: their blocks of code, headings, links, and what they name."""

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
    """A fenced block of code: where it is, its language, its text, and the comment in the line before it."""

    place: str
    language: str
    text: str
    comment: str


def name(document: Path) -> str:
    """Return what a reader calls `document`."""
    return document.relative_to(ROOT).as_posix()


def blocks(document: Path) -> list[Block]:
    """Return the blocks of `document`, each with its document and line as its place."""
    text = document.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        comment = re.search(r"<!-- ([^\n]*) -->\n\Z", before)
        place = f"{name(document)}:{before.count(chr(10)) + 1}"
        found.append(Block(place, match[3], textwrap.dedent(match[4]), comment[1] if comment else ""))
    return found


def prose(document: Path) -> str:
    """Return the text of `document` without its blocks."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def written_by_hand(document: Path) -> str:
    """Return the text of `document` without what tools write between comments, such as results and files of examples."""
    return _GENERATED.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """Return what a link into `document` may name, by GitHub's rules for headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(document), re.MULTILINE):
        shown = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        numbered = (f"{anchor}-{number}" for number in range(1, len(found) + 2))
        found.add(anchor if anchor not in found else next(other for other in numbered if other not in found))
    return found


def links(document: Path) -> list[str]:
    """Return where the links and pictures of `document` lead, those into the web left out."""
    text = re.sub(r"`[^`\n]*`", "", prose(document))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|srcset|href)=\"([^\"]+)\"", text)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def code_spans(document: Path) -> list[str]:
    """Return the code spans in the prose of `document`."""
    return re.findall(r"`([^`\n]+)`", prose(document))


def workflow(text: str) -> str:
    """Return the workflow that `text` is, or is a part of: its jobs, one job's steps, or some of these."""
    document: Any = yaml.safe_load(text)
    if isinstance(document, list):
        return _with_steps(text)
    if "steps" in document:
        return _with_steps(textwrap.dedent(text.partition("steps:\n")[2]))
    # What YAML 1.1 calls true is `on`.
    return f"on: push\n{text}" if "jobs" in document and True not in document else text


def _with_steps(steps: str) -> str:
    # The steps that the text assumes, so that its references to other steps are valid.
    if "uses: org/uv-system-sync@" not in steps and "steps.sync." in steps:
        steps = f"- uses: org/uv-system-sync@v1\n  id: sync\n{steps}"
    if "uses: actions/setup-python@" not in steps:
        steps = f'- uses: {SETUP_PYTHON}\n  with:\n    python-version: "3.13"\n{steps}'
    if "uses: actions/checkout@" not in steps:
        steps = f"- uses: {CHECKOUT}\n{steps}"
    return f"on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n{textwrap.indent(steps, ' ' * 6)}"

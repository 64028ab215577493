"""docs/errors.md lists every error and notice, and its examples are what the code produces."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import shown_errors
from tools.shared import ROOT
from uv_system_sync.errors import ActionError

DOCUMENT = ROOT / "docs" / "errors.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")

_MADE: dict[str, Callable[[str, Path], tuple[str, str]]] = {"error": shown_errors.error, "notice": shown_errors.notice}
_EXAMPLE = re.compile(r"<!-- (error|notice) ([a-z-]+) -->\n(.*?)<!-- /\1 -->", re.DOTALL)

# The document's top-level headings and their text, and the second-level headings and theirs.
_PARTS = dict(re.findall(r"^# (.+)\n((?:(?!# ).*\n)*)", TEXT, re.MULTILINE))
_SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!##? ).*\n)*)", TEXT, re.MULTILINE))


def _headings(part: str) -> list[str]:
    return re.findall(r"^## (.+)$", _PARTS[part], re.MULTILINE)


def test_every_error_has_a_heading() -> None:
    """There is one heading for every title that an error annotation can have, and no other."""
    assert sorted(kind.slug for kind in ActionError.__subclasses__()) == sorted(_headings("Errors"))


def test_every_notice_has_a_heading() -> None:
    """There is one heading for every title that a notice can have, and no other, in alphabetical order."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))

    assert sorted(set(re.findall(r"Notice\(\s*\"([a-z-]+)\"", source))) == _headings("Notices")


@pytest.mark.parametrize("heading", _SECTIONS)
def test_every_heading_has_an_example(heading: str) -> None:
    assert _EXAMPLE.search(_SECTIONS[heading])


def test_every_example_is_shown_once() -> None:
    names = [("error", name) for name in shown_errors.ERRORS] + [("notice", name) for name in shown_errors.NOTICES]

    assert sorted(names) == sorted((kind, name) for kind, name, _ in _EXAMPLE.findall(TEXT))


@pytest.mark.parametrize(
    ("heading", "kind", "name", "shown"),
    [pytest.param(heading, *found, id=found[1]) for heading, body in _SECTIONS.items() for found in _EXAMPLE.findall(body)],
)
def test_examples_are_what_the_code_makes(tmp_path: Path, heading: str, kind: str, name: str, shown: str) -> None:
    """Each example is below its title; `make docs` writes them."""
    assert (heading, shown) == _made(kind, name, tmp_path)


def _made(kind: str, name: str, root: Path) -> tuple[str, str]:
    title, text = _MADE[kind](name, root / "machine")
    return title, f"{text}\n"


def _written(found: re.Match[str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        kind, name, _ = found.groups()
        return f"<!-- {kind} {name} -->\n{_made(kind, name, Path(folder).resolve())[1]}<!-- /{kind} -->"


if __name__ == "__main__":
    DOCUMENT.write_text(_EXAMPLE.sub(_written, TEXT), encoding="utf-8")

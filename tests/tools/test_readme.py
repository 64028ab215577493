"""The README agrees with the files that it describes."""

from __future__ import annotations

import re

from tools import readme
from tools.shared import ROOT
from uv_system_sync import errors

README = readme.README.read_text(encoding="utf-8")


def test_tables_and_examples_are_those_of_the_files() -> None:
    """The README's tables and examples are what action.yml and examples/ have."""
    assert README == readme.rendered(README)


def test_rendering_replaces_what_is_between_the_markers() -> None:
    """A table that was changed by hand is written again."""
    changed = README.replace("| `frozen` | `false` |", "| `frozen` | `true` |")

    assert changed != README
    assert README == readme.rendered(changed)


def test_every_error_has_a_heading() -> None:
    """Troubleshooting has one heading for every title that an annotation can have, and no other."""
    section = README.partition("\n## Troubleshooting\n")[2].partition("\n## ")[0]
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)

    assert sorted(kind.slug for kind in errors.ActionError.__subclasses__()) == sorted(headings)


def test_every_notice_is_explained() -> None:
    """The section on notices has every title that a notice can have, and no other."""
    section = README.partition("\n## Notices\n")[2].partition("\n## ")[0]
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))

    assert sorted(set(re.findall(r"Notice\(\s*\"([a-z-]+)\"", source))) == sorted(re.findall(r"\*\*([a-z-]+)\*\*", section))

"""The README matches the files that it describes."""

from __future__ import annotations

import re

from tools import readme
from uv_system_sync import errors

README = readme.README.read_text(encoding="utf-8")


def test_tables_and_examples_are_those_of_the_files() -> None:
    """The README's tables and examples match action.yml and examples/."""
    assert README == readme.rendered(README)


def test_rendering_replaces_what_is_between_the_markers() -> None:
    """A manually changed block is restored."""
    changed = README.replace("    frozen: false", "    frozen: true")

    assert changed != README
    assert README == readme.rendered(changed)


def test_every_error_is_linked_to_its_explanation() -> None:
    section = README.partition("\n## Errors\n")[2].partition("\n## ")[0]
    slugs = [kind.slug for kind in errors.ActionError.__subclasses__()]

    assert sorted(f"[`{slug}`](docs/errors.md#{slug})" for slug in slugs) == sorted(re.findall(r"\[`.*?\)", section))


def test_the_readme_is_read_in_one_sitting() -> None:
    """It has 1,100 to 1,500 words, including code blocks."""
    assert 1100 <= len(re.findall(r"\S*\w\S*", README)) <= 1500

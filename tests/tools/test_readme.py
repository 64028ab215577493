"""The README agrees with the files that it describes."""

from __future__ import annotations

from tools import readme

README = readme.README.read_text(encoding="utf-8")


def test_tables_and_examples_are_those_of_the_files() -> None:
    """The README's tables and examples are what action.yml and examples/ have."""
    assert README == readme.rendered(README)


def test_rendering_replaces_what_is_between_the_markers() -> None:
    """A table that was changed by hand is written again."""
    changed = README.replace("| `frozen` | `false` |", "| `frozen` | `true` |")

    assert changed != README
    assert README == readme.rendered(changed)

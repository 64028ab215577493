"""The document that the benchmark writes."""

from __future__ import annotations

import pytest

from benchmarks import plot, results
from benchmarks.contenders import ACTION, CONTENDERS, LIMIT, PIP
from benchmarks.measure import NOTHING
from benchmarks.results import Table
from benchmarks.samples import times
from tools.shared import ROOT


def test_the_targets_are_computed_from_one_run() -> None:
    """The own work is the action less plain uv, in bare starts of the same run; what was not measured is said."""
    samples = {NOTHING: {ACTION: [0.100], LIMIT: [0.020], PIP: [0.500]}}
    found = [*results.targets([Table("200 packages", samples, [0.010])])]

    assert f"| own work over plain `uv sync`, nothing to do, 200 packages, in bare interpreter starts | ≤ 10 × | {times(8)} |" in found  # noqa: RUF001 - a multiplication sign
    assert f"| faster than pip, nothing to do, 200 packages | ≥ 4 × | {times(5)} |" in found  # noqa: RUF001 - as above


def test_only_what_is_generated_is_replaced() -> None:
    """Text around the markers stays, and a document without them is refused."""
    before = f"above\n{results.BEGIN}\nold\n{results.END}\nbelow\n"

    assert "above\nnew\nbelow\n" == results.replaced(before, "new")
    with pytest.raises(ValueError, match="does not have"):
        results.replaced("nothing", "new")


def test_the_committed_document_can_be_rewritten() -> None:
    """docs/benchmark.md has the markers, and shows both plots."""
    text = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")

    assert "new" in results.replaced(text, "new")
    assert [] == [theme for theme in plot.THEMES if f"benchmark-{theme}.svg" not in text]


def test_a_table_shows_what_took_part() -> None:
    """A contender without samples has no row, and one that skipped a case an empty cell."""
    table = Table("10 packages", {"cold": {LIMIT: [1.0, 3.0], PIP: []}, "warm": {LIMIT: [0.1], PIP: [2.0]}}, [0.010])

    assert [
        "| median ± interquartile range (samples) | cold | warm |",
        "| --- | ---: | ---: |",
        f"| {LIMIT} | 2.00 s ± 1.00 s (2) | 100 ms (1) |",
        f"| {PIP} |  | 2.00 s (1) |",
    ] == [*results.rows(table)][:4]


def test_the_commands_are_shown_as_one_would_type_them() -> None:
    """A command of the table names no folder of the run, and has no quotes that only the run needs."""
    rows = [*results.described(CONTENDERS)]

    assert f"| {LIMIT} | `uv sync --locked --python $pythonLocation/bin/python` |" in "".join(row for row in rows if LIMIT in row)
    assert [] == [row for row in rows if "$PLACE" in row or str(ROOT) in row]

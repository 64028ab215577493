"""The document that the benchmark generates."""

from __future__ import annotations

import pytest

from benchmarks import plot, results
from benchmarks.contenders import BARE, CONTENDERS, LATER, LIMIT, NEW, PIP
from benchmarks.measure import NOTHING, WARM
from benchmarks.samples import Table, times
from tools.shared import ROOT


def test_only_what_is_generated_is_replaced() -> None:
    """Text outside the markers stays. A document without markers is an error."""
    before = f"above\n{results.BEGIN}\nold\n{results.END}\nbelow\n"

    assert "above\nnew\nbelow\n" == results.replaced(before, "new")
    with pytest.raises(ValueError, match="does not have"):
        results.replaced("nothing", "new")


def test_the_committed_document_can_be_rewritten() -> None:
    """docs/benchmark.md has the markers and both plots."""
    text = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")

    assert "new" in results.replaced(text, "new")
    assert [] == [theme for theme in plot.THEMES if f"benchmark-{theme}.svg" not in text]


def test_a_table_shows_the_contenders_with_samples() -> None:
    """A contender without samples has no row. A contender that skipped a case has an empty cell."""
    table = Table("10 packages", {"cold": {LIMIT.name: [1.0, 3.0], PIP.name: []}, "warm": {LIMIT.name: [0.1], PIP.name: [2.0]}})

    assert [
        "| median ± interquartile range (samples) | cold | warm |",
        "| --- | ---: | ---: |",
        f"| {LIMIT.name} | 2.00 s ± 1.00 s (2) | 100 ms (1) |",
        f"| {PIP.name} |  | 2.00 s (1) |",
    ] == [*results.rows(table)]


def test_a_new_machine_comes_first() -> None:
    """The action's first row and bar are those of a new machine."""
    samples = {contender.name: [0.1] for contender in (BARE, PIP, LIMIT, LATER, NEW)}
    table = Table("10 packages", {NOTHING: samples, WARM: samples})
    title, medians = results.plotted({"10": table})

    assert [NEW.name, LATER.name] == [row.split(" | ")[0].removeprefix("| ") for row in results.rows(table)][2:4]
    assert ("10 packages", [NOTHING, WARM]) == (title, [*medians])
    assert [[NEW.name, LIMIT.name, PIP.name]] * 2 == [[*panel] for panel in medians.values()]


def test_own_work_comes_with_its_spread() -> None:
    """Own work is shown with the quartiles that it is computed from. A table without them has no row."""
    samples = {NEW.name: [0.1, 0.2], LATER.name: [0.05], LIMIT.name: [0.02], BARE.name: [0.01]}
    tables = [Table("10 packages", {NOTHING: samples}), Table("other", {NOTHING: {NEW.name: [0.1]}})]

    ranges = "125 ms to 175 ms | 50.0 ms to 50.0 ms | 20.0 ms to 20.0 ms | 10.0 ms to 10.0 ms"
    assert [f"| 10 packages | {ranges} | {times(10.5)} | {times(3)} |"] == [*results.own_work(tables)][2:]


def test_the_commands_are_shown_as_a_user_would_type_them() -> None:
    """The commands contain no folders of this machine and no unnecessary quotes."""
    rows = [*results.described(CONTENDERS)]

    assert f"| {LIMIT.name} | `uv sync --locked --python $pythonLocation/bin/python` |" in "".join(row for row in rows if LIMIT.name in row)
    assert [] == [row for row in rows if "$PLACE" in row or str(ROOT) in row]

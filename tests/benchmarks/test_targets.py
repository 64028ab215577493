"""What the action has to reach, and the guard that goes by it."""

from __future__ import annotations

import pytest

from benchmarks import guard
from benchmarks.contenders import BARE, LATER, LIMIT, NEW, NO_UV
from benchmarks.measure import NOTHING, WARM
from benchmarks.samples import Table
from benchmarks.targets import FEW, MOST, NO_UV_TABLE, PROJECT, Target, targets


def _table(title: str, new: float) -> Table:
    return Table(title, {NOTHING: {NEW.name: [new], LATER.name: [0.060], LIMIT.name: [0.020, 0.020, 0.9], BARE.name: [0.010]}})


def test_the_targets_are_computed_from_one_run() -> None:
    """Own work is the action less plain uv, in bare starts of the same run, by lower quartiles; new machines come first."""
    project = _table("Flask", 0.100)
    project = Table(project.title, {**project.samples, WARM: {NEW.name: [0.3], LIMIT.name: [0.2]}})
    without = Table("no uv", {NOTHING: {NEW.name: [0.1], NO_UV.name: [0.9]}})

    found = [*targets({PROJECT: project, str(FEW): _table("10", 0.06), str(MOST): _table("1000", 0.08), NO_UV_TABLE: without})]

    assert [8, 4, 1.5, None, 1.5, 1, 0.8, None] == [
        target.measured if target.measured is None else pytest.approx(target.measured) for target in found
    ]
    assert ["new machine", "later use in a job"] == [target.what.partition(": ")[0] for target in found[:2]]


@pytest.mark.parametrize(("measured", "good"), [(9.0, [True]), (13.4, [True]), (13.6, [False]), (None, [])])
def test_the_guard_lets_half_as_much_again_pass(measured: float | None, good: list[bool]) -> None:
    """A target is exceeded when the value is more than half above it; what was not measured is left out."""
    assert good == [within for _, within in guard.verdicts([Target("own work", 9.0, measured)])]

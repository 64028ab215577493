"""The targets for the action, and the guard that checks them."""

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
    """Own work is the action minus plain uv, in bare starts of the same run, by lower quartiles. New machines come first."""
    project = _table("Flask", 0.100)
    project = Table(project.title, {**project.samples, WARM: {NEW.name: [0.3], LIMIT.name: [0.2]}})
    without = Table("no uv", {NOTHING: {NEW.name: [0.1], NO_UV.name: [0.9]}})

    found = [*targets({PROJECT: project, str(FEW): _table("10", 0.06), str(MOST): _table("1000", 0.08), NO_UV_TABLE: without})]

    assert [8, 4, 1.5, None, 1.5, 1, 0.8, None] == [
        target.measured if target.measured is None else pytest.approx(target.measured) for target in found
    ]
    assert ["new machine", "later use in a job"] == [target.what.partition(": ")[0] for target in found[:2]]


@pytest.mark.parametrize(("measured", "good"), [(9.0, [True]), (13.4, [True]), (13.6, [False]), (None, [])])
def test_the_guard_fails_at_more_than_half_above_a_target(measured: float | None, good: list[bool]) -> None:
    """Targets that were not measured are left out."""
    assert good == [within for _, within in guard.verdicts([Target("own work", 9.0, measured)])]

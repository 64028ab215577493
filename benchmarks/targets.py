"""Knows what the action has to reach, and computes from samples whether it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from benchmarks.contenders import BARE, LATER, LIMIT, NEW, NO_UV, NO_UV_HERE, Action, Contender
from benchmarks.measure import NOTHING, WARM
from benchmarks.samples import Table, duration, times

# The tables that targets are about, beside that of PROJECT.
FEW, MOST = 10, 1_000
PROJECT, NO_UV_TABLE, BUILD_TABLE = "flask", "no-uv", "build"

_OWN = {NEW: 9.0, LATER: 5.0}
_GROWTH = 1.3
_FRESH = {NEW: 1.35, LATER: 1.2}
_INSTALL_UV = 1.5


class Target(NamedTuple):
    """What was `measured`, if it was, and what it may be `at_most`; in `seconds`, or a factor."""

    what: str
    at_most: float
    measured: float | None
    seconds: bool = False

    def write(self, value: float) -> str:
        """Write a value of this target."""
        return duration(value) if self.seconds else times(value)


def own(table: Table | None, action: Action) -> float | None:
    """Return what `action` takes over plain `uv sync` with nothing to do, in bare interpreter starts, by their lower quartiles."""
    found = [table.summary(NOTHING, contender.name) for contender in (action, LIMIT, BARE)] if table else []
    lows = [summary.low for summary in found if summary]
    return (lows[0] - lows[1]) / lows[2] if len(lows) == len((action, LIMIT, BARE)) else None


def targets(tables: Mapping[str, Table]) -> Iterator[Target]:
    """Yield every target, new machines first; `tables` are by number of packages, or named PROJECT and NO_UV_TABLE."""
    project = tables.get(PROJECT)
    title = project.title if project else "a project"
    for action, most in _OWN.items():
        yield Target(f"{_case(action)}: own work in bare interpreter starts, nothing to do, {title}", most, own(project, action))
    for action, most in _FRESH.items():
        ratio = _compared(project, WARM, action, LIMIT, lambda one, other: one / other)
        yield Target(f"{_case(action)}: wall time over that of plain `uv sync`, {WARM}, {title}", most, ratio)
    for action in _OWN:
        few, many = own(tables.get(str(FEW)), action), own(tables.get(str(MOST)), action)
        # Less than a bare start is mostly noise.
        growth = many / max(few, 1) if few is not None and many is not None else None
        yield Target(f"{_case(action)}: own work with {MOST:,} packages over that with {FEW}, nothing to do", _GROWTH, growth)
    for action, index in ((NO_UV, "an index that lists one uv"), (NO_UV_HERE, "this machine's index")):
        more = _compared(tables.get(NO_UV_TABLE), NOTHING, action, NEW, lambda one, other: one - other)
        yield Target(f"{_case(action)}: time that a missing uv adds, nothing to do, {index}", _INSTALL_UV, more, seconds=True)


def _case(action: Action) -> str:
    return "new machine" if action.new else "later use in a job"


def _compared(table: Table | None, case: str, one: Contender, other: Contender, how: Callable[[float, float], float]) -> float | None:
    first, second = (table.summary(case, contender.name) if table else None for contender in (one, other))
    return how(first.median, second.median) if first and second else None

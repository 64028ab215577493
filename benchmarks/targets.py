"""The targets for the action's speed, and their measured values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from benchmarks.contenders import BARE, LATER, LIMIT, NEW, NO_UV, NO_UV_HERE, Action, Contender
from benchmarks.measure import NOTHING, WARM
from benchmarks.samples import Table, duration, times

# Names of tables, and the numbers of packages of two more.
PROJECT, NO_UV_TABLE, BUILD_TABLE = "flask", "no-uv", "build"
FEW, MOST = 10, 1_000

# The targets: own work in bare interpreter starts, its growth from FEW to MOST packages, the wall time of an installation relative to plain
# uv, and the seconds that a missing uv adds.
_OWN = {NEW: 9.0, LATER: 5.0}
_GROWTH = 1.3
_FRESH = {NEW: 1.35, LATER: 1.2}
_INSTALL_UV = 1.5


class Target(NamedTuple):
    """A target: the highest allowed value, and the measured one, or None. The values are seconds if `seconds`, else factors."""

    what: str
    at_most: float
    measured: float | None
    seconds: bool = False

    def write(self, value: float) -> str:
        """Return `value` with the unit of this target."""
        return duration(value) if self.seconds else times(value)


def own(table: Table | None, action: Action) -> float | None:
    """Return the own work of `action`, in bare interpreter starts: its time minus that of plain `uv sync`, by lower quartiles."""
    ours, plain, bare = (table.summary(NOTHING, contender.name) if table else None for contender in (action, LIMIT, BARE))
    return (ours.low - plain.low) / bare.low if ours and plain and bare else None


def targets(tables: Mapping[str, Table]) -> Iterator[Target]:
    """Yield all targets, new machines first. The keys of `tables` are PROJECT, NO_UV_TABLE and numbers of packages."""
    project = tables.get(PROJECT)
    title = project.title if project else "a project"
    for action, most in _OWN.items():
        yield Target(f"{_case(action)}: own work in bare interpreter starts, nothing to do, {title}", most, own(project, action))
    for action, most in _FRESH.items():
        medians = _medians(project, WARM, action, LIMIT)
        ratio = medians[0] / medians[1] if medians else None
        yield Target(f"{_case(action)}: wall time relative to plain `uv sync`, {WARM}, {title}", most, ratio)
    for action in _OWN:
        few, many = own(tables.get(str(FEW)), action), own(tables.get(str(MOST)), action)
        # At least 1 because less than one bare start is mostly noise.
        growth = many / max(few, 1) if few is not None and many is not None else None
        yield Target(f"{_case(action)}: own work with {MOST:,} packages relative to {FEW}, nothing to do", _GROWTH, growth)
    for action, index in ((NO_UV, "an index that lists one uv"), (NO_UV_HERE, "this machine's index")):
        medians = _medians(tables.get(NO_UV_TABLE), NOTHING, action, NEW)
        added = medians[0] - medians[1] if medians else None
        yield Target(f"{_case(action)}: time that a missing uv adds, nothing to do, {index}", _INSTALL_UV, added, seconds=True)


def _case(action: Action) -> str:
    return "new machine" if action.new else "later use in a job"


def _medians(table: Table | None, case: str, one: Contender, other: Contender) -> tuple[float, float] | None:
    first, second = (table.summary(case, contender.name) if table else None for contender in (one, other))
    return (first.median, second.median) if first and second else None

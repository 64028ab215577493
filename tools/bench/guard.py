"""Fails when the action's own work has left its budget by half; `python -m tools.bench.guard`, in seconds."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench import lab, numbers
from tools.bench.profile import Trace, own_work
from tools.bench.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW, MANY, MOST = 10, 200, 1_000

# What the own work may be: with MANY packages in bare interpreter starts, and with MOST as a multiple of that with FEW.
STARTS, GROWTH = 10.0, 1.5

# How far beyond that is wrong, and not the machine's mood.
SLACK = 1.5

ROUNDS = 15


def verdicts(starts: float, growth: float) -> Iterator[tuple[str, bool]]:
    """Yield what is to be said of each measurement, and whether it is within its budget and half of it."""
    for what, value, budget in (
        (f"own work with {MANY} packages, in bare interpreter starts", starts, STARTS),
        (f"own work with {MOST} packages, as a multiple of that with {FEW}", growth, GROWTH),
    ):
        said = (
            f"{what}: {numbers.times(value)}; the budget is {numbers.times(budget)}, and this fails above {numbers.times(budget * SLACK)}"
        )
        yield said, value <= budget * SLACK


def measured(traces: dict[int, Trace]) -> tuple[float, float]:
    """Return both measurements; of a machine's noise, no own work is less than a bare start."""
    few, many, most = (traces[size] for size in (FEW, MANY, MOST))
    unit = numbers.Summary.of([*few.bare, *many.bare, *most.bare]).median
    return many.own / unit, most.own / max(few.own, unit)


def main() -> int:
    """Measure, say it, and return 0 unless a budget is exceeded by more than half."""
    sizes = (FEW, MANY, MOST)
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-guard-") as temp, lab.opened(Path(temp), MOST, lab.default_python()) as lab_:
        projects = {size: lab.project(lab_, lab_.folder / f"project-{size}", lab.pins(size)) for size in sizes}
        sites = [Site.own(lab_, lab_.folder / f"site-{size}", projects[size]) for size in sizes]
        found = list(verdicts(*measured(dict(zip(sizes, own_work(sites, ROUNDS), strict=True)))))
    sys.stdout.write("".join(f"{'ok' if good else 'too slow'}: {said}\n" for said, good in found))
    return 0 if all(good for _, good in found) else 1


if __name__ == "__main__":
    sys.exit(main())

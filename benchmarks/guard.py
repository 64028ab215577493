"""Fails when the action's own work exceeds its budget by more than half; `python -m benchmarks.guard`, in seconds."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import samples, testbed
from benchmarks.profiling import Costs, measure
from benchmarks.runs import ActionRun

FEW, MANY, MOST = 10, 200, 1_000

# What the own work may be: with MANY packages in bare interpreter starts, and with MOST as a multiple of that with FEW.
STARTS, GROWTH = 10.0, 1.5

# By which factor a measurement may exceed that, because machines are noisy.
SLACK = 1.5

ROUNDS = 15


def verdicts(starts: float, growth: float) -> Iterator[tuple[str, bool]]:
    """Yield a sentence on each measurement, and whether it exceeds its budget by no more than half."""
    for what, value, budget in (
        (f"own work with {MANY} packages, in bare interpreter starts", starts, STARTS),
        (f"own work with {MOST} packages, as a multiple of that with {FEW}", growth, GROWTH),
    ):
        sentence = (
            f"{what}: {samples.times(value)}; the budget is {samples.times(budget)}, and this fails above {samples.times(budget * SLACK)}"
        )
        yield sentence, value <= budget * SLACK


def measured(by_size: dict[int, Costs]) -> tuple[float, float]:
    """Return both measurements; own work that is shorter than a bare start counts as one, because it is mostly noise."""
    few, many, most = (by_size[size] for size in (FEW, MANY, MOST))
    unit = samples.Summary.of([*few.bare, *many.bare, *most.bare]).median
    return many.own / unit, most.own / max(few.own, unit)


def main() -> int:
    """Measure, print the result, and return 0 unless a budget is exceeded by more than half."""
    sizes = (FEW, MANY, MOST)
    with (
        tempfile.TemporaryDirectory(prefix="uv-system-sync-guard-") as temp,
        testbed.opened(Path(temp), MOST, testbed.default_python()) as bed,
    ):
        projects = {size: testbed.project(bed, bed.folder / f"project-{size}", testbed.pins(size)) for size in sizes}
        runs = [ActionRun.with_own_python(bed, bed.folder / f"run-{size}", projects[size]) for size in sizes]
        found = list(verdicts(*measured(dict(zip(sizes, measure(runs, ROUNDS), strict=True)))))
    sys.stdout.write("".join(f"{'ok' if good else 'too slow'}: {sentence}\n" for sentence, good in found))
    return 0 if all(good for _, good in found) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Fails if the action exceeds a target by more than half, with generated packages. Run with `python -m benchmarks.guard`; takes seconds."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import measure, testbed
from benchmarks.contenders import NEW, NO_UV, OWN
from benchmarks.measure import NOTHING
from benchmarks.targets import FEW, MOST, NO_UV_TABLE, PROJECT, Target, targets

# The factor by which a measurement may exceed its target, because measurements are noisy.
SLACK = 1.5

# For each table: its name, the number of packages, a prefix of its title, its contenders, and the number of samples.
_MEASURED = (
    (PROJECT, 46, "", OWN, 21),
    (str(FEW), FEW, "", OWN, 21),
    (str(MOST), MOST, "", OWN, 21),
    (NO_UV_TABLE, 46, "without a uv on PATH, ", (NEW, NO_UV), 5),
)


def verdicts(found: Iterable[Target]) -> Iterator[tuple[str, bool]]:
    """Yield a description of each measured target, and whether the value is below the limit, which is half above the target."""
    for target in found:
        if target.measured is not None:
            limit = target.at_most * SLACK
            values = f"{target.write(target.measured)}; the target is {target.write(target.at_most)}, the limit {target.write(limit)}"
            yield f"{target.what}: {values}", target.measured <= limit


def main() -> int:
    """Measure, print the results, and return 1 if a target is exceeded by more than half."""
    with (
        tempfile.TemporaryDirectory(prefix="uv-system-sync-guard-") as temp,
        testbed.opened(Path(temp), MOST, testbed.default_python()) as bed,
    ):
        tables = {}
        for name, size, prefix, contenders, rounds in _MEASURED:
            # With `str` as `log`, nothing is printed.
            entries = measure.set_up(bed, measure.generated(bed, size, prefix), contenders, str)
            tables[name] = measure.compare(entries, {NOTHING: rounds}, 60, str)
        found = list(verdicts(targets(tables)))
    sys.stdout.write("".join(f"{'ok' if good else 'too slow'}: {sentence}\n" for sentence, good in found))
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores + 1:
        sys.stdout.write(f"The machine is busy (load {load:.1f} on {cores} cores), so the times are too long.\n")
    return 0 if all(good for _, good in found) else 1


if __name__ == "__main__":
    sys.exit(main())

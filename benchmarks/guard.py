"""Fails when the action takes more than half as much again as it may, on generated packages; `python -m benchmarks.guard`, in seconds."""

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

# By which factor a measurement may exceed its target, because machines are noisy.
SLACK = 1.5

# The name of each table, how many packages it is about, a prefix of its title, its contenders, and how many samples of each.
_MEASURED = (
    (PROJECT, 46, "", OWN, 21),
    (str(FEW), FEW, "", OWN, 21),
    (str(MOST), MOST, "", OWN, 21),
    (NO_UV_TABLE, 46, "without a uv on PATH, ", (NEW, NO_UV), 5),
)


def verdicts(found: Iterable[Target]) -> Iterator[tuple[str, bool]]:
    """Yield a sentence on each target that was measured, and whether it is exceeded by no more than half."""
    for target in found:
        if target.measured is not None:
            good = target.measured <= target.at_most * SLACK
            measured, most, limit = map(target.write, (target.measured, target.at_most, target.at_most * SLACK))
            yield f"{target.what}: {measured}; the target is {most}, and this fails above {limit}", good


def main() -> int:
    """Measure, print the result, and return 0 unless a target is exceeded by more than half."""
    with (
        tempfile.TemporaryDirectory(prefix="uv-system-sync-guard-") as temp,
        testbed.opened(Path(temp), MOST, testbed.default_python()) as bed,
    ):
        tables = {
            name: measure.compare(measure.set_up(bed, measure.generated(bed, size, prefix), contenders, str), {NOTHING: rounds}, 60, str)
            for name, size, prefix, contenders, rounds in _MEASURED
        }
        found = list(verdicts(targets(tables)))
    sys.stdout.write("".join(f"{'ok' if good else 'too slow'}: {sentence}\n" for sentence, good in found))
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores + 1:
        sys.stdout.write(f"The machine is busy (load {load:.1f} on {cores} cores), so the times are longer than they should be.\n")
    return 0 if all(good for _, good in found) else 1


if __name__ == "__main__":
    sys.exit(main())

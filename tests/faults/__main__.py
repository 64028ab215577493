"""Tries every fault on the oldest and the newest Python, and prints a table of the results."""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.faults import __doc__ as purpose
from tests.faults.counts import Counts
from tests.faults.sweep import FAULTS, Plan, Results, on_one
from tests.faults.syncs import Action
from tests.faults.table import table
from tools.shared import ROOT
from tools.shared.pythons import found


def main() -> int:
    """Run the harness; return 0 if every count that should be 0 is 0."""
    options = _parsed()
    if not any(options.only in fault.name for fault in FAULTS):
        sys.stderr.write(f"No fault has {options.only!r} in its name; they are: {', '.join(fault.name for fault in FAULTS)}.\n")
        return 2
    pythons = list(dict.fromkeys([found()[0], found()[-1]]))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # One process for each Python; a spawned process inherits no handles or threads from this one.
    with (
        tempfile.TemporaryDirectory(prefix="uv-system-sync-faults-", dir=options.folder) as temp,
        ProcessPoolExecutor(len(pythons), multiprocessing.get_context("spawn")) as pool,
    ):
        plan = Plan(options.points, options.tries, options.seed, options.only, options.action.resolve(), len(pythons))
        parts = [pool.submit(on_one, Path(temp) / python.minor, python, plan, number) for number, python in enumerate(pythons)]
        try:
            results = _together([part.result() for part in parts])
        except BaseException:
            # Otherwise they would leave their disks mounted.
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    sys.stdout.write("".join(f"{line}\n" for line in table(results)))
    return int(not all(by[Action.name].is_good() for by in results.values()))


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=purpose)
    parser.add_argument("--points", type=int, default=200, help="kills of each kind, over all Pythons (default: %(default)s)")
    parser.add_argument("--tries", type=int, default=12, help="tries of every other fault, on each Python (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=4, help="what the tries and the wheels depend on (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="NAME", help="only the faults with this in their name")
    parser.add_argument("--action", type=Path, default=ROOT, help="the action's folder (default: this repository)")
    parser.add_argument("--folder", type=Path, help="where to work; a file system in memory, such as /dev/shm, is several times as fast")
    return parser.parse_args()


def _together(parts: list[Results]) -> Results:
    results: Results = {}
    for part in parts:
        for fault, by in part.items():
            for sync, counts in by.items():
                results.setdefault(fault, {}).setdefault(sync, Counts()).add(counts)
    return results


if __name__ == "__main__":
    sys.exit(main())

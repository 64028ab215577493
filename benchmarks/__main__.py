"""Compares the action with its competitors, and writes docs/benchmark.md and its plots. Run with `python -m benchmarks`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import measure, profiling, real, results, testbed
from benchmarks.contenders import BUILDING, COMPARED, NEW, NO_UV, NO_UV_HERE, OWN, Contender, Project
from benchmarks.measure import COLD, NOTHING, NOTHING_COLD, WARM
from benchmarks.results import Results
from benchmarks.samples import Table
from benchmarks.targets import BUILD_TABLE, FEW, MOST, NO_UV_TABLE, PROJECT
from benchmarks.testbed import Testbed
from tools.shared import ROOT

# About as many packages as Flask's lock has.
SIZE = 46

_TABLES = (PROJECT, str(SIZE), NO_UV_TABLE, str(FEW), str(MOST), BUILD_TABLE)


def log(text: str) -> None:
    """Print `text` with the time to stderr: stdout is for the results."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def run(bed: Testbed, options: argparse.Namespace) -> Results:
    """Measure the chosen tables, and the profile if it was asked for."""
    testbed.own_pip(bed.base)
    tables: dict[str, Table] = {}
    rounds, budget = options.rounds, options.budget
    # More samples, because own work is the difference of two short times.
    many = {NOTHING: rounds * 5 // 3}

    def compare(name: str, project: Project, contenders: Sequence[Contender], cases: dict[str, int], budget: float = budget) -> None:
        chosen = [contender for contender in contenders if not options.only or any(word in contender.name for word in options.only)]
        tables[name] = measure.compare(measure.set_up(bed, project, chosen, log), cases, budget, log)

    if PROJECT in options.tables:
        compare(PROJECT, real.project(bed), COMPARED, {**many, WARM: rounds})
    project = measure.generated(bed, SIZE)
    if str(SIZE) in options.tables:
        compare(str(SIZE), project, COMPARED, {**many, WARM: rounds, NOTHING_COLD: rounds, COLD: rounds})
    if NO_UV_TABLE in options.tables:
        without_uv = measure.generated(bed, SIZE, "without a uv on PATH, ")
        compare(NO_UV_TABLE, without_uv, (NEW, NO_UV, NO_UV_HERE), {NOTHING: rounds}, 3 * budget)
    if BUILD_TABLE in options.tables:
        compare(BUILD_TABLE, measure.with_a_build(bed, SIZE), BUILDING, {COLD: 3}, 3 * budget)
    for size in (FEW, MOST):
        if str(size) in options.tables:
            compare(str(size), measure.generated(bed, size), OWN, many)
    profile = profiling.report(bed, project.folder, rounds) if options.profile else []
    return Results(results.setting(bed, options.command, options.load), tables, profile)


def main() -> int:
    """Run the benchmark, write docs/benchmark.md, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure three rounds, in a few minutes")
    parser.add_argument("--rounds", type=int, help="maximum samples per contender and case; more with nothing to do (default: 15)")
    parser.add_argument("--budget", type=float, help="seconds after which a contender skips the remaining rounds of a case (default: 20)")
    parser.add_argument("--only", nargs="*", default=[], help="measure only contenders whose names contain one of these words")
    parser.add_argument("--python", default="", help="minor version of the Python to install into (default: the newest one found)")
    parser.add_argument("--tables", nargs="+", choices=_TABLES, default=_TABLES, help="tables to measure (default: all)")
    parser.add_argument("--no-profile", dest="profile", action="store_false", help="do not measure the profile")
    parser.add_argument("--folder", type=Path, help="folder for temporary files (default: the system's)")
    parser.add_argument("--json", type=Path, help="file to write all samples to")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="folder of benchmark.md (default: docs/ of this repository)")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 15)
    options.budget = options.budget or (3 if options.quick else 20)
    # Leave out paths: the document must not name folders of this machine.
    words = [word for word in sys.argv[1:] if not os.path.isabs(word) and word not in {"--docs", "--folder", "--json"}]
    options.command = " ".join(["python -m benchmarks", *words]) if words else "make bench"
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-bench-", dir=options.folder) as temp:
        log("setting up wheels, an index and a Python")
        most = max([SIZE, *(int(table) for table in options.tables if table.isdigit())])
        with testbed.opened(Path(temp), most, testbed.default_python(options.python)) as bed:
            measured = run(bed, options)
    if options.json:
        options.json.write_text(json.dumps({table.title: table.samples for table in measured.tables.values()}, indent=1))
    results.write(measured, options.docs)
    sys.stdout.write("\n".join([*results.lines(measured), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

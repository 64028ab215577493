"""Compares the action with its competitors, and writes docs/benchmark.md and its plots; `python -m benchmarks`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import locks, measure, profiling, real, results, testbed
from benchmarks.contenders import CONTENDERS, KINDS, Contender, Place
from benchmarks.measure import AFTER, BEFORE, CASES, NOTHING, WARM, Entry
from benchmarks.results import Results, Table
from benchmarks.runs import bare
from benchmarks.testbed import Testbed
from tools.shared import ROOT

SIZES = (10, 50, 200, 1_000)
QUICK_SIZES = (10, 50)
_MANY = 1_000


def log(text: str) -> None:
    """Print `text` at once, beside the results."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def slug(contender: Contender) -> str:
    """Return a name for the folder of a contender."""
    return "".join(letter if letter.isalnum() else "-" for letter in contender.name)


def entries(bed: Testbed, size: int, chosen: Sequence[Contender]) -> Iterator[Entry]:
    """Yield the contenders that are measured with `size` packages, each with its caches filled."""
    folder = bed.folder / f"packages-{size}"
    wanted = {BEFORE: testbed.pins(size), AFTER: testbed.pins(size, updated=True)}
    checkouts = {name: folder / name for name in wanted}
    locked: set[str] = set()
    for contender in sorted((one for one in chosen if size <= one.most), key=lambda one: KINDS.index(one.kind)):
        log(f"{size} packages: setting up {contender.name}")
        place = Place(bed, folder / slug(contender), checkouts).made()
        contender.ready(place)
        # What pip installs is exported from uv's lock.
        for kind in {"uv": ("uv",), "pip": ("uv", "pip")}.get(contender.kind, (contender.kind,)):
            for name, pins in wanted.items():
                if kind not in locked:
                    locks.lock(kind, place, checkouts[name], pins)
            locked.add(kind)
        entry = Entry(contender, place, wanted)
        entry.prime()
        yield entry


def compare(ready: Sequence[Entry], cases: Sequence[str], title: str, rounds: int, budget: float) -> Table:
    """Measure all `cases`."""
    samples: dict[str, dict[str, list[float]]] = {}
    bares: list[float] = []
    place = ready[0].place
    for case in cases:
        log(f"{title}: {case}")
        samples[case] = measure.rounds(ready, case, rounds, budget)
        bares += [bare(place.prefix, place.environ({}), place.folder) for _ in range(rounds)]
    return Table(title, samples, bares)


def run(bed: Testbed, options: argparse.Namespace) -> Results:
    """Measure everything."""
    testbed.own_pip(bed.base)
    chosen = [one for one in CONTENDERS if not options.only or any(word in one.name for word in options.only)]
    tables = []
    for size in options.packages:
        ready = list(entries(bed, size, chosen))
        # Restoring so many files takes longer than what is measured.
        count = min(options.rounds, 7) if size >= _MANY else options.rounds
        tables.append(compare(ready, CASES, f"{size} packages", count, options.budget))
    if options.real:
        ready = list(real.entries(bed, [one for one in chosen if one.real], log))
        tables.append(compare(ready, (WARM, NOTHING), real.TITLE, options.rounds, options.budget))
    profiled = profiling.report(bed, sorted({min(options.packages), max(options.packages)}), options.rounds) if options.profile else []
    return Results(results.setting(bed, options.command), tables, profiled)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes: fewer packages and rounds")
    parser.add_argument("--packages", type=int, nargs="+", help="how many packages (default: 10, 50, 200 and 1000)")
    parser.add_argument("--rounds", type=int, help="samples of each at most (default: 15)")
    parser.add_argument("--budget", type=float, help="seconds after which a contender skips the other rounds of a case (default: 10)")
    parser.add_argument("--only", nargs="*", default=[], help="contenders whose name has one of these words")
    parser.add_argument("--python", default="", help="the minor version of the Python to install into (default: the newest here)")
    parser.add_argument("--no-real", dest="real", action="store_false", help="leave out the real lock, which needs the network")
    parser.add_argument("--no-profile", dest="profile", action="store_false", help="leave out the profile")
    parser.add_argument("--folder", type=Path, help="where to work (default: the machine's temporary folder)")
    parser.add_argument("--json", type=Path, help="where to write every sample")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="the folder of benchmark.md (default: this repository's)")
    options = parser.parse_args()
    options.packages = options.packages or (QUICK_SIZES if options.quick else SIZES)
    options.rounds = options.rounds or (3 if options.quick else 15)
    options.budget = options.budget or (3 if options.quick else 10)
    # The document must not name folders of this machine.
    words = [word for word in sys.argv[1:] if not os.path.isabs(word)]
    options.command = " ".join(["python -m benchmarks", *words]) if words else "make bench"
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-bench-", dir=options.folder) as temp:
        log("setting up wheels, an index and a Python")
        with testbed.opened(Path(temp), max(options.packages), testbed.default_python(options.python)) as bed:
            measured = run(bed, options)
    if options.json:
        options.json.write_text(json.dumps({table.title: {"bare": table.bare, **table.samples} for table in measured.tables}, indent=1))
    results.write(measured, options.docs)
    sys.stdout.write("\n".join([*results.lines(measured), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Compares the action with its competitors, and writes docs/benchmark.md and its plots; `python -m tools.bench`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.pythons import ROOT
from tools.bench import document, lab, locks, measure, profile, real
from tools.bench.contenders import CONTENDERS, KINDS, Contender, Place
from tools.bench.document import Results, Table
from tools.bench.measure import AFTER, BEFORE, CASES, NOTHING, WARM, Stall
from tools.bench.site import bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.bench.lab import Lab

SIZES = (10, 50, 200, 1_000)
QUICK_SIZES = (10, 50)
_MANY = 1_000


def say(text: str) -> None:
    """Print `text` at once, beside the results."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def slug(contender: Contender) -> str:
    """Return a name for the folder of a contender."""
    return "".join(letter if letter.isalnum() else "-" for letter in contender.name)


def stalls(lab_: Lab, size: int, chosen: Sequence[Contender]) -> Iterator[Stall]:
    """Yield the contenders that take part with so many packages, each with its caches filled."""
    folder = lab_.folder / f"packages-{size}"
    wanted = {BEFORE: lab.pins(size), AFTER: lab.pins(size, updated=True)}
    checkouts = {name: folder / name for name in wanted}
    locked: set[str] = set()
    for contender in sorted((one for one in chosen if size <= one.most), key=lambda one: KINDS.index(one.kind)):
        say(f"{size} packages: setting up {contender.name}")
        place = Place(lab_, folder / slug(contender), checkouts).made()
        contender.ready(place)
        # What pip installs is exported from uv's lock.
        for kind in {"uv": ("uv",), "pip": ("uv", "pip")}.get(contender.kind, (contender.kind,)):
            for name, pins in wanted.items():
                if kind not in locked:
                    locks.lock(kind, place, checkouts[name], pins)
            locked.add(kind)
        stall = Stall(contender, place, wanted)
        stall.prime()
        yield stall


def compare(ready: Sequence[Stall], cases: Sequence[str], title: str, rounds: int, budget: float) -> Table:
    """Measure all `cases`."""
    samples: dict[str, dict[str, list[float]]] = {}
    bares: list[float] = []
    place = ready[0].place
    for case in cases:
        say(f"{title}: {case}")
        samples[case] = measure.rounds(ready, case, rounds, budget)
        bares += [bare(place.prefix, place.environ({}), place.folder) for _ in range(rounds)]
    return Table(title, samples, bares)


def run(lab_: Lab, options: argparse.Namespace) -> Results:
    """Measure everything."""
    lab.own_pip(lab_.base)
    chosen = [one for one in CONTENDERS if not options.only or any(word in one.name for word in options.only)]
    tables = []
    for size in options.packages:
        ready = list(stalls(lab_, size, chosen))
        # Restoring so many files takes longer than what is measured.
        count = min(options.rounds, 7) if size >= _MANY else options.rounds
        tables.append(compare(ready, CASES, f"{size} packages", count, options.budget))
    if options.real:
        ready = list(real.stalls(lab_, [one for one in chosen if one.real], say))
        tables.append(compare(ready, (WARM, NOTHING), real.TITLE, options.rounds, options.budget))
    profiled = profile.report(lab_, sorted({min(options.packages), max(options.packages)}), options.rounds) if options.profile else []
    return Results(document.setting(lab_, options.command), tables, profiled)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes: fewer packages and rounds")
    parser.add_argument("--packages", type=int, nargs="+", help="how many packages (default: 10, 50, 200 and 1000)")
    parser.add_argument("--rounds", type=int, help="samples of each at most (default: 15)")
    parser.add_argument("--budget", type=float, help="seconds after which a contender sits out the other rounds of a case (default: 10)")
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
    # Where it works and writes is nobody's business.
    words = [word for word in sys.argv[1:] if not os.path.isabs(word)]
    options.command = " ".join(["python -m tools.bench", *words]) if words else "make bench"
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-bench-", dir=options.folder) as temp:
        say("setting up wheels, an index and a Python")
        with lab.opened(Path(temp), max(options.packages), lab.default_python(options.python)) as lab_:
            results = run(lab_, options)
    if options.json:
        options.json.write_text(json.dumps({table.title: {"bare": table.bare, **table.samples} for table in results.tables}, indent=1))
    document.write(results, options.docs)
    sys.stdout.write("\n".join([*document.lines(results), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

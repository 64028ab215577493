"""Profiles the action's own work, by phases that a run times itself and by import. Run with `python -m benchmarks.profiling`."""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import testbed
from benchmarks.runs import ActionRun
from benchmarks.testbed import Testbed
from tools.shared import ROOT

# A line of `-X importtime`: the microseconds of the module itself, the microseconds including its imports, and its name.
_IMPORT = re.compile(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", re.MULTILINE)


@dataclass
class Costs:
    """The times of several runs of the action, in seconds. Each list has one value per run."""

    steps: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    phases: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    imports: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def unit(self) -> float:
        """The median time of a bare interpreter start, in seconds."""
        return statistics.median(self.bare)


def measure(run: ActionRun, rounds: int, *, new: bool) -> Costs:
    """Measure `run` and bare interpreter starts in turn. If `new`, each run starts like a new machine, else as a later use in a job."""
    costs = Costs()
    run.run()
    for _ in range(rounds):
        costs.bare.append(run.run_bare())
        if new:
            run.forget_machine()
        costs.steps.append(run.run())
        for name, seconds in phases(costs.steps[-1], run.timings()).items():
            costs.phases[name].append(seconds)
        if new:
            run.forget_machine()
        for name, seconds in imports(output for _, output in run.logged("-X", "importtime")).items():
            costs.imports[name].append(seconds)
    return costs


def phases(whole: float, timings: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of each phase of a run whose steps took `whole` seconds, starting with the time before the run's own timer."""
    named = {name: seconds for name, seconds in timings.items() if name != "total"}
    return {"interpreter, first imports": whole - timings["total"], **named, "not in a phase": timings["total"] - sum(named.values())}


def imports(outputs: Iterable[str]) -> dict[str, float]:
    """Return the seconds of each import in `outputs` of `-X importtime`, without the imports of the module itself."""
    found: defaultdict[str, float] = defaultdict(float)
    for microseconds, name in _IMPORT.findall("\n".join(outputs)):
        found[name] += int(microseconds) / 1_000_000
    return dict(found)


def phase_table(by_title: Mapping[str, Costs]) -> list[str]:
    """Return a Markdown table with the medians of the phases, in milliseconds and as multiples of a bare start."""
    names = dict.fromkeys(name for costs in by_title.values() for name in costs.phases)
    rows: dict[str, list[str]] = {name: [] for name in (*names, "**all**", "bare interpreter start")}
    for costs in by_title.values():
        samples = {**costs.phases, "**all**": costs.steps, "bare interpreter start": costs.bare}
        for name, cells in rows.items():
            cells.append(_cells(statistics.median(samples[name]), costs.unit) if name in samples else " | ")
    return [
        f"| phase | {' | '.join(f'{title}, ms | × bare' for title in by_title)} |",  # noqa: RUF001 - a multiplication sign
        f"| --- |{' ---: | ---: |' * len(by_title)}",
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()),
    ]


def import_table(costs: Costs, most: int) -> list[str]:
    """Return a Markdown table of the `most` slowest imports, each without the imports of the module itself."""
    ranked = sorted(((statistics.median(seconds), name) for name, seconds in costs.imports.items()), reverse=True)
    rows = [f"| {name} | {_cells(seconds, costs.unit)} |" for seconds, name in ranked[:most]]
    whole = _cells(sum(seconds for seconds, _ in ranked), costs.unit)
    return ["| import | ms | × bare |", "| --- | ---: | ---: |", *rows, f"| **all {len(ranked)}** | {whole} |"]  # noqa: RUF001 - a multiplication sign


def report(bed: Testbed, project: Path, rounds: int, most: int = 15) -> list[str]:
    """Return the profile of the action with `project` and nothing to do, as Markdown lines, with the `most` slowest imports."""
    run = ActionRun.with_own_python(bed, bed.folder / "profile", project)
    found = {"new machine": measure(run, rounds, new=True), "later use": measure(run, rounds, new=False)}
    return [
        f"CPython {bed.python.version}, medians of {rounds} runs, nothing to do. Each run times its own phases, in whole milliseconds.\n",
        *phase_table(found),
        "\nImports on a new machine, including compiling the action's modules, by `-X importtime`, which adds a little to each:\n",
        *import_table(found["new machine"], most),
    ]


def _cells(seconds: float, unit: float) -> str:
    return f"{seconds * 1000:.1f} | {seconds / unit:.2f}"


def main() -> int:
    """Print the profile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiling", description=__doc__)
    parser.add_argument("--packages", type=int, default=46, help="number of packages in the project (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="number of runs of each kind (default: %(default)s)")
    parser.add_argument("--imports", type=int, default=30, help="number of imports to list (default: %(default)s)")
    parser.add_argument("--python", default="", help="minor version of the Python to install into (default: the newest one found)")
    parser.add_argument("--action", type=Path, default=ROOT, help="folder of the action (default: this repository)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-profile-") as temp:
        python = testbed.default_python(options.python)
        with testbed.opened(Path(temp), options.packages, python, options.action.resolve()) as bed:
            project = testbed.project(bed, bed.folder / "project", testbed.pins(options.packages))
            sys.stdout.write("\n".join([*report(bed, project, options.rounds, options.imports), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Reports where the action's own time goes: by the phases that a run times itself, and by import; `python -m benchmarks.profiling`."""

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

# A line that `-X importtime` prints: microseconds of the module alone, microseconds with what it imports, and its name.
_IMPORT = re.compile(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", re.MULTILINE)


@dataclass
class Costs:
    """What several runs of the action took, in seconds; each list has one value per run, `phases` by name and `imports` by module."""

    steps: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    phases: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    imports: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def unit(self) -> float:
        """The median of a bare interpreter start."""
        return statistics.median(self.bare)


def measure(run: ActionRun, rounds: int, *, new: bool) -> Costs:
    """Measure `run` with bare starts in between, on a `new` machine each time or as a later use in a job."""
    costs = Costs()

    def begin() -> None:
        if new:
            run.forget_machine()

    run.run()
    for _ in range(rounds):
        costs.bare.append(run.run_bare())
        begin()
        costs.steps.append(run.run())
        for name, seconds in phases(costs.steps[-1], run.timings()).items():
            costs.phases[name].append(seconds)
        begin()
        for name, seconds in imports(output for _, output in run.logged("-X", "importtime")).items():
            costs.imports[name].append(seconds)
    return costs


def phases(whole: float, timings: Mapping[str, float]) -> dict[str, float]:
    """Return the phases of a run whose steps took `whole` seconds; what the run cannot time itself comes first."""
    named = {name: seconds for name, seconds in timings.items() if name != "total"}
    return {"interpreter, first imports": whole - timings["total"], **named, "not in a phase": timings["total"] - sum(named.values())}


def imports(outputs: Iterable[str]) -> dict[str, float]:
    """Return the seconds of each import in `outputs` of `-X importtime`, without what the module imports itself."""
    found: defaultdict[str, float] = defaultdict(float)
    for microseconds, name in _IMPORT.findall("\n".join(outputs)):
        found[name] += int(microseconds) / 1_000_000
    return dict(found)


def phase_table(by_title: Mapping[str, Costs]) -> list[str]:
    """Return a Markdown table of the phases, in milliseconds and as multiples of a bare start."""
    names = list(dict.fromkeys(name for costs in by_title.values() for name in costs.phases))
    columns = [
        {
            **{name: statistics.median(costs.phases[name]) for name in names if name in costs.phases},
            "**all**": statistics.median(costs.steps),
            "bare interpreter start": costs.unit,
        }
        for costs in by_title.values()
    ]
    cells = (
        (_cells(column[name], costs.unit) if name in column else " | ")
        for name in [*names, *list(columns[0])[-2:]]
        for column, costs in zip(columns, by_title.values(), strict=True)
    )
    return [
        f"| phase | {' | '.join(f'{title}, ms | × bare' for title in by_title)} |",  # noqa: RUF001 - a multiplication sign
        f"| --- |{' ---: | ---: |' * len(by_title)}",
        *(f"| {name} | {' | '.join(next(cells) for _ in by_title)} |" for name in [*names, *list(columns[0])[-2:]]),
    ]


def import_table(costs: Costs, most: int) -> list[str]:
    """Return a Markdown table of the imports that take longest, each without what it imports itself."""
    ranked = sorted(((statistics.median(seconds), name) for name, seconds in costs.imports.items()), reverse=True)
    rows = [f"| {name} | {_cells(seconds, costs.unit)} |" for seconds, name in ranked[:most]]
    whole = _cells(sum(seconds for seconds, _ in ranked), costs.unit)
    return ["| import | ms | × bare |", "| --- | ---: | ---: |", *rows, f"| **all {len(ranked)}** | {whole} |"]  # noqa: RUF001 - a multiplication sign


def report(bed: Testbed, project: Path, rounds: int, most: int = 15) -> list[str]:
    """Return the profile of the action with `project` and nothing to do as Markdown, with the `most` expensive imports."""
    run = ActionRun.with_own_python(bed, bed.folder / "profile", project)
    found = {"new machine": measure(run, rounds, new=True), "later use": measure(run, rounds, new=False)}
    return [
        f"CPython {bed.python.version}, medians of {rounds} runs, nothing to do. A run times its phases itself, to the millisecond.\n",
        *phase_table(found),
        "\nImports on a new machine, where they compile our modules, by `-X importtime`, which adds a little to each:\n",
        *import_table(found["new machine"], most),
    ]


def _cells(seconds: float, unit: float) -> str:
    return f"{seconds * 1000:.1f} | {seconds / unit:.2f}"


def main() -> int:
    """Print the profile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiling", description=__doc__)
    parser.add_argument("--packages", type=int, default=46, help="how many packages are installed (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="runs of each (default: %(default)s)")
    parser.add_argument("--imports", type=int, default=30, help="how many imports to list (default: %(default)s)")
    parser.add_argument("--python", default="", help="the minor version of the Python to install into (default: the newest here)")
    parser.add_argument("--action", type=Path, default=ROOT, help="the action's folder (default: this repository)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-profile-") as temp:
        python = testbed.default_python(options.python)
        with testbed.opened(Path(temp), options.packages, python, options.action.resolve()) as bed:
            project = testbed.project(bed, bed.folder / "project", testbed.pins(options.packages))
            sys.stdout.write("\n".join([*report(bed, project, options.rounds, options.imports), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Says where the action's own time goes: by phase, by module, and by what it starts and opens; `python -m tools.bench.profile`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.projects import UV
from tests.support.pythons import ROOT
from tools.bench import lab, steps
from tools.bench.site import Site, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tools.bench.lab import Lab

# The functions that are phases: module, function, phase. Their time is less that of the phases, imports and programs inside.
# `a|b` are the phases of the first and of every later call.
PHASES = (
    ("uv_system_sync.uv", "has_to_be_installed", "find uv"),
    ("uv_system_sync.uv", "find", "find uv"),
    ("uv_system_sync.environment", "secrets", "mask"),
    ("uv_system_sync.bootstrap", "mask", "mask"),
    ("uv_system_sync.bootstrap", "own_wheels", "own wheels"),
    ("uv_system_sync.inputs", "Inputs.from_environ", "inputs"),
    ("uv_system_sync.target", "find", "probe"),
    ("uv_system_sync.target", "require_next_python", "probe"),
    ("uv_system_sync.syncable", "require", "probe"),
    ("uv_system_sync.project", "read", "project"),
    ("uv_system_sync.project", "locked_names", "project"),
    ("uv_system_sync.workspace", "check_names", "project"),
    ("uv_system_sync.plan", "sync", "plan"),
    ("uv_system_sync.environment", "for_sync", "plan"),
    ("uv_system_sync.installed", "packages", "before|after"),
    ("uv_system_sync.heal", "broken", "heal"),
    ("uv_system_sync.mark", "_acquire", "mark"),
    ("uv_system_sync.mark", "_write", "mark"),
    ("uv_system_sync.mark", "Mark.end", "mark"),
    ("uv_system_sync.installed", "contradictions", "after"),
    ("uv_system_sync.installed", "compare", "after"),
    ("uv_system_sync.report", "Report.sentence", "report"),
    ("uv_system_sync.report", "result", "report"),
    ("uv_system_sync.summary", "render", "report"),
    ("uv_system_sync.workflow", "Workflow.publish", "runner files"),
    ("uv_system_sync.process", "begin", "process"),
    ("uv_system_sync.process", "_finish", "process"),
)

_ORDER = (
    *(
        "start",
        "find uv",
        "mask",
        "own wheels",
        "inputs",
        "probe",
        "project",
        "plan",
        "mark",
        "before",
        "heal",
        "after",
        "report",
        "runner files",
    ),
    *("import ours", "import others", "rest", "end"),
)

_DRIVER = Path(__file__).with_name("driver.py")


@dataclass
class Trace:
    """What several runs of the action have cost, in seconds, by phase and by module; each list has one value per run."""

    phases: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    modules: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    steps: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    uv: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    def add(self, phases: Mapping[str, float], modules: Mapping[str, float]) -> None:
        """Add a run."""
        for name, seconds in phases.items():
            self.phases[name].append(seconds)
        for name, seconds in modules.items():
            self.modules[name].append(seconds)

    @property
    def unit(self) -> float:
        """What a bare interpreter start has cost."""
        return statistics.median(self.bare)

    @property
    def own(self) -> float:
        """What all that action.yml starts has cost over plain `uv sync`."""
        return statistics.median(self.steps) - statistics.median(self.uv)


def own_times(spans: Iterable[Sequence[Any]]) -> list[tuple[str, float]]:
    """Return each span's name and time, less the time of the spans inside it; a span is its name, begin, end and depth."""
    ordered = sorted(spans, key=lambda span: (span[1], -span[2], span[3]))
    times: list[float] = []
    around: list[int] = []
    for number, (_, began, ended, _) in enumerate(ordered):
        while around and ordered[around[-1]][2] <= began:
            around.pop()
        times.append(ended - began)
        if around:
            times[around[-1]] -= ended - began
        around.append(number)
    return [(span[0], seconds) for span, seconds in zip(ordered, times, strict=True)]


def by_phase(spans: Iterable[Sequence[Any]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the time of each phase, with imports as phases of their own, and the time of each import."""
    phases: defaultdict[str, float] = defaultdict(float)
    modules: defaultdict[str, float] = defaultdict(float)
    for name, seconds in own_times(spans):
        kind, _, module = name.partition(" ")
        if kind == "import":
            modules[module] += seconds
            phases["import ours" if module.startswith("uv_system_sync") else "import others"] += seconds
        else:
            phases[name] += seconds
    return dict(phases), dict(modules)


def traced(site: Site, mode: str) -> list[dict[str, Any]]:
    """Run the action's steps under the driver, and return what it has written of each."""
    steps.write(site.scripts, site.runner)
    phases = site.runner / "phases.tsv"
    phases.write_text("".join(f"{module}\t{function}\t{phase}\n" for module, function, phase in PHASES), encoding="utf-8")
    traces = []
    for step in site.scripts:
        trace = site.runner / f"{step.name}.json"
        *interpreter, script = step.argv(site.runner)
        argv = (*interpreter, str(_DRIVER), script, str(trace), str(phases), mode)
        began = time.monotonic()
        timed(argv, site.step_environ(step), site.checkout)
        ended = time.monotonic()
        found, end = map(json.loads, trace.read_text(encoding="utf-8").splitlines())
        traces.append({**found, **end, "step": step.name, "spawned": began, "gone": ended})
    return traces


def add_run(trace: Trace, traces: list[dict[str, Any]]) -> None:
    """Add one run of all steps to `trace`."""
    phases: defaultdict[str, float] = defaultdict(float)
    modules: defaultdict[str, float] = defaultdict(float)
    for found in traces:
        spans, imports = by_phase(found["spans"])
        _add(phases, spans)
        _add(modules, imports)
        outer = {
            "start": found["began"] - found["spawned"],
            "rest": found["ended"] - found["ready"] - sum(spans.values()),
            "end": found["gone"] - found["finished"],
        }
        _add(phases, outer)
    trace.memory.append(max(found["memory"] for found in traces))
    trace.add(phases, modules)


def _add(total: defaultdict[str, float], more: Mapping[str, float]) -> None:
    for name, seconds in more.items():
        total[name] += seconds


def own_work(sites: Sequence[Site], rounds: int) -> list[Trace]:
    """Measure the own work in `sites`, in turn, without tracing it."""
    found = [Trace() for _ in sites]
    for site in sites:
        site.run()
        site.run()
    for _ in range(rounds):
        for site, trace in zip(sites, found, strict=True):
            trace.bare.append(site.run_bare())
            trace.steps.append(sum(site.run()))
            trace.uv.append(site.run_uv())
    return found


def profile(site: Site, rounds: int, *, first: bool = False) -> Trace:
    """Measure `rounds` runs with nothing to do, interleaved with bare starts and plain `uv sync`; `first` in a job, if so."""
    site.run()
    site.run()
    trace = Trace()
    for _ in range(rounds):
        trace.bare.append(site.run_bare())
        if first:
            lab.empty(site.temp)
        trace.steps.append(sum(site.run()))
        trace.uv.append(site.run_uv())
        if first:
            lab.empty(site.temp)
        add_run(trace, traced(site, "time"))
    return trace


def phase_table(traces: Mapping[str, Trace]) -> list[str]:
    """Return a Markdown table of the phases, in milliseconds and as multiples of a bare start."""
    names = {name for trace in traces.values() for name in trace.phases}
    programs = sorted(name for name in names if name.startswith("process "))
    order = [*(name for name in _ORDER if name in names), *sorted(names - {*_ORDER, *programs}), *programs]
    lines = [f"| phase | {' | '.join(f'{title}, ms | × bare' for title in traces)} |", f"| --- |{' ---: | ---: |' * len(traces)}"]  # noqa: RUF001 - a multiplication sign
    for name in order:
        cells = (_cells(statistics.median(trace.phases[name]), trace.unit) if name in trace.phases else " | " for trace in traces.values())
        lines.append(f"| {name} | {' | '.join(cells)} |")
    totals: dict[str, Callable[[Trace], float]] = {
        "**all steps, untraced**": lambda trace: statistics.median(trace.steps),
        "**plain `uv sync`**": lambda trace: statistics.median(trace.uv),
        "**own work**": lambda trace: trace.own,
        "bare interpreter start": lambda trace: trace.unit,
    }
    lines += [f"| {title} | {' | '.join(_cells(of(trace), trace.unit) for trace in traces.values())} |" for title, of in totals.items()]
    return lines


def module_table(trace: Trace, most: int = 30) -> list[str]:
    """Return a Markdown table of the imports that cost most, each less what it imports itself."""
    ranked = sorted(trace.modules.items(), key=lambda item: -statistics.median(item[1]))[:most]
    rows = [f"| {name} | {_cells(statistics.median(seconds), trace.unit)} |" for name, seconds in ranked]
    return ["| import | ms | × bare |", "| --- | ---: | ---: |", *rows]  # noqa: RUF001 - a multiplication sign


def counts(site: Site) -> list[str]:
    """Return lines that say what each step starts, opens and lists, with nothing to do."""
    lines = []
    for found in traced(site, "count"):
        events = found["events"]
        opened = ", ".join(f"{number} {name.partition(' ')[2]}" for name, number in sorted(events.items()) if name.startswith("open "))
        listed = events.get("os.listdir", 0) + events.get("os.scandir", 0)
        files = f"{events.get('open', 0)} files opened ({opened}), {listed} folders listed"
        lines.append(f"- step `{found['step']}`: {len(found['modules'])} modules, {files}, {found['memory'] / 1024:.1f} MiB at most")
        lines += [f"  - starts `{_short(argv, site)}`" for argv in found["started"]]
    return lines


def report(lab_: Lab, sizes: Sequence[int], rounds: int) -> list[str]:
    """Return the whole profile as Markdown."""
    traces: dict[str, Trace] = {}
    lines: list[str] = []
    for size in sizes:
        site = Site.own(lab_, lab_.folder / f"site-{size}", lab.project(lab_, lab_.folder / f"project-{size}", lab.pins(size)))
        traces[f"{size} packages"] = profile(site, rounds)
        traces[f"{size}, first in a job"] = profile(site, rounds, first=True)
        profile(site, 1)
        lines += [f"\n{size} packages, nothing to do, not the first use in the job:\n", *counts(site)]
    whole = traces[f"{sizes[0]} packages"]
    memory = ", ".join(f"{title}: {max(trace.memory) / 1024:.1f} MiB" for title, trace in traces.items())
    head = [
        f"CPython {lab_.python.version}, medians of {rounds} runs, nothing to do.",
        "A phase's time is less that of the imports and programs in it; tracing adds a little to each.\n",
    ]
    return [
        *head,
        *phase_table(traces),
        f"\nPeak memory of our process: {memory}",
        *lines,
        f"\nImports, {sizes[0]} packages:\n",
        *module_table(whole),
    ]


def _cells(seconds: float, unit: float) -> str:
    return f"{seconds * 1000:.1f} | {seconds / unit:.2f}"


def _short(argv: Sequence[str], site: Site) -> str:
    return " ".join(argv).replace(str(site.prefix), "$pythonLocation").replace(str(UV), "uv")


def main() -> int:
    """Print the profile."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.profile", description=__doc__)
    parser.add_argument(
        "--packages", type=int, nargs="*", default=[10, 1000], help="how many packages are installed (default: 10 and 1000)"
    )
    parser.add_argument("--rounds", type=int, default=15, help="runs of each (default: %(default)s)")
    parser.add_argument("--python", default="", help="the minor version of the Python to install into (default: the newest here)")
    parser.add_argument("--action", type=Path, default=ROOT, help="the action's folder (default: this repository)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-profile-") as temp:
        python = lab.default_python(options.python)
        with lab.opened(Path(temp), max(options.packages), python, options.action.resolve()) as opened:
            sys.stdout.write("\n".join([*report(opened, options.packages, options.rounds), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

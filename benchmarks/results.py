"""Writes the results as Markdown into docs/benchmark.md, and its plots."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import plot, targets
from benchmarks.contenders import BARE, CONTENDERS, LATER, LIMIT, NEW, PIP, SETUP_UV, CachedAction, Contender, Place, Project
from benchmarks.measure import NOTHING, WARM
from benchmarks.samples import Summary, Table, duration, times
from benchmarks.targets import Target
from benchmarks.testbed import Testbed
from tools.shared import ROOT
from tools.shared.pythons import found
from tools.shared.uv import UV, uv_output

BEGIN, END = "<!-- begin: written by make bench -->", "<!-- end: written by make bench -->"

# The contenders in the plot.
_PLOTTED = (NEW, LIMIT, SETUP_UV, PIP)


@dataclass(frozen=True)
class Results:
    """All measurements: the `setting` by label, the `tables` by the names in targets.py, and the `profile` as Markdown lines."""

    setting: Mapping[str, str]
    tables: Mapping[str, Table]
    profile: Sequence[str]


def setting(bed: Testbed, command: str, load: float) -> dict[str, str]:
    """Return the command, the machine and the versions of a measurement; `load` is the load average before it."""
    return {
        "Command": f"`{command}`",
        "Load": f"{load:.1f} in the minute before",
        "Date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "Machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()}, {platform.system()} {platform.release().partition('-')[0]}",
        "Python": f"CPython {bed.python.version}",
        "uv": uv_output("--version"),
        "pip": version_of("pip", (ROOT / "requirements" / "bench.txt").read_text(encoding="utf-8")),
    }


def version_of(name: str, requirements: str) -> str:
    """Return the version of `name` in the text of a requirements file."""
    found = re.search(rf"^{name}==(\S+)", requirements, re.MULTILINE)
    return found.group(1) if found else "unknown"


def lines(results: Results) -> Iterator[str]:
    """Yield the lines of the generated part of the document."""
    yield from ("| | |", "| --- | --- |")
    yield from (f"| {name} | {value} |" for name, value in results.setting.items())
    yield from ("", "### Targets", "")
    yield from reached(targets.targets(results.tables))
    for table in results.tables.values():
        yield from ("", f"### {plot.capitalized(table.title)}", "")
        yield from rows(table)
    yield from ("", "### Own work", "", *own_work(results.tables.values()))
    yield from ("", "### Contenders", "", *described(CONTENDERS))
    if results.profile:
        yield from ("", "### Own work by phase and import", "", *results.profile)


def reached(found: Iterable[Target]) -> Iterator[str]:
    """Yield a table of the targets and the measured values."""
    yield from ("| target | at most | measured |", "| --- | ---: | ---: |")
    for target in found:
        measured = "not measured" if target.measured is None else target.write(target.measured)
        yield _cells(target.what, target.write(target.at_most), measured)


def rows(table: Table) -> Iterator[str]:
    """Yield a table of the median, interquartile range and number of samples, by contender and case."""
    cases = list(table.samples)
    yield f"| median ± interquartile range (samples) | {' | '.join(cases)} |"
    yield f"| --- |{' ---: |' * len(cases)}"
    for contender in CONTENDERS:
        found = [table.samples[case].get(contender.name, ()) for case in cases]
        if any(found):
            yield f"| {contender.name} | {' | '.join(map(cell, found))} |"


def own_work(tables: Iterable[Table]) -> Iterator[str]:
    """Yield a table of the action's own work with nothing to do, with the quartiles of the times that it is computed from."""
    shown = (NEW, LATER, LIMIT, BARE)
    names = " | ".join(contender.name for contender in shown)
    yield f"| nothing to do: lower to upper quartile | {names} | own work, new machine | own work, later use |"
    yield f"| --- |{' ---: |' * (len(shown) + 2)}"
    for table in tables:
        summaries = [table.summary(NOTHING, contender.name) for contender in shown]
        multiples = [targets.own(table, action) for action in (NEW, LATER)]
        if any(multiples):
            ranges = (f"{duration(summary.low)} to {duration(summary.high)}" if summary else "" for summary in summaries)
            yield _cells(table.title, *ranges, *("" if multiple is None else times(multiple) for multiple in multiples))


def cell(samples: Sequence[float]) -> str:
    """Return a cell with the median, the interquartile range and the number of `samples`."""
    if not samples:
        return ""
    summary = Summary.of(samples)
    spread = f" ± {duration(summary.spread)}" if summary.count > 1 else ""
    return f"{duration(summary.median)}{spread} ({summary.count})"


def described(contenders: Sequence[Contender]) -> Iterator[str]:
    """Yield a table of each contender's commands and settings."""
    place = Place(Testbed(Path("$FOLDER"), found()[0], 0), Path("$PLACE"), Project("", Path()))
    yield from ("| contender | commands | settings | |", "| --- | --- | --- | --- |")
    for contender in contenders:
        commands = "<br>".join(f"`{_shown(shlex.join(command))}`" for command in contender.commands(place))
        settings = "<br>".join(f"`{name}={_shown(value)}`" for name, value in contender.settings(place).items())
        inputs = "`cache: true`" if isinstance(contender, CachedAction) else "default inputs"
        yield _cells(contender.name, commands or f"the steps of action.yml with {inputs}", settings, contender.note)


def write(results: Results, folder: Path) -> None:
    """Replace the generated part of benchmark.md in `folder`, and write its plots."""
    path = folder / "benchmark.md"
    generated = "\n".join([BEGIN, *lines(results), END])
    path.write_text(replaced(path.read_text(encoding="utf-8"), generated), encoding="utf-8")
    medians = plotted(results.tables)
    for theme in plot.THEMES:
        (folder / f"benchmark-{theme}.svg").write_text(plot.render(*medians, theme), encoding="utf-8")


def replaced(document: str, generated: str) -> str:
    """Return `document` with the text between the markers, and the markers, replaced by `generated`."""
    before, found, rest = document.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"The document does not have {BEGIN} and {END}.")
    return before + generated + after


def plotted(tables: Mapping[str, Table]) -> tuple[str, dict[str, dict[str, float]]]:
    """Return the title of the first table, and the medians for the plot by case and contender."""
    table = next(iter(tables.values()))
    medians: dict[str, dict[str, float]] = {}
    for case in (NOTHING, WARM):
        if case in table.samples:
            summaries = {contender.name: table.summary(case, contender.name) for contender in _PLOTTED}
            medians[case] = {name: summary.median for name, summary in summaries.items() if summary}
    return table.title, medians


def _cells(*cells: str) -> str:
    """Return a row of a table."""
    escaped = [cell.replace("|", r"\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _shown(text: str) -> str:
    """Return a command or setting without folders of this machine."""
    plain = text.replace("$PLACE/python", "$pythonLocation").replace("$PLACE/", "").replace(str(UV), "uv")
    # shlex quotes words only because of their dollar signs.
    return re.sub(r"'([^' ]*)'", r"\1", plain)


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB" if sys.platform != "win32" else "?"

"""Writes the results as Markdown, and what is generated of docs/benchmark.md with its plots."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import plot
from benchmarks.contenders import ACTION, CONTENDERS, LIMIT, PIP, Action, Contender, Place
from benchmarks.measure import NOTHING, WARM
from benchmarks.samples import Summary, duration, times
from benchmarks.testbed import Testbed
from tools.shared import ROOT
from tools.shared.pythons import found
from tools.shared.uv import UV

BEGIN, END = "<!-- begin: written by make bench -->", "<!-- end: written by make bench -->"

Samples = Mapping[str, Mapping[str, Sequence[float]]]


@dataclass(frozen=True)
class Table:
    """The samples of one set of packages by case and contender, in seconds, and bare interpreter starts from in between."""

    title: str
    samples: Samples
    bare: Sequence[float]

    def median(self, case: str, contender: str) -> float | None:
        """Return what `contender` takes for `case`, if it took part."""
        samples = self.samples.get(case, {}).get(contender)
        return Summary.of(samples).median if samples else None

    @property
    def unit(self) -> float:
        """What a bare interpreter start takes."""
        return Summary.of(self.bare).median

    def own(self, contender: str = ACTION) -> float | None:
        """Return what the action takes over plain `uv sync`, with nothing to do, in bare interpreter starts."""
        action, limit = self.median(NOTHING, contender), self.median(NOTHING, LIMIT)
        return None if action is None or limit is None else (action - limit) / self.unit

    def ratio(self, case: str, one: str, other: str) -> float | None:
        """Return how many times as long as `other` `one` takes."""
        above, below = self.median(case, one), self.median(case, other)
        return None if above is None or below is None else above / below


@dataclass(frozen=True)
class Results:
    """All that was measured, and where."""

    setting: Mapping[str, str]
    tables: Sequence[Table]
    profile: Sequence[str]


def setting(bed: Testbed, command: str) -> dict[str, str]:
    """Return the machine and the versions that were measured."""
    return {
        "Command": f"`{command}`",
        "Date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "Machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()}, {platform.system()} {platform.release().partition('-')[0]}",
        "Python": f"CPython {bed.python.version}",
        "uv": subprocess.run([str(UV), "--version"], capture_output=True, text=True, check=True).stdout.strip(),
        **versions((ROOT / "requirements" / "bench.txt").read_text(encoding="utf-8")),
    }


def versions(requirements: str) -> dict[str, str]:
    """Return the versions of the other contenders in a file of requirements."""
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", requirements, re.MULTILINE))
    return {name: locked[name] for name in ("pip", "pipenv", "poetry", "pdm")}


def lines(results: Results) -> Iterator[str]:
    """Yield the lines of all that is generated."""
    yield "| | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {value} |" for name, value in results.setting.items())
    yield from ("", "### What was to reach", "")
    yield from targets(results.tables)
    yield from ("", "### Contenders", "")
    yield from described(CONTENDERS)
    for table in results.tables:
        yield from ("", f"### {table.title[0].upper()}{table.title[1:]}", "")
        yield from rows(table)
    if results.profile:
        yield from ("", "### Where the own work goes", "", *results.profile)


def rows(table: Table) -> Iterator[str]:
    """Yield a table of medians, interquartile ranges and numbers of samples."""
    cases = list(table.samples)
    yield f"| median ± interquartile range (samples) | {' | '.join(cases)} |"
    yield f"| --- |{' ---: |' * len(cases)}"
    for contender in CONTENDERS:
        found = [table.samples[case].get(contender.name, ()) for case in cases]
        if any(found):
            yield f"| {contender.name} | {' | '.join(map(cell, found))} |"
    yield f"\nA bare interpreter start took {cell(table.bare)} in between."


def cell(samples: Sequence[float]) -> str:
    """Write the median, the spread and the number of `samples`."""
    if not samples:
        return ""
    summary = Summary.of(samples)
    spread = f" ± {duration(summary.spread)}" if summary.count > 1 else ""
    return f"{duration(summary.median)}{spread} ({summary.count})"


def targets(tables: Sequence[Table]) -> Iterator[str]:
    """Yield a table of what the action was to reach, and has."""
    by_title = {table.title.partition(" ")[0]: table for table in tables}
    yield "| what | at most or at least | measured |"
    yield "| --- | ---: | ---: |"
    many, few, most, real = (by_title.get(name) for name in ("200", "10", "1000", "the"))
    if many is not None:
        yield _row("own work over plain `uv sync`, nothing to do, 200 packages, in bare interpreter starts", "≤ 10 ×", many.own())  # noqa: RUF001 - a multiplication sign
    if most is not None and few is not None:
        above, below = most.own(), few.own()
        yield _row("own work with 1,000 packages, as a multiple of that with 10", "≤ 1.5 ×", above / below if above and below else None)  # noqa: RUF001 - as above
    for table in tables:
        yield _row(f"faster than pip, nothing to do, {table.title}", "≥ 4 ×", table.ratio(NOTHING, PIP, ACTION))  # noqa: RUF001 - as above
    if real is not None:
        yield _row("faster than pip, fresh prefix, warm caches, real lock", "≥ 15 ×", real.ratio(WARM, PIP, ACTION))  # noqa: RUF001 - as above
        yield _row("as slow as plain `uv sync`, fresh prefix, warm caches, real lock", "≤ 1.1 ×", real.ratio(WARM, ACTION, LIMIT))  # noqa: RUF001 - as above


def described(contenders: Sequence[Contender]) -> Iterator[str]:
    """Yield a table of each contender's commands and settings."""
    place = Place(Testbed(Path("$FOLDER"), found()[0], 0), Path("$PLACE"), {})
    yield "| contender | commands | settings | |"
    yield "| --- | --- | --- | --- |"
    for contender in contenders:
        if isinstance(contender, Action):
            commands = "the steps `uv` and `sync` of action.yml, with its inputs at their defaults"
        else:
            commands = "<br>".join(f"`{_shown(shlex.join(command))}`" for command in contender.commands(place, Path()))
        settings = "<br>".join(f"`{name}={_shown(value)}`" for name, value in contender.settings(place).items())
        yield _cells(contender.name, commands, settings, contender.note)


def write(results: Results, folder: Path) -> None:
    """Replace what is generated of benchmark.md in `folder`, and write its plots."""
    path = folder / "benchmark.md"
    generated = "\n".join([BEGIN, *lines(results), END])
    path.write_text(replaced(path.read_text(encoding="utf-8"), generated), encoding="utf-8")
    medians = plotted(results.tables)
    for theme in plot.THEMES:
        (folder / f"benchmark-{theme}.svg").write_text(plot.render(*medians, theme), encoding="utf-8")


def replaced(document: str, generated: str) -> str:
    """Return `document` with what is between the markers replaced."""
    before, found, rest = document.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"The document does not have {BEGIN} and {END}.")
    return before + generated + after


def plotted(tables: Sequence[Table]) -> tuple[str, dict[str, dict[str, float]]]:
    """Return the title and the medians of the table that most contenders are in; of the last of those."""
    table = max(tables, key=lambda one: (len(one.samples), max(map(len, map(_present, one.samples.values()))), tables.index(one)))
    medians = {
        case: {name: Summary.of(found).median for name, found in _present(by_name).items()} for case, by_name in table.samples.items()
    }
    order = [contender.name for contender in CONTENDERS]
    return table.title, {case: {name: found[name] for name in order if name in found} for case, found in medians.items()}


def _present(by_name: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    return {name: samples for name, samples in by_name.items() if samples}


def _row(what: str, wanted: str, measured: float | None) -> str:
    return _cells(what, wanted, "not measured" if measured is None else times(measured))


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _shown(text: str) -> str:
    # Quotes are only there because of the dollar signs.
    plain = text.replace("$PLACE/python", "$pythonLocation").replace("$PLACE/", "").replace(str(UV), "uv").replace("tools/bin/", "")
    plain = plain.replace("'\"'\"'", "'")
    return re.sub(r"'(\$pythonLocation/bin/python|pipenv|poetry|pdm)'", r"\1", plain)


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB" if sys.platform != "win32" else "?"

"""Renders what a step did, or why it failed, as GitHub-flavoured Markdown for the job summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Iterator, Sequence

from uv_system_sync.reporting import markdown
from uv_system_sync.reporting.markdown import cut, fitting, prose, text

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.interpreter.site_packages import Change, Package
    from uv_system_sync.reporting.notices import Notice
    from uv_system_sync.reporting.report import Report

# The runner drops the whole of a larger summary (actions/runner, src/Runner.Worker/FileCommandManager.cs).
# What is shown at most stays under it, whatever a character becomes when it is escaped, which is 13 others at worst.
LIMIT = 1024 * 1024

# Bytes of Markdown.
_TABLE = _LIST = 300_000
_PARAGRAPH = 60_000
# Characters from outside.
_VALUE = 300
_SENTENCES = 4000
_LINE = 1000
# The width of a column that is padded for who reads the source.
_WIDTH = 40
# Items, rows and lines; more rows than that are collapsed.
_NAMED = 20
_OPEN_ROWS = 25
_LAST_LINES = 40
# As much of a commit's name as people compare.
_COMMIT = 12

# What cannot be seen at the end of a line; other spaces are spelled out.
_SPACE = " \t\r\n"

_COLUMNS = ("Package", "From", "To")
# What was taken away comes first.
_ORDER = ("removed", "updated", "installed")


def render(report: Report, notices: Sequence[Notice] = ()) -> str:
    """Return the job summary of `report`; nothing in it that came from outside can be read as Markdown or HTML."""
    return "\n\n".join(_blocks(report, notices)) + "\n"


def render_failure(error: ActionError, where: str) -> str:
    """Return the job summary of a step that ended with `error`; `where` are the facts known by then, in one line, or empty."""
    return "\n\n".join(_failure_blocks(error, where)) + "\n"


def _blocks(report: Report, notices: Sequence[Notice]) -> Iterator[str]:
    target = report.target
    python = f"{_short(markdown.implementation(target.implementation))} {_short(target.version)} on {_short(target.platform)}"
    yield f"### {_short(report.project.name or 'uv.lock')} in {python}"
    yield f"{text(report.sentence())}, by uv {_short(report.uv_version)}, into {_short(target.prefix)}."
    removed = [change for change in report.changes if change.action == "removed"]
    if removed:
        names = (f"{_short(change.name)} {_short(change.previous or '')}" for change in removed)
        yield f"**Removed:** {', '.join(fitting(names, len(removed), _PARAGRAPH, _NAMED))}"
    if report.changes:
        yield _table(report.changes)
    if report.repaired:
        yield "Found broken, and cleared away for uv to install anew:"
        yield _bullets((f"{_short(item.name)}: {_short(item.reason)}" for item in report.repaired), len(report.repaired))
    # The list of what was repaired has all that the notice of it says.
    told = [notice for notice in notices if notice.title != "packages-repaired"]
    if told:
        yield _bullets((f"**{text(notice.title)}:** {prose(cut(notice.message, _SENTENCES))}" for notice in told), len(told))
    yield _all(report.packages)


def _failure_blocks(error: ActionError, where: str) -> Iterator[str]:
    yield f"### uv-system-sync failed: {error.slug}"
    yield f"**What is wrong:** {prose(cut(error.message, _SENTENCES))}"
    yield f"**What to do:** {prose(cut(error.hint, _SENTENCES))}"
    if error.file is not None:
        line = "" if error.line is None else f", line {error.line}"
        yield f"**Where:** {text(cut(error.file, _SENTENCES))}{line}"
    if where:
        yield f"**With:** {text(cut(where, _SENTENCES))}"
    lines = error.words.rstrip(_SPACE).lstrip("\r\n").split("\n")
    if any(lines):
        before = len(lines) - _LAST_LINES
        yield f"What uv printed last{f', after {before:,} other lines' if before > 0 else ''} (the step's log has all of it):"
        yield markdown.fence([cut(line.rstrip(_SPACE), _LINE) for line in lines[-_LAST_LINES:]])


def _table(changes: Sequence[Change]) -> str:
    """Write a table of the changes, collapsed if it is long, that reads as one in its source, too."""
    cells = [
        (change.name, change.previous or "", change.version or "") for change in sorted(changes, key=lambda item: _ORDER.index(item.action))
    ]
    widths = [max(len(cell) for cell in column if len(cell) <= _WIDTH) for column in zip(_COLUMNS, *cells)]
    rows = (_row(map(_short, row), widths) for row in cells)
    shown = (row if row.startswith("|") else f"| {row} | | |" for row in fitting(rows, len(cells), _TABLE))
    table = "\n".join([_row(_COLUMNS, widths), _row(["-" * width for width in widths], widths), *shown])
    return table if len(cells) <= _OPEN_ROWS else _collapsed(f"{len(cells):,} changes", table)


def _row(cells: Iterable[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(map(str.ljust, cells, widths))} |"


def _bullets(items: Iterable[str], total: int) -> str:
    return "\n".join(f"- {item}" for item in fitting(items, total, _PARAGRAPH, _NAMED))


def _all(packages: Sequence[Package]) -> str:
    noun = "package" if len(packages) == 1 else "packages"
    listed = ", ".join(fitting(map(_listed, packages), len(packages), _LIST))
    return _collapsed(f"All {len(packages):,} installed {noun}", listed)


def _listed(package: Package) -> str:
    commit = f" at {_short(package.commit[:_COMMIT])}" if package.commit else ""
    source = "" if package.url is None else f" ({'a link to' if package.editable else 'from'} {_short(package.url)}{commit})"
    return f"{_short(package.name)} {_short(package.version)}{source}"


def _collapsed(title: str, content: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"


def _short(value: str) -> str:
    return text(cut(value, _VALUE))

"""The job summary of a run, as GitHub-flavoured Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Iterator, Sequence

from uv_system_sync.reporting import markdown
from uv_system_sync.reporting.markdown import cut, prose, text
from uv_system_sync.text import counted, within

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.interpreter.site_packages import Change, Package
    from uv_system_sync.reporting.report import Report
    from uv_system_sync.reporting.reporter import Notice
    from uv_system_sync.text import Spelling

# The parts of a summary together stay below the limit of the runner (`runner_files.SUMMARY_LIMIT`), even if every character
# becomes 13 others when it is escaped, which is the worst case. Bytes of Markdown:
_TABLE = _LIST = 300_000
_PARAGRAPH = 60_000
# Characters from outside:
_VALUE = 300
_SENTENCES = 4000
_LINE = 1000
# The widest column that is padded, for readers of the source.
_WIDTH = 40
# Items, rows and lines; a table with more rows is collapsed:
_NAMED = 20
_OPEN_ROWS = 25
_LAST_LINES = 40
# Characters of a commit's hash:
_COMMIT = 12

# White space that is removed at the end of a line; any other is escaped.
_SPACE = " \t\r\n"

_COLUMNS = ("Package", "From", "To")
# In this order:
_ORDER = ("removed", "updated", "installed")


def render(report: Report, notices: Sequence[Notice], spelling: Spelling) -> str:
    """Return the job summary of `report`; nothing in it that came from outside is read as Markdown or HTML."""
    return "\n\n".join(_blocks(report, notices, spelling)) + "\n"


def render_failure(error: ActionError, facts: str, spelling: Spelling) -> str:
    """Return the job summary of a run that failed with `error`; `facts` is what was known by then in one line, or empty."""
    return "\n\n".join(_failure_blocks(error, facts, spelling)) + "\n"


def _blocks(report: Report, notices: Sequence[Notice], spelling: Spelling) -> Iterator[str]:
    target = report.target
    python = f"{_short(markdown.implementation(target.implementation))} {_short(target.version)} on {_short(target.platform)}"
    yield f"### {_short(report.project.name or 'uv.lock')} in {python}"
    yield f"{text(report.sentence())}, by uv {_short(report.context.uv_version)}, into {_short(target.prefix)}."
    removed = [change for change in report.changes if change.action == "removed"]
    if removed:
        names = (f"{_short(change.name)} {_short(change.previous or '')}" for change in removed)
        yield f"**Removed:** {', '.join(within(names, len(removed), _PARAGRAPH, _NAMED))}"
    if report.changes:
        yield _table(report.changes)
    if report.repaired:
        yield "Found broken, and installed again:"
        yield _bullets((f"{_short(item.name)}: {_short(item.reason)}" for item in report.repaired), len(report.repaired))
    # The list above has everything that the notice of repaired packages has.
    others = [(notice.title, notice.message.render(spelling)) for notice in notices if notice.title != "packages-repaired"]
    if others:
        yield _bullets((f"**{text(title)}:** {prose(cut(message, _SENTENCES))}" for title, message in others), len(others))
    yield _all(report.packages)


def _failure_blocks(error: ActionError, facts: str, spelling: Spelling) -> Iterator[str]:
    yield f"### uv-system-sync failed: {error.slug}"
    yield f"**What is wrong:** {prose(cut(error.message.render(spelling), _SENTENCES))}"
    yield f"**What to do:** {prose(cut(error.hint.render(spelling), _SENTENCES))}"
    if error.file is not None:
        line = "" if error.line is None else f", line {error.line}"
        yield f"**Where:** {text(cut(error.file, _SENTENCES))}{line}"
    if facts:
        yield f"**With:** {text(cut(facts, _SENTENCES))}"
    lines = error.words.rstrip(_SPACE).lstrip("\r\n").split("\n")
    if any(lines):
        before = len(lines) - _LAST_LINES
        yield f"The end of the output{f', after {before:,} other lines' if before > 0 else ''} (all of it is in the log):"
        yield markdown.fence([cut(line.rstrip(_SPACE), _LINE) for line in lines[-_LAST_LINES:]])


def _table(changes: Sequence[Change]) -> str:
    """Return a table of the changes, collapsed if it is long, that can be read in its source, too."""
    cells = [
        (change.name, change.previous or "", change.version or "") for change in sorted(changes, key=lambda item: _ORDER.index(item.action))
    ]
    widths = [max(len(cell) for cell in column if len(cell) <= _WIDTH) for column in zip(_COLUMNS, *cells)]
    rows = (_row(map(_short, row), widths) for row in cells)
    shown = (row if row.startswith("|") else f"| {row} | | |" for row in within(rows, len(cells), _TABLE))
    table = "\n".join([_row(_COLUMNS, widths), _row(["-" * width for width in widths], widths), *shown])
    return table if len(cells) <= _OPEN_ROWS else _collapsed(f"{len(cells):,} changes", table)


def _row(cells: Iterable[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(map(str.ljust, cells, widths))} |"


def _bullets(items: Iterable[str], total: int) -> str:
    return "\n".join(f"- {item}" for item in within(items, total, _PARAGRAPH, _NAMED))


def _all(packages: Sequence[Package]) -> str:
    listed = ", ".join(within(map(_listed, packages), len(packages), _LIST))
    return _collapsed(f"All {counted(len(packages), 'installed package')}", listed)


def _listed(package: Package) -> str:
    commit = f" at {_short(package.commit[:_COMMIT])}" if package.commit else ""
    source = "" if package.url is None else f" ({'a link to' if package.editable else 'from'} {_short(package.url)}{commit})"
    return f"{_short(package.name)} {_short(package.version)}{source}"


def _collapsed(title: str, content: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"


def _short(value: str) -> str:
    return text(cut(value, _VALUE))

"""The job summary of the report action, as GitHub-flavoured Markdown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Iterator, Sequence

from uv_system_sync.reporting.markdown import implementation, text
from uv_system_sync.text import counted, within

if TYPE_CHECKING:
    from uv_system_sync.matrix.comparison import Matrix, Row
    from uv_system_sync.matrix.reports import Job, Python

# Bytes for each of three parts: the runner drops a summary of more than 1 MiB.
_BUDGET = 300 * 1024


def render(matrix: Matrix) -> str:
    """Return the job summary of `matrix`; nothing in it that came from outside is read as Markdown or HTML."""
    return "\n".join(_lines(matrix)) + "\n"


def _lines(matrix: Matrix) -> Iterator[str]:
    succeeded, others, same = matrix.succeeded(), matrix.others(), matrix.same()
    yield f"### The packages of {counted(len(matrix.jobs), 'job')}"
    yield from ("", f"{text(matrix.sentence())}.", "")
    if others:
        yield from _cut([f"- {_state(job)}" for job in others])
    if matrix.differences():
        header = ["Package", *(f"{text(job.name)}<br>{text(_python(job.python))}" for job in succeeded)]
        yield from _table(header, [_cells(row) for row in _ordered(matrix.differences())])
    elif succeeded:
        yield from _table(["Job", "Python"], [[text(job.name), text(_python(job.python))] for job in succeeded])
    if same:
        verb = "is" if len(same) == 1 else "are"
        where = f"all {len(succeeded)} jobs" if len(succeeded) > 1 else "the one job"
        yield from ("<details>", f"<summary>{counted(len(same), 'package')} {verb} the same in {where}</summary>", "")
        yield from _table(["Package", "Version"], [[text(row.name), _version(row)] for row in same])
        yield "</details>"


def _state(job: Job) -> str:
    if job.outcome == "missing":
        return f"**{text(job.name)}** has no report: {text(job.reason)}"
    python = f", in {_python(job.python)}" if job.python else ""
    return f"**{text(job.name)}** failed{text(python)}: {text(job.kind)}: {text(job.reason)}"


def _python(python: Python | None) -> str:
    if python is None:
        return ""
    return f"{implementation(python.implementation)} {python.version}, {python.platform}"


def _ordered(rows: Sequence[Row]) -> list[Row]:
    """Return what has two versions before what only some jobs have."""
    return sorted(rows, key=lambda row: not row.conflicting)


def _cells(row: Row) -> list[str]:
    """Return the cells of `row`; a version that is not the most frequent one, or the first of those, is bold."""
    versions = [version for version in row.versions.values() if version is not None]
    usual = Counter(versions).most_common(1)[0][0]
    shown = {version: text(version) if version == usual else f"**{text(version)}**" for version in versions if version}
    return [text(row.name), *("–" if version is None else shown.get(version, "") for version in row.versions.values())]  # noqa: RUF001 - a dash


def _version(row: Row) -> str:
    return text(next(iter(row.versions.values())) or "")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head = [_row(header), _row(["---"] * len(header))]
    left = _BUDGET - sum(len(line.encode("utf-8")) + 1 for line in head)
    # A matrix has 256 jobs at most, but anything may be in the folder: without space for the head, the rows are only counted.
    yield from _cut([*(head if left > 0 else ()), *map(_row, rows)], left)


def _cut(lines: Sequence[str], budget: int = _BUDGET) -> Iterator[str]:
    """Yield the `lines` that fit, and how many more there are in a paragraph of its own."""
    for line in within(lines, len(lines), budget):
        yield from (line,) if line.startswith(("|", "-")) else ("", line)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

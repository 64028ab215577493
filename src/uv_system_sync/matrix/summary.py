"""The job summary of the report action, as GitHub-flavoured Markdown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from uv_system_sync.reporting.markdown import collapsed, first, implementation, table, text
from uv_system_sync.text import counted

if TYPE_CHECKING:
    from uv_system_sync.matrix.comparison import Matrix, Row
    from uv_system_sync.matrix.reports import Job, Python

# Maximum number of table cells and of jobs. They stay far below the runner's limit of 1 MiB unless nearly all text is escaped.
_MOST_CELLS = 15_000
_MOST_JOBS = 1000


def render(matrix: Matrix) -> str:
    """Return the job summary of `matrix`; text from the reports is escaped, so that none of it is read as Markdown or HTML."""
    succeeded = [job for job in matrix.jobs if job.outcome == "success"]
    unsuccessful = [job for job in matrix.jobs if job.outcome != "success"]
    blocks = [f"### The packages of {counted(len(matrix.jobs), 'job')}", f"{text(matrix.sentence())}."]
    if unsuccessful:
        blocks.append("\n".join(first([f"- {_problem(job)}" for job in unsuccessful], _MOST_JOBS)))
    if matrix.differences:
        header = ["Package", *(f"{text(job.name)}<br>{text(_python(job.python))}" for job in succeeded)]
        # Packages with different versions come before packages that only some jobs have.
        rows = sorted(matrix.differences, key=lambda row: not row.conflicting)
        blocks.append(table(header, [_cells(row) for row in rows], _MOST_CELLS // len(header)))
    elif succeeded:
        blocks.append(table(["Job", "Python"], [[text(job.name), text(_python(job.python))] for job in succeeded], _MOST_JOBS))
    if matrix.same:
        where = f"all {len(succeeded)} jobs" if len(succeeded) > 1 else "the one job"
        verb = "is" if len(matrix.same) == 1 else "are"
        versions = [[text(row.name), text(next(iter(row.versions.values())) or "")] for row in matrix.same]
        body = table(["Package", "Version"], versions, _MOST_CELLS // 2)
        blocks.append(collapsed(f"{counted(len(matrix.same), 'package')} {verb} the same in {where}", body))
    return "\n\n".join(blocks) + "\n"


def _problem(job: Job) -> str:
    if job.outcome == "missing":
        return f"**{text(job.name)}** has no report: {text(job.reason)}"
    python = f", in {_python(job.python)}" if job.python else ""
    return f"**{text(job.name)}** failed{text(python)}: {text(job.kind)}: {text(job.reason)}"


def _python(python: Python | None) -> str:
    return f"{implementation(python.implementation)} {python.release}, {python.platform}" if python else ""


def _cells(row: Row) -> list[str]:
    """Return the cells of `row`. All versions except the most frequent one (the first of several equally frequent ones) are bold."""
    ((usual, _),) = Counter(version for version in row.versions.values() if version is not None).most_common(1)
    cells = [text(row.name)]
    for version in row.versions.values():
        if version is None:
            cells.append("–")  # noqa: RUF001 - a dash
        else:
            cells.append(text(version) if version == usual else f"**{text(version)}**")
    return cells

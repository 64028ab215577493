"""The job summary of the report action, as GitHub-flavoured Markdown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from uv_system_sync.reporting.markdown import collapsed, first, implementation, table, text
from uv_system_sync.text import counted

if TYPE_CHECKING:
    from uv_system_sync.matrix.comparison import Matrix, Row
    from uv_system_sync.matrix.reports import Job, Python

# So much is far below the limit of the runner, 1 MiB, unless nearly every character is escaped.
_CELLS = 15_000
_JOBS = 1000


def render(matrix: Matrix) -> str:
    """Return the job summary of `matrix`; nothing in it that came from outside is read as Markdown or HTML."""
    succeeded = [job for job in matrix.jobs if job.outcome == "success"]
    others = [job for job in matrix.jobs if job.outcome != "success"]
    blocks = [f"### The packages of {counted(len(matrix.jobs), 'job')}", f"{text(matrix.sentence())}."]
    if others:
        blocks.append("\n".join(first([f"- {_state(job)}" for job in others], _JOBS)))
    if matrix.differences:
        header = ["Package", *(f"{text(job.name)}<br>{text(_python(job.python))}" for job in succeeded)]
        # What has two versions comes before what only some jobs have.
        rows = sorted(matrix.differences, key=lambda row: not row.conflicting)
        blocks.append(table(header, [_cells(row) for row in rows], _CELLS // len(header)))
    elif succeeded:
        blocks.append(table(["Job", "Python"], [[text(job.name), text(_python(job.python))] for job in succeeded], _JOBS))
    if matrix.same:
        where = f"all {len(succeeded)} jobs" if len(succeeded) > 1 else "the one job"
        title = f"{counted(len(matrix.same), 'package')} {'is' if len(matrix.same) == 1 else 'are'} the same in {where}"
        versions = [[text(row.name), text(next(iter(row.versions.values())) or "")] for row in matrix.same]
        blocks.append(collapsed(title, table(["Package", "Version"], versions, _CELLS // 2)))
    return "\n\n".join(blocks) + "\n"


def _state(job: Job) -> str:
    if job.outcome == "missing":
        return f"**{text(job.name)}** has no report: {text(job.reason)}"
    python = f", in {_python(job.python)}" if job.python else ""
    return f"**{text(job.name)}** failed{text(python)}: {text(job.kind)}: {text(job.reason)}"


def _python(python: Python | None) -> str:
    return f"{implementation(python.implementation)} {python.release}, {python.platform}" if python else ""


def _cells(row: Row) -> list[str]:
    """Return the cells of `row`; a version that is not the most frequent one, or the first of those, is bold."""
    ((usual, _),) = Counter(version for version in row.versions.values() if version is not None).most_common(1)
    shown = {None: "–", usual: text(usual)}  # noqa: RUF001 - a dash
    return [text(row.name), *(shown[it] if it in shown else f"**{text(it or '')}**" for it in row.versions.values())]

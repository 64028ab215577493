"""The run of the report action, from top to bottom."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable, Mapping, Sequence

from uv_system_sync import inputs
from uv_system_sync.errors import InvalidInput, JobsFailed, PackagesDiffer
from uv_system_sync.matrix import comparison, reports
from uv_system_sync.reporting import runner_files
from uv_system_sync.reporting.markdown import first
from uv_system_sync.text import Option, counted, listed, normalized_name

if TYPE_CHECKING:
    from uv_system_sync.matrix.comparison import Matrix
    from uv_system_sync.matrix.reports import Job
    from uv_system_sync.reporting.reporter import Reporter

# What is worth reading in a log, in lines.
_LOG = 500

_ALL = "*"


def compare(environ: Mapping[str, str], reporter: Reporter) -> None:
    """Compare the reports in the folder and publish the result.

    Then raise an `ActionError` if jobs have failed that must succeed, or packages differ that must match.
    """
    with_summary = inputs.flag(environ, "summary", default=True)
    jobs = _jobs(os.path.expanduser(inputs.text(environ, "folder")))
    required = inputs.words(environ, "must-succeed")
    names = [name for name in dict.fromkeys((*inputs.words(environ, "jobs"), *required)) if name != _ALL]
    absent = [name for name in names if not any(map(_is(name), jobs))]
    matrix = comparison.compared([*jobs, *(reports.Job(name, "missing", reason="no artifact has its name") for name in absent)])
    for line in _log(matrix):
        reporter.info(line)
    outputs = "".join(f"{name}={value}\n" for name, value in matrix.outputs().items())
    additions = [(runner_files.path(environ, "GITHUB_OUTPUT"), outputs)]
    if with_summary:
        from uv_system_sync.matrix import summary

        additions += runner_files.job_summary(environ, summary.render(matrix))
    runner_files.append_all(additions)
    _require_success(matrix, required)
    _require_matches(matrix, [normalized_name(word) for word in inputs.words(environ, "must-match")])


def _jobs(folder: str) -> list[Job]:
    hint = "Run actions/upload-artifact in the jobs, and actions/download-artifact before this step, with this folder as its `path`."
    option = Option("folder")
    try:
        jobs = reports.read(folder)
    except (OSError, ValueError) as error:
        # As actions/download-artifact leaves it if its pattern matches nothing, it does not exist.
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInput(
            "{option} is {folder!r}, which cannot be listed: {reason}.", hint, option=option, folder=folder, reason=reason
        ) from None
    if not jobs:
        raise InvalidInput("{option} is {folder}, which contains no report and no folder with one.", hint, option=option, folder=folder)
    return jobs


def _log(matrix: Matrix) -> list[str]:
    others = [job for job in matrix.jobs if job.outcome != "success"]
    lines = [f"- {job.name}: {job.outcome}: {': '.join(filter(None, (job.kind, job.reason)))}" for job in others]
    lines += [f"- {row.sentence()}" for row in matrix.differences]
    return [f"{matrix.sentence()}.", *first(lines, _LOG)]


def _is(name: str) -> Callable[[Job], bool]:
    """Return a function that says whether a job is called `name`; a job with several reports has a suffix for each."""
    return lambda job: name in (job.name, job.name.partition(" (")[0])


def _require_success(matrix: Matrix, names: Sequence[str]) -> None:
    others = [job for job in matrix.jobs if job.outcome != "success" and (_ALL in names or any(_is(name)(job) for name in names))]
    if others:
        raise JobsFailed(
            "{count} that must succeed did not: {jobs}.",
            "Read the logs of these jobs. If a job may fail, name only the others in {option}.",
            count=counted(len(others), "job"),
            jobs=listed([f"{job.name}: {job.kind or job.reason}" for job in others], 10, "; "),
            option=Option("must-succeed"),
        )


def _require_matches(matrix: Matrix, names: Sequence[str]) -> None:
    known = {row.name for row in (*matrix.differences, *matrix.same)}
    unknown = [name for name in names if name not in (_ALL, *known)]
    if unknown:
        raise InvalidInput(
            "{option} holds `{name}`, which no job has installed from uv.lock.",
            "Correct the name, or find out why the jobs do not have it.",
            option=Option("must-match"),
            name=unknown[0],
        )
    conflicts = [row.sentence() for row in matrix.differences if row.conflicting and (_ALL in names or row.name in names)]
    if conflicts:
        raise PackagesDiffer(
            "{count} that must match {have} several versions: {conflicts}.",
            "Lock one version for all jobs, or remove the name from {option}; the job summary has the table.",
            count=counted(len(conflicts), "package"),
            have="has" if len(conflicts) == 1 else "have",
            conflicts=listed(conflicts, 10, ". "),
            option=Option("must-match"),
        )

"""The report action: reads the reports, publishes the comparison, and fails if jobs or packages break a rule."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Mapping, Sequence

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

# Maximum number of lines with results in the log.
_MOST_LINES = 500

# In the inputs `must-succeed` and `must-match`: every job, or every package.
_ALL = "*"


def compare(environ: Mapping[str, str], reporter: Reporter) -> None:
    """Compare the reports in the input `folder`, and write the result to the log, the outputs and the job summary.

    Afterwards raise `JobsFailed` or `PackagesDiffer` if a job that must succeed did not, or a package that must match does not.
    Raise `InvalidInput` for an input that cannot be used.
    """
    with_summary = inputs.flag(environ, "summary", default=True)
    jobs = _jobs(os.path.expanduser(inputs.text(environ, "folder")))
    required = inputs.words(environ, "must-succeed")
    expected = [name for name in dict.fromkeys((*inputs.words(environ, "jobs"), *required)) if name != _ALL]
    absent = [name for name in expected if not any(_is_called(job, name) for job in jobs)]
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
        # actions/download-artifact does not create the folder if its pattern matches nothing.
        reason = error.strerror if isinstance(error, OSError) else str(error)
        fact = "{option} is {folder!r}, which cannot be read: {reason}."
        raise InvalidInput(fact, hint, option=option, folder=folder, reason=reason) from None
    if not jobs:
        raise InvalidInput("{option} is {folder}, which contains no report and no folder with one.", hint, option=option, folder=folder)
    return jobs


def _log(matrix: Matrix) -> list[str]:
    unsuccessful = [job for job in matrix.jobs if job.outcome != "success"]
    lines = [f"- {job.name}: {job.outcome}: {': '.join(filter(None, (job.kind, job.reason)))}" for job in unsuccessful]
    lines += [f"- {row.sentence()}" for row in matrix.differences]
    return [f"{matrix.sentence()}.", *first(lines, _MOST_LINES)]


def _is_called(job: Job, name: str) -> bool:
    """Return whether `name` is the name of `job`, with or without the suffix that distinguishes several reports of a job."""
    return name in (job.name, job.name.partition(" (")[0])


def _require_success(matrix: Matrix, names: Sequence[str]) -> None:
    unsuccessful = [job for job in matrix.jobs if job.outcome != "success"]
    required = [job for job in unsuccessful if _ALL in names or any(_is_called(job, name) for name in names)]
    if required:
        raise JobsFailed(
            "{count} that must succeed did not: {jobs}.",
            "Read the logs of these jobs. If a job may fail, name only the others in {option}.",
            count=counted(len(required), "job"),
            jobs=listed([f"{job.name}: {job.kind or job.reason}" for job in required], 10, "; "),
            option=Option("must-succeed"),
        )


def _require_matches(matrix: Matrix, names: Sequence[str]) -> None:
    known = {row.name for row in (*matrix.differences, *matrix.same)}
    unknown = [name for name in names if name not in (_ALL, *known)]
    if unknown:
        fact = "{option} has `{name}`, which no job has installed from uv.lock."
        hint = "Correct the name, or find out why no job has installed the package."
        raise InvalidInput(fact, hint, option=Option("must-match"), name=unknown[0])
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

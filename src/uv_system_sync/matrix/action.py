"""The run of the report action, from top to bottom."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from uv_system_sync import inputs
from uv_system_sync.errors import InvalidInput, PackagesDiffer
from uv_system_sync.matrix import comparison, reports
from uv_system_sync.reporting import runner_files
from uv_system_sync.text import Option, counted, listed, normalized_name, within

if TYPE_CHECKING:
    from uv_system_sync.matrix.comparison import Matrix
    from uv_system_sync.matrix.reports import Job
    from uv_system_sync.reporting.reporter import Reporter

# What is worth reading in a log, in bytes.
_LOG = 64 * 1024

_ALL = "*"


class Options(NamedTuple):
    """The inputs of the step; `must_match` has normalized names (PEP 503), or only `*`."""

    folder: str
    must_match: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    summary: bool = True

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Options:
        """Read the inputs from the variables that report/action.yml sets; raise `InvalidInput` for the first wrong one."""
        folder = inputs.text(environ, "folder")
        if not folder:
            raise InvalidInput("{option} is empty.", "Set it to the `path` of actions/download-artifact.", option=Option("folder"))
        return cls(
            folder=os.path.expanduser(folder),
            must_match=tuple(map(_checked_name, inputs.words(environ, "must-match"))),
            jobs=tuple(inputs.words(environ, "jobs")),
            summary=inputs.flag(environ, "summary", default=True),
        )


def compare(environ: Mapping[str, str], reporter: Reporter) -> None:
    """Compare the reports in the folder and publish the result; raise an `ActionError` if packages differ that must match."""
    options = Options.from_environ(environ)
    matrix = comparison.compared(_with_missing(_jobs(options.folder), options.jobs))
    for line in _log(matrix):
        reporter.info(line)
    additions = [(runner_files.path(environ, "GITHUB_OUTPUT"), "".join(f"{name}={value}\n" for name, value in matrix.outputs().items()))]
    # A server without job summaries names no file for them.
    if options.summary and environ.get("GITHUB_STEP_SUMMARY"):
        from uv_system_sync.matrix import summary

        additions.append((environ["GITHUB_STEP_SUMMARY"], summary.render(matrix)))
    runner_files.append_all(additions)
    _require_matches(matrix, options.must_match)


def _checked_name(word: str) -> str:
    import re

    # What packaging calls a valid name; this action installs nothing, so packaging is not there.
    if word == _ALL or re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", word):
        return normalized_name(word)
    raise InvalidInput(
        "{option} holds {word!r}, which is not a valid name.",
        "Names consist of letters, digits, `-`, `_` and `.`; separate them with spaces, commas or new lines. `*` means all packages.",
        option=Option("must-match"),
        word=word,
    )


def _jobs(folder: str) -> tuple[Job, ...]:
    hint = "Run actions/upload-artifact in the jobs, and actions/download-artifact before this step, with this folder as its `path`."
    option = Option("folder")
    try:
        jobs = reports.read(folder)
    except FileNotFoundError:
        # As actions/download-artifact leaves it if its pattern matches nothing.
        raise InvalidInput("{option} is {folder}, which does not exist.", hint, option=option, folder=folder) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInput(
            "{option} is {folder!r}, which cannot be listed: {reason}.", hint, option=option, folder=folder, reason=reason
        ) from None
    if not jobs:
        raise InvalidInput("{option} is {folder}, which contains no report and no folder with one.", hint, option=option, folder=folder)
    return jobs


def _with_missing(jobs: Sequence[Job], names: Sequence[str]) -> list[Job]:
    """Return `jobs`, and as missing those of `names` that are not among them."""
    found = {job.name for job in jobs}
    absent = [reports.Job(name, "missing", reason="no artifact has its name") for name in names if name not in found]
    return sorted([*jobs, *absent], key=lambda job: reports.natural(job.name))


def _log(matrix: Matrix) -> list[str]:
    others, differences = matrix.others(), matrix.differences()
    lines = [f"- {job.name}: {job.outcome}: {': '.join(filter(None, (job.kind, job.reason)))}" for job in others]
    lines += [f"- {row.sentence()}" for row in differences]
    return [f"{matrix.sentence()}.", *within(lines, len(lines), _LOG)]


def _require_matches(matrix: Matrix, names: Sequence[str]) -> None:
    known = {row.name for row in matrix.rows}
    unknown = [name for name in names if name not in (_ALL, *known)]
    if unknown:
        raise InvalidInput(
            "{option} holds `{name}`, which no job has installed.",
            "Correct the name, or find out why the jobs do not have it.",
            option=Option("must-match"),
            name=unknown[0],
        )
    conflicts = [row.sentence() for row in matrix.rows if row.conflicting and (_ALL in names or row.name in names)]
    if conflicts:
        raise PackagesDiffer(
            "{count} that must match {have} several versions: {conflicts}.",
            "Lock one version for all jobs, or remove the name from {option}; the job summary has the table.",
            count=counted(len(conflicts), "package"),
            have="has" if len(conflicts) == 1 else "have",
            conflicts=listed(conflicts, 10, ". "),
            option=Option("must-match"),
        )

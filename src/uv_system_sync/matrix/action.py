"""Tells the run of the report action from top to bottom."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping, Sequence

from uv_system_sync.errors import InvalidInput, PackagesDiffer, RunnerUnusable
from uv_system_sync.inputs import Inputs, variable
from uv_system_sync.matrix import reports
from uv_system_sync.matrix.comparison import compared, counted, fitting, listed

if TYPE_CHECKING:
    from typing import TextIO

    from uv_system_sync.matrix.comparison import Matrix, Row
    from uv_system_sync.matrix.reports import Job

# What is worth reading in a log, in bytes.
_LOG = 64 * 1024


@dataclass(frozen=True)
class Options:
    """The inputs of the step; `must_match` has normalized names (PEP 503), or the one word `*`."""

    folder: str
    must_match: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    summary: bool = True

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Options:
        """Read the inputs from the variables that report/action.yml sets, and raise `InvalidInput` for the first wrong one."""
        folder = environ.get(variable("folder"), "").strip()
        if not folder:
            raise InvalidInput("`folder` is empty.", "Name the folder that actions/download-artifact has filled, its `path`.")
        return cls(
            folder=os.path.expanduser(folder),
            must_match=tuple(map(_name, _words(environ, "must-match"))),
            jobs=tuple(_words(environ, "jobs")),
            summary=Inputs.from_environ({variable("summary"): environ.get(variable("summary"), "")}).summary,
        )


def action(environ: Mapping[str, str], log: TextIO) -> None:
    """Compare the reports in the folder, tell the runner, and raise an `ActionError` when packages differ that must not."""
    options = Options.from_environ(environ)
    matrix = compared(_with_missing(_jobs(options.folder), options.jobs))
    log.write("".join(f"{_plain(line)}\n" for line in _log(matrix)))
    text = ""
    if options.summary:
        from uv_system_sync.matrix import summary

        text = summary.render(matrix)
    _publish(environ, matrix.outputs(), text)
    _insist(matrix, options.must_match)


def _words(environ: Mapping[str, str], name: str) -> list[str]:
    words = re.split(r"[\s,]+", environ.get(variable(name), ""))
    return list(dict.fromkeys(word for word in words if word))


def _name(word: str) -> str:
    # What packaging calls a valid name, which is not there to ask.
    if word == "*" or re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", word):
        return reports.normalized(word)
    raise InvalidInput(
        f"`must-match` holds {word!r}, which is not a name.",
        "Names are letters, digits, `-`, `_` and `.`; separate them by spaces, commas or new lines. `*` means every package.",
    )


def _jobs(folder: str) -> tuple[Job, ...]:
    hint = "Run actions/download-artifact before this step, with this folder as its `path`, and actions/upload-artifact in the jobs."
    try:
        jobs = reports.read(folder)
    except FileNotFoundError:
        # What actions/download-artifact leaves when its pattern matches nothing.
        raise InvalidInput(f"`folder` is {folder}, which does not exist.", hint) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInput(f"`folder` is {folder!r}, which cannot be listed: {reason}.", hint) from None
    if not jobs:
        raise InvalidInput(f"`folder` is {folder}, which has no report and no folder of one in it.", hint)
    return jobs


def _with_missing(jobs: Sequence[Job], names: Sequence[str]) -> list[Job]:
    """Add to `jobs` those of `names` that are not among them."""
    there = {job.name for job in jobs}
    absent = [reports.Job(name, "missing", reason="no artifact has its name") for name in names if name not in there]
    return sorted([*jobs, *absent], key=lambda job: reports.natural(job.name))


def _log(matrix: Matrix) -> list[str]:
    states = [f"- {job.name}: {job.outcome}: {': '.join(filter(None, (job.kind, job.reason)))}" for job in matrix.others()]
    lines, left_out = fitting([*states, *(f"- {row.sentence()}" for row in matrix.differences())], _LOG)
    return [f"{matrix.sentence()}.", *lines, *([f"… and {left_out:,} more"] if left_out else [])]


def _plain(line: str) -> str:
    # None of the lines begins with text from outside; `##[` starts a command anywhere (src/Runner.Common/ActionCommand.cs).
    printable = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in line)
    return printable.replace("##[", "##\\[")


def _publish(environ: Mapping[str, str], outputs: Mapping[str, str], summary: str) -> None:
    texts = {"GITHUB_OUTPUT": "".join(f"{name}={value}\n" for name, value in outputs.items())}
    # A server without job summaries names no file for them.
    if summary and environ.get("GITHUB_STEP_SUMMARY"):
        texts["GITHUB_STEP_SUMMARY"] = summary
    for name, text in texts.items():
        path = environ.get(name, "")
        try:
            with open(path, "a", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise RunnerUnusable(
                f"`{name}` is {path!r}, which cannot be written: {error.strerror}.",
                "Run the action on a runner of GitHub Actions, and leave its files writable.",
            ) from None


def _insist(matrix: Matrix, names: Sequence[str]) -> None:
    rows: Mapping[str, Row] = {row.name: row for row in matrix.rows}
    unknown = [name for name in names if name != "*" and name not in rows]
    if unknown:
        raise InvalidInput(
            f"`must-match` holds `{unknown[0]}`, which no job has installed.", "Correct the name, or see why the jobs do not have it."
        )
    conflicts = [row.sentence() for row in matrix.rows if row.conflicting and ("*" in names or row.name in names)]
    if conflicts:
        raise PackagesDiffer(
            f"{counted(len(conflicts), 'package')} that `must-match` names {'has' if len(conflicts) == 1 else 'have'} several versions: "
            f"{listed(conflicts, 10, '. ')}.",
            "Lock one version for all jobs, or take the name out of `must-match`; the job summary has the table.",
        )

"""Compares the packages that the jobs of a matrix have installed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from uv_system_sync.text import counted, listed

if TYPE_CHECKING:
    from uv_system_sync.matrix.reports import Job

# The schema version of the output `report`. It is increased when a reader of the current version would misread the new form.
SCHEMA = 1

# Maximum length of each of the three lists. GitHub limits all outputs of a job together to 1 MB, at two bytes for each character.
_MOST_CHARACTERS = 160_000


class Row(NamedTuple):
    """A package: `versions` maps each job that succeeded, in order, to the installed version, or to None if it is not installed."""

    name: str
    versions: Mapping[str, str | None]

    @property
    def different(self) -> bool:
        """Whether the version is not the same in all jobs; a missing package counts as a difference."""
        return len(set(self.versions.values())) > 1

    @property
    def conflicting(self) -> bool:
        """Whether two jobs have installed different versions."""
        return len({version for version in self.versions.values() if version is not None}) > 1

    def sentence(self) -> str:
        """Return one line with the jobs of each version."""
        jobs_of: dict[str | None, list[str]] = {}
        for job, version in self.versions.items():
            jobs_of.setdefault(version, []).append(job)
        parts = [f"{'absent' if version is None else version} in {listed(jobs, 4)}" for version, jobs in jobs_of.items()]
        return f"{self.name} is {listed(parts, 4, '; ')}"


class Matrix(NamedTuple):
    """The jobs of a matrix, in the natural order of their names, and the packages of the jobs that succeeded, sorted by name.

    `differences` are the packages whose version is not the same in all of these jobs, and `same` are the others.
    """

    jobs: tuple[Job, ...]
    differences: tuple[Row, ...]
    same: tuple[Row, ...]

    def sentence(self) -> str:
        """Return one line with the number of jobs and packages, and the result of the comparison."""
        states = {"failure": "failed", "missing": "without a report"}
        counts = {state: sum(job.outcome == outcome for job in self.jobs) for outcome, state in states.items()}
        problems = "".join(f", {count} {state}" for state, count in counts.items() if count)
        packages = counted(len(self.differences) + len(self.same), "package")
        return f"{counted(len(self.jobs), 'job')}{problems}: {packages}, {len(self.differences)} not the same in all jobs"

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs; each is one line of ASCII."""
        jobs, omitted_jobs = _array([_as_json(job) for job in self.jobs])
        packages, omitted_packages = _array([row._asdict() for row in (*self.differences, *self.same)])
        differences, _ = _array([row._asdict() for row in self.differences])
        omitted = f'{{"jobs":{omitted_jobs},"packages":{omitted_packages}}}'
        return {
            "report": f'{{"schema":{SCHEMA},"jobs":{jobs},"packages":{packages},"omitted":{omitted}}}',
            "differences": differences,
            "different": "true" if self.differences else "false",
        }


def compared(jobs: Sequence[Job]) -> Matrix:
    """Compare the packages of `jobs`."""
    jobs = sorted(jobs, key=lambda job: natural(job.name))
    succeeded = [job for job in jobs if job.outcome == "success"]
    names = sorted({name for job in succeeded for name in job.packages})
    rows = [Row(name, {job.name: job.packages.get(name) for job in succeeded}) for name in names]
    different = tuple(row for row in rows if row.different)
    same = tuple(row for row in rows if not row.different)
    return Matrix(tuple(jobs), different, same)


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key that puts `3.9` before `3.10`."""
    parts = re.split(r"([0-9]+)", name)
    return [(1, int(part), "") if index % 2 else (0, 0, part) for index, part in enumerate(parts)]


def _as_json(job: Job) -> dict[str, object]:
    python = job.python and job.python._asdict()
    fields: dict[str, object] = {"name": job.name, "outcome": job.outcome, "python": python, "project": job.project or None}
    if job.outcome == "failure":
        fields["error"] = {"kind": job.kind, "message": job.reason}
    if job.outcome == "missing":
        fields["reason"] = job.reason
    return fields


def _array(items: Sequence[object]) -> tuple[str, int]:
    """Return a JSON array of the first of `items` that fit into an output, and the number of items left out."""
    found: list[str] = []
    left = _MOST_CHARACTERS
    for item in items:
        text = json.dumps(item, separators=(",", ":"))
        left -= len(text) + 1
        if left < 0:
            break
        found.append(text)
    return f"[{','.join(found)}]", len(items) - len(found)

"""Compares what the jobs of a matrix have installed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from uv_system_sync.text import counted, listed

if TYPE_CHECKING:
    from uv_system_sync.matrix.reports import Job

# The version of the schema of the output `report`; it grows when a reader of an older version would misread it.
SCHEMA = 1

# Characters of each of three lists: all outputs of a job together may have 1 MB, with two bytes for each character.
_LIST = 160_000


class Row(NamedTuple):
    """A package, and its version in each job that succeeded, in the order of the jobs; None where it is not installed."""

    name: str
    versions: Mapping[str, str | None]

    @property
    def different(self) -> bool:
        """Whether the jobs do not all have the same version."""
        return len(set(self.versions.values())) > 1

    @property
    def conflicting(self) -> bool:
        """Whether two jobs have different versions."""
        return len({version for version in self.versions.values() if version is not None}) > 1

    def sentence(self) -> str:
        """Return in one line which jobs have which version."""
        places: dict[str | None, list[str]] = {}
        for job, version in self.versions.items():
            places.setdefault(version, []).append(job)
        parts = [f"{'absent' if version is None else version} in {listed(jobs, 4)}" for version, jobs in places.items()]
        return f"{self.name} is {listed(parts, 4, '; ')}"


class Matrix(NamedTuple):
    """The jobs of a matrix in their order, and the packages of those that succeeded, sorted by name.

    `differences` are the packages that are not the same in all jobs that succeeded, and `same` the others.
    """

    jobs: tuple[Job, ...]
    differences: tuple[Row, ...]
    same: tuple[Row, ...]

    def sentence(self) -> str:
        """Return in one line what was compared, and the result."""
        states = {"failure": "failed", "missing": "without a report"}
        counts = {state: sum(job.outcome == outcome for job in self.jobs) for outcome, state in states.items()}
        problems = "".join(f", {count} {state}" for state, count in counts.items() if count)
        packages = counted(len(self.differences) + len(self.same), "package")
        return f"{counted(len(self.jobs), 'job')}{problems}: {packages}, {len(self.differences)} not the same in all jobs"

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs; each is one line of ASCII."""
        jobs, fewer_jobs = _array([_as_json(job) for job in self.jobs])
        packages, fewer = _array([row._asdict() for row in (*self.differences, *self.same)])
        omitted = f'{{"jobs":{fewer_jobs},"packages":{fewer}}}'
        return {
            "report": f'{{"schema":{SCHEMA},"jobs":{jobs},"packages":{packages},"omitted":{omitted}}}',
            "differences": _array([row._asdict() for row in self.differences])[0],
            "different": "true" if self.differences else "false",
        }


def compared(jobs: Sequence[Job]) -> Matrix:
    """Return the matrix of `jobs`, in the natural order of their names."""
    jobs = sorted(jobs, key=lambda job: natural(job.name))
    succeeded = [job for job in jobs if job.outcome == "success"]
    names = sorted({name for job in succeeded for name in job.packages})
    rows = [Row(name, {job.name: job.packages.get(name) for job in succeeded}) for name in names]
    return Matrix(tuple(jobs), tuple(row for row in rows if row.different), tuple(row for row in rows if not row.different))


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts `3.9` before `3.10`."""
    parts = re.split(r"([0-9]+)", name)
    return [(1, int(part), "") if index % 2 else (0, 0, part) for index, part in enumerate(parts)]


def _as_json(job: Job) -> dict[str, object]:
    python = job.python and job.python._asdict()
    fields: dict[str, object] = {"name": job.name, "outcome": job.outcome, "python": python, "project": job.project or None}
    if job.outcome == "failure":
        return {**fields, "error": {"kind": job.kind, "message": job.reason}}
    return {**fields, "reason": job.reason} if job.outcome == "missing" else fields


def _array(items: Sequence[object]) -> tuple[str, int]:
    """Return as many of `items` as fit into an output, in their order, as an array of JSON, and how many do not."""
    found: list[str] = []
    left = _LIST
    for item in items:
        text = json.dumps(item, separators=(",", ":"))
        left -= len(text) + 1
        if left < 0:
            break
        found.append(text)
    return f"[{','.join(found)}]", len(items) - len(found)

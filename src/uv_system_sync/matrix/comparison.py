"""Compares what the jobs of a matrix have installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from uv_system_sync.text import counted, listed

if TYPE_CHECKING:
    from uv_system_sync.matrix.reports import Job

# The version of the schema of the output `report`; it grows when a reader of an older version would misread it.
SCHEMA = 1

# Bytes for each of three lists: all outputs of a job together may have 1 MiB.
_BUDGET = 300 * 1024


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

    def as_json(self) -> dict[str, object]:
        """Return the row, as the outputs have it."""
        return {"name": self.name, "versions": dict(self.versions)}

    def sentence(self) -> str:
        """Return in one line which jobs have which version."""
        places: dict[str | None, list[str]] = {}
        for job, version in self.versions.items():
            places.setdefault(version, []).append(job)
        parts = [f"{'absent' if version is None else version} in {listed(jobs, 4)}" for version, jobs in places.items()]
        return f"{self.name} is {listed(parts, 4, '; ')}"


class Matrix(NamedTuple):
    """The jobs of a matrix in their order, and the packages of those that succeeded, sorted by name."""

    jobs: tuple[Job, ...]
    rows: tuple[Row, ...]

    def succeeded(self) -> tuple[Job, ...]:
        """Return the jobs whose packages are compared."""
        return tuple(job for job in self.jobs if job.outcome == "success")

    def others(self) -> tuple[Job, ...]:
        """Return the jobs that failed or have no report."""
        return tuple(job for job in self.jobs if job.outcome != "success")

    def differences(self) -> tuple[Row, ...]:
        """Return the packages that differ between jobs."""
        return tuple(row for row in self.rows if row.different)

    def same(self) -> tuple[Row, ...]:
        """Return the packages that are the same in all jobs."""
        return tuple(row for row in self.rows if not row.different)

    def sentence(self) -> str:
        """Return in one line what was compared, and the result."""
        states = {"failure": "failed", "missing": "without a report"}
        counts = [f"{sum(job.outcome == outcome for job in self.jobs)} {state}" for outcome, state in states.items()]
        problems = "".join(f", {count}" for count in counts if not count.startswith("0 "))
        jobs = counted(len(self.jobs), "job")
        return f"{jobs}{problems}: {counted(len(self.rows), 'package')}, {len(self.differences())} not the same in all jobs"

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs; each is one line of ASCII."""
        differences, _ = fitting([_compact(row.as_json()) for row in self.differences()])
        return {
            "report": self._report(),
            "differences": f"[{','.join(differences)}]",
            "different": "true" if self.differences() else "false",
        }

    def _report(self) -> str:
        jobs, fewer_jobs = fitting([_compact(_job(job)) for job in self.jobs])
        packages, fewer = fitting([_compact(row.as_json()) for row in (*self.differences(), *self.same())])
        omitted = _compact({"jobs": fewer_jobs, "packages": fewer})
        return f'{{"schema":{SCHEMA},"jobs":[{",".join(jobs)}],"packages":[{",".join(packages)}],"omitted":{omitted}}}'


def compared(jobs: Sequence[Job]) -> Matrix:
    """Return the matrix of `jobs`."""
    succeeded = [job for job in jobs if job.outcome == "success"]
    names = sorted({name for job in succeeded for name in job.packages})
    return Matrix(tuple(jobs), tuple(Row(name, {job.name: job.packages.get(name) for job in succeeded}) for name in names))


def fitting(texts: Sequence[str]) -> tuple[list[str], int]:
    """Return as many of `texts`, in their order, as fit into an output, and how many do not."""
    found: list[str] = []
    left = _BUDGET
    for text in texts:
        left -= len(text) + 1
        if left < 0:
            break
        found.append(text)
    return found, len(texts) - len(found)


def _job(job: Job) -> dict[str, object]:
    python = job.python and {
        "version": job.python.version,
        "implementation": job.python.implementation,
        "platform": job.python.platform,
    }
    fields: dict[str, object] = {"name": job.name, "outcome": job.outcome, "python": python, "project": job.project or None}
    if job.outcome == "failure":
        return {**fields, "error": {"kind": job.kind, "message": job.reason}}
    return {**fields, "reason": job.reason} if job.outcome == "missing" else fields


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

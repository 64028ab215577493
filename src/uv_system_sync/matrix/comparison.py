"""Compares what the jobs of a matrix have installed; it reads and writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterable, Mapping, Sequence

if TYPE_CHECKING:
    from uv_system_sync.matrix.reports import Job

# The version of the output `report`'s schema; it grows when a reader of an older one would misread.
SCHEMA = 1

# All outputs of a job together may have 1 MiB; there are three lists.
_BUDGET = 300 * 1024


@dataclass(frozen=True)
class Row:
    """A package, and its version in each job that succeeded, in the order of the jobs; None where it is not installed."""

    name: str
    versions: Mapping[str, str | None]

    @property
    def different(self) -> bool:
        """Whether some jobs have another version than others, or none."""
        return len(set(self.versions.values())) > 1

    @property
    def conflicting(self) -> bool:
        """Whether two jobs have two versions."""
        return len({version for version in self.versions.values() if version is not None}) > 1

    def as_json(self) -> dict[str, object]:
        """Return the row, as the outputs have it."""
        return {"name": self.name, "versions": dict(self.versions)}

    def sentence(self) -> str:
        """Say which version is where."""
        places: dict[str | None, list[str]] = {}
        for job, version in self.versions.items():
            places.setdefault(version, []).append(job)
        parts = [f"{'absent' if version is None else version} in {listed(jobs, 4)}" for version, jobs in places.items()]
        return f"{self.name} is {listed(parts, 4, '; ')}"


@dataclass(frozen=True)
class Matrix:
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
        """Return the packages that are not the same everywhere."""
        return tuple(row for row in self.rows if row.different)

    def same(self) -> tuple[Row, ...]:
        """Return the packages that are the same everywhere."""
        return tuple(row for row in self.rows if not row.different)

    def sentence(self) -> str:
        """Say in one line what was compared, and how it came out."""
        states = {"failure": "failed", "missing": "without a report"}
        counts = [f"{sum(job.outcome == outcome for job in self.jobs)} {state}" for outcome, state in states.items()]
        unwell = "".join(f", {count}" for count in counts if not count.startswith("0 "))
        jobs = counted(len(self.jobs), "job")
        return f"{jobs}{unwell}: {counted(len(self.rows), 'package')}, {len(self.differences())} not the same everywhere"

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs; each is one line of ASCII."""
        differences, _ = fitting([_compact(row.as_json()) for row in self.differences()], _BUDGET)
        return {
            "report": self._report(),
            "differences": f"[{','.join(differences)}]",
            "different": "true" if self.differences() else "false",
        }

    def _report(self) -> str:
        jobs, fewer_jobs = fitting([_compact(_job(job)) for job in self.jobs], _BUDGET)
        packages, fewer = fitting([_compact(row.as_json()) for row in (*self.differences(), *self.same())], _BUDGET)
        omitted = _compact({"jobs": fewer_jobs, "packages": fewer})
        return f'{{"schema":{SCHEMA},"jobs":[{",".join(jobs)}],"packages":[{",".join(packages)}],"omitted":{omitted}}}'


def compared(jobs: Sequence[Job]) -> Matrix:
    """Return the matrix of `jobs`."""
    succeeded = [job for job in jobs if job.outcome == "success"]
    names = sorted({name for job in succeeded for name in job.packages})
    return Matrix(tuple(jobs), tuple(Row(name, {job.name: job.packages.get(name) for job in succeeded}) for name in names))


def fitting(texts: Iterable[str], budget: int) -> tuple[list[str], int]:
    """Return as many of `texts` as have at most `budget` bytes, with a sign between them, and how many were left out."""
    found: list[str] = []
    left_out = 0
    for text in texts:
        budget -= len(text.encode("utf-8", "replace")) + 1
        # Once below nothing, it stays there.
        if budget < 0:
            left_out += 1
        else:
            found.append(text)
    return found, left_out


def listed(words: Sequence[str], most: int, separator: str = ", ") -> str:
    """Return `words` as a list that names at most `most` of them."""
    more = [f"… and {len(words) - most} more"] if len(words) > most else []
    return separator.join([*words[:most], *more])


def counted(number: int, noun: str) -> str:
    """Return `number` and `noun`, as a sentence has them."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _job(job: Job) -> dict[str, object]:
    python = job.python and {
        "version": job.python.version,
        "implementation": job.python.implementation,
        "platform": job.python.platform,
    }
    told: dict[str, object] = {"name": job.name, "outcome": job.outcome, "python": python, "project": job.project or None}
    if job.outcome == "failure":
        return {**told, "error": {"kind": job.kind, "message": job.reason}}
    return {**told, "reason": job.reason} if job.outcome == "missing" else told


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

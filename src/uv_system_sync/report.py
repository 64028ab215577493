"""Describes what a sync has done and what the step hands on; it writes nothing."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping, Sequence

from uv_system_sync import environment

if TYPE_CHECKING:
    from uv_system_sync.heal import Broken
    from uv_system_sync.installed import Change, Package
    from uv_system_sync.project import Project
    from uv_system_sync.target import Target

# The version of the report file's schema; it grows when a reader of an older one would misread.
SCHEMA = 1


@dataclass(frozen=True)
class Report:
    """All that a sync has to tell; `packages` and `changes` are sorted by name, `seconds` is uv's wall time.

    `repaired` are the distributions that were found broken, and cleared away for uv to install anew.
    """

    target: Target
    project: Project
    uv_version: str
    packages: tuple[Package, ...]
    changes: tuple[Change, ...]
    seconds: float
    repaired: tuple[Broken, ...] = ()

    def sentence(self) -> str:
        """Say in one line what the sync did."""
        counts = [(action, sum(change.action == action for change in self.changes)) for action in ("installed", "updated", "removed")]
        done = ", ".join(f"{count} {action}" for action, count in counts if count) or "nothing changed"
        noun = "package" if len(self.packages) == 1 else "packages"
        return f"{len(self.packages)} {noun}: {done} in {self.seconds:.1f} s"

    def as_json(self) -> dict[str, object]:
        """Return the whole report, as its file has it."""
        return {
            "schema": SCHEMA,
            "python": {
                "version": self.target.version,
                "implementation": self.target.implementation,
                "platform": self.target.platform,
                "executable": self.target.executable,
                "environment": self.target.prefix,
            },
            "uv": self.uv_version,
            "project": {"name": self.project.name, "directory": self.project.directory},
            "packages": [package.as_json() for package in self.packages],
            "changes": [change.as_json() for change in self.changes],
            "repaired": [{"name": item.name, "reason": item.reason} for item in self.repaired],
            "seconds": round(self.seconds, 3),
        }

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs, less the path of the report's file."""
        return {
            "python-version": self.target.version,
            "python-path": self.target.executable,
            "environment": self.target.prefix,
            "packages": _compact([package.as_json() for package in self.packages]),
            "package-count": str(len(self.packages)),
            "changes": _compact([change.as_json() for change in self.changes]),
            "changed": "true" if self.changes else "false",
            "uv-version": self.uv_version,
        }


@dataclass(frozen=True)
class StepResult:
    """What the runner is told once, at the end: variables, PATH entries (the most important last), outputs and texts."""

    env: Mapping[str, str]
    paths: Sequence[str]
    outputs: Mapping[str, str]
    report: str
    summary: str


def result(report: Report, summary: str) -> StepResult:
    """Return what later steps get of `report`; `summary` is the Markdown to show, or empty."""
    return StepResult(
        env=environment.for_later_steps(report.target.prefix, report.target.executable, virtual=report.target.virtual),
        paths=report.target.path_entries,
        outputs=report.outputs(),
        report=json.dumps(report.as_json(), indent=2) + "\n",
        summary=summary,
    )


def earlier(folder: str, prefix: str) -> set[str]:
    """Return the names of the packages that earlier steps, whose reports are in `folder`, have installed in the environment `prefix`."""
    import glob

    if not folder:
        return set()
    reports = (_reported(path, prefix) for path in glob.glob(os.path.join(glob.escape(folder), "uv-system-sync-*.json")))
    return set().union(*reports)


def _reported(path: str, prefix: str) -> set[str]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        done = found["changes"] if found["python"]["environment"] == prefix else ()
        return {str(change["name"]) for change in done if change["action"] != "removed"}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        # Not, or no longer, a report of ours.
        return set()


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

"""Describes what a sync has done and what the step hands on; it writes nothing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from uv_system_sync import environment

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.repair import Broken
    from uv_system_sync.interpreter.site_packages import Change, Package
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.pyproject import Project

# The version of the report file's schema; it grows when a reader of an older one would misread.
SCHEMA = 1

# So long, in characters, that it still fits into a variable of a later step: Linux takes 128 KiB for one
# (MAX_ARG_STRLEN), and GitHub 1 MB for all outputs of a job.
OUTPUT_LIMIT = 120_000


class Known:
    """What is known of a run so far: it grows, so that a failure can tell as much of it as there is."""

    def __init__(
        self, inputs: Inputs | None = None, target: Target | None = None, project: Project | None = None, uv_version: str = ""
    ) -> None:
        self.inputs = inputs
        self.target = target
        self.project = project
        self.uv_version = uv_version

    def line(self) -> str:
        """Say in one line what is synced into what."""
        python = f"Python {self.target.version} at {self.target.prefix}" if self.target else ""
        uv = f"uv {self.uv_version}" if self.uv_version else ""
        lock = f"uv.lock of {self.project.title}" if self.project else ""
        selection = self.inputs.selection() if self.inputs else ""
        return ", ".join(filter(None, (python, uv, lock))) + (f": {selection}" if selection else "")

    def as_json(self) -> dict[str, object]:
        """Return it as the report's file has it; what is not known is null."""
        return {
            "python": self.target
            and {
                "version": self.target.version,
                "implementation": self.target.implementation,
                "platform": self.target.platform,
                "executable": self.target.executable,
                "environment": self.target.prefix,
            },
            "uv": self.uv_version or None,
            "project": self.project and {"name": self.project.name, "directory": self.project.directory},
        }


class Report(NamedTuple):
    """All that a sync has to tell; `packages` and `changes` are sorted by name.

    `repaired` are the distributions that were found broken, and cleared away for uv to install anew.
    `timings` are seconds by the name of a phase; `uv` is the sync itself.
    """

    target: Target
    project: Project
    uv_version: str
    packages: tuple[Package, ...]
    changes: tuple[Change, ...]
    timings: Mapping[str, float]
    repaired: tuple[Broken, ...] = ()

    def sentence(self) -> str:
        """Say in one line what the sync did."""
        counts = [(action, sum(change.action == action for change in self.changes)) for action in ("installed", "updated", "removed")]
        done = ", ".join(f"{count} {action}" for action, count in counts if count) or "nothing changed"
        noun = "package" if len(self.packages) == 1 else "packages"
        seconds = self.timings["uv"]
        took = f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
        return f"{len(self.packages)} {noun}: {done} in {took}"

    def as_json(self) -> dict[str, object]:
        """Return the whole report, as its file has it."""
        return {
            "schema": SCHEMA,
            "outcome": "success",
            **Known(target=self.target, project=self.project, uv_version=self.uv_version).as_json(),
            "packages": [package.as_json() for package in self.packages],
            "changes": [change.as_json() for change in self.changes],
            "removed": [change.name for change in self.changes if change.action == "removed"],
            "repaired": [{"name": item.name, "reason": item.reason} for item in self.repaired],
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
        }

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs, less the path of the report's file; `null` stands for an array that is too long for one."""
        return {
            "python-version": self.target.version,
            "python-path": self.target.executable,
            "environment": self.target.prefix,
            "packages": _short([package.as_json() for package in self.packages]),
            "package-count": str(len(self.packages)),
            "changes": _short([change.as_json() for change in self.changes]),
            "changed": "true" if self.changes else "false",
            "uv-version": self.uv_version,
        }


class StepResult(NamedTuple):
    """What the runner is told once, at the end: variables, PATH entries (the most important last), outputs and texts."""

    env: Mapping[str, str]
    paths: Sequence[str]
    outputs: Mapping[str, str]
    report: str
    summary: str


def result(report: Report, outputs: Mapping[str, str], summary: str) -> StepResult:
    """Return what later steps get of `report`, whose `outputs` these are; `summary` is the Markdown to show, or empty."""
    return StepResult(
        env=environment.for_later_steps(report.target.prefix, report.target.executable, virtual=report.target.virtual),
        paths=report.target.path_entries,
        outputs=outputs,
        report=_file(report.as_json()),
        summary=summary,
    )


def file_name() -> str:
    """Return a new name for a report's file; `earlier` knows it again."""
    return f"uv-system-sync-{os.urandom(8).hex()}.json"


def failure(error: ActionError, known: Known) -> str:
    """Return the content of the report's file for a run that has failed with `error`."""
    said = {"kind": error.slug, "message": error.message, "hint": error.hint}
    return _file({"schema": SCHEMA, "outcome": "failure", **known.as_json(), "error": said})


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


def _file(content: Mapping[str, object]) -> str:
    # Without indentation, which only the slow encoder of the standard library makes.
    return json.dumps(content) + "\n"


def _short(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return text if len(text) <= OUTPUT_LIMIT else "null"

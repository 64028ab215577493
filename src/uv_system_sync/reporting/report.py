"""What a run did, as a record: the report file, the step's outputs and what later steps get."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from uv_system_sync import environment
from uv_system_sync.reporting import earlier
from uv_system_sync.text import counted

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.interpreter.repair import Broken
    from uv_system_sync.interpreter.site_packages import Change, Package
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.text import Spelling

# The version of the report's schema; it grows when a reader of an older version would misread a report.
SCHEMA = 1

# The most characters of an output. A step of the user's may pass it on as a variable, for which Linux takes 128 KiB
# (MAX_ARG_STRLEN), and GitHub takes 1 MB for all outputs of a job.
OUTPUT_LIMIT = 120_000


class Result(NamedTuple):
    """What is published at the end: variables, PATH entries (the one that counts most last), outputs, and two texts."""

    env: Mapping[str, str]
    paths: Sequence[str]
    outputs: Mapping[str, str]
    report: str
    summary: str


class Report(NamedTuple):
    """What a sync did. `packages` are what is installed now; they and `changes` are sorted by name.

    `repaired` are the packages that were broken before, and that uv has installed again. `was_unfinished` is set if an earlier
    sync was interrupted.
    """

    context: RunContext
    target: Target
    project: Project
    packages: tuple[Package, ...]
    changes: tuple[Change, ...]
    repaired: Sequence[Broken] = ()
    was_unfinished: bool = False

    def sentence(self) -> str:
        """Return in one line what the sync did."""
        counts = [(action, sum(change.action == action for change in self.changes)) for action in ("installed", "updated", "removed")]
        done = ", ".join(f"{count} {action}" for action, count in counts if count) or "nothing changed"
        seconds = self.context.timings.seconds.get("uv", 0.0)
        took = f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
        return f"{counted(len(self.packages), 'package')}: {done} in {took}"

    def as_json(self) -> dict[str, object]:
        """Return the whole report, as its file has it."""
        seconds = self.context.timings.seconds
        return {
            "schema": SCHEMA,
            "outcome": "success",
            **self.context.as_json(),
            "packages": [package.as_json() for package in self.packages],
            "seeds": self._seeds(),
            "changes": [change._asdict() for change in self.changes],
            "removed": [change.name for change in self.changes if change.action == "removed"],
            "repaired": [{"name": item.name, "reason": item.reason} for item in self.repaired],
            "timings": {**{name: round(part, 3) for name, part in seconds.items()}, "total": round(sum(seconds.values()), 3)},
        }

    def _seeds(self) -> list[str]:
        from uv_system_sync.interpreter.site_packages import SEEDS

        return [package.name for package in self.packages if package.name in SEEDS and not self.project.lock.has(package.name)]

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs, except the path of the report; an array that is too long for an output is `null`."""
        return {
            "python-version": self.target.version,
            "python-path": self.target.executable,
            "environment": self.target.prefix,
            "packages": _short([package.as_json() for package in self.packages]),
            "package-count": str(len(self.packages)),
            "changes": _short([change._asdict() for change in self.changes]),
            "changed": "true" if self.changes else "false",
            "uv-version": self.context.uv_version,
            "cache-hit": "" if self.context.built_wheels is None else str(self.context.built_wheels.was_restored).lower(),
        }

    def result(self, outputs: Mapping[str, str], summary: str, uv_folder: str) -> Result:
        """Return what is published: `outputs` are the step's, `summary` is the Markdown to show, or empty.

        `uv_folder` is what later steps need on PATH for uv, or empty.
        """
        env = environment.for_later_steps(self.target.prefix, self.target.executable, virtual=self.target.virtual)
        return Result(env, (*filter(None, [uv_folder]), *self.target.path_entries), outputs, _file(self.as_json()), summary)


def failure(error: ActionError, context: RunContext, spelling: Spelling) -> str:
    """Return the content of the report's file for a run that has failed with `error`."""
    shown = {"kind": error.slug, "message": error.message.render(spelling), "hint": error.hint.render(spelling)}
    return _file({"schema": SCHEMA, "outcome": "failure", **context.as_json(), "error": shown})


def file_name() -> str:
    """Return a new name for a report's file, by which `earlier.read` finds it."""
    return f"{earlier.PREFIX}{os.urandom(8).hex()}.json"


def _file(content: Mapping[str, object]) -> str:
    # No indentation: only the slow encoder of the standard library makes one.
    return json.dumps(content) + "\n"


def _short(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return text if len(text) <= OUTPUT_LIMIT else "null"

"""The record of a run: the report file, the step's outputs, and what later steps get."""

from __future__ import annotations

import json
import os
from collections import Counter
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

# The version of the report's schema, raised when readers of the previous version would misread a report.
SCHEMA = 1

# The maximum length of an output, in characters. A workflow may pass an output to a program as an environment variable, which
# Linux limits to 128 KiB (MAX_ARG_STRLEN). GitHub limits all outputs of a job to 1 MB.
OUTPUT_LIMIT = 120_000


class Result(NamedTuple):
    """What a successful run publishes. The last of `paths` takes precedence; `summary` is Markdown, or empty for none."""

    env: Mapping[str, str]
    paths: Sequence[str]
    outputs: Mapping[str, str]
    report: str
    summary: str


class Report(NamedTuple):
    """The result of a sync. `packages` are all installed packages; `packages` and `changes` are sorted by name.

    `repaired` are the packages that were broken before the sync and that uv has reinstalled. `was_unfinished` is set if an
    earlier sync was interrupted.
    """

    context: RunContext
    target: Target
    project: Project
    packages: tuple[Package, ...]
    changes: tuple[Change, ...]
    repaired: Sequence[Broken] = ()
    was_unfinished: bool = False

    def sentence(self) -> str:
        """Return a summary in one line, such as `12 packages: 3 installed, 1 removed in 420 ms`."""
        counts = Counter(change.action for change in self.changes)
        done = ", ".join(f"{counts[action]} {action}" for action in ("installed", "updated", "removed") if counts[action])
        seconds = self.context.timings.seconds.get("uv", 0.0)
        took = f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
        return f"{counted(len(self.packages), 'package')}: {done or 'nothing changed'} in {took}"

    def as_json(self) -> dict[str, object]:
        """Return the content of the report file."""
        from uv_system_sync.interpreter.site_packages import SEEDS

        seconds, lock = self.context.timings.seconds, self.project.lock
        return {
            "schema": SCHEMA,
            "outcome": "success",
            **self.context.as_json(),
            "packages": [package.as_json() for package in self.packages],
            "seeds": [package.name for package in self.packages if package.name in SEEDS and not lock.has(package.name)],
            "changes": [change._asdict() for change in self.changes],
            "removed": [change.name for change in self.changes if change.action == "removed"],
            "repaired": [{"name": package.name, "reason": package.reason} for package in self.repaired],
            "timings": {**{part: round(duration, 3) for part, duration in seconds.items()}, "total": round(sum(seconds.values()), 3)},
        }

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs, except `report`. An array that is longer than `OUTPUT_LIMIT` is `null`."""
        wheels = self.context.built_wheels
        return {
            "python-version": self.target.version,
            "python-path": self.target.executable,
            "environment": self.target.prefix,
            "packages": _array([package.as_json() for package in self.packages]),
            "package-count": str(len(self.packages)),
            "changes": _array([change._asdict() for change in self.changes]),
            "changed": "true" if self.changes else "false",
            "uv-version": self.context.uv_version,
            "cache-hit": "" if wheels is None else str(wheels.was_restored).lower(),
        }

    def result(self, outputs: Mapping[str, str], summary: str, uv_folder: str) -> Result:
        """Return what to publish, with the step's `outputs` and the job `summary`.

        `uv_folder` is the folder that later steps need on PATH to find uv, or empty.
        """
        env = environment.for_later_steps(self.target.prefix, self.target.executable, virtual=self.target.virtual)
        paths = (uv_folder, *self.target.path_entries) if uv_folder else self.target.path_entries
        return Result(env, paths, outputs, _file(self.as_json()), summary)


def failure(error: ActionError, context: RunContext, spelling: Spelling) -> str:
    """Return the content of the report file of a run that failed with `error`."""
    shown = {"kind": error.slug, "message": error.message.render(spelling), "hint": error.hint.render(spelling)}
    return _file({"schema": SCHEMA, "outcome": "failure", **context.as_json(), "error": shown})


def file_name() -> str:
    """Return a new random name for a report file, with the prefix that `earlier.read` looks for."""
    return f"{earlier.PREFIX}{os.urandom(8).hex()}.json"


def _file(content: Mapping[str, object]) -> str:
    # No indentation: it would make `json` use its slow encoder, which is written in Python.
    return json.dumps(content) + "\n"


def _array(value: Sequence[object]) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return text if len(text) <= OUTPUT_LIMIT else "null"

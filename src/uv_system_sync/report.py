"""Compares what was installed before and after, and describes what the step hands on; it writes nothing."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping, Sequence

from uv_system_sync import environment

if TYPE_CHECKING:
    from uv_system_sync.project import Project
    from uv_system_sync.target import Target

# The version of the report file's schema; it grows when a reader of an older one would misread.
SCHEMA = 1


@dataclass(frozen=True)
class Package:
    """An installed distribution; `url` and `editable` are set for direct installs only (PEP 610)."""

    name: str
    version: str
    url: str | None = None
    editable: bool | None = None

    def as_json(self) -> dict[str, object]:
        """Return the fields that are set, as the output `packages` has them."""
        fields = {"name": self.name, "version": self.version, "url": self.url, "editable": self.editable}
        return {key: value for key, value in fields.items() if value is not None}


@dataclass(frozen=True)
class Change:
    """What a sync did to one package: `installed`, `removed` or `updated`."""

    name: str
    action: str
    version: str | None
    previous: str | None

    def as_json(self) -> dict[str, object]:
        """Return all four fields, as the output `changes` has them."""
        return {"name": self.name, "action": self.action, "version": self.version, "previous": self.previous}


@dataclass(frozen=True)
class Report:
    """All that a sync has to tell; `packages` and `changes` are sorted by name, `seconds` is uv's wall time."""

    target: Target
    project: Project
    uv_version: str
    packages: tuple[Package, ...]
    changes: tuple[Change, ...]
    seconds: float

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
                "executable": self.target.executable,
                "environment": self.target.prefix,
            },
            "uv": self.uv_version,
            "project": {"name": self.project.name, "directory": self.project.directory},
            "packages": [package.as_json() for package in self.packages],
            "changes": [change.as_json() for change in self.changes],
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
        env=environment.for_later_steps(report.target),
        paths=report.target.path_entries,
        outputs=report.outputs(),
        report=json.dumps(report.as_json(), indent=2) + "\n",
        summary=summary,
    )


def installed(site_packages: Sequence[str]) -> tuple[Package, ...]:
    """Return what is installed in the folders `site_packages`, sorted by name.

    Names and versions are those of the .dist-info folders (PEP 376, PEP 427), so that no metadata
    has to be parsed; names are normalized (PEP 503).
    """
    found: dict[str, Package] = {}
    for folder in site_packages:
        for entry in _dist_infos(folder):
            package = _package(folder, entry)
            found.setdefault(package.name, package)
    return tuple(found[name] for name in sorted(found))


def compare(before: Sequence[Package], after: Sequence[Package]) -> tuple[Change, ...]:
    """Return what changed between two sets of packages, sorted by name.

    A package that keeps its version but comes from elsewhere, such as a checkout instead of an index, was updated too.
    """
    old = {package.name: package for package in before}
    new = {package.name: package for package in after}
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return tuple(_change(name, old.get(name), new.get(name)) for name in names)


def _change(name: str, old: Package | None, new: Package | None) -> Change:
    action = "updated" if old and new else "installed" if new else "removed"
    return Change(name, action, new.version if new else None, old.version if old else None)


def _dist_infos(folder: str) -> list[str]:
    try:
        # pip renames what it is about to remove to begin with `~`.
        return [entry for entry in os.listdir(folder) if re.fullmatch(r"[A-Za-z0-9].*-.*\.dist-info", entry)]
    except FileNotFoundError:
        return []


def _package(folder: str, entry: str) -> Package:
    stem, _, version = entry[: -len(".dist-info")].rpartition("-")
    # packaging.utils.canonicalize_name, without the four bare interpreter starts that its import costs.
    name = re.sub(r"[-_.]+", "-", stem).lower()
    try:
        with open(os.path.join(folder, entry, "direct_url.json"), encoding="utf-8") as file:
            direct = json.load(file)
        return Package(name, version, str(direct["url"]), bool(direct.get("dir_info", {}).get("editable", False)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Package(name, version)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

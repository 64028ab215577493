"""What the reports of earlier steps of the job say about the same Python."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any, Mapping, NamedTuple

from uv_system_sync import paths

# The names of the files begin with it.
PREFIX = "uv-system-sync-"


class Earlier(NamedTuple):
    """A report: the folder of its project, what was selected of it, and the packages that were there afterwards, by name.

    `installed` are the names of those that the step had installed or updated; `has_changed` is set if it had also only removed some.
    After a failure, nothing is known of packages.
    """

    directory: str
    selection: str
    packages: Mapping[str, str]
    installed: frozenset[str]
    has_changed: bool
    has_failed: bool


def read(folder: str, prefix: str) -> list[Earlier]:
    """Return the reports in `folder` on the environment `prefix`, the oldest first."""
    return [report for environment, report in _all(folder) if environment == prefix]


def changed(folder: str) -> set[str]:
    """Return the environments that earlier steps, whose reports are in `folder`, have changed, or may have before they failed."""
    return {environment for environment, report in _all(folder) if report.has_changed}


def _all(folder: str) -> list[tuple[str, Earlier]]:
    """Return the reports in `folder` with their environments, the oldest first."""
    found = []
    try:
        names = os.listdir(folder) if folder else []
    except OSError:
        return []
    for name in names:
        if name.startswith(PREFIX) and name.endswith(".json"):
            path = os.path.join(folder, name)
            # It may not be a report at all.
            with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
                found.append((os.stat(path).st_mtime_ns, name, *_parsed(path)))
    return [(environment, report) for _, _, environment, report in sorted(found, key=lambda item: item[:2])]


def _parsed(path: str) -> tuple[str, Earlier]:
    report: dict[str, Any] = json.loads(paths.text(path))
    environment = str(report["python"]["environment"])
    directory, selection = str((report.get("project") or {}).get("directory", "")), str(report.get("selection") or "")
    if report.get("outcome") == "failure":
        return environment, Earlier(directory, selection, {}, frozenset(), has_changed=True, has_failed=True)
    packages = {str(package["name"]): str(package["version"]) for package in report.get("packages", [])}
    installed = frozenset(str(change["name"]) for change in report["changes"] if change["action"] != "removed")
    return environment, Earlier(directory, selection, packages, installed, has_changed=bool(report["changes"]), has_failed=False)

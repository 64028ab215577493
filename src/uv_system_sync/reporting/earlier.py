"""Reads the reports that earlier steps of the job have written."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any, Mapping, NamedTuple

from uv_system_sync import paths

# The beginning of the name of a report file.
PREFIX = "uv-system-sync-"


class Earlier(NamedTuple):
    """The report of an earlier step: its environment, its project's directory, and its selection from the lock.

    `packages` are the versions of all packages after the step, by name; `installed` are the names that the step installed or updated.
    Both are empty after a failure. `has_changed` is set if the step changed any package, or failed and may have.
    """

    environment: str
    directory: str
    selection: str
    packages: Mapping[str, str]
    installed: frozenset[str]
    has_changed: bool
    has_failed: bool


def read(folder: str, prefix: str) -> list[Earlier]:
    """Return the reports in `folder` on the environment `prefix`, the oldest first."""
    return [report for report in _all(folder) if report.environment == prefix]


def changed(folder: str) -> set[str]:
    """Return the environments that steps with a report in `folder` have changed, or may have changed before they failed."""
    return {report.environment for report in _all(folder) if report.has_changed}


def _all(folder: str) -> list[Earlier]:
    found = []
    try:
        names = os.listdir(folder) if folder else []
    except OSError:
        return []
    for name in names:
        if name.startswith(PREFIX) and name.endswith(".json"):
            path = os.path.join(folder, name)
            # The file may be something other than a report.
            with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
                found.append((os.stat(path).st_mtime_ns, name, _parsed(path)))
    return [report for _, _, report in sorted(found, key=lambda entry: entry[:2])]


def _parsed(path: str) -> Earlier:
    report: dict[str, Any] = json.loads(paths.text(path))
    environment = str(report["python"]["environment"])
    directory = str((report.get("project") or {}).get("directory", ""))
    selection = str(report.get("selection") or "")
    if report.get("outcome") == "failure":
        return Earlier(environment, directory, selection, {}, frozenset(), has_changed=True, has_failed=True)
    packages = {str(package["name"]): str(package["version"]) for package in report.get("packages", [])}
    installed = frozenset(str(change["name"]) for change in report["changes"] if change["action"] != "removed")
    return Earlier(environment, directory, selection, packages, installed, has_changed=bool(report["changes"]), has_failed=False)

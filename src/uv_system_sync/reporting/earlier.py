"""What the reports of earlier steps of the job say about the same Python."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any, Mapping, NamedTuple

# The names of the files begin with it.
PREFIX = "uv-system-sync-"


class Earlier(NamedTuple):
    """A report: the folder of its project, what was selected of it, and the packages that were there afterwards, by name.

    `installed` are the names of those that the step had installed or updated. After a failure, nothing is known of packages.
    """

    directory: str
    selection: str
    packages: Mapping[str, str]
    installed: frozenset[str]
    has_failed: bool


def read(folder: str, prefix: str) -> list[Earlier]:
    """Return the reports in `folder` on the environment `prefix`, the oldest first."""
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
                found.append((os.stat(path).st_mtime_ns, name, _parsed(path, prefix)))
    return [report for _, _, report in sorted(found, key=lambda item: item[:2]) if report]


def _parsed(path: str, prefix: str) -> Earlier | None:
    with open(path, encoding="utf-8") as file:
        report: dict[str, Any] = json.load(file)
    if report["python"]["environment"] != prefix:
        return None
    directory, selection = str((report.get("project") or {}).get("directory", "")), str(report.get("selection") or "")
    if report.get("outcome") == "failure":
        return Earlier(directory, selection, {}, frozenset(), has_failed=True)
    packages = {str(package["name"]): str(package["version"]) for package in report.get("packages", [])}
    installed = frozenset(str(change["name"]) for change in report["changes"] if change["action"] != "removed")
    return Earlier(directory, selection, packages, installed, has_failed=False)

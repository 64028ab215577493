"""Finds what a user should know of a sync that succeeded; it only looks at what others have read."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Collection, Iterator, Mapping, NamedTuple

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.reporting.report import Report

# How many names a sentence takes; the outputs have all of them.
_LISTED = 20

_RUNNER_FOLDERS = ("RUNNER_TOOL_CACHE", "AGENT_TOOLSDIRECTORY")


class Notice(NamedTuple):
    """An annotation that is no error: its title and its text."""

    title: str
    message: str


def repair(report: Report) -> Iterator[Notice]:
    """Say which packages an earlier sync, or something else, had left broken."""
    if report.repaired:
        found = _list([f"{item.name} ({item.reason})" for item in report.repaired])
        yield Notice("packages-repaired", f"Found broken, and cleared away for uv to install anew: {found}.")


def disagreement(target: Target, project: Project, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Say which settings name another Python than `target`, which was used all the same."""
    others = []
    if _is_other(project.pinned, target):
        others.append(f".python-version says {project.pinned}")
    if _is_other(environ.get("UV_PYTHON", ""), target):
        others.append(f"UV_PYTHON says {environ['UV_PYTHON']}")
    if project.prefers_managed:
        others.append("`python-preference` prefers Pythons that uv has installed")
    if others:
        yield Notice("python-chosen", f"Python {target.version} was used, as the step was told, although {' and '.join(others)}.")


def removal(report: Report, own: Collection[str]) -> Iterator[Notice]:
    """Say which packages were removed that no earlier sync of this job, which left `own`, had installed."""
    removed = [f"{change.name} {change.previous}" for change in report.changes if change.action == "removed" and change.name not in own]
    if removed:
        yield Notice(
            "packages-removed",
            f"{_list(removed)}, installed before this step, {'is' if len(removed) == 1 else 'are'} not in uv.lock and"
            f" {'was' if len(removed) == 1 else 'were'} removed. Set `inexact: true` to keep what is not in the lock.",
        )


def leftover(report: Report, locked: Collection[str]) -> str:
    """Return one line on the packages that an inexact sync has kept although they are not `locked`, or an empty one."""
    kept = [f"{package.name} {package.version}" for package in report.packages if package.name not in locked]
    return f"Kept, although not in uv.lock: {_list(kept)}" if kept else ""


def persistence(report: Report, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Say what stays behind for other jobs in a tool cache that outlives this one."""
    caches = [environ[name] for name in _RUNNER_FOLDERS if environ.get(name)]
    linked = [package.name for package in report.packages if package.editable]
    if environ.get("RUNNER_ENVIRONMENT") == "self-hosted" and linked and any(_is_inside(report.target.prefix, cache) for cache in caches):
        links = "is installed there as a link" if len(linked) == 1 else "are installed there as links"
        message = (
            f"{report.target.prefix} is shared by the jobs of this runner, and {_list(linked)} {links} to this job's checkout."
            " Set `no-editable: true`, or set `python` to a virtual environment of the job."
        )
        yield Notice("shared-python", message)


def omission(outputs: Mapping[str, str]) -> Iterator[Notice]:
    """Say which arrays are too long for an output."""
    for name in (name for name, value in outputs.items() if value == "null"):
        yield Notice(
            "output-omitted", f"`{name}` is too long for an output, and `null` instead. The file that the output `report` names has it."
        )


def _is_other(wanted: str, target: Target) -> bool:
    """Return whether `wanted` is the number of a version, and not one of the target's."""
    found = re.fullmatch(r"(?:(cpython|pypy|graalpy)[@-]?)?(\d+(?:\.\d+)*)", wanted)
    if found is None:
        return False
    implementation, version = found.groups()
    return implementation not in (None, target.implementation) or not f"{target.version}.".startswith(f"{version}.")


def _is_inside(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath([os.path.realpath(path), os.path.realpath(folder)]) == os.path.realpath(folder)
    except ValueError:
        # Different drives, on Windows.
        return False


def _list(items: list[str]) -> str:
    more = f" and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return ", ".join(items[:_LISTED]) + more

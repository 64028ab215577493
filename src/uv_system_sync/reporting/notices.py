"""What a user should know about a sync that succeeded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterator, Mapping, Sequence

from uv_system_sync import paths
from uv_system_sync.reporting import earlier
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import Option, listed, message

if TYPE_CHECKING:
    from uv_system_sync.reporting.earlier import Earlier
    from uv_system_sync.reporting.report import Report


def notices(report: Report, outputs: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[Notice]:
    """Yield the notices on `report`, whose step has `outputs` and runs with `environ`."""
    if report.context.retries:
        failed = listed(report.context.retries, separator="; ")
        yield Notice("retried", message("The network failed, and the sync was tried again: {failed}.", failed=failed))
    wheels = report.context.built_wheels
    if wheels and wheels.problem:
        yield Notice("cache-unusable", message("Wheels that were built cannot be reused: {problem}.", problem=wheels.problem))
    if report.repaired:
        found = listed([f"{item.name} ({item.reason})" for item in report.repaired])
        yield Notice("packages-repaired", message("Found broken, and installed again: {packages}.", packages=found))
    version = report.target.version
    for source, wanted in ((".python-version", report.project.pinned), ("UV_PYTHON", environ.get("UV_PYTHON", ""))):
        # More than a version is not understood here.
        if re.fullmatch(r"\d[\d.]*", wanted) and not f"{version}.".startswith(f"{wanted}."):
            pin = "Python {version} was used, although {source} names {wanted}."
            yield Notice("python-chosen", message(pin, version=version, source=source, wanted=wanted))
    if report.project.prefers_managed:
        preference = "Python {version} was used, although `python-preference` prefers Pythons that uv has installed."
        yield Notice("python-chosen", message(preference, version=version))
    yield from _removed(report, environ)
    yield from _shared(report, environ)
    for name, value in outputs.items():
        if value == "null":
            text = "The output `{name}` would be too long and is `null`. The file that the output `report` names has it."
            yield Notice("output-omitted", message(text, name=name))


def _removed(report: Report, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Name what was removed and what had changed since an earlier sync of this job, by what it was that did so."""
    syncs = earlier.read(environ.get("RUNNER_TEMP", ""), report.target.prefix) if report.changes else []
    others: list[str] = []
    undone: dict[tuple[str, str], list[str]] = {}
    for change in report.changes:
        if change.action == "removed":
            last = next((sync for sync in reversed(syncs) if change.name in sync.installed), None)
            names = others if last is None else undone.setdefault((last.selection, last.directory), [])
            names.append(f"{change.name} {change.previous}")
    if others and not report.context.asked_to_remove:
        text = "Packages that were installed before and are not in uv.lock were removed: {packages}. Set {inexact} to keep them."
        yield Notice("packages-removed", message(text, packages=listed(others), inexact=Option("inexact", "true")))
    yield from _undone(report, undone)
    yield from _changed_between(report, syncs)


def _undone(report: Report, undone: Mapping[tuple[str, str], list[str]]) -> Iterator[Notice]:
    """Name what this step has removed of what each other selection had installed in an earlier step."""
    here = (report.context.selection or "", report.project.directory)
    for there, names in undone.items():
        # With the same selection, it is uv.lock that has changed.
        if there != here:
            text = (
                "This step ({now}) removed what an earlier step of this job ({before}) had installed: {packages}."
                " An exact sync keeps only what it selects: select everything in one step, or set {inexact} in this one."
            )
            now, before = (f"{it[0] or 'the default selection'}{f' of {it[1]}' * (there[1] != here[1])}" for it in (here, there))
            values = {"now": now, "before": before, "packages": listed(names), "inexact": Option("inexact", "true")}
            yield Notice("earlier-step-undone", message(text, **values))


def _changed_between(report: Report, syncs: Sequence[Earlier]) -> Iterator[Notice]:
    """Name what was there after the last sync of this job, and was gone or of another version before this one."""
    # What a failed or interrupted sync has changed is not known.
    if not syncs or syncs[-1].has_failed or report.was_unfinished:
        return
    left, found = syncs[-1].packages, []
    for name, action, _, previous in report.changes:
        if name in left and action == "installed":
            found.append(f"{name} {left[name]} (removed)")
        elif name in left and left[name] != previous:
            found.append(f"{name} {left[name]} (changed to {previous})")
    if found:
        text = (
            "Since an earlier step of this job, something else has removed or changed packages in {prefix}: {packages}."
            " If that was `uv sync` or `pip`, run it after this step, or select the same there."
        )
        yield Notice("changed-between-steps", message(text, prefix=report.target.prefix, packages=listed(found)))


def _shared(report: Report, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Name the links to this job's checkout in a tool cache that outlives the job."""
    cache, prefix = environ.get("RUNNER_TOOL_CACHE"), report.target.prefix
    links = [package.name for package in report.packages if package.editable]
    if links and cache and environ.get("RUNNER_ENVIRONMENT") == "self-hosted" and paths.is_inside(prefix, cache):
        text = (
            "The jobs of this runner share {prefix}, where these are installed as links to this job's checkout: {packages}. "
            "Set {no_editable}, or set {python} to a virtual environment of the job."
        )
        no_editable, python = Option("no-editable", "true"), Option("python")
        shown = message(text, prefix=prefix, packages=listed(links), no_editable=no_editable, python=python)
        yield Notice("shared-python", shown)

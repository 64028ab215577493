"""The notices on a successful sync: what a user should know although nothing failed."""

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
    """Yield the notices on the sync of `report`, in a step with `outputs` and the variables `environ`."""
    if report.context.retries:
        failed = listed(report.context.retries, separator="; ")
        yield Notice("retried", message("The sync was retried because the network failed: {failed}.", failed=failed))
    wheels = report.context.built_wheels
    if wheels and wheels.problem:
        yield Notice("cache-unusable", message("Wheels built from source cannot be reused: {problem}.", problem=wheels.problem))
    if report.repaired:
        broken = listed([f"{package.name} ({package.reason})" for package in report.repaired])
        yield Notice("packages-repaired", message("Broken packages were reinstalled: {packages}.", packages=broken))
    version = report.target.version
    for source, wanted in ((".python-version", report.project.pinned), ("UV_PYTHON", environ.get("UV_PYTHON", ""))):
        # Anything but a plain version is ignored.
        if re.fullmatch(r"\d[\d.]*", wanted) and not f"{version}.".startswith(f"{wanted}."):
            pin = "Python {version} was used, although {source} requests {wanted}."
            yield Notice("python-chosen", message(pin, version=version, source=source, wanted=wanted))
    if report.project.prefers_managed:
        preference = "Python {version} was used, although `python-preference` prefers Pythons that uv manages."
        yield Notice("python-chosen", message(preference, version=version))
    yield from _removed(report, environ)
    yield from _shared(report, environ)
    for name, value in outputs.items():
        if value == "null":
            text = "The output `{name}` is `null`, because it would be too long. Read it from the file named by the output `report`."
            yield Notice("output-omitted", message(text, name=name))


def _removed(report: Report, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Yield the notices on removed packages, and on packages that changed since an earlier sync of this job."""
    syncs = earlier.read(environ.get("RUNNER_TEMP", ""), report.target.prefix) if report.changes else []
    unrelated: list[str] = []
    # The packages that earlier steps installed, by the selection and the project directory of the step.
    undone: dict[tuple[str, str], list[str]] = {}
    for change in report.changes:
        if change.action == "removed":
            last = next((sync for sync in reversed(syncs) if change.name in sync.installed), None)
            packages = unrelated if last is None else undone.setdefault((last.selection, last.directory), [])
            packages.append(f"{change.name} {change.previous}")
    if unrelated and not report.context.asked_to_remove:
        text = "Packages that were installed before and are not in uv.lock were removed: {packages}. Set {inexact} to keep them."
        yield Notice("packages-removed", message(text, packages=listed(unrelated), inexact=Option("inexact", "true")))
    yield from _undone(report, undone)
    yield from _changed_between(report, syncs)


def _undone(report: Report, undone: Mapping[tuple[str, str], list[str]]) -> Iterator[Notice]:
    """Yield a notice for each other selection whose packages this step removed."""
    text = (
        "This step ({now}) removed packages that an earlier step of this job ({before}) installed: {packages}."
        " An exact sync keeps only what it selects: select everything in one step, or set {inexact} in this step."
    )
    here = (report.context.selection or "", report.project.directory)
    for there, packages in undone.items():
        if there == here:
            # The selection is the same, so uv.lock has changed.
            continue
        now, before = (selection or "the default selection" for selection, _ in (here, there))
        if here[1] != there[1]:
            now, before = f"{now} of {here[1]}", f"{before} of {there[1]}"
        shown = message(text, now=now, before=before, packages=listed(packages), inexact=Option("inexact", "true"))
        yield Notice("earlier-step-undone", shown)


def _changed_between(report: Report, syncs: Sequence[Earlier]) -> Iterator[Notice]:
    """Yield a notice on packages that something else removed or changed between the last sync of this job and this sync."""
    # What a failed or interrupted sync changed is unknown.
    if not syncs or syncs[-1].has_failed or report.was_unfinished:
        return
    versions, changed = syncs[-1].packages, []
    for name, action, _, previous in report.changes:
        if name in versions and action == "installed":
            changed.append(f"{name} {versions[name]} (removed)")
        elif name in versions and versions[name] != previous:
            changed.append(f"{name} {versions[name]} (changed to {previous})")
    if changed:
        text = (
            "After an earlier step of this job, something else removed or changed packages in {prefix}: {packages}."
            " If it was `uv sync` or `pip`, run it after this step, or select the same packages there."
        )
        yield Notice("changed-between-steps", message(text, prefix=report.target.prefix, packages=listed(changed)))


def _shared(report: Report, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Yield a notice on editable packages, which link to this job's checkout, in a tool cache that outlives the job."""
    cache, prefix = environ.get("RUNNER_TOOL_CACHE"), report.target.prefix
    links = [package.name for package in report.packages if package.editable]
    if links and cache and environ.get("RUNNER_ENVIRONMENT") == "self-hosted" and paths.is_inside(prefix, cache):
        text = (
            "Jobs on this runner share {prefix}, and packages in it link to this job's checkout: {packages}."
            " Set {no_editable}, or set {python} to a virtual environment of this job."
        )
        no_editable, python = Option("no-editable", "true"), Option("python")
        shown = message(text, prefix=prefix, packages=listed(links), no_editable=no_editable, python=python)
        yield Notice("shared-python", shown)

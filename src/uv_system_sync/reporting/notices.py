"""What a user should know about a sync that succeeded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterator, Mapping

from uv_system_sync import paths
from uv_system_sync.reporting.report import installed_earlier
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import Option, listed, message

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.reporting.report import Report

_TOOL_CACHES = ("RUNNER_TOOL_CACHE", "AGENT_TOOLSDIRECTORY")


def notices(report: Report, outputs: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[Notice]:
    """Yield the notices on `report`, whose step has `outputs` and runs with `environ`."""
    yield from _repaired(report)
    yield from _another_python(report, environ)
    yield from _removed(report, environ)
    yield from _shared(report, environ)
    yield from _omitted(outputs)


def _repaired(report: Report) -> Iterator[Notice]:
    if report.repaired:
        found = listed([f"{item.name} ({item.reason})" for item in report.repaired])
        yield Notice("packages-repaired", message("Found broken, and installed again: {packages}.", packages=found))


def _another_python(report: Report, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Name the settings that ask for another Python than the one that was used."""
    others = []
    if _is_another(report.project.pinned, report.target):
        others.append(f".python-version says {report.project.pinned}")
    if _is_another(environ.get("UV_PYTHON", ""), report.target):
        others.append(f"UV_PYTHON says {environ['UV_PYTHON']}")
    if report.project.prefers_managed:
        others.append("`python-preference` prefers Pythons that uv has installed")
    if others:
        text = "Python {version} was used, although {reasons}."
        yield Notice("python-chosen", message(text, version=report.target.version, reasons=" and ".join(others)))


def _removed(report: Report, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Name the packages that were removed, except those that an earlier sync of this job had installed."""
    removed = [change for change in report.changes if change.action == "removed"]
    if not removed:
        return
    own = installed_earlier(environ.get("RUNNER_TEMP", ""), report.target.prefix)
    others = [f"{change.name} {change.previous}" for change in removed if change.name not in own]
    if others:
        text = "Packages that were installed before and are not in uv.lock were removed: {packages}. Set {inexact} to keep them."
        yield Notice("packages-removed", message(text, packages=listed(others), inexact=Option("inexact", "true")))


def _shared(report: Report, environ: Mapping[str, str]) -> Iterator[Notice]:
    """Name the links to this job's checkout in a tool cache that outlives the job."""
    caches = [environ[name] for name in _TOOL_CACHES if environ.get(name)]
    links = [package.name for package in report.packages if package.editable]
    is_kept = environ.get("RUNNER_ENVIRONMENT") == "self-hosted" and any(paths.is_inside(report.target.prefix, it) for it in caches)
    if links and is_kept:
        text = "The jobs of this runner share {prefix}, where these are installed as links to this job's checkout: {packages}. {advice}"
        advice = message(
            "Set {no_editable}, or set {python} to a virtual environment of the job.",
            no_editable=Option("no-editable", "true"),
            python=Option("python"),
        )
        yield Notice("shared-python", message(text, prefix=report.target.prefix, packages=listed(links), advice=advice))


def _omitted(outputs: Mapping[str, str]) -> Iterator[Notice]:
    for name, value in outputs.items():
        if value == "null":
            text = "The output `{name}` would be too long and is `null`. The file that the output `report` names has it."
            yield Notice("output-omitted", message(text, name=name))


def _is_another(wanted: str, target: Target) -> bool:
    """Return whether `wanted` is a version, with or without an implementation, and not that of `target`."""
    found = re.fullmatch(r"(?:(cpython|pypy|graalpy)[@-]?)?(\d+(?:\.\d+)*)", wanted)
    if found is None:
        return False
    implementation, version = found.groups()
    return implementation not in (None, target.implementation) or not f"{target.version}.".startswith(f"{version}.")

"""Renders a report as GitHub-flavoured Markdown for the job summary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from uv_system_sync.report import Report

# All but letters, digits and the signs that mean nothing by themselves; `_` and `:` only where they could begin or end something.
_MARKUP = re.compile(r"[^\w .,+/()=:-]|^ | $|:(?! )|(?<=[Ww]{3})\.|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def render(report: Report) -> str:
    """Return the job summary of `report`; nothing in it that came from outside can be read as Markdown or HTML."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    target = report.target
    yield f"### {_text(report.project.name or 'uv.lock')} in {_text(_implementation(target.implementation))} {_text(target.version)}"
    yield ""
    yield f"{_text(report.sentence())}, by uv {_text(report.uv_version)}, into {_text(target.prefix)}."
    if report.repaired:
        yield from ("", "Found broken, and cleared away for uv to install anew:", "")
        yield from (f"- {_text(item.name)}: {_text(item.reason)}" for item in report.repaired)
    if report.changes:
        yield from ("", "| Package | Change | Version | Before |", "| --- | --- | --- | --- |")
        for change in report.changes:
            yield f"| {_text(change.name)} | {change.action} | {_text(change.version or '')} | {_text(change.previous or '')} |"
    yield from ("", "<details>", f"<summary>All {len(report.packages)} installed packages</summary>", "")
    yield from ("| Package | Version | From |", "| --- | --- | --- |")
    for package in report.packages:
        yield f"| {_text(package.name)} | {_text(package.version)} | {_text(package.url or '')} |"
    yield from ("", "</details>")


def _implementation(name: str) -> str:
    return {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}.get(name, name)


def _text(value: str) -> str:
    """Write everything that Markdown or HTML could read as its own as a character reference."""
    references = _MARKUP.sub(lambda found: f"&#{ord(found.group())};", value)
    # GitHub makes links of addresses after it has read the references.
    return references.replace("&#64;", "<!-- -->&#64;")

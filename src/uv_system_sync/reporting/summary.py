"""The job summary of a run, as GitHub-flavoured Markdown. All text from outside is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from uv_system_sync.reporting import markdown
from uv_system_sync.reporting.markdown import cut, first, prose, text
from uv_system_sync.text import counted

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.interpreter.site_packages import Change, Package
    from uv_system_sync.reporting.report import Report
    from uv_system_sync.reporting.reporter import Notice
    from uv_system_sync.text import Spelling

# How much is shown. With these, a summary stays far below `runner_files.SUMMARY_LIMIT`, unless nearly every character is escaped.
_MAX_PACKAGES = 2000
_MAX_BULLETS = 20
_MAX_OUTPUT_LINES = 40
_MAX_SENTENCE = 4000  # characters
_MAX_LINE = 1000  # characters
# A table with more rows is collapsed.
_MAX_OPEN_ROWS = 25
# White space that is stripped from the end of a line. Any other is escaped.
_SPACE = " \t\r\n"


def render(report: Report, notices: Sequence[Notice], spelling: Spelling) -> str:
    """Return the job summary of a successful run, with its `notices`."""
    target, changes = report.target, report.changes
    python = f"{markdown.implementation(target.implementation)} {target.release} on {target.platform}"
    blocks = [
        f"### {text(report.project.name or 'uv.lock')} in {text(python)}",
        f"{text(report.sentence())} (uv {text(report.context.uv_version)}, {text(target.prefix)}).",
    ]
    if changes:
        table = markdown.table(("Package", "From", "To"), _rows(changes, report.packages), _MAX_PACKAGES)
        blocks.append(table if len(changes) <= _MAX_OPEN_ROWS else markdown.collapsed(f"{len(changes):,} changes", table))
    if report.repaired:
        broken = [f"{text(package.name)}: {text(package.reason)}" for package in report.repaired]
        blocks += ["Broken packages that were reinstalled:", _bullets(broken)]
    # The list above already says everything in the notice on repaired packages.
    others = [(notice.title, notice.message.render(spelling)) for notice in notices if notice.title != "packages-repaired"]
    if others:
        blocks.append(_bullets([f"**{text(title)}:** {prose(cut(message, _MAX_SENTENCE))}" for title, message in others]))
    changed = {change.name for change in changes}
    unchanged = [f"{package.name} {package.version}{_source(package)}" for package in report.packages if package.name not in changed]
    if unchanged:
        # Escaped in one call, because a call for each of many packages is slow.
        packages = text(", ".join(first(unchanged, _MAX_PACKAGES)))
        blocks.append(markdown.collapsed(counted(len(unchanged), "unchanged package"), packages))
    return "\n\n".join(blocks) + "\n"


def render_failure(error: ActionError, facts: str, spelling: Spelling) -> str:
    """Return the job summary of a run that failed with `error`. `facts` is one line on the Python, uv and the project, or empty."""
    sentences = [
        f"**What is wrong:** {prose(cut(error.message.render(spelling), _MAX_SENTENCE))}",
        f"**What to do:** {prose(cut(error.hint.render(spelling), _MAX_SENTENCE))}",
    ]
    if error.file is not None:
        line_number = "" if error.line is None else f", line {error.line}"
        sentences.append(f"**Where:** {text(cut(error.file, _MAX_SENTENCE))}{line_number}")
    blocks = [f"### uv-system-sync failed: {error.slug}", markdown.alert("CAUTION", sentences)]
    if facts:
        blocks.append(f"**With:** {text(cut(facts, _MAX_SENTENCE))}")
    lines = error.words.rstrip(_SPACE).lstrip("\r\n").split("\n")
    if any(lines):
        omitted = len(lines) - _MAX_OUTPUT_LINES
        after = f", after {omitted:,} other lines" if omitted > 0 else ""
        blocks.append(f"The end of the output{after} (the log has all of it):")
        blocks.append(markdown.fence([cut(line.rstrip(_SPACE), _MAX_LINE) for line in lines[-_MAX_OUTPUT_LINES:]]))
    return "\n\n".join(blocks) + "\n"


def _rows(changes: Sequence[Change], packages: Sequence[Package]) -> list[list[str]]:
    sources = {package.name: _short_source(package) for package in packages if package.url is not None}
    rows = []
    for change in sorted(changes, key=lambda change: ("removed", "updated", "installed").index(change.action)):
        version = f"{change.version or ''}{sources.get(change.name, '')}"
        rows.append([text(change.name), text(change.previous or ""), text(version)])
    return rows


def _bullets(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in first(items, _MAX_BULLETS))


def _short_source(package: Package) -> str:
    # Without the URL, which would make the table wider than a phone.
    if package.editable:
        return " (editable)"
    return f" (at {package.commit[:12]})" if package.commit else " (from a URL)"


def _source(package: Package) -> str:
    if package.url is None:
        return ""
    commit = f" at {package.commit[:12]}" if package.commit else ""
    return f" ({'editable from' if package.editable else 'from'} {package.url}{commit})"

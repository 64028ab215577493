"""The job summary of a run, as GitHub-flavoured Markdown; nothing in it that came from outside is read as Markdown or HTML."""

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

# So much is far below the limit of the runner (`runner_files.SUMMARY_LIMIT`), unless nearly every character is escaped.
_PACKAGES = 2000
_NAMED = 20
_LAST_LINES = 40
# A table with more rows is collapsed.
_OPEN_ROWS = 25
# Characters of a sentence, and of a line:
_SENTENCES = 4000
_LINE = 1000
# White space that is removed at the end of a line; any other is escaped.
_SPACE = " \t\r\n"


def render(report: Report, notices: Sequence[Notice], spelling: Spelling) -> str:
    """Return the job summary of `report`."""
    target, changes = report.target, report.changes
    python = f"{markdown.implementation(target.implementation)} {target.release} on {target.platform}"
    blocks = [
        f"### {text(report.project.name or 'uv.lock')} in {text(python)}",
        f"{text(report.sentence())}, by uv {text(report.context.uv_version)}, into {text(target.prefix)}.",
    ]
    if changes:
        table = markdown.table(("Package", "From", "To"), _rows(changes, report.packages), _PACKAGES)
        blocks.append(table if len(changes) <= _OPEN_ROWS else markdown.collapsed(f"{len(changes):,} changes", table))
    if report.repaired:
        blocks += ["Found broken, and installed again:", _bullets([f"{text(item.name)}: {text(item.reason)}" for item in report.repaired])]
    # The list above has everything that the notice of repaired packages has.
    others = [(notice.title, notice.message.render(spelling)) for notice in notices if notice.title != "packages-repaired"]
    if others:
        blocks.append(_bullets([f"**{text(title)}:** {prose(cut(message, _SENTENCES))}" for title, message in others]))
    changed = {change.name for change in changes}
    unchanged = [f"{package.name} {package.version}{_source(package)}" for package in report.packages if package.name not in changed]
    if unchanged:
        # Escaped as a whole, because with many packages each call counts.
        packages = text(", ".join(first(unchanged, _PACKAGES)))
        blocks.append(markdown.collapsed(counted(len(unchanged), "unchanged package"), packages))
    return "\n\n".join(blocks) + "\n"


def render_failure(error: ActionError, facts: str, spelling: Spelling) -> str:
    """Return the job summary of a run that failed with `error`; `facts` is what was known by then in one line, or empty."""
    sentences = [
        f"**What is wrong:** {prose(cut(error.message.render(spelling), _SENTENCES))}",
        f"**What to do:** {prose(cut(error.hint.render(spelling), _SENTENCES))}",
    ]
    if error.file is not None:
        sentences.append(f"**Where:** {text(cut(error.file, _SENTENCES))}{'' if error.line is None else f', line {error.line}'}")
    blocks = [f"### uv-system-sync failed: {error.slug}", markdown.alert("CAUTION", sentences)]
    if facts:
        blocks.append(f"**With:** {text(cut(facts, _SENTENCES))}")
    lines = error.words.rstrip(_SPACE).lstrip("\r\n").split("\n")
    if any(lines):
        before = len(lines) - _LAST_LINES
        blocks.append(f"The end of the output{f', after {before:,} other lines' if before > 0 else ''} (all of it is in the log):")
        blocks.append(markdown.fence([cut(line.rstrip(_SPACE), _LINE) for line in lines[-_LAST_LINES:]]))
    return "\n\n".join(blocks) + "\n"


def _rows(changes: Sequence[Change], packages: Sequence[Package]) -> list[list[str]]:
    ordered = sorted(changes, key=lambda change: ("removed", "updated", "installed").index(change.action))
    direct = {package.name: _kind(package) for package in packages if package.url is not None}
    cells = ((change.name, change.previous or "", f"{change.version or ''}{direct.get(change.name, '')}") for change in ordered)
    return [[*map(text, row)] for row in cells]


def _bullets(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in first(items, _NAMED))


def _kind(package: Package) -> str:
    # An address in a cell would make the table wider than a phone.
    return " (a link)" if package.editable else f" (at {package.commit[:12]})" if package.commit else " (from a URL)"


def _source(package: Package) -> str:
    commit = f" at {package.commit[:12]}" if package.commit else ""
    return "" if package.url is None else f" ({'a link to' if package.editable else 'from'} {package.url}{commit})"

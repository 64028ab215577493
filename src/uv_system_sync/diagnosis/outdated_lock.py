"""Explains why uv does not accept uv.lock, by comparing what it was made with to the project and its settings."""

from __future__ import annotations

import glob
import os
import re
from typing import TYPE_CHECKING, Iterator, NamedTuple

from uv_system_sync.diagnosis import indexes, members, requirements, settings
from uv_system_sync.diagnosis.failure import shortened
from uv_system_sync.errors import ActionError, LockOutdated, SyncFailed
from uv_system_sync.project import pyproject, toml
from uv_system_sync.project.toml import Place
from uv_system_sync.text import Message, listed, message, normalized_name

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.process import Completed
    from uv_system_sync.project.pyproject import Project

_LOCK = "Run {lock_command} and commit uv.lock."
_INDEX = (
    "Use the same index here and for locking: unset the variable here, or set it, run {lock_command} and commit uv.lock."
    " {frozen} takes the files from where uv.lock has them."
)


class Cause(NamedTuple):
    """Why uv does not accept uv.lock, as a clause, where that is and, if it takes more than locking, the next step."""

    clause: Message
    place: Place
    hint: str = ""

    def sentence(self) -> Message:
        """Return the sentence that follows on an error that uv ran into while it resolved."""
        return message(" uv had to resolve because uv.lock is outdated: {cause}.", cause=self.clause)


def outdated(failure: Failure) -> ActionError | None:
    """Return the error if uv refuses uv.lock because it is outdated, or None."""
    if "needs to be updated, but `--locked` was provided" not in failure.words:
        return None
    dry_run = _dry_run(failure)
    cause = next(_causes(failure, dry_run), None)
    return failure.error(
        LockOutdated,
        "uv.lock is outdated{cause}.{changes}",
        (cause.hint if cause else "") or _LOCK,
        cause.place if cause else Place(failure.project.lock.path, 1),
        cause=message(": {clause}", clause=cause.clause) if cause else "",
        changes=changes(dry_run),
    )


def unsolvable(failure: Failure) -> ActionError | None:
    """Return the error for requirements that no set of versions fulfils, or None; uv resolves only if uv.lock is outdated."""
    found = re.search(r"No solution found when resolving.*?(Because .*?)(?= (?:hint|help): |$)", failure.words)
    if found is None:
        return None
    cause = because(failure)
    subject = re.match(r"Because (?:there (?:is|are) no versions? of |only )?([A-Za-z0-9][\w.-]*)", found.group(1))
    return failure.error(
        SyncFailed,
        "{subject}uv finds no versions that fit together. {reason}{because}",
        "Correct the requirement, then run {lock_command} and commit uv.lock.",
        cause.place if cause else None,
        subject=f"{subject.group(1)}: " if subject else "",
        reason=shortened(found.group(1)),
        because=cause.sentence() if cause else " uv had to resolve because uv.lock is outdated.",
    )


def because(failure: Failure) -> Cause | None:
    """Return why uv resolves although there is a uv.lock, without asking uv, or None if that is not known."""
    return next(_causes(failure, failure.completed._replace(output="")), None)


def changes(dry_run: Completed) -> Message | str:
    """Return a sentence on what `uv lock` would change, or an empty string if the output of `dry_run` does not have it."""
    lines = re.findall(r"^(Add|Remove|Update)(?:e?d)? ([A-Za-z0-9][\w.-]*) (v\S.*)$", dry_run.output, re.MULTILINE | re.ASCII)
    if dry_run.returncode or not (lines or "ockfile changes detected" in dry_run.output):
        return ""
    if not lines:
        return message(" `uv lock` would add, remove and update no package.")
    plans = []
    for verb in ("Add", "Remove", "Update"):
        names = [f"{name} {_plain(versions)}" for kind, name, versions in lines if kind == verb]
        plans += [f"{verb.lower()} {listed(names)}"] if names else []
    return message(" `uv lock` would {plans}.", plans="; ".join(plans))


def _plain(versions: str) -> str:
    return re.sub(r"(?<![\w.])v(?=\d)", "", versions.strip())


def _dry_run(failure: Failure) -> Completed:
    try:
        return failure.lock_dry_run()
    except OSError:
        return failure.completed._replace(output="")


def _causes(failure: Failure, dry_run: Completed) -> Iterator[Cause]:
    """Yield what differs, the most certain first."""
    project = failure.project
    found = requirements.differences(project)
    if found:
        more = message(" (and {count} more)", count=len(found) - 1) if len(found) > 1 else ""
        yield Cause(message("{first}{more}", first=found[0].clause, more=more), found[0].place)
    yield from _ignored_settings(failure, dry_run)
    yield from _python(failure)
    yield from (Cause(clause, place) for clause, place in settings.differences(project))
    yield from _members(project, dry_run)
    yield from _own_reason(failure, dry_run)
    index = indexes.difference(failure)
    if index:
        yield Cause(*index, _INDEX)


def _ignored_settings(failure: Failure, dry_run: Completed) -> Iterator[Cause]:
    """Find that uv ignores all settings because it does not know one; it may be older than the uv that made uv.lock."""
    pattern = r"^warning: Failed to parse `?([^`\n]+?)`? during settings discovery:\n.* line (\d+), .*\n(?:[^|\n]*\|.*\n){1,5} *(.{1,200})"
    found = re.search(pattern, f"{failure.own}\n{dry_run.output}", re.MULTILINE)
    if found:
        name, line, reason = found.groups()
        text = "uv ignores all settings in {name}, because of line {number}: {reason}"
        yield Cause(
            message(text, name=name, number=line, reason=reason.partition(", expected one of")[0]),
            Place(os.path.join(failure.project.root, name), int(line)),
            "Correct it, or use a uv that knows it, or run {lock_command} and commit uv.lock."
            " In a workflow, {uv_version} can ask for another uv.",
        )


def _python(failure: Failure) -> Iterator[Cause]:
    project = failure.project
    before = toml.string(project.lock.document.data, "requires-python")
    documents = [project.pyproject, *(member.pyproject for member in members.find(project) if member.in_workspace)]
    found = {it.path: (it, toml.string(toml.table(it.data, "project"), "requires-python")) for it in documents}
    declared = [(document, requires) for document, requires in found.values() if requires]
    now = ", ".join(dict.fromkeys(requires for _, requires in declared)) or f">={failure.target.minor[0]}.{failure.target.minor[1]}"
    if not before or _same_pythons(now, before):
        return
    if declared:
        document = next((it for it, requires in declared if not _same_pythons(requires, before)), declared[0][0])
        place = document.place_of("project", "requires-python") or Place(document.path, None)
        yield Cause(message("uv.lock was made with `requires-python` {before}, and it is {now} now", before=before, now=now), place)
    else:
        yield Cause(
            message(
                "nothing sets `requires-python`, so uv uses that of this Python: {now} now, and {before} before", now=now, before=before
            ),
            Place(project.pyproject.path, 1),
            "Add `requires-python` to `[project]`, run {lock_command} and commit uv.lock; {frozen} accepts uv.lock as it is.",
        )


def _same_pythons(one: str, other: str) -> bool:
    """Return whether both specifiers accept the same of many versions of Python: uv.lock has `~=3.8` as `>=3.8, <4`."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    versions = [f"3.{minor}.{patch}" for minor in range(30) for patch in range(25)] + ["2.7.18", "4.0.0"]
    try:
        return one == other or list(SpecifierSet(one).filter(versions)) == list(SpecifierSet(other).filter(versions))
    except InvalidSpecifier:
        return True


def _members(project: Project, dry_run: Completed) -> Iterator[Cause]:
    place = project.place_of_setting("workspace", "members")
    manifest = toml.table(project.lock.document.data, "manifest")
    present = [member.name for member in members.find(project)]
    gone = [str(name) for name in toml.array(manifest, "members") if name not in present]
    if gone:
        yield Cause(message("uv.lock has {names} as a member, and the workspace does not", names=listed(gone)), place)
    added = set(re.findall(r"^Add(?:ed)? (\S+) v", dry_run.output, re.MULTILINE))
    new = sorted(added & _names_in_workspace(project)) if added else []
    if new:
        yield Cause(message("the workspace has {names}, and uv.lock does not", names=listed(new)), place)


def _names_in_workspace(project: Project) -> set[str]:
    """Return the names of the projects in folders that `members` may mean; uv decides which of them are members."""
    _, table = project.settings()[-1]
    patterns = [str(pattern) for pattern in toml.array(toml.table(table, "workspace"), "members")]
    files = [file for it in patterns for file in glob.glob(os.path.join(glob.escape(project.root), it, "pyproject.toml"))]
    return {normalized_name(toml.string(toml.table(pyproject.read_or_empty(file).data, "project"), "name")) for file in files}


def _own_reason(failure: Failure, dry_run: Completed) -> Iterator[Cause]:
    text = f"{failure.own}\n{dry_run.output}"
    found = re.search(r"^(?:Ignoring|Resolving despite) existing lockfile due to (.{1,300})$", text, re.MULTILINE)
    if found:
        yield Cause(message("uv reports {reason}", reason=found.group(1)), Place(failure.project.lock.path, 1))

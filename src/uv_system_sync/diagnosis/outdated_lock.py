"""Explains why uv rejects uv.lock: what differs between it and the project, the project's settings and its indexes."""

from __future__ import annotations

import os
import re
import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING, FrozenSet, Iterator, Tuple

from uv_system_sync.diagnosis import requirements
from uv_system_sync.diagnosis.requirements import Difference
from uv_system_sync.errors import ActionError, LockOutdated, SyncFailed
from uv_system_sync.project import toml
from uv_system_sync.project.toml import Place
from uv_system_sync.text import Message, listed, message, normalized_name, without_credentials

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.diagnosis.requirements import Requirement
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Document

_LOCK = "Run {lock_command} and commit uv.lock."
_UNKNOWN_SETTING = (
    "Correct it, use a version of uv that knows it (in a workflow, set {uv_version}), or run {lock_command} and commit uv.lock."
)
_NO_REQUIRES_PYTHON = "Add `requires-python` to `[project]`, run {lock_command} and commit uv.lock; {frozen} accepts uv.lock as it is."
_SAME_INDEX = (
    "Use the same index here and for locking: unset the variable here, or set it, run {lock_command} and commit uv.lock."
    " {frozen} downloads the files from the addresses in uv.lock."
)

# Settings that have one of several values: the key in `[options]` of uv.lock, and the default.
_CHOICES = {
    "resolution": ("resolution-mode", "highest"),
    "prerelease": ("prerelease-mode", "if-necessary-or-explicit"),
    "fork-strategy": ("fork-strategy", "requires-python"),
}
# The first revision of uv.lock that has `default-groups`.
_HAS_DEFAULT_GROUPS = 5
# Variables that replace the default index, and all variables that set an index.
_DEFAULT_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
_INDEXES = (*_DEFAULT_INDEX, "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")

# Items that must not be selected together. Each is a package, `extra`, `group` or an empty string, and the name of the extra or group.
_Conflict = FrozenSet[Tuple[str, str, str]]


def outdated(failure: Failure) -> ActionError | None:
    """Return the error if uv rejects uv.lock because it is outdated, or None."""
    if not failure.match("The lockfile at `[^`]*` needs to be updated, but `--locked` was provided"):
        return None
    cause = because(failure)
    hint = cause.hint if cause and cause.hint else _LOCK
    place = cause.place if cause else Place(failure.project.lock.path, 1)
    clause = message(": {clause}", clause=cause.clause) if cause else ""
    return failure.error(LockOutdated, "uv.lock is outdated{cause}.{changes}", hint, place, cause=clause, changes=_changes(failure))


def unsolvable(failure: Failure) -> ActionError | None:
    """Return the error for requirements that no set of versions satisfies, or None. uv resolves only if uv.lock is outdated."""
    found = failure.match(r"No solution found when resolving.*?(Because .*?)(?= (?:hint|help): |$)")
    if found is None:
        return None
    reason = found[1]
    named = re.match(r"Because (?:there (?:is|are) no versions? of |only )?([A-Za-z0-9][\w.-]*)", reason)
    cause = because(failure)
    fact = "{subject}uv found no versions that satisfy all requirements. {reason}{because}"
    hint = "Correct the requirement, or the setting that has changed, then run {lock_command} and commit uv.lock."
    subject, place = f"{named[1]}: " if named else "", cause.place if cause else None
    why = sentence(cause) or " uv had to resolve because uv.lock is outdated."
    shortened = textwrap.shorten(reason, 600, placeholder=" …")
    return failure.error(SyncFailed, fact, hint, place, subject=subject, reason=shortened, because=why)


def sentence(cause: Difference | None) -> Message | str:
    """Return a sentence on the `cause` to append to an error that occurred while uv resolved; empty without a cause."""
    return message(" uv had to resolve because uv.lock is outdated: {cause}.", cause=cause.clause) if cause else ""


def because(failure: Failure) -> Difference | None:
    """Return why uv resolves although there is a uv.lock, or None if unknown. Causes that are more certain come first."""
    found = list(requirements.differences(failure.project))
    if len(found) > 1:
        return found[0]._replace(clause=message("{first} (and {count} more)", first=found[0].clause, count=len(found) - 1))
    if found:
        return found[0]
    return _ignored_settings(failure) or _requires_python(failure) or next(setting_differences(failure.project), None) or _index(failure)


def setting_differences(project: Project) -> Iterator[Difference]:
    """Yield each setting whose value differs from the one that uv.lock was created with."""
    lock = project.lock.document.data
    requires_python = toml.string(lock, "requires-python")
    locked_options, manifest = toml.table(lock, "options"), toml.table(lock, "manifest")
    # uv reads the resolver's options from uv.toml, if there is one, but the workspace's settings always from pyproject.toml.
    (_, options), (_, workspace) = project.settings()[0], project.settings()[-1]
    for setting, (key, default) in _CHOICES.items():
        now, before = _choice(options.get(setting), default), _choice(locked_options.get(key), default)
        if now != before:
            values = {"setting": setting, "before": before, "now": now if options.get(setting) else "not set"}
            clause = message("uv.lock was created with `{setting}` {before}, and it is {now} now", **values)
            yield Difference(clause, _place_of(setting, project))
    date = options.get("exclude-newer")
    if _dates_differ(date, locked_options.get("exclude-newer")):
        yield _changed("exclude-newer", project, is_set=bool(date))
    for setting, locked, differ in (
        ("constraint-dependencies", manifest.get("constraints"), _requirements_differ),
        ("override-dependencies", manifest.get("overrides"), _requirements_differ),
        ("build-constraint-dependencies", manifest.get("build-constraints"), _requirements_differ),
        ("exclude-dependencies", manifest.get("excludes"), _requirements_differ),
        ("environments", lock.get("supported-markers"), _markers_differ),
        ("required-environments", lock.get("required-markers"), _markers_differ),
    ):
        if differ(_items(workspace.get(setting)), _items(locked), requires_python):
            yield _changed(setting, project, is_set=bool(workspace.get(setting)))
    declared = _declared_conflicts(project)
    if _conflicts_differ(declared, project):
        yield _changed("conflicts", project, is_set=bool(declared))
    for member in requirements.members(project):
        # uv.lock leaves them out if they are the default.
        groups = toml.table(member.pyproject.data, "tool", "uv").get("default-groups", ["dev"])
        if lock.get("revision", 0) >= _HAS_DEFAULT_GROUPS and groups != member.package.get("default-groups", ["dev"]):
            place = member.pyproject.place_of("tool", "uv", "default-groups") or Place(project.lock.path, 1)
            yield Difference(message("`{setting}` has changed since uv.lock was created", setting="default-groups"), place)


def _changed(setting: str, project: Project, *, is_set: bool) -> Difference:
    text = "`{setting}` has changed since uv.lock was created" if is_set else "uv.lock was created with `{setting}`, which is not set now"
    return Difference(message(text, setting=setting), _place_of(setting, project))


def _place_of(setting: str, project: Project) -> Place:
    """Return the line of `setting`, or the first line of uv.lock if it is not set."""
    place = project.place_of_setting(setting)
    return place if place.line else Place(project.lock.path, 1)


def _choice(value: object, default: str) -> str:
    """Return the `value` of a setting, or its `default` if it is not set. `if-necessary` counts as the default of `prerelease`."""
    return default if value in (None, "if-necessary") else str(value)


def _dates_differ(now: object, before: object) -> bool:
    if bool(now) != bool(before):
        return True
    # uv.lock has a duration, or a date without a time, in another form.
    are_comparable = all(isinstance(value, str) and re.fullmatch(r"[\d-]+T[\d:.]+Z", value) for value in (now, before))
    return are_comparable and now != before


def _items(value: object) -> list[object]:
    """Return the items of a setting; uv accepts a single string in place of a list."""
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def _requirements_differ(now: list[object], before: list[object], requires_python: str) -> bool:
    required, locked = requirements.parsed(now), requirements.parsed(before)
    if {_without_marker(item) for item in required} != {_without_marker(item) for item in locked}:
        return True
    for name in {item.name for item in required}:
        one, other = ([item for item in items if item.name == name] for items in (required, locked))
        if requirements.markers_differ(one, other, requires_python):
            return True
    return False


def _without_marker(item: Requirement) -> tuple[object, ...]:
    return item.name, item.extras, None if item.has_source else item.specifier


def _markers_differ(now: list[object], before: list[object], requires_python: str) -> bool:
    one, other = (requirements.parsed(f"package; {marker}" for marker in markers) for markers in (now, before))
    return bool(now) != bool(before) or requirements.markers_differ(one, other, requires_python)


def _declared_conflicts(project: Project) -> set[_Conflict]:
    """Return the conflicts that the members of the workspace declare."""
    found: set[_Conflict] = set()
    for member in requirements.members(project):
        conflicts = toml.array(toml.table(member.pyproject.data, "tool", "uv"), "conflicts")
        if member.in_workspace:
            found.update(_conflict(items, member.name) for items in conflicts)
    return found


def _conflicts_differ(declared: set[_Conflict], project: Project) -> bool:
    locked = {_conflict(items) for items in toml.array(project.lock.document.data, "conflicts")}
    if not declared or not locked:
        return declared != locked
    # uv adds conflicts for groups that include others.
    has_includes = any("include-group" in member.pyproject.text for member in requirements.members(project))
    return not declared <= locked if has_includes else declared != locked


def _conflict(items: object, default: str = "") -> _Conflict:
    """Return a conflict in pyproject.toml or uv.lock; items that name no package belong to `default`."""
    found = set()
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            package = toml.string(item, "package") or default
            kind = next((kind for kind in ("extra", "group") if kind in item), "")
            found.add((normalized_name(package), kind, normalized_name(toml.string(item, kind))))
    return frozenset(found)


def _ignored_settings(failure: Failure) -> Difference | None:
    """Return the difference if uv ignores all settings because it does not know one; a newer uv may have created uv.lock."""
    pattern = r"^warning: Failed to parse `?([^`\n]+?)`? during settings discovery:\n.* line (\d+), .*\n(?:[^|\n]*\|.*\n){1,5} *(.{1,200})"
    found = re.search(pattern, failure.own, re.MULTILINE)
    if found is None:
        return None
    name, line, reason = found.groups()
    reason = reason.partition(", expected one of")[0]
    clause = message("uv ignores all settings in {name}, because of line {number}: {reason}", name=name, number=line, reason=reason)
    return Difference(clause, Place(os.path.join(failure.project.root, name), int(line)), _UNKNOWN_SETTING)


def _requires_python(failure: Failure) -> Difference | None:
    """Return the difference if uv.lock was created with another `requires-python`."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    project = failure.project
    before = toml.string(project.lock.document.data, "requires-python")
    declared: dict[str, Document] = {}
    for document in (project.pyproject, *(member.pyproject for member in requirements.members(project) if member.in_workspace)):
        specifier = toml.string(toml.table(document.data, "project"), "requires-python")
        if specifier:
            declared.setdefault(specifier, document)
    if declared:
        now, document = next(iter(declared.items()))
        text, hint = "uv.lock was created with `requires-python` {before}, and it is {now} now", ""
    else:
        now, document = ">={}.{}".format(*failure.target.minor), project.pyproject
        text = "nothing sets `requires-python`, so uv derives it from this Python: {now} now, {before} before"
        hint = _NO_REQUIRES_PYTHON
    # uv.lock has the intersection of several members, and `~=` in another form.
    if not before or len(declared) > 1 or "~=" in now:
        return None
    with suppress(InvalidSpecifier):
        if SpecifierSet(now) != SpecifierSet(before):
            place = document.place_of("project", "requires-python") or Place(document.path, None if declared else 1)
            return Difference(message(text, before=before, now=now), place, hint)
    return None


def _index(failure: Failure) -> Difference | None:
    """Return the difference if uv.lock has a package from an index that is not set, while another default index is."""
    project, lock = failure.project, failure.project.lock
    variables = {name: failure.env[name].strip() for name in _INDEXES if failure.env.get(name, "").strip()}
    document, settings = project.settings()[0]
    indexes = [index for index in toml.array(settings, "index") if isinstance(index, dict)]
    urls = [settings.get("index-url"), *(index.get("url") for index in indexes if index.get("default"))]
    default_urls = [url for url in urls if isinstance(url, str)]
    if not default_urls and variables.keys().isdisjoint(_DEFAULT_INDEX):
        return None
    known = without_credentials("\n".join([document.text, *variables.values()]))
    now = [*(f"`{name}` is {url}" for name, url in variables.items()), *(f"{document.name} has {url}" for url in default_urls)]
    for package in lock.packages:
        locked = toml.string(toml.table(package, "source"), "registry")
        if "://" in locked and locked.rstrip("/") not in known:
            place = Place(lock.path, lock.document.line_with(f'"{locked}"'))
            if default_urls and not variables:
                place = Place(document.path, document.line_with(default_urls[-1]))
            values = {"name": package.get("name"), "release": package.get("version"), "locked": locked, "now": " and ".join(now)}
            return Difference(message("uv.lock has {name} {release} from {locked}, but {now}", **values), place, _SAME_INDEX)
    return None


def _changes(failure: Failure) -> Message | str:
    """Return a sentence on what `uv lock` would change, or an empty string if unknown."""
    try:
        dry_run = failure.lock_dry_run()
    except OSError:
        return ""
    lines = re.findall(r"^(Add|Remove|Update)(?:e?d)? ([A-Za-z0-9][\w.-]*) (v\S.*)$", dry_run.output, re.MULTILINE | re.ASCII)
    if dry_run.returncode or not (lines or "ockfile changes detected" in dry_run.output):
        return ""
    if not lines:
        return message(" `uv lock` would keep all packages and versions.")
    plans = []
    for verb in ("Add", "Remove", "Update"):
        # uv writes versions as in `v1.0, v2.0 -> v3.0`.
        changed = [(name, re.sub(r"(?<!\S)v(?=[0-9])", "", versions.strip())) for action, name, versions in lines if action == verb]
        if changed:
            plans.append(f"{verb.lower()} {listed([f'{name} {versions}' for name, versions in changed])}")
    return message(" `uv lock` would {plans}.", plans="; ".join(plans))

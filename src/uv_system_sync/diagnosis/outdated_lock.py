"""Explains why uv does not accept uv.lock, by comparing what it was made with to the project, its settings and its indexes."""

from __future__ import annotations

import contextlib
import os
import re
import textwrap
from typing import TYPE_CHECKING, Iterable, Iterator

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

_LOCK = "Run {lock_command} and commit uv.lock."
_UNKNOWN_SETTING = (
    "Correct it, or use a uv that knows it, or run {lock_command} and commit uv.lock. In a workflow, {uv_version} can ask for another uv."
)
_NO_REQUIRES_PYTHON = "Add `requires-python` to `[project]`, run {lock_command} and commit uv.lock; {frozen} accepts uv.lock as it is."
_SAME_INDEX = (
    "Use the same index here and for locking: unset the variable here, or set it, run {lock_command} and commit uv.lock."
    " {frozen} takes the files from where uv.lock has them."
)

# Settings, and the table and the key that uv.lock has them in. Those in `options` can be in uv.toml, too.
_SETTINGS = (
    ("resolution", "options", "resolution-mode"),
    ("prerelease", "options", "prerelease-mode"),
    ("fork-strategy", "options", "fork-strategy"),
    ("exclude-newer", "options", "exclude-newer"),
    ("constraint-dependencies", "manifest", "constraints"),
    ("override-dependencies", "manifest", "overrides"),
    ("build-constraint-dependencies", "manifest", "build-constraints"),
    ("exclude-dependencies", "manifest", "excludes"),
    ("environments", "", "supported-markers"),
    ("required-environments", "", "required-markers"),
    ("conflicts", "", "conflicts"),
)
_DEFAULTS = {"resolution": "highest", "prerelease": "if-necessary-or-explicit", "fork-strategy": "requires-python"}
# The revision of uv.lock since which it has `default-groups`.
_HAS_DEFAULT_GROUPS = 5
# Variables that add an index, after those that replace the default one.
_DEFAULT_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
_INDEXES = (*_DEFAULT_INDEX, "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


def outdated(failure: Failure) -> ActionError | None:
    """Return the error if uv refuses uv.lock because it is outdated, or None."""
    if not failure.match("The lockfile at `[^`]*` needs to be updated, but `--locked` was provided"):
        return None
    cause = because(failure)
    clause = message(": {clause}", clause=cause.clause) if cause else ""
    hint, place = (cause.hint or _LOCK, cause.place) if cause else (_LOCK, Place(failure.project.lock.path, 1))
    return failure.error(LockOutdated, "uv.lock is outdated{cause}.{changes}", hint, place, cause=clause, changes=_changes(failure))


def unsolvable(failure: Failure) -> ActionError | None:
    """Return the error for requirements that no set of versions fulfils, or None; uv resolves only if uv.lock is outdated."""
    found = failure.match(r"No solution found when resolving.*?(Because .*?)(?= (?:hint|help): |$)")
    if found is None:
        return None
    cause = because(failure)
    name = re.match(r"Because (?:there (?:is|are) no versions? of |only )?([A-Za-z0-9][\w.-]*)", found.group(1))
    fact = "{subject}uv finds no versions that fit together. {reason}{because}"
    hint = "Correct the requirement, or the setting that has changed, then run {lock_command} and commit uv.lock."
    reason = textwrap.shorten(found.group(1), 600, placeholder=" …")
    why = sentence(cause) or " uv had to resolve because uv.lock is outdated."
    subject = f"{name.group(1)}: " if name else ""
    return failure.error(SyncFailed, fact, hint, cause.place if cause else None, subject=subject, reason=reason, because=why)


def sentence(cause: Difference | None) -> Message | str:
    """Return the sentence that follows on an error that uv ran into while it resolved; empty without a `cause`."""
    return message(" uv had to resolve because uv.lock is outdated: {cause}.", cause=cause.clause) if cause else ""


def because(failure: Failure) -> Difference | None:
    """Return why uv resolves although there is a uv.lock, or None if that is not known; the more certain causes come first."""
    found = [*requirements.differences(failure.project)]
    if found:
        more = message(" (and {count} more)", count=len(found) - 1) if len(found) > 1 else ""
        return found[0]._replace(clause=message("{first}{more}", first=found[0].clause, more=more))
    causes = (_ignored_settings(failure), _python(failure), setting_differences(failure.project), _index(failure))
    return next((cause for some in causes for cause in some), None)


def setting_differences(project: Project) -> Iterator[Difference]:
    """Yield each setting that differs from what uv.lock has of it."""
    lock = project.lock.document.data
    for setting, table, key in _SETTINGS:
        _, settings = project.settings()[0 if table == "options" else -1]
        value, locked = settings.get(setting), toml.table(lock, *table.split()).get(key)
        if setting == "conflicts":
            value = _conflicts(project)
        now, before = _comparable(setting, value), _comparable(setting, locked)
        if now != before or _is_another(setting, value, locked, project):
            clause = "`{setting}` has changed since uv.lock was made" if now else "uv.lock was made with `{setting}`, which is not set now"
            if isinstance(now, str):
                clause = "uv.lock was made with `{setting}` {before}, and it is {now} now"
            place = next(it for it in (project.place_of_setting(setting), Place(project.lock.path, 1)) if it.line)
            shown = {"now": now if value else "not set", "before": before}
            yield Difference(message(clause, setting=setting, **shown), place)
    for member in requirements.members(project):
        # They are left out there if they are the default.
        value = toml.table(member.pyproject.data, "tool", "uv").get("default-groups", ["dev"])
        if lock.get("revision", 0) >= _HAS_DEFAULT_GROUPS and value != member.package.get("default-groups", ["dev"]):
            place = member.pyproject.place_of("tool", "uv", "default-groups") or Place(project.lock.path, 1)
            yield Difference(message("`{setting}` has changed since uv.lock was made", setting="default-groups"), place)


def _comparable(setting: str, value: object) -> object:
    """Return `value` in a form in which uv.lock and the settings have the same; false if it is not set."""
    items = value if isinstance(value, list) else []
    if setting in _DEFAULTS:
        return _DEFAULTS[setting] if value in (None, "if-necessary") else str(value)
    if setting.endswith("-dependencies"):
        return {(it.name, it.extras, None if it.has_source else it.specifier) for it in _requirements(items)}
    return bool(value)


def _is_another(setting: str, value: object, locked: object, project: Project) -> bool:
    """Return whether a setting has another value in uv.lock, by what `_comparable` leaves out."""
    if setting == "exclude-newer":
        # A duration, and a date without a time, are written in another form there.
        return len({it for it in (value, locked) if isinstance(it, str) and re.fullmatch(r"[\d-]+T[\d:.]+Z", it)}) > 1
    now, before = ([it] if isinstance(it, str) else it if isinstance(it, list) else [] for it in (value, locked))
    if setting == "conflicts":
        declared, sets = {frozenset(it) for it in now}, {frozenset(map(_conflicting, it)) for it in before if isinstance(it, list)}
        # uv adds some for groups that include others.
        has_includes = any("include-group" in it.pyproject.text for it in requirements.members(project))
        return not declared <= sets if has_includes else declared != sets
    if setting.endswith("environments"):
        lists = [[_requirements(f"x; {it}" for it in items) for items in (now, before)]]
    else:
        names = {it.name for it in _requirements(now)} if setting.endswith("-dependencies") else set()
        lists = [[[it for it in _requirements(items) if it.name == name] for items in (now, before)] for name in names]
    requires_python = toml.string(project.lock.document.data, "requires-python")
    return any(requirements.markers_differ(one, other, requires_python, "") for one, other in lists)


def _requirements(items: Iterable[object]) -> list[Requirement]:
    return [*filter(None, (requirements.parsed(it) if isinstance(it, str) else requirements.locked(it) for it in items))]


def _conflicts(project: Project) -> list[list[tuple[str, str, str]]]:
    """Return the conflicts that the members of the workspace declare, with the package of each."""
    members = [it for it in requirements.members(project) if it.in_workspace]
    sets = [(it.name, one) for it in members for one in toml.array(toml.table(it.pyproject.data, "tool", "uv"), "conflicts")]
    return [[_conflicting({"package": name, **item}) for item in items if isinstance(item, dict)] for name, items in sets]


def _conflicting(item: toml.Table) -> tuple[str, str, str]:
    kind = next((kind for kind in ("extra", "group") if kind in item), "")
    return normalized_name(toml.string(item, "package")), kind, normalized_name(toml.string(item, kind))


def _ignored_settings(failure: Failure) -> Iterator[Difference]:
    """Find that uv ignores all settings because it does not know one; it may be older than the uv that made uv.lock."""
    pattern = r"^warning: Failed to parse `?([^`\n]+?)`? during settings discovery:\n.* line (\d+), .*\n(?:[^|\n]*\|.*\n){1,5} *(.{1,200})"
    found = re.search(pattern, failure.own, re.MULTILINE)
    if found:
        name, line, reason = found.groups()
        text = "uv ignores all settings in {name}, because of line {number}: {reason}"
        clause = message(text, name=name, number=line, reason=reason.partition(", expected one of")[0])
        yield Difference(clause, Place(os.path.join(failure.project.root, name), int(line)), _UNKNOWN_SETTING)


def _python(failure: Failure) -> Iterator[Difference]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    project = failure.project
    before = toml.string(project.lock.document.data, "requires-python")
    documents = [project.pyproject, *(it.pyproject for it in requirements.members(project) if it.in_workspace)]
    declared = {toml.string(toml.table(it.data, "project"), "requires-python"): it for it in reversed(documents)}
    declared.pop("", None)
    now = next(iter(declared), ">={}.{}".format(*failure.target.minor))
    # uv.lock has what several members have in common, and `~=` in another form.
    if not before or len(declared) > 1 or "~=" in now:
        return
    with contextlib.suppress(InvalidSpecifier):
        if SpecifierSet(now) != SpecifierSet(before):
            document, hint = declared.get(now, project.pyproject), "" if declared else _NO_REQUIRES_PYTHON
            text = "uv.lock was made with `requires-python` {before}, and it is {now} now"
            if not declared:
                text = "nothing sets `requires-python`, so uv uses that of this Python: {now} now, and {before} before"
            place = document.place_of("project", "requires-python") or Place(document.path, None if declared else 1)
            yield Difference(message(text, before=before, now=now), place, hint)


def _index(failure: Failure) -> Iterator[Difference]:
    """Find a package that uv.lock has from an index which is not set, if another default index is."""
    project, lock = failure.project, failure.project.lock
    variables = {name: failure.env[name].strip() for name in _INDEXES if failure.env.get(name, "").strip()}
    document, table = project.settings()[0]
    urls = [table.get("index-url"), *(it.get("url") for it in toml.array(table, "index") if isinstance(it, dict) and it.get("default"))]
    settings = [url for url in urls if isinstance(url, str)]
    if not settings and variables.keys().isdisjoint(_DEFAULT_INDEX):
        return
    known = without_credentials("\n".join([document.text, *variables.values()]))
    for package in lock.packages:
        locked = toml.string(toml.table(package, "source"), "registry")
        if "://" in locked and locked.rstrip("/") not in known:
            now = [*(f"`{name}` is {url}" for name, url in variables.items()), *(f"{document.name} has {url}" for url in settings)]
            values = {"name": package.get("name"), "release": package.get("version"), "locked": locked, "now": " and ".join(now)}
            file, text = (document, settings[-1]) if settings and not variables else (lock.document, f'"{locked}"')
            place = Place(file.path, file.line_with(text))
            yield Difference(message("uv.lock has {name} {release} from {locked}, and {now}", **values), place, _SAME_INDEX)


def _changes(failure: Failure) -> Message | str:
    """Return a sentence on what `uv lock` would change, or an empty string if that is not known."""
    try:
        dry_run = failure.lock_dry_run()
    except OSError:
        return ""
    lines = re.findall(r"^(Add|Remove|Update)(?:e?d)? ([A-Za-z0-9][\w.-]*) (v\S.*)$", dry_run.output, re.MULTILINE | re.ASCII)
    if dry_run.returncode or not (lines or "ockfile changes detected" in dry_run.output):
        return ""
    if not lines:
        return message(" `uv lock` would keep all packages and versions.")
    plans = {
        verb: [f"{name} {re.sub(r'(^|(?<= ))v(?=[0-9])', '', versions.strip())}" for kind, name, versions in lines if kind == verb]
        for verb in ("Add", "Remove", "Update")
    }
    listing = "; ".join(f"{verb.lower()} {listed(names)}" for verb, names in plans.items() if names)
    return message(" `uv lock` would {plans}.", plans=listing)

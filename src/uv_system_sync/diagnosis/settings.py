"""Compares uv's settings with those that uv.lock was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

from uv_system_sync.diagnosis import members, requirements
from uv_system_sync.project import toml
from uv_system_sync.project.toml import Place
from uv_system_sync.text import Message, message, normalized_name

if TYPE_CHECKING:
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Table

# Lists of requirements, and where uv.lock has them.
_LISTS = (
    ("constraint-dependencies", "constraints"),
    ("override-dependencies", "overrides"),
    ("build-constraint-dependencies", "build-constraints"),
    ("exclude-dependencies", "excludes"),
)


def differences(project: Project) -> Iterator[tuple[Message, Place]]:
    """Yield a clause on each setting that differs, and where it is set."""
    for setting, now, before in _compared(project):
        if now != before:
            clause = "uv.lock was made with `{setting}` {before}, and it is {now} now"
            if not isinstance(now, str):
                clause = (
                    "`{setting}` has changed since uv.lock was made" if now else "uv.lock was made with `{setting}`, which is not set now"
                )
            place = project.place_of_setting(setting)
            yield message(clause, setting=setting, now=now, before=before), place if place.line else Place(project.lock.path, 1)


def _compared(project: Project) -> Iterator[tuple[str, object, object]]:
    """Yield each setting with what it is now and what uv.lock has, both in a form that can be compared; false is not set."""
    lock = project.lock.document.data
    options, manifest = toml.table(lock, "options"), toml.table(lock, "manifest")
    # uv reads these from uv.toml too, and the others from the workspace's pyproject.toml only.
    _, first = project.settings()[0]
    _, workspace = project.settings()[-1]
    yield "resolution", _choice(first, "resolution", "highest"), _choice(options, "resolution-mode", "highest")
    prerelease = "if-necessary-or-explicit"
    yield "prerelease", _choice(first, "prerelease", prerelease), _choice(options, "prerelease-mode", prerelease)
    yield "fork-strategy", _choice(first, "fork-strategy", "requires-python"), _choice(options, "fork-strategy", "requires-python")
    # Newer versions of uv accept another date.
    yield "exclude-newer", "exclude-newer" in first, not {"exclude-newer", "exclude-newer-span"}.isdisjoint(options)
    yield "dependency-metadata", _names(first, "dependency-metadata"), _names(manifest, "dependency-metadata")
    for setting, key in _LISTS:
        yield setting, _requirements(workspace, setting), _requirements(manifest, key)
    now, before = _conflicts(project), _conflict_sets(lock, "")
    # uv adds sets for groups that include one of those that conflict.
    yield "conflicts", now, before & now if now else before
    for setting, key in (("environments", "supported-markers"), ("required-environments", "required-markers")):
        yield setting, _count(workspace.get(setting)), _count(lock.get(key))


def _choice(table: Table, key: str, default: str) -> str:
    value = toml.string(table, key) or default
    return "if-necessary-or-explicit" if value == "if-necessary" else value


def _names(table: Table, key: str) -> set[str]:
    return {normalized_name(toml.string(item, "name")) for item in toml.array(table, key) if isinstance(item, dict)}


def _requirements(table: Table, key: str) -> set[object]:
    from packaging.specifiers import SpecifierSet

    items = (requirements.parsed(item) if isinstance(item, str) else requirements.locked(item) for item in toml.array(table, key))
    # uv.lock has markers in another form.
    return {(it.name, it.extras, None if it.source else SpecifierSet(it.specifier), bool(it.marker)) for it in items if it}


def _count(environments: object) -> int:
    return len(environments) if isinstance(environments, list) else int(isinstance(environments, str))


def _conflicts(project: Project) -> set[object]:
    declared = [_conflict_sets(toml.table(it.pyproject.data, "tool", "uv"), it.name) for it in members.find(project) if it.in_workspace]
    return set().union(*declared)


def _conflict_sets(table: Table, package: str) -> set[object]:
    """Return the sets of conflicting packages, extras and groups in `table`, each item as three names; the first may be `package`."""
    sets = [[item for item in items if isinstance(item, dict)] for items in toml.array(table, "conflicts") if isinstance(items, list)]
    return {frozenset(_conflicting({"package": package, **item}) for item in items) for items in sets}


def _conflicting(item: Table) -> tuple[str, ...]:
    return tuple(normalized_name(toml.string(item, key)) for key in ("package", "extra", "group"))

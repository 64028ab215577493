"""Compares what the pyproject.toml files of a project require with what uv.lock has noted of it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from uv_system_sync.errors import ActionError, ProjectInvalid
from uv_system_sync.project import toml

if TYPE_CHECKING:
    from uv_system_sync.project.pyproject import Project


class Difference(NamedTuple):
    """Something that uv.lock does not know, or knows differently: a clause that says so, and where it is."""

    text: str
    file: str
    line: int | None


class _Requirement(NamedTuple):
    """What is required of a package; without a `specifier`, it comes from somewhere that has no choice of versions."""

    text: str
    name: str
    extras: frozenset[str]
    specifier: str | None

    def agrees_with(self, other: _Requirement) -> bool:
        from packaging.specifiers import SpecifierSet

        if (self.name, self.extras) != (other.name, other.extras):
            return False
        return None in (self.specifier, other.specifier) or SpecifierSet(self.specifier or "") == SpecifierSet(other.specifier or "")


# The keys of each list of requirements in pyproject.toml, and what it holds.
_Lists = Dict[Tuple[str, ...], List[_Requirement]]


def differences(project: Project) -> list[Difference]:
    """Return what `project` and the members of its workspace require otherwise than uv.lock has it, as far as it can be told.

    Markers and sources are left aside: uv.lock has them in a form of its own.
    """
    found = [item for file, package in members(project) for item in _of_member(file, package, project.root)]
    # The member that the step is for comes first.
    return sorted(found, key=lambda item: item.file != project.pyproject)


def members(project: Project) -> Iterator[tuple[str, toml.Table]]:
    """Yield the pyproject.toml of each package that uv.lock has from a folder, and what it has of that package."""
    for package in packages(project):
        source = toml.table(package, "source")
        folder = source.get("editable", source.get("virtual", source.get("directory")))
        file = os.path.normpath(os.path.join(project.root, str(folder), "pyproject.toml"))
        if isinstance(folder, str) and "\0" not in folder and os.path.isfile(file):
            yield file, package


def packages(project: Project) -> list[toml.Table]:
    """Return the packages in uv.lock; none, when it cannot be read."""
    return [package for package in toml.array(_load(project.lock), "package") if isinstance(package, dict)]


def _load(path: str) -> toml.Table:
    try:
        return toml.load(path, ProjectInvalid)
    except ActionError:
        # For uv to say what is wrong with it.
        return {}


def _of_member(file: str, package: toml.Table, root: str) -> Iterator[Difference]:
    document = _load(file)
    if not document:
        return
    project = toml.table(document, "project")
    dynamic = toml.array(project, "dynamic")
    shown = os.path.relpath(file, root).replace(os.sep, "/")
    yield from _of_version(file, shown, project, package)
    required, locked = _required(document), _locked(package)
    for keys in {**required, **locked}:
        # Without `[project]`, it is the build backend that says what is required.
        if keys[0] != "project" or (project and keys[1] not in dynamic):
            own = str(package.get("name", ""))
            yield from _of_list(file, shown, keys, required.get(keys, []), [item for item in locked.get(keys, []) if item.name != own])


def _of_version(file: str, shown: str, project: toml.Table, package: toml.Table) -> Iterator[Difference]:
    from packaging.version import InvalidVersion, Version

    now, locked = project.get("version"), package.get("version")
    try:
        differ = isinstance(now, str) and isinstance(locked, str) and Version(now) != Version(locked)
    except InvalidVersion:
        return
    if differ:
        line = toml.line_of_item(file, ("project", "version"), str(now))
        yield Difference(f"{shown} has the version {now}, and uv.lock has {locked}", file, line)


def _of_list(
    file: str, shown: str, keys: tuple[str, ...], required: list[_Requirement], locked: list[_Requirement]
) -> Iterator[Difference]:
    where = f"`{'.'.join(keys[1:] if keys[0] == 'project' else keys)}`"
    by_name = {item.name: item for item in locked}
    for item in required:
        if not any(item.agrees_with(other) for other in locked):
            known = f"knows it as `{by_name[item.name].text}`" if item.name in by_name else "does not know it"
            yield Difference(f"{shown} has `{item.text}` in {where}, and uv.lock {known}", file, toml.line_of_item(file, keys, item.text))
    names = {item.name for item in required}
    for name, item in by_name.items():
        if name not in names:
            gone = f"uv.lock knows `{item.text}` from {where}, and {shown} does not have it any more"
            yield Difference(gone, file, toml.line_of_item(file, keys, "") or toml.line_of_item(file, keys[:-1], ""))


def _required(document: toml.Table) -> _Lists:
    project, groups = toml.table(document, "project"), toml.table(document, "dependency-groups")
    extras = toml.table(project, "optional-dependencies")
    own = _normalized(str(project.get("name", "")))
    texts: dict[tuple[str, ...], Iterable[object]] = {("project", "dependencies"): toml.array(project, "dependencies")}
    texts.update({("project", "optional-dependencies", _normalized(name)): toml.array(extras, name) for name in extras})
    texts.update({("dependency-groups", _normalized(name)): _of_group(groups, name, ()) for name in groups})
    legacy = toml.array(toml.table(toml.table(document, "tool"), "uv"), "dev-dependencies")
    if legacy:
        texts["dependency-groups", "dev"] = [*texts.get(("dependency-groups", "dev"), []), *legacy]
    parsed = {keys: [_parsed(text) for text in items if isinstance(text, str)] for keys, items in texts.items()}
    # What a project requires of itself, with another extra, is locked in more than one way.
    return {keys: [item for item in items if item is not None and item.name != own] for keys, items in parsed.items()}


def _of_group(groups: toml.Table, name: str, path: tuple[str, ...]) -> Iterator[object]:
    """Yield what a group holds, with what the groups hold that it includes (PEP 735)."""
    for item in toml.array(groups, name):
        included = _normalized(str(item.get("include-group", ""))) if isinstance(item, dict) else ""
        if not included:
            yield item
        elif included not in path and len(path) < len(groups):
            for other in groups:
                if _normalized(other) == included:
                    yield from _of_group(groups, other, (*path, included))


def _parsed(text: str) -> _Requirement | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text)
    except InvalidRequirement:
        # For uv to say what is wrong with it.
        return None
    specifier = None if found.url else str(found.specifier)
    return _Requirement(text, _normalized(found.name), frozenset(map(_normalized, found.extras)), specifier)


def _locked(package: toml.Table) -> _Lists:
    metadata = toml.table(package, "metadata")
    found: _Lists = {}
    for entry in toml.array(metadata, "requires-dist"):
        requirement = _noted(entry)
        extras = map(_normalized, re.findall(r"extra == '([^']+)'", str(entry.get("marker", ""))) if requirement else [])
        # A marker may name an extra that there is not; locks of older versions do not say which there are.
        provided = toml.array(metadata, "provides-extras")
        lists: list[tuple[str, ...]] = [("project", "optional-dependencies", it) for it in extras if not provided or it in provided]
        for keys in lists or [("project", "dependencies")]:
            found.setdefault(keys, []).extend(filter(None, [requirement]))
    groups = toml.table(metadata, "requires-dev")
    for name in groups:
        found["dependency-groups", _normalized(name)] = list(filter(None, map(_noted, toml.array(groups, name))))
    return found


def _noted(entry: object) -> _Requirement | None:
    """Return what an entry of uv.lock's metadata requires, or None when it is in no form that is known."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return None
    specifier = str(entry.get("specifier", ""))
    try:
        SpecifierSet(specifier)
    except InvalidSpecifier:
        return None
    extras = sorted(_normalized(str(extra)) for extra in toml.array(entry, "extras"))
    fixed = any(key in entry for key in ("url", "git", "path", "directory", "editable", "virtual"))
    text = entry["name"] + f"[{','.join(extras)}]" * bool(extras) + specifier
    return _Requirement(text, _normalized(entry["name"]), frozenset(extras), None if fixed else specifier)


def _normalized(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)

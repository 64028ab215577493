"""Compares what the pyproject.toml files of a project require with what uv.lock has of it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from uv_system_sync.diagnosis import markers, members
from uv_system_sync.project import toml
from uv_system_sync.project.toml import Place
from uv_system_sync.text import Message, message, normalized_name

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.members import Member
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Document, Table

_FOLDERS = ("path", "directory", "editable", "virtual")


class Difference(NamedTuple):
    """A clause on something that uv.lock does not have, or has in another form, and where that is."""

    clause: Message
    place: Place


class Requirement(NamedTuple):
    """What is required of a package.

    `source` is the kind of a source that leaves no choice of versions and, from uv.lock, its address.
    """

    text: str
    name: str
    extras: frozenset[str]
    specifier: str
    marker: str
    source: tuple[str, ...] = ()

    def agrees_with(self, other: Requirement) -> bool:
        """Return whether both allow the same versions, with the same extras; markers and sources are left aside."""
        from packaging.specifiers import SpecifierSet

        if (self.name, self.extras) != (other.name, other.extras):
            return False
        return bool(self.source or other.source) or SpecifierSet(self.specifier) == SpecifierSet(other.specifier)


# The keys of each list of requirements in pyproject.toml, and what it holds.
_Lists = Dict[Tuple[str, ...], List[Requirement]]


class _Comparison(NamedTuple):
    """A package whose pyproject.toml is compared with its entry in uv.lock; `file` is how messages name the former."""

    member: Member
    file: str
    sources: Table
    requires_python: str


def differences(project: Project) -> list[Difference]:
    """Return what the packages of `project` require and uv.lock does not have, or the reverse, as far as it is known."""
    lock = project.lock.document.data
    _, settings = project.settings()[-1]
    found: list[Difference] = []
    # The project comes before other members of its workspace.
    for member in sorted(members.find(project), key=lambda it: it.pyproject.path != project.pyproject.path):
        sources = {**toml.table(settings, "sources"), **toml.table(member.pyproject.data, "tool", "uv", "sources")}
        file = os.path.relpath(member.pyproject.path, project.root).replace(os.sep, "/")
        by_name = {normalized_name(name): source for name, source in sources.items()}
        found += _of_member(_Comparison(member, file, by_name, toml.string(lock, "requires-python")))
    return found


def parsed(text: str) -> Requirement | None:
    """Return a requirement as pyproject.toml has it, or None if it is malformed."""
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        found = Parsed(text)
    except InvalidRequirement:
        # uv reports what is wrong with it.
        return None
    source = () if not found.url else ("git",) if found.url.startswith("git+") else ("address",)
    extras = frozenset(map(normalized_name, found.extras))
    return Requirement(text, normalized_name(found.name), extras, str(found.specifier), str(found.marker or ""), source)


def locked(entry: object) -> Requirement | None:
    """Return a requirement as uv.lock has it, or None if it is malformed."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return None
    specifier = toml.string(entry, "specifier")
    try:
        SpecifierSet(specifier)
    except InvalidSpecifier:
        return None
    extras = sorted(normalized_name(str(extra)) for extra in toml.array(entry, "extras"))
    kinds = [("git", "git"), ("url", "address"), *((key, "address") for key in _FOLDERS)]
    source = next(((kind, str(entry[key])) for key, kind in kinds if key in entry), ())
    text = entry["name"] + (f"[{','.join(extras)}]" if extras else "") + specifier
    return Requirement(text, normalized_name(entry["name"]), frozenset(extras), specifier, toml.string(entry, "marker"), source)


def _of_member(this: _Comparison) -> Iterator[Difference]:
    document, project = this.member.pyproject, toml.table(this.member.pyproject.data, "project")
    if not document.data:
        return
    dynamic = toml.array(project, "dynamic")
    yield from _of_version(this, project)
    now, before = _required(document), _locked(this.member.package)
    for keys in {**now, **before}:
        # Without `[project]`, the build backend decides what is required.
        if keys[0] != "project" or (project and keys[1] not in dynamic):
            yield from _of_list(this, keys, now.get(keys, []), [item for item in before.get(keys, []) if item.name != this.member.name])


def _of_version(this: _Comparison, project: Table) -> Iterator[Difference]:
    from packaging.version import InvalidVersion, Version

    now, before = toml.string(project, "version"), toml.string(this.member.package, "version")
    try:
        differ = bool(now and before) and Version(now) != Version(before)
    except InvalidVersion:
        return
    if differ:
        clause = message("{file} has the version {now}, and uv.lock has {before}", file=this.file, now=now, before=before)
        yield Difference(clause, _place(this, ("project", "version")))


def _of_list(this: _Comparison, keys: tuple[str, ...], now: list[Requirement], before: list[Requirement]) -> Iterator[Difference]:
    table = ".".join(keys[1:] if keys[0] == "project" else keys)
    by_name = {item.name: item for item in before}
    names = {item.name for item in now}
    for item in now:
        values = {"file": this.file, "requirement": item.text, "table": table, "name": item.name}
        if item.name not in by_name:
            clause = message("{file} has `{requirement}` in `{table}`, and uv.lock does not", **values)
        elif not any(item.agrees_with(other) for other in before):
            values["locked"] = by_name[item.name].text
            clause = message("{file} has `{requirement}` in `{table}`, and uv.lock has `{locked}`", **values)
        elif _markers_differ(this, keys, item.name, now, before):
            clause = message("{file} has `{requirement}` in `{table}`, and uv.lock has {name} with another marker", **values)
        elif _sources_differ(this.sources.get(item.name), item, by_name[item.name]):
            clause = message("{file} has another source for {name} than uv.lock", **values)
        else:
            continue
        yield Difference(clause, _place(this, keys, item.text))
    for name, item in by_name.items():
        if name not in names:
            values = {"file": this.file, "requirement": item.text, "table": table}
            clause = message("uv.lock has `{requirement}` in `{table}`, and {file} does not", **values)
            yield Difference(clause, _place(this, keys))


def _markers_differ(this: _Comparison, keys: tuple[str, ...], name: str, now: list[Requirement], before: list[Requirement]) -> bool:
    extra = keys[2] if len(keys) > 2 else ""  # noqa: PLR2004 - project.optional-dependencies.<extra>
    one, other = ({item.marker for item in items if item.name == name} for items in (now, before))
    return markers.differ(one, other, this.requires_python, extra)


def _sources_differ(source: object, now: Requirement, before: Requirement) -> bool:
    """Return whether uv.lock has a requirement from another kind of source, or another revision of a repository, than `source`."""
    from urllib.parse import parse_qs, urlsplit

    kind, revision = now.source[0] if now.source else "", {}
    if isinstance(source, dict) and not {"extra", "group", "marker"} & set(source):
        kind = "git" if "git" in source else "address" if {"url", "path", "workspace"} & set(source) else ""
        revision = {key: [str(source[key])] for key in ("rev", "tag", "branch") if key in source}
    elif source is not None:
        return False
    locked_kind, address = before.source or ("", "")
    try:
        query = parse_qs(urlsplit(address).query)
    except ValueError:
        return False
    return kind != locked_kind or any(query.get(key) != value for key, value in revision.items())


def _place(this: _Comparison, keys: tuple[str, ...], item: str = "") -> Place:
    document = this.member.pyproject
    return document.place_of(*keys, item=item) or document.place_of(*keys[:-1]) or Place(document.path, None)


def _required(document: Document) -> _Lists:
    project, groups = toml.table(document.data, "project"), toml.table(document.data, "dependency-groups")
    extras = toml.table(project, "optional-dependencies")
    own = normalized_name(toml.string(project, "name"))
    texts: dict[tuple[str, ...], Iterable[object]] = {("project", "dependencies"): toml.array(project, "dependencies")}
    texts.update({("project", "optional-dependencies", normalized_name(name)): toml.array(extras, name) for name in extras})
    texts.update({("dependency-groups", normalized_name(name)): _of_group(groups, name, ()) for name in groups})
    legacy = toml.array(toml.table(document.data, "tool", "uv"), "dev-dependencies")
    if legacy:
        texts["dependency-groups", "dev"] = [*texts.get(("dependency-groups", "dev"), []), *legacy]
    found = {keys: [parsed(text) for text in items if isinstance(text, str)] for keys, items in texts.items()}
    # What a project requires of itself, with another extra, is locked in more than one way.
    return {keys: [item for item in items if item is not None and item.name != own] for keys, items in found.items()}


def _of_group(groups: Table, name: str, path: tuple[str, ...]) -> Iterator[object]:
    """Yield the items of a group, and those of the groups that it includes (PEP 735)."""
    for item in toml.array(groups, name):
        included = normalized_name(str(item.get("include-group", ""))) if isinstance(item, dict) else ""
        if not included:
            yield item
        elif included not in path and len(path) < len(groups):
            for other in groups:
                if normalized_name(other) == included:
                    yield from _of_group(groups, other, (*path, included))


def _locked(package: Table) -> _Lists:
    metadata = toml.table(package, "metadata")
    found: _Lists = {}
    for entry in toml.array(metadata, "requires-dist"):
        requirement = locked(entry)
        if requirement:
            extras = map(normalized_name, re.findall(r"extra == '([^']+)'", requirement.marker))
            # A marker may have an extra that is not defined; locks of older versions do not list those that are.
            provided = toml.array(metadata, "provides-extras")
            lists: list[tuple[str, ...]] = [("project", "optional-dependencies", it) for it in extras if not provided or it in provided]
            for keys in lists or [("project", "dependencies")]:
                found.setdefault(keys, []).append(requirement)
    groups = toml.table(metadata, "requires-dev")
    for name in groups:
        found["dependency-groups", normalized_name(name)] = [item for item in map(locked, toml.array(groups, name)) if item]
    return found

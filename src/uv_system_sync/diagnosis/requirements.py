"""Compares what the pyproject.toml files of a project require with what uv.lock has of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from uv_system_sync.project import pyproject, toml
from uv_system_sync.project.toml import Document, Place, Table
from uv_system_sync.text import Message, message, normalized_name

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from uv_system_sync.project.pyproject import Project

# Where a package comes from, if that is no index, as pyproject.toml and uv.lock have it.
_SOURCES = {"git", "url", "path", "workspace", "directory", "editable", "virtual"}
_CORRECT = "Correct it, run {lock_command} and commit both files."
# Where markers are compared.
_SYSTEMS = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))


class Difference(NamedTuple):
    """A clause on what uv.lock does not have, or has in another form, where that is and, if locking is not all, the next step."""

    clause: Message
    place: Place
    hint: str = ""


class Member(NamedTuple):
    """A package that uv.lock takes from a folder: its normalized name, its pyproject.toml and its entry in uv.lock."""

    name: str
    pyproject: Document
    package: Table
    in_workspace: bool


class Requirement(NamedTuple):
    """What is required of a package.

    `has_source` is set if it comes from a place that leaves no choice of versions, and `is_included` if another group has it.
    """

    text: str
    name: str
    extras: frozenset[str]
    specifier: SpecifierSet
    marker: str
    has_source: bool
    is_included: bool = False


# The keys of each list of requirements in pyproject.toml, and what it holds.
_Lists = Dict[Tuple[str, ...], List[Requirement]]


def members(project: Project) -> list[Member]:
    """Return the packages that the uv.lock of `project` takes from folders which are there, the project first.

    The root of a workspace may be no package. Its name is empty then, and its entry has the groups that uv.lock has for it.
    """
    manifest = toml.table(project.lock.document.data, "manifest")
    names = toml.array(manifest, "members") or [normalized_name(project.name)]
    entries = [(toml.string(package, "name"), pyproject.read_or_empty(file), package) for file, package in project.lock.members()]
    found = [Member(name, document, package, name in names) for name, document, package in entries]
    root = pyproject.read_or_empty(os.path.join(project.root, "pyproject.toml"))
    if root.text and "project" not in root.data and root.path not in [member.pyproject.path for member in found]:
        found.append(Member("", root, {"metadata": {"requires-dev": toml.table(manifest, "dependency-groups")}}, in_workspace=True))
    return sorted(found, key=lambda it: it.pyproject.path != project.pyproject.path)


def differences(project: Project) -> Iterator[Difference]:
    """Yield what the packages of `project` require and uv.lock does not have, or the reverse, as far as it is known."""
    from packaging.utils import canonicalize_version

    for member in members(project):
        document, table = member.pyproject, toml.table(member.pyproject.data, "project")
        file = os.path.relpath(document.path, project.root).replace(os.sep, "/")
        now, before = toml.string(table, "version"), toml.string(member.package, "version")
        if now and before and canonicalize_version(now) != canonicalize_version(before):
            clause = message("{file} has the version {now}, and uv.lock has {before}", file=file, now=now, before=before)
            yield Difference(clause, document.place_of("project", "version") or Place(document.path, None))
        yield from _of_lists(member, project, file)


def _of_lists(member: Member, project: Project, file: str) -> Iterator[Difference]:
    """Yield the differences in what a package requires; `file` is the name of its pyproject.toml."""
    document, table = member.pyproject, toml.table(member.pyproject.data, "project")
    required, in_lock = _required(document, project), _locked(member.package)
    requires_python = toml.string(project.lock.document.data, "requires-python")
    for keys, text in _malformed(document):
        clause = message(
            "{file} has `{requirement}` in `{table}`, which is not a valid requirement", file=file, requirement=text, table=".".join(keys)
        )
        yield Difference(clause, document.place_of(*keys, item=text) or Place(document.path, None), _CORRECT)
    found = []
    for keys in {**required, **in_lock} if document.data else ():
        # Without `[project]`, the build backend decides what is required.
        if keys[0] != "project" or (table and keys[1] not in toml.array(table, "dynamic")):
            # What a project requires of itself, with another extra, is locked in more than one way.
            items, others = ([it for it in lists.get(keys, []) if it.name != member.name] for lists in (required, in_lock))
            names = {"file": file, "table": ".".join(keys[keys[0] == "project" :])}
            found += [(clause, item, keys) for clause, item in _compare(items, others, names, (requires_python, keys[-1]))]
    written = {item.text for _, item, _ in found if item and not item.is_included}
    for clause, item, keys in found:
        # It is on the line of the group that is included, if that has the difference, too.
        if not (item and item.is_included and item.text in written):
            place = document.place_of(*keys, item=item.text if item else "") or document.place_of(*keys[:-1])
            yield Difference(clause, place or Place(document.path, None))


def _malformed(document: Document) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each requirement that packaging does not accept, with the keys of its list; an old uv ignores it."""
    project = toml.table(document.data, "project")
    extras, groups = toml.table(project, "optional-dependencies"), toml.table(document.data, "dependency-groups")
    lists: dict[tuple[str, ...], list[object]] = {("project", "dependencies"): toml.array(project, "dependencies")}
    lists.update({("project", "optional-dependencies", name): toml.array(extras, name) for name in extras})
    lists.update({("dependency-groups", name): toml.array(groups, name) for name in groups})
    for keys, items in lists.items():
        yield from ((keys, text) for text in items if isinstance(text, str) and parsed(text) is None)


def parsed(text: str) -> Requirement | None:
    """Return a requirement as pyproject.toml has it, or None if it is malformed, which uv reports."""
    from packaging import requirements

    try:
        found = requirements.Requirement(text)
    except requirements.InvalidRequirement:
        return None
    extras = frozenset(map(normalized_name, found.extras))
    return Requirement(text, normalized_name(found.name), extras, found.specifier, str(found.marker or ""), bool(found.url))


def locked(entry: object) -> Requirement | None:
    """Return a requirement as uv.lock has it, or None if it is malformed."""
    if not isinstance(entry, dict):
        return None
    extras = ",".join(sorted(map(str, toml.array(entry, "extras"))))
    text = toml.string(entry, "name") + (f"[{extras}]" if extras else "") + toml.string(entry, "specifier")
    found = parsed(text)
    return found and found._replace(marker=toml.string(entry, "marker"), has_source=not _SOURCES.isdisjoint(entry))


def _compare(
    now: list[Requirement], before: list[Requirement], names: Table, where: tuple[str, str]
) -> Iterator[tuple[Message, Requirement | None]]:
    """Yield a clause on each difference, and the requirement in pyproject.toml that it is about."""
    for item in now:
        values = {**names, "requirement": item.text, "name": item.name}
        others = [other for other in before if other.name == item.name]
        if not others:
            yield message("{file} has `{requirement}` in `{table}`, and uv.lock does not", **values), item
        elif item.has_source not in [other.has_source for other in others]:
            yield message("{file} has another source for {name} than uv.lock", **values), item
        elif not any(it.extras == item.extras and (it.has_source or it.specifier == item.specifier) for it in others):
            yield message("{file} has `{requirement}` in `{table}`, and uv.lock has `{locked}`", locked=others[0].text, **values), item
        elif markers_differ([it for it in now if it.name == item.name], others, *where):
            yield message("{file} has `{requirement}` in `{table}`, and uv.lock has {name} with another marker", **values), item
    for text in {other.name: other.text for other in before if other.name not in [item.name for item in now]}.values():
        yield message("uv.lock has `{requirement}` in `{table}`, and {file} does not", requirement=text, **names), None


def markers_differ(one: list[Requirement], other: list[Requirement], requires_python: str, extra: str) -> bool:
    """Return whether markers differ in some environment of the project; uv.lock has them in another form than pyproject.toml."""
    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet

    # What is no marker or no version is for uv to report.
    with contextlib.suppress(ValueError):
        both = [[it.marker and Marker(it.marker) for it in items] for items in (one, other)]
        pythons = SpecifierSet(requires_python).filter(f"3.{minor}" for minor in range(8, 20))
        for python, system in itertools.product(pythons, _SYSTEMS):
            names = dict(zip(("sys_platform", "platform_system", "os_name"), system))
            values = {**names, "python_version": python, "python_full_version": f"{python}.0", "extra": extra}
            if len({any(not marker or marker.evaluate(values) for marker in markers) for markers in both}) > 1:
                return True
    return False


def _required(document: Document, project: Project) -> _Lists:
    data, tool = document.data, toml.table(document.data, "tool", "uv")
    extras, groups = toml.table(data, "project", "optional-dependencies"), toml.table(data, "dependency-groups")
    groups = {normalized_name(name): toml.array(groups, name) for name in groups}
    texts: dict[tuple[str, ...], Iterable[object]] = {("dependency-groups", name): groups[name] for name in groups}
    texts["dependency-groups", "dev"] = [*texts.get(("dependency-groups", "dev"), []), *toml.array(tool, "dev-dependencies")]
    texts["project", "dependencies"] = toml.array(toml.table(data, "project"), "dependencies")
    texts.update({("project", "optional-dependencies", normalized_name(name)): toml.array(extras, name) for name in extras})
    # Those of the workspace count for its members, too.
    sources = {**toml.table(project.settings()[-1][1], "sources"), **toml.table(tool, "sources")}
    given = [(name, one) for name, source in sources.items() for one in (source if isinstance(source, list) else [source])]
    # A source can be for one extra or group only.
    sourced = {
        (normalized_name(name), normalized_name(str(one.get("extra") or one.get("group") or "")))
        for name, one in given
        if isinstance(one, dict) and not _SOURCES.isdisjoint(one)
    }
    found = {keys: [*filter(None, (parsed(text) for text in items if isinstance(text, str)))] for keys, items in texts.items()}
    for name in groups:
        included = [it for text in _included(groups, name, (name,)) for it in [parsed(text)] if it]
        found["dependency-groups", name] += [it._replace(is_included=True) for it in included]
    return {
        keys: [it._replace(has_source=it.has_source or bool({(it.name, ""), (it.name, keys[-1])} & sourced)) for it in items]
        for keys, items in found.items()
    }


def _included(groups: Table, name: str, path: tuple[str, ...]) -> Iterator[str]:
    """Yield the requirements of the groups that the group `name` includes (PEP 735)."""
    for item in groups.get(name, []):
        included = normalized_name(str(item.get("include-group", ""))) if isinstance(item, dict) else ""
        if included and included not in path:
            yield from (it for it in groups.get(included, []) if isinstance(it, str))
            yield from _included(groups, included, (*path, included))


def _locked(package: Table) -> _Lists:
    metadata = toml.table(package, "metadata")
    groups = toml.table(metadata, "requires-dev")
    found: _Lists = {("dependency-groups", name): [*filter(None, map(locked, toml.array(groups, name)))] for name in groups}
    for requirement in filter(None, map(locked, toml.array(metadata, "requires-dist"))):
        extras = map(normalized_name, re.findall(r"extra == '([^']+)'", requirement.marker))
        # A marker may have an extra that is not defined; locks of older versions do not list those that are.
        provided = toml.array(metadata, "provides-extras")
        lists: list[tuple[str, ...]] = [("project", "optional-dependencies", it) for it in extras if not provided or it in provided]
        for keys in lists or [("project", "dependencies")]:
            found.setdefault(keys, []).append(requirement)
    return found

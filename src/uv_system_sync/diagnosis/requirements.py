"""Compares the requirements in the pyproject.toml files of a project with those in uv.lock."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Tuple

from uv_system_sync.project import pyproject, toml
from uv_system_sync.project.toml import Document, Place, Table
from uv_system_sync.text import Message, message, normalized_name

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from uv_system_sync.project.pyproject import Project

# Keys in `[tool.uv.sources]` and in requirements of uv.lock for a package that does not come from an index.
_SOURCES = {"git", "url", "path", "workspace", "directory", "editable", "virtual"}
_CORRECT = "Correct it, run {lock_command} and commit both files."
# The systems on which markers are compared: `sys_platform`, `platform_system` and `os_name`.
_SYSTEMS = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))


class Difference(NamedTuple):
    """A difference between the project and uv.lock: a clause, its place and the next step, empty if locking is all there is to do."""

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
    """A requirement in pyproject.toml or uv.lock; names are normalized.

    With `has_source`, the package comes from a source that leaves no choice of versions, such as Git or a folder.
    With `is_included`, the requirement comes from a group that its own group includes.
    """

    text: str
    name: str
    extras: frozenset[str]
    specifier: SpecifierSet
    marker: str
    has_source: bool
    is_included: bool = False


# Where a list of requirements is in pyproject.toml: `("project", "dependencies")`, `("dependency-groups", "dev")`.
_Keys = Tuple[str, ...]
_Lists = Dict[_Keys, List[Requirement]]


def members(project: Project) -> list[Member]:
    """Return the packages that uv.lock takes from existing folders, `project` itself first.

    The root of a workspace need not be a package. Its name is empty then, and its entry has the groups that uv.lock has for it.
    """
    manifest = toml.table(project.lock.document.data, "manifest")
    names = toml.array(manifest, "members") or [normalized_name(project.name)]
    found = []
    for file, package in project.lock.members():
        name = toml.string(package, "name")
        found.append(Member(name, pyproject.read_or_empty(file), package, in_workspace=name in names))
    root = pyproject.read_or_empty(os.path.join(project.root, "pyproject.toml"))
    if root.text and "project" not in root.data and root.path not in [member.pyproject.path for member in found]:
        found.append(Member("", root, {"metadata": {"requires-dev": toml.table(manifest, "dependency-groups")}}, in_workspace=True))
    return sorted(found, key=lambda member: member.pyproject.path != project.pyproject.path)


def differences(project: Project) -> Iterator[Difference]:
    """Yield the known differences between uv.lock and the versions and requirements of the packages of `project`."""
    from packaging.utils import canonicalize_version

    requires_python = toml.string(project.lock.document.data, "requires-python")
    for member in members(project):
        document = member.pyproject
        file = os.path.relpath(document.path, project.root).replace(os.sep, "/")
        now = toml.string(toml.table(document.data, "project"), "version")
        before = toml.string(member.package, "version")
        if now and before and canonicalize_version(now) != canonicalize_version(before):
            clause = message("{file} has version {now}, and uv.lock has version {before}", file=file, now=now, before=before)
            yield Difference(clause, document.place_of("project", "version") or Place(document.path, None))
        yield from _malformed(document, file)
        yield from _requirement_differences(member, file, _sources(document, project), requires_python)


def _malformed(document: Document, file: str) -> Iterator[Difference]:
    """Yield each requirement that packaging does not accept; an old uv ignores it."""
    text = "{file} has `{requirement}` in `{table}`, which is not a valid requirement"
    for keys, items in _written(document).items():
        for item in items:
            if isinstance(item, str) and _requirement(item) is None:
                place = document.place_of(*keys, item=item) or Place(document.path, None)
                yield Difference(message(text, file=file, requirement=item, table=".".join(keys)), place, _CORRECT)


def _requirement_differences(member: Member, file: str, sources: set[tuple[str, str]], requires_python: str) -> Iterator[Difference]:
    """Yield the differences in the requirements of `member`; `file` is the name of its pyproject.toml in messages."""
    document = member.pyproject
    if not document.data:
        return
    required, locked = _required(document, sources), _locked(member.package)
    found = []
    for keys in {**required, **locked}:
        if not _is_comparable(document, keys):
            continue
        # A project can require itself with an extra. uv.lock has such requirements in more than one form.
        now = [item for item in required.get(keys, []) if item.name != member.name]
        before = [item for item in locked.get(keys, []) if item.name != member.name]
        names = {"file": file, "table": ".".join(keys[1:] if keys[0] == "project" else keys)}
        found += [(clause, item, keys) for clause, item in _compare(now, before, names, requires_python, keys[-1])]
    written = {item.text for _, item, _ in found if item and not item.is_included}
    for clause, item, keys in found:
        # The difference is reported for the included group, where the requirement is written.
        if item and item.is_included and item.text in written:
            continue
        place = document.place_of(*keys, item=item.text if item else "") or document.place_of(*keys[:-1])
        yield Difference(clause, place or Place(document.path, None))


def _is_comparable(document: Document, keys: _Keys) -> bool:
    """Return whether pyproject.toml decides what the list at `keys` has; if not, the build backend does."""
    project = toml.table(document.data, "project")
    return keys[0] != "project" or (bool(project) and keys[1] not in toml.array(project, "dynamic"))


def _compare(
    now: list[Requirement], before: list[Requirement], names: Mapping[str, str], requires_python: str, extra: str
) -> Iterator[tuple[Message, Requirement | None]]:
    """Yield a clause for each difference, and the requirement in pyproject.toml that it is about, if there is one.

    `names` are values for the clauses: the `file` and the `table` of the requirements.
    """
    for item in now:
        values = {**names, "requirement": item.text, "name": item.name}
        locked = [other for other in before if other.name == item.name]
        if not locked:
            yield message("{file} has `{requirement}` in `{table}`, and uv.lock does not", **values), item
        elif item.has_source not in [other.has_source for other in locked]:
            yield message("{file} and uv.lock have different sources for {name}", **values), item
        elif not any(item.extras == other.extras and (other.has_source or item.specifier == other.specifier) for other in locked):
            yield message("{file} has `{requirement}` in `{table}`, and uv.lock has `{locked}`", locked=locked[0].text, **values), item
        elif markers_differ([other for other in now if other.name == item.name], locked, requires_python, extra):
            yield message("{file} has `{requirement}` in `{table}`, and uv.lock has {name} with a different marker", **values), item
    required = {item.name for item in now}
    removed = {item.name: item.text for item in before if item.name not in required}
    for text in removed.values():
        yield message("uv.lock has `{requirement}` in `{table}`, and {file} does not", requirement=text, **names), None


def markers_differ(now: list[Requirement], before: list[Requirement], requires_python: str, extra: str = "") -> bool:
    """Return whether the markers of two lists differ in some environment of the project; uv.lock writes them in another form.

    Environments are each minor version of Python in `requires_python` on each of the usual systems, with `extra`.
    """
    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet

    # uv reports markers and versions that are not valid.
    with contextlib.suppress(ValueError):
        both = [[Marker(item.marker) if item.marker else None for item in items] for items in (now, before)]
        for python in SpecifierSet(requires_python).filter(f"3.{minor}" for minor in range(8, 20)):
            versions = {"python_version": python, "python_full_version": f"{python}.0"}
            for sys_platform, platform_system, os_name in _SYSTEMS:
                system = {"sys_platform": sys_platform, "platform_system": platform_system, "os_name": os_name}
                values = {**versions, **system, "extra": extra}
                is_required, was_required = (any(marker is None or marker.evaluate(values) for marker in markers) for markers in both)
                if is_required != was_required:
                    return True
    return False


def parsed(items: Iterable[object]) -> list[Requirement]:
    """Return the requirements among `items`: strings as in pyproject.toml and tables as in uv.lock. uv reports malformed ones."""
    return [requirement for requirement in map(_requirement, items) if requirement]


def _requirement(item: object) -> Requirement | None:
    from packaging import requirements

    if isinstance(item, dict):
        extras = ",".join(sorted(map(str, toml.array(item, "extras"))))
        text = toml.string(item, "name") + (f"[{extras}]" if extras else "") + toml.string(item, "specifier")
        locked = _requirement(text)
        return locked and locked._replace(marker=toml.string(item, "marker"), has_source=not _SOURCES.isdisjoint(item))
    if not isinstance(item, str):
        return None
    try:
        found = requirements.Requirement(item)
    except requirements.InvalidRequirement:
        return None
    names = frozenset(map(normalized_name, found.extras))
    return Requirement(item, normalized_name(found.name), names, found.specifier, str(found.marker or ""), bool(found.url))


def _written(document: Document) -> dict[_Keys, list[object]]:
    """Return the lists of requirements in pyproject.toml, as written."""
    project, groups = toml.table(document.data, "project"), toml.table(document.data, "dependency-groups")
    extras = toml.table(project, "optional-dependencies")
    found: dict[_Keys, list[object]] = {("project", "dependencies"): toml.array(project, "dependencies")}
    found.update({("project", "optional-dependencies", name): toml.array(extras, name) for name in extras})
    found.update({("dependency-groups", name): toml.array(groups, name) for name in groups})
    return found


def _required(document: Document, sources: set[tuple[str, str]]) -> _Lists:
    """Return the requirements in pyproject.toml, groups first; `sources` are those that `_sources` returns."""
    lists = {(*keys[:-1], normalized_name(keys[-1])): items for keys, items in _written(document).items()}
    groups = {keys[1]: items for keys, items in lists.items() if keys[0] == "dependency-groups"}
    development = toml.array(toml.table(document.data, "tool", "uv"), "dev-dependencies")
    lists["dependency-groups", "dev"] = [*groups.get("dev", []), *development]
    found: _Lists = {}
    for keys in sorted(lists, key=lambda keys: keys[0]):
        requirements = parsed(lists[keys])
        if keys[0] == "dependency-groups":
            included = parsed(_included(groups, keys[1], (keys[1],)))
            requirements += [requirement._replace(is_included=True) for requirement in included]
        found[keys] = []
        for requirement in requirements:
            has_source = requirement.has_source or (requirement.name, "") in sources or (requirement.name, keys[-1]) in sources
            found[keys].append(requirement._replace(has_source=has_source))
    return found


def _sources(document: Document, project: Project) -> set[tuple[str, str]]:
    """Return the packages that `[tool.uv.sources]` does not take from an index.

    Each is the name of the package and the extra or group that the source is limited to, or an empty string.
    """
    # The sources of the workspace apply to its members, too.
    _, workspace = project.settings()[-1]
    tables = {**toml.table(workspace, "sources"), **toml.table(document.data, "tool", "uv", "sources")}
    found = set()
    for name, value in tables.items():
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict) and not _SOURCES.isdisjoint(source):
                limit = source.get("extra") or source.get("group") or ""
                found.add((normalized_name(name), normalized_name(str(limit))))
    return found


def _included(groups: Mapping[str, list[object]], name: str, path: tuple[str, ...]) -> Iterator[str]:
    """Yield the requirements of all groups that the group `name` includes (PEP 735); `path` has the groups that lead to it."""
    for item in groups.get(name, []):
        included = normalized_name(str(item.get("include-group", ""))) if isinstance(item, dict) else ""
        if included and included not in path:
            yield from (requirement for requirement in groups.get(included, []) if isinstance(requirement, str))
            yield from _included(groups, included, (*path, included))


def _locked(package: Table) -> _Lists:
    """Return the requirements in the entry of a package in uv.lock, by the keys that they have in pyproject.toml."""
    metadata = toml.table(package, "metadata")
    groups = toml.table(metadata, "requires-dev")
    provided = toml.array(metadata, "provides-extras")
    found: _Lists = {("dependency-groups", name): parsed(toml.array(groups, name)) for name in groups}
    for requirement in parsed(toml.array(metadata, "requires-dist")):
        extras = map(normalized_name, re.findall(r"extra == '([^']+)'", requirement.marker))
        # A marker may have an extra that is not defined. Locks of older versions do not list the extras that are.
        lists: list[_Keys] = [("project", "optional-dependencies", extra) for extra in extras if not provided or extra in provided]
        for keys in lists or [("project", "dependencies")]:
            found.setdefault(keys, []).append(requirement)
    return found

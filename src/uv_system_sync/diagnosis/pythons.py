"""Explains which Python the project, uv.lock or a group of dependencies rejects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterator, NamedTuple

from uv_system_sync.diagnosis import members
from uv_system_sync.errors import ActionError, ProjectInvalid, PythonRejected
from uv_system_sync.project import toml
from uv_system_sync.text import normalized_name

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Document, Place

_GROUPS = ("tool", "uv", "dependency-groups")


class _Group(NamedTuple):
    """The Pythons that a group of dependencies is for, and where that is."""

    requires: str
    place: Place | None


def rejected(failure: Failure) -> ActionError | None:
    """Return the error if `requires-python` of the project or of uv.lock excludes the target, or None."""
    project = failure.project
    for document, keys in ((project.pyproject, ("project", "requires-python")), (project.lock.document, ("requires-python",))):
        requires = toml.string(toml.table(document.data, *keys[:-1]), keys[-1])
        if not _accepts(requires, failure.target.version):
            return failure.error(
                PythonRejected,
                "{name} requires Python {requires}, and {python} is Python {version}.",
                "Use a Python that the project accepts, or widen `requires-python` and run {lock_command}."
                " In a workflow, correct `python-version` of actions/setup-python, or leave this Python out of the matrix (`exclude:`).",
                document.place_of(*keys),
                name=document.name,
                requires=requires,
            )
    return None


def rejected_by_group(failure: Failure) -> ActionError | None:
    """Return the error if `requires-python` of a selected group excludes the target, or None."""
    words = failure.words
    if "incompatible with the project's Python requirement" not in words:
        return None
    names = re.findall(r"`tool\.uv\.dependency-groups\.([\w.-]+)\.requires-python`", words) or re.findall(r"- [\w.-]+:([\w.-]+): ", words)
    groups = _groups(failure.project)
    found = [name for name in names if name in groups]
    if not found:
        return None
    return failure.error(
        PythonRejected,
        "The group {wanted}, and {python} is Python {version}.",
        "Leave out the group ({no_dev} leaves out `dev`), or widen its `requires-python` and run {lock_command}."
        " In a workflow, leave this Python out of the matrix (`exclude:`).",
        groups[found[0]].place,
        wanted=" and ".join(f"`{name}` requires Python {groups[name].requires}" for name in found),
    )


def contradiction(failure: Failure) -> ActionError | None:
    """Return the error if no Python fits all that is selected, or None."""
    _, found, declarations = failure.words.partition("Found conflicting Python requirements: ")
    if not found:
        return None
    wanted = ", ".join(f"`{name}` requires {requires}" for name, requires in re.findall(r"- ([\w.:-]+): (\S+)", declarations))
    return failure.error(
        ProjectInvalid,
        "No Python fits all that is selected: {wanted}.",
        "Select no group that contradicts the project, or correct `[tool.uv.dependency-groups]` and run {lock_command}.",
        failure.project.pyproject.place_of("project", "requires-python"),
        wanted=wanted,
    )


def _accepts(requires: str, version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        # uv compares releases, so 3.14.0rc1 satisfies `>=3.14`.
        return SpecifierSet(requires).contains(Version(version.rstrip("+")).base_version)
    except (InvalidSpecifier, InvalidVersion):
        # uv reports what is wrong with it.
        return True


def _groups(project: Project) -> dict[str, _Group]:
    """Return the groups that have a `requires-python` of their own, by normalized name; of several with one name, the nearest."""
    found: dict[str, _Group] = {}
    for document in _documents(project):
        groups = toml.table(document.data, *_GROUPS)
        for name in groups:
            place = document.place_of(*_GROUPS, name, "requires-python") or document.place_of(*_GROUPS, name)
            found.setdefault(normalized_name(name), _Group(toml.string(toml.table(groups, name), "requires-python"), place))
    return found


def _documents(project: Project) -> Iterator[Document]:
    yield project.pyproject
    yield from (document for document, _ in project.settings()[-1:])
    yield from (member.pyproject for member in members.find(project))

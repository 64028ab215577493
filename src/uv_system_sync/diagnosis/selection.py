"""Explains which extra, group or package is selected and not defined, and what is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, Iterable, Set

from uv_system_sync.diagnosis import members
from uv_system_sync.errors import ActionError, InvalidInput, LockOutdated
from uv_system_sync.project import toml
from uv_system_sync.text import Option, listed, normalized_name

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Table

# The names of extras and of groups that a member of the workspace defines.
_Defined = Dict[str, Set[str]]


def unknown_name(failure: Failure) -> ActionError | None:
    """Return the error for an extra, a group or a package that uv does not find, or None."""
    found = re.search(r"(Group|Extra) `([^`]+)` is not defined in", failure.words)
    if found:
        return _undefined(f"{found.group(1).lower()}s", found.group(2), failure)
    found = re.search(r"(?:Package|find root package) `([^`]+)`(?: not found in workspace|$)|not have a member ([^\s:]+):", failure.words)
    return _no_package(found.group(1) or found.group(2), failure) if found else None


def _undefined(kind: str, name: str, failure: Failure) -> ActionError:
    defined = _defined(failure.project)
    other = "groups" if kind == "extras" else "extras"
    owners = [member for member, names in defined.items() if name in names[kind]]
    fact = "No {noun} `{name}` is defined: the project defines {defined}."
    hint = "Correct {option}, or define `{name}` in pyproject.toml and run {lock_command}."
    if owners:
        fact = "No selected package defines the {noun} `{name}`; in the workspace, {owners} defines it."
        hint = "Select the package with {packages}, or set {working_directory} to its folder, or remove `{name}` from {option}."
    elif any(name in names[other] for names in defined.values()):
        hint = "Use {replacement}: `{name}` is one of the {other}."
    return failure.error(
        InvalidInput,
        fact,
        hint,
        noun=kind[:-1],
        name=name,
        defined=_quoted(set().union(*(names[kind] for names in defined.values()))),
        owners=_quoted(owners),
        option=Option(kind),
        other=other,
        replacement=Option(other, name),
    )


def _no_package(name: str, failure: Failure) -> ActionError:
    if name == normalized_name(failure.project.name):
        fact = "uv.lock is outdated: the workspace has {name}, and uv.lock does not."
        hint = "Run {lock_command} and commit uv.lock."
        return failure.error(LockOutdated, fact, hint, failure.project.place_of_setting("workspace", "members"), name=name)
    return failure.error(
        InvalidInput,
        "No package `{name}` is in the workspace: uv.lock has {defined}.",
        "Correct {packages}, or, if `{name}` is a new member of the workspace, run {lock_command} and commit uv.lock.",
        name=name,
        defined=_quoted(_defined(failure.project)),
    )


def _defined(project: Project) -> dict[str, _Defined]:
    """Return what each member of the workspace defines, by its pyproject.toml and by uv.lock."""
    return {member.name: _of_member(member.pyproject.data, member.package) for member in members.find(project) if member.in_workspace}


def _of_member(data: Table, package: Table) -> _Defined:
    metadata = toml.table(package, "metadata")
    extras = {*toml.table(data, "project", "optional-dependencies"), *toml.table(package, "optional-dependencies")}
    groups = {*toml.table(data, "dependency-groups"), *toml.table(metadata, "requires-dev")}
    if "dev-dependencies" in toml.table(data, "tool", "uv"):
        groups.add("dev")
    return {"extras": _normalized([*extras, *toml.array(metadata, "provides-extras")]), "groups": _normalized(groups)}


def _normalized(names: Iterable[object]) -> set[str]:
    return {normalized_name(str(name)) for name in names}


def _quoted(names: Iterable[str]) -> str:
    return listed([f"`{name}`" for name in sorted(names) if name]) or "none"

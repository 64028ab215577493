"""Explains which selected extra or group is not defined, and what is defined instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from uv_system_sync.diagnosis import requirements
from uv_system_sync.errors import ActionError, InvalidInput
from uv_system_sync.project import toml
from uv_system_sync.text import Option, listed, normalized_name

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.diagnosis.requirements import Member


def unknown_name(failure: Failure) -> ActionError | None:
    """Return the error for a selected extra or group that uv does not find, or None."""
    found = failure.match(r"(Group|Extra) `([^`]+)` is not defined in")
    if found is None:
        return None
    noun, name = found[1].lower(), found[2]
    other = "group" if noun == "extra" else "extra"
    members = [member for member in requirements.members(failure.project) if member.in_workspace]
    owners = _quoted(member.name for member in members if name in _names(member, noun))
    fact = "No {noun} `{name}` is defined: the project defines {defined}."
    if owners:
        fact = "No selected package defines the {noun} `{name}`; in the workspace, {owners} defines it."
        hint = "Select the package with {packages}, or set {working_directory} to its folder, or remove `{name}` from {option}."
    elif any(name in _names(member, other) for member in members):
        hint = "`{name}` is an {other}: use {replacement}." if other == "extra" else "`{name}` is a {other}: use {replacement}."
    else:
        hint = "Correct {option}, or define `{name}` in pyproject.toml and run {lock_command}."
    is_only_group = noun == "group" and normalized_name(name) in failure.inputs.only_groups
    option, replacement = Option("only-groups" if is_only_group else f"{noun}s"), Option(f"{other}s", name)
    defined = _quoted(name for member in members for name in _names(member, noun)) or "none"
    values = {"noun": noun, "name": name, "option": option, "owners": owners, "defined": defined}
    return failure.error(InvalidInput, fact, hint, other=other, replacement=replacement, **values)


def _names(member: Member, noun: str) -> set[str]:
    """Return the extras or groups that `member` defines in its pyproject.toml or in uv.lock, in their normalized form."""
    data, metadata = member.pyproject.data, toml.table(member.package, "metadata")
    if noun == "extra":
        names = [*toml.table(data, "project", "optional-dependencies"), *toml.array(metadata, "provides-extras")]
    else:
        names = [*toml.table(data, "dependency-groups"), *toml.table(metadata, "requires-dev")]
    return {normalized_name(str(name)) for name in names}


def _quoted(names: Iterable[str]) -> str:
    return listed([f"`{name}`" for name in sorted(set(names)) if name])

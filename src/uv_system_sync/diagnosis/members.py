"""The packages that uv.lock takes from folders, each with its pyproject.toml: the members of the workspace, and path dependencies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from uv_system_sync.project import pyproject, toml
from uv_system_sync.text import normalized_name

if TYPE_CHECKING:
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Document, Table


class Member(NamedTuple):
    """A package from a folder: its normalized name, its pyproject.toml and its entry in uv.lock.

    The root of a workspace may be no package. Its name is empty then, and its entry has the groups that uv.lock has for it.
    """

    name: str
    pyproject: Document
    package: Table
    in_workspace: bool


def find(project: Project) -> list[Member]:
    """Return the packages that the uv.lock of `project` takes from folders which are there."""
    manifest = toml.table(project.lock.document.data, "manifest")
    names = toml.array(manifest, "members") or [normalized_name(project.name)]
    found = [
        Member(name, pyproject.read_or_empty(file), package, name in names)
        for file, package in project.lock.members()
        for name in [toml.string(package, "name")]
    ]
    root = pyproject.read_or_empty(os.path.join(project.root, "pyproject.toml"))
    if root.text and "project" not in root.data and root.path not in [member.pyproject.path for member in found]:
        package = {"metadata": {"requires-dev": toml.table(manifest, "dependency-groups")}}
        found.append(Member("", root, package, in_workspace=True))
    return found

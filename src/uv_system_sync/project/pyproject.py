"""The project: its pyproject.toml, the workspace that it belongs to, and what both set for uv."""

from __future__ import annotations

import os
from typing import NamedTuple

from uv_system_sync import paths
from uv_system_sync.errors import ProjectInvalid
from uv_system_sync.project import toml
from uv_system_sync.project.lockfile import Lockfile
from uv_system_sync.project.toml import Document, Place, Table
from uv_system_sync.text import Message, message, normalized_name


class Project(NamedTuple):
    """The project in the absolute path `directory`.

    `lock` is the uv.lock there or, for a member of a workspace, at the workspace's root. `pinned` is the version in
    .python-version, or empty; `prefers_managed` is set if uv is to prefer Pythons that it has installed.
    """

    directory: str
    pyproject: Document
    lock: Lockfile
    pinned: str = ""
    prefers_managed: bool = False

    @property
    def name(self) -> str:
        """The name as written, empty without a `[project]` table."""
        return toml.string(toml.table(self.pyproject.data, "project"), "name")

    @property
    def title(self) -> str:
        """The name, or that of the folder."""
        return self.name or os.path.basename(self.directory)

    @property
    def root(self) -> str:
        """The absolute path of the folder with uv.lock."""
        return os.path.dirname(self.lock.path)

    @property
    def required_uv(self) -> str:
        """Uv's setting `required-version`, a version or a version specifier, or empty."""
        return next(filter(None, (toml.string(settings, "required-version") for _, settings in self.settings())), "")

    def settings(self) -> list[tuple[Document, Table]]:
        """Return the files that may hold uv's settings, the one that counts first, each with the table of those settings.

        A uv.toml beside pyproject.toml hides `[tool.uv]` there. Files that are missing or cannot be read are left out.
        """
        path = os.path.join(self.root, "pyproject.toml")
        root = self.pyproject if self.pyproject.path == path else read_or_empty(path)
        own = read_or_empty(os.path.join(self.root, "uv.toml"))
        return [*([(own, own.data)] if own.text else []), (root, toml.table(root.data, "tool", "uv"))]

    def place_of_setting(self, *keys: str) -> Place:
        """Return where uv's setting `keys` is made, or the workspace's pyproject.toml without a line."""
        for document, _ in self.settings():
            place = document.place_of(*(() if document.name == "uv.toml" else ("tool", "uv")), *keys)
            if place:
                return place
        return Place(os.path.join(self.root, "pyproject.toml"), None)

    def lock_command(self) -> Message:
        """Return the command that locks the project, with the folder to run it in if that is not the current one."""
        here, root = os.path.join(os.getcwd(), ""), os.path.join(self.root, "")
        where = root[len(here) :] if root.startswith(here) else root
        return message("`uv lock` in {folder}", folder=os.path.normpath(where)) if where else message("`uv lock`")


def read(directory: str) -> Project:
    """Read the project in the absolute path `directory`; uv.lock has to be there and is not read.

    Raise `InvalidInput`, `ProjectInvalid` or `LockMissing`.
    """
    path = os.path.join(directory, "pyproject.toml")
    if not os.path.isfile(path):
        from uv_system_sync.project import not_found

        raise not_found.no_project(directory)
    pyproject = toml.read(path, ProjectInvalid)
    lock = Lockfile(os.path.join(_root(pyproject), "uv.lock"))
    if not os.path.isfile(lock.path):
        from uv_system_sync.project import not_found

        raise not_found.no_lock(pyproject, os.path.dirname(lock.path))
    project = Project(directory, pyproject, lock)
    _, settings = project.settings()[0]
    prefers_managed = "managed" in toml.string(settings, "python-preference")
    return project._replace(pinned=_pin(directory) or _pin(project.root), prefers_managed=prefers_managed)


def read_or_empty(path: str) -> Document:
    """Return the TOML file at `path`, or an empty one if it is missing or cannot be read, which uv explains."""
    try:
        return toml.read(path, ProjectInvalid)
    except ProjectInvalid:
        return Document(path, "", {})


def _root(pyproject: Document) -> str:
    """Return the folder whose workspace the project belongs to, or its own.

    As for uv, only the nearest pyproject.toml above can hold that workspace (astral-sh/uv, crates/uv-workspace/src/workspace.rs).
    Whether the project is a member of it is for uv to decide, by `members` and `exclude`. A project with a uv.lock of its own is
    one if the workspace's uv.lock lists it.
    """
    directory = os.path.dirname(pyproject.path)
    if _has_workspace(pyproject):
        return directory
    above = os.path.dirname(directory)
    while not os.path.isfile(os.path.join(above, "pyproject.toml")):
        if above == os.path.dirname(above):
            return directory
        above = os.path.dirname(above)
    if not _has_workspace(toml.read(os.path.join(above, "pyproject.toml"), ProjectInvalid)):
        return directory
    # Searching the text is much faster than parsing it. The folder alone may be that of a dependency, the name alone another project's.
    lock, folder = paths.text(os.path.join(above, "uv.lock")), os.path.relpath(directory, above).replace(os.sep, "/")
    name = normalized_name(toml.string(toml.table(pyproject.data, "project"), "name"))
    is_member = f'\n    "{name}",\n' in lock and f' = "{folder}" }}' in lock
    return above if is_member or not os.path.isfile(os.path.join(directory, "uv.lock")) else directory


def _has_workspace(document: Document) -> bool:
    return isinstance(toml.table(document.data, "tool", "uv").get("workspace"), dict)


def _pin(folder: str) -> str:
    """Return the version in the .python-version of `folder`, or an empty string."""
    lines = (line.strip() for line in paths.text(os.path.join(folder, ".python-version")).splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")

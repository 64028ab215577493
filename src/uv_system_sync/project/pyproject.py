"""The project: its pyproject.toml, the workspace that it belongs to, and uv's settings."""

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
    """The project in the folder with the absolute path `directory`.

    `lock` is the uv.lock in that folder or, for a member of a workspace, at the root of the workspace. `pinned` is the version in
    .python-version, or empty. `prefers_managed` is true if `python-preference` makes uv prefer the Pythons that it installs.
    """

    directory: str
    pyproject: Document
    lock: Lockfile
    pinned: str = ""
    prefers_managed: bool = False

    @property
    def name(self) -> str:
        """The name as pyproject.toml spells it, or empty if it has none."""
        return toml.string(toml.table(self.pyproject.data, "project"), "name")

    @property
    def title(self) -> str:
        """The name of the project or, without one, of its folder."""
        return self.name or os.path.basename(self.directory)

    @property
    def root(self) -> str:
        """The absolute path of the folder with uv.lock."""
        return os.path.dirname(self.lock.path)

    @property
    def required_uv(self) -> str:
        """The setting `required-version` of uv, a version or a version specifier, or empty."""
        versions = (toml.string(settings, "required-version") for _, settings in self.settings())
        return next(filter(None, versions), "")

    def settings(self) -> list[tuple[Document, Table]]:
        """Return the files that may hold uv's settings, each with its table of settings; uv uses the first.

        uv ignores `[tool.uv]` in pyproject.toml if there is a uv.toml beside it. A uv.toml that is missing or unreadable is left out,
        and a pyproject.toml that is unreadable is empty.
        """
        path = os.path.join(self.root, "pyproject.toml")
        root = self.pyproject if self.pyproject.path == path else read_or_empty(path)
        uv_toml = read_or_empty(os.path.join(self.root, "uv.toml"))
        in_pyproject = (root, toml.table(root.data, "tool", "uv"))
        return [(uv_toml, uv_toml.data), in_pyproject] if uv_toml.text else [in_pyproject]

    def place_of_setting(self, *keys: str) -> Place:
        """Return the place of uv's setting at `keys`, or the pyproject.toml of the workspace, without a line, if it is not set."""
        for document, _ in self.settings():
            prefix = () if document.name == "uv.toml" else ("tool", "uv")
            place = document.place_of(*prefix, *keys)
            if place:
                return place
        return Place(os.path.join(self.root, "pyproject.toml"), None)

    def lock_command(self) -> Message:
        """Return the command that locks the project, with the folder to run it in unless that is the current folder."""
        here, root = os.path.join(os.getcwd(), ""), os.path.join(self.root, "")
        folder = root[len(here) :] if root.startswith(here) else root
        return message("`uv lock` in {folder}", folder=os.path.normpath(folder)) if folder else message("`uv lock`")


def read(directory: str) -> Project:
    """Return the project in the folder with the absolute path `directory`. Its uv.lock must exist, but is not read yet.

    Raise `InvalidInput` if `directory` is not a folder, `ProjectInvalid` if pyproject.toml is missing or malformed, and
    `LockMissing` if there is no uv.lock.
    """
    path = os.path.join(directory, "pyproject.toml")
    if not os.path.isfile(path):
        from uv_system_sync.project import not_found

        raise not_found.no_project(directory, _folder_above(directory))
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
    """Return the TOML file at `path`, or an empty document if it is missing or malformed; uv reports that."""
    try:
        return toml.read(path, ProjectInvalid)
    except ProjectInvalid:
        return Document(path, "", {})


def _folder_above(directory: str) -> str | None:
    """Return the nearest folder above `directory` that has a pyproject.toml, or None."""
    while directory != os.path.dirname(directory):
        directory = os.path.dirname(directory)
        if os.path.isfile(os.path.join(directory, "pyproject.toml")):
            return directory
    return None


def _root(pyproject: Document) -> str:
    """Return the root of the workspace that the project belongs to, or the project's own folder.

    As in uv, only the nearest pyproject.toml above can define that workspace (astral-sh/uv, crates/uv-workspace/src/workspace.rs).
    uv decides with `members` and `exclude` whether the project is a member. Here, a project without a uv.lock of its own always
    is, and a project with one is if the uv.lock of the workspace lists it.
    """
    directory = os.path.dirname(pyproject.path)
    if _has_workspace(pyproject):
        return directory
    above = _folder_above(directory)
    if above is None or not _has_workspace(toml.read(os.path.join(above, "pyproject.toml"), ProjectInvalid)):
        return directory
    if not os.path.isfile(os.path.join(directory, "uv.lock")):
        return above
    # Searching the text is much faster than parsing it. A dependency can have the folder, and another project the name,
    # so both must be listed.
    lock, folder = paths.text(os.path.join(above, "uv.lock")), os.path.relpath(directory, above).replace(os.sep, "/")
    name = normalized_name(toml.string(toml.table(pyproject.data, "project"), "name"))
    return above if f'\n    "{name}",\n' in lock and f' = "{folder}" }}' in lock else directory


def _has_workspace(document: Document) -> bool:
    return isinstance(toml.table(document.data, "tool", "uv").get("workspace"), dict)


def _pin(folder: str) -> str:
    """Return the version in the .python-version of `folder`, or an empty string."""
    lines = map(str.strip, paths.text(os.path.join(folder, ".python-version")).splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")

"""Reads what the action has to know of a project before uv reads all of it."""

from __future__ import annotations

import os
from typing import Iterator, NamedTuple

from uv_system_sync.errors import InvalidInput, LockMissing, ProjectInvalid
from uv_system_sync.project import toml, workspace


class Project(NamedTuple):
    """What the action needs to know of a project before uv reads it.

    `directory` is the working directory, `root` the folder with uv.lock: the same one, or the workspace's.
    `name` is as written, and empty when there is no `[project]` table. `pinned` is what .python-version
    says, or empty; `prefers_managed` is set when `[tool.uv]` prefers Pythons that uv has installed. Paths are absolute.
    """

    directory: str
    root: str
    name: str
    requires_python: str | None
    pinned: str = ""
    prefers_managed: bool = False

    @property
    def title(self) -> str:
        """The project's name, or that of its folder."""
        return self.name or os.path.basename(self.directory)

    @property
    def pyproject(self) -> str:
        """The path of the project's pyproject.toml."""
        return os.path.join(self.directory, "pyproject.toml")

    @property
    def lock(self) -> str:
        """The path of uv.lock."""
        return os.path.join(self.root, "uv.lock")


class Place(NamedTuple):
    """A line of a file, counted from 1, or the file as a whole."""

    file: str
    line: int | None


def read(directory: str) -> Project:
    """Read the project in `directory`, or say what is missing or malformed there.

    uv.lock itself is only looked for: parsing it takes longer than a sync that has nothing to do.
    """
    if not os.path.isdir(directory):
        raise InvalidInput(
            f"`working-directory` is {directory}, which is not a folder.",
            "Name the folder of the project's pyproject.toml, relative to the repository; run actions/checkout before this step.",
        )
    pyproject = os.path.join(directory, "pyproject.toml")
    if not os.path.isfile(pyproject):
        raise ProjectInvalid(
            f"There is no pyproject.toml in {directory}.",
            "Run actions/checkout before this step, or set `working-directory` to the project's folder.",
        )
    document = toml.load(pyproject, ProjectInvalid)
    project = toml.table(document, "project")
    root = workspace.root_of(directory, document)
    found = Project(
        directory=directory,
        root=root,
        name=str(project.get("name", "")),
        requires_python=_string(project.get("requires-python")),
        pinned=_pin(directory) or _pin(root),
        prefers_managed="managed" in _preference(root, document if root == directory else None),
    )
    if not os.path.isfile(found.lock):
        raise LockMissing(
            f"There is no uv.lock in {found.root}.",
            "Run `uv lock` there and commit uv.lock; check that .gitignore does not name it.",
            file=pyproject,
            line=1,
        )
    return found


def locked_names(project: Project) -> set[str]:
    """Return the names in uv.lock, normalized as uv writes them."""
    packages = toml.array(toml.load(project.lock, ProjectInvalid), "package")
    return {str(package.get("name", "")) for package in packages if isinstance(package, dict)}


def python_requirements(project: Project) -> Iterator[tuple[str, str]]:
    """Yield the files that say which Pythons the project is for, each with what it says."""
    if project.requires_python is not None:
        yield project.pyproject, project.requires_python
    locked = _string(toml.load(project.lock, ProjectInvalid).get("requires-python"))
    if locked is not None:
        yield project.lock, locked


def lock_it(project: Project) -> str:
    """Return the command that locks `project` and, unless it is the current one, the folder to run it in, as the repository has it."""
    here, root = os.path.join(os.getcwd(), ""), os.path.join(project.root, "")
    where = root[len(here) :] if root.startswith(here) else root
    return f"`uv lock` in {os.path.normpath(where)}" if where else "`uv lock`"


def setting(project: Project, key: str) -> Place:
    """Return where the setting `key` of uv is made: in the uv.toml of the workspace, which goes first, or in its pyproject.toml."""
    pyproject = os.path.join(project.root, "pyproject.toml")
    for file in (os.path.join(project.root, "uv.toml"), pyproject):
        line = toml.line_of(file, key) if os.path.isfile(file) else None
        if line is not None:
            return Place(file, line)
    return Place(pyproject, None)


def _preference(root: str, document: toml.Table | None) -> str:
    """Return the `python-preference` of the workspace at `root`, or an empty string; its uv.toml goes before its pyproject.toml."""
    own, pyproject = os.path.join(root, "uv.toml"), os.path.join(root, "pyproject.toml")
    if os.path.isfile(own):
        settings = toml.load(own, ProjectInvalid)
    else:
        settings = toml.table(toml.table(document or toml.load(pyproject, ProjectInvalid), "tool"), "uv")
    return str(settings.get("python-preference", ""))


def _pin(folder: str) -> str:
    """Return the version in the .python-version of `folder`, or an empty string."""
    try:
        with open(os.path.join(folder, ".python-version"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return next((line.strip() for line in lines if line.strip() and not line.startswith("#")), "")


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None

"""Reads pyproject.toml and uv.lock; the only room that knows TOML."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator

import tomli

from uv_system_sync.errors import ActionError, InvalidInput, LockMissing, ProjectInvalid

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs

Table = Dict[str, Any]


@dataclass(frozen=True)
class Project:
    """What the action needs to know of a project before uv reads it.

    `directory` is the working directory, `root` the folder with uv.lock: the same one, or the workspace's.
    `name` is as written, and empty when there is no `[project]` table. Paths are absolute.
    """

    directory: str
    root: str
    name: str
    requires_python: str | None

    @property
    def pyproject(self) -> str:
        """The path of the project's pyproject.toml."""
        return os.path.join(self.directory, "pyproject.toml")

    @property
    def lock(self) -> str:
        """The path of uv.lock."""
        return os.path.join(self.root, "uv.lock")


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
    document = _load(pyproject, ProjectInvalid)
    project = _table(document, "project")
    found = Project(
        directory=directory,
        root=str(_workspace_root(Path(directory), document)),
        name=str(project.get("name", "")),
        requires_python=_string(project.get("requires-python")),
    )
    if not os.path.isfile(found.lock):
        raise LockMissing(
            f"There is no uv.lock in {found.root}.",
            "Run `uv lock` there and commit uv.lock; check that .gitignore does not name it.",
            file=pyproject,
            line=1,
        )
    return found


def check_names(project: Project, inputs: Inputs) -> None:
    """Raise `InvalidInput` for the first extra, group or package that no member of the project's workspace defines.

    This only catches what cannot be right, and lists what can; which member defines a name, and
    whether it is selected, is for uv to say.
    """
    if not (inputs.extras or inputs.groups or inputs.packages):
        return
    members = [_load(str(path), ProjectInvalid) for path in _member_files(project)]
    projects = [_table(member, "project") for member in members]
    # setuptools, for one, can read extras from elsewhere (`dynamic`, PEP 621); only uv.lock knows those.
    if not any("optional-dependencies" in item.get("dynamic", ()) for item in projects):
        _check("extras", inputs.extras, (key for item in projects for key in _table(item, "optional-dependencies")))
    _check("groups", inputs.groups, (key for member in members for key in _groups(member)))
    _check("packages", inputs.packages, (str(item["name"]) for item in projects if "name" in item))


def syntax_error(path: str, kind: type[ActionError]) -> ActionError | None:
    """Return what is wrong with the TOML file at `path` as a `kind` of error, or None when it can be parsed."""
    try:
        _load(path, kind)
    except ActionError as error:
        return error
    return None


def line_of(path: str, key: str) -> int | None:
    """Return the first line, counted from 1, on which `key` is assigned in the TOML file at `path`."""
    lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.partition("=")[0].strip() == key), None)


def _load(path: str, kind: type[ActionError]) -> Table:
    name = os.path.basename(path)
    try:
        return tomli.loads(Path(path).read_text(encoding="utf-8-sig"))
    except tomli.TOMLDecodeError as error:
        raise kind(f"{name} is not valid TOML: {error}.", f"Correct {path}.", file=path, line=error.lineno) from None
    except UnicodeDecodeError as error:
        raise kind(f"{name} is not UTF-8: {error}.", f"Save {path} as UTF-8; TOML allows no other encoding.", file=path) from None
    except OSError as error:
        raise kind(f"{name} cannot be read: {error}.", f"Make {path} a file that this user can read.", file=path) from None


def _workspace_root(directory: Path, document: Table) -> Path:
    """Return the folder whose workspace has `directory` as a member, or `directory` itself.

    As for uv, the nearest pyproject.toml above it decides (astral-sh/uv, crates/uv-workspace/src/workspace.rs, find_workspace).
    """
    if _workspace(document) is not None:
        return directory
    for parent in directory.parents:
        pyproject = parent / "pyproject.toml"
        if pyproject.is_file():
            workspace = _workspace(_load(str(pyproject), ProjectInvalid))
            return parent if workspace is not None and directory in _member_folders(parent, workspace) else directory
    return directory


def _member_files(project: Project) -> Iterator[Path]:
    root = Path(project.root)
    yield root / "pyproject.toml"
    workspace = _workspace(_load(str(root / "pyproject.toml"), ProjectInvalid))
    for folder in sorted(_member_folders(root, workspace or {})):
        if folder != root and (folder / "pyproject.toml").is_file():
            yield folder / "pyproject.toml"


def _member_folders(root: Path, workspace: Table) -> set[Path]:
    def matching(key: str) -> set[Path]:
        patterns = [os.path.join(glob.escape(str(root)), str(pattern)) for pattern in workspace.get(key, ())]
        return {Path(os.path.normpath(folder)) for pattern in patterns for folder in glob.iglob(pattern, recursive=True)}

    return matching("members") - matching("exclude")


def _workspace(document: Table) -> Table | None:
    workspace = _table(_table(document, "tool"), "uv").get("workspace")
    return workspace if isinstance(workspace, dict) else None


def _groups(document: Table) -> Iterator[str]:
    yield from _table(document, "dependency-groups")
    if "dev-dependencies" in _table(_table(document, "tool"), "uv"):
        yield "dev"


def _check(source: str, names: tuple[str, ...], defined: Iterable[str]) -> None:
    if not names:
        return
    from packaging.utils import canonicalize_name

    known = sorted({canonicalize_name(name) for name in defined})
    for name in names:
        if name not in known:
            listed = ", ".join(f"`{item}`" for item in known) or "none"
            raise InvalidInput(f"`{source}` holds `{name}`, which the project does not define.", f"It defines: {listed}.")


def _table(document: Table, key: str) -> Table:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None

"""Finds the workspace of a project, and what its members define."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterable, Iterator

from uv_system_sync import toml
from uv_system_sync.errors import InvalidInput, ProjectInvalid

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs


def root_of(directory: str, document: toml.Table) -> str:
    """Return the folder whose workspace has the absolute `directory` as a member, or `directory` itself.

    As for uv, the nearest pyproject.toml above it decides (astral-sh/uv, crates/uv-workspace/src/workspace.rs, find_workspace).
    """
    if _workspace(document) is not None:
        return directory
    parent = os.path.dirname(directory)
    while not os.path.isfile(os.path.join(parent, "pyproject.toml")):
        if parent == os.path.dirname(parent):
            return directory
        parent = os.path.dirname(parent)
    workspace = _workspace(toml.load(os.path.join(parent, "pyproject.toml"), ProjectInvalid))
    return parent if workspace is not None and directory in _member_folders(parent, workspace) else directory


def check_names(root: str, inputs: Inputs) -> None:
    """Raise `InvalidInput` for the first extra, group or package that no member of the workspace at `root` defines.

    This only catches what cannot be right, and lists what can; which member defines a name, and
    whether it is selected, is for uv to say.
    """
    if not (inputs.extras or inputs.groups or inputs.packages):
        return
    members = [toml.load(path, ProjectInvalid) for path in _member_files(root)]
    projects = [toml.table(member, "project") for member in members]
    # setuptools, for one, can read extras from elsewhere (`dynamic`, PEP 621); only uv.lock knows those.
    if not any("optional-dependencies" in toml.array(item, "dynamic") for item in projects):
        _check("extras", inputs.extras, (key for item in projects for key in toml.table(item, "optional-dependencies")))
    _check("groups", inputs.groups, (key for member in members for key in _groups(member)))
    _check("packages", inputs.packages, (str(item["name"]) for item in projects if "name" in item))


def _member_files(root: str) -> Iterator[str]:
    pyproject = os.path.join(root, "pyproject.toml")
    yield pyproject
    workspace = _workspace(toml.load(pyproject, ProjectInvalid))
    for folder in sorted(_member_folders(root, workspace or {}) - {root}):
        if os.path.isfile(os.path.join(folder, "pyproject.toml")):
            yield os.path.join(folder, "pyproject.toml")


def _member_folders(root: str, workspace: toml.Table) -> set[str]:
    import glob

    def matching(key: str) -> set[str]:
        relative = [str(pattern) for pattern in toml.array(workspace, key) if not os.path.isabs(str(pattern))]
        patterns = [os.path.join(glob.escape(root), pattern) for pattern in relative]
        return {os.path.normpath(folder) for pattern in patterns for folder in glob.iglob(pattern, recursive=True)}

    return matching("members") - matching("exclude")


def _workspace(document: toml.Table) -> toml.Table | None:
    workspace = toml.table(toml.table(document, "tool"), "uv").get("workspace")
    return workspace if isinstance(workspace, dict) else None


def _groups(document: toml.Table) -> Iterator[str]:
    yield from toml.table(document, "dependency-groups")
    if "dev-dependencies" in toml.table(toml.table(document, "tool"), "uv"):
        yield "dev"


def _check(source: str, names: tuple[str, ...], defined: Iterable[str]) -> None:
    if not names:
        return
    from packaging.utils import canonicalize_name

    known = sorted({canonicalize_name(name) for name in defined})
    for name in names:
        if name not in known:
            listed = ", ".join(f"`{item}`" for item in known) or "none"
            raise InvalidInput(
                f"`{source}` holds `{name}`, which the project does not define; it defines {listed}.",
                f"Correct `{source}` in the step, or define `{name}` in the project and run `uv lock`.",
            )

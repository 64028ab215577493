"""Finds the workspace of a project, and what its members define."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterable, Iterator, Sequence

from uv_system_sync.errors import InvalidInput, ProjectInvalid
from uv_system_sync.project import toml

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
    claimed = workspace is not None and _has_member(workspace, os.path.relpath(directory, parent).replace(os.sep, "/"))
    return parent if claimed else directory


def check_names(root: str, inputs: Inputs) -> None:
    """Raise `InvalidInput` for the first extra, group or package that no member of the workspace at `root` defines.

    This only catches what cannot be right, and lists what can; which member defines a name, and
    whether it is selected, is for uv to say.
    """
    if not (inputs.extras or inputs.groups or inputs.packages):
        return
    members = [toml.load(path, ProjectInvalid) for path in _member_files(root)]
    for source, names in (("extras", inputs.extras), ("groups", inputs.groups), ("packages", inputs.packages)):
        # setuptools, for one, can read extras from elsewhere (`dynamic`, PEP 621); only uv.lock knows those.
        if source != "extras" or not any("optional-dependencies" in toml.array(toml.table(it, "project"), "dynamic") for it in members):
            _check(source, names, (key for member in members for key in _names(member, source)))


def that_define(root: str, source: str, name: str) -> list[str]:
    """Return the members of the workspace at `root` that define the extra or group `name`; `source` is the input that names such."""
    from packaging.utils import canonicalize_name

    members = [toml.load(path, ProjectInvalid) for path in _member_files(root)]
    found = [member for member in members if name in [str(canonicalize_name(key)) for key in _names(member, source)]]
    return [str(toml.table(member, "project").get("name", "pyproject.toml")) for member in found]


def _names(member: toml.Table, source: str) -> Iterator[str]:
    project = toml.table(member, "project")
    if source == "extras":
        yield from toml.table(project, "optional-dependencies")
    elif source == "groups":
        yield from _groups(member)
    elif "name" in project:
        yield str(project["name"])


def _member_files(root: str) -> Iterator[str]:
    pyproject = os.path.join(root, "pyproject.toml")
    yield pyproject
    workspace = _workspace(toml.load(pyproject, ProjectInvalid)) or {}
    found = {os.path.normpath(folder) for pattern in _patterns(workspace, "members") for folder in _folders(root, pattern.split("/"))}
    for folder in sorted(found - {root}):
        excluded = _is_excluded(workspace, os.path.relpath(folder, root).replace(os.sep, "/"))
        if not excluded and os.path.isfile(os.path.join(folder, "pyproject.toml")):
            yield os.path.join(folder, "pyproject.toml")


def _patterns(workspace: toml.Table, key: str) -> list[str]:
    import posixpath

    return [posixpath.normpath(str(pattern)) for pattern in toml.array(workspace, key) if not os.path.isabs(str(pattern))]


def _has_member(workspace: toml.Table, folder: str) -> bool:
    included = any(_fits(folder.split("/"), pattern.split("/")) for pattern in _patterns(workspace, "members"))
    return included and not _is_excluded(workspace, folder)


def _is_excluded(workspace: toml.Table, folder: str) -> bool:
    """Say whether `folder`, relative to the workspace, is excluded; other than in `members`, `*` stands for `/`, too."""
    from fnmatch import fnmatchcase

    return any(fnmatchcase(folder, some) for pattern in _patterns(workspace, "exclude") for some in (pattern, pattern.replace("**/", "")))


def _fits(folders: Sequence[str], pattern: Sequence[str]) -> bool:
    from fnmatch import fnmatchcase

    if not (folders and pattern):
        return not folders and set(pattern) <= {"**"}
    if pattern[0] == "**":
        return _fits(folders, pattern[1:]) or _fits(folders[1:], pattern)
    return fnmatchcase(folders[0], pattern[0]) and _fits(folders[1:], pattern[1:])


def _folders(folder: str, pattern: Sequence[str]) -> Iterator[str]:
    """Yield the folders in `folder` that `pattern` names; unlike for Python's glob, those with a dot in front are among them."""
    from fnmatch import fnmatchcase

    if not pattern:
        yield folder
    elif pattern[0] == "**":
        yield from _folders(folder, pattern[1:])
        for below in _below(folder):
            if not os.path.islink(os.path.join(folder, below)):
                yield from _folders(os.path.join(folder, below), pattern)
    else:
        named = [pattern[0]] if pattern[0] == ".." else [below for below in _below(folder) if fnmatchcase(below, pattern[0])]
        for below in named:
            yield from _folders(os.path.join(folder, below), pattern[1:])


def _below(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return []


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

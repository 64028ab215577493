"""Explains why a folder has no pyproject.toml or no uv.lock. Only a run that fails for it imports this."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterator, Sequence

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, InvalidInput, LockMissing, ProjectInvalid
from uv_system_sync.project import toml
from uv_system_sync.text import Message, Option, listed, message

if TYPE_CHECKING:
    from uv_system_sync.project.toml import Document

# Folders that have no projects, and how many are looked into.
_SKIPPED = {"node_modules", "__pycache__", "site-packages"}
_MOST = 1000

# Lines of .gitignore and .dockerignore.
_IGNORES = {"uv.lock", "/uv.lock", "**/uv.lock", "*.lock", "/*.lock", "**/*.lock"}


def no_project(directory: str) -> ActionError:
    """Return the error for the absolute path `directory`, which is no folder with a pyproject.toml."""
    option = Option("working-directory")
    denied = paths.denied(os.path.join(directory, "pyproject.toml"))
    if denied:
        return _denied(denied)
    if os.path.isdir(directory):
        return ProjectInvalid("There is no pyproject.toml in {directory}.", _in_folder(directory), option=option, directory=directory)
    kind = "a file" if os.path.exists(directory) else "a folder that does not exist"
    return InvalidInput("{option} is {directory}, {kind}.", _instead_of(directory), option=option, directory=directory, kind=kind)


def no_lock(pyproject: Document, root: str) -> ActionError:
    """Return the error for a project whose workspace, or whose own folder, is `root` and has no uv.lock."""
    denied = paths.denied(os.path.join(root, "uv.lock"))
    if denied:
        return _denied(denied)
    return LockMissing("There is no uv.lock in {directory}.", _without_lock(pyproject, root), file=pyproject.path, line=1, directory=root)


def _denied(path: str) -> ActionError:
    fact = "{path} is there, and this user may not {access} it{owner}."
    hint = "Give this user access, for example with `chown` or `chmod` in an earlier step."
    access = "enter" if os.path.isdir(path) else "read"
    return ProjectInvalid(fact, hint, file=path, path=path, access=access, owner=paths.owner(path))


def _in_folder(directory: str) -> Message:
    names, below, above = os.listdir(directory), [*_projects(directory)], [*_above(directory)]
    if _is_empty(names) and os.path.isfile(".gitmodules"):
        return message("{folder} is empty: if it is a submodule, set `submodules: true` of actions/checkout.", folder=directory)
    if _is_empty(names) and not above:
        return _check_out(directory)
    locked = [*filter(_is_locked, below)]
    return (None if locked else _migration(names, None)) or _choose(locked or below or above)


def _instead_of(directory: str) -> Message:
    here, existing = os.getcwd(), os.path.dirname(directory)
    while not os.path.isdir(existing):
        existing = os.path.dirname(existing)
    top = here if paths.is_inside(existing, here) else existing
    if _is_empty(os.listdir(top)):
        return _check_out(top)
    problem = paths.syntax_problem(os.path.relpath(directory, here))
    # Everything below the root of the file system is too much.
    found = [*_projects(top)] if os.path.dirname(top) != top else []
    close = [existing] if os.path.isfile(os.path.join(existing, "pyproject.toml")) and os.path.isfile(directory) else []
    close = close or _close(directory, found, top)
    return problem if problem and not close else _choose(close or found)


def _close(directory: str, found: Sequence[str], top: str) -> list[str]:
    """Return the one of the folders `found` below `top` whose path or name is closest to that of `directory`, if one is close."""
    import difflib

    for spelled in (
        lambda folder: os.path.relpath(folder, top).replace("\\", "/").lower(),
        lambda folder: os.path.basename(folder).lower(),
    ):
        names = {spelled(folder): folder for folder in found}
        close = difflib.get_close_matches(spelled(directory), names, n=1)
        if close:
            return [names[close[0]]]
    return []


def _without_lock(pyproject: Document, root: str) -> Message:
    for name in (".gitignore", ".dockerignore"):
        lines = [line.strip() for line in paths.text(os.path.join(root, name)).splitlines()]
        number = next((number for number, line in enumerate(lines, 1) if line in _IGNORES), 0)
        if number:
            return message("Remove line {number} of {name}, run `uv lock` there and commit uv.lock.", number=number, name=name)
    table = toml.table(pyproject.data, "project")
    # A project with dependencies can be locked; what other tools have beside it may be for something else.
    migration = None if "dependencies" in table else _migration(os.listdir(root), pyproject)
    locked = [*filter(_is_locked, _projects(root))]
    if locked and not migration:
        return _choose(locked)
    return migration or message("Run `uv lock` there and commit uv.lock; check that neither .gitignore nor .dockerignore names it.")


def _migration(names: Sequence[str], pyproject: Document | None) -> Message | None:
    """Return how to make a uv.lock once in a folder with files of these `names`, if another tool has something like it there, or None."""
    lock = next((name for name in ("poetry.lock", "pdm.lock") if name in names), None)
    pipfile = next((name for name in ("Pipfile.lock", "Pipfile") if name in names), None)
    requirements = next((name for name in ("requirements.in", "requirements.txt") if name in names), pipfile and "requirements.txt")
    if lock and pyproject and "project" in pyproject.data:
        return message("uv does not read {lock}: run `uv lock` there once and commit uv.lock.", lock=lock)
    if lock and pyproject:
        return message(
            "uv does not read {lock}: write the dependencies in `[project]` of pyproject.toml, run `uv lock` there once and commit both.",
            lock=lock,
        )
    if requirements is None:
        return None
    first = "run `uv init --bare`"
    if pyproject:
        first = "" if "project" in pyproject.data else "add a `[project]` table with `name` and `version` to pyproject.toml"
    export = "" if requirements in names else "run `pipenv requirements > requirements.txt`"
    constraints = " -c requirements.txt" if requirements == "requirements.in" and "requirements.txt" in names else ""
    steps = ", then ".join(filter(None, (export, first, f"run `uv add -r {requirements}{constraints}`")))
    return message(
        "uv-system-sync installs uv.lock, not {name}. Once, {steps} there, and commit pyproject.toml and uv.lock.",
        name=pipfile if export else requirements,
        steps=steps,
    )


def _choose(folders: Sequence[str]) -> Message:
    shown, option = [_shown(folder) for folder in folders], Option("working-directory")
    if len(shown) == 1:
        return message("Did you mean {nearest}?", nearest=option._replace(value=shown[0]))
    if shown:
        return message("Set {option} to one of the projects that are there: {folders}.", option=option, folders=listed(shown))
    return message("Set {option} to the project's folder. In a workflow, check out the repository first.", option=option)


def _check_out(folder: str) -> Message:
    text = "{folder} is empty: in a workflow, add actions/checkout before this step; in a Dockerfile, copy the project first."
    return message(text, folder=folder)


def _shown(folder: str) -> str:
    """Return the path of `folder` from the current one, if it is below that."""
    here = os.getcwd()
    return os.path.relpath(folder, here).replace(os.sep, "/") if paths.is_inside(folder, here) else folder


def _is_empty(names: Sequence[str]) -> bool:
    return all(name.startswith(".") for name in names)


def _is_locked(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "uv.lock"))


def _projects(top: str) -> Iterator[str]:
    """Yield the folders with a pyproject.toml that are one or two levels below `top`."""
    for folder in [*_folders(top)]:
        yield from (it for it in (folder, *_folders(folder)) if os.path.isfile(os.path.join(it, "pyproject.toml")))


def _folders(top: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(top))[:_MOST]
    except OSError:
        return
    for name in names:
        folder = os.path.join(top, name)
        is_hidden = name.startswith(".") or name in _SKIPPED
        if not is_hidden and os.path.isdir(folder) and not os.path.isfile(os.path.join(folder, "pyvenv.cfg")):
            yield folder


def _above(directory: str) -> Iterator[str]:
    """Yield the nearest folder above `directory`, in the current folder, that has a pyproject.toml."""
    here, above = os.getcwd(), os.path.dirname(directory)
    while paths.is_inside(above, here):
        if os.path.isfile(os.path.join(above, "pyproject.toml")):
            yield above
            return
        if above == os.path.dirname(above):
            return
        above = os.path.dirname(above)

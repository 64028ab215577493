"""Explains a missing pyproject.toml or uv.lock. Imported only after such a failure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterator, Sequence

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, InvalidInput, LockMissing, ProjectInvalid
from uv_system_sync.project import toml
from uv_system_sync.text import Message, Option, listed, message

if TYPE_CHECKING:
    from uv_system_sync.project.toml import Document

# Folders that are not searched for projects.
_SKIPPED = {"node_modules", "__pycache__", "site-packages"}
# How many entries of a folder are searched.
_MOST_ENTRIES = 1000

# Lines of .gitignore and .dockerignore that exclude uv.lock.
_IGNORES_LOCK = {"uv.lock", "/uv.lock", "**/uv.lock", "*.lock", "/*.lock", "**/*.lock"}


def no_project(directory: str, nearest: str | None) -> ActionError:
    """Return the error for the absolute path `directory`, which is not a folder with a pyproject.toml.

    `nearest` is the nearest folder above it that has a pyproject.toml, or None.
    """
    option = Option("working-directory")
    denied = paths.denied(os.path.join(directory, "pyproject.toml"))
    if denied:
        return _denied(denied)
    if os.path.isdir(directory):
        hint = _hint_for_folder(directory, nearest)
        return ProjectInvalid("There is no pyproject.toml in {directory}.", hint, option=option, directory=directory)
    fact, hint = "{option} is {directory}, which {problem}.", _hint_without_folder(directory)
    problem = "is not a folder" if os.path.exists(directory) else "does not exist"
    return InvalidInput(fact, hint, option=option, directory=directory, problem=problem)


def no_lock(pyproject: Document, root: str) -> ActionError:
    """Return the error for a project without a uv.lock in `root`, the root of its workspace or its own folder."""
    denied = paths.denied(os.path.join(root, "uv.lock"))
    if denied:
        return _denied(denied)
    hint = _hint_without_lock(pyproject, root)
    return LockMissing("There is no uv.lock in {directory}.", hint, file=pyproject.path, line=1, directory=root)


def _denied(path: str) -> ActionError:
    fact = "{path} exists, but this user is not allowed to {access} it{owner}."
    hint = "Give this user access, for example with `chown` or `chmod` in an earlier step."
    access = "enter" if os.path.isdir(path) else "read"
    return ProjectInvalid(fact, hint, file=path, path=path, access=access, owner=paths.owner(path))


def _hint_for_folder(directory: str, nearest: str | None) -> Message:
    """Return the next step for a folder without a pyproject.toml."""
    names = os.listdir(directory)
    above = [nearest] if nearest and paths.is_inside(nearest, os.getcwd()) else []
    if _looks_empty(names):
        if os.path.isfile(".gitmodules"):
            return message("{folder} is empty. If it is a submodule, set `submodules: true` for actions/checkout.", folder=directory)
        if not above:
            return _check_out(directory)
    below = _projects(directory)
    locked = [folder for folder in below if _has_lock(folder)]
    migration = None if locked else _migration(names, None)
    return migration or _choose(locked or below or above)


def _hint_without_folder(directory: str) -> Message:
    """Return the next step for a path that is not a folder."""
    here, existing = os.getcwd(), os.path.dirname(directory)
    while not os.path.isdir(existing):
        existing = os.path.dirname(existing)
    top = here if paths.is_inside(existing, here) else existing
    if _looks_empty(os.listdir(top)):
        return _check_out(top)
    # The root of the file system is too large to search.
    found = _projects(top) if os.path.dirname(top) != top else []
    is_file_of_project = os.path.isfile(directory) and _has_pyproject(existing)
    close = [existing] if is_file_of_project else _closest(directory, found, top)
    problem = paths.syntax_problem(os.path.relpath(directory, here))
    return problem if problem and not close else _choose(close or found)


def _closest(directory: str, folders: Sequence[str], top: str) -> list[str]:
    """Return the folder whose path below `top`, or else whose name, is most similar to that of `directory`; empty if none is similar."""
    import difflib

    def relative(folder: str) -> str:
        return os.path.relpath(folder, top).replace("\\", "/").lower()

    by_path = {relative(folder): folder for folder in folders}
    by_name = {os.path.basename(folder).lower(): folder for folder in folders}
    for wanted, known in ((relative(directory), by_path), (os.path.basename(directory).lower(), by_name)):
        matches = difflib.get_close_matches(wanted, known, n=1)
        if matches:
            return [known[matches[0]]]
    return []


def _hint_without_lock(pyproject: Document, root: str) -> Message:
    for name in (".gitignore", ".dockerignore"):
        for number, line in enumerate(paths.text(os.path.join(root, name)).splitlines(), 1):
            if line.strip() in _IGNORES_LOCK:
                return message("Remove line {number} of {name}, run `uv lock` there and commit uv.lock.", number=number, name=name)
    # A project with dependencies can be locked as it is. The files of other tools beside it may serve another purpose.
    has_dependencies = "dependencies" in toml.table(pyproject.data, "project")
    migration = None if has_dependencies else _migration(os.listdir(root), pyproject)
    if migration:
        return migration
    locked = [folder for folder in _projects(root) if _has_lock(folder)]
    if locked:
        return _choose(locked)
    return message("Run `uv lock` there and commit uv.lock; check that neither .gitignore nor .dockerignore names it.")


def _migration(names: Sequence[str], pyproject: Document | None) -> Message | None:
    """Return how to create a uv.lock from the files of another tool, or None if the folder's `names` have no such file."""
    has_table = pyproject is not None and "project" in pyproject.data
    lock = _first_of(("poetry.lock", "pdm.lock"), names)
    if lock and has_table:
        return message("uv does not read {lock}: run `uv lock` there once and commit uv.lock.", lock=lock)
    if lock and pyproject:
        return message(
            "uv does not read {lock}: add the dependencies to `[project]` in pyproject.toml, run `uv lock` there once and commit both.",
            lock=lock,
        )
    steps = []
    source = requirements = _first_of(("requirements.in", "requirements.txt"), names)
    if requirements is None:
        source, requirements = _first_of(("Pipfile.lock", "Pipfile"), names), "requirements.txt"
        steps.append("run `pipenv requirements > requirements.txt`")
    if source is None:
        return None
    if pyproject is None:
        steps.append("run `uv init --bare`")
    elif not has_table:
        steps.append("add a `[project]` table with `name` and `version` to pyproject.toml")
    constraints = " -c requirements.txt" if source == "requirements.in" and "requirements.txt" in names else ""
    steps.append(f"run `uv add -r {requirements}{constraints}`")
    text = "uv-system-sync installs uv.lock, not {name}. Once, {steps} there, and commit pyproject.toml and uv.lock."
    return message(text, name=source, steps=", then ".join(steps))


def _first_of(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _choose(folders: Sequence[str]) -> Message:
    shown, option = [_shown(folder) for folder in folders], Option("working-directory")
    if len(shown) == 1:
        return message("Did you mean {nearest}?", nearest=option._replace(value=shown[0]))
    if shown:
        return message("Set {option} to one of these projects: {folders}.", option=option, folders=listed(shown))
    return message("Set {option} to the project's folder. In a workflow, check out the repository first.", option=option)


def _check_out(folder: str) -> Message:
    text = "{folder} is empty. In a workflow, add actions/checkout before this step. In a Dockerfile, copy the project first."
    return message(text, folder=folder)


def _shown(folder: str) -> str:
    """Return `folder` relative to the current folder if it is inside of that."""
    here = os.getcwd()
    return os.path.relpath(folder, here).replace(os.sep, "/") if paths.is_inside(folder, here) else folder


def _looks_empty(names: Sequence[str]) -> bool:
    return all(name.startswith(".") for name in names)


def _has_lock(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "uv.lock"))


def _has_pyproject(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "pyproject.toml"))


def _projects(top: str) -> list[str]:
    """Return the folders one or two levels below `top` that have a pyproject.toml."""
    folders = [folder for child in _folders(top) for folder in (child, *_folders(child))]
    return [folder for folder in folders if _has_pyproject(folder)]


def _folders(top: str) -> Iterator[str]:
    """Yield the folders in `top` that may have projects: no hidden ones and no virtual environments."""
    try:
        names = sorted(os.listdir(top))[:_MOST_ENTRIES]
    except OSError:
        return
    for name in names:
        folder = os.path.join(top, name)
        is_skipped = name.startswith(".") or name in _SKIPPED
        if not is_skipped and os.path.isdir(folder) and not os.path.isfile(os.path.join(folder, "pyvenv.cfg")):
            yield folder

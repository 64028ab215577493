"""The errors for a folder without a pyproject.toml or a uv.lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import options, touch
from uv_system_sync.errors import ActionError
from uv_system_sync.project import pyproject
from uv_system_sync.text import Option

_DIRECTORY = "working-directory"


def _write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _hint(directory: Path) -> str:
    return str(_error(directory).hint)


def _error(directory: Path) -> ActionError:
    with pytest.raises(ActionError) as caught:
        pyproject.read(str(directory))
    return caught.value


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is empty."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# No pyproject.toml.


@pytest.mark.parametrize("name", ["", "backend"], ids=["here", "below"])
def test_in_an_empty_folder_the_checkout_is_missing(checkout: Path, name: str) -> None:
    (checkout / ".github").mkdir()

    assert "actions/checkout" in _hint(checkout / name)


def test_an_empty_folder_may_be_a_submodule(checkout: Path) -> None:
    touch(checkout, ".gitmodules", "pyproject.toml")
    (checkout / "backend").mkdir()

    assert "`submodules: true`" in _hint(checkout / "backend")


@pytest.mark.parametrize(
    "wrong", ["backnd", "Backend", "services/backend", "backend/pyproject.toml", "back-end", "libs/backend/", "bakend/"], ids=str
)
def test_for_a_folder_that_does_not_exist_the_nearest_project_is_named(checkout: Path, wrong: str) -> None:
    touch(checkout, "backend/pyproject.toml", "frontend/pyproject.toml", "libs/api/pyproject.toml", "backed/other")

    assert {Option(_DIRECTORY), Option(_DIRECTORY, "backend")} == options(_error(checkout / wrong))


def test_the_nearest_project_may_be_two_levels_below(checkout: Path) -> None:
    touch(checkout, "libs/backend/pyproject.toml", "frontend/pyproject.toml")

    assert [True, True] == [Option(_DIRECTORY, "libs/backend") in options(_error(checkout / name)) for name in ("lib/backend", "backend")]


def test_if_no_name_is_similar_all_projects_are_named(checkout: Path) -> None:
    touch(checkout, "backend/pyproject.toml", "frontend/pyproject.toml")

    assert "backend, frontend" == _error(checkout / "zzz").values["folders"]


def test_in_a_folder_without_a_project_those_below_with_a_lock_are_named(checkout: Path) -> None:
    touch(checkout, "a/pyproject.toml", "b/pyproject.toml", "b/uv.lock", "c/d/pyproject.toml", "c/d/uv.lock", "e/f/g/pyproject.toml")

    assert "these projects: b, c/d." in _hint(checkout)


@pytest.mark.parametrize("skipped", [".hidden", "node_modules", "venv", "a/node_modules"])
def test_folders_that_have_no_projects_are_not_searched(checkout: Path, skipped: str) -> None:
    touch(checkout, f"{skipped}/pyproject.toml", f"{skipped}/x/pyproject.toml", "venv/pyvenv.cfg", "file")

    assert "check out the repository" in _hint(checkout)


def test_below_a_project_that_project_is_named(checkout: Path) -> None:
    touch(checkout, "backend/pyproject.toml", "backend/src/app/main.py")

    assert Option(_DIRECTORY, "backend") in options(_error(checkout / "backend" / "src" / "app"))


def test_outside_of_the_current_folder_paths_are_absolute(checkout: Path) -> None:
    touch(checkout.parent, "other/project/pyproject.toml")

    assert Option(_DIRECTORY, str(checkout.parent / "other" / "project")) in options(_error(checkout.parent / "other"))


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (["requirements.txt"], ["requirements.txt", "`uv init --bare`, then run `uv add -r requirements.txt`"]),
        (["requirements.in", "requirements.txt"], ["`uv add -r requirements.in -c requirements.txt`"]),
        (["Pipfile"], ["Pipfile", "`pipenv requirements > requirements.txt`, then run `uv init --bare`"]),
        (["Pipfile", "Pipfile.lock"], ["Pipfile.lock", "`pipenv requirements"]),
    ],
    ids=str,
)
def test_the_files_of_another_tool_are_named_with_the_commands_to_run_once(checkout: Path, names: list[str], steps: list[str]) -> None:
    touch(checkout, *names)

    assert [] == [step for step in steps if step not in _hint(checkout)]


def test_a_path_of_another_system_is_explained(checkout: Path) -> None:
    touch(checkout, "file")

    assert "Windows" in _hint(checkout / r"C:\a\b")


# No uv.lock.

_NAMED = '[project]\nname = "a"\nversion = "1"\n'


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("", [], "Run `uv lock` there and commit uv.lock;"),
        (_NAMED, ["poetry.lock"], "uv does not read poetry.lock: run `uv lock`"),
        ("[tool.poetry]\n", ["poetry.lock"], "`[project]`"),
        (_NAMED, ["pdm.lock"], "uv does not read pdm.lock: run `uv lock`"),
        (_NAMED, ["requirements.txt"], "Once, run `uv add -r requirements.txt` there"),
        ("[tool.ruff]\n", ["requirements.txt"], "add a `[project]` table"),
        (_NAMED + "dependencies = []\n", ["requirements.txt", "docs/conf.py"], "Run `uv lock` there and commit uv.lock;"),
        ("[tool.ruff]\n", ["backend/pyproject.toml", "backend/uv.lock"], "Did you mean `working-directory: backend`?"),
    ],
)
def test_without_a_lock_the_next_step_depends_on_what_is_there(checkout: Path, text: str, names: list[str], expected: str) -> None:
    touch(checkout, *names)
    _write(checkout, pyproject_toml=text)

    assert expected in _hint(checkout)


@pytest.mark.parametrize(
    ("name", "line", "is_found"),
    [
        *((name, line, True) for name in (".gitignore", ".dockerignore") for line in ("uv.lock", "*.lock", " /uv.lock")),
        *((".gitignore", line, False) for line in ("# uv.lock", "!uv.lock", "poetry.lock", "uv.lock.bak")),
    ],
)
def test_a_line_that_excludes_the_lock_from_commits_is_named(checkout: Path, name: str, line: str, *, is_found: bool) -> None:
    _write(checkout, pyproject_toml=_NAMED)
    (checkout / name).write_text(f"build\n{line}\n", encoding="utf-8")

    assert is_found == (f"Remove line 2 of {name}" in _hint(checkout))

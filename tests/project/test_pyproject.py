"""Reading a project: its files, its workspace and its settings for uv."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import options, place
from uv_system_sync.errors import ActionError, InvalidInput, LockMissing, ProjectInvalid
from uv_system_sync.project import pyproject
from uv_system_sync.project.lockfile import Lockfile
from uv_system_sync.project.pyproject import Project
from uv_system_sync.project.toml import Document, Place
from uv_system_sync.text import Option

_SAMPLE = '[project]\nname = "Sample"\nrequires-python = ">=3.9"\n'
_WORKSPACE = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'

# As uv writes it for a workspace with a root, one member and two dependencies from folders.
_LOCK = """\
version = 1

[manifest]
members = [
    "root",
    "sample",
]

[[package]]
name = "other"
source = { editable = "libs/other" }

[[package]]
name = "root"
source = { virtual = "." }

[[package]]
name = "sample"
source = { editable = "packages/sample" }
"""


def _write(folder: Path, text: str = _SAMPLE, *, lock: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    if lock is not None:
        (folder / "uv.lock").write_text(lock, encoding="utf-8")
    return folder


def _rejected(kind: type[ActionError], folder: Path) -> ActionError:
    with pytest.raises(kind) as caught:
        pyproject.read(str(folder))
    return caught.value


def test_a_project_is_its_folder_its_pyproject_and_the_lock_beside_it(tmp_path: Path) -> None:
    folder = str(_write(tmp_path, lock=""))
    found = pyproject.read(folder)

    assert (folder, folder, "Sample", "Sample") == (found.directory, found.root, found.name, found.title)
    assert (str(tmp_path / "pyproject.toml"), str(tmp_path / "uv.lock")) == (found.pyproject.path, found.lock.path)
    assert ("", False) == (found.pinned, found.prefers_managed)


@pytest.mark.parametrize("text", ["", "[tool.uv]\n", "[project]\n", "project = 1\n", "[project]\nname = 1\n"])
def test_a_project_without_a_name_is_called_by_its_folder(tmp_path: Path, text: str) -> None:
    found = pyproject.read(str(_write(tmp_path / "my ☃ project", text, lock="")))

    assert ("", "my ☃ project") == (found.name, found.title)


def test_reading_a_project_does_not_read_its_lock(tmp_path: Path) -> None:
    found = pyproject.read(str(_write(tmp_path, lock="")))
    Path(found.lock.path).write_text('[[package]]\nname = "alpha"\n', encoding="utf-8")

    assert {"alpha"} == found.lock.names()


@pytest.mark.parametrize(("name", "kind"), [("missing", InvalidInput), ("file", InvalidInput), ("empty", ProjectInvalid)])
def test_a_working_directory_without_a_project_is_an_error_of_that_option(tmp_path: Path, name: str, kind: type[ActionError]) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    error = _rejected(kind, tmp_path / name)

    assert ({Option("working-directory")}, str(tmp_path / name), (None, None)) == (options(error), error.values["directory"], place(error))


def test_a_missing_lock_is_an_error_on_line_1_of_pyproject(tmp_path: Path) -> None:
    error = _rejected(LockMissing, _write(tmp_path))

    assert (str(tmp_path), (str(tmp_path / "pyproject.toml"), 1)) == (error.values["directory"], place(error))


@pytest.mark.parametrize(("content", "line"), [(b'[project]\nname = "a"\nversion =\n', 3), (b'name = "\xfc"\n', None)])
def test_a_pyproject_that_is_not_toml_is_an_error_on_its_line(tmp_path: Path, content: bytes, line: int | None) -> None:
    path = _write(tmp_path, lock="") / "pyproject.toml"
    path.write_bytes(content)

    assert (str(path), line) == place(_rejected(ProjectInvalid, tmp_path))


@pytest.mark.parametrize(
    ("above", "own", "expected"),
    [
        pytest.param({"": _WORKSPACE}, _SAMPLE, "", id="member"),
        pytest.param({"": "[tool.uv.workspace]\n"}, _SAMPLE, "", id="workspace-that-uv-has-to-judge"),
        pytest.param({"": _WORKSPACE}, _WORKSPACE, "packages/sample", id="root-of-an-inner-workspace"),
        pytest.param({"": _SAMPLE}, _SAMPLE, "packages/sample", id="no-workspace"),
        pytest.param({"": "[tool.uv]\nworkspace = 1\n"}, _SAMPLE, "packages/sample", id="workspace-is-not-a-table"),
        pytest.param({"": _WORKSPACE, "packages": _SAMPLE}, _SAMPLE, "packages/sample", id="another-project-between"),
        pytest.param({"": _SAMPLE, "packages": _WORKSPACE}, _SAMPLE, "packages", id="nearest-workspace"),
    ],
)
def test_a_project_without_a_lock_has_that_of_the_workspace_above(tmp_path: Path, above: dict[str, str], own: str, expected: str) -> None:
    """As in uv, the search for a workspace ends at the first pyproject.toml above the project."""
    for folder, text in above.items():
        _write(tmp_path / folder, text)
    member = _write(tmp_path / "packages" / "sample", own)
    missing = _rejected(LockMissing, member).values["directory"]
    (tmp_path / expected / "uv.lock").touch()

    assert (str(tmp_path / expected), missing) == (missing, pyproject.read(str(member)).root)


@pytest.mark.parametrize(
    ("folder", "name", "lock", "is_member"),
    [
        pytest.param("packages/sample", "Sample", _LOCK, True, id="member"),
        pytest.param("libs/other", "other", _LOCK, False, id="excluded-but-a-dependency"),
        pytest.param("examples/sample", "sample", _LOCK, False, id="excluded-of-the-same-name"),
        pytest.param("packages/sample/nested", "nested", _LOCK, False, id="below-a-member"),
        pytest.param("packages/sample", "sample", None, False, id="workspace-without-a-lock"),
    ],
)
def test_a_project_with_a_lock_of_its_own_is_a_member_if_the_workspaces_lock_lists_it(
    tmp_path: Path, folder: str, name: str, lock: str | None, *, is_member: bool
) -> None:
    _write(tmp_path, _WORKSPACE, lock=lock)
    project = _write(tmp_path / folder, f'[project]\nname = "{name}"\n', lock="")

    assert str(tmp_path if is_member else project) == pyproject.read(str(project)).root


def test_a_missing_lock_of_a_workspace_is_an_error_in_the_members_file(tmp_path: Path) -> None:
    _write(tmp_path, _WORKSPACE)
    member = _write(tmp_path / "packages" / "sample")
    error = _rejected(LockMissing, member)

    assert (str(tmp_path), (str(member / "pyproject.toml"), 1)) == (error.values["directory"], place(error))


def test_a_malformed_pyproject_of_the_workspace_is_an_error_there(tmp_path: Path) -> None:
    _write(tmp_path, "[tool\n")

    assert (str(tmp_path / "pyproject.toml"), 1) == place(_rejected(ProjectInvalid, _write(tmp_path / "packages" / "sample", lock="")))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"3.12\n", "3.12", id="version"),
        pytest.param(b"# comment\n\n  3.12  \n3.11\n", "3.12", id="first-of-several"),
        pytest.param(b"cpython-3.12\r\n", "cpython-3.12", id="windows-lines"),
        pytest.param(b"# comment\n", "", id="comment-only"),
        pytest.param(b"", "", id="empty-file"),
        pytest.param(b"\xff3.12", "", id="not-utf-8"),
    ],
)
def test_the_first_version_in_a_python_version_file_is_used(tmp_path: Path, content: bytes, expected: str) -> None:
    (_write(tmp_path, lock="") / ".python-version").write_bytes(content)

    assert expected == pyproject.read(str(tmp_path)).pinned


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        pytest.param({"packages/one": "3.11"}, "3.11", id="of-the-member"),
        pytest.param({"": "3.12"}, "3.12", id="of-the-workspace"),
        pytest.param({"packages/one": "3.11", "": "3.12"}, "3.11", id="of-both"),
        pytest.param({"packages/two": "3.13"}, "", id="of-another-member"),
    ],
)
def test_a_members_own_python_version_file_takes_precedence(tmp_path: Path, pins: dict[str, str], expected: str) -> None:
    _write(tmp_path, _WORKSPACE, lock="")
    for name in ("one", "two"):
        _write(tmp_path / "packages" / name)
    for folder, pin in pins.items():
        (tmp_path / folder / ".python-version").write_text(pin, encoding="utf-8")

    assert expected == pyproject.read(str(tmp_path / "packages" / "one")).pinned


@pytest.mark.parametrize(
    ("value", "expected"), [('"managed"', True), ('"only-managed"', True), ('"system"', False), ('"only-system"', False), ("1", False)]
)
def test_a_project_may_prefer_managed_pythons(tmp_path: Path, value: str, *, expected: bool) -> None:
    assert expected == pyproject.read(str(_write(tmp_path, f"[tool.uv]\npython-preference = {value}\n", lock=""))).prefers_managed


_MANAGED = '[tool.uv]\npython-preference = "managed"\n'
_MEMBER = "packages/one/"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"pyproject.toml": _MANAGED}, "pyproject.toml", id="pyproject"),
        pytest.param({"uv.toml": 'python-preference = "managed"\n'}, "uv.toml", id="uv-toml"),
        pytest.param({"uv.toml": "python-preference = 'system'", "pyproject.toml": _MANAGED}, "", id="uv-toml-goes-first"),
        pytest.param({"uv.toml": "#", "pyproject.toml": _MANAGED}, "", id="uv-toml-hides-the-table"),
        pytest.param({"uv.toml": "[", "pyproject.toml": _MANAGED}, "pyproject.toml", id="malformed-uv-toml"),
        pytest.param({f"{_MEMBER}pyproject.toml": _MANAGED}, "", id="of-a-member"),
    ],
)
def test_uvs_settings_are_those_of_the_workspaces_root(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    _write(tmp_path, _WORKSPACE, lock="")
    member = _write(tmp_path / _MEMBER)
    for name, text in files.items():
        path = tmp_path / name
        path.write_text(text + (_WORKSPACE if name == "pyproject.toml" else ""), encoding="utf-8")
    found = pyproject.read(str(member))

    assert bool(expected) == found.prefers_managed
    if expected:
        line = 2 if expected == "pyproject.toml" else 1
        assert Place(str(tmp_path / expected), line) == found.place_of_setting("python-preference")


def test_the_place_of_a_missing_setting_is_the_workspaces_pyproject(tmp_path: Path) -> None:
    found = pyproject.read(str(_write(tmp_path, lock="")))

    assert Place(str(tmp_path / "pyproject.toml"), None) == found.place_of_setting("required-version")


@pytest.mark.parametrize("text", ["[", None], ids=["malformed", "missing"])
def test_a_document_that_cannot_be_read_is_empty_if_uv_explains_it(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "uv.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    assert Document(str(path), "", {}) == pyproject.read_or_empty(str(path))


@pytest.mark.parametrize(
    ("root", "folder"),
    [
        (Path.cwd(), None),
        (Path.cwd() / "libs" / "alpha", os.path.join("libs", "alpha")),
        (Path(f"{Path.cwd()}-other"), f"{Path.cwd()}-other"),
        (Path.cwd().parent, str(Path.cwd().parent)),
    ],
    ids=["here", "below", "beside", "above"],
)
def test_the_command_that_locks_names_the_folder_unless_it_is_the_current_one(root: Path, folder: str | None) -> None:
    project = Project(str(root), Document(str(root / "pyproject.toml"), "", {}), Lockfile(str(root / "uv.lock")))

    assert folder == project.lock_command().values.get("folder")

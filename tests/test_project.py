"""Reading pyproject.toml, and finding uv.lock, as uv does."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.support import place, step_inputs, words
from uv_system_sync import project
from uv_system_sync.errors import ActionError, InvalidInput, LockMissing, ProjectInvalid
from uv_system_sync.project import Project

_SAMPLE = '[project]\nname = "Sample"\nrequires-python = ">=3.9"\n'


def _write(folder: Path, text: str, *, lock: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    if lock:
        (folder / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    return folder


def _rejected(kind: type[ActionError], folder: Path) -> ActionError:
    with pytest.raises(kind) as caught:
        project.read(str(folder))
    return caught.value


def test_read(tmp_path: Path) -> None:
    """A project is its folder, its name and the Pythons that it allows."""
    folder = str(_write(tmp_path, _SAMPLE, lock=True))

    assert Project(directory=folder, root=folder, name="Sample", requires_python=">=3.9") == project.read(folder)


def test_paths(tmp_path: Path) -> None:
    """Its pyproject.toml is in its folder, and uv.lock in its root."""
    found = Project(directory=str(tmp_path / "member"), root=str(tmp_path), name="", requires_python=None)

    assert (str(tmp_path / "member" / "pyproject.toml"), str(tmp_path / "uv.lock")) == (found.pyproject, found.lock)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty-file"),
        pytest.param("[tool.uv]\n", id="no-project-table"),
        pytest.param("[project]\n", id="empty-project-table"),
        pytest.param("project = 1\n", id="project-is-no-table"),
        pytest.param("[project]\nrequires-python = 3.9\n", id="requires-python-is-no-text"),
    ],
)
def test_read_without_metadata(tmp_path: Path, text: str) -> None:
    """What a project does not say of itself is left empty, for uv to judge."""
    found = project.read(str(_write(tmp_path, text, lock=True)))

    assert ("", None) == (found.name, found.requires_python)


@pytest.mark.parametrize("mark", [pytest.param("\ufeff", id="byte-order-mark"), pytest.param("# ☃ ü\r\n", id="unicode-and-windows-lines")])
def test_read_what_editors_write(tmp_path: Path, mark: str) -> None:
    """A pyproject.toml that uv reads is read here too."""
    found = project.read(str(_write(tmp_path / "my ☃ project", mark + _SAMPLE, lock=True)))

    assert "Sample" == found.name


def test_no_folder(tmp_path: Path) -> None:
    """A working directory that is not there is an input that is wrong."""
    missing = tmp_path / "missing"
    error = _rejected(InvalidInput, missing)
    expected = (
        f"`working-directory` is {missing}, which is not a folder.",
        "Name the folder of the project's pyproject.toml, relative to the repository; run actions/checkout before this step.",
    )

    assert (expected, (None, None)) == (words(error), place(error))


def test_no_pyproject(tmp_path: Path) -> None:
    """A folder without a pyproject.toml is no project."""
    error = _rejected(ProjectInvalid, tmp_path)
    expected = (
        f"There is no pyproject.toml in {tmp_path}.",
        "Run actions/checkout before this step, or set `working-directory` to the project's folder.",
    )

    assert (expected, (None, None)) == (words(error), place(error))


def test_no_lock(tmp_path: Path) -> None:
    """A project without a uv.lock is told where it belongs."""
    error = _rejected(LockMissing, _write(tmp_path, _SAMPLE))
    expected = (f"There is no uv.lock in {tmp_path}.", "Run `uv lock` there and commit uv.lock; check that .gitignore does not name it.")

    assert (expected, (str(tmp_path / "pyproject.toml"), 1)) == (words(error), place(error))


def test_malformed_pyproject(tmp_path: Path) -> None:
    """A syntax error is shown on its line."""
    path = _write(tmp_path, '[project]\nname = "a"\nversion =\n', lock=True) / "pyproject.toml"
    error = _rejected(ProjectInvalid, tmp_path)
    expected = ("pyproject.toml is not valid TOML: Invalid value (at line 3, column 10).", f"Correct {path}.")

    assert (expected, (str(path), 3)) == (words(error), place(error))


def test_pyproject_in_another_encoding(tmp_path: Path) -> None:
    """A file that is not UTF-8 is told apart from one with a syntax error."""
    path = _write(tmp_path, _SAMPLE, lock=True) / "pyproject.toml"
    path.write_bytes(b'[project]\nname = "\xfc"\n')
    error = _rejected(ProjectInvalid, tmp_path)
    expected = (
        "pyproject.toml is not UTF-8: 'utf-8' codec can't decode byte 0xfc in position 18: invalid start byte.",
        f"Save {path} as UTF-8; TOML allows no other encoding.",
    )

    assert (expected, (str(path), None)) == (words(error), place(error))


@pytest.mark.parametrize(
    "workspace",
    [
        pytest.param('members = ["packages/*"]', id="pattern"),
        pytest.param('members = ["packages/one"]', id="by-name"),
        pytest.param('members = ["./packages/../packages/one"]', id="by-a-crooked-path"),
        pytest.param('members = ["**"]', id="any-depth"),
        pytest.param('members = ["packages/*"]\nexclude = ["packages/two"]', id="another-one-excluded"),
    ],
)
def test_member_of_a_workspace(tmp_path: Path, workspace: str) -> None:
    """The lock of a workspace's member is the workspace's."""
    _write(tmp_path, f"[tool.uv.workspace]\n{workspace}\n", lock=True)
    member = _write(tmp_path / "packages" / "one", _SAMPLE)

    assert (str(tmp_path), str(member)) == (project.read(str(member)).root, project.read(str(member)).directory)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param('[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/one"]\n', id="excluded"),
        pytest.param('[tool.uv.workspace]\nmembers = ["libs/*"]\n', id="not-a-member"),
        pytest.param("[tool.uv.workspace]\n", id="workspace-without-members"),
        pytest.param("[tool.uv]\nworkspace = 1\n", id="workspace-is-no-table"),
        pytest.param(_SAMPLE, id="no-workspace"),
    ],
)
def test_project_beside_a_workspace(tmp_path: Path, document: str) -> None:
    """A project that no workspace claims has a lock of its own."""
    _write(tmp_path, document, lock=True)
    alone = _write(tmp_path / "packages" / "one", _SAMPLE, lock=True)

    assert str(alone) == project.read(str(alone)).root


def test_root_of_a_workspace(tmp_path: Path) -> None:
    """The root of a workspace has its own lock, even inside of another workspace."""
    _write(tmp_path, '[tool.uv.workspace]\nmembers = ["*"]\n', lock=True)
    root = _write(tmp_path / "inner", "[tool.uv.workspace]\nmembers = []\n", lock=True)

    assert str(root) == project.read(str(root)).root


def test_folder_name_that_looks_like_a_pattern(tmp_path: Path) -> None:
    """The folder that a workspace is in is a name, whatever signs it holds."""
    root = _write(tmp_path / "a[b]*", '[tool.uv.workspace]\nmembers = ["one"]\n', lock=True)
    member = _write(root / "one", _SAMPLE)

    assert str(root) == project.read(str(member)).root


def test_nearest_parent_decides(tmp_path: Path) -> None:
    """Like uv, the search for a workspace ends at the first pyproject.toml above the project."""
    _write(tmp_path, '[tool.uv.workspace]\nmembers = ["outer/inner"]\n', lock=True)
    outer = _write(tmp_path / "outer", _SAMPLE)
    inner = _write(outer / "inner", _SAMPLE, lock=True)

    assert str(inner) == project.read(str(inner)).root


def test_no_lock_in_the_workspace(tmp_path: Path) -> None:
    """A member is told where the workspace's lock belongs, and pointed at in its own file."""
    _write(tmp_path, '[tool.uv.workspace]\nmembers = ["one"]\n')
    error = _rejected(LockMissing, _write(tmp_path / "one", _SAMPLE, lock=True))

    assert (f"There is no uv.lock in {tmp_path}.", str(tmp_path / "one" / "pyproject.toml")) == (error.message, error.file)


def test_malformed_parent(tmp_path: Path) -> None:
    """A syntax error in the workspace's file is shown there."""
    _write(tmp_path, "[tool\n")
    error = _rejected(ProjectInvalid, _write(tmp_path / "one", _SAMPLE, lock=True))

    assert (str(tmp_path / "pyproject.toml"), 1) == place(error)


_NAMES = """\
[project]
name = "My.Sample"

[project.optional-dependencies]
docs = []
Fast_Path = []

[dependency-groups]
test = []
Type_Check = []
"""


def _check(folder: Path, **inputs: str) -> None:
    project.check_names(project.read(str(folder)), step_inputs(**inputs))


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param({"extras": "docs fast-path"}, id="extras"),
        pytest.param({"groups": "test type-check"}, id="groups"),
        pytest.param({"packages": "my-sample"}, id="packages"),
        pytest.param({"extras": "FAST.path", "groups": "TYPE.check", "packages": "my_sample"}, id="in-other-spellings"),
    ],
)
def test_names_that_the_project_defines(tmp_path: Path, inputs: dict[str, str]) -> None:
    """A name that the project defines, in any spelling, is for uv to select."""
    _check(_write(tmp_path, _NAMES, lock=True), **inputs)


@pytest.mark.parametrize(
    ("inputs", "message", "hint"),
    [
        pytest.param(
            {"extras": "docs doc"},
            "`extras` holds `doc`, which the project does not define.",
            "It defines: `docs`, `fast-path`.",
            id="extras",
        ),
        pytest.param(
            {"groups": "lint"},
            "`groups` holds `lint`, which the project does not define.",
            "It defines: `test`, `type-check`.",
            id="groups",
        ),
        pytest.param(
            {"packages": "other"},
            "`packages` holds `other`, which the project does not define.",
            "It defines: `my-sample`.",
            id="packages",
        ),
        pytest.param(
            {"groups": "docs"},
            "`groups` holds `docs`, which the project does not define.",
            "It defines: `test`, `type-check`.",
            id="extra-as-group",
        ),
    ],
)
def test_names_that_the_project_does_not_define(tmp_path: Path, inputs: dict[str, str], message: str, hint: str) -> None:
    """A name that is a typing error is answered with those that could be meant."""
    folder = _write(tmp_path, _NAMES, lock=True)
    with pytest.raises(InvalidInput) as caught:
        _check(folder, **inputs)

    assert (message, hint) == words(caught.value)


def test_names_of_a_project_without_any(tmp_path: Path) -> None:
    """A project that defines no names at all says so."""
    folder = _write(tmp_path, _SAMPLE, lock=True)
    with pytest.raises(InvalidInput) as caught:
        _check(folder, groups="dev")

    assert ("`groups` holds `dev`, which the project does not define.", "It defines: none.") == words(caught.value)


def test_names_of_other_members(tmp_path: Path) -> None:
    """What any member of the workspace defines can be meant, from whichever member the step runs."""
    members = '[project]\nname = "root"\n[dependency-groups]\nlint = []\n[tool.uv.workspace]\nmembers = ["*"]\nexclude = ["out"]\n'
    _write(tmp_path, members, lock=True)
    _write(tmp_path / "one", _NAMES)
    _write(tmp_path / "out", '[project]\nname = "out"\n')
    _write(tmp_path / "unnamed", "[tool.uv]\n")
    (tmp_path / "no-project").mkdir()
    _check(tmp_path / "one", groups="lint", packages="root")
    _check(tmp_path, groups="test", extras="docs", packages="my-sample")
    with pytest.raises(InvalidInput) as caught:
        _check(tmp_path, packages="out")

    assert "It defines: `my-sample`, `root`." == caught.value.hint


def test_dev_dependencies(tmp_path: Path) -> None:
    """The older `tool.uv.dev-dependencies` are the group `dev`."""
    _check(_write(tmp_path, f"{_SAMPLE}[tool.uv]\ndev-dependencies = []\n", lock=True), groups="dev")


def test_dynamic_extras(tmp_path: Path) -> None:
    """Extras that only the build back end knows are for uv to judge."""
    _check(_write(tmp_path, f'{_SAMPLE}dynamic = ["optional-dependencies"]\n', lock=True), extras="anything")


def test_other_dynamic_metadata(tmp_path: Path) -> None:
    """Metadata that is dynamic otherwise leaves the extras known."""
    folder = _write(tmp_path, f'{_SAMPLE}dynamic = ["version"]\n', lock=True)
    with pytest.raises(InvalidInput):
        _check(folder, extras="anything")


def test_no_names_to_check(tmp_path: Path) -> None:
    """Where no name is given, no file is read."""
    nowhere = str(tmp_path / "missing")
    project.check_names(Project(directory=nowhere, root=nowhere, name="", requires_python=None), step_inputs())

    assert not Path(nowhere).exists()


def test_syntax_error(tmp_path: Path) -> None:
    """A lock with conflict markers in it is the kind of error that was asked for, on its line."""
    path = tmp_path / "uv.lock"
    path.write_text("version = 1\n<<<<<<< HEAD\n", encoding="utf-8")
    error = project.syntax_error(str(path), LockMissing)

    assert error is not None
    assert (LockMissing, (str(path), 2)) == (type(error), place(error))
    assert ("uv.lock is not valid TOML: Invalid statement (at line 2, column 1).", f"Correct {path}.") == words(error)


def test_no_syntax_error(tmp_path: Path) -> None:
    """A file that can be parsed has none."""
    path = tmp_path / "uv.lock"
    path.write_text("version = 1\n", encoding="utf-8")

    assert project.syntax_error(str(path), ProjectInvalid) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has another reason")
def test_unreadable_file(tmp_path: Path) -> None:
    """A file that cannot be read is said to be so, with the system's reason."""
    path = tmp_path / "uv.lock"
    path.mkdir()
    error = project.syntax_error(str(path), ProjectInvalid)

    reason = IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))

    assert error is not None
    assert (f"uv.lock cannot be read: {reason}.", f"Make {path} a file that this user can read.") == words(error)
    assert (str(path), None) == place(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('[project]\nrequires-python = ">=3.9"\n', 2, id="with-spaces"),
        pytest.param("[project]\n\n  requires-python='>=3.9'\n", 3, id="without-spaces"),
        pytest.param('# requires-python = ">=3.8"\nrequires-python-not = 1\nrequires-python = ">=3.9"\n', 3, id="after-look-alikes"),
        pytest.param("[project]\n", None, id="nowhere"),
    ],
)
def test_line_of(tmp_path: Path, text: str, expected: int | None) -> None:
    """A setting is found on the line that assigns it."""
    path = _write(tmp_path, text) / "pyproject.toml"

    assert expected == project.line_of(str(path), "requires-python")

"""Reading pyproject.toml, and finding uv.lock, as uv does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import place, words
from uv_system_sync.errors import ActionError, InvalidInput, LockMissing, ProjectInvalid
from uv_system_sync.project import pyproject
from uv_system_sync.project.pyproject import Project

_SAMPLE = '[project]\nname = "Sample"\nrequires-python = ">=3.9"\n'


def _write(folder: Path, text: str, *, lock: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    if lock:
        (folder / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    return folder


def _rejected(kind: type[ActionError], folder: Path) -> ActionError:
    with pytest.raises(kind) as caught:
        pyproject.read(str(folder))
    return caught.value


def test_read(tmp_path: Path) -> None:
    """A project is its folder, its name and the Pythons that it allows."""
    folder = str(_write(tmp_path, _SAMPLE, lock=True))

    assert Project(directory=folder, root=folder, name="Sample", requires_python=">=3.9") == pyproject.read(folder)


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
    found = pyproject.read(str(_write(tmp_path, text, lock=True)))

    assert ("", None) == (found.name, found.requires_python)


@pytest.mark.parametrize("mark", [pytest.param("\ufeff", id="byte-order-mark"), pytest.param("# ☃ ü\r\n", id="unicode-and-windows-lines")])
def test_read_what_editors_write(tmp_path: Path, mark: str) -> None:
    """A pyproject.toml that uv reads is read here too."""
    found = pyproject.read(str(_write(tmp_path / "my ☃ project", mark + _SAMPLE, lock=True)))

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("3.12\n", "3.12", id="version"),
        pytest.param("# comment\n\n  3.12  \n3.11\n", "3.12", id="first-of-several"),
        pytest.param("cpython-3.12\r\n", "cpython-3.12", id="windows-lines"),
        pytest.param("# comment\n", "", id="comment-only"),
        pytest.param("", "", id="empty-file"),
    ],
)
def test_pin(tmp_path: Path, text: str, expected: str) -> None:
    """The version that .python-version names is read, whatever else is in it."""
    _write(tmp_path, _SAMPLE, lock=True)
    (tmp_path / ".python-version").write_bytes(text.encode())

    assert expected == pyproject.read(str(tmp_path)).pinned


def test_pin_in_another_encoding(tmp_path: Path) -> None:
    """A .python-version that is no text pins nothing."""
    _write(tmp_path, _SAMPLE, lock=True)
    (tmp_path / ".python-version").write_bytes(b"\xff3.12")

    assert "" == pyproject.read(str(tmp_path)).pinned


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        pytest.param({"one": "3.11"}, "3.11", id="of-the-member"),
        pytest.param({"": "3.12"}, "3.12", id="of-the-workspace"),
        pytest.param({"one": "3.11", "": "3.12"}, "3.11", id="of-both"),
        pytest.param({"two": "3.13"}, "", id="of-another-member"),
    ],
)
def test_pin_of_a_workspace(tmp_path: Path, pins: dict[str, str], expected: str) -> None:
    """A member's own .python-version is nearer than that of its workspace."""
    _write(tmp_path, '[tool.uv.workspace]\nmembers = ["*"]\n', lock=True)
    for name in ("one", "two"):
        _write(tmp_path / name, _SAMPLE)
    for folder, pin in pins.items():
        (tmp_path / folder / ".python-version").write_text(pin, encoding="utf-8")

    assert expected == pyproject.read(str(tmp_path / "one")).pinned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('[tool.uv]\npython-preference = "managed"\n', True, id="managed"),
        pytest.param('[tool.uv]\npython-preference = "only-managed"\n', True, id="only-managed"),
        pytest.param('[tool.uv]\npython-preference = "system"\n', False, id="system"),
        pytest.param('[tool.uv]\npython-preference = "only-system"\n', False, id="only-system"),
        pytest.param("[tool.uv]\npython-preference = 1\n", False, id="not-a-text"),
        pytest.param("", False, id="not-set"),
    ],
)
def test_preference(tmp_path: Path, text: str, *, expected: bool) -> None:
    """A project may prefer Pythons that uv has installed."""
    assert expected == pyproject.read(str(_write(tmp_path, text, lock=True))).prefers_managed


def test_preference_of_a_workspace(tmp_path: Path) -> None:
    """Like for uv, the preference is the workspace's, and not that of a member."""
    _write(tmp_path, '[tool.uv]\npython-preference = "only-managed"\n[tool.uv.workspace]\nmembers = ["*"]\n', lock=True)
    quiet = _write(tmp_path / "quiet", _SAMPLE)
    _write(tmp_path / "other", '[tool.uv.workspace]\nmembers = ["*"]\n', lock=True)
    loud = _write(tmp_path / "other" / "loud", '[tool.uv]\npython-preference = "only-managed"\n')

    assert (True, False) == (pyproject.read(str(quiet)).prefers_managed, pyproject.read(str(loud)).prefers_managed)


def test_preference_of_uv_toml(tmp_path: Path) -> None:
    """A uv.toml goes before what pyproject.toml says."""
    _write(tmp_path, '[tool.uv]\npython-preference = "only-managed"\n', lock=True)
    (tmp_path / "uv.toml").write_text("", encoding="utf-8")

    assert not pyproject.read(str(tmp_path)).prefers_managed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('[[package]]\nname = "alpha"\n\n[[package]]\nname = "beta-two"\n', {"alpha", "beta-two"}, id="packages"),
        pytest.param('[[package]]\nversion = "1.0"\n', {""}, id="without-a-name"),
        pytest.param("package = [1]\n", set(), id="no-tables"),
        pytest.param("version = 1\n", set(), id="none"),
    ],
)
def test_locked_names(tmp_path: Path, text: str, expected: set[str]) -> None:
    """The names in uv.lock are those of its packages."""
    (tmp_path / "uv.lock").write_text(text, encoding="utf-8")

    assert expected == pyproject.locked_names(Project(directory="", root=str(tmp_path), name="", requires_python=None))


@pytest.mark.parametrize(
    ("own", "locked", "expected"),
    [
        pytest.param(">=3.9", 'requires-python = ">=3.10"', [("pyproject.toml", ">=3.9"), ("uv.lock", ">=3.10")], id="both"),
        pytest.param(None, 'requires-python = ">=3.10"', [("uv.lock", ">=3.10")], id="lock-only"),
        pytest.param(">=3.9", "", [("pyproject.toml", ">=3.9")], id="project-only"),
        pytest.param(None, "requires-python = 3", [], id="neither"),
    ],
)
def test_python_requirements(tmp_path: Path, own: str | None, locked: str, expected: list[tuple[str, str]]) -> None:
    """Both files may say which Pythons the project is for, its own first."""
    (tmp_path / "uv.lock").write_text(locked, encoding="utf-8")
    found = pyproject.python_requirements(Project(directory=str(tmp_path), root=str(tmp_path), name="", requires_python=own))

    assert [(str(tmp_path / name), requirement) for name, requirement in expected] == list(found)


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (Path.cwd(), "`uv lock`"),
        (Path.cwd() / "libs" / "alpha", f"`uv lock` in {Path('libs', 'alpha')}"),
        (Path(f"{Path.cwd()}-other"), f"`uv lock` in {Path.cwd()}-other"),
        (Path.cwd().parent, f"`uv lock` in {Path.cwd().parent}"),
    ],
    ids=["here", "below", "beside", "above"],
)
def test_how_to_lock_it(root: Path, expected: str) -> None:
    """A folder is named as the repository has it, and not at all when it is the current one."""
    assert expected == pyproject.lock_it(Project(str(root), str(root), "sample", None))

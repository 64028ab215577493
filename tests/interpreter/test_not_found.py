"""Tests of `interpreter.target.interpreter` and `interpreter.not_found`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import touch
from uv_system_sync import paths
from uv_system_sync.errors import ActionError, PythonNotFound, PythonUnsuitable
from uv_system_sync.interpreter import target
from uv_system_sync.text import Option

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has links for everyone, and permissions to execute")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An empty prefix, in a folder whose name looks like a glob pattern."""
    folder = tmp_path / "a[b]* ☃" / "python"
    folder.mkdir(parents=True)
    return folder


def _found(path: object, *, windows: bool = False) -> str:
    return target.interpreter(str(path), "python", windows=windows)


def _error(kind: type[ActionError], path: object, source: str = "python", *, windows: bool = False) -> ActionError:
    with pytest.raises(kind) as caught:
        target.interpreter(str(path), source, windows=windows)
    return caught.value


def _suggested(folder: object, *, windows: bool = False) -> object:
    """Return the paths that the hint suggests instead of `folder`, which is not a prefix, or None."""
    error = _error(PythonNotFound, folder, windows=windows)

    assert (Option("python"), str(folder)) == (error.values["source"], error.values["path"])
    return error.hint.values.get("prefix", error.hint.values.get("candidates"))


def test_a_file_is_the_interpreter_whatever_its_name(prefix: Path) -> None:
    touch(prefix, "bin/python3", "bin/my-python")

    assert str(prefix / "bin" / "my-python") == _found(prefix / "bin" / "my-python")


@pytest.mark.parametrize("path", ["python", "python/bin/python3", "./python/lib/.."], ids=["prefix", "interpreter", "with-dots"])
def test_a_relative_path_is_relative_to_the_current_folder(prefix: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    touch(prefix, "bin/python3")
    monkeypatch.chdir(prefix.parent)

    assert str(prefix / "bin" / "python3") == _found(path)


@pytest.mark.parametrize(
    ("windows", "names", "expected"),
    [
        pytest.param(False, ("bin/python", "bin/python3"), "bin/python3", id="both"),
        pytest.param(False, ("bin/python",), "bin/python", id="python-only"),
        pytest.param(False, ("bin/python3", "bin/python3.12", "python.exe"), "bin/python3", id="beside-others"),
        pytest.param(True, ("python.exe", "Scripts/pip.exe"), "python.exe", id="windows-installation"),
        pytest.param(True, ("Scripts/python.exe",), "Scripts/python.exe", id="windows-virtual-environment"),
        pytest.param(True, ("bin/python.exe",), "bin/python.exe", id="windows-msys"),
        pytest.param(True, ("python.exe", "bin/python.exe", "Scripts/python.exe"), "Scripts/python.exe", id="windows-all"),
    ],
)
def test_the_interpreter_of_a_prefix_is_the_one_that_uv_finds(
    prefix: Path, names: tuple[str, ...], expected: str, *, windows: bool
) -> None:
    touch(prefix, *names)

    assert str(prefix / expected) == _found(prefix, windows=windows)


def test_names_that_uv_does_not_look_for_are_ignored(prefix: Path) -> None:
    touch(prefix, "python", "bin/python2", "bin/python3.12")

    assert [None, None] == [paths.python_in(str(prefix), windows=windows) for windows in (False, True)]


def test_an_empty_path_is_an_error() -> None:
    assert Option("python") == _error(PythonNotFound, "").values["option"]


@pytest.mark.parametrize("source", ["python", "pythonLocation"])
def test_a_missing_path_is_an_error_that_names_its_source(source: str) -> None:
    error = _error(PythonNotFound, "missing/☃ python", source)

    assert {"source": Option(source), "path": "missing/☃ python"} == error.values


@pytest.mark.parametrize("version", ["3.12", "3.x", "python3.12", "python", "python3", "pypy3.10", "pypy-3.10", ">=3.10", "cpython@3.12"])
def test_a_version_is_not_a_path(version: str) -> None:
    assert "not a version" in str(_error(PythonNotFound, version).hint)


@posix
def test_the_error_for_a_windows_path_explains_it() -> None:
    assert "Windows" in str(_error(PythonNotFound, r"C:\hostedtoolcache\windows\Python\3.12.4\x64").hint)


@posix
@pytest.mark.parametrize(
    ("link", "path"),
    [
        pytest.param("bin/python3", "", id="python3-of-an-environment"),
        pytest.param("bin/python", "", id="python-of-an-environment"),
        pytest.param("bin/python3", "bin/python3", id="interpreter"),
        pytest.param("link", "link", id="prefix"),
    ],
)
def test_a_dangling_link_is_an_error_with_its_target(prefix: Path, link: str, path: str) -> None:
    """Usually, this is a virtual environment whose base Python was removed."""
    touch(prefix, "bin/activate", "pyvenv.cfg")
    (prefix / link).symlink_to(os.path.join("..", "..", "gone") if "/" in link else os.path.join("..", "gone"))
    values = {
        "source": Option("python"),
        "path": str(prefix / path),
        "link": str(prefix / link),
        "missing": str(prefix.resolve().parent / "gone"),
    }

    assert values == _error(PythonUnsuitable, prefix / path).values


@posix
def test_the_error_for_a_chain_of_dangling_links_names_both_ends(prefix: Path) -> None:
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to("/nowhere/python3.12")
    (prefix / "bin" / "python3").symlink_to("python")
    values = _error(PythonUnsuitable, prefix).values

    assert (str(prefix / "bin" / "python3"), "/nowhere/python3.12") == (values["link"], values["missing"])


@posix
def test_a_dangling_link_beside_an_interpreter_is_ignored(prefix: Path) -> None:
    touch(prefix, "bin/python")
    (prefix / "bin" / "python3").symlink_to("/nowhere/python3.12")

    assert str(prefix / "bin" / "python") == _found(prefix)


@pytest.mark.parametrize(
    ("windows", "name", "folder"),
    [
        *(
            pytest.param(False, "bin/python3", folder, id=f"posix-{folder}")
            for folder in ("bin", "lib", "lib64", "include", "share", "lib/python3.12", "lib/python3.12/site-packages", "Scripts")
        ),
        *(
            pytest.param(True, "python.exe", folder, id=f"windows-{folder}")
            for folder in ("Scripts", "Lib", "Lib/site-packages", "DLLs", "include")
        ),
    ],
)
def test_the_prefix_is_suggested_for_a_folder_inside_it(prefix: Path, name: str, folder: str, *, windows: bool) -> None:
    touch(prefix, name)
    (prefix / folder).mkdir(parents=True, exist_ok=True)

    assert str(prefix) == _suggested(prefix / folder, windows=windows)


def test_on_windows_the_scripts_folder_of_an_environment_has_its_interpreter(prefix: Path) -> None:
    """The same layout is an installation, whose interpreter is in the prefix."""
    touch(prefix, "Scripts/python.exe")

    assert str(prefix / "Scripts" / "python.exe") == _found(prefix / "Scripts", windows=True)


@pytest.mark.parametrize("inside", ["3.12.4", "3.12.4/x64"], ids=["versions", "versions-and-architectures"])
@pytest.mark.parametrize(("windows", "name"), [(False, "bin/python3"), (True, "python.exe")], ids=["posix", "windows"])
def test_the_only_prefix_in_a_folder_is_suggested(prefix: Path, inside: str, name: str, *, windows: bool) -> None:
    touch(prefix, f"{inside}/{name}", "3.13.0.complete")
    (prefix / "empty").mkdir()

    assert str(prefix / inside) == _suggested(prefix, windows=windows)


@pytest.mark.parametrize(
    ("names", "folder", "expected"),
    [
        pytest.param(("3.9.18/bin/python3", "3.12.4/bin/python3", "pypy/x64/bin/python3"), "", "3.12.4 3.9.18 pypy/x64", id="prefixes"),
        pytest.param(("bin/python3.9", "bin/python3.12", "below/bin/python3"), "", "bin/python3.12 bin/python3.9", id="interpreters-first"),
        pytest.param(("bin/python3.11", "bin/python3.12"), "bin", "bin/python3.11 bin/python3.12", id="interpreters-of-bin"),
    ],
)
def test_several_pythons_in_a_folder_are_suggested_in_order(prefix: Path, names: tuple[str, ...], folder: str, expected: str) -> None:
    touch(prefix, *names)

    assert ", ".join(f"`{prefix / name}`" for name in expected.split()) == _suggested(prefix / folder)


def test_at_most_twenty_pythons_are_suggested(prefix: Path) -> None:
    touch(prefix, *(f"3.{minor}/bin/python3" for minor in range(10, 40)))
    suggested = str(_suggested(prefix))

    assert 20 == suggested.count(str(prefix))
    assert "10 more" in suggested


@posix
def test_an_executable_interpreter_with_a_version_in_its_name_is_suggested(prefix: Path) -> None:
    touch(prefix, "bin/python3.11", "bin/python3.11-config", "bin/python2")
    (prefix / "bin" / "python3.12").symlink_to(prefix / "gone")
    (prefix / "bin" / "python3.13").touch(mode=0o644)

    assert str(prefix / "bin" / "python3.11") == _suggested(prefix)


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        pytest.param(("pyproject.toml", "python", "bin/python2"), "", id="no-interpreter-there"),
        pytest.param(("lib/site-packages/file",), "lib/site-packages", id="no-interpreter-above"),
        pytest.param(("bin/python3", "project/packages/file"), "project/packages", id="no-part-of-the-prefix-above"),
    ],
)
@pytest.mark.parametrize("windows", [False, True], ids=["posix", "windows"])
def test_a_folder_without_python_is_an_error_without_a_suggestion(
    prefix: Path, names: tuple[str, ...], folder: str, *, windows: bool
) -> None:
    """In such a folder, uv would create a new environment."""
    touch(prefix, *names)

    assert _suggested(prefix / folder, windows=windows) is None


@posix
@pytest.mark.parametrize(
    "make", [pytest.param(Path.mkdir, id="folder"), pytest.param(lambda path: path.touch(mode=0o644), id="not-executable")]
)
def test_a_folder_or_a_file_that_is_not_executable_is_not_an_interpreter(prefix: Path, make: Callable[[Path], None]) -> None:
    (prefix / "bin").mkdir()
    make(prefix / "bin" / "python3")

    assert _suggested(prefix) is None

"""Finding programs on PATH, and the interpreter that a path means."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import touch, words
from uv_system_sync.errors import ActionError, PythonNotFound, PythonUnsuitable
from uv_system_sync.interpreter import discovery

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has links for everyone, and permissions to execute")

_NO_IDEA = "Name the interpreter itself, or the prefix that it is installed in (`python -c 'import sys; print(sys.prefix)'`)."


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Give a prefix that is still empty, in a folder whose name looks like a pattern."""
    folder = tmp_path / "a[b]* ☃" / "python"
    folder.mkdir(parents=True)
    return folder


def _found(path: object, *, windows: bool = False) -> str:
    return discovery.interpreter(str(path), "python", windows=windows)


def _refused(kind: type[ActionError], path: object, *, windows: bool = False) -> tuple[str, str]:
    with pytest.raises(kind) as caught:
        _found(path, windows=windows)
    return words(caught.value)


def _advice(path: object, *, windows: bool = False) -> str:
    """Return what is said to do about the folder `path`, which has no Python of its own."""
    message, hint = _refused(PythonNotFound, path, windows=windows)

    assert f"`python` is {path}, which is a folder without a Python of its own." == message
    return hint


@pytest.mark.parametrize(("windows", "name"), [pytest.param(False, "tool", id="posix"), pytest.param(True, "tool.exe", id="windows")])
def test_program(tmp_path: Path, name: str, *, windows: bool) -> None:
    """A program is the first one of its name in the folders of PATH."""
    touch(tmp_path, f"one/other-{name}", f"two/{name}", f"three/{name}")
    search_path = os.pathsep.join(str(tmp_path / folder) for folder in ("missing", "one", "two", "three"))

    assert str(tmp_path / "two" / name) == discovery.program("tool", search_path, windows=windows)


@posix
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Path.mkdir, id="folder"),
        pytest.param(lambda path: path.touch(mode=0o644), id="not-executable"),
        pytest.param(lambda path: path.symlink_to("gone"), id="dangling-link"),
    ],
)
def test_what_is_no_program(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """What has a program's name and cannot be started is passed over."""
    (tmp_path / "one").mkdir()
    make(tmp_path / "one" / "tool")
    touch(tmp_path, "two/tool")

    assert str(tmp_path / "two" / "tool") == discovery.program("tool", f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}", windows=False)


@pytest.mark.parametrize(
    "search_path",
    ["", os.pathsep, f"/nowhere{os.pathsep}", f"{os.pathsep}/nowhere"],
    ids=["empty", "two-empty", "last-empty", "first-empty"],
)
@pytest.mark.parametrize("windows", [False, True], ids=["posix", "windows"])
def test_program_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, search_path: str, *, windows: bool) -> None:
    """The current folder, which is the checkout's, is never searched: not for an empty entry, and not on Windows."""
    touch(tmp_path, "tool", "tool.exe")
    monkeypatch.chdir(tmp_path)

    assert discovery.program("tool", search_path, windows=windows) is None


def test_other_endings(tmp_path: Path) -> None:
    """On Windows, only what needs no shell to start is a program."""
    touch(tmp_path, "tool", "tool.bat", "tool.cmd", "tool.com")

    assert discovery.program("tool", str(tmp_path), windows=True) is None


def test_same(tmp_path: Path) -> None:
    """Two paths are the same where they lead to one file that is there."""
    touch(tmp_path, "one", "two")
    one, two, missing = (str(tmp_path / name) for name in ("one", "two", "missing"))

    pairs = [(one, one), (one, two), (one, missing), (missing, one), (missing, missing)]

    assert [True, False, False, False, False] == [discovery.same(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param("bin/python3", True, id="itself"),
        pytest.param("bin/copy", True, id="copy-beside-it"),
        pytest.param("lib/copy", False, id="copy-elsewhere"),
        pytest.param("bin/other", False, id="another-program-beside-it"),
        pytest.param("bin/as-long", False, id="another-program-of-the-same-size"),
        pytest.param("bin/missing", False, id="missing"),
        pytest.param("bin/folder", False, id="folder"),
        pytest.param("nowhere/python3", False, id="missing-folder"),
    ],
)
def test_same_program(prefix: Path, other: str, *, expected: bool) -> None:
    """Two programs are the same where they are one file, or copies in one folder."""
    texts = {"bin/python3": "one", "bin/copy": "one", "lib/copy": "one", "bin/other": "another", "bin/as-long": "two"}
    touch(prefix, *texts)
    (prefix / "bin" / "folder").mkdir()
    for name, text in texts.items():
        (prefix / name).write_text(text, encoding="utf-8")
        # Made at the same moment, as a distribution's programs are.
        os.utime(prefix / name, (0, 0))
    paths = (str(prefix / "bin" / "python3"), str(prefix / other))

    assert (expected, expected) == (discovery.same_program(*paths), discovery.same_program(*reversed(paths)))


def test_interpreter_by_its_own_path(prefix: Path) -> None:
    """A file is the interpreter itself, whatever its name is."""
    touch(prefix, "bin/python3", "bin/my-python")

    assert str(prefix / "bin" / "my-python") == _found(prefix / "bin" / "my-python")


@pytest.mark.parametrize("path", ["python", "python/bin/python3", "./python/lib/.."], ids=["prefix", "interpreter", "crooked"])
def test_relative_path(prefix: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A path is relative to the current folder, and the interpreter's is absolute."""
    touch(prefix, "bin/python3")
    monkeypatch.chdir(prefix.parent)

    assert str(prefix / "bin" / "python3") == _found(path)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("bin/python", "bin/python3"), "bin/python3", id="both"),
        pytest.param(("bin/python",), "bin/python", id="python-only"),
        pytest.param(("bin/python3", "bin/python3.12", "python.exe"), "bin/python3", id="beside-others"),
    ],
)
def test_interpreter_in_a_prefix(prefix: Path, names: tuple[str, ...], expected: str) -> None:
    """In a prefix, the interpreter is the one that uv would use there."""
    touch(prefix, *names)

    assert str(prefix / expected) == _found(prefix)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("python.exe", "Scripts/pip.exe"), "python.exe", id="installation"),
        pytest.param(("Scripts/python.exe",), "Scripts/python.exe", id="virtual-environment"),
        pytest.param(("bin/python.exe",), "bin/python.exe", id="msys"),
        pytest.param(("python.exe", "bin/python.exe", "Scripts/python.exe"), "Scripts/python.exe", id="all-of-them"),
    ],
)
def test_interpreter_in_a_prefix_on_windows(prefix: Path, names: tuple[str, ...], expected: str) -> None:
    """On Windows, the interpreter is in the prefix itself or in the folder of its scripts."""
    touch(prefix, *names)

    assert str(prefix / expected) == _found(prefix, windows=True)


def test_no_interpreter_in_a_prefix(prefix: Path) -> None:
    """A folder without any of the names that uv looks for has no interpreter for it."""
    touch(prefix, "python", "bin/python2", "bin/python3.12")

    assert [None, None] == [discovery.in_prefix(str(prefix), windows=windows) for windows in (False, True)]


def test_nothing_is_set() -> None:
    """Where neither the input nor actions/setup-python names a Python, none is guessed."""
    message = "`pythonLocation` is not set and the input `python` is empty, so there is no Python to install into."
    hint = (
        "Run actions/setup-python before this step or, with `update-environment: false` or in a container,"
        " set `python` to an interpreter or a prefix such as /usr/local."
    )

    assert (message, hint) == _refused(PythonNotFound, "")


@pytest.mark.parametrize("source", ["python", "pythonLocation"])
def test_missing_path(source: str) -> None:
    """A path that is not there is refused, where uv would make an environment of it, and its source is named."""
    with pytest.raises(PythonNotFound) as caught:
        discovery.interpreter("missing/☃ python", source, windows=False)
    expected = (
        f"`{source}` is missing/☃ python, which does not exist.",
        "Name an interpreter, or the folder above its `bin`; in a container, as the container sees it.",
    )

    assert expected == words(caught.value)


@posix
@pytest.mark.parametrize(
    ("link", "named"),
    [
        pytest.param("bin/python3", "", id="python3-of-an-environment"),
        pytest.param("bin/python", "", id="python-of-an-environment"),
        pytest.param("bin/python3", "bin/python3", id="interpreter"),
        pytest.param("link", "link", id="prefix"),
    ],
)
def test_python_that_is_gone(prefix: Path, link: str, named: str) -> None:
    """A virtual environment whose Python was removed, or any other link to nowhere, says where it leads."""
    gone = prefix.resolve().parent / "gone"
    touch(prefix, "bin/activate", "pyvenv.cfg")
    (prefix / link).symlink_to(os.path.join("..", "..", "gone") if "/" in link else os.path.join("..", "gone"))
    expected = (
        f"`python` is {prefix / named}, and {prefix / link} leads to {gone}, which does not exist.",
        "Make the environment anew with a Python that is there, or name that Python itself.",
    )

    assert expected == _refused(PythonUnsuitable, prefix / named)


@posix
def test_chain_of_links_to_a_python_that_is_gone(prefix: Path) -> None:
    """Of several links, the first is named as the one in the environment, and the last as where it leads."""
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to("/nowhere/python3.12")
    (prefix / "bin" / "python3").symlink_to("python")

    assert (
        f"`python` is {prefix}, and {prefix / 'bin' / 'python3'} leads to /nowhere/python3.12, which does not exist."
        == (_refused(PythonUnsuitable, prefix)[0])
    )


@posix
def test_one_python_is_gone(prefix: Path) -> None:
    """An interpreter that is there is found, although another link beside it leads nowhere."""
    touch(prefix, "bin/python")
    (prefix / "bin" / "python3").symlink_to("/nowhere/python3.12")

    assert str(prefix / "bin" / "python") == _found(prefix)


@pytest.mark.parametrize("folder", ["bin", "lib", "lib64", "include", "share", "lib/python3.12", "lib/python3.12/site-packages", "Scripts"])
def test_folder_inside_a_prefix(prefix: Path, folder: str) -> None:
    """A folder that every Python has in its prefix means that prefix."""
    touch(prefix, "bin/python3")
    (prefix / folder).mkdir(parents=True, exist_ok=True)

    assert f"Did you mean `{prefix}`?" == _advice(prefix / folder)


@pytest.mark.parametrize("folder", ["Scripts", "Lib", "Lib/site-packages", "DLLs", "include"])
def test_folder_inside_a_prefix_on_windows(prefix: Path, folder: str) -> None:
    """On Windows, those folders have other names."""
    touch(prefix, "python.exe")
    (prefix / folder).mkdir(parents=True)

    assert f"Did you mean `{prefix}`?" == _advice(prefix / folder, windows=True)


def test_folder_of_the_interpreter_on_windows(prefix: Path) -> None:
    """On Windows, the folder that an environment's interpreter is in leads to it, because an installation looks the same."""
    touch(prefix, "Scripts/python.exe")

    assert str(prefix / "Scripts" / "python.exe") == _found(prefix / "Scripts", windows=True)


def test_folder_inside_nothing(prefix: Path) -> None:
    """A folder that only has such a name belongs to no Python."""
    (prefix / "lib" / "site-packages").mkdir(parents=True)

    assert _NO_IDEA == _advice(prefix / "lib" / "site-packages")


def test_folder_beside_a_python(prefix: Path) -> None:
    """A folder that no Python has in its prefix is not taken for a part of one."""
    touch(prefix, "bin/python3")
    (prefix / "project" / "packages").mkdir(parents=True)

    assert _NO_IDEA == _advice(prefix / "project" / "packages")


@pytest.mark.parametrize("inside", ["3.12.4", "3.12.4/x64"], ids=["versions", "versions-and-architectures"])
@pytest.mark.parametrize(("windows", "name"), [(False, "bin/python3"), (True, "python.exe")], ids=["posix", "windows"])
def test_folder_of_one_python(prefix: Path, inside: str, name: str, *, windows: bool) -> None:
    """A folder that holds the prefix of one Python, such as a tool cache, means that prefix."""
    touch(prefix, f"{inside}/{name}", "3.13.0.complete")
    (prefix / "empty").mkdir()

    assert f"Did you mean `{prefix / inside}`?" == _advice(prefix, windows=windows)


def test_folder_of_several_pythons(prefix: Path) -> None:
    """Of several prefixes one has to be named, and they are told in their order."""
    touch(prefix, *(f"{version}/bin/python3" for version in ("3.9.18", "3.12.4", "pypy/x64")))
    expected = ", ".join(f"`{prefix / version}`" for version in ("3.12.4", "3.9.18", "pypy/x64"))

    assert f"It holds several; name one of them: {expected}." == _advice(prefix)


def test_folder_of_many_pythons(prefix: Path) -> None:
    """No more than ten are told."""
    versions = [f"3.{minor}" for minor in range(10, 30)]
    touch(prefix, *(f"{version}/bin/python3" for version in versions))

    assert f"It holds several; name one of them: {', '.join(f'`{prefix / item}`' for item in versions[:10])}." == _advice(prefix)


def test_versioned_interpreter_only(prefix: Path) -> None:
    """A prefix whose interpreter has only its full name means that interpreter."""
    touch(prefix, "bin/python3.12", "bin/python3.12-config", "bin/python2")

    assert f"Did you mean `{prefix / 'bin' / 'python3.12'}`?" == _advice(prefix)


def test_several_versioned_interpreters(prefix: Path) -> None:
    """Of several interpreters with full names one has to be named, before any prefix further down."""
    touch(prefix, "bin/python3.9", "bin/python3.12", "below/bin/python3")
    expected = ", ".join(f"`{prefix / 'bin' / name}`" for name in ("python3.12", "python3.9"))

    assert f"It holds several; name one of them: {expected}." == _advice(prefix)


def test_versioned_interpreters_in_the_folder_itself(prefix: Path) -> None:
    """In a `bin` that has interpreters with a version only, they are what was meant."""
    touch(prefix, "bin/python3.11", "bin/python3.12")

    assert f"It holds several; name one of them: `{prefix}/bin/python3.11`, `{prefix}/bin/python3.12`." == _advice(prefix / "bin")


@posix
def test_versioned_interpreter_that_is_gone(prefix: Path) -> None:
    """A link that leads nowhere is not what anybody meant."""
    touch(prefix, "bin/python3.11")
    (prefix / "bin" / "python3.12").symlink_to(prefix / "gone")

    assert f"Did you mean `{prefix}/bin/python3.11`?" == _advice(prefix)


def test_folder_without_python(prefix: Path) -> None:
    """A folder that holds no interpreter, anywhere, is refused, where uv would make an environment of it."""
    touch(prefix, "pyproject.toml", "python", "bin/python2", "a/b/c/bin/python3")

    assert [_NO_IDEA, _NO_IDEA] == [_advice(prefix, windows=windows) for windows in (False, True)]


@posix
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Path.mkdir, id="folder"),
        pytest.param(lambda path: path.touch(mode=0o644), id="not-executable"),
    ],
)
def test_no_interpreter_under_its_name(prefix: Path, make: Callable[[Path], None]) -> None:
    """What has an interpreter's name in a prefix and cannot be started is none."""
    (prefix / "bin").mkdir()
    make(prefix / "bin" / "python3")

    assert _NO_IDEA == _advice(prefix)

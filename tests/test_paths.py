"""Tests of `paths`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import touch
from uv_system_sync import paths

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has links for everyone, and permissions to execute")


@pytest.mark.parametrize(("windows", "name"), [pytest.param(False, "tool", id="posix"), pytest.param(True, "tool.exe", id="windows")])
def test_the_first_program_on_the_search_path_is_found(tmp_path: Path, name: str, *, windows: bool) -> None:
    touch(tmp_path, f"one/other-{name}", f"two/{name}", f"three/{name}")
    search_path = os.pathsep.join(str(tmp_path / folder) for folder in ("missing", "one", "two", "three"))

    assert str(tmp_path / "two" / name) == paths.program("tool", search_path, windows=windows)


@posix
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Path.mkdir, id="folder"),
        pytest.param(lambda path: path.touch(mode=0o644), id="not-executable"),
        pytest.param(lambda path: path.symlink_to("gone"), id="dangling-link"),
    ],
)
def test_what_cannot_be_started_is_no_program(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / "one").mkdir()
    make(tmp_path / "one" / "tool")
    touch(tmp_path, "two/tool")

    assert str(tmp_path / "two" / "tool") == paths.program("tool", f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}", windows=False)


@pytest.mark.parametrize(
    "search_path",
    ["", os.pathsep, f"/nowhere{os.pathsep}", f"{os.pathsep}/nowhere"],
    ids=["empty", "two-empty", "last-empty", "first-empty"],
)
@pytest.mark.parametrize("windows", [False, True], ids=["posix", "windows"])
def test_the_current_folder_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, search_path: str, *, windows: bool) -> None:
    """The current folder is the checkout: an empty PATH entry does not mean it, and it is not searched first as on Windows."""
    touch(tmp_path, "tool", "tool.exe")
    monkeypatch.chdir(tmp_path)

    assert paths.program("tool", search_path, windows=windows) is None


def test_programs_of_windows_end_in_exe(tmp_path: Path) -> None:
    """All other kinds of programs need a shell to start them."""
    touch(tmp_path, "tool", "tool.bat", "tool.cmd", "tool.com")

    assert paths.program("tool", str(tmp_path), windows=True) is None


def test_a_folder_takes_precedence_over_a_name(tmp_path: Path) -> None:
    touch(tmp_path, "one/bin/second", "two/bin/first", "two/bin/second")
    folders = [str(tmp_path / "one"), str(tmp_path / "two")]

    assert str(tmp_path / "one" / "bin" / "second") == paths.first_program(folders, ("bin/first", "bin/second"))
    assert str(tmp_path / "two" / "bin" / "first") == paths.first_program(folders[1:], ("bin/first", "bin/second"))


def test_paths_are_the_same_file_only_if_both_exist(tmp_path: Path) -> None:
    touch(tmp_path, "one", "two")
    one, two, missing = (str(tmp_path / name) for name in ("one", "two", "missing"))
    pairs = [(one, one), (one, two), (one, missing), (missing, one), (missing, missing)]

    assert [True, False, False, False, False] == [paths.same_file(*pair) for pair in pairs]


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
def test_programs_are_the_same_if_they_are_one_file_or_copies_in_one_folder(tmp_path: Path, other: str, *, expected: bool) -> None:
    contents = {"bin/python3": "one", "bin/copy": "one", "lib/copy": "one", "bin/other": "another", "bin/as-long": "two"}
    touch(tmp_path, *contents)
    (tmp_path / "bin" / "folder").mkdir()
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        # Give all files the same time, as in a Linux distribution's package.
        os.utime(tmp_path / name, (0, 0))
    pair = (str(tmp_path / "bin" / "python3"), str(tmp_path / other))

    assert (expected, expected) == (paths.same_program(*pair), paths.same_program(*reversed(pair)))


@posix
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("folder", True, id="itself"),
        pytest.param("folder/missing/file", True, id="below"),
        pytest.param("link/file", True, id="below-by-a-link"),
        pytest.param("folder/../folder/file", True, id="with-dots"),
        pytest.param(".", False, id="above"),
        pytest.param("folder-2/file", False, id="a-longer-name"),
        pytest.param("folder/../file", False, id="beside-with-dots"),
        pytest.param("folder/out/file", False, id="outside-by-a-link"),
        pytest.param("folder/\0", False, id="a-path-that-no-system-has"),
    ],
)
def test_what_is_inside_a_folder_is_decided_after_links_are_resolved(tmp_path: Path, path: str, *, expected: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "folder" / "out").symlink_to("..")

    assert expected == paths.is_inside(str(tmp_path / path), str(tmp_path / "link"))


@posix
def test_a_folder_is_removed_without_what_its_links_lead_to(tmp_path: Path) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    (kept / "below").mkdir(parents=True)
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "file").touch()
    (folder / "below" / "link").symlink_to(kept)
    (tmp_path / "link").symlink_to(kept)

    for path in (folder, tmp_path / "link", tmp_path / "missing"):
        paths.remove_folder(str(path))

    assert ["kept"] == os.listdir(tmp_path)
    assert ["below"] == os.listdir(kept)


@posix
@pytest.mark.parametrize("kind", ["pipe", "endless", "link-to-an-endless-file", "huge", "folder", "missing", "loop", "not-utf-8"])
def test_what_has_no_text_or_no_end_has_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        path = Path("/dev/zero")
    elif kind == "link-to-an-endless-file":
        path.symlink_to("/dev/zero")
    elif kind == "huge":
        path.touch()
        os.truncate(path, 2**40)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "not-utf-8":
        path.write_bytes(b"\xff")

    assert "" == paths.text(str(path))


def test_text_has_line_feeds_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("a\r\nb\rc\n☃".encode())

    assert "a\nb\nc\n☃" == paths.text(str(tmp_path / "file"))


# Paths in the notation of a shell or of another system.


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ('"/usr/local"', "/usr/local"),
        ("'my project'", "my project"),
        ("~/project", "`~`"),
        ("$HOME/project", "variable"),
        ("${{HOME}}/project", "variable"),
        ("/home/${USER}", "variable"),
        (r"%USERPROFILE%\python", "variable"),
        (r"C:\hostedtoolcache\windows\Python\3.12.4\x64", "Windows"),
        (r"\\server\share", "Windows"),
        (r"libs\api", "libs/api"),
    ],
)
def test_the_next_step_says_how_to_write_it(path: str, shown: str) -> None:
    assert shown in str(paths.syntax_problem(path, windows=False))


@pytest.mark.parametrize("path", ["/usr/local", "libs/api", "my project", "a~b", "100%", "'", "a$", "C:"])
def test_any_other_path_has_no_problem(path: str) -> None:
    assert paths.syntax_problem(path, windows=False) is None


def test_on_windows_a_backslash_is_right() -> None:
    assert paths.syntax_problem(r"C:\Python", windows=True) is None

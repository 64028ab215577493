"""The port of the runner's parser for command files, which other tests use."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest

from tools.shared.runner_files import FileCommandError, StepFiles, path_after, read_env, read_outputs, read_path

_EMPTY = "Name must not be empty and delimiter must not be empty"


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "commands"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", {}, id="nothing"),
        pytest.param(b"\n\n\n", {}, id="empty-lines-only"),
        pytest.param(b"A=1\nB=2\n", {"A": "1", "B": "2"}, id="two-assignments"),
        pytest.param(b"A=1", {"A": "1"}, id="no-newline-at-the-end"),
        pytest.param(b"A=1\nA=2\n", {"A": "2"}, id="the-last-one-wins"),
        pytest.param(b"A=\n", {"A": ""}, id="empty-value"),
        pytest.param(b" A = 1 \n", {" A ": " 1 "}, id="spaces-are-kept"),
        pytest.param(b"A=b=c<<d\n", {"A": "b=c<<d"}, id="equals-comes-first"),
        pytest.param(b"A<<B=C\n1\nB=C\n", {"A": "1"}, id="heredoc-comes-first"),
        pytest.param(b"A<<B<<C\n1\nB<<C\n", {"A": "1"}, id="heredoc-sign-in-the-delimiter"),
        pytest.param(b"A<<E\none\ntwo\nE\n", {"A": "one\ntwo"}, id="two-lines"),
        pytest.param(b"A<<E\n\n\none\n\nE\n", {"A": "\n\none\n"}, id="blank-lines-around-are-kept"),
        pytest.param(b"A<<E\nE\n", {"A": ""}, id="heredoc-of-no-line"),
        pytest.param(b"A<<E\n\nE\n", {"A": ""}, id="heredoc-of-an-empty-line"),
        pytest.param(b"A<<E\n1\nE", {"A": "1"}, id="delimiter-without-newline"),
        pytest.param(b"A<<E\nE \n E\nE\n", {"A": "E \n E"}, id="delimiter-is-the-whole-line"),
        pytest.param(b"A<<E\nB=1\nC<<F\nE\nD=2\n", {"A": "B=1\nC<<F", "D": "2"}, id="assignments-inside-are-text"),
        pytest.param(b"A=a\rb\n", {"A": "a\rb"}, id="carriage-return-alone"),
        pytest.param("Ä=ß☃\u2028\x85\n".encode(), {"Ä": "ß☃\u2028\x85"}, id="unicode-and-its-line-separators"),
        pytest.param(b"A=\xff\n", {"A": "\ufffd"}, id="invalid-utf8"),
    ],
)
@pytest.mark.parametrize("windows", [pytest.param(False, id="on-linux"), pytest.param(True, id="on-windows")])
def test_both_grammars_are_read_on_every_system(tmp_path: Path, content: bytes, expected: dict[str, str], *, windows: bool) -> None:
    path = _file(tmp_path, content)

    assert (expected, expected) == (read_env(path, windows=windows), read_outputs(path, windows=windows))


@pytest.mark.parametrize(
    ("content", "linux", "windows"),
    [
        pytest.param(b"A=1\r\nB=2\r\n", {"A": "1\r", "B": "2\r"}, {"A": "1", "B": "2"}, id="assignments"),
        pytest.param(b"A<<E\n1\r\n2\r\nE\n", {"A": "1\r\n2\r"}, {"A": "1\r\n2"}, id="value"),
        pytest.param(b"A<<E\r\n1\r\nE\r\n", {"A": "1\r"}, {"A": "1"}, id="delimiter"),
        pytest.param(b"\r\nA=1\n", None, {"A": "1"}, id="empty-line"),
    ],
)
def test_cr_lf_ends_a_line_for_the_runner_on_windows_alone(
    tmp_path: Path, content: bytes, linux: dict[str, str] | None, windows: dict[str, str]
) -> None:
    path = _file(tmp_path, content)

    assert windows == read_env(path, windows=True)
    if linux is None:
        with pytest.raises(FileCommandError):
            read_env(path)
    else:
        assert linux == read_env(path)


def test_a_closing_delimiter_with_a_carriage_return_is_not_found_on_linux(tmp_path: Path) -> None:
    path = _file(tmp_path, b"A<<E\n1\nE\r\n")

    assert {"A": "1"} == read_env(path, windows=True)
    with pytest.raises(FileCommandError, match=r"^Invalid value\. Matching delimiter not found 'E'$"):
        read_env(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("A\n", "Invalid format 'A'", id="no-sign"),
        pytest.param("A=1\n \n", "Invalid format ' '", id="a-space-is-not-an-empty-line"),
        pytest.param("A<B\n", "Invalid format 'A<B'", id="half-a-sign"),
        pytest.param("<<E\n1\nE\n", f"Invalid format '<<E'. {_EMPTY}", id="heredoc-without-name"),
        pytest.param("A<<\n1\n\n", f"Invalid format 'A<<'. {_EMPTY}", id="heredoc-without-delimiter"),
        pytest.param("A<<E\n1\n", "Invalid value. Matching delimiter not found 'E'", id="no-delimiter"),
        pytest.param("A<<E", "Invalid value. Matching delimiter not found 'E'", id="nothing-after-the-first-line"),
        pytest.param("A<<E\n1", "Invalid value. EOF marker missing new line.", id="value-without-newline"),
        pytest.param("=1\n", "Value cannot be null. (Parameter 'name')", id="assignment-without-name"),
    ],
)
def test_a_malformed_file_fails_with_the_runners_message(tmp_path: Path, content: str, message: str) -> None:
    path = _file(tmp_path, content.encode())

    with pytest.raises(FileCommandError) as caught:
        read_outputs(path)

    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        pytest.param(codecs.BOM_UTF8, "utf-8", id="utf-8"),
        pytest.param(codecs.BOM_UTF16_LE, "utf-16-le", id="utf-16-little-endian"),
        pytest.param(codecs.BOM_UTF16_BE, "utf-16-be", id="utf-16-big-endian"),
        pytest.param(codecs.BOM_UTF32_LE, "utf-32-le", id="utf-32-little-endian"),
        pytest.param(codecs.BOM_UTF32_BE, "utf-32-be", id="utf-32-big-endian"),
    ],
)
def test_a_byte_order_mark_sets_the_encoding_of_a_file(tmp_path: Path, bom: bytes, encoding: str) -> None:
    path = _file(tmp_path, bom + "A=ß\n".encode(encoding))

    assert ({"A": "ß"}, ["A=ß"]) == (read_env(path), read_path(path))


def test_a_byte_order_mark_elsewhere_is_part_of_a_name(tmp_path: Path) -> None:
    path = _file(tmp_path, b"A=1\n" + codecs.BOM_UTF8 + b"B=2\n")

    assert {"A": "1", "\ufeffB": "2"} == read_env(path)


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    assert ({}, {}, []) == (read_env(missing), read_outputs(missing), read_path(missing))


@pytest.mark.parametrize("name", ["NODE_OPTIONS", "node_options"])
def test_node_options_can_be_an_output_but_not_a_variable(tmp_path: Path, name: str) -> None:
    path = _file(tmp_path, f"{name}=--require evil\nA=1\n".encode())

    assert ({"A": "1"}, {name: "--require evil", "A": "1"}) == (read_env(path), read_outputs(path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"/one\n/two\n/one\n", ["/one", "/two", "/one"], id="repeated"),
        pytest.param(b"/one\r/two\r\n/three", ["/one", "/two", "/three"], id="every-line-ending"),
        pytest.param(b"\n\n/one\n\n", ["/one"], id="empty-lines"),
        pytest.param(b' /a "b" $HOME \n', [' /a "b" $HOME '], id="nothing-is-trimmed-or-expanded"),
        pytest.param("/ü\u2028☃\n".encode(), ["/ü\u2028☃"], id="unicode-and-its-line-separators"),
    ],
)
def test_every_line_of_github_path_that_is_not_empty_is_an_entry(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    path = _file(tmp_path, content)

    assert expected == read_path(path)


@pytest.mark.parametrize(
    ("entries", "before", "expected"),
    [
        pytest.param([], ["/bin"], ["/bin"], id="no-entry"),
        pytest.param(["/one", "/two"], ["/bin"], ["/two", "/one", "/bin"], id="the-last-is-first"),
        pytest.param(["/one", "/two", "/one"], ["/bin"], ["/one", "/two", "/bin"], id="again-moves-to-the-front"),
        pytest.param(["/one"], [], ["/one"], id="no-path-before"),
        pytest.param(["/bin"], ["/bin", "/usr/bin"], ["/bin", "/usr/bin"], id="in-front-already"),
        pytest.param(["/bin"], ["/usr/bin", "/bin"], ["/bin", "/usr/bin", "/bin"], id="further-back-already"),
    ],
)
def test_the_last_entry_is_first_on_the_next_steps_path(entries: list[str], before: list[str], expected: list[str]) -> None:
    separator = os.pathsep

    assert separator.join(expected) == path_after(entries, separator.join(before))


def test_the_files_of_a_step_exist_and_are_empty(runner: StepFiles) -> None:
    assert (True, True) == (all(Path(path).exists() for path in runner.environ.values()), runner.are_empty())


@pytest.mark.parametrize("name", ["env", "path", "output", "summary", "temp/report.json"])
def test_anything_that_a_step_writes_is_noticed(runner: StepFiles, name: str) -> None:
    folder, _, file = name.partition("/")
    path: Path = getattr(runner, folder) / file
    path.write_text("x", encoding="utf-8")

    assert not runner.are_empty()

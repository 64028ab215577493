"""Reading TOML files, and finding lines in them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.support import place, words
from uv_system_sync.errors import LockMissing, ProjectInvalid
from uv_system_sync.project import toml


def test_syntax_error(tmp_path: Path) -> None:
    """A lock with conflict markers in it is the kind of error that was asked for, on its line."""
    path = tmp_path / "uv.lock"
    path.write_text("version = 1\n<<<<<<< HEAD\n", encoding="utf-8")
    error = toml.syntax_error(str(path), LockMissing)

    assert error is not None
    assert (LockMissing, (str(path), 2)) == (type(error), place(error))
    assert ("uv.lock is not valid TOML: Invalid statement (at line 2, column 1).", f"Correct {path}.") == words(error)


def test_no_syntax_error(tmp_path: Path) -> None:
    """A file that can be parsed has none."""
    path = tmp_path / "uv.lock"
    path.write_text("version = 1\n", encoding="utf-8")

    assert toml.syntax_error(str(path), ProjectInvalid) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has another reason")
def test_unreadable_file(tmp_path: Path) -> None:
    """A file that cannot be read is said to be so, with the system's reason."""
    path = tmp_path / "uv.lock"
    path.mkdir()
    error = toml.syntax_error(str(path), ProjectInvalid)

    reason = IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))

    assert error is not None
    assert (f"uv.lock cannot be read: {reason}.", f"Make {path} a file that this user can read.") == words(error)
    assert (str(path), None) == place(error)


def test_another_encoding(tmp_path: Path) -> None:
    """A file that is not UTF-8 is told apart from one with a syntax error."""
    path = tmp_path / "uv.toml"
    path.write_bytes(b'\nname = "\xfc"\n')
    error = toml.syntax_error(str(path), ProjectInvalid)
    expected = (
        "uv.toml is not UTF-8: 'utf-8' codec can't decode byte 0xfc in position 9: invalid start byte.",
        f"Save {path} as UTF-8; TOML allows no other encoding.",
    )

    assert error is not None
    assert (expected, (str(path), None)) == (words(error), place(error))


def test_byte_order_mark(tmp_path: Path) -> None:
    """The mark that some editors write first hides nothing."""
    path = tmp_path / "uv.toml"
    path.write_text("\ufeffoffline = true\n", encoding="utf-8")

    assert ({"offline": True}, 1) == (toml.load(str(path), ProjectInvalid), toml.line_of(str(path), "offline"))


@pytest.mark.parametrize(
    ("document", "table", "array"),
    [
        pytest.param({"key": {"a": 1}}, {"a": 1}, [], id="table"),
        pytest.param({"key": [1]}, {}, [1], id="array"),
        pytest.param({"key": "text"}, {}, [], id="text"),
        pytest.param({}, {}, [], id="nothing"),
    ],
)
def test_table_and_array(document: toml.Table, table: toml.Table, array: list[object]) -> None:
    """What is not of the kind that was asked for is as good as not there."""
    assert (table, array) == (toml.table(document, "key"), toml.array(document, "key"))


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
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")

    assert expected == toml.line_of(str(path), "requires-python")

"""Reading TOML files, and finding lines in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import place
from uv_system_sync.errors import LockMissing, ProjectInvalid, RunnerUnusable
from uv_system_sync.project import toml
from uv_system_sync.project.toml import Document, Place


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbfoffline = true\n", id="byte-order-mark"),
        pytest.param("offline = true # ☃ ü\r\n".encode(), id="unicode-and-windows-lines"),
    ],
)
def test_a_file_is_read_as_editors_write_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "uv.toml"
    path.write_bytes(content)
    document = toml.read(str(path), ProjectInvalid)

    assert ({"offline": True}, "uv.toml", Place(str(path), 1)) == (document.data, document.name, document.place_of("offline"))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"version = 1\n<<<<<<< HEAD\n", 2, id="syntax"),
        pytest.param(b'\nname = "\xfc"\n', None, id="not-utf-8"),
        pytest.param(b"a = " + b"[" * 5000 + b"]" * 5000, None, id="nested-too-deeply"),
    ],
)
def test_a_malformed_file_is_an_error_of_the_given_kind(tmp_path: Path, content: bytes, line: int | None) -> None:
    path = tmp_path / "uv.lock"
    path.write_bytes(content)
    with pytest.raises(LockMissing) as caught:
        toml.read(str(path), LockMissing)

    assert (str(path), line) == place(caught.value)
    assert ("uv.lock", str(path)) == (caught.value.values["name"], caught.value.values["path"])


def test_a_file_that_cannot_be_read_is_an_error_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "uv.lock"
    path.mkdir()
    with pytest.raises(ProjectInvalid) as caught:
        toml.read(str(path), ProjectInvalid)

    assert (str(path), None) == place(caught.value)
    assert str(path) in str(caught.value.values["reason"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on file handles that a test can reach")
def test_a_machine_without_file_handles_is_not_an_error_of_the_file(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "uv.lock"
    path.touch()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(RunnerUnusable):
            toml.read(str(path), ProjectInvalid)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize(
    ("value", "table", "array", "string"),
    [({"a": 1}, {"a": 1}, [], ""), ([1], {}, [1], ""), ("text", {}, [], "text"), (1, {}, [], "")],
    ids=["table", "array", "string", "number"],
)
def test_a_value_of_another_type_counts_as_missing(value: object, table: toml.Table, array: list[object], string: str) -> None:
    data = {"key": value}

    assert (table, array, string) == (toml.table(data, "key"), toml.array(data, "key"), toml.string(data, "key"))


def test_missing_values_are_empty() -> None:
    assert ({}, {}, [], "") == (toml.table({}, "a"), toml.table({"a": 1}, "a", "b"), toml.array({}, "a"), toml.string({}, "a"))


_TEXT = """\
# requires-python = ">=3.8"
[project]
requires-python-not = 1
  requires-python='>=3.9'
dependencies = [
    # "beta",
    "alpha",
    'beta',
    "gamma; os_name == \\"nt\\"",
]
optional-dependencies.Fast_Path = ["gamma"]

[tool.uv.sources]
"My.Lib" = { path = "lib" }

[[tool.uv.index]] # the company's
name = "private"

[tool . uv.workspace]
members = ["alpha"]
"""


@pytest.mark.parametrize(
    ("keys", "item", "line"),
    [
        pytest.param(("project", "requires-python"), "", 4, id="key"),
        pytest.param(("project", "dependencies"), "", 5, id="array"),
        pytest.param(("project", "dependencies"), "alpha", 7, id="item"),
        pytest.param(("project", "dependencies"), "beta", 8, id="item-in-single-quotes-and-commented-out"),
        pytest.param(("project", "dependencies"), "gamma", 5, id="item-that-is-elsewhere"),
        pytest.param(("project", "dependencies"), 'gamma; os_name == "nt"', 9, id="item-with-quotes"),
        pytest.param(("project", "optional-dependencies", "fast-path"), "", 11, id="dotted-key"),
        pytest.param(("tool", "uv", "sources", "my-lib"), "", 14, id="quoted-key-in-another-form"),
        pytest.param(("tool", "uv", "sources"), "", 13, id="table"),
        pytest.param(("tool", "uv", "index"), "", 16, id="array-of-tables"),
        pytest.param(("tool", "uv", "workspace", "members"), "alpha", 20, id="header-with-spaces"),
        pytest.param(("requires-python",), "", None, id="commented-out"),
        pytest.param(("project", "version"), "", None, id="missing"),
    ],
)
def test_a_place_is_the_line_of_an_item_or_of_the_value_that_may_have_it(keys: tuple[str, ...], item: str, line: int | None) -> None:
    expected = Place("/pyproject.toml", line) if line else None

    assert expected == Document("/pyproject.toml", _TEXT, {}).place_of(*keys, item=item)


@pytest.mark.parametrize(("text", "line"), [("[project]", 2), ('"private"', 17), ("nowhere", None)])
def test_the_first_line_with_a_text_is_found(text: str, line: int | None) -> None:
    assert line == Document("/pyproject.toml", _TEXT, {}).line_with(text)

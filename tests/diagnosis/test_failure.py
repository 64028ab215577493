"""Tests of `diagnosis.failure`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import failure, write
from uv_system_sync.diagnosis.failure import Failure
from uv_system_sync.errors import SyncFailed
from uv_system_sync.text import Option

_HIDDEN = "error: needs to be updated, but `--locked`"


def _failure(output: str, tmp_path: Path) -> Failure:
    return failure(output, write(tmp_path))


@pytest.mark.parametrize(
    ("output", "words"),
    [
        pytest.param(
            "Resolved 3 packages\nerror: No space\n  Caused by: x\n\nhint: y\n", "error: No space Caused by: x hint: y", id="error"
        ),
        pytest.param(
            "Resolved\n  \u00d7 Failed to build\n  ├─▶ The build\n  │   backend\n", "Failed to build The build backend", id="tree"
        ),
        pytest.param("Using CPython\nThe lockfile at `uv.lock`\n", "Using CPython The lockfile at `uv.lock`", id="no header"),
        pytest.param(f"error: Failed\n\n      [stderr]\n      x\n{_HIDDEN}\n", "error: Failed", id="build"),
        pytest.param(f"  \u00d7 Failed\n  ╰─▶ Git failed\n      --- stderr\n{_HIDDEN}\n", "Failed Git failed", id="git"),
        pytest.param(f"DEBUG {_HIDDEN}\n   Building x\nFailed\n", "Failed", id="verbose"),
        pytest.param("error: " + "x" * 100_000, "error: " + "x" * 29_993, id="long"),
    ],
)
def test_words_are_uvs_own_message_in_one_line(output: str, words: str, tmp_path: Path) -> None:
    """Text that uv quotes from a build or from Git is left out."""
    assert words == _failure(output, tmp_path).words


@pytest.mark.parametrize(
    ("output", "quoted"),
    [
        pytest.param("error: x\n   [stdout]\n   no\n\n   [stderr]\n   one\n     two\n\nhint: y\n", "one\n  two", id="stderr"),
        pytest.param("error: x\n   [stdout]\n   one\n", "one", id="stdout"),
        pytest.param("error: x\n", "", id="none"),
        pytest.param("[stderr]\n" + "".join(f"{number}\n" for number in range(40)), "\n".join(map(str, range(10, 40))), id="many"),
    ],
)
def test_quoted_are_the_last_lines_of_a_build(output: str, quoted: str, tmp_path: Path) -> None:
    """The indentation that uv adds is removed."""
    assert quoted == _failure(output, tmp_path).quoted


@pytest.mark.parametrize(
    ("output", "words"),
    [("x" * 5000 + "\nthe reason\n", f"… {'x' * 2489}\nthe reason"), ("x" * 2500, "x" * 2500)],
    ids=["long", "short"],
)
def test_error_has_the_end_of_the_output(output: str, words: str, tmp_path: Path) -> None:
    """Long output loses its beginning."""
    assert words == _failure(output, tmp_path).error(SyncFailed, "It failed.", "Run it again.").words


def test_error_has_the_values_that_its_sentences_need(tmp_path: Path) -> None:
    """Facts and options are always there, and braces in a value are not fields."""
    error = _failure("", tmp_path).error(SyncFailed, "{name} failed for uv {uv}.", "Correct {args}.", name="{python}")

    assert {"name": "{python}", "uv": "0.13.9", "args": Option("args")}.items() <= error.values.items()
    assert "{python} failed for uv 0.13.9." == str(error.message)

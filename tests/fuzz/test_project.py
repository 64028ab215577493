"""Whatever bytes a project's files contain, they give a project or one error; and whatever uv then prints, it gives one error."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import attempt, hostile
from tests.support import TARGET
from uv_system_sync.diagnosis import explain
from uv_system_sync.errors import ActionError
from uv_system_sync.process import Completed
from uv_system_sync.project import pyproject

_PYPROJECT = hostile.toml_document(
    *("project", "project.name", "project.requires-python", "project.dynamic", "project.optional-dependencies", "dependency-groups"),
    *("tool", "tool.uv", "tool.uv.workspace", "tool.uv.workspace.members", "tool.uv.workspace.exclude", "tool.uv.python-preference"),
    *("tool.uv.dev-dependencies", "tool.uv.required-version"),
).map(lambda document: document.encode("utf-8", "replace"))
_LOCK = hostile.toml_document("requires-python", "version", "package").map(str.encode)
_projects: st.SearchStrategy[dict[str, bytes]] = st.fixed_dictionaries(
    {"pyproject.toml": _PYPROJECT | hostile.content, "uv.lock": _LOCK | hostile.content},
    optional={
        "uv.toml": hostile.toml_document("python-preference", "required-version").map(str.encode) | hostile.content,
        ".python-version": hostile.content,
    },
)


def _fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


@given(outer=st.none() | _PYPROJECT, files=_projects)
def test_any_files_are_a_project_or_one_error(outer: bytes | None, files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "a"
        inner.mkdir()
        _fill(inner, files)
        if outer is not None:
            _fill(Path(folder), {"pyproject.toml": outer, "uv.lock": b""})
        found = attempt(lambda: pyproject.read(str(inner)))

        if isinstance(found, ActionError):
            assert str(found)
            assert str(found.hint)
            return
        assert found.root in (str(inner), folder)
        assert found.title
        assert all(isinstance(name, str) for name in (found.name, found.pinned, *found.lock.names()))


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.toml"])
def test_a_file_that_is_nested_too_deeply_is_an_error_or_ignored(tmp_path: Path, name: str) -> None:
    _fill(tmp_path, {"pyproject.toml": b"", "uv.lock": b"", name: b"a = " + b"[" * 100_000})

    if name == "pyproject.toml":
        with pytest.raises(ActionError):
            pyproject.read(str(tmp_path))
    else:
        # uv explains what is wrong with the file.
        assert not pyproject.read(str(tmp_path)).prefers_managed


_WORDS = ("", "needs to be updated, but `--locked`", "The environment is outdated", "Required uv version `x` does not match")


@given(files=_projects, output=hostile.text, words=st.sampled_from(_WORDS), status=st.integers(-9, 255))
@example(files={"pyproject.toml": b"", "uv.lock": b""}, output=hostile.MEGABYTES[1], words=_WORDS[1], status=1)
@example(files={"pyproject.toml": b"", "uv.lock": b""}, output=hostile.MEGABYTES[1], words="", status=1)
def test_any_failure_of_a_sync_is_one_error_of_one_line_and_a_part_of_the_output(
    files: dict[str, bytes], output: str, words: str, status: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), files)
        project = attempt(lambda: pyproject.read(folder))
        if isinstance(project, ActionError):
            return
        completed = Completed(status, f"{output}{words}{output}supported environments: {output}")
        # uv prints the same about the lock that it would write.
        error = explain.explain(explain.Failure(completed, {}, project, TARGET, "0.13.9", lambda: completed))

    assert 1 == len(str(error).splitlines())
    assert str(error.hint)
    assert len(error.words) <= 3000

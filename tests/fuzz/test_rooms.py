"""Whatever a file, a folder or a program says, a room answers with its value or with an error that a user can act on."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from tests.fuzz import hostile
from tests.support import TARGET, Recorder, step_inputs, write_program
from uv_system_sync.diagnosis import explain
from uv_system_sync.errors import ActionError, InvalidInput
from uv_system_sync.inputs import Inputs, variable
from uv_system_sync.interpreter import target
from uv_system_sync.interpreter.site_packages import packages
from uv_system_sync.process import Command, Completed
from uv_system_sync.project import pyproject, workspace
from uv_system_sync.project.pyproject import Project
from uv_system_sync.reporting import report

T = TypeVar("T")

# More brackets than a parser of JSON or TOML goes into.
_DEEP = b"[" * 100_000

_DIRECT_URL = hostile.json_content("url", "dir_info", "editable")
_stems = hostile.file_names | st.sampled_from((b"a-1.0", b"My.Pkg-2", b"a--1", b"-1.0", b"~a-1.0", b"a-1.0\n", b"\xff-1"))


def _told(call: Callable[[], T]) -> T | ActionError:
    """Return what `call` returns, or the error that a user can act on; any other one is a bug."""
    try:
        return call()
    except ActionError as error:
        return error


def _fill(folder: Path, files: dict[bytes, bytes]) -> None:
    for name, content in files.items():
        if name not in (b"", b".", b".."):
            Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(content)


@given(entries=st.dictionaries(_stems, st.none() | _DIRECT_URL, max_size=4))
def test_installed(entries: dict[bytes, bytes | None]) -> None:
    """Every folder of packages can be read, and the names that come of it are normalized, sorted and there once."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in entries.items():
            info = Path(os.fsdecode(os.path.join(os.fsencode(folder), name + b".dist-info")))
            info.mkdir()
            if content is not None:
                (info / "direct_url.json").write_bytes(content)
        found = packages([folder, os.path.join(folder, "missing")])

    names = [package.name for package in found]
    assert [canonicalize_name(name) for name in names] == names
    assert sorted(set(names)) == names
    assert all(json.loads(json.dumps(package.as_json())) == package.as_json() for package in found)


_input_names = [variable(name.replace("_", "-")) for name in Inputs._fields] + ["pythonLocation", "PYTHONLOCATION"]
_input_values = hostile.text | st.sampled_from(("true", "FALSE", "dev lint", "a,b", "--extra 'a b'", "'", "\\"))


@given(environ=st.dictionaries(st.sampled_from(_input_names), _input_values))
@example(environ={variable("extras"): hostile.MEGABYTES[0]})
@example(environ={variable("args"): hostile.MEGABYTES[1]})
def test_inputs(environ: dict[str, str]) -> None:
    """Inputs of any text are inputs, with normalized names, or one invalid input."""
    inputs = _told(lambda: Inputs.from_environ(environ))

    if isinstance(inputs, ActionError):
        assert (InvalidInput, "`") == (type(inputs), inputs.message[0])
        assert inputs.hint
        return
    named = [*inputs.extras, *inputs.groups, *inputs.packages]
    assert [canonicalize_name(name, validate=True) for name in named] == named


_PYPROJECT = hostile.toml_document(
    *("project", "project.name", "project.requires-python", "project.dynamic", "project.optional-dependencies", "dependency-groups"),
    *("tool", "tool.uv", "tool.uv.workspace", "tool.uv.workspace.members", "tool.uv.workspace.exclude", "tool.uv.python-preference"),
    *("tool.uv.dev-dependencies", "tool.uv.required-version"),
).map(lambda document: document.encode("utf-8", "replace"))
_LOCK = hostile.toml_document("requires-python", "version").map(str.encode)
_FILES: dict[bytes, st.SearchStrategy[bytes]] = {
    b"pyproject.toml": _PYPROJECT | hostile.content,
    b"uv.lock": _LOCK | hostile.content,
}
_MORE: dict[bytes, st.SearchStrategy[bytes]] = {
    b"uv.toml": hostile.toml_document("python-preference", "required-version").map(str.encode) | hostile.content,
    b".python-version": hostile.content,
}
_projects = st.fixed_dictionaries(_FILES, optional=_MORE)


@given(outer=st.none() | _PYPROJECT, files=_projects, word=st.sampled_from(("dev", "a", "x")))
def test_project(outer: bytes | None, files: dict[bytes, bytes], word: str) -> None:
    """A project of any bytes is read, and the names in the inputs are looked up in it, or there is one error of the user's."""
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "a"
        inner.mkdir()
        _fill(inner, files)
        if outer is not None:
            _fill(Path(folder), {b"pyproject.toml": outer, b"uv.lock": b""})
        found = _told(lambda: pyproject.read(str(inner)))
        names = None
        if isinstance(found, Project):
            root = found.root
            names = _told(lambda: workspace.check_names(root, step_inputs(extras=word, groups=word, packages=word)))

    assert [] == [error for error in (found, names) if isinstance(error, ActionError) and not (error.message and error.hint)]
    assert isinstance(found, ActionError) or found.root in (str(inner), folder)


def _attempt(completed: Completed) -> explain.Attempt:
    """Return a sync that failed, and a uv that says the same of what it would lock."""
    return explain.Attempt(Command(("uv",), {}, "/"), completed, "0.13.9", lambda: completed)


@given(files=_projects, output=hostile.text, status=st.integers(-9, 255))
@example(files={b"pyproject.toml": b"", b"uv.lock": b""}, output=hostile.MEGABYTES[1], status=1)
def test_failure(files: dict[bytes, bytes], output: str, status: int) -> None:
    """Whatever uv prints before it fails, there is one error, and what it quotes of it fits into an annotation."""
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), files)
        try:
            found = pyproject.read(folder)
        except ActionError:
            return
        said = ("", "needs to be updated, but `--locked`", "The environment is outdated", "Required uv version `x` does not match")
        errors = [
            explain.explain(_attempt(Completed(status, f"{output}{words}{output}supported environments: {output}")), found, TARGET)
            for words in said
        ]

    assert [] == [error for error in errors if not (error.message and error.hint)]
    assert [] == [error for error in errors if len(error.words) > 3000 or len(error.message.splitlines()) > 1]
    assert [] == [error for error in errors if len(error.text().encode("utf-16-le", "surrogatepass")) > 2 * 4096]


_ANSWER = {
    "version": "3.12.4",
    "implementation": "cpython",
    "platform": "linux-x86_64",
    "executable": "/opt/python/bin/python3",
    "prefix": "/opt/python",
    "scripts": "/opt/python/bin",
    "purelib": "/opt/python/lib",
    "platlib": "/opt/python/lib",
    "virtual": False,
    "externally_managed": None,
}
_answers = (
    hostile.json_like(*_ANSWER)
    | st.fixed_dictionaries({}, optional=dict.fromkeys(_ANSWER, hostile.json_values)).map(lambda changes: {**_ANSWER, **changes})
    | hostile.text.map(lambda text: {**_ANSWER, "version": text})
    | hostile.text.map(lambda text: {**_ANSWER, "prefix": f"/{text}", "executable": text})
).map(json.dumps) | hostile.text


@given(answer=_answers, before=st.sampled_from(("", "ld.so: warning\n")), status=st.integers(-9, 255))
def test_target(answer: str, before: str, status: int) -> None:
    """Whatever the program says that should be a Python, it is a target, with absolute folders, or one error of the user's."""
    with tempfile.TemporaryDirectory() as folder:
        python = write_program(Path(folder) / "bin" / "python3")
        found = _told(lambda: target.find(step_inputs(python=str(python)), {}, Recorder(Completed(status, before + answer))))
        next_python = None if isinstance(found, ActionError) else _told(partial(target.require_next_python, found, os.defpath))

    if isinstance(found, ActionError):
        assert str(python) in found.message
        return
    assert next_python is None or "in the next step" in next_python.message
    assert all(os.path.isabs(path) for path in (found.prefix, found.scripts, *found.site_packages))


@given(
    contents=st.lists(hostile.json_content("python", "environment", "changes", "name", "action"), max_size=3), changes=hostile.json_values
)
def test_earlier_reports(contents: list[bytes], changes: object) -> None:
    """A file that looks like a report of an earlier step is one, or says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        odd = json.dumps({"python": {"environment": "/opt"}, "changes": changes}).encode()
        real = json.dumps({"python": {"environment": "/opt"}, "changes": [{"name": "alpha", "action": "installed"}]}).encode()
        _fill(Path(folder), {f"uv-system-sync-{number}.json".encode(): text for number, text in enumerate([*contents, odd, real])})
        found = report.earlier(folder, "/opt")

    assert "alpha" in found
    assert all(isinstance(name, str) for name in found)


# What only a very deep, very odd or very large one shows.


def test_installed_from_a_deep_direct_url(tmp_path: Path) -> None:
    """A direct_url.json that is nested too deeply says nothing."""
    (tmp_path / "alpha-1.0.dist-info").mkdir()
    (tmp_path / "alpha-1.0.dist-info" / "direct_url.json").write_bytes(_DEEP)

    assert ["alpha"] == [package.name for package in packages([str(tmp_path)])]


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.toml"])
def test_a_deep_document(tmp_path: Path, name: str) -> None:
    """A TOML file that is nested too deeply is one error of the user's."""
    _fill(tmp_path, {b"pyproject.toml": b"", b"uv.lock": b"", name.encode(): b"a = " + _DEEP})

    with pytest.raises(ActionError):
        pyproject.read(str(tmp_path))


def test_a_deep_answer(tmp_path: Path) -> None:
    """A Python that answers with JSON that is nested too deeply is one error of the user's."""
    python = write_program(tmp_path / "bin" / "python3")

    with pytest.raises(ActionError):
        target.find(step_inputs(python=str(python)), {}, Recorder(Completed(0, _DEEP.decode())))


def test_a_deep_report(tmp_path: Path) -> None:
    """A report of an earlier step that is nested too deeply says nothing."""
    _fill(tmp_path, {b"uv-system-sync-1.json": _DEEP})

    assert set() == report.earlier(str(tmp_path), "/opt")


def test_the_parsers_have_a_limit() -> None:
    """The tests above go deeper than Python does."""
    assert len(_DEEP) > sys.getrecursionlimit()

"""Whatever the package folders contain and whatever a supposed Python prints, it is read or gives one error."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from tests.fuzz import attempt, hostile
from tests.support import step_inputs, write_program
from uv_system_sync.errors import ActionError, PythonUnsuitable
from uv_system_sync.interpreter import target
from uv_system_sync.interpreter.site_packages import dist_infos, packages
from uv_system_sync.process import Command, Completed, Finish

_stems = hostile.file_names | st.sampled_from((b"a-1.0", b"My.Pkg-2", b"a--1", b"-1.0", b"~a-1.0", b"a-1.0\n", b"\xff-1"))
_direct_urls = hostile.json_content("url", "dir_info", "editable")


@given(entries=st.dictionaries(_stems, st.none() | _direct_urls, max_size=4))
def test_names_of_packages_are_normalized_sorted_and_there_once(entries: dict[bytes, bytes | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in entries.items():
            info = Path(os.fsdecode(os.path.join(os.fsencode(folder), name + b".dist-info")))
            info.mkdir()
            if content is not None:
                (info / "direct_url.json").write_bytes(content)
        found = packages(dist_infos([folder, os.path.join(folder, "missing")]))

    names = [package.name for package in found]
    assert [canonicalize_name(name) for name in names] == names
    assert sorted(set(names)) == names
    assert all(json.loads(json.dumps(package.as_json())) == package.as_json() for package in found)


def _start(answer: str, status: int = 0) -> Callable[[Command], Finish]:
    return lambda _: lambda _: Completed(status, answer)


_ANSWER = {
    "version": "3.12.4",
    "implementation": "cpython",
    "platform": "linux-x86_64",
    "free_threaded": False,
    "executable": "/opt/python/bin/python3",
    "prefix": "/opt/python",
    "scripts": "/opt/python/bin",
    "purelib": "/opt/python/lib",
    "platlib": "/opt/python/lib",
    "stdlib": "/opt/python/lib",
    "platstdlib": "/opt/python/lib",
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
def test_an_answer_is_a_python_with_absolute_folders_or_an_error_that_names_the_program(answer: str, before: str, status: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        python = write_program(Path(folder) / "bin" / "python3")
        found = attempt(
            lambda: target.find(step_inputs(python=str(python)), {}, _start(before + answer.replace("/opt/python", folder), status))
        )
        error = found if isinstance(found, ActionError) else attempt(partial(target.require_next_python, found, os.defpath))

    if isinstance(found, ActionError):
        assert str(python) == found.values["interpreter"]
        return
    assert error is None or PythonUnsuitable is type(error)
    assert all(os.path.isabs(path) for path in (found.prefix, found.scripts, *found.site_packages))


# Nested more deeply than a JSON parser can follow.
_DEEP = "[" * (100 * sys.getrecursionlimit())


def test_a_direct_url_that_is_nested_too_deeply_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "alpha-1.0.dist-info").mkdir()
    (tmp_path / "alpha-1.0.dist-info" / "direct_url.json").write_text(_DEEP, encoding="utf-8")

    assert ["alpha"] == [package.name for package in packages(dist_infos([str(tmp_path)]))]


def test_an_answer_that_is_nested_too_deeply_is_an_error(tmp_path: Path) -> None:
    python = write_program(tmp_path / "bin" / "python3")

    with pytest.raises(PythonUnsuitable):
        target.find(step_inputs(python=str(python)), {}, _start(_DEEP))

"""The Pythons that the tests and the demonstration find, and their copies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support import program
from tools.shared import ROOT
from tools.shared.pythons import cpythons, found, places, python_of, search
from tools.shared.uv import uv_output

_OF_DEBIAN = [Path("/usr/bin/python3"), Path("/usr/bin/pypy3")]


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python in a folder with a space and a non-ASCII letter in its name."""
    return found()[-1].copy(tmp_path / "with space é" / "python")


@pytest.mark.parametrize("folder", ["Python/3.9.1/x64", "cpython-3.9-linux", "3.9.1"], ids=["tool-cache", "uv", "pyenv"])
def test_a_folder_of_installations_has_pythons(tmp_path: Path, python: Path, folder: str) -> None:
    place = tmp_path / "a [place]"
    (place / folder).parent.mkdir(parents=True)
    (place / folder).symlink_to(python)

    assert [(place / folder, "cpython")] == [(result.prefix, result.implementation) for result in search([str(place)], "cpython")]
    assert [] == search([str(place)], "pypy")


@pytest.mark.parametrize("name", ["python3", f"python{found()[-1].minor}"])
def test_a_folder_of_programs_has_pythons(tmp_path: Path, python: Path, name: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / name).symlink_to(python / "bin" / "python3")

    assert [python] == [result.prefix for result in search([str(tmp_path / "bin")], "cpython")]


def test_a_virtual_environment_is_the_python_that_it_was_made_from(tmp_path: Path, python: Path) -> None:
    uv_output("venv", "--quiet", "--python", python / "bin" / "python3", tmp_path / "venv")
    (only,) = search([str(tmp_path / "venv" / "bin")], "cpython")

    assert (python, python / "lib" / f"python{only.minor}" / "site-packages") == (only.prefix, only.site_packages)


@pytest.mark.parametrize("lines", [("exit 1",), ("echo [1]",), ("echo no",)], ids=["fails", "other-json", "other-words"])
def test_a_program_that_is_no_python_is_none(tmp_path: Path, lines: tuple[str, ...]) -> None:
    program(tmp_path / "python3", "#!/bin/sh", *lines)
    program(tmp_path / "python3.9", "#!/none")

    assert [] == search([str(tmp_path)], "cpython")


def test_pythons_are_looked_for_where_variables_say() -> None:
    environ = {"PATH": "/a:/pyenv/shims:/b", "PYENV_ROOT": "/pyenv", "RUNNER_TOOL_CACHE": "/tools"}
    where = places(environ)

    assert {"/a", "/b", "/pyenv/versions", "/tools", uv_output("python", "dir")} <= set(where)
    assert "/pyenv/shims" not in where


@pytest.mark.parametrize("original", _OF_DEBIAN, ids=lambda path: path.name)
def test_a_copy_of_debians_python_has_the_layout_of_others(tmp_path: Path, original: Path) -> None:
    if not original.exists() or not python_of(original).is_debian:
        pytest.skip(f"{original} is not Debian's")
    copy = python_of(original).copy(tmp_path / "copy")
    interpreter = copy / "bin" / "python3"
    script = "import json, sys, sysconfig, pip; print(json.dumps([sys.prefix, sysconfig.get_paths(), sys.path, pip.__file__]))"
    environ = {"PATH": "/usr/bin:/bin"}
    completed = subprocess.run([interpreter, "-c", script], env=environ, check=True, capture_output=True, text=True)
    prefix, paths, search_path, pip = json.loads(completed.stdout)
    purelib = str(copy / "lib" / python_of(interpreter).stdlib.name / "site-packages")

    assert (str(copy), purelib, purelib, f"{copy}/bin") == (prefix, paths["purelib"], paths["platlib"], paths["scripts"])
    assert purelib in search_path
    assert pip.startswith(purelib)
    assert not python_of(interpreter).is_debian


def test_a_free_threaded_python_has_names_of_its_own(tmp_path: Path) -> None:
    """A program that prints the facts of a free-threaded Python takes its place."""
    facts = [str(tmp_path), "3.14.2", f"{tmp_path}", f"{tmp_path}/lib/python3.14t", f"{tmp_path}/lib/python3.14t/site-packages", "cpython"]
    for name in ("python3", "python3.14t"):
        program(tmp_path / "bin" / name, "#!/bin/sh", f"echo '{json.dumps([*facts, True])}'")

    (only,) = search([str(tmp_path / "bin")], "cpython")

    assert ("CPython 3.14 free-threaded", "python3.14t", "python3.14t") == (only.name, only.program, only.stdlib.name)


def test_only_the_pythons_that_a_variable_names_are_tested(python: Path) -> None:
    script = "from tools.shared.pythons import every, found; print(*(python.prefix for python in [*every(), *found()]), sep='\\n')"
    environ = {**os.environ, "TESTED_PYTHONS": str(python / "bin" / "python3")}
    completed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environ, check=True, capture_output=True, text=True)

    assert [str(python)] * 2 == completed.stdout.splitlines()


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no file system in memory")  # noqa: S108 - no name is guessed
def test_a_copy_can_be_on_another_file_system() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        copy = found()[-1].copy(Path(folder, "copy"))

        assert os.stat(folder).st_dev != os.stat(ROOT).st_dev
        assert copy == python_of(copy / "bin" / "python3").prefix


def test_debians_python_is_used_only_where_there_is_no_other() -> None:
    kinds: set[bool] = {python.is_debian for python in cpythons()}

    assert len(kinds) == 1


def test_a_uv_that_fails_is_quoted_and_not_a_traceback() -> None:
    with pytest.raises(SystemExit, match=r"(?s)uv failed: .* lock --no-such\nerror: .*--no-such"):
        uv_output("lock", "--no-such")


def test_a_uv_that_does_not_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"uv does not start: .*none --version: No such file"):
        uv_output("--version", uv=tmp_path / "none")

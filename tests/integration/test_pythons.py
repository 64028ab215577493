"""Every Python on the machine, in every kind of location."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.layouts import laid_out, virtual_environment
from tests.support.step import Runner
from tools.shared.pythons import Python, every

# Characters that the first line of a script cannot contain: uv then writes a shell wrapper. `$` is left out: uv asks distutils
# for the folders of Pythons before 3.10, and distutils would expand a variable.
_ODD = "Łódź's 東京 `x` \"[*]\\"
_LONG = 200

Place = Callable[[Python, Path], Path]


def _tool_cache(python: Python, folder: Path) -> Path:
    tool = {"cpython": "Python", "pypy": "PyPy"}[python.implementation]
    return python.copy(folder / "hostedtoolcache" / tool / python.version / ("x64-freethreaded" if python.free_threaded else "x64"))


def _odd(python: Python, folder: Path) -> Path:
    return python.copy(folder / _ODD)


def _link(python: Python, folder: Path) -> Path:
    python.copy(folder / "installed")
    (folder / "current").symlink_to("installed")
    return folder / "current"


def _long(python: Python, folder: Path) -> Path:
    return python.copy(_longer(folder))


def _relocated(python: Python, folder: Path) -> Path:
    return python.copy(folder / "made here").rename(folder / "moved here")


def _venv(python: Python, folder: Path) -> Path:
    return virtual_environment(python.copy(folder / "python"), folder / "venv")


def _venv_with_system_packages(python: Python, folder: Path) -> Path:
    return virtual_environment(python.copy(folder / "python"), folder / "venv", "--system-site-packages")


def _longer(folder: Path) -> Path:
    """Return a path of 200 characters below `folder`."""
    while len(str(folder)) < _LONG - 50:
        folder /= "d" * 40
    return folder / ("d" * (_LONG - len(str(folder)) - 1))


@pytest.mark.parametrize(
    "place",
    [
        *laid_out("setup-python's tool cache", _tool_cache),
        *laid_out("a prefix with spaces and letters of any script", _odd),
        *laid_out("a linked prefix", _link),
        *laid_out("a prefix of 200 characters", _long),
        *laid_out("a relocated copy", _relocated),
        *laid_out("a virtual environment", _venv),
        *laid_out("a virtual environment with system packages", _venv_with_system_packages),
    ],
)
@pytest.mark.parametrize("python", every(), ids=lambda python: python.name)
def test_a_python_in_any_place_runs_the_step_is_synced_and_is_that_of_the_next_step(
    bare_ci: Runner, tmp_path: Path, python: Python, place: Place
) -> None:
    prefix = place(python, tmp_path / "place")
    ci = bare_ci.setup_python(prefix)

    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert (str(prefix), python.version) == (outcome.outputs["environment"], outcome.outputs["python-version"])
    assert (prefix / "pyvenv.cfg").exists() == ("VIRTUAL_ENV" in outcome.env)
    assert "alpha 1.0\n" == ci.next_step(outcome, "alpha")
    script = "import sys, alpha; print(sys.implementation.name, sys.prefix)"
    assert [f"{python.implementation} {prefix}\n"] * 2 == [ci.next_step(outcome, name, "-c", script) for name in ("python", "python3")]

"""Tests of `interpreter.probe`, with real interpreters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from uv_system_sync.interpreter import probe

_SCRIPTS = "Scripts" if os.name == "nt" else "bin"
_PROGRAM = "python.exe" if os.name == "nt" else "python3"

# An externally managed Python of the operating system, such as Debian's.
_MANAGED = next((path for path in Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED")), None)
_SYSTEM = Path("/usr/bin/python3")

managed = pytest.mark.skipif(_MANAGED is None or not _SYSTEM.exists(), reason="no Python here is externally managed")

# Pythons that are too old to sync into. The probe must report their version.
_OLD = sorted(Path.home().glob(".pyenv/versions/3.[67].*/bin/python3"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment of the running Python, in a folder whose name has spaces and a symbol."""
    folder = tmp_path_factory.mktemp("probe") / "my ☃ environment"
    venv.create(folder, symlinks=os.name != "nt")
    return folder


def _probe(interpreter: Path, *flags: str) -> dict[str, object]:
    command = [str(interpreter), *flags, probe.__file__]
    answer: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
    return answer


def test_a_virtual_environment_has_its_own_prefix_scripts_and_packages(environment: Path) -> None:
    """With `-S`, `sys.prefix` is the prefix of the base Python."""
    interpreter = environment / _SCRIPTS / _PROGRAM
    packages = environment / ("Lib" if os.name == "nt" else f"lib/python{sys.version_info[0]}.{sys.version_info[1]}") / "site-packages"
    expected = {
        "version": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": sysconfig.get_platform(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "executable": str(interpreter),
        "prefix": str(environment),
        "scripts": str(environment / _SCRIPTS),
        "purelib": str(packages),
        "platlib": str(packages),
        "stdlib": sysconfig.get_path("stdlib"),
        "platstdlib": sysconfig.get_path("stdlib"),
        "virtual": True,
        "externally_managed": None,
    }

    assert expected == _probe(interpreter, "-I", "-S")


def test_the_answer_is_the_same_with_site(environment: Path) -> None:
    interpreter = environment / _SCRIPTS / _PROGRAM

    assert _probe(interpreter, "-I", "-S") == _probe(interpreter, "-I")


def test_the_folders_of_an_installation_are_those_of_sysconfig() -> None:
    interpreter = Path(sys.base_prefix, *(() if os.name == "nt" else ("bin",)), _PROGRAM)
    script = "import json, sysconfig; print(json.dumps([sysconfig.get_path(name) for name in ('scripts', 'purelib', 'platlib')]))"
    paths = json.loads(subprocess.run([interpreter, "-I", "-c", script], check=True, capture_output=True).stdout)
    declaration = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    answer = _probe(interpreter, "-I", "-S")

    assert (False, sys.base_prefix) == (answer["virtual"], answer["prefix"])
    assert (str(declaration) if declaration.exists() else None) == answer["externally_managed"]
    assert paths == [answer[name] for name in ("scripts", "purelib", "platlib")]


@pytest.mark.skipif(os.name == "nt", reason="only POSIX has an interpreter that is a link")
def test_a_virtual_environment_may_have_its_pyvenv_cfg_beside_its_interpreter(tmp_path: Path) -> None:
    venv.create(tmp_path, symlinks=True)
    (tmp_path / "pyvenv.cfg").rename(tmp_path / "bin" / "pyvenv.cfg")
    answer = _probe(tmp_path / "bin" / "python3", "-I", "-S")

    assert (True, str(tmp_path)) == (answer["virtual"], answer["prefix"])


def test_the_answer_is_the_same_in_this_process(environment: Path) -> None:
    assert _probe(Path(sys.executable), "-I", "-S") == probe.describe()
    assert probe.describe().keys() == _probe(environment / _SCRIPTS / _PROGRAM, "-I", "-S").keys()


@managed
def test_the_python_of_an_operating_system_reports_its_externally_managed_file() -> None:
    assert str(_MANAGED) == _probe(_SYSTEM, "-I", "-S")["externally_managed"]


@managed
def test_packages_are_not_installed_among_those_of_a_distribution() -> None:
    answer = _probe(_SYSTEM, "-I", "-S")

    assert ("/usr", "/usr/local/bin", "/usr/local/lib") == (answer["prefix"], answer["scripts"], str(answer["purelib"])[:14])


@managed
def test_a_virtual_environment_of_a_distributions_python_is_not_externally_managed(tmp_path: Path) -> None:
    subprocess.run([_SYSTEM, "-m", "venv", "--without-pip", tmp_path], check=True)
    answer = _probe(tmp_path / "bin" / "python3", "-I", "-S")

    assert (None, str(tmp_path / "bin")) == (answer["externally_managed"], answer["scripts"])
    assert ("lib", "site-packages") == (Path(str(answer["purelib"])).relative_to(tmp_path).parts[::2])


@pytest.mark.skipif(not _OLD, reason="no Python 3.6 or 3.7 is installed here")
@pytest.mark.parametrize("interpreter", _OLD, ids=lambda path: path.parts[-3])
def test_an_interpreter_that_is_too_old_reports_its_version(interpreter: Path) -> None:
    assert interpreter.parts[-3] == _probe(interpreter, "-I", "-S")["version"]

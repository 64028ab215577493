"""What an interpreter says of itself; every test asks a real one."""

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

# An interpreter that its distribution marks, where there is one: Debian's, for example.
_MANAGED = next((path for path in Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED")), None)
_SYSTEM = Path("/usr/bin/python3")

managed = pytest.mark.skipif(_MANAGED is None or not _SYSTEM.exists(), reason="no Python here is managed by its operating system")

# Older than the action itself supports, and asked all the same, so that the answer can be a clear one.
_OLD = sorted(Path.home().glob(".pyenv/versions/3.[67].*/bin/python3"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a virtual environment of the running Python, in a folder that is hard to write."""
    folder = tmp_path_factory.mktemp("probe") / "my ☃ environment"
    venv.create(folder, symlinks=os.name != "nt")
    return folder


def _ask(interpreter: Path, *flags: str) -> dict[str, object]:
    command = [str(interpreter), *flags, probe.__file__]
    answer: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
    return answer


def test_virtual_environment(environment: Path) -> None:
    """A virtual environment has its own prefix, scripts and packages, although `-S` keeps `site` from saying so."""
    interpreter = environment / _SCRIPTS / _PROGRAM
    packages = environment / ("Lib" if os.name == "nt" else f"lib/python{sys.version_info[0]}.{sys.version_info[1]}") / "site-packages"
    expected = {
        "version": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": sysconfig.get_platform(),
        "executable": str(interpreter),
        "prefix": str(environment),
        "scripts": str(environment / _SCRIPTS),
        "purelib": str(packages),
        "platlib": str(packages),
        "virtual": True,
        "externally_managed": None,
    }

    assert expected == _ask(interpreter, "-I", "-S")


def test_same_answer_with_site(environment: Path) -> None:
    """The answer is that of an interpreter that starts as usual."""
    interpreter = environment / _SCRIPTS / _PROGRAM

    assert _ask(interpreter, "-I", "-S") == _ask(interpreter, "-I")


def test_installation() -> None:
    """An installation is not virtual, and its packages go where `pip` would put them."""
    interpreter = Path(sys.base_prefix, *(() if os.name == "nt" else ("bin",)), _PROGRAM)
    asked = "import json, sysconfig; print(json.dumps([sysconfig.get_path(name) for name in ('scripts', 'purelib', 'platlib')]))"
    paths = json.loads(subprocess.run([interpreter, "-I", "-c", asked], check=True, capture_output=True).stdout)
    marker = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    answer = _ask(interpreter, "-I", "-S")

    assert (False, sys.base_prefix) == (answer["virtual"], answer["prefix"])
    assert (str(marker) if marker.exists() else None) == answer["externally_managed"]
    assert paths == [answer[name] for name in ("scripts", "purelib", "platlib")]


@pytest.mark.skipif(os.name == "nt", reason="only POSIX has an interpreter that is a link")
def test_settings_beside_the_interpreter(tmp_path: Path) -> None:
    """A virtual environment may have its pyvenv.cfg beside its interpreter."""
    venv.create(tmp_path, symlinks=True)
    (tmp_path / "pyvenv.cfg").rename(tmp_path / "bin" / "pyvenv.cfg")
    answer = _ask(tmp_path / "bin" / "python3", "-I", "-S")

    assert (True, str(tmp_path)) == (answer["virtual"], answer["prefix"])


def test_in_our_own_process(environment: Path) -> None:
    """The running interpreter answers for itself as it would if it were asked from outside."""
    assert _ask(Path(sys.executable), "-I", "-S") == probe.describe()
    assert probe.describe().keys() == _ask(environment / _SCRIPTS / _PROGRAM, "-I", "-S").keys()


@managed
def test_externally_managed() -> None:
    """A Python that its operating system manages names the file that says so."""
    assert str(_MANAGED) == _ask(_SYSTEM, "-I", "-S")["externally_managed"]


@managed
def test_folders_of_a_distribution() -> None:
    """A distribution's own packages have their own folders, and what is installed beside them goes elsewhere."""
    answer = _ask(_SYSTEM, "-I", "-S")

    assert ("/usr", "/usr/local/bin", "/usr/local/lib") == (answer["prefix"], answer["scripts"], str(answer["purelib"])[:14])


@managed
def test_virtual_environment_of_a_distribution(tmp_path: Path) -> None:
    """A virtual environment of such a Python has the usual folders, and belongs to the user."""
    subprocess.run([_SYSTEM, "-m", "venv", "--without-pip", tmp_path], check=True)
    answer = _ask(tmp_path / "bin" / "python3", "-I", "-S")

    assert (None, str(tmp_path / "bin")) == (answer["externally_managed"], answer["scripts"])
    assert ("lib", "site-packages") == (Path(str(answer["purelib"])).relative_to(tmp_path).parts[::2])


@pytest.mark.skipif(not _OLD, reason="no Python 3.6 or 3.7 is installed here")
@pytest.mark.parametrize("interpreter", _OLD, ids=lambda path: path.parts[-3])
def test_older_interpreter(interpreter: Path) -> None:
    """An interpreter that is too old to sync into can still say so."""
    assert interpreter.parts[-3] == _ask(interpreter, "-I", "-S")["version"]

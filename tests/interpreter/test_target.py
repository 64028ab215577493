"""Asking the Python that the user meant about itself, and knowing whether later steps would get it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import TARGET, Recorder, step_inputs, touch, words, write_program
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter import probe, target
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import Command, Completed, run

_SCRIPTS = "Scripts" if os.name == "nt" else "bin"
_PROGRAM = "python.exe" if os.name == "nt" else "python3"

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX starts a text file")

_TRY = "Name a Python that runs on this machine; `<interpreter> -c 'import sys; print(sys.prefix)'` has to work in a step."


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a virtual environment of the running Python, in a folder that is hard to write."""
    folder = tmp_path_factory.mktemp("target") / "my ☃ environment"
    venv.create(folder, symlinks=os.name != "nt")
    return folder


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Give the prefix of an interpreter that is not written yet."""
    return tmp_path / "python"


def _find(python: object) -> Target:
    return target.find(step_inputs(python=str(python)), os.environ, run)


def _refused(python: object) -> tuple[str, str]:
    with pytest.raises(PythonUnsuitable) as caught:
        target.find(step_inputs(python=str(python)), os.environ, run)
    return words(caught.value)


def _answer(where: Path, **changes: object) -> str:
    """Return what an interpreter in the prefix `where` would say, but for the `changes`."""
    answer: dict[str, object] = {
        "version": "3.12.4",
        "implementation": "cpython",
        "platform": "linux-x86_64",
        "executable": str(where / "bin" / "python3"),
        "prefix": str(where),
        "scripts": str(where / "bin"),
        "purelib": str(where / "lib"),
        "platlib": str(where / "lib64"),
        "virtual": False,
        "externally_managed": None,
    }
    return json.dumps({**answer, **changes})


def _interpreter(prefix: Path, *outputs: str) -> Path:
    """Write an interpreter that prints `outputs`, whatever it is asked."""
    return write_program(prefix / "bin" / "python3", *(f"print({output!r}, flush=True)" for output in outputs))


@pytest.mark.parametrize("inside", [(), (_SCRIPTS, _PROGRAM)], ids=["prefix", "interpreter"])
def test_virtual_environment(environment: Path, inside: tuple[str, ...]) -> None:
    """A virtual environment is found by its folder or by its interpreter, and is that and not what it was made of."""
    packages = environment / ("Lib" if os.name == "nt" else f"lib/python{sys.version_info[0]}.{sys.version_info[1]}") / "site-packages"
    expected = Target(
        executable=str(environment / _SCRIPTS / _PROGRAM),
        prefix=str(environment),
        version=sys.version.split()[0],
        implementation=sys.implementation.name,
        platform=sysconfig.get_platform(),
        scripts=str(environment / _SCRIPTS),
        site_packages=(str(packages),),
        virtual=True,
    )

    assert expected == _find(environment.joinpath(*inside))


def test_relative_path(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is relative to the workspace, and the target's paths are absolute."""
    monkeypatch.chdir(environment.parent)

    assert str(environment) == _find(environment.name).prefix


def test_python_location(environment: Path) -> None:
    """Without an input, it is the Python of actions/setup-python."""
    inputs = Inputs.from_environ({"pythonLocation": str(environment)})

    assert str(environment) == target.find(inputs, os.environ, run).prefix


def test_our_own_interpreter() -> None:
    """The interpreter that runs the action answers itself, without being started again."""
    nothing_starts = Recorder()
    found = target.find(step_inputs(python=sys.prefix), {}, nothing_starts)

    assert (sys.prefix, sys.version.split()[0], []) == (found.prefix, found.version, nothing_starts.commands)
    assert os.path.join(sys.prefix, _SCRIPTS, _PROGRAM) == found.executable


def test_our_own_interpreter_with_a_layout(prefix: Path) -> None:
    """Where a variable tells the interpreter that runs the action to install elsewhere, it is asked without that, as uv asks it."""
    recorder = Recorder(Completed(0, _answer(prefix)))
    found = target.find(step_inputs(python=sys.prefix), {"DEB_PYTHON_INSTALL_LAYOUT": "deb"}, recorder)

    assert (str(prefix), [{}]) == (found.prefix, [command.env for command in recorder.commands])


def test_question(prefix: Path) -> None:
    """The target runs the probe alone, from its own folder, without its site-packages and their `.pth` files, and writes nothing."""
    interpreter = _interpreter(prefix)
    recorder = Recorder(Completed(0, _answer(prefix)))
    target.find(step_inputs(python=str(prefix)), {"PATH": "/bin"}, recorder)

    assert [Command((str(interpreter), "-B", "-I", "-S", probe.__file__), {"PATH": "/bin"}, str(prefix / "bin"))] == recorder.commands


def test_question_in_a_cluttered_environment(prefix: Path) -> None:
    """What would make the target start as another Python, or import what is not its own, is kept from it."""
    _interpreter(prefix)
    recorder = Recorder(Completed(0, _answer(prefix)))
    environ = {"HOME": "/home", "PYTHONHOME": "/elsewhere", "PYTHONPATH": "/elsewhere", "VIRTUAL_ENV": "/elsewhere", "UV_PYTHON": "3.9"}
    target.find(step_inputs(python=str(prefix)), {**environ, "GITHUB_ENV": "/set_env", "ACTIONS_RUNTIME_TOKEN": "secret"}, recorder)

    assert [{"HOME": "/home"}] == [command.env for command in recorder.commands]


@posix
def test_answer(prefix: Path) -> None:
    """The target is what the interpreter says that it is."""
    _interpreter(prefix, _answer(prefix, version="3.13.0rc1", implementation="pypy"))
    found = _find(prefix)

    assert ("3.13.0rc1", "pypy", False) == (found.version, found.implementation, found.virtual)
    assert (str(prefix / "lib"), str(prefix / "lib64")) == found.site_packages


@posix
@pytest.mark.parametrize("marker", [None, "/usr/lib/python3.12/EXTERNALLY-MANAGED"], ids=["unmarked", "marked"])
def test_marker(prefix: Path, marker: str | None) -> None:
    """The file that says that something else manages the target is kept, for another room to judge."""
    _interpreter(prefix, _answer(prefix, externally_managed=marker))

    assert marker == _find(prefix).marker


@posix
def test_answer_after_a_warning(prefix: Path) -> None:
    """What the system's loader or the interpreter complains of before does not hide the answer."""
    _interpreter(prefix, "ERROR: ld.so: object 'x' from LD_PRELOAD cannot be preloaded: ignored.", _answer(prefix))

    assert "3.12.4" == _find(prefix).version


@pytest.mark.parametrize(
    ("executable", "scripts", "expected"),
    [
        pytest.param("/opt/python/bin/python3", "/opt/python/bin", ("/opt/python/bin",), id="one-folder"),
        pytest.param("/usr/bin/python3", "/usr/local/bin", ("/usr/bin", "/usr/local/bin"), id="debian"),
        pytest.param("/Python/python.exe", "/Python/Scripts", ("/Python", "/Python/Scripts"), id="windows"),
    ],
)
def test_path_entries(executable: str, scripts: str, expected: tuple[str, ...]) -> None:
    """PATH gets the interpreter's folder and that of its scripts, which comes last to be first."""
    assert expected == TARGET._replace(executable=executable, scripts=scripts).path_entries


@posix
def test_file_that_cannot_be_started(tmp_path: Path) -> None:
    """A file that is no program is refused with the system's reason."""
    (tmp_path / "python3").touch(mode=0o644)

    assert (f"{tmp_path / 'python3'} does not start: {os.strerror(errno.EACCES)}.", _TRY) == _refused(tmp_path / "python3")


def test_loader_that_is_missing(prefix: Path) -> None:
    """A Python of another C library is told apart from one that is not there, which for the system is the same."""
    touch(prefix, "bin/python3")
    (prefix / "bin" / "python3").write_bytes(b"\x7fELF\x00\xff")
    missing = Recorder(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    with pytest.raises(PythonUnsuitable) as caught:
        target.find(step_inputs(python=str(prefix)), {}, missing)
    message = f"{prefix / 'bin' / 'python3'} does not start: it is built for another C library (its loader is missing)."

    assert (message, _TRY) == words(caught.value)


@posix
@pytest.mark.parametrize("line", ["#!/nowhere/☃", "#! /nowhere/☃ -I"], ids=["plain", "with-spaces-and-a-flag"])
def test_script_of_a_program_that_is_missing(prefix: Path, line: str) -> None:
    """A script in the place of a Python, such as a wrapper that was moved, names what it needs."""
    touch(prefix, "bin/python3")
    (prefix / "bin" / "python3").write_text(f"{line}\n", encoding="utf-8")
    message = f"{prefix / 'bin' / 'python3'} does not start: it is a script for /nowhere/☃, which does not exist."

    assert (message, _TRY) == _refused(prefix)


@posix
@pytest.mark.parametrize(
    ("program", "status", "said"),
    [
        pytest.param(("print('Segmentation fault')", "raise SystemExit(139)"), 139, "Segmentation fault", id="words"),
        pytest.param(("raise SystemExit(1)",), 1, "nothing", id="silence"),
        pytest.param(("print('x' * 2000 + 'end')",), 0, "x" * 997 + "end", id="many-words"),
        pytest.param(("print([])",), 0, "[]", id="a-list"),
        pytest.param(("print(3.12)",), 0, "3.12", id="a-number"),
        pytest.param(("print('{}')",), 0, "{}", id="an-empty-answer"),
    ],
)
def test_garbage(prefix: Path, program: tuple[str, ...], status: int, said: str) -> None:
    """A program that does not answer like a Python is none, and is quoted."""
    interpreter = write_program(prefix / "bin" / "python3", *program)
    expected = (f"{interpreter} does not answer like a Python (exit status {status}). It said: {said}", _TRY)

    assert expected == _refused(prefix)


@posix
@pytest.mark.parametrize("version", ["3.7.16", "2.7.18", "3.0.0a1"])
def test_old_version(prefix: Path, version: str) -> None:
    """A Python that is too old is told apart from one that is broken."""
    interpreter = _interpreter(prefix, _answer(prefix, version=version))
    expected = (
        f"{interpreter} is Python {version}, and the oldest that uv-system-sync supports is 3.8.",
        "Set `python-version` of actions/setup-python to a newer one, or leave this one out of the matrix.",
    )

    assert expected == _refused(prefix)


@posix
@pytest.mark.parametrize("version", ["3.8.0", "3.15.0a1+", "4.0.0"])
def test_supported_version(prefix: Path, version: str) -> None:
    """The oldest that is supported is, and so is whatever comes later."""
    _interpreter(prefix, _answer(prefix, version=version))

    assert version == _find(prefix).version


@posix
def test_link_from_elsewhere(tmp_path: Path) -> None:
    """A link from elsewhere to an installation's interpreter is that installation, by the name that uv knows it by."""
    link = tmp_path / "python3"
    link.symlink_to(Path(sys.base_prefix, "bin", "python3"))
    found = target.find(step_inputs(python=str(link)), {}, run)

    assert (os.path.join(sys.base_prefix, "bin", "python3"), sys.base_prefix, False) == (found.executable, found.prefix, found.virtual)


@posix
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda own, asked: own.symlink_to(asked.name), "python3", id="link"),
        pytest.param(lambda own, asked: shutil.copy(asked, own), "python3", id="copy"),
        pytest.param(lambda own, _: touch(own.parent, own.name), "python3.12", id="another-program"),
        pytest.param(lambda *_: None, "python3.12", id="nothing-else"),
    ],
)
def test_other_name_of_the_interpreter(prefix: Path, make: Callable[[Path, Path], object], expected: str) -> None:
    """An interpreter goes by the name that uv knows it by in its prefix, where it has that name."""
    asked = write_program(prefix / "bin" / "python3.12", f"print({_answer(prefix, executable=str(prefix / 'bin' / 'python3.12'))!r})")
    make(prefix / "bin" / "python3", asked)

    assert str(prefix / "bin" / expected) == _find(asked).executable


def _installed(prefix: Path, *names: str) -> Target:
    """Make an installation of one interpreter under each of `names`, and return it as a target."""
    (prefix / "bin").mkdir(parents=True)
    interpreter = prefix / "bin" / "python3.12"
    interpreter.touch(mode=0o755)
    for name in names:
        (prefix / name).parent.mkdir(exist_ok=True)
        (prefix / name).symlink_to(interpreter)
    return TARGET._replace(executable=str(interpreter), prefix=str(prefix), scripts=str(prefix / "bin"))


_BOTH = ("bin/python", "bin/python3")
_NAMES = pytest.mark.parametrize("name", ["python", "python3"])


def _would_be(found: Target, search_path: object = "") -> str:
    """Return what is said of the interpreter that the next step would get instead of `found`."""
    with pytest.raises(PythonUnsuitable) as caught:
        target.require_next_python(found, str(search_path), windows=False)
    return caught.value.message


@posix
@pytest.mark.parametrize("search_path", ["", "/usr/bin", "/nowhere::."])
def test_next_python(prefix: Path, search_path: str) -> None:
    """Where the target has a `python` and a `python3`, they are those of the next step, whatever PATH was before."""
    target.require_next_python(_installed(prefix, *_BOTH), search_path)


@posix
def test_next_python_is_in_the_scripts(prefix: Path) -> None:
    """Where a `python` is in the folder of the scripts and is the target, it is the target too."""
    found = _installed(prefix, "local/python", "bin/python3")._replace(scripts=str(prefix / "local"))
    target.require_next_python(found, "")


@posix
@_NAMES
def test_next_python_is_a_copy(prefix: Path, name: str) -> None:
    """A copy beside the target, as some virtual environments have, is the target."""
    found = _installed(prefix, *(other for other in _BOTH if not other.endswith(f"/{name}")))
    shutil.copy(found.executable, prefix / "bin" / name)
    target.require_next_python(found, "")


@posix
@_NAMES
def test_next_python_is_missing(prefix: Path, name: str) -> None:
    """A target without one of the two names cannot be the one of the next step."""
    found = _installed(prefix, *(other for other in _BOTH if not other.endswith(f"/{name}")))
    with pytest.raises(PythonUnsuitable) as caught:
        target.require_next_python(found, str(prefix / "nowhere"))
    expected = (
        f"`{name}` in the next step would be missing, not {found.executable}.",
        f"Make {prefix / 'bin' / name} that interpreter, for example with a symbolic link.",
    )

    assert expected == words(caught.value)


@posix
@_NAMES
def test_next_python_is_further_back(prefix: Path, tmp_path: Path, name: str) -> None:
    """A target without one of the two names leaves the next step the one that is on PATH."""
    found = _installed(prefix, *(other for other in _BOTH if not other.endswith(f"/{name}")))
    touch(tmp_path / "other", "python", "python3")
    message = _would_be(found, f"{tmp_path / 'none'}{os.pathsep}{tmp_path / 'other'}")

    assert f"`{name}` in the next step would be {tmp_path / 'other' / name}, not {prefix / 'bin' / 'python3.12'}." == message


@posix
@_NAMES
def test_next_python_is_another_file(prefix: Path, name: str) -> None:
    """A `python` or `python3` beside the target that is another interpreter is not the target."""
    found = _installed(prefix, *(other for other in _BOTH if not other.endswith(f"/{name}")))
    write_program(prefix / "bin" / name, "print('another one')")

    assert f"`{name}` in the next step would be {prefix / 'bin' / name}, not {found.executable}." == _would_be(found)


@posix
@_NAMES
def test_next_python_is_in_front(prefix: Path, name: str) -> None:
    """A `python` or `python3` among the scripts, which come first on PATH, hides the target's own."""
    found = _installed(prefix, *_BOTH)._replace(scripts=str(prefix / "local"))
    touch(prefix / "local", name)

    with pytest.raises(PythonUnsuitable) as caught:
        target.require_next_python(found, "", windows=False)
    other = prefix / "local" / name
    expected = (
        f"`{name}` in the next step would be {other}, not {found.executable}.",
        f"Set `python` to {other}, if that one is meant: it is in the folder that gets the scripts of {found.executable}.",
    )

    assert expected == words(caught.value)


@posix
def test_next_python_is_the_same_file_elsewhere(prefix: Path, tmp_path: Path) -> None:
    """The interpreter that an environment was made of is the same file, and not the environment."""
    found = _installed(prefix)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "python").symlink_to(found.executable)

    assert f"`python` in the next step would be {tmp_path / 'other' / 'python'}, not {found.executable}." == _would_be(
        found, tmp_path / "other"
    )


def test_next_python_on_windows(prefix: Path) -> None:
    """On Windows, where nothing has a `python3`, `python` alone has to be the target."""
    touch(prefix, "python.exe")
    found = TARGET._replace(executable=str(prefix / "python.exe"), scripts=str(prefix / "Scripts"))
    target.require_next_python(found, "", windows=True)
    (prefix / "python.exe").unlink()
    with pytest.raises(PythonUnsuitable) as caught:
        target.require_next_python(found, "", windows=True)
    expected = (
        f"`python` in the next step would be missing, not {found.executable}.",
        f"Make {prefix / 'python.exe'} that interpreter, for example with a symbolic link.",
    )

    assert expected == words(caught.value)

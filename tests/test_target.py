"""Finding the Python that the user meant, and refusing what must not be synced into."""

from __future__ import annotations

import errno
import json
import os
import sys
import venv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import TARGET, Recorder, step_inputs, touch, words, write_program
from uv_system_sync import probe, target
from uv_system_sync.errors import ActionError, PythonNotFound, PythonShadowed, PythonUnsuitable
from uv_system_sync.inputs import Inputs
from uv_system_sync.process import Command, Completed, run
from uv_system_sync.target import Target

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


def _refused(kind: type[ActionError], python: object, **inputs: str) -> tuple[str, str]:
    with pytest.raises(kind) as caught:
        target.find(step_inputs(python=str(python), **inputs), os.environ, run)
    return words(caught.value)


def _answer(where: Path, **changes: object) -> str:
    """Return what an interpreter in the prefix `where` would say, but for the `changes`."""
    answer: dict[str, object] = {
        "version": "3.12.4",
        "implementation": "cpython",
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


def test_question(prefix: Path) -> None:
    """The target runs the probe alone, from its own folder, without its site-packages and their `.pth` files."""
    interpreter = _interpreter(prefix)
    recorder = Recorder(Completed(0, _answer(prefix)))
    target.find(step_inputs(python=str(prefix)), {"PATH": "/bin"}, recorder)

    assert [Command((str(interpreter), "-I", "-S", probe.__file__), {"PATH": "/bin"}, str(prefix / "bin"))] == recorder.commands


@posix
def test_answer(prefix: Path) -> None:
    """The target is what the interpreter says that it is."""
    _interpreter(prefix, _answer(prefix, version="3.13.0rc1", implementation="pypy"))
    found = _find(prefix)

    assert ("3.13.0rc1", "pypy", False) == (found.version, found.implementation, found.virtual)
    assert (str(prefix / "lib"), str(prefix / "lib64")) == found.site_packages


@posix
def test_answer_after_a_warning(prefix: Path) -> None:
    """What the system's loader or the interpreter complains of before does not hide the answer."""
    _interpreter(prefix, "ERROR: ld.so: object 'x' from LD_PRELOAD cannot be preloaded: ignored.", _answer(prefix))

    assert "3.12.4" == _find(prefix).version


@posix
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("bin/python", "bin/python3"), "bin/python3", id="both"),
        pytest.param(("bin/python",), "bin/python", id="python-only"),
    ],
)
def test_interpreter_in_a_prefix(prefix: Path, names: tuple[str, ...], expected: str) -> None:
    """In a prefix, the interpreter is the one that uv would use there."""
    for name in names:
        write_program(prefix / name, f"print({_answer(prefix, executable=str(prefix / name))!r})")

    assert str(prefix / expected) == _find(prefix).executable


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("python.exe", "Scripts/pip.exe"), "python.exe", id="installation"),
        pytest.param(("Scripts/python.exe",), "Scripts/python.exe", id="virtual-environment"),
        pytest.param(("bin/python.exe",), "bin/python.exe", id="msys"),
        pytest.param(("python.exe", "bin/python.exe", "Scripts/python.exe"), "Scripts/python.exe", id="all-of-them"),
    ],
)
def test_windows_layouts(prefix: Path, names: tuple[str, ...], expected: str) -> None:
    """On Windows, the interpreter is in the prefix itself or in the folder of its scripts."""
    touch(prefix, *names)
    answer = _answer(prefix, executable=str(prefix / expected), scripts=str(prefix / "Scripts"))
    found = target.find(step_inputs(python=str(prefix)), {}, Recorder(Completed(0, answer)), windows=True)

    assert str(prefix / expected) == found.executable


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
    assert expected == replace(TARGET, executable=executable, scripts=scripts).path_entries


def test_nothing_is_set() -> None:
    """Where neither the input nor actions/setup-python names a Python, none is guessed."""
    hint = (
        "Run actions/setup-python before this step or, with `update-environment: false` or in a container,"
        " set `python` to an interpreter or a prefix such as /usr/local."
    )
    message = "`pythonLocation` is not set and the input `python` is empty, so there is no Python to install into."

    assert (message, hint) == _refused(PythonNotFound, "")


@pytest.mark.parametrize(
    ("inputs", "source"),
    [
        pytest.param(step_inputs(python="missing/☃ python"), "python", id="input"),
        pytest.param(Inputs.from_environ({"pythonLocation": "missing/☃ python"}), "pythonLocation", id="setup-python"),
    ],
)
def test_missing_path(inputs: Inputs, source: str) -> None:
    """A path that is not there is refused, where uv would make an environment of it, and its source is named."""
    with pytest.raises(PythonNotFound) as caught:
        target.find(inputs, {}, Recorder())
    expected = (
        f"`{source}` is missing/☃ python, which does not exist.",
        "Name an interpreter, or the folder above its `bin`; in a container, as the container sees it.",
    )

    assert expected == words(caught.value)


@pytest.mark.parametrize(
    ("names", "looked_for"),
    [
        pytest.param({"windows": False}, "bin/python3, bin/python", id="posix"),
        pytest.param({"windows": True}, "Scripts/python.exe, bin/python.exe, python.exe", id="windows"),
    ],
)
def test_folder_without_python(prefix: Path, names: dict[str, bool], looked_for: str) -> None:
    """A folder that holds no interpreter is refused, where uv would make an environment of it."""
    touch(prefix, "pyproject.toml", "python", "bin/python2")
    with pytest.raises(PythonNotFound) as caught:
        target.find(step_inputs(python=str(prefix)), {}, Recorder(), **names)
    expected = (
        f"`python` is {prefix}, which holds no Python: none of {looked_for} is in it.",
        "Name the interpreter itself, or the prefix that it is installed in (`python -c 'import sys; print(sys.prefix)'`).",
    )

    assert expected == words(caught.value)


@posix
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Path.mkdir, id="folder"),
        pytest.param(Path.touch, id="not-executable"),
        pytest.param(lambda path: path.symlink_to("gone"), id="dangling-link"),
    ],
)
def test_no_interpreter_under_its_name(prefix: Path, make: Callable[[Path], None]) -> None:
    """What has an interpreter's name in a prefix and cannot be started is none."""
    (prefix / "bin").mkdir(parents=True)
    make(prefix / "bin" / "python3")
    message, _ = _refused(PythonNotFound, prefix)

    assert f"`python` is {prefix}, which holds no Python: none of bin/python3, bin/python is in it." == message


@posix
def test_file_that_cannot_be_started(tmp_path: Path) -> None:
    """A file that is no program is refused with the system's reason."""
    (tmp_path / "python3").touch(mode=0o644)

    assert (f"{tmp_path / 'python3'} does not start: {os.strerror(errno.EACCES)}.", _TRY) == _refused(
        PythonUnsuitable, tmp_path / "python3"
    )


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

    assert expected == _refused(PythonUnsuitable, prefix)


@posix
@pytest.mark.parametrize("version", ["3.7.16", "2.7.18", "3.0.0a1"])
def test_old_version(prefix: Path, version: str) -> None:
    """A Python that is too old is told apart from one that is broken."""
    interpreter = _interpreter(prefix, _answer(prefix, version=version))
    expected = (
        f"{interpreter} is Python {version}, and the oldest that uv-system-sync supports is 3.8.",
        "Set `python-version` of actions/setup-python to a newer one, or leave this one out of the matrix.",
    )

    assert expected == _refused(PythonUnsuitable, prefix)


@posix
@pytest.mark.parametrize("version", ["3.8.0", "3.15.0a1+", "4.0.0"])
def test_supported_version(prefix: Path, version: str) -> None:
    """The oldest that is supported is, and so is whatever comes later."""
    _interpreter(prefix, _answer(prefix, version=version))

    assert version == _find(prefix).version


@posix
def test_externally_managed(prefix: Path) -> None:
    """A Python that its operating system manages is refused, which uv would not do."""
    interpreter = _interpreter(prefix, _answer(prefix, externally_managed="/usr/lib/EXTERNALLY-MANAGED"))
    message = f"{interpreter} belongs to its operating system: /usr/lib/EXTERNALLY-MANAGED marks it as externally managed (PEP 668)."
    hint = (
        "Use actions/setup-python, set `python` to a virtual environment or,"
        " where breaking the system's own tools does not matter, set `allow-externally-managed: true`."
    )

    assert (message, hint) == _refused(PythonUnsuitable, prefix)


@posix
def test_externally_managed_and_allowed(prefix: Path) -> None:
    """Who says that breaking it does not matter gets it."""
    _interpreter(prefix, _answer(prefix, externally_managed="/usr/lib/EXTERNALLY-MANAGED"))
    found = target.find(step_inputs(python=str(prefix), allow_externally_managed="true"), {}, run)

    assert str(prefix) == found.prefix


@posix
@pytest.mark.parametrize("end", ["\n", "\r"], ids=["line-feed", "carriage-return"])
def test_path_with_a_line_break(prefix: Path, end: str) -> None:
    """A path that would be two lines of GITHUB_PATH is refused."""
    broken = f"/opt/a{end}b"
    _interpreter(prefix, _answer(prefix, prefix=broken))

    assert (f"{broken!r} holds a line break, which GITHUB_PATH cannot carry.", "Move this Python to a path without one.") == _refused(
        PythonUnsuitable, prefix
    )


@posix
def test_link_from_elsewhere(tmp_path: Path) -> None:
    """A link from elsewhere to an installation's interpreter is that installation."""
    link = tmp_path / "python3"
    link.symlink_to(Path(sys.base_prefix, "bin", "python3"))
    found = target.find(step_inputs(python=str(link), allow_externally_managed="true"), {}, run)

    assert (str(link), sys.base_prefix, False) == (found.executable, found.prefix, found.virtual)


@posix
@pytest.mark.parametrize("others", [(), ("python3",)], ids=["nothing-there", "another-one-there"])
def test_interpreter_that_uv_would_not_find(tmp_path: Path, others: tuple[str, ...]) -> None:
    """An interpreter that is not its prefix's own is refused, because uv goes by the prefix alone."""
    place, prefix = tmp_path / "custom-python", tmp_path / "usr"
    touch(prefix / "bin", *others)
    write_program(place, f"print({_answer(prefix, executable=str(place))!r})")
    expected = (
        f"{place} is installed in {prefix}, where uv would use {prefix / 'bin' / 'python3' if others else 'no interpreter'}.",
        f"Make {prefix / 'bin/python3'} the interpreter that you mean, or make a virtual environment of it.",
    )

    assert expected == _refused(PythonUnsuitable, place)


def _installed(prefix: Path, *names: str) -> Target:
    """Make an installation of one interpreter under each of `names`, and return it as a target."""
    (prefix / "bin").mkdir(parents=True)
    interpreter = prefix / "bin" / "python3.12"
    interpreter.touch(mode=0o755)
    for name in names:
        (prefix / name).parent.mkdir(exist_ok=True)
        (prefix / name).symlink_to(interpreter)
    return replace(TARGET, executable=str(interpreter), prefix=str(prefix), scripts=str(prefix / "bin"))


def _shadowed(found: Target, search_path: str) -> tuple[str, str]:
    with pytest.raises(PythonShadowed) as caught:
        target.require_next_python(found, search_path)
    return words(caught.value)


@posix
@pytest.mark.parametrize("search_path", ["", "/usr/bin", "/nowhere::."])
def test_next_python(prefix: Path, search_path: str) -> None:
    """Where the target has a `python`, it is the one of the next step, whatever PATH was before."""
    target.require_next_python(_installed(prefix, "bin/python"), search_path)


@posix
def test_next_python_is_in_the_scripts(prefix: Path) -> None:
    """Where a `python` is in the folder of the scripts and is the target, it is the target too."""
    found = replace(_installed(prefix, "local/python"), scripts=str(prefix / "local"))
    target.require_next_python(found, "")


@posix
def test_next_python_is_missing(prefix: Path) -> None:
    """A target without a `python` cannot be the one of the next step."""
    found = _installed(prefix)
    expected = (
        f"`python` in the next step would be missing, not {found.executable}.",
        f"Make {prefix / 'bin' / 'python'} that interpreter, for example with a symbolic link.",
    )

    assert expected == _shadowed(found, str(prefix / "nowhere"))


@posix
def test_next_python_is_further_back(prefix: Path, tmp_path: Path) -> None:
    """A target without a `python` leaves the next step the one that is on PATH."""
    touch(tmp_path / "other", "python")
    message, _ = _shadowed(_installed(prefix), f"{tmp_path / 'none'}{os.pathsep}{tmp_path / 'other'}")

    assert f"`python` in the next step would be {tmp_path / 'other' / 'python'}, not {prefix / 'bin' / 'python3.12'}." == message


@posix
def test_next_python_is_another_file(prefix: Path) -> None:
    """A `python` beside the target that is another interpreter is not the target."""
    found = _installed(prefix)
    touch(prefix / "bin", "python")
    message, _ = _shadowed(found, "")

    assert f"`python` in the next step would be {prefix / 'bin' / 'python'}, not {found.executable}." == message


@posix
def test_next_python_is_in_front(prefix: Path) -> None:
    """A `python` among the scripts, which come first on PATH, hides the target's own."""
    found = replace(_installed(prefix, "bin/python"), scripts=str(prefix / "local"))
    touch(prefix / "local", "python")
    message, _ = _shadowed(found, "")

    assert f"`python` in the next step would be {prefix / 'local' / 'python'}, not {found.executable}." == message


@posix
def test_next_python_is_the_same_file_elsewhere(prefix: Path, tmp_path: Path) -> None:
    """The interpreter that an environment was made of is the same file, and not the environment."""
    found = _installed(prefix)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "python").symlink_to(found.executable)
    message, _ = _shadowed(found, str(tmp_path / "other"))

    assert f"`python` in the next step would be {tmp_path / 'other' / 'python'}, not {found.executable}." == message

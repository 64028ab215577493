"""Tests of `interpreter.target`."""

from __future__ import annotations

import errno
import json
import os
import shutil
import string
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import TARGET, Recorder, step_inputs, touch, write_program
from tests.test_architecture import loaded_by
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter import probe, target
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import Command, Completed, Finish, Start, start
from uv_system_sync.text import Option

_SCRIPTS = "Scripts" if os.name == "nt" else "bin"
_PROGRAM = "python.exe" if os.name == "nt" else "python3"

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX starts a text file")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment of the running Python, in a folder whose name has spaces and a symbol."""
    folder = tmp_path_factory.mktemp("target") / "my ☃ environment"
    venv.create(folder, symlinks=os.name != "nt")
    return folder


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """The prefix of an interpreter that does not exist yet."""
    return tmp_path / "python"


class _Recorder(Recorder):
    """A recorder with a `Start` that fails or completes immediately."""

    def start(self, command: Command) -> Finish:
        completed = self(command)
        return lambda _: completed


def _find(python: object) -> Target:
    return target.find(step_inputs(python=str(python)), os.environ, start)


def _find_error(python: object, start: Start = start) -> PythonUnsuitable:
    with pytest.raises(PythonUnsuitable) as caught:
        target.find(step_inputs(python=str(python)), os.environ, start)
    return caught.value


def _answer(prefix: Path, /, **changes: object) -> str:
    """Return the output of an interpreter in `prefix`, with `changes`."""
    answer: dict[str, object] = {
        "version": "3.12.4",
        "implementation": "cpython",
        "platform": "linux-x86_64",
        "free_threaded": False,
        "executable": str(prefix / "bin" / "python3"),
        "prefix": str(prefix),
        "scripts": str(prefix / "bin"),
        "purelib": str(prefix / "lib"),
        "platlib": str(prefix / "lib64"),
        "stdlib": str(prefix / "stdlib"),
        "platstdlib": str(prefix / "stdlib"),
        "virtual": False,
        "externally_managed": None,
    }
    return json.dumps({**answer, **changes})


def _interpreter(prefix: Path, *outputs: str) -> Path:
    """Write an interpreter that prints `outputs` and ignores its arguments."""
    return write_program(prefix / "bin" / "python3", *(f"print({output!r}, flush=True)" for output in outputs))


@pytest.mark.parametrize("inside", [(), (_SCRIPTS, _PROGRAM)], ids=["prefix", "interpreter"])
def test_a_virtual_environment_is_found_instead_of_its_base_python(environment: Path, inside: tuple[str, ...]) -> None:
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
        stdlib=(sysconfig.get_path("stdlib"),),
    )

    assert expected == _find(environment.joinpath(*inside))


def test_the_paths_of_a_target_with_a_relative_path_are_absolute(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(environment.parent)

    assert str(environment) == _find(environment.name).prefix


def test_without_an_input_the_target_is_the_python_of_setup_python(environment: Path) -> None:
    inputs = Inputs.from_environ({"pythonLocation": str(environment)})

    assert str(environment) == target.find(inputs, os.environ, start).prefix


def test_the_running_interpreter_is_not_started_again() -> None:
    recorder = _Recorder()
    found = target.find(step_inputs(python=sys.prefix), {}, recorder.start)

    assert (sys.prefix, sys.version.split()[0], []) == (found.prefix, found.version, recorder.commands)
    assert os.path.join(sys.prefix, _SCRIPTS, _PROGRAM) == found.executable


def test_the_running_interpreter_is_started_without_debians_variable(prefix: Path) -> None:
    """With the variable, sysconfig returns other folders than uv uses."""
    touch(prefix, "bin/python3")
    recorder = _Recorder(Completed(0, _answer(prefix)))
    found = target.find(step_inputs(python=sys.prefix), {"DEB_PYTHON_INSTALL_LAYOUT": "deb"}, recorder.start)

    assert (str(prefix), [{}]) == (found.prefix, [command.env for command in recorder.commands])


def test_the_interpreter_runs_the_probe_without_site_packages_and_writes_no_byte_code(prefix: Path) -> None:
    interpreter = _interpreter(prefix)
    recorder = _Recorder(Completed(0, _answer(prefix)))
    target.find(step_inputs(python=str(prefix)), {"PATH": "/bin"}, recorder.start)

    assert [Command((str(interpreter), "-B", "-I", "-S", probe.__file__), {"PATH": "/bin"}, str(prefix / "bin"))] == recorder.commands


def test_the_interpreter_sees_no_variable_that_selects_a_python_or_belongs_to_the_runner(prefix: Path) -> None:
    _interpreter(prefix)
    recorder = _Recorder(Completed(0, _answer(prefix)))
    others = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "UV_PYTHON", "GITHUB_ENV", "ACTIONS_RUNTIME_TOKEN")
    target.find(step_inputs(python=str(prefix)), {"HOME": "/home", **dict.fromkeys(others, "/elsewhere")}, recorder.start)

    assert [{"HOME": "/home"}] == [command.env for command in recorder.commands]


@posix
@pytest.mark.parametrize("externally_managed", [None, "/usr/lib/python3.12/EXTERNALLY-MANAGED"], ids=["unmanaged", "managed"])
def test_the_target_is_what_the_interpreter_prints_last(prefix: Path, externally_managed: str | None) -> None:
    """The dynamic loader may print a warning first."""
    answer = _answer(prefix, version="3.13.0rc1", implementation="pypy", externally_managed=externally_managed)
    _interpreter(prefix, "ERROR: ld.so: object 'x' from LD_PRELOAD cannot be preloaded: ignored.", answer)
    found = _find(prefix)

    assert ("3.13.0rc1", "pypy", False, externally_managed) == (
        *(found.version, found.implementation),
        *(found.virtual, found.externally_managed),
    )
    assert (str(prefix / "lib"), str(prefix / "lib64")) == found.site_packages


@posix
@pytest.mark.parametrize(("free_threaded", "release"), [(True, "3.14.1t"), (False, "3.14.1")])
def test_a_free_threaded_build_has_a_letter_after_its_version(prefix: Path, free_threaded: bool, release: str) -> None:  # noqa: FBT001 - a value
    _interpreter(prefix, _answer(prefix, version="3.14.1", free_threaded=free_threaded))
    found = _find(prefix)

    assert ("3.14.1", release) == (found.version, found.release)


@pytest.mark.parametrize(
    ("executable", "scripts", "expected"),
    [
        pytest.param("/opt/python/bin/python3", "/opt/python/bin", ("/opt/python/bin",), id="one-folder"),
        pytest.param("/usr/bin/python3", "/usr/local/bin", ("/usr/bin", "/usr/local/bin"), id="debian"),
        pytest.param("/Python/python.exe", "/Python/Scripts", ("/Python", "/Python/Scripts"), id="windows"),
    ],
)
def test_path_entries_are_the_folders_of_the_interpreter_and_of_scripts(executable: str, scripts: str, expected: tuple[str, ...]) -> None:
    assert expected == TARGET._replace(executable=executable, scripts=scripts).path_entries


@posix
def test_a_file_that_does_not_start_is_an_error_with_the_systems_reason(tmp_path: Path) -> None:
    (tmp_path / "python3").touch(mode=0o644)
    values = {"interpreter": str(tmp_path / "python3"), "reason": os.strerror(errno.EACCES), "option": Option("python")}

    assert values == _find_error(tmp_path / "python3").values


def test_the_error_for_a_missing_loader_does_not_say_that_the_interpreter_is_missing(prefix: Path) -> None:
    """The operating system reports the same error for both."""
    touch(prefix, "bin/python3")
    values = _find_error(prefix, _Recorder(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))).start).values

    assert str(prefix / "bin" / "python3") == values["interpreter"]
    assert "the loader of its C library" in str(values["reason"])


@posix
@pytest.mark.parametrize(
    ("program", "status", "output"),
    [
        pytest.param(("print('Segmentation fault')", "raise SystemExit(139)"), 139, "Segmentation fault", id="words"),
        pytest.param(("raise SystemExit(1)",), 1, "nothing", id="silence"),
        pytest.param(("print('x' * 2000 + 'end')",), 0, "x" * 997 + "end", id="many-words"),
        pytest.param(("print([])",), 0, "[]", id="a-list"),
        pytest.param(("print(3.12)",), 0, "3.12", id="a-number"),
        pytest.param(("print('{}')",), 0, "{}", id="an-empty-answer"),
        pytest.param(("print('[' * 100_000)",), 0, "[" * 1000, id="nested-too-deeply"),
    ],
)
def test_the_output_of_a_program_that_is_not_a_python_is_quoted(prefix: Path, program: tuple[str, ...], status: int, output: str) -> None:
    interpreter = write_program(prefix / "bin" / "python3", *program)
    values = {"interpreter": str(interpreter), "status": status, "output": output, "option": Option("python")}

    assert values == _find_error(prefix).values


@posix
@pytest.mark.parametrize(
    "changes",
    [{"prefix": "."}, {"scripts": "bin"}, {"purelib": "lib"}, {"platlib": ""}, {"version": "3"}, {"version": "three.twelve"}],
    ids=["prefix", "scripts", "purelib", "platlib", "short-version", "no-version"],
)
def test_an_impossible_answer_is_rejected(prefix: Path, changes: dict[str, object]) -> None:
    """Nothing is ever installed into a relative path."""
    answer = _answer(prefix, **changes)
    _interpreter(prefix, answer)

    assert answer == _find_error(prefix).values["output"]


@posix
@pytest.mark.parametrize("version", ["3.7.16", "2.7.18", "3.0.0a1"])
def test_a_version_before_3_8_is_rejected(prefix: Path, version: str) -> None:
    interpreter = _interpreter(prefix, _answer(prefix, version=version))

    error = _find_error(prefix)

    assert str(interpreter) == error.values["interpreter"]
    assert f" {version}," in str(error.message)


@posix
@pytest.mark.parametrize("version", ["3.8.0", "3.15.0a1+", "4.0.0"])
def test_a_version_from_3_8_on_is_accepted(prefix: Path, version: str) -> None:
    _interpreter(prefix, _answer(prefix, version=version))

    assert version == _find(prefix).version


@posix
def test_a_link_from_another_folder_selects_the_interpreter_that_uv_finds_in_the_prefix(tmp_path: Path) -> None:
    link = tmp_path / "python3"
    link.symlink_to(Path(sys.base_prefix, "bin", "python3"))
    found = target.find(step_inputs(python=str(link)), {}, start)

    assert (os.path.join(sys.base_prefix, "bin", "python3"), sys.base_prefix, False) == (found.executable, found.prefix, found.virtual)


@posix
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda own, other: own.symlink_to(other.name), id="link"),
        pytest.param(lambda own, other: shutil.copy(other, own), id="copy"),
    ],
)
def test_the_executable_has_the_name_that_uv_finds_in_its_prefix(prefix: Path, make: Callable[[Path, Path], object]) -> None:
    other = write_program(prefix / "bin" / "python3.12", f"print({_answer(prefix, executable=str(prefix / 'bin' / 'python3.12'))!r})")
    make(prefix / "bin" / "python3", other)

    assert str(prefix / "bin" / "python3") == _find(other).executable


@pytest.mark.parametrize(
    ("windows", "others", "found"),
    [
        pytest.param(False, (), "", id="nothing-there"),
        pytest.param(False, ("bin/python3",), "bin/python3", id="another-one-there"),
        pytest.param(False, ("bin/python3.12",), "", id="only-its-full-name-there"),
        pytest.param(True, ("bin/python3",), "", id="another-systems-there"),
        pytest.param(True, ("python.exe",), "python.exe", id="another-one-there-on-windows"),
    ],
)
def test_an_interpreter_that_uv_would_not_find_in_its_prefix_is_rejected(
    prefix: Path, tmp_path: Path, others: tuple[str, ...], found: str, *, windows: bool
) -> None:
    touch(tmp_path, "custom-python", *(f"python/{name}" for name in others))
    own = tmp_path / "custom-python"
    recorder = _Recorder(Completed(0, _answer(prefix, executable=str(own))))
    with pytest.raises(PythonUnsuitable) as caught:
        target.find(step_inputs(python=str(own)), {}, recorder.start, windows=windows)

    assert (str(own), str(prefix / found) if found else "no interpreter") == (
        caught.value.values["interpreter"],
        caught.value.values["found"],
    )
    assert f" {prefix}," in str(caught.value.message)


@posix
def test_another_interpreter_beside_the_one_that_uv_would_find_is_rejected(prefix: Path) -> None:
    other = write_program(prefix / "bin" / "python3.12", f"print({_answer(prefix, executable=str(prefix / 'bin' / 'python3.12'))!r})")
    touch(prefix, "bin/python3")

    assert str(prefix / "bin" / "python3") == _find_error(other).values["found"]


_BOTH = ("bin/python", "bin/python3")
each_name = pytest.mark.parametrize("name", ["python", "python3"])


def _installed(prefix: Path, *names: str) -> Target:
    """Make an installation whose interpreter has all `names`, and return it as a target."""
    (prefix / "bin").mkdir(parents=True)
    interpreter = prefix / "bin" / "python3.12"
    interpreter.touch(mode=0o755)
    for name in names:
        (prefix / name).parent.mkdir(exist_ok=True)
        (prefix / name).symlink_to(interpreter)
    return TARGET._replace(executable=str(interpreter), prefix=str(prefix), scripts=str(prefix / "bin"))


def _without(prefix: Path, name: str) -> Target:
    """Make an installation that lacks one of the two names."""
    return _installed(prefix, *(other for other in _BOTH if other != f"bin/{name}"))


def _next_error(found: Target, search_path: object = "", *, windows: bool = False) -> PythonUnsuitable:
    with pytest.raises(PythonUnsuitable) as caught:
        target.require_next_python(found, str(search_path), windows=windows)
    assert found == caught.value.values["target"]
    return caught.value


@posix
@pytest.mark.parametrize("search_path", ["", "/usr/bin", "/nowhere::."])
def test_a_target_with_both_names_is_the_python_of_the_next_step(prefix: Path, search_path: str) -> None:
    target.require_next_python(_installed(prefix, *_BOTH), search_path)


@posix
def test_a_name_may_be_in_the_scripts_folder(prefix: Path) -> None:
    found = _installed(prefix, "local/python", "bin/python3")._replace(scripts=str(prefix / "local"))
    target.require_next_python(found, "")


@posix
@each_name
def test_a_copy_beside_the_target_is_the_target(prefix: Path, name: str) -> None:
    """Some virtual environments contain copies of the interpreter."""
    found = _without(prefix, name)
    shutil.copy(found.executable, prefix / "bin" / name)
    target.require_next_python(found, "")


@posix
@each_name
def test_a_missing_name_is_an_error_that_names_the_link_to_make(prefix: Path, name: str) -> None:
    values = _next_error(_without(prefix, name), prefix / "nowhere").values

    assert (name, "missing", str(prefix / "bin" / name)) == (values["name"], values["found"], values["wanted"])


def _fields(template: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(template)} - {None}


@posix
@each_name
def test_a_missing_name_that_is_elsewhere_on_the_search_path_is_an_error(prefix: Path, tmp_path: Path, name: str) -> None:
    touch(tmp_path / "other", "python", "python3")
    error = _next_error(_without(prefix, name), f"{tmp_path / 'none'}{os.pathsep}{tmp_path / 'other'}")

    assert (name, str(tmp_path / "other" / name)) == (error.values["name"], error.values["found"])
    assert {"found", "python", "wanted"} == _fields(error.hint.template)


@posix
@each_name
def test_another_interpreter_beside_the_target_is_an_error(prefix: Path, name: str) -> None:
    found = _without(prefix, name)
    write_program(prefix / "bin" / name, "print('another one')")

    error = _next_error(found)

    assert str(prefix / "bin" / name) == error.values["found"]
    assert {"wanted"} == _fields(error.hint.template)


@posix
@each_name
def test_another_interpreter_in_the_scripts_folder_is_suggested(prefix: Path, name: str) -> None:
    found = _installed(prefix, *_BOTH)._replace(scripts=str(prefix / "local"))
    touch(prefix / "local", name)
    error = _next_error(found)

    assert (name, str(prefix / "local" / name)) == (error.values["name"], error.values["found"])
    assert {"found", "python", "wanted"} == _fields(error.hint.template)


@posix
def test_the_same_file_in_another_folder_is_an_error(prefix: Path, tmp_path: Path) -> None:
    """A virtual environment is not the same as its base Python."""
    found = _installed(prefix)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "python").symlink_to(found.executable)

    assert str(tmp_path / "other" / "python") == _next_error(found, tmp_path / "other").values["found"]


def test_on_windows_only_python_must_be_the_target(prefix: Path) -> None:
    touch(prefix, "python.exe")
    found = TARGET._replace(executable=str(prefix / "python.exe"), scripts=str(prefix / "Scripts"))
    target.require_next_python(found, "", windows=True)
    (prefix / "python.exe").unlink()
    values = _next_error(found, windows=True).values

    assert ("python", "missing", str(prefix / "python.exe")) == (values["name"], values["found"], values["wanted"])


def test_modules_that_few_runs_need_are_not_imported_at_the_start() -> None:
    rare = {f"uv_system_sync.{name}" for name in ("interpreter.not_found", "interpreter.externally_managed", "project.lines")}

    assert not rare & loaded_by("import uv_system_sync.sync")

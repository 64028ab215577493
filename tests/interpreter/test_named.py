"""Tests of `interpreter.named`: names and versions of Pythons on PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import options, program, step_inputs, touch
from tools.shared.pythons import found
from uv_system_sync.errors import ActionError, InvalidInput, PythonNotFound, PythonUnsuitable
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter import target
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import start
from uv_system_sync.text import Option

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the Pythons are scripts")

_PYENV = Path("~/.pyenv").expanduser()


class Machine:
    """A folder with Pythons, and a PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.search_path: list[str] = []
        self.environ: dict[str, str] = {}

    def python(self, name: str, version: str, *names: str, on_path: bool = True, **changes: object) -> str:
        """Make a Python `version` with the prefix `name` and the programs python3 and `names`, and return the prefix."""
        prefix = self.folder / name
        facts: Mapping[str, object] = {
            "version": version,
            "implementation": "cpython",
            "platform": "linux-x86_64",
            "free_threaded": False,
            "executable": str(prefix / "bin" / "python3"),
            "prefix": str(prefix),
            "scripts": str(prefix / "bin"),
            "purelib": str(prefix / "lib"),
            "platlib": str(prefix / "lib"),
            "stdlib": str(prefix / "lib"),
            "platstdlib": str(prefix / "lib"),
            "virtual": False,
            "externally_managed": None,
            **changes,
        }
        program(prefix / "bin" / "python3", "#!/bin/sh", f"echo '{json.dumps(facts)}'")
        for other in names:
            (prefix / "bin" / other).symlink_to("python3")
        if on_path:
            self.search_path.append(str(prefix / "bin"))
        return str(prefix)

    def shims(self, *names: str, command: str) -> None:
        """Put a folder with the programs `names` first on PATH. Each program runs the shell `command`."""
        for name in names:
            program(self.folder / "shims" / name, "#!/bin/sh", command)
        self.search_path.insert(0, str(self.folder / "shims"))

    def find(self, word: str, *, allow_externally_managed: bool = False) -> Target:
        """Return the Python that `word` selects."""
        inputs = Inputs(word, "python", allow_externally_managed=allow_externally_managed)
        return target.find(inputs, {"PATH": os.pathsep.join(self.search_path), **self.environ}, start)

    def prefix(self, word: str, **options: bool) -> str:
        """Return the prefix of the Python that `word` selects."""
        return self.find(word, **options).prefix

    def error(self, kind: type[ActionError], word: str) -> ActionError:
        """Return the error for `word`."""
        with pytest.raises(kind) as caught:
            self.find(word)
        return caught.value


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without a Python, whose current folder is empty."""
    (tmp_path / "current").mkdir()
    monkeypatch.chdir(tmp_path / "current")
    return Machine(tmp_path)


def _text(error: ActionError) -> str:
    return f"{error.message}\n{error.hint}"


def test_a_name_selects_the_first_program_on_path(machine: Machine) -> None:
    first = machine.python("first", "3.11.2", "python", "my-python")
    machine.python("second", "3.12.4", "python", "python3.12")

    assert [first, first, first] == [machine.prefix(name) for name in ("python", "python3", "my-python")]


@pytest.mark.parametrize("word", ["3.12", "3.12.4", "python3.12", "python3.12.4", ">=3.12,<3.13", "==3.12.*", "~=3.12.1"])
def test_a_version_selects_the_only_python_on_path_that_has_it(machine: Machine, word: str) -> None:
    """The name of the program need not contain the version."""
    machine.python("old", "3.11.2", "python", "python3.11")
    wanted = machine.python("new", "3.12.4", "python")

    assert wanted == machine.prefix(word)


def test_a_prerelease_matches_its_version(machine: Machine) -> None:
    assert machine.python("new", "3.15.0rc1") == machine.prefix("3.15")


def test_a_version_with_a_t_selects_a_free_threaded_build(machine: Machine) -> None:
    """setup-python and uv use the same notation. Without the letter, another build is preferred."""
    free = machine.python("free", "3.14.1", free_threaded=True)

    assert [free, free, free] == [machine.prefix(word) for word in ("3.14t", "python3.14t", "3.14")]

    other = machine.python("other", "3.14.0")

    assert [free, other] == [machine.prefix(word) for word in ("3.14t", "3.14")]
    assert "3.13t" == machine.error(PythonNotFound, "3.13t").values["word"]


def test_python_selects_python3_if_there_is_no_program_python(machine: Machine) -> None:
    assert machine.python("new", "3.12.4") == machine.prefix("python")


@pytest.mark.parametrize("word", ["3.12", "python3.12", ">=3.11", "3"])
def test_several_pythons_of_a_version_are_listed_in_the_error(machine: Machine, word: str) -> None:
    one = machine.python("one", "3.12.4")
    other = machine.python("other", "3.12.1", virtual=True)
    machine.python("old", "3.10.0")
    error = machine.error(PythonNotFound, word)

    assert {Option("python"), Option("python", one)} == options(error)
    assert f"`{one}` (Python 3.12.4), `{other}` (Python 3.12.1, virtual environment)" in str(error.values["pythons"])


def test_a_python_with_several_names_and_folders_counts_once(machine: Machine, tmp_path: Path) -> None:
    wanted = machine.python("one", "3.12.4", "python", "python3.12")
    (tmp_path / "link").symlink_to(Path(wanted) / "bin")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "python3.12").symlink_to(Path(wanted) / "bin" / "python3.12")
    machine.search_path += [str(tmp_path / "link"), str(tmp_path / "links"), wanted + "/bin", "", str(tmp_path / "missing")]

    assert wanted == machine.prefix("3.12")


def test_an_externally_managed_python_counts_only_if_allowed_or_alone(machine: Machine) -> None:
    """Unless the input allows it, the Python would be rejected."""
    managed = machine.python("managed", "3.12.3", externally_managed="/usr/lib/python3.12/EXTERNALLY-MANAGED")

    assert managed == machine.prefix("3.12")

    wanted = machine.python("wanted", "3.12.4")

    assert wanted == machine.prefix("3.12")
    with pytest.raises(PythonNotFound):
        machine.find("3.12", allow_externally_managed=True)


@pytest.mark.parametrize("word", ["3.12", "python3.12", ">=3.12"])
def test_the_error_for_a_version_that_is_not_on_path_lists_the_pythons_on_path(machine: Machine, word: str) -> None:
    """In a workflow, setup-python can install the version."""
    there = machine.python("there", "3.11.2")
    machine.python("elsewhere", "3.12.4", on_path=False)
    error = machine.error(PythonNotFound, word)

    assert ({Option("python")}, word) == (options(error), error.values["word"])
    assert [] == [part for part in ("`python-version`", f"`{there}` (Python 3.11.2)") if part not in _text(error)]


def test_the_error_for_3_1_explains_how_yaml_reads_3_10(machine: Machine) -> None:
    machine.python("there", "3.10.2")

    assert '"3.10"' in _text(machine.error(PythonNotFound, "3.1"))
    assert '"3.10"' not in _text(machine.error(PythonNotFound, "3.12"))


@pytest.mark.parametrize("word", ["pythn", "cpython@3.12", "cpython-3.12.4-linux-x86_64-gnu"])
def test_the_error_for_an_unknown_word_lists_the_pythons_on_path(machine: Machine, word: str) -> None:
    there = machine.python("there", "3.12.4")
    error = machine.error(PythonNotFound, word)

    assert (word, {Option("python"), Option("python", there)}) == (error.values["word"], options(error))


def test_the_error_for_an_empty_input_names_an_example_on_path(machine: Machine) -> None:
    """Pythons that could not be used are not listed."""
    old = machine.python("old", "3.7.1")
    managed = machine.python("managed", "3.11.2", externally_managed="/usr/lib/python3.11/EXTERNALLY-MANAGED")
    there = machine.python("there", "3.12.4")
    machine.python("beside", "3.12.4", executable=f"{there}/bin/python3")
    machine.shims("python3.9", command="exit 127")
    error = machine.error(PythonNotFound, "")

    assert {Option("python"), Option("python", there)} == options(error)
    assert f"These Pythons are on PATH: `{managed}` (Python 3.11.2, externally managed), `{there}` (Python 3.12.4)." in _text(error)
    assert old not in _text(error)


def test_without_any_python_on_path_the_example_is_usr_local(machine: Machine) -> None:
    assert {Option("python"), Option("python", "/usr/local")} == options(machine.error(PythonNotFound, ""))


@pytest.mark.parametrize("word", ["<3.x", "~=3", ">=", "!"])
def test_an_invalid_specifier_is_an_error(machine: Machine, word: str) -> None:
    assert {"option": Option("python"), "word": word} == machine.error(InvalidInput, word).values


@pytest.mark.parametrize("word", ["3.12", "python3.12", "python"])
def test_a_version_and_python_are_never_paths(machine: Machine, word: str) -> None:
    """A repository may have a file or folder with such a name."""
    wanted = machine.python("wanted", "3.12.4")
    machine.python(f"current/{word}", "3.12.1", on_path=False)

    assert wanted == machine.prefix(word)
    assert machine.prefix(f"./{word}") == str(machine.folder / "current" / word)


def test_another_word_is_a_path_if_it_exists_and_otherwise_a_program(machine: Machine) -> None:
    machine.python("there", "3.12.4", "env")
    environment = machine.python("current/env", "3.11.2", on_path=False)

    assert environment == machine.prefix("env")
    shutil.rmtree(environment)
    assert str(machine.folder / "there") == machine.prefix("env")


def test_a_dangling_link_is_a_path(machine: Machine) -> None:
    os.symlink("gone", "env")

    assert "env" == machine.error(PythonUnsuitable, "env").values["path"]


def test_the_folder_of_setup_python_is_never_a_name() -> None:
    with pytest.raises(PythonNotFound) as caught:
        target.find(Inputs("3.12", "pythonLocation"), {"PATH": ""}, start)

    assert {"source": Option("pythonLocation"), "path": "3.12"} == caught.value.values


def test_a_path_starts_no_program_on_path(machine: Machine) -> None:
    wanted = machine.python("wanted", "3.12.4", on_path=False)
    machine.shims("python", "python3", command="touch started")

    assert (wanted, wanted) == (machine.prefix(wanted), machine.prefix(f"{wanted}/bin/python3"))
    assert not Path("started").exists()


# Shims of version managers.


@pytest.mark.parametrize("word", ["python", "python3.12", "3.12"])
def test_a_shim_selects_the_interpreter_that_it_starts(machine: Machine, word: str) -> None:
    wanted = machine.python("versions/3.12.4", "3.12.4", "python", on_path=False)
    machine.shims("python", "python3", "python3.12", command=f'exec {wanted}/bin/python3 "$@"')

    assert (wanted, f"{wanted}/bin/python3") == (machine.prefix(word), machine.find(word).executable)


def test_a_shim_that_starts_nothing_is_skipped(machine: Machine) -> None:
    machine.shims("python3.12", command="echo 'python3.12: command not found'; exit 127")
    wanted = machine.python("wanted", "3.12.4", "python3.12")

    assert wanted == machine.prefix("3.12")
    assert "python3.12: command not found" == machine.error(PythonUnsuitable, "python3.12").values["output"]


def test_a_shim_can_choose_by_the_current_folder(machine: Machine) -> None:
    """It does so in the user's shell too."""
    wanted = machine.python("versions/3.12.4", "3.12.4", on_path=False)
    machine.shims("python", command=f'read -r version <.python-version; exec {machine.folder}/versions/$version/bin/python3 "$@"')
    Path(".python-version").write_text("3.12.4\n", encoding="utf-8")

    assert wanted == machine.prefix("python")


def test_shims_that_are_links_to_a_version_manager_are_started_by_their_names(machine: Machine) -> None:
    for version in ("3.11.2", "3.12.4"):
        machine.python(f"versions/{version}", version, on_path=False)
    which = "case $0 in *3.11) v=3.11.2;; *) v=3.12.4;; esac"
    machine.shims("manager", command=f'{which}; exec {machine.folder}/versions/$v/bin/python3 "$@"')
    for name in ("python3.11", "python3.12"):
        (machine.folder / "shims" / name).symlink_to("manager")

    assert str(machine.folder / "versions" / "3.11.2") == machine.prefix("3.11")
    assert str(machine.folder / "versions" / "3.12.4") == machine.prefix("3.12")


@pytest.mark.skipif(not (_PYENV / "libexec" / "pyenv").exists(), reason="no pyenv is installed here")
def test_shims_of_pyenv(machine: Machine) -> None:
    """The shims choose the version by .python-version."""
    pythons = [python for python in found() if _PYENV in python.prefix.parents]
    machine.search_path = [str(_PYENV / "shims"), str(_PYENV / "bin"), "/usr/bin", "/bin"]
    for python in pythons[-2:]:
        Path(".python-version").write_text(f"{python.prefix.name}\n", encoding="utf-8")

        assert str(python.prefix) == machine.prefix("python")


def test_a_virtual_environment_is_not_the_python_that_it_links_to(machine: Machine) -> None:
    """Its interpreter is a link to the interpreter in another folder."""
    python = found()[-1]
    if python.is_debian:
        pytest.skip("an externally managed Python only counts if there is no other, and Debian's is the only one here")
    environment = machine.folder / "env"
    subprocess.run([python.prefix / "bin" / "python3", "-m", "venv", "--without-pip", environment], check=True)
    machine.search_path = [str(environment / "bin"), str(python.prefix / "bin")]

    assert str(environment) == machine.prefix("python")
    error = machine.error(PythonNotFound, python.minor)
    assert [] == [part for part in (f"`{environment}` (", f"`{python.prefix}` (") if part not in str(error.values["pythons"])]


def test_the_action_accepts_a_version(machine: Machine) -> None:
    wanted = machine.python("wanted", "3.12.4")
    inputs = step_inputs(python="3.12")

    assert wanted == target.find(inputs, {"PATH": machine.search_path[0], "pythonLocation": "/elsewhere"}, start).prefix


def test_a_file_that_is_not_executable_is_skipped(machine: Machine, tmp_path: Path) -> None:
    touch(tmp_path / "bin", "python3.12")
    (tmp_path / "bin" / "python3.12").chmod(0o644)
    (tmp_path / "bin" / "python3").mkdir()
    machine.search_path = [str(tmp_path / "bin")]

    assert "There is no Python on PATH." in _text(machine.error(PythonNotFound, "3.12"))

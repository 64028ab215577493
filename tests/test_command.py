"""A command line as inputs: the same as action.yml's, in the words that users of uv know."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from uv_system_sync.command import parse

from tests.support import TARGET, step_inputs, touch, words
from tools.shared import ROOT
from uv_system_sync import command
from uv_system_sync.errors import PythonNotFound, PythonUnsuitable
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter.target import Target
from uv_system_sync.reporting.console import STATUS

_INPUTS: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]

# Not uv-system-sync's but setup-uv's, of the runner alone, or behind `--`.
_NO_OPTION = {"summary", "args", "uv-version", "enable-cache", "cache-suffix"}
_NO_INPUT = {"help", "json", "verbose", "version"}
_SINGULAR = {"extras": "extra", "groups": "group", "packages": "package"}


def _help(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        parse(["--help"])
    return capsys.readouterr().out


def _options(text: str) -> set[str]:
    return set(re.findall(r"^ +(?:-\w, )?--([a-z-]+)", text, re.MULTILINE))


def _read(*words: str) -> Inputs:
    return Inputs.from_environ(parse(words).variables)


def test_options_are_the_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    """Every input that makes sense in a shell is an option, and the other way round."""
    expected = {_SINGULAR.get(name, name) for name in _INPUTS if name not in _NO_OPTION}

    assert expected | _NO_INPUT == _options(_help(capsys))


@pytest.mark.parametrize("name", [name for name in _INPUTS if name not in _NO_OPTION | _SINGULAR.keys() | {"python"}])
def test_descriptions_are_those_of_the_inputs(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """An option means what action.yml says of the input, less the names that uv's own options have."""
    described = re.sub(r" \(`uv sync[^)]*\)", "", _INPUTS[name]["description"])

    assert " ".join(described.split()) in " ".join(_help(capsys).replace("-\n", "-").split())


def test_help_has_the_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    """Help says which exit status is which kind of failure."""
    said = " ".join(_help(capsys).split())

    assert said.endswith(f"kind of failure: {', '.join(f'{status} {kind}' for kind, status in STATUS.items())}")


def test_defaults() -> None:
    """Without a word all is as in a step without inputs, but for the summary, which only a job has."""
    assert step_inputs(summary="false") == _read()


@pytest.mark.parametrize("name", [name for name, entry in _INPUTS.items() if name not in _NO_OPTION and entry["default"] == "false"])
def test_flag(name: str) -> None:
    """Each flag sets the input of its name."""
    assert step_inputs(summary="false", **{name.replace("-", "_"): "true"}) == _read(f"--{name}")


def test_lists() -> None:
    """Names are repeated as uv has it, and normalized."""
    inputs = _read("--extra", "Docs", "--extra=more", "--group", "dev", "--package", "a.b", "--package", "c")

    assert (("docs", "more"), ("dev",), ("a-b", "c")) == (inputs.extras, inputs.groups, inputs.packages)


def test_rest() -> None:
    """What follows the first `--` goes to uv word by word, spaces, quotes and a further `--` included."""
    inputs = _read("--check", "--", "--a b", "it's", "", "--", "--check")

    assert (True, ("--a b", "it's", "", "--", "--check")) == (inputs.check, inputs.args)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--extras", "a"], "unrecognized arguments: --extras a"),
        (["--pyth", "/"], "unrecognized arguments: --pyth /"),
        (["here"], "unrecognized arguments: here"),
        (["--python"], "argument --python: expected one argument"),
        (["--no-dev=true"], "argument --no-dev: ignored explicit argument 'true'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_usage(capsys: pytest.CaptureFixture[str], wrong: list[str], said: str) -> None:
    """What is no option, no whole name of one, or lacks its value ends with 2, before anything is looked at."""
    with pytest.raises(SystemExit) as ended:
        parse(wrong)
    usage = "usage: uv-system-sync [options] [-- options of uv sync]"

    assert (2, ("", f"{usage}\nuv-system-sync: error: {said}\n")) == (ended.value.code, capsys.readouterr())


def test_environment() -> None:
    """An action's inputs and the runner's folders are not the command's, and without colours uv is told to have none."""
    around = {"A": "1", "UV_SYSTEM_SYNC_PYTHON": "/x", "RUNNER_TEMP": "/t", "RUNNER_DEBUG": "1"}

    assert {"A": "1"} == command.environment(around, colours=True)
    assert {"A": "1", "NO_COLOR": "1"} == command.environment(around, colours=False)


def _default(*words: str, **environ: str) -> tuple[Inputs, list[str]]:
    said: list[str] = []
    return command.read(parse(words), environ, said.append), said


@pytest.mark.parametrize(("names", "expected"), [(["python", "python3"], "python"), (["python3"], "python3")], ids=["both", "python3-only"])
def test_default(tmp_path: Path, names: list[str], expected: str) -> None:
    """The default is `python` on PATH, or else `python3`, and it is said."""
    touch(tmp_path / "bin", *names)
    found = str(tmp_path / "bin" / expected)
    inputs, said = _default(PATH=str(tmp_path / "bin"))

    assert (found, [f"The Python is {found}, because it is the one on PATH; `--python` names another one."]) == (inputs.python, said)


def test_named() -> None:
    """With `--python` no other one is looked for, and nothing has to be said."""
    inputs, said = _default("--python", "/usr/local", PATH="/nowhere")

    assert ("/usr/local", []) == (inputs.python, said)


def test_no_default(tmp_path: Path) -> None:
    """Where there is no Python on PATH, the error says how to name one."""
    with pytest.raises(PythonNotFound) as caught:
        _default(PATH=str(tmp_path), pythonLocation="/opt/python")

    assert ("There is no `python` on PATH.", "Name the one to install into, such as `--python /usr/local`.") == words(caught.value)


_OWN = os.path.dirname(sys.executable)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"PATH": f"{_OWN}{os.pathsep}/usr/bin", "UV": "/bin/uv"}, "/usr/bin", id="uvx"),
        pytest.param({"PATH": f"{_OWN}{os.pathsep}/usr/bin"}, f"{_OWN}{os.pathsep}/usr/bin", id="the-user's"),
        pytest.param({"PATH": f"/usr/bin{os.pathsep}{_OWN}", "UV": "/bin/uv"}, f"/usr/bin{os.pathsep}{_OWN}", id="not-in-front"),
        pytest.param({"PATH": _OWN, "UV": "/bin/uv", "VIRTUAL_ENV": sys.prefix}, _OWN, id="uv-run"),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_search_path(environ: dict[str, str], expected: str) -> None:
    """PATH is the user's: only what uvx has put in front of it is none of theirs."""
    assert expected == command.search_path(environ)


def _refused(target: Target, *options: str) -> tuple[str, str] | None:
    """Return what is said of a `target` that the command line with `options`, and target's folder first on PATH, does not admit."""
    inputs = command.read(parse(options), {"PATH": os.path.dirname(target.executable)}, lambda _: None)
    try:
        command.admit(inputs, target, "")
    except PythonUnsuitable as error:
        return words(error)
    return None


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Give a Python that is there."""
    touch(tmp_path / "bin", "python")
    return TARGET._replace(executable=str(tmp_path / "bin" / "python"), prefix=str(tmp_path), site_packages=(str(tmp_path / "lib"),))


@pytest.mark.parametrize("option", ["--no-dev", "--check", "--inexact"])
def test_default_in_a_virtual_environment(target: Target, option: str) -> None:
    """A virtual environment is a target only by its name, whosever it is and whatever is done."""
    virtual = target._replace(virtual=True)
    expected = (
        f"The `python` on PATH is {target.executable}, in the virtual environment {target.prefix}.",
        f"Say that this one is meant, `--python {target.prefix}`, or another one, such as `--python /usr/local`.",
    )

    assert expected == _refused(virtual, option)
    assert None is _refused(virtual, option, "--python", target.prefix)
    assert None is _refused(target, option)


@pytest.mark.parametrize("virtual", [True, False])
def test_default_is_not_our_own(target: Target, *, virtual: bool) -> None:
    """The Python that runs the command is a target only by its name."""
    own = target._replace(prefix=sys.prefix, virtual=virtual)
    message = f"The `python` on PATH is {target.executable}, which runs uv-system-sync itself."

    assert (message, "Name the one meant, such as `--python /usr/local`.") == _refused(own, "--check")
    assert None is _refused(own, "--python", sys.prefix)


@pytest.mark.parametrize(
    ("options", "refused"), [([], True), (["--inexact"], False), (["--check"], False)], ids=["exact", "inexact", "check"]
)
def test_own_home(target: Target, options: list[str], *, refused: bool) -> None:
    """A Python that holds the command is refused where the sync would remove it from there, even by its name."""
    home = target._replace(site_packages=(str(ROOT / "src"),))
    expected = (
        f"uv-system-sync is itself installed in {target.prefix}, from where the sync would remove it.",
        "Run it from an environment of its own, as `uvx uv-system-sync` does, or keep what is not in the lock with `--inexact`.",
    )

    assert (expected if refused else None) == _refused(home, "--python", target.prefix, *options)

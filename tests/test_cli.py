"""The command line: its options are the inputs of the action, and what is about the user's shell."""

from __future__ import annotations

import os
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import TARGET, options, program, step_inputs, touch
from tools.shared import ROOT
from uv_system_sync import cli, errors
from uv_system_sync.errors import InvalidInput, PythonUnsuitable
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import Command, Finish, start
from uv_system_sync.text import Option

_INPUTS: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]

# Inputs of the runner alone or of what installs uv, and the one that is behind `--`.
_NO_OPTION = {"summary", "args", "uv-version", "cache", "cache-suffix"}
_NO_INPUT = {"exact", "help", "json", "verbose", "version"}
_SINGULAR = {"extras": "extra", "groups": "group", "only-groups": "only-group", "packages": "package"}
_SWITCHES = [name for name, entry in _INPUTS.items() if name not in _NO_OPTION and entry["default"] == "false"]

_OWN_FOLDER = os.path.dirname(sys.executable)


def _inputs(*words: str) -> Inputs:
    """Return the inputs that the command line `words` means."""
    return cli.read(cli.parse(["--python", "/opt/python", *words]))


def test_the_options_are_the_inputs_of_the_action() -> None:
    found = re.findall(r"^ +(?:-\w, )?--([a-z-]+)", cli.parser().format_help(), re.MULTILINE)

    assert {_SINGULAR.get(name, name) for name in _INPUTS if name not in _NO_OPTION} | _NO_INPUT == set(found)


def test_the_help_lists_the_exit_status_of_each_kind_of_error() -> None:
    kinds = [kind for kind in errors.ActionError.__subclasses__() if kind not in (errors.JobsFailed, errors.PackagesDiffer)]
    listed = re.findall(r"(\d+)\s+([a-z-]+)", cli.parser().format_help().rpartition(":")[2])

    assert sorted((kind.exit_status, kind.slug) for kind in kinds) == [(int(status), slug) for status, slug in listed]


def test_without_options_all_but_the_summary_and_what_is_removed_is_as_in_a_step_without_inputs() -> None:
    assert step_inputs(python="/opt/python", summary="false", inexact="true") == _inputs()


@pytest.mark.parametrize("name", _SWITCHES)
def test_a_switch_is_the_input_of_its_name(name: str) -> None:
    inputs = {"python": "/opt/python", "summary": "false", "inexact": "true", name.replace("-", "_"): "true"}

    assert step_inputs(**inputs) == _inputs(f"--{name}")


@pytest.mark.parametrize(
    ("words", "keeps"),
    [
        pytest.param([], True, id="default"),
        pytest.param(["--exact"], False, id="exact"),
        pytest.param(["--exact", "--inexact"], True, id="inexact-last"),
        pytest.param(["--inexact", "--exact"], False, id="exact-last"),
    ],
)
def test_what_is_not_in_the_lock_stays_unless_the_last_option_is_exact(words: list[str], *, keeps: bool) -> None:
    assert keeps is _inputs(*words).inexact


@pytest.mark.parametrize(("words", "expected"), [([], 2), (["--retries", "0"], 0), (["--retries=5"], 5)])
def test_retries_are_the_input_of_that_name(words: list[str], expected: int) -> None:
    assert expected == _inputs(*words).retries


def test_names_are_given_one_by_one_and_normalized() -> None:
    inputs = _inputs("--extra", "Docs", "--extra=more", "--group", "dev", "--package", "a.b", "--package", "c")

    assert (("docs", "more"), ("dev",), ("a-b", "c")) == (inputs.extras, inputs.groups, inputs.packages)
    assert ("lint", "docs-only") == _inputs("--only-group", "lint", "--only-group", "Docs_only").only_groups


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--group", "a b"], {Option("groups"), Option("groups", "a b")}, id="not-a-name"),
        pytest.param(["--only-group", "a b"], {Option("only-groups"), Option("only-groups", "a b")}, id="not-a-name-of-an-only-group"),
        pytest.param(["--retries", "many"], {Option("retries")}, id="not-a-number"),
        pytest.param(["--group", "a", "--only-group", "b"], {Option("groups", "a"), Option("only-groups", "b")}, id="only-group"),
        pytest.param(["--all-extras", "--extra", "a"], {Option("all-extras", "true"), Option("extras", "a")}, id="contradiction"),
    ],
)
def test_wrong_names_and_contradictions_are_the_same_errors_as_in_a_step(words: list[str], expected: set[Option]) -> None:
    with pytest.raises(InvalidInput) as caught:
        _inputs(*words)

    assert expected == options(caught.value)


@pytest.mark.parametrize(("words", "expected"), [([], "."), (["--working-directory", "my ☃ project"], "my ☃ project")])
def test_the_working_directory_is_the_current_one_by_default(words: list[str], expected: str) -> None:
    assert expected == _inputs(*words).working_directory


def test_what_follows_the_first_two_dashes_is_passed_on_word_by_word() -> None:
    inputs = _inputs("--check", "--", "--a b", "it's", "", "--", "--frozen")

    assert (True, False, ("--a b", "it's", "", "--", "--frozen")) == (inputs.check, inputs.frozen, inputs.args)


@pytest.mark.parametrize("words", ["--extras a", "--pyth /", "here", "--python", "--no-dev=true"])
def test_a_wrong_command_line_is_a_usage_error(capsys: pytest.CaptureFixture[str], words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parse(words.split())
    printed = capsys.readouterr()

    assert (2, "", True) == (ended.value.code, printed.out, words.partition("=")[0].split()[0] in printed.err)


@pytest.mark.parametrize(("colours", "more"), [(True, {}), (False, {"NO_COLOR": "1"})])
def test_uv_sees_neither_the_runner_nor_inputs_of_the_action(*, colours: bool, more: dict[str, str]) -> None:
    environ = {"A": "1", "UV_SYSTEM_SYNC_PYTHON": "/x", "RUNNER_TEMP": "/t", "RUNNER_DEBUG": "1"}

    assert {"A": "1", "PATH": "", **more} == cli.environment(environ, colours=colours)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"PATH": f"{_OWN_FOLDER}{os.pathsep}/usr/bin", "UV": "/bin/uv"}, "/usr/bin", id="uvx"),
        pytest.param({"PATH": f"{_OWN_FOLDER}{os.pathsep}/usr/bin"}, f"{_OWN_FOLDER}{os.pathsep}/usr/bin", id="shell"),
        pytest.param({"PATH": f"/usr/bin{os.pathsep}{_OWN_FOLDER}", "UV": "/uv"}, f"/usr/bin{os.pathsep}{_OWN_FOLDER}", id="not-in-front"),
        pytest.param({"PATH": _OWN_FOLDER, "UV": "/bin/uv", "VIRTUAL_ENV": sys.prefix}, _OWN_FOLDER, id="uv-run"),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_path_is_that_of_the_users_shell_even_below_uvx(environ: dict[str, str], expected: str) -> None:
    assert expected == cli.search_path(environ)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A Python that exists."""
    touch(tmp_path / "bin", "python")
    return TARGET._replace(executable=str(tmp_path / "bin" / "python"), prefix=str(tmp_path), site_packages=(str(tmp_path / "lib"),))


@pytest.mark.parametrize(("words", "is_rejected"), [(["--exact"], True), ([], False), (["--exact", "--check"], False)])
def test_a_sync_must_not_remove_the_command_itself(target: Target, words: list[str], *, is_rejected: bool) -> None:
    holder = target._replace(site_packages=(str(ROOT / "src"),))
    with pytest.raises(PythonUnsuitable) if is_rejected else nullcontext() as caught:
        cli.check_target(_inputs(*words), holder, "")

    expected = {"prefix": target.prefix, "exact": Option("inexact", "false")}
    assert (expected if is_rejected else None) == (caught.value.values if caught else None)


def _never(command: Command) -> Finish:
    raise AssertionError(command)


def test_a_python_that_path_leads_to_needs_no_advice(target: Target) -> None:
    assert None is cli.path_advice(target, {"PATH": os.path.dirname(target.executable)}, _never)


def test_a_python_that_a_shim_on_path_starts_needs_no_advice(tmp_path: Path) -> None:
    """Whatever starts it, such as the shim of a version manager, its prefix is the target's."""
    shim = program(tmp_path / "shims" / "python", "#!/bin/sh", f'exec "{sys.executable}" "$@"')
    other = program(tmp_path / "other" / "python", "#!/bin/sh", "exit 127")
    own = TARGET._replace(executable=sys.executable, prefix=sys.prefix, scripts=os.path.dirname(sys.executable))

    assert None is cli.path_advice(own, {"PATH": str(shim.parent)}, start)
    assert f"`python` on PATH is {other};" in str(cli.path_advice(own, {"PATH": str(other.parent)}, start))


def test_for_another_python_the_line_to_copy_puts_the_most_important_folder_first(tmp_path: Path) -> None:
    elsewhere = TARGET._replace(executable="/a b/python3", scripts="/c")
    advice = str(cli.path_advice(elsewhere, {"PATH": str(tmp_path)}, _never))

    assert "`python` on PATH is missing;" in advice
    assert advice.endswith(" export PATH='/c:/a b':\"$PATH\"")

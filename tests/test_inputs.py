"""Reading the inputs from the variables that action.yml sets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import options, step_inputs, step_variables
from uv_system_sync.errors import InvalidInput
from uv_system_sync.inputs import Inputs, variable
from uv_system_sync.text import Option

_DEFAULTS = Inputs(python="", python_source="pythonLocation", working_directory=".")

_OFF_BY_DEFAULT = (
    *("all_extras", "all_groups", "all_packages", "no_dev", "no_install_project", "no_editable"),
    *("inexact", "frozen", "check", "allow_externally_managed"),
)


def _rejected(**inputs: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        step_inputs(**inputs)
    return caught.value


@pytest.mark.parametrize("value", ["", " \n"], ids=["empty", "white-space"])
def test_an_empty_input_is_at_its_default(value: str) -> None:
    texts = ("python", "working_directory", "extras", "groups", "only_groups", "packages", "args", "summary", "uv_version")
    names = [*_OFF_BY_DEFAULT, *texts]

    assert _DEFAULTS == step_inputs(**dict.fromkeys(names, value))
    assert _DEFAULTS == Inputs.from_environ({})


@pytest.mark.parametrize("prefix", ["INPUT_", ""])
def test_variables_of_other_actions_are_not_inputs(prefix: str) -> None:
    """The runner or an outer action may set them."""
    assert _DEFAULTS == Inputs.from_environ({f"{prefix}FROZEN": "true", f"{prefix}PYTHON": "/usr"})


def test_the_variable_of_an_input_has_our_prefix() -> None:
    assert "UV_SYSTEM_SYNC_ALLOW_EXTERNALLY_MANAGED" == variable("allow-externally-managed")


@pytest.mark.parametrize("name", _OFF_BY_DEFAULT)
def test_a_switch_turns_on_what_it_names(name: str) -> None:
    changes: dict[str, Any] = {name: True}

    assert _DEFAULTS._replace(**changes) == step_inputs(**{name: "true"})


@pytest.mark.parametrize(("true", "false"), [("true", "false"), ("True", "False"), ("TRUE", "FALSE"), (" true\n", " false\n")])
def test_true_and_false_are_those_of_yaml(true: str, false: str) -> None:
    assert _DEFAULTS._replace(frozen=True, summary=False) == step_inputs(frozen=true, summary=false)


@pytest.mark.parametrize("text", ["yes", "1", "0", "tRUE", "truefalse", "true false", "none", "wahr"])
def test_any_other_value_of_a_switch_is_an_error(text: str) -> None:
    assert {"option": Option("no-dev"), "value": text} == _rejected(no_dev=text).values


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"pythonLocation": "/opt/python"}, ("/opt/python", "pythonLocation"), id="setup-python"),
        pytest.param({"PYTHONLOCATION": r"C:\Python"}, (r"C:\Python", "pythonLocation"), id="setup-python-on-windows"),
        pytest.param({"pythonLocation": "/opt", **step_variables(python=" /usr/local \n")}, ("/usr/local", "python"), id="named"),
        pytest.param({"pythonLocation": " "}, ("", "pythonLocation"), id="neither"),
    ],
)
def test_the_python_is_the_one_that_is_named_or_else_that_of_setup_python(environ: dict[str, str], expected: tuple[str, str]) -> None:
    inputs = Inputs.from_environ(environ)

    assert expected == (inputs.python, inputs.python_source)


def test_a_working_directory_is_a_path_with_spaces_in_it() -> None:
    assert "my project/ü" == step_inputs(working_directory=" my project/ü\n").working_directory


@pytest.mark.parametrize("name", ["extras", "groups", "only_groups", "packages"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("docs", ("docs",), id="one"),
        pytest.param("docs test", ("docs", "test"), id="spaces"),
        pytest.param("docs,test , lint", ("docs", "test", "lint"), id="commas"),
        pytest.param("docs\n test\r\n\nlint\n", ("docs", "test", "lint"), id="lines"),
        pytest.param("Fast_Path fast.path FAST--PATH", ("fast-path",), id="normalized-and-each-once"),
        pytest.param("test docs test", ("test", "docs"), id="in-their-order"),
        pytest.param(" , ,", (), id="separators-only"),
        pytest.param("0", ("0",), id="a-digit"),
    ],
)
def test_names_are_separated_and_normalized(name: str, text: str, expected: tuple[str, ...]) -> None:
    assert expected == getattr(step_inputs(**{name: text}), name)


@pytest.mark.parametrize(("name", "option"), [("groups", Option("groups")), ("only_groups", Option("only-groups"))])
@pytest.mark.parametrize("word", ["--all-extras", "-x", "x-", "a/b", "a[b]", "a==1", "ü", "`", "$(id)", ";"])
def test_a_word_that_is_not_a_name_is_an_error(name: str, option: Option, word: str) -> None:
    """A rejected word cannot reach uv as an option."""
    assert {"option": option, "word": word} == _rejected(**{name: f"docs {word}"}).values


@pytest.mark.parametrize(
    ("name", "text", "corrected"),
    [
        pytest.param("groups", "[dev]", "dev", id="brackets"),
        pytest.param("groups", "[dev, lint]", "dev lint", id="brackets around several"),
        pytest.param("groups", '["dev", "lint"]', "dev lint", id="JSON"),
        pytest.param("groups", "- dev\n- lint\n", "dev lint", id="list of YAML"),
        pytest.param("groups", "'dev'", "dev", id="quotes"),
        pytest.param("groups", "{dev, Fast_Path}", "dev Fast_Path", id="braces"),
        pytest.param("groups", "--group dev --group=lint", "dev lint", id="options of uv"),
        pytest.param("packages", "('one')", "one", id="parentheses"),
        pytest.param("extras", ".[docs,test]", "docs test", id="extras of a folder"),
        pytest.param("extras", "sample[docs]", "docs", id="extras of a package"),
        pytest.param("extras", "[docs", "docs", id="one bracket"),
    ],
)
def test_a_list_as_another_file_has_it_is_an_error_with_the_names_in_it(name: str, text: str, corrected: str) -> None:
    assert Option(name, corrected) == _rejected(**{name: text}).hint.values["corrected"]


def test_a_comment_among_names_is_an_error_that_says_so() -> None:
    assert "comment" in _rejected(groups="dev # for tests\nlint").hint.template


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("--reinstall", ("--reinstall",), id="one"),
        pytest.param(" --a  b\n--c=d\r\n", ("--a", "b", "--c=d"), id="spaces-and-lines"),
        pytest.param("""'a b' "c 'd'" e\\ f""", ("a b", "c 'd'", "e f"), id="quotations"),
        pytest.param("''", ("",), id="empty-argument"),
        pytest.param("$HOME $(id) `id` * ~ a;b #c", ("$HOME", "$(id)", "`id`", "*", "~", "a;b", "#c"), id="nothing-is-run-or-expanded"),
    ],
)
def test_arguments_are_split_as_by_a_posix_shell(text: str, expected: tuple[str, ...]) -> None:
    assert expected == step_inputs(args=text).args


@pytest.mark.parametrize("text", ["'a", "a\\"], ids=["open-quotation", "lone-backslash"])
def test_arguments_that_cannot_be_split_are_an_error(text: str) -> None:
    error = _rejected(args=text)

    assert (text, {Option("args")}) == (error.values["value"], options(error))


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param(
            {"all_extras": "true", "extras": "docs lint"}, {Option("all-extras", "true"), Option("extras", "docs lint")}, id="extras"
        ),
        pytest.param({"all_groups": "true", "groups": "Lint"}, {Option("all-groups", "true"), Option("groups", "lint")}, id="groups"),
        pytest.param({"all_packages": "true", "packages": "a"}, {Option("all-packages", "true"), Option("packages", "a")}, id="packages"),
        pytest.param({"no_dev": "true", "groups": "lint dev"}, {Option("no-dev", "true"), Option("groups", "dev")}, id="dev"),
        *(
            pytest.param({name: value, "only_groups": "Docs a"}, {option, Option("only-groups", "docs a")}, id=f"only-groups-and-{name}")
            for name, value, option in (
                ("all_extras", "true", Option("all-extras", "true")),
                ("extras", "b", Option("extras", "b")),
                ("all_groups", "true", Option("all-groups", "true")),
                ("groups", "b c", Option("groups", "b c")),
            )
        ),
    ],
)
def test_inputs_that_contradict_each_other_are_an_error(inputs: dict[str, str], expected: set[Option]) -> None:
    assert expected == options(_rejected(**inputs))


def test_no_dev_does_not_contradict_other_groups() -> None:
    assert _DEFAULTS._replace(no_dev=True, groups=("lint",)) == step_inputs(no_dev="true", groups="lint")
    assert _DEFAULTS._replace(no_dev=True, only_groups=("lint",)) == step_inputs(no_dev="true", only_groups="lint")


def test_the_version_of_uv_is_taken_as_it_is() -> None:
    """The code that provides uv checks it."""
    assert ">=0.12, <1" == step_inputs(uv_version=" >=0.12, <1\n").uv_version


@pytest.mark.parametrize(("value", "expected"), [("", "auto"), ("auto", "auto"), ("True", "true"), ("false", "false")])
def test_the_cache_is_automatic_on_or_off(value: str, expected: str) -> None:
    assert expected == step_inputs(cache=value).cache


def test_a_cache_that_is_none_of_the_three_is_an_error() -> None:
    error = _rejected(cache="yes")

    assert ({Option("cache")}, "yes") == (options(error), error.values["value"])


@pytest.mark.parametrize("value", ["", "ubuntu-latest", "feature/x=1", "x" * 100])
def test_a_suffix_can_be_part_of_a_key(value: str) -> None:
    assert value == step_inputs(cache_suffix=value).cache_suffix


@pytest.mark.parametrize("value", ["a,b", "a b", "x" * 101, "é", "a\nb", "a\x1b"])
def test_a_suffix_that_cannot_be_part_of_a_key_is_an_error(value: str) -> None:
    error = _rejected(cache_suffix=value)

    assert ({Option("cache-suffix")}, value) == (options(error), error.values["value"])


@pytest.mark.parametrize(("value", "expected"), [("", 2), ("0", 0), (" 3\n", 3), ("10", 10)])
def test_retries_are_a_number(value: str, expected: int) -> None:
    assert expected == step_inputs(retries=value).retries


@pytest.mark.parametrize("value", ["11", "-1", "+1", "1.5", "two", "\u0663", "9" * 5000], ids=lambda value: value[:4])
def test_retries_that_are_no_number_or_too_many_are_an_error(value: str) -> None:
    error = _rejected(retries=value)

    assert ({Option("retries")}, value) == (options(error), error.values["value"])


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({}, "", id="default"),
        pytest.param({"extras": "docs test", "groups": "lint"}, "extras docs, test; groups lint", id="names"),
        pytest.param({"only_groups": "lint docs", "uv_version": "0.13.9"}, "only-groups lint, docs", id="only-groups"),
        pytest.param({"no_dev": "true", "frozen": "true", "summary": "false"}, "no-dev; frozen", id="switches"),
        pytest.param({"all_extras": "true", "args": "--reinstall -v"}, "all-extras; --reinstall -v", id="arguments"),
    ],
)
def test_the_selection_has_what_is_not_at_its_default(inputs: dict[str, str], expected: str) -> None:
    assert expected == step_inputs(**inputs).selection()


def test_the_cache_of_another_action_is_an_error_that_names_it() -> None:
    assert ["actions/setup-python" in str(_rejected(cache=value).hint) for value in ("pip", "no")] == [True, False]

"""Turning the text that GitHub hands over into `Inputs`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import step_inputs, step_variables, words
from uv_system_sync.errors import InvalidInput
from uv_system_sync.inputs import Inputs, variable

_DEFAULTS = Inputs(python="", python_source="pythonLocation", working_directory=".")

_OFF_BY_DEFAULT = [
    "all_extras",
    "all_groups",
    "all_packages",
    "no_dev",
    "no_install_project",
    "no_editable",
    "inexact",
    "frozen",
    "check",
    "allow_externally_managed",
]


def _rejected(**inputs: str) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        step_inputs(**inputs)
    return words(caught.value)


def test_nothing_is_set() -> None:
    """Without any variable, everything has its default."""
    assert _DEFAULTS == Inputs.from_environ({})


def test_everything_is_empty() -> None:
    """An input that is set to nothing, or to white space, is at its default."""
    names = [*_OFF_BY_DEFAULT, "python", "working_directory", "extras", "groups", "packages", "args", "summary"]

    assert _DEFAULTS == step_inputs(**dict.fromkeys(names, " \n"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("check", "UV_SYSTEM_SYNC_CHECK", id="one-word"),
        pytest.param("allow-externally-managed", "UV_SYSTEM_SYNC_ALLOW_EXTERNALLY_MANAGED", id="hyphens"),
    ],
)
def test_variable(name: str, expected: str) -> None:
    """Each input has a variable of its own, which is none that the runner or act sets by itself."""
    assert expected == variable(name)


@pytest.mark.parametrize("name", _OFF_BY_DEFAULT)
def test_switch_on(name: str) -> None:
    """Each switch turns on what it names, and nothing else."""
    changes: dict[str, Any] = {name: True}

    assert _DEFAULTS._replace(**changes) == step_inputs(**{name: "true"})


def test_summary_off() -> None:
    """The summary is the one switch that is on by default."""
    assert _DEFAULTS._replace(summary=False) == step_inputs(summary="false")


@pytest.mark.parametrize("text", ["true", "True", "TRUE", " true\n"])
def test_spellings_of_true(text: str) -> None:
    """True is what YAML calls true, whatever white space is around it."""
    assert step_inputs(frozen=text).frozen


@pytest.mark.parametrize("text", ["false", "False", "FALSE", " false\n"])
def test_spellings_of_false(text: str) -> None:
    """False is what YAML calls false, whatever white space is around it."""
    assert not step_inputs(summary=text).summary


@pytest.mark.parametrize("text", ["yes", "1", "0", "tRUE", "truefalse", "true false", "none", "wahr"])
def test_neither_true_nor_false(text: str) -> None:
    """Every other text is refused, rather than taken for one of the two."""
    assert (f"`no-dev` is {text!r}, which is neither true nor false.", "Write `true` or `false`.") == _rejected(no_dev=text)


def test_python_location() -> None:
    """Without the input `python`, it is the Python that actions/setup-python exported."""
    inputs = Inputs.from_environ({"pythonLocation": "/opt/python"})

    assert ("/opt/python", "pythonLocation") == (inputs.python, inputs.python_source)


def test_python_location_as_windows_names_it() -> None:
    """Windows has variables in capitals only, and Python shows them so in a copy of the environment."""
    inputs = Inputs.from_environ({"PYTHONLOCATION": r"C:\Python"})

    assert (r"C:\Python", "pythonLocation") == (inputs.python, inputs.python_source)


def test_python_goes_before_python_location() -> None:
    """The input `python` wins over actions/setup-python, and loses the white space around it."""
    inputs = Inputs.from_environ({"pythonLocation": "/opt/python", **step_variables(python=" /usr/local \n")})

    assert ("/usr/local", "python") == (inputs.python, inputs.python_source)


def test_path_with_spaces_and_unicode() -> None:
    """The spaces within a path belong to it."""
    inputs = step_inputs(python="/opt/my python ü", working_directory=" packages/my app ☃ ")

    assert ("/opt/my python ü", "packages/my app ☃") == (inputs.python, inputs.working_directory)


@pytest.mark.parametrize("name", ["extras", "groups", "packages"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("docs", ("docs",), id="one"),
        pytest.param("docs lint", ("docs", "lint"), id="spaces"),
        pytest.param("docs,lint", ("docs", "lint"), id="commas"),
        pytest.param("docs\nlint\r\n\ttest\n", ("docs", "lint", "test"), id="lines"),
        pytest.param(", docs ,, lint,\n", ("docs", "lint"), id="everything-together"),
        pytest.param(" ,\n,", (), id="separators-only"),
        pytest.param("b a b", ("b", "a"), id="twice-is-once-in-the-order-given"),
        pytest.param("My_Docs my.docs", ("my-docs",), id="normalized"),
        pytest.param("0", ("0",), id="a-digit"),
    ],
)
def test_names(name: str, text: str, expected: tuple[str, ...]) -> None:
    """Names may be separated in any usual way, and are normalized."""
    assert expected == getattr(step_inputs(**{name: text}), name)


@pytest.mark.parametrize("word", ["--all-extras", "-x", "x-", "a/b", "a[b]", "a==1", "ü", "`", "$(id)", ";"])
def test_not_a_name(word: str) -> None:
    """What cannot be a name is refused, so that nothing can pass for a flag of uv."""
    expected = (
        f"`groups` holds {word!r}, which is not a name.",
        "Names are letters, digits, `-`, `_` and `.`; separate them by spaces, commas or new lines.",
    )

    assert expected == _rejected(groups=f"docs {word}")


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
def test_arguments(text: str, expected: tuple[str, ...]) -> None:
    """`args` is split as a POSIX shell would, and only split."""
    assert expected == step_inputs(args=text).args


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("'a", "No closing quotation", id="open-quotation"),
        pytest.param("a\\", "No escaped character", id="lone-backslash"),
    ],
)
def test_arguments_that_cannot_be_split(text: str, reason: str) -> None:
    """What a shell could not split either is refused, with the reason."""
    expected = (
        f"`args` is {text!r}, which cannot be split: {reason}.",
        "It is split like a POSIX shell would; close every quotation and double every backslash.",
    )

    assert expected == _rejected(args=text)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param(
            {"all_extras": "true", "extras": "docs lint"}, "`all-extras: true` contradicts `extras: docs lint`.", id="extras-all-and-some"
        ),
        pytest.param({"all_groups": "true", "groups": "Lint"}, "`all-groups: true` contradicts `groups: lint`.", id="groups-all-and-some"),
        pytest.param(
            {"all_packages": "true", "packages": "a"}, "`all-packages: true` contradicts `packages: a`.", id="packages-all-and-some"
        ),
        pytest.param({"no_dev": "true", "groups": "lint dev"}, "`no-dev: true` contradicts `groups: dev`.", id="dev-and-no-dev"),
    ],
)
def test_contradictions(inputs: dict[str, str], message: str) -> None:
    """Two inputs that cannot both be meant are refused, rather than one of them ignored."""
    assert (message, "Remove one of the two.") == _rejected(**inputs)


def test_no_dev_with_other_groups() -> None:
    """`no-dev` goes with every group but `dev`."""
    inputs = step_inputs(no_dev="true", groups="lint")

    assert (True, ("lint",)) == (inputs.no_dev, inputs.groups)


def test_inputs_of_another_action() -> None:
    """INPUT_* variables, which act and outer actions set, are not ours."""
    assert _DEFAULTS == Inputs.from_environ({"INPUT_FROZEN": "true", "INPUT_PYTHON": "/usr", "FROZEN": "true"})


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({}, "", id="default"),
        pytest.param({"extras": "docs test", "groups": "lint"}, "extras docs, test; groups lint", id="names"),
        pytest.param({"no_dev": "true", "frozen": "true", "summary": "false"}, "no-dev; frozen", id="flags"),
        pytest.param({"all_extras": "true", "args": "--reinstall -v"}, "all-extras; --reinstall -v", id="arguments"),
    ],
)
def test_selection(inputs: dict[str, str], expected: str) -> None:
    """A few words say what was asked for beyond the default."""
    assert expected == step_inputs(**inputs).selection()

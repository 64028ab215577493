"""The arguments of `uv sync`."""

from __future__ import annotations

import pytest

from tests.support import options, step_inputs
from uv_system_sync.errors import InvalidInput
from uv_system_sync.text import Option
from uv_system_sync.uv import arguments


def _sync(**inputs: str) -> list[str]:
    return list(arguments.sync(step_inputs(**inputs)))


def _rejected(**inputs: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        _sync(**inputs)
    return caught.value


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({}, ["--locked"], id="default"),
        pytest.param({"frozen": "true"}, ["--frozen"], id="frozen"),
        pytest.param({"inexact": "true"}, ["--locked", "--inexact"], id="inexact"),
        pytest.param({"check": "true"}, ["--locked", "--check"], id="check"),
        pytest.param({"extras": "b a"}, ["--locked", "--extra", "b", "--extra", "a"], id="extras"),
        pytest.param({"groups": "b a"}, ["--locked", "--group", "b", "--group", "a"], id="groups"),
        pytest.param({"only_groups": "b a"}, ["--locked", "--only-group", "b", "--only-group", "a"], id="only-groups"),
        pytest.param({"packages": "b a"}, ["--locked", "--package", "b", "--package", "a"], id="packages"),
        *(
            pytest.param({name.replace("-", "_"): "true"}, ["--locked", f"--{name}"], id=name)
            for name in ("all-extras", "all-groups", "all-packages", "no-dev", "no-install-project", "no-editable")
        ),
        pytest.param({"args": "--reinstall 'a b'"}, ["--locked", "--reinstall", "a b"], id="args"),
        pytest.param(
            {"python": "/elsewhere", "summary": "false", "allow_externally_managed": "true", "uv_version": "1"},
            ["--locked"],
            id="not-for-uv",
        ),
        pytest.param({"args": "-v", "check": "true", "groups": "a"}, ["--locked", "--check", "--group", "a", "-v"], id="args-come-last"),
    ],
)
def test_each_input_adds_its_own_arguments(inputs: dict[str, str], expected: list[str]) -> None:
    assert expected == _sync(**inputs)


@pytest.mark.parametrize(
    "args",
    [
        "--no-install-package numpy",
        "--only-group docs",
        "--reinstall-package=numpy",
        "--link-mode copy",
        "--index-url ./wheels",
        "-v",
        "-nqv",
        "-C editable_mode=compat",
        "-CPython=1",
        "-fUp",
        "-i./Python",
        "--python-is-not-this",
        "--lock",
        "python -",
    ],
)
def test_other_arguments_are_passed_to_uv(args: str) -> None:
    """Even those that uv itself rejects."""
    assert ["--locked", *args.split()] == _sync(args=args)


@pytest.mark.parametrize(
    ("argument", "instead"),
    [
        ("--python", Option("python")),
        ("--directory", Option("working-directory")),
        ("--project", Option("working-directory")),
        ("--active", Option("python")),
        ("--no-active", Option("python")),
        ("--dry-run", Option("check", "true")),
        *((argument, Option("frozen", "true")) for argument in ("--locked", "--frozen", "--no-locked", "--no-frozen")),
        *((argument, Option("check", "true")) for argument in ("--check", "--no-check")),
        *((argument, Option("inexact", "true")) for argument in ("--inexact", "--no-exact")),
        ("--exact", Option("inexact", "false")),
        *((f"--{name}", None) for name in ("script", "show-settings", "help", "version", "upgrade", "upgrade-package", "upgrade-group")),
        *((f"--{name}", None) for name in ("python-platform", "python-preference", "managed-python", "no-managed-python")),
        *((f"--{name}", None) for name in ("python-fetch", "allow-python-downloads", "no-python-downloads")),
        *((f"--{name}", None) for name in ("config-file", "no-config", "isolated")),
    ],
)
def test_an_argument_that_users_must_not_pass_is_an_error_with_the_input_to_use(argument: str, instead: Option | None) -> None:
    """Some of them are not in uv's help."""
    error = _rejected(args=f"-v {argument} x")

    assert (argument, {Option("args"), instead} - {None}) == (error.values["argument"], options(error))


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        pytest.param("--python=3.12", "--python", id="long-with-value"),
        pytest.param("--upgrade-package=a", "--upgrade-package", id="long-with-a-longer-name"),
        pytest.param("-p", "--python", id="short"),
        pytest.param("-p3.12", "--python", id="short-with-value"),
        pytest.param("-p=3.12", "--python", id="short-with-equals"),
        pytest.param("-U", "--upgrade", id="short-upgrade"),
        pytest.param("-Pnumpy", "--upgrade-package", id="short-upgrade-package"),
        pytest.param("-h", "--help", id="short-help"),
        pytest.param("-V", "--version", id="short-version"),
        pytest.param("-vnU", "--upgrade", id="in-a-cluster"),
    ],
)
def test_every_spelling_of_a_refused_argument_is_the_same_error(argument: str, name: str) -> None:
    error = _rejected(args=argument)

    assert (argument, str(_rejected(args=name).hint)) == (error.values["argument"], str(error.hint))


def test_an_argument_may_contradict_an_input() -> None:
    error = _rejected(frozen="true", args="--locked")

    assert ("--locked", {Option("frozen", "true")}) == (error.values["argument"], options(error))


@pytest.mark.parametrize(
    ("environ", "args", "expected"),
    [
        pytest.param({}, "", ("--color", "always"), id="by-default"),
        pytest.param({"NO_COLOR": ""}, "", ("--color", "always"), id="no-color-is-empty"),
        pytest.param({"NO_COLOR": "1"}, "", (), id="no-color"),
        pytest.param({}, "--color never", (), id="decided-by-the-user"),
        pytest.param({}, "--color=never", (), id="decided-by-the-user-in-one-word"),
        pytest.param({}, "--no-color", (), id="decided-against-by-the-user"),
    ],
)
def test_uv_prints_colours_unless_the_user_decides(environ: dict[str, str], args: str, expected: tuple[str, ...]) -> None:
    assert expected == arguments.colours(step_inputs(args=args), environ)


@pytest.mark.parametrize(
    ("environ", "inputs"),
    [
        ({}, {}),
        ({"RUNNER_ENVIRONMENT": "self-hosted"}, {"cache": "auto"}),
        ({"RUNNER_ENVIRONMENT": "github-hosted"}, {"cache": "false"}),
        ({"RUNNER_ENVIRONMENT": "github-hosted"}, {"check": "true"}),
        ({"RUNNER_ENVIRONMENT": "github-hosted", "UV_CACHE_DIR": "/cache"}, {}),
        ({"RUNNER_ENVIRONMENT": "github-hosted", "UV_NO_CACHE": "true"}, {"cache": "true"}),
        ({"RUNNER_ENVIRONMENT": "github-hosted"}, {"cache": "true", "args": "-n"}),
        ({"RUNNER_ENVIRONMENT": "github-hosted"}, {"cache": "true", "args": "--cache-dir=/cache"}),
    ],
)
def test_built_wheels_are_not_kept_where_something_else_is_wanted(environ: dict[str, str], inputs: dict[str, str]) -> None:
    assert not arguments.keep_built_wheels(step_inputs(**inputs), environ)


@pytest.mark.parametrize(
    ("environ", "inputs"),
    [
        ({"RUNNER_ENVIRONMENT": "github-hosted"}, {}),
        ({}, {"cache": "true"}),
        ({"UV_CACHE_DIR": "/cache"}, {"cache": "true"}),
        ({"UV_NO_CACHE": "0"}, {"cache": "true"}),
    ],
)
def test_built_wheels_are_kept_on_hosted_runners_or_if_the_input_asks_for_it(environ: dict[str, str], inputs: dict[str, str]) -> None:
    assert arguments.keep_built_wheels(step_inputs(**inputs), environ)

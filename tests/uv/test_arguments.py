"""What uv is told."""

from __future__ import annotations

import sys

import pytest

from tests.support import PROJECT, TARGET, step_inputs, words
from uv_system_sync import environment
from uv_system_sync.errors import InvalidInput
from uv_system_sync.process import Command
from uv_system_sync.uv import arguments

_START = ("/bin/uv", "sync", "--color", "always", "--python", "/opt/python/bin/python3")


def _sync(**inputs: str) -> Command:
    return arguments.sync(step_inputs(**inputs), PROJECT, TARGET, "/bin/uv", {"HOME": "/home"})


def _rejected(**inputs: str) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        _sync(**inputs)
    return words(caught.value)


@pytest.mark.parametrize(
    ("inputs", "more"),
    [
        pytest.param({"packages": "one", "frozen": "true"}, [], id="nothing-more"),
        pytest.param({"check": "true"}, [("`check: true`", "0.6.10")], id="check"),
        pytest.param({"packages": "one two"}, [("More than one name in `packages`", "0.9.8")], id="packages"),
    ],
)
def test_needs(inputs: dict[str, str], more: list[tuple[str, str]]) -> None:
    """Every run needs a uv from the oldest on that is tested, and an input that came to uv later a newer one."""
    assert [("uv-system-sync", "0.5.31"), *more] == list(arguments.needs(step_inputs(**inputs)))
    assert [("uv-system-sync", "0.5.31")] == list(arguments.needs())


def test_version() -> None:
    """Asking for uv's version sees what uv may see."""
    assert Command(("/bin/uv", "--version"), {"HOME": "/home"}, ".") == arguments.version("/bin/uv", {"HOME": "/home", "UV_NO_DEV": "1"})


@pytest.mark.parametrize(
    ("options", "added"),
    [pytest.param({}, (), id="online"), pytest.param({"offline": True}, ("--offline",), id="offline")],
)
def test_own_wheels(options: dict[str, bool], added: tuple[str, ...]) -> None:
    """The action's own wheels are pinned by their hashes, for the running Python, and owe nothing to the project's settings."""
    command = arguments.own_wheels("/bin/uv", "/requirements.txt", "/temp/wheels", {"UV_CACHE_DIR": "/cache"}, **options)
    how = ("--quiet", "--no-config", "--no-deps", "--require-hashes", "--no-build")
    where = ("--python", sys.executable, "--target", "/temp/wheels", "-r", "/requirements.txt")
    variables = {"UV_CACHE_DIR": "/cache", "UV_PYTHON_DOWNLOADS": "never"}

    assert Command(("/bin/uv", "pip", "install", *how, *where, *added), variables, ".") == command


@pytest.mark.parametrize(
    "name",
    [
        "UV_NO_BINARY",
        "UV_NO_BINARY_PACKAGE",
        "UV_NO_BUILD",
        "UV_NO_BUILD_PACKAGE",
        "UV_NO_BUILD_ISOLATION",
        "UV_COMPILE_BYTECODE",
        "UV_COMPILE_BYTECODE_TIMEOUT",
    ],
)
def test_own_wheels_and_the_projects_policies(name: str) -> None:
    """A policy on the project's packages is none on the action's own wheels, and stays in force for the sync."""
    wheels = arguments.own_wheels("/bin/uv", "/requirements.txt", "/temp/wheels", {name: "1"})
    sync = arguments.sync(step_inputs(), PROJECT, TARGET, "/bin/uv", {name: "1"})

    assert (None, "1") == (wheels.env.get(name), sync.env.get(name))


def test_sync() -> None:
    """Without any input, uv syncs the lock as it is into the target, in the project's folder."""
    expected = Command((*_START, "--locked"), environment.for_sync({"HOME": "/home"}, "/opt/python"), "/src/sample")

    assert expected == _sync()


def test_sync_of_a_member() -> None:
    """A member of a workspace is synced from its own folder, wherever the lock is."""
    member = PROJECT._replace(directory="/src/sample/member")
    command = arguments.sync(step_inputs(), member, TARGET, "/bin/uv", {})

    assert "/src/sample/member" == command.cwd


@pytest.mark.parametrize(
    ("inputs", "added"),
    [
        pytest.param({"inexact": "true"}, ["--inexact"], id="inexact"),
        pytest.param({"check": "true"}, ["--check"], id="check"),
        pytest.param({"extras": "b a"}, ["--extra", "b", "--extra", "a"], id="extras"),
        pytest.param({"groups": "b a"}, ["--group", "b", "--group", "a"], id="groups"),
        pytest.param({"packages": "b a"}, ["--package", "b", "--package", "a"], id="packages"),
        pytest.param({"all_extras": "true"}, ["--all-extras"], id="all-extras"),
        pytest.param({"all_groups": "true"}, ["--all-groups"], id="all-groups"),
        pytest.param({"all_packages": "true"}, ["--all-packages"], id="all-packages"),
        pytest.param({"no_dev": "true"}, ["--no-dev"], id="no-dev"),
        pytest.param({"no_install_project": "true"}, ["--no-install-project"], id="no-install-project"),
        pytest.param({"no_editable": "true"}, ["--no-editable"], id="no-editable"),
        pytest.param({"args": "--reinstall 'a b'"}, ["--reinstall", "a b"], id="args"),
        pytest.param({"summary": "false"}, [], id="summary"),
        pytest.param({"python": "/elsewhere"}, [], id="python"),
        pytest.param(
            {"args": "--reinstall", "check": "true", "groups": "a"}, ["--check", "--group", "a", "--reinstall"], id="args-come-last"
        ),
    ],
)
def test_inputs_add_flags(inputs: dict[str, str], added: list[str]) -> None:
    """Each input adds its own flags, and only those."""
    assert (*_START, "--locked", *added) == _sync(**inputs).argv


def test_frozen() -> None:
    """`frozen` takes the place of the check that the lock is up to date."""
    assert (*_START, "--frozen") == _sync(frozen="true").argv


@pytest.mark.parametrize(
    "args",
    [
        "--no-install-package numpy",
        "--only-group docs",
        "--reinstall-package=numpy",
        "--link-mode copy",
        "--no-cache",
        "--index-url ./wheels",
        "--find-links=wheels",
        "--config-setting a=b",
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
def test_other_arguments(args: str) -> None:
    """Whatever the action does not decide is handed to uv as it is, even what uv itself will refuse."""
    assert (*_START, "--locked", *args.split()) == _sync(args=args).argv


_NO_CHOICE = "Leave it out: the action never lets uv choose a Python."
_SETTINGS = "Leave it out: the lock was made with the project's settings."


@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ("--python", "Set the input `python` instead."),
        ("--locked", "Leave it out: without `frozen: true` the sync is locked already."),
        ("--frozen", "Set `frozen: true` instead."),
        ("--check", "Set `check: true` instead."),
        ("--inexact", "Set `inexact: true` instead."),
        ("--exact", "Leave it out: without `inexact: true` the sync is exact already."),
        # uv reads these too, and does not list them.
        ("--no-locked", "Set `frozen: true` instead, or run `uv lock` and commit uv.lock."),
        ("--no-frozen", "Leave it out: without `frozen: true` the sync is locked already."),
        ("--no-check", "Leave it out: without `check: true` the step installs."),
        ("--no-exact", "Set `inexact: true` instead."),
        ("--python-fetch", "Leave it out: the action never lets uv download a Python."),
        ("--allow-python-downloads", "Leave it out: the action never lets uv download a Python."),
        ("--show-settings", "Run `uv sync --show-settings` in a step of its own."),
        ("--directory", "Set the input `working-directory` instead."),
        ("--project", "Set the input `working-directory` instead."),
        ("--active", "Set the input `python` to the virtual environment instead."),
        ("--no-active", "Leave it out: the action syncs into the Python of its input `python`."),
        ("--dry-run", "Set `check: true` to see what a sync would change."),
        ("--script", "The action syncs projects; run `uv sync --script` in a step of its own."),
        ("--python-platform", "Leave it out: the action installs for the Python that it installs into."),
        ("--python-preference", _NO_CHOICE),
        ("--managed-python", _NO_CHOICE),
        ("--no-managed-python", _NO_CHOICE),
        ("--no-python-downloads", "Leave it out: the action never lets uv download a Python."),
        ("--config-file", "Keep uv's settings in pyproject.toml or uv.toml."),
        ("--no-config", _SETTINGS),
        ("--isolated", _SETTINGS),
        ("--upgrade", "Run `uv lock --upgrade` and commit uv.lock; the action installs what is locked."),
        ("--upgrade-package", "Run `uv lock --upgrade-package` and commit uv.lock; the action installs what is locked."),
        ("--upgrade-group", "Run `uv lock --upgrade-group` and commit uv.lock; the action installs what is locked."),
        ("--help", "Run `uv sync --help` in a step of its own."),
        ("--version", "Read the output `uv-version` instead."),
    ],
)
def test_owned_arguments(argument: str, hint: str) -> None:
    """What the action decides itself is refused by name, with what to do instead."""
    assert (f"`args` holds `{argument}`, which the action decides itself.", hint) == _rejected(args=f"-v {argument} x")


@pytest.mark.parametrize(
    ("argument", "flag"),
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
def test_owned_arguments_in_other_spellings(argument: str, flag: str) -> None:
    """Every way to write an argument that uv would read as an owned one is refused alike."""
    _, hint = _rejected(args=flag)

    assert (f"`args` holds `{argument}`, which the action decides itself.", hint) == _rejected(args=argument)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param({"frozen": "true", "args": "--locked"}, "`frozen: true` contradicts `--locked` in `args`.", id="frozen-and-locked"),
        pytest.param({"inexact": "true", "args": "--exact"}, "`inexact: true` contradicts `--exact` in `args`.", id="inexact-and-exact"),
    ],
)
def test_contradictions(inputs: dict[str, str], message: str) -> None:
    """An argument that contradicts an input is refused as a contradiction, not as what the action does anyway."""
    assert (message, "Remove one of the two.") == _rejected(**inputs)


@pytest.mark.parametrize(
    ("environ", "args", "expected"),
    [
        pytest.param({}, "", ("--color", "always"), id="by-default"),
        pytest.param({"NO_COLOR": ""}, "", ("--color", "always"), id="no-color-is-empty"),
        pytest.param({"NO_COLOR": "1"}, "", (), id="no-color"),
        pytest.param({}, "--color never", (), id="decided-by-the-user"),
        pytest.param({}, "--color=never", (), id="decided-by-the-user-in-one-word"),
    ],
)
def test_colours(environ: dict[str, str], args: str, expected: tuple[str, ...]) -> None:
    """Uv is colourful, as the runner's log can be, unless the user wants it otherwise."""
    argv = arguments.sync(step_inputs(args=args), PROJECT, TARGET, "/bin/uv", environ).argv

    assert expected == argv[2 : argv.index("--python")]

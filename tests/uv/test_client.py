"""The uv commands that a run needs, and the versions of uv that it requires."""

from __future__ import annotations

import errno
import sys

import pytest

from tests.support import PROJECT, TARGET, options, step_inputs
from tests.uv import Starter
from uv_system_sync import environment
from uv_system_sync.errors import InvalidInput, UvUnavailable
from uv_system_sync.process import Command, Completed, Finish
from uv_system_sync.text import Option
from uv_system_sync.uv.client import Uv

_ENVIRON = {"HOME": "/home", "UV_NO_DEV": "1"}
_ENV = {"HOME": "/home"}
_SYNC_ENV = environment.for_sync(_ENV, TARGET.prefix)
_ON_TARGET = ("--python", TARGET.executable)
_INTO_TARGET = ("--python", TARGET.prefix)


def _uv(starter: Starter | None = None, *, environ: dict[str, str] = _ENVIRON) -> Uv:
    return Uv("/bin/uv", environ, (starter or Starter()).start)


def test_the_version_is_asked_for_at_once_and_only_once() -> None:
    started: list[Command] = []
    finished: list[object] = []

    def start(command: Command) -> Finish:
        def finish(relay: object) -> Completed:
            finished.append(relay)
            return Completed(0, "uv 0.13.9 (abcdef 2026-01-01)\n")

        started.append(command)
        return finish

    uv = Uv("/bin/uv", _ENVIRON, start)
    assert ([Command(("/bin/uv", "--version"), _ENV, ".")], []) == (started, finished)

    assert ("0.13.9", "0.13.9", [None]) == (uv.version, uv.version, finished)


@pytest.mark.parametrize("prints", ["uv 0.13.9", "uv 0.13.9 (abcdef)\n", "warning: x\nuv 0.13.9\n"])
def test_the_version_is_found_in_what_uv_prints(prints: str) -> None:
    assert "0.13.9" == _uv(Starter(version=prints)).version


@pytest.mark.parametrize("prints", ["", "Usage: uv [options]\n", "x" * 300])
def test_a_program_that_prints_no_version_is_not_uv(prints: str) -> None:
    uv = _uv(Starter(version=prints))
    with pytest.raises(UvUnavailable) as caught:
        _ = uv.version

    assert ("/bin/uv", prints[:200], {Option("uv-version")}) == (
        caught.value.values["path"],
        caught.value.values["output"],
        options(caught.value),
    )


_BROKEN = OSError(errno.ENOEXEC, "Exec format error")


def test_a_uv_that_does_not_start_is_an_error_with_the_reason() -> None:
    def start(_: Command) -> Finish:
        raise _BROKEN

    with pytest.raises(UvUnavailable) as at_once:
        Uv("/bin/uv", {}, start)
    with pytest.raises(UvUnavailable) as later:
        _uv(Starter(_BROKEN)).install_requirements("/requirements.txt", "/folder", offline=True)

    expected = {"path": "/bin/uv", "reason": "Exec format error", "option": Option("uv-version")}
    assert (expected, expected) == (at_once.value.values, later.value.values)


_OLD = [
    pytest.param("0.5.30", {}, "uv-system-sync", "0.5.31", id="for-everything"),
    pytest.param("0.5.3", {"check": "true"}, "uv-system-sync", "0.5.31", id="for-everything-first"),
    pytest.param("0.4.100", {}, "uv-system-sync", "0.5.31", id="minor"),
    pytest.param("0.5.30+99", {}, "uv-system-sync", "0.5.31", id="local-version"),
    pytest.param("0.6.9", {"check": "true"}, Option("check", "true"), "0.6.10", id="for-a-check"),
    pytest.param("0.9.7", {"packages": "a b"}, Option("packages", "a b"), "0.9.8", id="for-several-packages"),
]


@pytest.mark.parametrize(("version", "inputs", "what", "oldest"), _OLD)
def test_an_old_uv_is_an_error_with_what_needs_a_newer_one(version: str, inputs: dict[str, str], what: object, oldest: str) -> None:
    uv = _uv(Starter(version=f"uv {version}"))
    with pytest.raises(UvUnavailable) as caught:
        uv.require(step_inputs(**inputs))

    expected = {"what": what, "oldest": oldest, "path": "/bin/uv", "version": version, "option": Option("uv-version")}
    assert expected == caught.value.values


@pytest.mark.parametrize("version", ["0.5.31", "0.5.31+1", "0.5.100", "0.10.0", "1", "1.0.0-alpha.1", f"0.{'9' * 5000}"])
def test_a_uv_that_is_new_enough_is_accepted(version: str) -> None:
    uv = _uv(Starter(version=f"uv {version}"))
    uv.require()
    uv.require(step_inputs(packages="one", frozen="true"))


@pytest.mark.parametrize(("inputs", "version"), [({"check": "true"}, "0.6.10"), ({"packages": "a b"}, "0.9.8")])
def test_an_input_is_accepted_by_the_oldest_version_that_supports_it(inputs: dict[str, str], version: str) -> None:
    _uv(Starter(version=f"uv {version}")).require(step_inputs(**inputs))


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "t", "yes", "Y", "on"])
def test_a_uv_that_would_ignore_the_malware_check_is_an_error(value: str) -> None:
    environ = {"UV_MALWARE_CHECK": value}
    with pytest.raises(UvUnavailable) as caught:
        _uv(Starter(version="uv 0.11.15"), environ=environ).require()

    assert ("`UV_MALWARE_CHECK`", "0.11.16") == (caught.value.values["what"], caught.value.values["oldest"])
    _uv(Starter(version="uv 0.11.16"), environ=environ).require()


@pytest.mark.parametrize("value", ["", "0", "false", "off"])
def test_any_uv_is_accepted_without_the_malware_check(value: str) -> None:
    _uv(Starter(version="uv 0.11.15"), environ={"UV_MALWARE_CHECK": value}).require()


@pytest.mark.parametrize("folder", ["", "/temp/uv/bin"], ids=["on-path", "installed"])
def test_the_folder_of_a_uv_is_the_one_that_later_steps_need_on_path(folder: str) -> None:
    assert folder == Uv("/bin/uv", {}, Starter().start, folder=folder).folder


def test_a_sync_runs_in_the_projects_folder_and_installs_into_the_target() -> None:
    member = PROJECT._replace(directory="/src/sample/member")
    command = _uv().sync_command(step_inputs(no_dev="true"), member, TARGET)

    argv = ("/bin/uv", "sync", "--color", "always", *_INTO_TARGET, "--locked", "--no-dev")
    assert Command(argv, _SYNC_ENV, "/src/sample/member") == command


def test_a_sync_prints_no_colours_if_no_color_is_set() -> None:
    command = _uv(environ={"NO_COLOR": "1"}).sync_command(step_inputs(), PROJECT, TARGET)

    assert ("/bin/uv", "sync", *_INTO_TARGET, "--locked") == command.argv


def test_a_sync_does_not_accept_arguments_that_users_must_not_pass() -> None:
    with pytest.raises(InvalidInput):
        _uv().sync_command(step_inputs(args="--python 3.8"), PROJECT, TARGET)


def test_a_dry_run_of_lock_is_offline() -> None:
    starter = Starter(Completed(2, "Would update"))
    completed = _uv(starter).lock_dry_run(step_inputs(args="--find-links x", groups="a"), PROJECT, TARGET)

    argv = ("/bin/uv", "lock", "--dry-run", "--offline", *_ON_TARGET, "--find-links", "x")
    assert (Completed(2, "Would update"), [Command(argv, _SYNC_ENV, PROJECT.directory)]) == (completed, starter.commands)


@pytest.mark.parametrize("version", ["0.5.31", "0.6.14"])
def test_a_dry_run_of_a_sync_needs_a_uv_that_supports_it(version: str) -> None:
    starter = Starter(version=f"uv {version}")
    with pytest.raises(UvUnavailable) as caught:
        _uv(starter).dry_run(step_inputs(), PROJECT, TARGET)

    assert (("0.6.15", version), []) == ((caught.value.values["oldest"], caught.value.values["version"]), starter.commands)


def test_a_dry_run_of_a_sync_is_that_sync_with_one_more_option() -> None:
    starter = Starter(Completed(0, "Would install"), version="uv 0.6.15")
    completed = _uv(starter).dry_run(step_inputs(inexact="true"), PROJECT, TARGET)

    argv = ("/bin/uv", "sync", "--color", "always", "--dry-run", *_INTO_TARGET, "--locked", "--inexact")
    assert (Completed(0, "Would install"), [Command(argv, _SYNC_ENV, PROJECT.directory)]) == (completed, starter.commands)


def test_a_list_of_packages_ignores_settings() -> None:
    starter = Starter(Completed(0, "[]"))
    listed = _uv(starter).pip_list(TARGET)

    argv = ("/bin/uv", "pip", "list", "--no-config", "--format", "json", *_ON_TARGET)
    assert ("[]", [Command(argv, _SYNC_ENV, ".")]) == (listed, starter.commands)


@pytest.mark.parametrize(("offline", "added"), [(False, ()), (True, ("--offline",))])
def test_requirements_are_installed_by_hash_and_without_builds_for_the_python_that_runs_this(
    *, offline: bool, added: tuple[str, ...]
) -> None:
    starter = Starter(Completed(0, ""))
    finish = _uv(starter).install_requirements("/requirements.txt", "/folder", offline=offline)

    how = ("--quiet", "--no-config", "--no-deps", "--require-hashes", "--no-build", "--python", sys.executable)
    argv = ("/bin/uv", "pip", "install", *how, "--link-mode", "copy", "--target", "/folder", "-r", "/requirements.txt", *added)
    assert (Completed(0, ""), [Command(argv, {**_ENV, "UV_PYTHON_DOWNLOADS": "never"}, ".")]) == (finish(None), starter.commands)


@pytest.mark.parametrize(
    "name",
    [
        *("UV_NO_BINARY", "UV_NO_BINARY_PACKAGE", "UV_NO_BUILD", "UV_NO_BUILD_PACKAGE"),
        *("UV_COMPILE_BYTECODE", "UV_COMPILE_BYTECODE_TIMEOUT", "UV_MALWARE_CHECK", "UV_MALWARE_CHECK_URL"),
    ],
)
def test_a_policy_for_the_projects_packages_is_for_the_sync_alone(name: str) -> None:
    starter = Starter(Completed(0, ""))
    uv = _uv(starter, environ={name: "1"})
    uv.install_requirements("/requirements.txt", "/folder", offline=True)
    sync = uv.sync_command(step_inputs(), PROJECT, TARGET)

    assert (None, "1") == (starter.commands[0].env.get(name), sync.env.get(name))

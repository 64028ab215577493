"""What a user has to be able to rely on: nothing happens in silence, by halves, or to a checked environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.layouts import before_the_step, everything, install, notices, virtual_environment, watched_build
from tests.support.processes import is_running, parent
from tests.support.projects import CAN_CHECK, Project, Wheel
from tests.support.step import Outcome, Runner, runner
from tools.shared.pythons import Python, found
from tools.shared.uv import UV

OLDEST_AND_NEWEST = pytest.mark.parametrize("python", dict.fromkeys([found()[0], found()[-1]]), ids=lambda python: python.minor)

# How long anything may take that has to happen, in seconds.
PATIENCE = 20


@pytest.fixture
def site_packages(target: Path, python: Python) -> Path:
    """The folder of the target's packages."""
    return target / "lib" / f"python{python.minor}" / "site-packages"


def names(outcome: Outcome) -> list[str]:
    """Return what is installed, less pip, which every installation comes with."""
    assert 0 == outcome.returncode, outcome.log
    return [package["name"] for package in json.loads(outcome.outputs["packages"]) if package["name"] != "pip"]


LOCKED = ["alpha", "beta", "gamma", "sample-project"]

# Removed packages.


def test_a_removed_package_of_an_earlier_step(ci: Runner, site_packages: Path) -> None:
    """What an earlier step installed and the lock does not have is removed, and a notice says so."""
    install(Wheel("leftover", "3.0"), site_packages)

    outcome = ci.sync()

    assert [
        (
            "title=packages-removed::leftover 3.0, installed before this step, is not in uv.lock and was removed."
            " Set `inexact: true` to keep what is not in the lock."
        )
    ] == notices(outcome)
    assert LOCKED == names(outcome)


def test_removed_packages_of_an_earlier_step(ci: Runner, site_packages: Path) -> None:
    """One notice names all removed packages, by name and version."""
    for name in ("tox", "build", "nox"):
        install(Wheel(name, "1.5"), site_packages)

    outcome = ci.sync()

    assert [
        (
            "title=packages-removed::build 1.5, nox 1.5, tox 1.5, installed before this step, are not in uv.lock and were removed."
            " Set `inexact: true` to keep what is not in the lock."
        )
    ] == notices(outcome)


def test_very_many_removed_packages(ci: Runner, site_packages: Path) -> None:
    """A notice stays readable, however much was removed; the output `changes` has it all."""
    for number in range(25):
        install(Wheel(f"leftover{number:02}", "1.0"), site_packages)

    outcome = ci.sync()

    listed = ", ".join(f"leftover{number:02} 1.0" for number in range(20))
    assert [
        (
            f"title=packages-removed::{listed} and 5 more, installed before this step, are not in uv.lock and were removed."
            " Set `inexact: true` to keep what is not in the lock."
        )
    ] == notices(outcome)
    assert 25 == sum(change["action"] == "removed" for change in json.loads(outcome.outputs["changes"]))


def test_packages_of_an_earlier_use_of_the_action(ci: Runner) -> None:
    """What an earlier use in the same job installed is this one's to remove, and needs no notice."""
    first = ci.sync(groups="lint", extras="docs")

    second = ci.sync()

    assert {"docs-tool", "lint-tool"} == set(names(first)) - set(names(second))
    assert [] == notices(second)


def test_packages_that_an_earlier_use_of_the_action_kept(ci: Runner, site_packages: Path) -> None:
    """What an earlier use in the same job has only kept was not its own, and its removal is told."""
    install(Wheel("leftover", "3.0"), site_packages)
    ci.sync(inexact="true")

    outcome = ci.sync()

    assert [
        (
            "title=packages-removed::leftover 3.0, installed before this step, is not in uv.lock and was removed."
            " Set `inexact: true` to keep what is not in the lock."
        )
    ] == notices(outcome)


def test_packages_of_an_earlier_job(ci: Runner, tmp_path: Path, target: Path) -> None:
    """What another job left in a shared Python is told, because nobody in this one has asked for it."""
    ci.sync(groups="lint")
    job = runner(tmp_path / "another-runner", ci.cwd).setup_python(target)

    outcome = job.sync()

    assert [
        (
            "title=packages-removed::lint-tool 1.0, installed before this step, is not in uv.lock and was removed."
            " Set `inexact: true` to keep what is not in the lock."
        )
    ] == notices(outcome)


def test_an_inexact_sync_says_what_it_keeps(ci: Runner, site_packages: Path) -> None:
    """With `inexact: true` nothing is removed, and the log names what is not in the lock, except pip."""
    install(Wheel("leftover", "3.0"), site_packages)
    install(Wheel("another-one", "2.0"), site_packages)

    outcome = ci.sync(inexact="true")

    assert "\nKept, although not in uv.lock: another-one 2.0, leftover 3.0\n" in outcome.log
    assert [] == notices(outcome)
    assert sorted([*LOCKED, "another-one", "leftover"]) == names(outcome)


def test_an_inexact_sync_with_nothing_to_keep(ci: Runner) -> None:
    """With `inexact: true` and nothing but the lock's packages, the log has nothing to name."""
    outcome = ci.sync(inexact="true")

    assert LOCKED == names(outcome)
    assert "Kept" not in outcome.log


# Shared Pythons.


def _self_hosted(ci: Runner, cache: Path) -> Runner:
    ci.environ.update(RUNNER_ENVIRONMENT="self-hosted", RUNNER_TOOL_CACHE=str(cache))
    return ci


def test_a_checkout_that_is_linked_into_a_shared_python(ci: Runner, target: Path) -> None:
    """On a self-hosted runner, a link from its tool cache to the job's checkout outlives the job, and a notice says so."""
    outcome = _self_hosted(ci, target.parents[2]).sync()

    assert [
        (
            f"title=shared-python::{target} is shared by the jobs of this runner, and sample-project is installed there as a link to"
            " this job's checkout. Set `no-editable: true`, or set `python` to a virtual environment of the job."
        )
    ] == notices(outcome)


@pytest.mark.parametrize("inputs", [{"no_editable": "true"}, {"no_install_project": "true"}], ids=lambda inputs: next(iter(inputs)))
def test_a_shared_python_without_links(ci: Runner, target: Path, inputs: dict[str, str]) -> None:
    """What is not a link to the checkout may outlive the job."""
    outcome = _self_hosted(ci, target.parents[2]).sync(**inputs)

    assert (0, []) == (outcome.returncode, notices(outcome))


def test_a_python_of_a_runner_that_is_thrown_away(ci: Runner, target: Path) -> None:
    """A runner of GitHub's ends with its job, and nothing of it is shared."""
    ci.environ.update(RUNNER_ENVIRONMENT="github-hosted", RUNNER_TOOL_CACHE=str(target.parents[2]))

    outcome = ci.sync()

    assert (0, []) == (outcome.returncode, notices(outcome))


def test_a_python_outside_of_the_tool_cache(ci: Runner, tmp_path: Path, target: Path) -> None:
    """A virtual environment of the job is not shared, even on a self-hosted runner."""
    environment = virtual_environment(target, tmp_path / "venv")

    outcome = _self_hosted(ci, target.parents[2]).sync(python=str(environment))

    assert (0, []) == (outcome.returncode, notices(outcome))


# Which Python.


def _preferring(folder: Path, target: Path, *, pin: str, preference: str, variable: str) -> Runner:
    """Return a runner in a checkout at `folder` whose settings say these things of Python."""
    project = Project(folder, settings=f'[tool.uv]\npython-preference = "{preference}"\n').write().lock()
    (folder / ".python-version").write_text(f"{pin}\n", encoding="utf-8")
    ci = runner(folder.with_name("preferring-runner"), project.folder).setup_python(target)
    ci.environ["UV_PYTHON"] = variable
    return ci


def test_settings_that_name_another_python(tmp_path: Path, target: Path, python: Python) -> None:
    """The step's Python is used whatever the checkout and earlier steps say, and one notice names all that disagree."""
    ci = _preferring(tmp_path / "preferring", target, pin="3.7", preference="only-managed", variable="3.6")

    outcome = ci.sync()

    assert [
        (
            f"title=python-chosen::Python {python.version} was used, as the step was told, although .python-version says 3.7"
            " and UV_PYTHON says 3.6 and `python-preference` prefers Pythons that uv has installed."
        )
    ] == notices(outcome)
    assert str(target) == outcome.outputs["environment"]


def test_settings_that_name_this_python(tmp_path: Path, target: Path, python: Python) -> None:
    """Settings that agree with the step need no notice."""
    ci = _preferring(tmp_path / "preferring", target, pin=python.minor, preference="system", variable=f"{target}/bin/python3")

    outcome = ci.sync()

    assert (0, []) == (outcome.returncode, notices(outcome))


# Checking.


def _without_byte_code(ci: Runner, target: Path) -> None:
    subprocess.run(["find", target, ci.cwd, "-name", "__pycache__", "-prune", "-exec", "rm", "-r", "{}", "+"], check=True)


@CAN_CHECK
@OLDEST_AND_NEWEST
def test_a_check_that_fails_changes_nothing(ci: Runner, target: Path) -> None:
    """`check: true` leaves an environment that is not as locked as it is, down to the byte code, and hands nothing on."""
    before = everything(target, ci.cwd)

    outcome = ci.sync(check="true")

    assert outcome.errors[0].startswith(
        "title=out-of-sync::`check: true`, and the environment is not what uv.lock says.\n"
        "Run the step without `check: true` to install what is missing and remove what is not in the lock.\nuv said: "
    )
    assert (1, 1, False) == (outcome.returncode, len(outcome.errors), outcome.published)
    assert before == everything(target, ci.cwd)


@CAN_CHECK
@OLDEST_AND_NEWEST
def test_a_check_that_passes_changes_nothing(ci: Runner, target: Path) -> None:
    """`check: true` leaves an environment that is as locked as it is, down to the byte code, and hands on what a sync would."""
    synced = ci.sync()
    _without_byte_code(ci, target)
    before = everything(target, ci.cwd)

    checked = ci.sync(check="true")

    assert before == everything(target, ci.cwd)
    assert LOCKED == names(checked)
    assert (synced.env, synced.paths, synced.outputs["packages"]) == (checked.env, checked.paths, checked.outputs["packages"])
    assert ("false", "[]") == (checked.outputs["changed"], checked.outputs["changes"])


@CAN_CHECK
@OLDEST_AND_NEWEST
def test_a_check_of_a_python_that_does_not_run_it(bare_ci: Runner, tmp_path: Path, target: Path) -> None:
    """`check: true` leaves no byte code in a Python that is only asked what it is, either."""
    bare_ci.setup_python(found()[-1].copy(tmp_path / "another"))
    bare_ci.sync(python=str(target))
    _without_byte_code(bare_ci, target)
    before = everything(target, bare_ci.cwd)

    outcome = bare_ci.sync(python=str(target), check="true")

    assert LOCKED == names(outcome)
    assert before == everything(target, bare_ci.cwd)


@CAN_CHECK
@pytest.mark.parametrize("synced", [pytest.param(False, id="that fails"), pytest.param(True, id="that passes")])
def test_a_check_of_a_virtual_environment(ci: Runner, tmp_path: Path, target: Path, *, synced: bool) -> None:
    """`check: true` leaves a virtual environment as it is, and the Python that it is made of."""
    environment = virtual_environment(target, tmp_path / "venv")
    # uv's own, which it makes in every environment that it looks at.
    (environment / ".lock").touch()
    if synced:
        ci.sync(python=str(environment))
    _without_byte_code(ci, target)
    before = everything(target, environment, ci.cwd)

    outcome = ci.sync(python=str(environment), check="true")

    assert (0 if synced else 1) == outcome.returncode, outcome.log
    assert before == everything(target, environment, ci.cwd)


@CAN_CHECK
def test_a_check_sees_what_the_lock_does_not_have(ci: Runner, site_packages: Path) -> None:
    """`check: true` fails for a package too many, names it, and passes with `inexact: true`."""
    ci.sync()
    install(Wheel("leftover", "3.0"), site_packages)

    exact, inexact = ci.sync(check="true"), ci.sync(check="true", inexact="true")

    assert (1, 0) == (exact.returncode, inexact.returncode), inexact.log
    assert "leftover==3.0" in exact.errors[0]
    assert (site_packages / "leftover.py").exists()


# Two at the same time.


@pytest.mark.parametrize("attempt", range(3))
def test_two_steps_that_sync_one_python_at_the_same_time(
    tmp_path: Path, project: Project, target: Path, site_packages: Path, attempt: int
) -> None:
    """Two jobs may sync the same lock into the same Python at once: both succeed, both see it whole, and it is."""
    install(Wheel("leftover", f"3.{attempt}"), site_packages)
    jobs = [runner(tmp_path / f"runner-{name}", project.folder).setup_python(target) for name in ("one", "two")]

    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(Runner.sync, jobs))

    assert [LOCKED, LOCKED] == [names(outcome) for outcome in outcomes]
    assert outcomes[0].outputs["packages"] == outcomes[1].outputs["packages"]
    for job, outcome in zip(jobs, outcomes, strict=True):
        program = "import sys, alpha, beta, gamma, sample_project; print(sys.prefix)"
        assert f"{target}\n" == job.next_step(outcome, "python", "-c", program)
    assert jobs[0].is_as_locked()


# Cancellation.


def _lives_on(pid: int) -> bool:
    """Say whether a process is there for longer than a busy machine takes to end one that was killed."""
    deadline = time.monotonic() + 2
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_running(pid)


def _wait_for(path: Path) -> int:
    """Return the number that somebody writes to `path`."""
    end = time.monotonic() + PATIENCE
    while not path.exists() or not path.read_text(encoding="utf-8").strip():
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.02)
    return int(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_step_that_is_cancelled(ci: Runner, tmp_path: Path, target: Path, project: Project, number: signal.Signals) -> None:
    """A step that the runner cancels ends uv and its builds, says so, hands nothing on, and the next run is right."""
    notes = tmp_path / "notes"
    watched_build(project, notes)
    (notes / "wait").touch()
    before_the_step(ci, target, f"echo $$ >{notes}/step")

    with ThreadPoolExecutor() as pool:
        step = pool.submit(ci.sync)
        try:
            build = _wait_for(notes / "pid")
            uv = parent(build)
            started = time.monotonic()
            os.kill(_wait_for(notes / "step"), number)
            outcome = step.result(PATIENCE)
            seconds = time.monotonic() - started
        except BaseException:
            # Nobody else would end the build, and the pool waits for the step.
            (notes / "wait").unlink()
            raise
    left = [name for name, pid in (("uv", uv), ("the build", build)) if _lives_on(pid)]
    with suppress(ProcessLookupError):
        os.kill(build, signal.SIGKILL)

    text = "The step was cancelled; uv was ended and no later step sees a result of it.\nRun the job again."
    assert [f"title=cancelled::{text}"] == outcome.errors, outcome.log
    assert (1, False, []) == (outcome.returncode, outcome.published, left)
    assert "Traceback" not in outcome.log
    assert seconds < 4
    (notes / "wait").unlink()
    assert LOCKED == names(ci.sync())
    assert ci.is_as_locked()


# What the project demands.


def _line(file: Path, text: str) -> int:
    """Return the number of the line of `file` that is `text`."""
    return file.read_text(encoding="utf-8").splitlines().index(text) + 1


@pytest.fixture
def uv_version() -> str:
    """The version of the uv that the runner has."""
    return subprocess.run([UV, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.toml"])
def test_a_project_that_rejects_this_uv(ci: Runner, project: Project, target: Path, uv_version: str, name: str) -> None:
    """A uv outside of `required-version` is an error on that line, wherever the setting is, with both versions."""
    file = project.folder / name
    setting = 'required-version = ">=99"'
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"[tool.uv]\n{setting}\n" if name == "pyproject.toml" else f"\n{setting}\n")
    before = everything(target / "lib" / "site-packages", project.folder)

    outcome = ci.sync()

    assert [
        (
            f"title=uv-unavailable,file={file},line={_line(file, setting)}::The project requires uv >=99, and this is uv {uv_version}.\n"
            "Set `uv-version` to one that the project accepts, or leave it empty and let setup-uv choose, or change `required-version`."
        )
    ] == outcome.errors
    assert (1, False, before) == (outcome.returncode, outcome.published, everything(target / "lib" / "site-packages", project.folder))


def test_a_project_that_rejects_this_platform(tmp_path: Path, target: Path, python: Python) -> None:
    """A platform outside of `environments` is an error on that line, with what the project is for."""
    setting = "environments = [\"sys_platform == 'none'\"]"
    project = Project(tmp_path / "elsewhere", settings=f"[tool.uv]\n{setting}\n").write().lock()
    ci = runner(tmp_path / "elsewhere-runner", project.folder).setup_python(target)

    outcome = ci.sync()

    assert [
        (
            f"title=python-rejected,file={project.pyproject},line={_line(project.pyproject, setting)}::"
            f"The project is locked for `sys_platform == 'none'`, and {target}/bin/python3 is Python {python.version} on linux.\n"
            "Leave this platform or version out of the matrix (`exclude:`), or widen `environments` and run `uv lock`."
        )
    ] == outcome.errors
    assert (1, False) == (outcome.returncode, outcome.published)
    assert not list(target.rglob("alpha*"))


def test_a_lock_that_rejects_this_python(ci: Runner, project: Project, target: Path, python: Python) -> None:
    """With `frozen: true` the lock's own `requires-python` decides, and is an error on its line."""
    lock = project.folder / "uv.lock"
    setting = 'requires-python = ">=3.99"'
    lock.write_text(lock.read_text(encoding="utf-8").replace('requires-python = ">=3.8"', setting), encoding="utf-8")

    outcome = ci.sync(frozen="true")

    assert [
        (
            f"title=python-rejected,file={lock},line={_line(lock, setting)}::"
            f"uv.lock requires Python >=3.99, and {target}/bin/python3 is Python {python.version}.\n"
            "Give actions/setup-python a `python-version` that the project accepts, leave this version out of the matrix (`exclude:`),"
            " or widen `requires-python` and run `uv lock`."
        )
    ] == outcome.errors
    assert (1, False) == (outcome.returncode, outcome.published)
    assert not list(target.rglob("alpha*"))

"""What users rely on: notices about surprises, checks without changes, all-or-nothing syncs, and a location for each error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
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

# Timeout for every wait, in seconds.
PATIENCE = 20


def names(outcome: Outcome) -> list[str]:
    """Return the installed packages, without pip, which every installation includes."""
    assert 0 == outcome.returncode, outcome.log
    return [package["name"] for package in json.loads(outcome.outputs["packages"]) if package["name"] != "pip"]


def refused(outcome: Outcome) -> str:
    """Return the title and location of the only error of a step that failed and set no outputs."""
    assert (1, 1, False) == (outcome.returncode, len(outcome.errors), outcome.published), outcome.log
    return outcome.errors[0].partition("::")[0].removeprefix("title=")


LOCKED = ["alpha", "beta", "gamma", "sample-project"]


def titles(outcome: Outcome) -> list[str]:
    """Return the titles of the notices of a step that succeeded."""
    assert 0 == outcome.returncode, outcome.log
    return [notice.partition("::")[0].removeprefix("title=") for notice in notices(outcome)]


@pytest.mark.parametrize(
    ("installed", "listed"),
    [
        pytest.param(["leftover"], "leftover 3.0", id="one"),
        pytest.param(["tox", "build", "nox"], "build 3.0, nox 3.0, tox 3.0", id="several"),
        pytest.param(
            [f"x{number:02}" for number in range(25)], f"{', '.join(f'x{number:02} 3.0' for number in range(20))} and 5 more", id="many"
        ),
    ],
)
def test_packages_of_an_earlier_step_are_removed_with_one_notice(
    ci: Runner, site_packages: Path, installed: list[str], listed: str
) -> None:
    for name in installed:
        install(Wheel(name, "3.0"), site_packages)

    outcome = ci.sync()

    assert (["packages-removed"], LOCKED) == (titles(outcome), names(outcome))
    assert f": {listed}." in notices(outcome)[0]
    assert "`inexact: true`" in notices(outcome)[0]
    assert len(installed) == sum(change["action"] == "removed" for change in json.loads(outcome.outputs["changes"]))


def test_packages_of_an_earlier_use_of_the_action_are_removed_with_a_notice_on_both_selections(ci: Runner) -> None:
    first = ci.sync(groups="lint", extras="docs")

    second = ci.sync()

    assert {"docs-tool", "lint-tool"} == set(names(first)) - set(names(second))
    assert ["earlier-step-undone"] == titles(second)


def test_packages_that_an_earlier_use_of_the_action_has_only_kept_are_removed_with_a_notice(ci: Runner, site_packages: Path) -> None:
    install(Wheel("leftover", "3.0"), site_packages)
    ci.sync(inexact="true")

    assert ["packages-removed"] == titles(ci.sync())


def test_packages_of_an_earlier_job_are_removed_with_a_notice(ci: Runner, tmp_path: Path, target: Path) -> None:
    ci.sync(groups="lint")
    job = runner(tmp_path / "another-runner", ci.cwd).setup_python(target)

    assert ["packages-removed"] == titles(job.sync())


@pytest.mark.parametrize(
    ("kept", "lines"),
    [([], []), (["leftover", "another-one"], ["Kept, although not in uv.lock: another-one 3.0, leftover 3.0"])],
    ids=["nothing", "two"],
)
def test_an_inexact_sync_names_in_the_log_what_it_keeps_except_pip(
    ci: Runner, site_packages: Path, kept: list[str], lines: list[str]
) -> None:
    for name in kept:
        install(Wheel(name, "3.0"), site_packages)

    outcome = ci.sync(inexact="true")

    assert (sorted([*LOCKED, *kept]), []) == (names(outcome), notices(outcome))
    assert lines == [line for line in outcome.log.splitlines() if line.startswith("Kept")]


# Shared Pythons.


@pytest.mark.parametrize(
    ("environment", "inputs", "expected"),
    [
        pytest.param("self-hosted", {}, ["shared-python"], id="link-in-the-tool-cache"),
        pytest.param("self-hosted", {"no_editable": "true"}, [], id="copy"),
        pytest.param("self-hosted", {"no_install_project": "true"}, [], id="not-installed"),
        pytest.param("self-hosted", {"python": "{venv}"}, [], id="virtual-environment-of-the-job"),
        pytest.param("github-hosted", {}, [], id="machine-of-this-job-only"),
    ],
)
def test_a_link_to_the_checkout_in_a_python_of_other_jobs_has_a_notice(
    ci: Runner, target: Path, environment: str, inputs: dict[str, str], expected: list[str]
) -> None:
    ci.environ.update(RUNNER_ENVIRONMENT=environment, RUNNER_TOOL_CACHE=str(target.parents[2]))
    venv = virtual_environment(target, ci.folder.with_name("venv"))

    outcome = ci.sync(**{name: value.format(venv=venv) for name, value in inputs.items()})

    assert expected == titles(outcome)
    assert all(str(target) in notice and ": sample-project." in notice for notice in notices(outcome))


# Choosing the Python.


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        pytest.param(("3.7", "only-managed", "3.6"), [" 3.7.", " 3.6.", "`python-preference`"], id="another"),
        pytest.param(("{minor}", "system", "{target}/bin/python3"), [], id="this-one"),
    ],
)
def test_the_python_of_the_step_is_used_and_a_notice_names_settings_for_another(
    tmp_path: Path, target: Path, python: Python, settings: tuple[str, str, str], named: list[str]
) -> None:
    pin, preference, variable = (setting.format(minor=python.minor, target=target) for setting in settings)
    project = Project(tmp_path / "preferring", settings=f'[tool.uv]\npython-preference = "{preference}"\n').write().lock()
    (project.folder / ".python-version").write_text(f"{pin}\n", encoding="utf-8")
    ci = runner(tmp_path / "preferring-runner", project.folder).setup_python(target)
    ci.environ["UV_PYTHON"] = variable

    outcome = ci.sync()

    assert ["python-chosen"] * len(named) == titles(outcome)
    assert all(name in notice for name, notice in zip(named, notices(outcome), strict=True))
    assert str(target) == outcome.outputs["environment"]


# Checks.


def remove_byte_code(ci: Runner, target: Path) -> None:
    subprocess.run(["find", target, ci.cwd, "-name", "__pycache__", "-prune", "-exec", "rm", "-r", "{}", "+"], check=True)


@CAN_CHECK
@OLDEST_AND_NEWEST
def test_a_check_that_fails_changes_nothing_not_even_byte_code(ci: Runner, target: Path) -> None:
    before = everything(target, ci.cwd)

    outcome = ci.sync(check="true")

    assert "out-of-sync" == refused(outcome)
    assert "`check: true`" in outcome.errors[0]
    assert before == everything(target, ci.cwd)


@CAN_CHECK
@OLDEST_AND_NEWEST
def test_a_check_that_passes_changes_nothing_and_hands_on_what_a_sync_does(ci: Runner, target: Path) -> None:
    synced = ci.sync()
    remove_byte_code(ci, target)
    before = everything(target, ci.cwd)

    checked = ci.sync(check="true")

    assert before == everything(target, ci.cwd)
    assert LOCKED == names(checked)
    assert (synced.env, synced.paths, synced.outputs["packages"]) == (checked.env, checked.paths, checked.outputs["packages"])
    assert ("false", "[]") == (checked.outputs["changed"], checked.outputs["changes"])


@CAN_CHECK
@OLDEST_AND_NEWEST
def test_a_check_leaves_no_byte_code_in_a_python_that_does_not_run_it(bare_ci: Runner, tmp_path: Path, target: Path) -> None:
    bare_ci.setup_python(found()[-1].copy(tmp_path / "another"))
    bare_ci.sync(python=str(target))
    remove_byte_code(bare_ci, target)
    before = everything(target, bare_ci.cwd)

    outcome = bare_ci.sync(python=str(target), check="true")

    assert LOCKED == names(outcome)
    assert before == everything(target, bare_ci.cwd)


@CAN_CHECK
@pytest.mark.parametrize("synced", [pytest.param(False, id="that fails"), pytest.param(True, id="that passes")])
def test_a_check_changes_neither_a_virtual_environment_nor_its_python(ci: Runner, tmp_path: Path, target: Path, *, synced: bool) -> None:
    environment = virtual_environment(target, tmp_path / "venv")
    # uv creates this file in every environment that it inspects.
    (environment / ".lock").touch()
    if synced:
        ci.sync(python=str(environment))
    remove_byte_code(ci, target)
    before = everything(target, environment, ci.cwd)

    outcome = ci.sync(python=str(environment), check="true")

    assert (0 if synced else 1) == outcome.returncode, outcome.log
    assert before == everything(target, environment, ci.cwd)


@CAN_CHECK
def test_a_check_fails_for_a_package_that_is_not_in_the_lock_unless_it_is_inexact(ci: Runner, site_packages: Path) -> None:
    ci.sync()
    install(Wheel("leftover", "3.0"), site_packages)

    exact, inexact = ci.sync(check="true"), ci.sync(check="true", inexact="true")

    assert (1, 0) == (exact.returncode, inexact.returncode), inexact.log
    assert "leftover==3.0" in exact.errors[0]
    assert (site_packages / "leftover.py").exists()


@pytest.mark.parametrize("attempt", range(3))
def test_two_jobs_may_sync_one_python_at_the_same_time(
    tmp_path: Path, project: Project, target: Path, site_packages: Path, attempt: int
) -> None:
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


def survives(pid: int) -> bool:
    """Return whether a process runs for longer than a busy machine needs to end a killed process."""
    deadline = time.monotonic() + 2
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_running(pid)


def number_in(path: Path) -> int:
    """Wait for a number in the file `path`, and return it."""
    end = time.monotonic() + PATIENCE
    while not path.exists() or not path.read_text(encoding="utf-8").strip():
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.02)
    return int(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_cancelled_step_stops_uv_and_its_builds_and_the_next_run_is_complete(
    ci: Runner, tmp_path: Path, target: Path, project: Project, number: signal.Signals
) -> None:
    notes = tmp_path / "notes"
    watched_build(project, notes)
    (notes / "wait").touch()
    before_the_step(ci, target, f"echo $$ >{notes}/step")

    with ThreadPoolExecutor() as pool:
        step = pool.submit(ci.sync)
        try:
            build = number_in(notes / "pid")
            uv = parent(build)
            started = time.monotonic()
            os.kill(number_in(notes / "step"), number)
            outcome = step.result(PATIENCE)
            seconds = time.monotonic() - started
        except BaseException:
            # Nothing else would end the build, and the thread pool waits for the step.
            (notes / "wait").unlink()
            raise
    left = [name for name, pid in (("uv", uv), ("the build", build)) if survives(pid)]
    with suppress(ProcessLookupError):
        os.kill(build, signal.SIGKILL)

    assert ("cancelled", []) == (refused(outcome), left)
    assert "Traceback" not in outcome.log
    assert seconds < 4
    (notes / "wait").unlink()
    assert LOCKED == names(ci.sync())
    assert ci.is_as_locked()


def _leave_a_helper(project: Project, notes: Path, sleep: str) -> None:
    """Make a build of `project` start a helper process in its own session, which inherits all open handles and writes its process ID."""
    watched_build(project, notes)
    helper = f"import os, time; open({str(notes / 'helper')!r}, 'w').write(str(os.getpid())); {sleep}"
    start = f"subprocess.Popen([sys.executable, '-c', {helper!r}], start_new_session=True, close_fds=False)"
    wait = f"while not os.path.exists({str(notes / 'helper')!r}): time.sleep(0.02)"
    backend = project.folder / "backend.py"
    first = f"import os, subprocess, sys, time\n{start}\n{wait}\n# The backend.\n"
    backend.write_text(first + backend.read_text(encoding="utf-8"), encoding="utf-8")


def _cancelled(ci: Runner, notes: Path) -> Outcome:
    """Run the step, and cancel it as soon as the build has started."""
    (notes / "wait").touch()
    with ThreadPoolExecutor() as pool:
        step = pool.submit(ci.sync)
        try:
            number_in(notes / "pid")
            os.kill(number_in(notes / "step"), signal.SIGINT)
            return step.result(PATIENCE)
        finally:
            (notes / "wait").unlink()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a process the orphans of those that it has started")
def test_a_cancelled_step_ends_what_a_build_has_started_in_a_session_of_its_own(
    ci: Runner, tmp_path: Path, target: Path, project: Project
) -> None:
    notes = tmp_path / "notes"
    _leave_a_helper(project, notes, "time.sleep(60)")
    before_the_step(ci, target, f"echo $$ >{notes}/step")

    outcome = _cancelled(ci, notes)
    helper = number_in(notes / "helper")
    is_left = survives(helper)
    with suppress(ProcessLookupError):
        os.kill(helper, signal.SIGKILL)

    assert ("cancelled", False) == (refused(outcome), is_left)


def test_a_compiler_server_that_a_build_has_left_does_not_keep_the_next_run_waiting(
    ci: Runner, tmp_path: Path, target: Path, project: Project
) -> None:
    notes = tmp_path / "notes"
    # A daemon: its parent has exited, and its output is redirected.
    devnull = "[os.dup2(os.open(os.devnull, os.O_RDWR), number) for number in (0, 1, 2)]"
    number = f"open({str(notes / 'daemon')!r}, 'w').write(str(os.getpid()))"
    _leave_a_helper(project, notes, f"os.fork() and os._exit(0); {devnull}; {number}; time.sleep(60)")
    before_the_step(ci, target, f"echo $$ >{notes}/step")

    _cancelled(ci, notes)
    daemon = number_in(notes / "daemon")
    is_left = survives(daemon)
    # The next build starts no process.
    backend = project.folder / "backend.py"
    backend.write_text(backend.read_text(encoding="utf-8").partition("# The backend.\n")[2], encoding="utf-8")
    ci.environ["UV_LOCK_TIMEOUT"] = "1"
    outcome = ci.sync()
    with suppress(ProcessLookupError):
        os.kill(daemon, signal.SIGKILL)

    assert (0, True, False) == (outcome.returncode, is_left, "Waiting for another process" in outcome.log), outcome.log


# The project's requirements.


def line_of(file: Path, text: str) -> int:
    """Return the line number of `text` in `file`."""
    return file.read_text(encoding="utf-8").splitlines().index(text) + 1


@pytest.fixture
def uv_version() -> str:
    """The version of the runner's uv."""
    return subprocess.run([UV, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.toml"])
def test_a_uv_outside_of_required_version_is_an_error_on_its_line_with_both_versions(
    ci: Runner, project: Project, target: Path, uv_version: str, name: str
) -> None:
    file = project.folder / name
    setting = 'required-version = ">=99"'
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"[tool.uv]\n{setting}\n" if name == "pyproject.toml" else f"\n{setting}\n")
    before = everything(target / "lib" / "site-packages", project.folder)

    outcome = ci.sync()

    assert f"uv-unavailable,file={file},line={line_of(file, setting)}" == refused(outcome)
    assert all(version in outcome.errors[0] for version in (">=99", uv_version))
    assert before == everything(target / "lib" / "site-packages", project.folder)


def test_a_platform_outside_of_environments_is_an_error_on_its_line(tmp_path: Path, target: Path, python: Python) -> None:
    setting = "environments = [\"sys_platform == 'none'\"]"
    project = Project(tmp_path / "elsewhere", settings=f"[tool.uv]\n{setting}\n").write().lock()
    ci = runner(tmp_path / "elsewhere-runner", project.folder).setup_python(target)

    outcome = ci.sync()

    assert f"python-rejected,file={project.pyproject},line={line_of(project.pyproject, setting)}" == refused(outcome)
    assert all(value in outcome.errors[0] for value in ("`sys_platform == 'none'`", f"{target}/bin/python3", python.version))
    assert not list(target.rglob("alpha*"))


def test_if_frozen_a_python_outside_of_requires_python_of_the_lock_is_an_error_on_its_line(
    ci: Runner, project: Project, target: Path, python: Python
) -> None:
    lock = project.folder / "uv.lock"
    setting = 'requires-python = ">=3.99"'
    lock.write_text(lock.read_text(encoding="utf-8").replace('requires-python = ">=3.8"', setting), encoding="utf-8")

    outcome = ci.sync(frozen="true")

    assert f"python-rejected,file={lock},line={line_of(lock, setting)}" == refused(outcome)
    assert all(value in outcome.errors[0] for value in (">=3.99", f"{target}/bin/python3", python.version))
    assert not list(target.rglob("alpha*"))

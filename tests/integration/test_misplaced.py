"""Environments that uv would delete, and packages that install files where only Python itself has any."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.failures import assert_failed
from tests.support.layouts import everything, virtual_environment, watched_build
from tests.support.projects import CAN_CHECK, Project
from tests.support.step import Runner
from tools.shared import wheels


def made_with(environment: Path, version: str) -> None:
    """Let `environment` be made with Python `version`, as if it were updated since."""
    file = environment / "pyvenv.cfg"
    file.write_text(re.sub("(?m)^version = .*", f"version = {version}", file.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.fixture
def environment(target: Path, tmp_path: Path) -> Path:
    """A virtual environment with something of the user's in it."""
    folder = virtual_environment(target, tmp_path / "venv")
    (folder / "kept").touch()
    # uv creates it in every environment that it looks at.
    (folder / ".lock").touch()
    return folder


@pytest.mark.parametrize("version", ["3.12.0", "3.1", "3", "3.99.0rc1"])
@pytest.mark.parametrize(
    "inputs", [{}, {"inexact": "true"}, pytest.param({"check": "true"}, marks=CAN_CHECK)], ids=["exact", "inexact", "check"]
)
def test_an_environment_whose_python_was_updated_is_an_error_and_stays_as_it_is(
    ci: Runner, environment: Path, version: str, inputs: dict[str, str]
) -> None:
    made_with(environment, version)
    before = everything(environment)

    outcome = ci.sync(python=str(environment), **inputs)

    file = str(environment / "pyvenv.cfg")
    assert_failed(outcome, "python-unsuitable", f"{file} names Python {version}", f"`python -m venv --upgrade {environment}`")
    assert before == everything(environment)


def test_an_environment_that_was_upgraded_as_the_error_says_is_synced(ci: Runner, environment: Path, target: Path) -> None:
    made_with(environment, "3.1.0")
    subprocess.run([target / "bin" / "python3", "-m", "venv", "--without-pip", "--upgrade", environment], check=True)

    outcome = ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert (environment / "kept").exists()


@pytest.mark.parametrize(
    "lines", ["version_info = {minor}.0.final.0", "version = {minor}", "version = {version}.0", "VERSION = 3.1", ""], ids=str.split
)
def test_an_environment_that_uv_keeps_is_synced(ci: Runner, environment: Path, python_version: str, lines: str) -> None:
    """Such as one that virtualenv has made, or one that does not name a version."""
    file = environment / "pyvenv.cfg"
    named = lines.format(version=python_version, minor=python_version.rpartition(".")[0])
    file.write_text(re.sub("(?m)^version = .*", named, file.read_text(encoding="utf-8")), encoding="utf-8")

    outcome = ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert (environment / "kept").exists()


@pytest.fixture
def python_version(target: Path) -> str:
    """The version of the target."""
    return target.parent.name


def lock_wheel(folder: Path, name: str, files: dict[str, str], *dependencies: str) -> Project:
    """Return a project that locks a wheel `name` with a module and `files`."""
    project = Project(folder, dependencies=(name, *dependencies)).write()
    content = {f"{name}.py": "", **{f"{name}-1.0.data/{path}": text for path, text in files.items()}}
    (project.folder / "wheels" / wheels.file_name(name, "1.0")).write_bytes(wheels.wheel(name, "1.0", content))
    return project.lock()


CONFIG = "home = /nowhere\nversion = 3.1.0\n"


@pytest.mark.parametrize("place", ["pyvenv.cfg", "bin/pyvenv.cfg"])
def test_a_wheel_that_makes_the_python_a_virtual_environment_is_named_and_the_file_taken_back(
    ci: Runner, tmp_path: Path, target: Path, place: str
) -> None:
    """The next sync would delete the Python, or a `python` without its standard library would run."""
    scheme = {"bin/pyvenv.cfg": "scripts/pyvenv.cfg"}.get(place, f"data/{place}")
    ci.cwd = lock_wheel(tmp_path / "evil", "evil", {scheme: CONFIG}).folder

    outcomes = [ci.sync(), ci.sync()]

    for outcome in outcomes:
        assert_failed(outcome, "sync-failed", f"{target / place} (evil)", "The change was undone")
        assert not (target / place).exists()


def test_a_wheel_that_replaces_the_file_of_a_virtual_environment_is_named_and_the_file_restored(
    ci: Runner, tmp_path: Path, environment: Path
) -> None:
    ci.cwd = lock_wheel(tmp_path / "evil", "evil", {"data/pyvenv.cfg": CONFIG}).folder
    before = (environment / "pyvenv.cfg").read_bytes()

    outcome = ci.sync(python=str(environment))

    assert_failed(outcome, "sync-failed", f"{environment / 'pyvenv.cfg'} (evil)")
    assert before == (environment / "pyvenv.cfg").read_bytes()


def test_the_file_is_restored_too_if_a_build_changes_it(ci: Runner, tmp_path: Path, project: Project, environment: Path) -> None:
    watched_build(project, tmp_path / "notes")
    backend = project.folder / "backend.py"
    backend.write_text(f"open({str(environment / 'pyvenv.cfg')!r}, 'w').close()\n{backend.read_text(encoding='utf-8')}", encoding="utf-8")
    before = (environment / "pyvenv.cfg").read_bytes()

    outcome = ci.sync(python=str(environment))

    assert_failed(outcome, "sync-failed", f"{environment / 'pyvenv.cfg'} (no RECORD names it)")
    assert before == (environment / "pyvenv.cfg").read_bytes()


@pytest.mark.parametrize(
    "row",
    [
        *("../../../bin/python3", "../os.py", "../../../lib64/{python}/os.py", "../../../lib64/{python}/site-packages/alpha.py"),
        *("../../../bin/{python}", "alpha-1.0.dist-info/METADATA"),
    ],
)
def test_the_repair_of_a_package_with_a_record_of_its_own_making_removes_nothing_else(
    ci: Runner, tmp_path: Path, target: Path, row: str
) -> None:
    site_packages = next(target.glob("lib/python3*/site-packages"))
    (target / "lib64").symlink_to("lib")
    row = row.format(python=site_packages.parent.name)
    ghost = {"purelib/ghost-1.0.dist-info/RECORD": f"{row},,\n"}
    ci.cwd = lock_wheel(tmp_path / "evil", "evil", ghost, "alpha<2").folder
    precious = site_packages / row

    outcomes = [ci.sync(), ci.sync()]

    assert precious.exists(), outcomes[0].log
    assert (
        "alpha 1.0\n"
        == subprocess.run(
            [target / "bin" / "python3", "-c", "import alpha; alpha.main()"], capture_output=True, text=True, check=True
        ).stdout
    )

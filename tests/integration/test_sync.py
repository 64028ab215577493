"""One step, real uv, and real installations of every CPython on the machine."""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.support.projects import Project, Wheel
from tests.support.step import Outcome, Runner, runner
from tools.shared import ROOT
from tools.shared.pythons import Python, found

EVERY_PYTHON = pytest.mark.parametrize("python", found(), ids=lambda python: python.minor)


def names(outcome: Outcome) -> list[str]:
    """Return the names in the output `packages`, less pip, which every installation comes with."""
    return [package["name"] for package in json.loads(outcome.outputs["packages"]) if package["name"] != "pip"]


@EVERY_PYTHON
def test_later_steps_import_and_call_what_is_locked(ci: Runner, target: Path, python: Python) -> None:
    """After the step, `python` is the target and has the locked packages, and their scripts are on PATH."""
    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    program = "import sys, alpha, beta, gamma, sample_project; print(sys.prefix, sys.version.split()[0], alpha.__version__)"
    assert f"{target} {python.version} 1.0\n" == ci.next_step(outcome, "python", "-c", program)
    assert "alpha 1.0\n" == ci.next_step(outcome, "alpha")


@EVERY_PYTHON
def test_outputs_tell_what_was_done(ci: Runner, target: Path, python: Python, project: Project) -> None:
    """The outputs name the Python, the packages and the changes, exactly and sorted."""
    outcome = ci.sync()

    assert python.version == outcome.outputs["python-version"]
    assert f"{target}/bin/python3" == outcome.outputs["python-path"]
    assert str(target) == outcome.outputs["environment"]
    packages = json.loads(outcome.outputs["packages"])
    assert {"name": "alpha", "version": "1.0"} == packages[0]
    assert {"name": "sample-project", "version": "0.1", "url": project.folder.as_uri(), "editable": True} == packages[-1]
    assert outcome.outputs["package-count"] == str(len(packages))
    changes = json.loads(outcome.outputs["changes"])
    assert ["alpha", "beta", "gamma", "sample-project"] == [change["name"] for change in changes]
    assert {"name": "alpha", "action": "installed", "version": "1.0", "previous": None} == changes[0]
    assert "true" == outcome.outputs["changed"]


def test_later_steps_get_these_variables_and_no_other(ci: Runner, target: Path) -> None:
    """GITHUB_ENV and GITHUB_PATH get what a later `python`, `uv run` and `uv pip` need, and nothing else."""
    outcome = ci.sync()

    assert {
        "UV_PROJECT_ENVIRONMENT": str(target),
        "UV_PYTHON": f"{target}/bin/python3",
        "UV_PYTHON_PREFERENCE": "system",
    } == outcome.env
    assert [f"{target}/bin"] == outcome.paths


def test_a_later_uv_run_means_the_target(tmp_path: Path, target: Path) -> None:
    """A later `uv run` uses the target, even in a project that prefers managed Pythons and pins another version."""
    project = Project(tmp_path / "pinned", settings='[tool.uv]\npython-preference = "only-managed"\n').write().lock()
    (project.folder / ".python-version").write_text("3.7\n", encoding="utf-8")
    ci = runner(tmp_path / "pinned-runner", project.folder).setup_python(target)
    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert f"{target}\n" == ci.next_step(outcome, "uv", "run", "--offline", "python", "-c", "import sys; print(sys.prefix)")


def test_nothing_of_ours_is_in_the_target(ci: Runner, target: Path) -> None:
    """The action's own dependencies are in the runner's temporary folder, not in the target."""
    outcome = ci.sync()

    assert ["alpha", "beta", "gamma", "sample-project"] == names(outcome)
    assert [] == list(target.rglob("actions_toolkit*"))
    assert [] != list((ci.folder / "temp").rglob("actions_toolkit*"))


def test_a_second_step_has_nothing_to_do(ci: Runner) -> None:
    """When everything is there already, the step says so and changes nothing."""
    ci.sync()

    outcome = ci.sync()

    assert ("false", "[]") == (outcome.outputs["changed"], outcome.outputs["changes"])
    assert "5 packages: nothing changed in " in outcome.log


def test_the_report_has_all_of_it(ci: Runner, target: Path, python: Python, project: Project) -> None:
    """The file that the output `report` names holds what the outputs hold, as JSON."""
    outcome = ci.sync()

    report: dict[str, Any] = json.loads(Path(outcome.outputs["report"]).read_text(encoding="utf-8"))
    assert 1 == report["schema"]
    assert {
        "version": python.version,
        "implementation": "cpython",
        "platform": sysconfig.get_platform(),
        "executable": f"{target}/bin/python3",
        "environment": str(target),
    } == report["python"]
    assert {"name": "sample-project", "directory": str(project.folder)} == report["project"]
    assert json.loads(outcome.outputs["packages"]) == report["packages"]
    assert json.loads(outcome.outputs["changes"]) == report["changes"]
    assert outcome.outputs["uv-version"] == report["uv"]


def test_spaces_and_unicode_are_in_every_path(tmp_path: Path, python: Python) -> None:
    """Paths of the target, the project, the runner and the action may hold spaces, quotes and letters of any script."""
    folder = tmp_path / "Łódź's 東京 $HOME `x`"
    target = python.copy(folder / "Python 3")
    ci = runner(folder / "runner", folder).setup_python(target)
    Project(folder / "my project").write().lock()
    for name in ("src", "requirements"):
        shutil.copytree(ROOT / name, folder / "my action" / name)
    ci.environ["GITHUB_ACTION_PATH"] = str(folder / "my action")

    outcome = ci.sync(working_directory="my project")

    assert 0 == outcome.returncode, outcome.log
    assert "alpha 1.0\n" == ci.next_step(outcome, "python", "-c", "import alpha; alpha.main()")


@pytest.mark.parametrize("name", ["bin/python", "bin/python3", "."])
def test_the_python_may_be_named(bare_ci: Runner, target: Path, name: str) -> None:
    """`python` takes an interpreter or a prefix, without setup-python's variables."""
    bare_ci.search_path = f"{target}/bin:{bare_ci.search_path}"

    outcome = bare_ci.sync(python=str(target / name))

    assert 0 == outcome.returncode, outcome.log
    assert str(target) == outcome.outputs["environment"]


def test_a_named_python_wins_over_the_one_that_runs_the_action(bare_ci: Runner, target: Path, tmp_path: Path) -> None:
    """`python` may be another Python than the one on PATH, and is the one on PATH in the next step."""
    other = found()[0].copy(tmp_path / "other")
    bare_ci.setup_python(other)

    outcome = bare_ci.sync(python=str(target))

    assert 0 == outcome.returncode, outcome.log
    assert f"{target}\n" == bare_ci.next_step(outcome, "python", "-c", "import sys, alpha; print(sys.prefix)")
    assert [] == list(other.rglob("alpha*"))


def test_an_existing_virtual_environment_is_a_python_too(bare_ci: Runner, tmp_path: Path) -> None:
    """`python` takes a virtual environment, later steps get VIRTUAL_ENV, and the Python that it is made of stays as it was."""
    environment = tmp_path / "venv"
    venv.create(environment, symlinks=True)
    bare_ci.search_path = f"{environment}/bin:{bare_ci.search_path}"

    outcome = bare_ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert str(environment) == outcome.env["VIRTUAL_ENV"]
    assert ["alpha", "beta", "gamma", "sample-project"] == names(outcome)
    assert f"{environment}\n" == bare_ci.next_step(outcome, "python", "-c", "import sys, alpha; print(sys.prefix)")
    assert [] == list(Path(sys.base_prefix).glob("lib/python*/site-packages/alpha*"))


def test_a_linked_prefix_is_followed(ci: Runner, target: Path, tmp_path: Path) -> None:
    """A prefix that is a symbolic link, as tool caches are mounted, works and keeps its name."""
    link = tmp_path / "link"
    link.symlink_to(target)
    ci.setup_python(link)

    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert str(link) == outcome.outputs["environment"]


def test_what_is_not_locked_is_removed(ci: Runner, target: Path, python: Python) -> None:
    """An exact sync removes what the lock does not have, keeps pip, and says what it removed."""
    _install(Wheel("leftover", "3.0"), target, python)

    outcome = ci.sync()

    changes = json.loads(outcome.outputs["changes"])
    assert {"name": "leftover", "action": "removed", "version": None, "previous": "3.0"} in changes
    assert "4 installed, 1 removed" in outcome.log
    assert "pip" in outcome.outputs["packages"]


def test_inexact_keeps_what_is_not_locked(ci: Runner, target: Path, python: Python) -> None:
    """`inexact: true` leaves alone what the lock does not have."""
    _install(Wheel("leftover", "3.0"), target, python)

    outcome = ci.sync(inexact="true")

    assert "leftover" in names(outcome)
    assert "removed" not in outcome.outputs["changes"]


def test_another_version_is_an_update(ci: Runner, project: Project) -> None:
    """A package whose locked version changed is `updated`, with both versions, and so is the project, which is built anew."""
    ci.sync()
    Project(project.folder, dependencies=("alpha>=2",)).write().lock()

    outcome = ci.sync()

    assert [
        {"name": "alpha", "action": "updated", "version": "2.0", "previous": "1.0"},
        {"name": "sample-project", "action": "updated", "version": "0.1", "previous": "0.1"},
    ] == json.loads(outcome.outputs["changes"])
    assert "5 packages: 2 updated in " in outcome.log


def _install(wheel: Wheel, target: Path, python: Python) -> None:
    import zipfile

    with zipfile.ZipFile(wheel.write(target)) as archive:
        archive.extractall(target / "lib" / f"python{python.minor}" / "site-packages")

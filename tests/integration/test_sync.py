"""A single step with the real uv and installations of every CPython on the machine."""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.support.layouts import install
from tests.support.projects import Project, Wheel
from tests.support.step import Outcome, Runner, runner
from tools.shared import ROOT
from tools.shared.pythons import Python, found

EVERY_PYTHON = pytest.mark.parametrize("python", found(), ids=lambda python: python.minor)


def names(outcome: Outcome) -> list[str]:
    """Return the names in the output `packages`, except pip, which every installation includes."""
    return [package["name"] for package in json.loads(outcome.outputs["packages"]) if package["name"] != "pip"]


@EVERY_PYTHON
def test_later_steps_import_the_locked_packages_and_call_their_scripts(ci: Runner, target: Path, python: Python) -> None:
    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    program = "import sys, alpha, beta, gamma, sample_project; print(sys.prefix, sys.version.split()[0], alpha.__version__)"
    assert f"{target} {python.version} 1.0\n" == ci.next_step(outcome, "python", "-c", program)
    assert "alpha 1.0\n" == ci.next_step(outcome, "alpha")


@EVERY_PYTHON
def test_the_outputs_are_the_python_the_packages_and_the_changes(ci: Runner, target: Path, python: Python, project: Project) -> None:
    """The lists are sorted by name."""
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


def test_later_steps_get_these_variables_and_no_others(ci: Runner, target: Path) -> None:
    """They affect `python`, `uv run` and `uv pip`."""
    outcome = ci.sync()

    assert {
        "UV_PROJECT_ENVIRONMENT": str(target),
        "UV_PYTHON": f"{target}/bin/python3",
        "UV_PYTHON_PREFERENCE": "system",
        "UV_NO_SYNC": "1",
    } == outcome.env
    assert [f"{target}/bin"] == outcome.paths


def test_a_later_uv_run_uses_the_target(tmp_path: Path, target: Path) -> None:
    """The project prefers managed Pythons and is pinned to another version."""
    project = Project(tmp_path / "pinned", settings='[tool.uv]\npython-preference = "only-managed"\n').write().lock()
    (project.folder / ".python-version").write_text("3.7\n", encoding="utf-8")
    ci = runner(tmp_path / "pinned-runner", project.folder).setup_python(target)
    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert f"{target}\n" == ci.next_step(outcome, "uv", "run", "--offline", "python", "-c", "import sys; print(sys.prefix)")


def test_our_own_dependencies_are_not_in_the_target(ci: Runner, target: Path) -> None:
    """They are in the runner's temporary folder."""
    outcome = ci.sync()

    assert ["alpha", "beta", "gamma", "sample-project"] == names(outcome)
    assert [] == list(target.rglob("actions_toolkit*"))
    assert [] != list((ci.folder / "temp").rglob("actions_toolkit*"))


def test_a_second_sync_changes_nothing(ci: Runner) -> None:
    ci.sync()

    outcome = ci.sync()

    assert ("false", "[]") == (outcome.outputs["changed"], outcome.outputs["changes"])
    assert "5 packages: nothing changed in " in outcome.log


def test_the_report_has_what_the_outputs_have(ci: Runner, target: Path, python: Python, project: Project) -> None:
    outcome = ci.sync()

    report: dict[str, Any] = json.loads(Path(outcome.outputs["report"]).read_text(encoding="utf-8"))
    assert 1 == report["schema"]
    assert {
        "version": python.version,
        "free_threaded": python.free_threaded,
        "implementation": python.implementation,
        "platform": sysconfig.get_platform(),
        "executable": f"{target}/bin/python3",
        "environment": str(target),
    } == report["python"]
    assert {"name": "sample-project", "directory": str(project.folder)} == report["project"]
    assert json.loads(outcome.outputs["packages"]) == report["packages"]
    assert json.loads(outcome.outputs["changes"]) == report["changes"]
    assert outcome.outputs["uv-version"] == report["uv"]


def test_every_path_may_have_spaces_quotes_and_unicode(tmp_path: Path, python: Python) -> None:
    """The paths are those of the target, the project, the runner and the action."""
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
def test_a_python_is_named_by_its_interpreter_or_its_prefix(bare_ci: Runner, target: Path, name: str) -> None:
    """The variables of setup-python are not set."""
    bare_ci.search_path = f"{target}/bin:{bare_ci.search_path}"

    outcome = bare_ci.sync(python=str(target / name))

    assert 0 == outcome.returncode, outcome.log
    assert str(target) == outcome.outputs["environment"]


def test_a_named_python_is_used_instead_of_the_one_that_runs_the_action(bare_ci: Runner, target: Path, tmp_path: Path) -> None:
    """The named Python comes first on PATH in the next step."""
    other = found()[0].copy(tmp_path / "other")
    bare_ci.setup_python(other)

    outcome = bare_ci.sync(python=str(target))

    assert 0 == outcome.returncode, outcome.log
    assert f"{target}\n" == bare_ci.next_step(outcome, "python", "-c", "import sys, alpha; print(sys.prefix)")
    assert [] == list(other.rglob("alpha*"))


def test_a_virtual_environment_is_activated_and_its_base_is_not_changed(bare_ci: Runner, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, symlinks=True)
    bare_ci.search_path = f"{environment}/bin:{bare_ci.search_path}"

    outcome = bare_ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert str(environment) == outcome.env["VIRTUAL_ENV"]
    assert ["alpha", "beta", "gamma", "sample-project"] == names(outcome)
    assert f"{environment}\n" == bare_ci.next_step(outcome, "python", "-c", "import sys, alpha; print(sys.prefix)")
    assert [] == list(Path(sys.base_prefix).glob("lib/python*/site-packages/alpha*"))


def test_a_prefix_that_is_a_link_keeps_its_name(ci: Runner, target: Path, tmp_path: Path) -> None:
    """Tool caches are often mounted through such links."""
    link = tmp_path / "link"
    link.symlink_to(target)
    ci.setup_python(link)

    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert str(link) == outcome.outputs["environment"]


def test_what_is_not_locked_is_removed_except_pip(ci: Runner, site_packages: Path) -> None:
    install(Wheel("leftover", "3.0"), site_packages)

    outcome = ci.sync()

    changes = json.loads(outcome.outputs["changes"])
    assert {"name": "leftover", "action": "removed", "version": None, "previous": "3.0"} in changes
    assert "4 installed, 1 removed" in outcome.log
    assert "pip" in outcome.outputs["packages"]


def test_an_inexact_sync_keeps_what_is_not_locked(ci: Runner, site_packages: Path) -> None:
    install(Wheel("leftover", "3.0"), site_packages)

    outcome = ci.sync(inexact="true")

    assert "leftover" in names(outcome)
    assert "removed" not in outcome.outputs["changes"]


def test_a_new_version_and_a_project_that_was_built_again_are_updates(ci: Runner, project: Project) -> None:
    ci.sync()
    Project(project.folder, dependencies=("alpha>=2",)).write().lock()

    outcome = ci.sync()

    assert [
        {"name": "alpha", "action": "updated", "version": "2.0", "previous": "1.0"},
        {"name": "sample-project", "action": "updated", "version": "0.1", "previous": "0.1"},
    ] == json.loads(outcome.outputs["changes"])
    assert "5 packages: 2 updated in " in outcome.log

"""The inputs select what is installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.projects import CAN_CHECK, Project, since
from tests.support.step import Outcome, Runner, runner


def installed(outcome: Outcome) -> set[str]:
    """Return the names of the installed packages, except pip, which is in every installation."""
    assert 0 == outcome.returncode, outcome.log
    return {package["name"] for package in json.loads(outcome.outputs["packages"])} - {"pip"}


BASE = {"sample-project", "alpha", "beta"}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({}, BASE | {"gamma"}, id="default"),
        pytest.param({"extras": "docs"}, BASE | {"gamma", "docs-tool"}, id="an extra"),
        pytest.param({"extras": "DOCS"}, BASE | {"gamma", "docs-tool"}, id="an extra in another spelling"),
        pytest.param({"groups": "lint"}, BASE | {"gamma", "lint-tool"}, id="a group"),
        pytest.param({"groups": "dev,\nlint"}, BASE | {"gamma", "lint-tool"}, id="groups on several lines"),
        pytest.param({"all_extras": "true"}, BASE | {"gamma", "docs-tool"}, id="all extras"),
        pytest.param({"all_groups": "true"}, BASE | {"gamma", "lint-tool"}, id="all groups"),
        pytest.param({"no_dev": "true"}, BASE, id="no dev"),
        pytest.param({"no_install_project": "true"}, {"alpha", "beta", "gamma"}, id="no project"),
        pytest.param({"packages": "sample-project", "no_dev": "true"}, BASE, id="the project by name"),
        pytest.param({"args": "--no-install-package beta"}, BASE - {"beta"} | {"gamma"}, id="an argument of uv"),
    ],
)
def test_each_input_selects_as_the_option_of_uv_does(ci: Runner, inputs: dict[str, str], expected: set[str]) -> None:
    assert expected == installed(ci.sync(**inputs))


def test_the_project_is_a_link_or_with_no_editable_a_copy(ci: Runner) -> None:
    project = json.loads(ci.sync().outputs["packages"])[-1]
    copied = json.loads(ci.sync(no_editable="true").outputs["packages"])[-1]

    assert (True, False) == (project["editable"], copied["editable"])


def test_an_outdated_lock_is_installed_with_frozen(ci: Runner, project: Project) -> None:
    Project(project.folder, dependencies=("alpha<2", "lint-tool")).write()

    assert BASE | {"gamma"} == installed(ci.sync(frozen="true"))


@CAN_CHECK
def test_a_check_changes_nothing_and_fails_with_the_differences(ci: Runner, target: Path) -> None:
    before = ci.sync(check="true")
    assert [] == list(target.rglob("alpha*"))
    ci.sync()
    after = ci.sync(check="true")

    assert 1 == before.returncode
    assert before.errors[0].startswith("title=out-of-sync::")
    assert " + alpha==1.0" in before.errors[0]
    assert not before.published
    assert 0 == after.returncode
    assert "false" == after.outputs["changed"]


def test_no_shell_reads_the_arguments(ci: Runner, tmp_path: Path) -> None:
    outcome = ci.sync(args=f"--no-install-package 'be''ta' --no-install-package \"$(touch {tmp_path}/ran);`touch {tmp_path}/ran`\"")

    assert 1 == outcome.returncode
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A locked workspace of a root project and two members."""
    settings = '\n[tool.uv.workspace]\nmembers = ["members/*"]\nexclude = ["members/not-this"]\n'
    root = Project(tmp_path / "workspace", settings=settings).write()
    for name, dependency in (("one", "gamma"), ("two", "lint-tool")):
        Project(root.folder / "members" / name, name, (dependency,), extras={f"{name}-extra": ["docs-tool"]}, groups={}).write()
        pyproject = root.folder / "members" / name / "pyproject.toml"
        pyproject.write_text(pyproject.read_text().partition("[[tool.uv.index]]")[0])
    root.lock()
    return root.folder


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({"packages": "one"}, {"one", "gamma"}, id="one member"),
        pytest.param(
            {"packages": "one two"},
            {"one", "two", "gamma", "lint-tool"},
            id="two members",
            marks=since("0.9.8", "more than one `--package`"),
        ),
        pytest.param({"packages": "two", "extras": "two-extra"}, {"two", "lint-tool", "docs-tool"}, id="a member with its extra"),
        pytest.param({"all_packages": "true", "no_dev": "true"}, BASE | {"one", "two", "gamma", "lint-tool"}, id="all members"),
        pytest.param({"working_directory": "members/two"}, {"two", "lint-tool"}, id="the folder of a member"),
    ],
)
def test_members_of_a_workspace_are_selected_by_name_or_folder(
    workspace: Path, tmp_path: Path, target: Path, inputs: dict[str, str], expected: set[str]
) -> None:
    """The lock is at the root of the workspace."""
    ci = runner(tmp_path / "workspace-runner", workspace).setup_python(target)

    assert expected == installed(ci.sync(**inputs))

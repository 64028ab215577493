"""What the inputs select is what uv installs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.projects import CAN_CHECK, Project, since
from tests.support.step import Outcome, Runner, runner


def installed(outcome: Outcome) -> set[str]:
    """Return the names of what is installed, less pip, which every installation comes with."""
    assert 0 == outcome.returncode, outcome.log
    return {package["name"] for package in json.loads(outcome.outputs["packages"])} - {"pip"}


BASE = {"sample-project", "alpha", "beta"}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({}, BASE | {"gamma"}, id="nothing selected"),
        pytest.param({"extras": "docs"}, BASE | {"gamma", "docs-tool"}, id="an extra"),
        pytest.param({"extras": "DOCS"}, BASE | {"gamma", "docs-tool"}, id="an extra in other letters"),
        pytest.param({"groups": "lint"}, BASE | {"gamma", "lint-tool"}, id="a group"),
        pytest.param({"groups": "dev,\nlint"}, BASE | {"gamma", "lint-tool"}, id="groups over lines"),
        pytest.param({"all_extras": "true"}, BASE | {"gamma", "docs-tool"}, id="all extras"),
        pytest.param({"all_groups": "true"}, BASE | {"gamma", "lint-tool"}, id="all groups"),
        pytest.param({"no_dev": "true"}, BASE, id="no dev"),
        pytest.param({"no_install_project": "true"}, {"alpha", "beta", "gamma"}, id="no project"),
        pytest.param({"packages": "sample-project", "no_dev": "true"}, BASE, id="the package itself"),
        pytest.param({"args": "--no-install-package beta"}, BASE - {"beta"} | {"gamma"}, id="an argument of uv's"),
    ],
)
def test_the_inputs_select(ci: Runner, inputs: dict[str, str], expected: set[str]) -> None:
    """Each selecting input does what uv's flag of its name does."""
    assert expected == installed(ci.sync(**inputs))


def test_the_project_is_a_link_unless_asked_otherwise(ci: Runner) -> None:
    """With `no-editable: true`, the project is a copy of the checkout instead of a link to it."""
    project = json.loads(ci.sync().outputs["packages"])[-1]
    copied = json.loads(ci.sync(no_editable="true").outputs["packages"])[-1]

    assert (True, False) == (project["editable"], copied["editable"])


def test_frozen_takes_the_lock_as_it_is(ci: Runner, project: Project) -> None:
    """With `frozen: true`, a lock that pyproject.toml has moved on from is installed nevertheless."""
    Project(project.folder, dependencies=("alpha<2", "lint-tool")).write()

    assert BASE | {"gamma"} == installed(ci.sync(frozen="true"))


@CAN_CHECK
def test_check_changes_nothing_and_fails_on_a_difference(ci: Runner, target: Path) -> None:
    """`check: true` installs nothing, names the difference, and passes once there is none."""
    before = ci.sync(check="true")
    assert [] == list(target.rglob("alpha*"))
    ci.sync()
    after = ci.sync(check="true")

    assert 1 == before.returncode
    assert before.errors[0].startswith("title=out-of-sync::`check: true`, and the environment is not what uv.lock says.")
    assert " + alpha==1.0" in before.errors[0]
    assert not before.published
    assert 0 == after.returncode
    assert "false" == after.outputs["changed"]


def test_arguments_are_split_and_never_run(ci: Runner, tmp_path: Path) -> None:
    """`args` is split like a shell would, but no shell looks at it."""
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
def test_members_of_a_workspace(workspace: Path, tmp_path: Path, target: Path, inputs: dict[str, str], expected: set[str]) -> None:
    """In a workspace, `packages` and `working-directory` select members, with the lock at its root."""
    ci = runner(tmp_path / "workspace-runner", workspace).setup_python(target)

    assert expected == installed(ci.sync(**inputs))

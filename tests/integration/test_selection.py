"""The inputs select what is installed."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.layouts import install
from tests.support.projects import CAN_CHECK, Project, Wheel, since
from tests.support.step import Outcome, Runner, runner


def installed(outcome: Outcome) -> set[str]:
    """Return the names of the installed packages, except pip, which every installation includes."""
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
        pytest.param({"only_groups": "lint"}, {"lint-tool"}, id="only a group"),
        pytest.param({"only_groups": "Lint, dev"}, {"lint-tool", "gamma"}, id="only two groups"),
        pytest.param({"only_groups": "lint", "no_dev": "true"}, {"lint-tool"}, id="only a group, and no dev"),
        pytest.param({"only_groups": "lint", "no_install_project": "true"}, {"lint-tool"}, id="only a group, and no project"),
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


@pytest.mark.parametrize(
    ("inputs", "shown"),
    [
        ({"extras": "docs"}, "`extras: docs`"),
        ({"all_extras": "true"}, "`all-extras: true`"),
        ({"groups": "dev"}, "`groups: dev`"),
        ({"all_groups": "true"}, "`all-groups: true`"),
    ],
)
def test_only_groups_contradict_what_adds_to_them(ci: Runner, inputs: dict[str, str], shown: str) -> None:
    (error,) = ci.sync(only_groups="lint", **inputs).errors

    assert [] == [text for text in ("title=invalid-input::", "`only-groups: lint`", shown) if text not in error]


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


# Several steps in one job.


def _notices(outcome: Outcome) -> list[tuple[str, str]]:
    """Return the title and text of each notice."""
    assert 0 == outcome.returncode, outcome.log
    return re.findall(r"^::notice title=([\w-]+)[^:]*::(.*)$", outcome.log, re.MULTILINE)


def test_a_step_that_removes_what_an_earlier_one_has_installed_names_both_selections(ci: Runner) -> None:
    first, second = ci.sync(extras="docs"), ci.sync(groups="lint")
    ((title, text),) = _notices(second)

    assert [] == _notices(first)
    assert "earlier-step-undone" == title
    assert [] == [part for part in ("groups lint", "extras docs", "docs-tool 1.0", "`inexact: true`") if part not in text]


def test_steps_that_keep_what_others_have_installed_have_no_notice(ci: Runner) -> None:
    steps = ({"extras": "docs"}, {"groups": "lint", "inexact": "true"}, {"extras": "docs", "groups": "lint"})

    assert [[]] * 3 == [_notices(ci.sync(**inputs)) for inputs in steps]


def test_what_a_command_has_removed_between_two_steps_is_named(ci: Runner) -> None:
    outcome = ci.sync(groups="lint")
    ci.next_step(outcome, "uv", "sync", "--offline", "--locked")
    ((title, text),) = _notices(ci.sync(groups="lint"))

    assert ("changed-between-steps", True) == (title, "lint-tool 1.0 (removed)" in text), text


# Later uv commands.


_SELECTIONS = [
    pytest.param({}, "docs-tool", id="default"),
    pytest.param({"no_dev": "true"}, "gamma", id="no dev"),
    pytest.param({"groups": "lint"}, "docs-tool", id="a group"),
    pytest.param({"only_groups": "lint"}, "gamma", id="only a group"),
    pytest.param({"packages": "one"}, "docs-tool", id="a member"),
    pytest.param({"all_packages": "true"}, "docs-tool", id="all members"),
    pytest.param({"inexact": "true"}, "docs-tool", id="inexact"),
    pytest.param({"extras": "docs"}, "lint-tool", id="an extra"),
    pytest.param({"no_install_project": "true"}, "docs-tool", id="no project"),
    pytest.param({"no_editable": "true"}, "docs-tool", id="no links"),
]

_PREFIX = ("python", "-c", "import sys; print(sys.prefix)")
_BASE_PREFIX = ("python", "-c", "import sys; print(sys.base_prefix)")


@pytest.mark.parametrize(("inputs", "other"), _SELECTIONS)
def test_later_commands_of_uv_use_the_python_as_it_is(
    ci: Runner, workspace: Path, listing: Callable[[Path], object], inputs: dict[str, str], other: str
) -> None:
    """The selection makes no difference: without UV_NO_SYNC, `uv run` first syncs the default selection."""
    ci.cwd, target = workspace, Path(ci.environ["pythonLocation"])
    if "inexact" in inputs:
        install(Wheel("leftover", "3.0"), next(target.glob("lib/python*/site-packages")))
    outcome = ci.sync(**inputs)
    assert 0 == outcome.returncode, outcome.log
    before = listing(target)
    module = other.replace("-", "_")
    # A project's settings do not apply to tools.
    tool = ("uv", "tool", "run", "--offline", "--default-index", str(workspace / "wheels"))

    listed = json.loads(ci.next_step(outcome, "uv", "pip", "list", "--format", "json"))
    assert [package["name"] for package in listed] == [package["name"] for package in json.loads(outcome.outputs["packages"])]
    assert f"{target}\n" == ci.next_step(outcome, "uv", "run", "--offline", *_PREFIX)
    assert f"{target}\n" == ci.next_step(outcome, "uv", "run", "--offline", "--locked", *_PREFIX)
    added = f"import {module}, sys; print({module}.__version__, sys.base_prefix)"
    assert f"1.0 {target}\n" == ci.next_step(outcome, "uv", "run", "--offline", "--with", other, "python", "-c", added)
    assert f"{target}\n" == ci.next_step(outcome, *tool, "--from", other, *_BASE_PREFIX)
    assert before == listing(target)


def test_a_user_who_wants_uv_run_to_sync_sets_its_variable_to_0(ci: Runner) -> None:
    """There is no uv option for this, and uv rejects an empty variable."""
    outcome = ci.sync(only_groups="lint")
    imported = ("uv", "run", "--offline", "python", "-c", "import alpha, gamma")

    assert 1 == _status(ci, outcome, *imported)
    assert 0 == _status(ci, outcome, *imported, UV_NO_SYNC="0")
    assert 2 == _status(ci, outcome, *imported, UV_NO_SYNC="")


def test_uv_sync_is_not_changed_by_the_variable(ci: Runner) -> None:
    outcome = ci.sync(only_groups="lint")
    ci.next_step(outcome, "uv", "sync", "--offline", "--locked")

    assert 0 == _status(ci, outcome, "python", "-c", "import alpha, gamma")
    assert 1 == _status(ci, outcome, "python", "-c", "import lint_tool")


def test_a_frozen_edit_of_the_project_fails_with_the_variable(ci: Runner) -> None:
    """The variable conflicts with `--frozen` in `uv add`, `uv remove` and `uv version`, which then do not sync anyway."""
    outcome = ci.sync()
    edit = ("uv", "remove", "--offline", "--frozen", "--group", "lint", "lint-tool")
    without = {name: value for name, value in outcome.env.items() if name != "UV_NO_SYNC"}

    assert (2, 0) == (_status(ci, outcome, *edit), _status(ci, replace(outcome, env=without), *edit))


def _status(ci: Runner, outcome: Outcome, *command: str, **variables: str) -> int:
    """Return the exit status of `command` in the next step, with additional `variables`."""
    try:
        ci.next_step(replace(outcome, env={**outcome.env, **variables}), *command)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0

"""What goes wrong with a plain `UV_PROJECT_ENVIRONMENT="$pythonLocation" uv sync --locked`, but not with the action."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.failures import assert_failed
from tests.support.projects import Project, since
from tests.support.step import Runner, runner
from tools.shared.pythons import found
from tools.shared.uv import UV


def plain_uv(ci: Runner, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the plain sync in the runner's current folder."""
    environ = {"HOME": os.environ["HOME"], "PATH": ci.search_path, "UV_PYTHON_DOWNLOADS": "never", **ci.environ}
    environ = {**environ, "UV_PROJECT_ENVIRONMENT": ci.environ.get("pythonLocation", ""), **variables}
    return subprocess.run([UV, "sync", "--locked", "--offline"], cwd=ci.cwd, env=environ, capture_output=True, text=True, check=False)


def test_without_pythonlocation_no_environment_is_made(bare_ci: Runner, project: Project, target: Path) -> None:
    """Plain uv creates a .venv and succeeds."""
    bare_ci.search_path = f"{target}/bin:{bare_ci.search_path}"

    plain = plain_uv(bare_ci)
    made = (project.folder / ".venv").is_dir()
    outcome = bare_ci.sync()

    assert (0, True) == (plain.returncode, made)
    assert_failed(outcome, "python-not-found", "`pythonLocation`", "`python`")


def test_for_a_pythonlocation_that_does_not_exist_no_environment_is_made(bare_ci: Runner, target: Path, tmp_path: Path) -> None:
    """Plain uv creates one there and succeeds."""
    bare_ci.setup_python(target)
    wrong = tmp_path / "not" / "there"
    bare_ci.environ["pythonLocation"] = str(wrong)

    plain = plain_uv(bare_ci)
    made = wrong.is_dir()
    subprocess.run(["rm", "-r", wrong.parent], check=True)
    outcome = bare_ci.sync()

    assert (0, True) == (plain.returncode, made)
    assert_failed(outcome, "python-not-found", "`pythonLocation`", wrong)
    assert not wrong.exists()


_PREFERENCE = since("0.8.0", "a preference that counts against an existing environment")


@pytest.mark.parametrize(
    ("variables", "pin", "settings"),
    [
        pytest.param({}, "3.7", "", id="python-version file"),
        pytest.param({"UV_PYTHON": "3.7"}, "", "", id="UV_PYTHON"),
        pytest.param({"UV_MANAGED_PYTHON": "1"}, "", "", id="UV_MANAGED_PYTHON", marks=_PREFERENCE),
        pytest.param({"UV_PYTHON_PREFERENCE": "only-managed"}, "", "", id="UV_PYTHON_PREFERENCE", marks=_PREFERENCE),
        pytest.param({}, "", '[tool.uv]\npython-preference = "only-managed"\n', id="python-preference", marks=_PREFERENCE),
    ],
)
def test_the_python_of_the_matrix_is_used_whatever_the_repository_or_an_earlier_step_sets(
    tmp_path: Path, target: Path, variables: dict[str, str], pin: str, settings: str
) -> None:
    """Plain uv fails."""
    project = Project(tmp_path / "pinned", settings=settings).write().lock()
    if pin:
        (project.folder / ".python-version").write_text(f"{pin}\n", encoding="utf-8")
    ci = runner(tmp_path / "pinned-runner", project.folder).setup_python(target)
    ci.environ.update(variables)

    plain = plain_uv(ci)
    outcome = ci.sync()

    assert 0 != plain.returncode
    assert 0 == outcome.returncode, outcome.log
    assert str(target) == outcome.outputs["environment"]


@pytest.mark.skipif(len(found()) < 2, reason="needs another Python to replace the environment with")
def test_an_environment_whose_python_the_project_rejects_is_not_replaced(tmp_path: Path) -> None:
    """Plain uv deletes it and creates another."""
    oldest, newest = found()[0], found()[-1]
    project = Project(tmp_path / "project", requires_python=f">=3.8,<{newest.minor}").write().lock()
    ci = runner(tmp_path / "project-runner", project.folder)
    ci.search_path = f"{oldest.prefix}/bin:{ci.search_path}"
    precious = tmp_path / "environment" / "precious"
    subprocess.run([UV, "venv", "--quiet", "--python", newest.prefix / "bin" / "python3", precious.parent], check=True)
    precious.write_text("", encoding="utf-8")

    outcome = ci.sync(python=str(precious.parent))
    kept_by_action = precious.exists()
    plain = plain_uv(ci, UV_PROJECT_ENVIRONMENT=str(precious.parent))

    assert_failed(outcome, "python-rejected", f",file={project.pyproject},line=4::", f">=3.8,<{newest.minor}")
    assert (True, 0, False) == (kept_by_action, plain.returncode, precious.exists())


def test_an_externally_managed_python_is_not_changed(ci: Runner, target: Path) -> None:
    """Plain uv installs into it."""
    (next((target / "lib").glob("python3.*")) / "EXTERNALLY-MANAGED").write_text("[externally-managed]\n", encoding="utf-8")

    outcome = ci.sync()
    installed_by_action = list(target.rglob("alpha*"))
    plain = plain_uv(ci)

    assert_failed(outcome, "python-unsuitable", f"{target}/bin/python3", "PEP 668")
    assert [] == installed_by_action
    assert 0 == plain.returncode
    assert list(target.rglob("alpha*"))


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        pytest.param({"UV_NO_DEV": "1"}, "gamma", id="UV_NO_DEV", marks=since("0.8.7", "UV_NO_DEV")),
        pytest.param({"UV_NO_GROUP": "dev"}, "gamma", id="UV_NO_GROUP", marks=since("0.9.8", "UV_NO_GROUP")),
        pytest.param({"UV_NO_DEFAULT_GROUPS": "1"}, "gamma", id="UV_NO_DEFAULT_GROUPS", marks=since("0.10.0", "UV_NO_DEFAULT_GROUPS")),
        pytest.param(
            {"UV_NO_INSTALL_PROJECT": "1"}, "sample_project", id="UV_NO_INSTALL_PROJECT", marks=since("0.11.20", "UV_NO_INSTALL_PROJECT")
        ),
    ],
)
def test_the_lock_is_installed_whatever_earlier_steps_have_exported(
    ci: Runner, target: Path, variables: dict[str, str], missing: str
) -> None:
    """Plain uv omits packages without a warning."""
    ci.environ.update(variables)

    plain = plain_uv(ci)
    after_plain = list(target.rglob(f"{missing}-*.dist-info"))
    outcome = ci.sync()

    assert (0, []) == (plain.returncode, after_plain)
    assert 0 == outcome.returncode, outcome.log
    assert 1 == len(list(target.rglob(f"{missing}-*.dist-info")))

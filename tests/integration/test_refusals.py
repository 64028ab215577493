"""Bad input: one clear error, and everything else as it was."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.projects import Project
from tests.support.step import Runner

Listing = dict[str, tuple[int, int]]


@pytest.fixture
def refused(ci: Runner, target: Path, project: Project, listing: Callable[[Path], Listing]) -> Callable[..., str]:
    """A function that runs the step, sees it fail with one error and change nothing, and returns that error."""

    def run(**inputs: str) -> str:
        before = listing(target), listing(project.folder)
        outcome = ci.sync(**inputs)

        assert 1 == outcome.returncode, outcome.log
        assert 1 == len(outcome.errors), outcome.log
        assert "Traceback" not in outcome.log
        assert not outcome.published
        assert before == (listing(target), listing(project.folder))
        return outcome.errors[0]

    return run


Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param(
            {"groups": "tests"},
            (
                "title=invalid-input::`groups` holds `tests`, which the project does not define; it defines `dev`, `lint`.\n"
                "Correct `groups` in the step, or define `tests` in the project and run `uv lock`."
            ),
            id="unknown group",
        ),
        pytest.param(
            {"extras": "doc"},
            (
                "title=invalid-input::`extras` holds `doc`, which the project does not define; it defines `docs`.\n"
                "Correct `extras` in the step, or define `doc` in the project and run `uv lock`."
            ),
            id="unknown extra",
        ),
        pytest.param(
            {"packages": "simple-project"},
            (
                "title=invalid-input::`packages` holds `simple-project`, which the project does not define; it defines `sample-project`.\n"
                "Correct `packages` in the step, or define `simple-project` in the project and run `uv lock`."
            ),
            id="unknown package",
        ),
        pytest.param(
            {"frozen": "true", "args": "--locked"},
            "title=invalid-input::`frozen: true` contradicts `--locked` in `args`.\nRemove one of the two.",
            id="frozen and locked",
        ),
        pytest.param(
            {"all_extras": "true", "extras": "docs"},
            "title=invalid-input::`all-extras: true` contradicts `extras: docs`.\nRemove one of the two.",
            id="all extras and one",
        ),
        pytest.param(
            {"args": "--python 3.11"},
            "title=invalid-input::`args` holds `--python`, which the action decides itself.\nSet the input `python` instead.",
            id="an owned argument",
        ),
    ],
)
def test_inputs_that_cannot_be_right(refused: Refused, inputs: dict[str, str], expected: str) -> None:
    """A wrong input is named with its value, and with what would be right."""
    assert expected == refused(**inputs)


def test_no_lock(refused: Refused, project: Project) -> None:
    """A project without uv.lock is told how to make one."""
    (project.folder / "uv.lock").unlink()

    assert (
        f"file={project.pyproject},line=1::There is no uv.lock in {project.folder}.\n"
        "Run `uv lock` there and commit uv.lock; check that .gitignore does not name it."
    ) == refused().removeprefix("title=lock-missing,")


def test_a_stale_lock(refused: Refused, project: Project) -> None:
    """A lock that pyproject.toml has moved on from is an error on the line that it does not know, with the command that mends it."""
    Project(project.folder, dependencies=("alpha<2", "lint-tool")).write()

    assert re.match(
        rf"title=lock-outdated,file={project.pyproject},line=5::uv\.lock is outdated: pyproject\.toml has `lint-tool` in `dependencies`,"
        rf" and uv\.lock does not know it\. .*\nRun `uv lock` and commit uv\.lock\.\nuv said: ",
        refused(),
    )


def test_a_malformed_lock(refused: Refused, project: Project) -> None:
    """A uv.lock that is no TOML is an error on the line where it stops being TOML."""
    lock = project.folder / "uv.lock"
    lock.write_text("version = 1\n<<<<<<< HEAD\n", encoding="utf-8")

    assert re.fullmatch(
        rf"title=project-invalid,file={lock},line=2::uv\.lock is not valid TOML: .*\nCorrect {lock}\.",
        refused(),
    )


def test_a_malformed_pyproject(refused: Refused, project: Project) -> None:
    """A pyproject.toml that is no TOML is an error on the line where it stops being TOML."""
    project.pyproject.write_text('[project]\nname = "unclosed\n', encoding="utf-8")

    assert re.fullmatch(
        rf"title=project-invalid,file={project.pyproject},line=2::pyproject\.toml is not valid TOML: .*\nCorrect {project.pyproject}\.",
        refused(),
    )


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock"])
def test_an_unreadable_file(refused: Refused, project: Project, name: str) -> None:
    """A project file that is not UTF-8 is named with what is wrong with it."""
    (project.folder / name).write_bytes(b'name = "\xff"\n')

    assert refused().startswith(f"title=project-invalid,file={project.folder}/{name}::{name} is not UTF-8: ")


def test_no_project(refused: Refused, project: Project) -> None:
    """A folder without pyproject.toml is not looked for elsewhere."""
    (project.folder / "docs").mkdir()

    assert (
        f"title=project-invalid::There is no pyproject.toml in {project.folder}/docs.\n"
        "Run actions/checkout before this step, or set `working-directory` to the project's folder."
    ) == refused(working_directory="docs")


def test_a_project_that_rejects_this_python(refused: Refused, project: Project, target: Path) -> None:
    """A Python outside of `requires-python` is an error on that line, with both versions."""
    Project(project.folder, requires_python=">=3.99").write()
    version = target.parent.name

    assert (
        f"title=python-rejected,file={project.pyproject},line=4::"
        f"pyproject.toml requires Python >=3.99, and {target}/bin/python3 is Python {version}.\n"
        "Give actions/setup-python a `python-version` that the project accepts, leave this version out of the matrix (`exclude:`),"
        " or widen `requires-python` and run `uv lock`."
    ) == refused()


def test_no_uv_and_none_installable(ci: Runner, target: Path) -> None:
    """Without uv, the error says how to have one."""
    ci.search_path = f"{target}/bin:/usr/bin:/bin"

    outcome = ci.sync()

    assert [
        ("title=uv-unavailable::There is no uv on PATH.\nUse action.yml of this action unchanged, or install uv in an earlier step.")
    ] == outcome.errors
    assert not outcome.published


def test_a_uv_that_is_not_uv(ci: Runner, tmp_path: Path) -> None:
    """A program named uv that is something else is an error that shows what it said."""
    _fake_uv(ci, tmp_path, "#!/bin/sh\necho hello\n")

    outcome = ci.sync()

    assert [
        (
            f"title=uv-unavailable::{tmp_path}/fake/uv is not uv: asked for its version, it said 'hello\\n'.\n"
            "Put the real uv first on PATH, or set `uv-version`."
        )
    ] == outcome.errors


@pytest.mark.parametrize(
    ("inputs", "version", "needs"),
    [
        pytest.param({}, "0.5.30", "uv-system-sync needs uv 0.5.31 or newer", id="for anything"),
        pytest.param({"check": "true"}, "0.6.9", "`check: true` needs uv 0.6.10 or newer", id="to check"),
    ],
)
def test_an_old_uv(ci: Runner, tmp_path: Path, inputs: dict[str, str], version: str, needs: str) -> None:
    """A uv that is too old for what it is to do is refused with its version, before it does anything."""
    _fake_uv(ci, tmp_path, f"#!/bin/sh\n[ $1 = --version ] && echo uv {version} || touch {tmp_path}/told\n")

    outcome = ci.sync(**inputs)

    assert [
        (
            f"title=uv-unavailable::{needs}, and {tmp_path}/fake/uv is uv {version}.\n"
            "Set `uv-version` to a newer one, or put a newer uv first on PATH."
        )
    ] == outcome.errors
    assert not outcome.published
    assert not (tmp_path / "told").exists()


def test_own_dependencies_that_cannot_be_had(ci: Runner, tmp_path: Path) -> None:
    """When uv cannot fetch what the action itself needs, its words and the way out are shown."""
    ci.environ.update(UV_OFFLINE="1", UV_CACHE_DIR=str(tmp_path / "empty-cache"))

    outcome = ci.sync()

    assert outcome.errors[0].startswith("title=uv-unavailable::")
    assert "could not install what the action itself needs (exit status 1). It said: " in outcome.errors[0]
    assert outcome.errors[0].endswith(
        "\nLet uv reach an index that has actions-toolkit, packaging and tomli; `UV_DEFAULT_INDEX` names another one."
    )
    assert not outcome.published


@pytest.mark.skipif(not Path("/usr/lib/python3.11/EXTERNALLY-MANAGED").exists(), reason="needs a Python that its distribution marks")
def test_an_externally_managed_python(refused: Refused) -> None:
    """The operating system's own Python is refused, with its marker's path."""
    assert refused(python="/usr/bin/python3").startswith(
        "title=python-unsuitable::/usr/bin/python3 is externally managed (PEP 668). "
        "Its marker, /usr/lib/python3.11/EXTERNALLY-MANAGED, says: To install Python packages system-wide"
    )


def test_a_marked_python_when_it_is_allowed(ci: Runner, target: Path) -> None:
    """`allow-externally-managed: true` lets the step install into a marked Python."""
    (next((target / "lib").glob("python3.*")) / "EXTERNALLY-MANAGED").write_text("[externally-managed]\n", encoding="utf-8")

    refused, allowed = ci.sync(), ci.sync(allow_externally_managed="true")

    assert (1, 0) == (refused.returncode, allowed.returncode), allowed.log


def test_a_failed_build(ci: Runner, project: Project) -> None:
    """A build that fails names its package, the backend's words are in the error, and nothing is handed on."""
    document = project.pyproject.read_text(encoding="utf-8")
    broken = document.replace('requires = ["uv_build"]', "requires = []").replace('"uv_build"', '"broken"\nbackend-path = ["."]')
    project.pyproject.write_text(broken, encoding="utf-8")
    (project.folder / "broken.py").write_text("raise RuntimeError('no compiler')\n", encoding="utf-8")

    outcome = ci.sync()

    assert 1 == outcome.returncode
    assert f"title=sync-failed,file={project.pyproject},line=16::sample-project could not be built" in outcome.errors[0]
    assert "no compiler" in outcome.errors[0]
    assert not outcome.published


def test_another_python_in_front_is_seen(ci: Runner, target: Path) -> None:
    """A target without a `python` of its own would leave the next step to another one, and is refused."""
    (target / "bin" / "python").unlink()
    (target / "elsewhere").mkdir()
    (target / "elsewhere" / "python").symlink_to(target / "bin" / "python3")
    ci.search_path = f"{target}/elsewhere:{ci.search_path}"

    outcome = ci.sync()

    assert [
        (
            f"title=python-unsuitable::`python` in the next step would be {target}/elsewhere/python, not {target}/bin/python3.\n"
            f"Make {target}/bin/python that interpreter, for example with a symbolic link."
        )
    ] == outcome.errors
    assert not outcome.published


def test_a_python_that_is_too_old(ci: Runner, tmp_path: Path) -> None:
    """A Python older than 3.8 is refused with its version."""
    old = tmp_path / "python3.7"
    paths = dict.fromkeys(("executable", "prefix", "scripts", "purelib", "platlib"), "/old")
    facts = {
        **paths,
        "version": "3.7.16",
        "implementation": "cpython",
        "platform": "linux-x86_64",
        "virtual": False,
        "externally_managed": None,
    }
    old.write_text(f"#!/bin/sh\necho '{json.dumps(facts)}'\n", encoding="utf-8")
    old.chmod(old.stat().st_mode | stat.S_IXUSR)

    outcome = ci.sync(python=str(old))

    assert [
        (
            f"title=python-unsuitable::{old} is Python 3.7.16, and the oldest that uv-system-sync supports is 3.8.\n"
            "Set `python-version` of actions/setup-python to a newer one, or leave this one out of the matrix."
        )
    ] == outcome.errors


def _fake_uv(ci: Runner, tmp_path: Path, script: str) -> None:
    (tmp_path / "fake").mkdir()
    fake = tmp_path / "fake" / "uv"
    fake.write_text(script, encoding="utf-8")
    fake.chmod(0o755)
    # The action's own wheels are there already, as after an earlier step of the job.
    ci.sync()
    ci.search_path = os.pathsep.join([str(fake.parent), ci.search_path])

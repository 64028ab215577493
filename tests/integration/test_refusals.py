"""Problems found before anything is installed: one error with its location, and nothing else changes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import program
from tests.support.projects import Project, since
from tests.support.step import Outcome, Runner

Listing = dict[str, tuple[int, int]]

_DEBIAN = Path("/usr/lib/python3.11/EXTERNALLY-MANAGED")


class Refusal(NamedTuple):
    """The only error of a step that has set no outputs."""

    slug: str
    place: str
    text: str

    @classmethod
    def of(cls, outcome: Outcome) -> Refusal:
        """Return the error of `outcome`."""
        assert (1, 1, False) == (outcome.returncode, len(outcome.errors), outcome.published), outcome.log
        properties, _, text = outcome.errors[0].partition("::")
        title, _, place = properties.partition(",")
        return cls(title.removeprefix("title="), place, text)

    def has(self, *facts: object) -> bool:
        """Return whether the text contains all `facts`."""
        return all(str(fact) in self.text for fact in facts)


Refused = Callable[..., Refusal]


@pytest.fixture
def refused(ci: Runner, target: Path, project: Project, listing: Callable[[Path], Listing]) -> Refused:
    """A function that runs the step, asserts that nothing has changed, and returns the error."""

    def run(**inputs: str) -> Refusal:
        before = listing(target), listing(project.folder)
        refusal = Refusal.of(ci.sync(**inputs))

        assert before == (listing(target), listing(project.folder))
        return refusal

    return run


@pytest.mark.parametrize(
    ("inputs", "facts"),
    [
        pytest.param({"groups": "tests"}, ["`tests`", "`groups`"], id="unknown group"),
        pytest.param({"extras": "doc"}, ["`doc`", "`extras`"], id="unknown extra", marks=since("0.6.0", "an error for unknown extras")),
        pytest.param({"groups": "docs"}, ["`extras: docs`"], id="extra as a group"),
        pytest.param({"extras": "lint"}, ["`groups: lint`"], id="group as an extra", marks=since("0.6.0", "an error for unknown extras")),
        pytest.param({"only_groups": "docs"}, ["`extras: docs`"], id="extra as the only group"),
        pytest.param({"only_groups": "tests"}, ["`tests`", "`only-groups`"], id="unknown only group"),
        pytest.param({"extras": "[docs]"}, ["`extras: docs`"], id="brackets"),
        pytest.param({"groups": "- dev\n- lint\n"}, ["`groups: dev lint`"], id="list of YAML"),
        pytest.param({"groups": "'lint'"}, ["`groups: lint`"], id="quotes"),
        pytest.param({"packages": "simple-project"}, ["`simple-project`", "`packages`"], id="unknown package"),
        pytest.param({"frozen": "true", "args": "--locked"}, ["`frozen: true`", "`--locked`"], id="frozen and locked"),
        pytest.param({"all_extras": "true", "extras": "docs"}, ["`all-extras: true`", "`extras: docs`"], id="all extras and one"),
        pytest.param({"args": "lint"}, ["`lint`", "`args`"], id="an argument without a name"),
        pytest.param({"args": "--no-dev --only-dev"}, ["`--no-dev`", "`--only-dev`"], id="arguments that contradict each other"),
        pytest.param({"args": "--link-mode fast"}, ["`--link-mode`", "'fast'", "hardlink"], id="an argument with a wrong value"),
        pytest.param({"args": "--no-install-package"}, ["`--no-install-package`", "`args`"], id="an argument without its value"),
        pytest.param({"args": "--find-links missing"}, ["missing", "`find-links`"], id="a folder of packages that does not exist"),
        pytest.param({"args": "--python 3.11"}, ["`args`", "`--python`"], id="an argument that is decided here"),
    ],
)
def test_a_wrong_input_is_named_with_its_value(refused: Refused, inputs: dict[str, str], facts: list[str]) -> None:
    refusal = refused(**inputs)

    assert ("invalid-input", True) == (refusal.slug, refusal.has(*facts)), refusal


def test_a_missing_lock_is_an_error_on_line_1_of_pyproject(refused: Refused, project: Project) -> None:
    (project.folder / "uv.lock").unlink()

    assert ("lock-missing", f"file={project.pyproject},line=1") == refused()[:2]


def test_an_outdated_lock_is_an_error_on_the_line_that_it_does_not_have(refused: Refused, project: Project) -> None:
    Project(project.folder, dependencies=("alpha<2", "lint-tool")).write()
    refusal = refused()

    assert ("lock-outdated", f"file={project.pyproject},line=5", True) == (*refusal[:2], refusal.has("`lint-tool`", "`uv lock`"))


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("uv.lock", b"version = 1\n<<<<<<< HEAD\n", ",line=2"),
        ("pyproject.toml", b'[project]\nname = "unclosed\n', ",line=2"),
        ("uv.lock", b'name = "\xff"\n', ""),
        ("pyproject.toml", b'name = "\xff"\n', ""),
    ],
    ids=["lock", "pyproject", "lock in another encoding", "pyproject in another encoding"],
)
def test_a_file_that_is_not_toml_is_an_error_on_its_line(refused: Refused, project: Project, name: str, content: bytes, line: str) -> None:
    file = project.folder / name
    file.write_bytes(content)

    assert ("project-invalid", f"file={file}{line}") == refused()[:2]


@pytest.mark.parametrize(("name", "fact"), [("uv.lock", "run `uv lock`"), ("pyproject.toml", "Resolve the conflict")])
def test_the_markers_of_a_merge_conflict_are_named(refused: Refused, project: Project, name: str, fact: str) -> None:
    file = project.folder / name
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n<<<<<<< HEAD\nname = 1\n=======\nname = 2\n>>>>>>> branch\n", encoding="utf-8")
    refusal = refused()

    line = len(text.splitlines()) + 2
    assert ("project-invalid", f"file={file},line={line}", True) == (*refusal[:2], refusal.has("merge conflict", fact)), refusal


def test_the_markers_of_a_merge_conflict_in_another_member_are_named(refused: Refused, project: Project) -> None:
    with project.pyproject.open("a", encoding="utf-8") as file:
        file.write('\n[tool.uv.workspace]\nmembers = ["one"]\n')
    member = project.folder / "one" / "pyproject.toml"
    member.parent.mkdir()
    member.write_text('[project]\n<<<<<<< HEAD\nname = "one"\n', encoding="utf-8")
    refusal = refused()

    assert ("project-invalid", f"file={member},line=2", True) == (*refusal[:2], refusal.has("merge conflict")), refusal


def test_a_folder_without_pyproject_is_not_a_project(refused: Refused, project: Project) -> None:
    """Other folders are not searched for a project."""
    folder = project.folder / "docs"
    folder.mkdir()
    refusal = refused(working_directory="docs")

    assert ("project-invalid", "", True) == (*refusal[:2], refusal.has(folder, "`working-directory: .`"))


@pytest.fixture
def restricted(ci: Runner) -> Runner:
    """A runner whose user is bound by file permissions, unlike root."""
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv (util-linux)")
        ci.starter = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    return ci


@pytest.fixture
def deny() -> Iterator[Callable[[Path], None]]:
    """A function that removes all permissions from a path until the test ends."""
    changed: list[tuple[Path, int]] = []

    def change(path: Path) -> None:
        changed.append((path, path.stat().st_mode))
        path.chmod(0)

    yield change
    for path, mode in changed:
        path.chmod(mode)


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "."])
def test_a_project_that_this_user_may_not_read_is_not_called_missing(
    restricted: Runner, project: Project, deny: Callable[[Path], None], name: str
) -> None:
    path = project.folder / name
    restricted.cwd = project.folder.parent
    deny(path)
    refusal = Refusal.of(restricted.sync(working_directory=project.folder.name))

    facts = (f"{project.folder} exists", "this process runs as") if name == "." else (path, "Permission denied")
    assert ("project-invalid", True) == (refusal.slug, refusal.has(*facts)), refusal


def test_a_python_that_this_user_may_not_read_is_not_called_missing(restricted: Runner, target: Path, deny: Callable[[Path], None]) -> None:
    (target.parent / "other").mkdir()
    deny(target.parent / "other")
    refusal = Refusal.of(restricted.sync(python=f"{target.parent}/other/bin/python"))

    assert ("python-unsuitable", True) == (refusal.slug, refusal.has(f"access {target.parent}/other: it belongs to")), refusal


def test_a_cache_that_this_user_may_not_write_is_named(restricted: Runner, tmp_path: Path, deny: Callable[[Path], None]) -> None:
    """The home folder of another user is an example."""
    home = tmp_path / "home"
    home.mkdir()
    restricted.sync()
    restricted.environ |= {"HOME": str(home), "UV_CACHE_DIR": ""}
    del restricted.environ["UV_CACHE_DIR"]
    deny(home)
    refusal = Refusal.of(restricted.sync())

    assert ("runner-unusable", True) == (refusal.slug, refusal.has(f"{home}/.cache/uv", "Permission denied", "`UV_CACHE_DIR`")), refusal


def test_a_python_that_requires_python_excludes_is_an_error_on_that_line(refused: Refused, project: Project, target: Path) -> None:
    Project(project.folder, requires_python=">=3.99").write()
    refusal = refused()

    assert ("python-rejected", f"file={project.pyproject},line=4") == refusal[:2]
    assert refusal.has(">=3.99", target, target.parent.name)


def _with_fake_uv(ci: Runner, tmp_path: Path, *lines: str) -> Path:
    """Put a script first on PATH as uv, and return its path."""
    fake = program(tmp_path / "fake" / "uv", "#!/bin/sh", *lines)
    # The action's own dependencies are already installed, as after an earlier step of the job.
    ci.sync()
    ci.search_path = os.pathsep.join([str(fake.parent), ci.search_path])
    return fake


def test_a_program_that_is_not_uv_is_an_error_with_what_it_prints(ci: Runner, tmp_path: Path) -> None:
    fake = _with_fake_uv(ci, tmp_path, "echo hello")
    refusal = Refusal.of(ci.sync())

    assert ("uv-unavailable", True) == (refusal.slug, refusal.has(fake, "hello")), refusal


@pytest.mark.parametrize(
    ("inputs", "version", "facts"),
    [
        pytest.param({}, "0.5.30", ["0.5.31"], id="for everything"),
        pytest.param({"check": "true"}, "0.6.9", ["`check: true`", "0.6.10"], id="for a check"),
    ],
)
def test_an_old_uv_is_an_error_before_it_does_anything(
    ci: Runner, tmp_path: Path, inputs: dict[str, str], version: str, facts: list[str]
) -> None:
    fake = _with_fake_uv(ci, tmp_path, f"[ $1 = --version ] && echo uv {version} || touch {tmp_path}/started")
    refusal = Refusal.of(ci.sync(**inputs))

    assert ("uv-unavailable", True) == (refusal.slug, refusal.has(fake, version, *facts)), refusal
    assert not (tmp_path / "started").exists()


def test_own_dependencies_that_cannot_be_installed_are_an_error_with_uvs_words(ci: Runner, tmp_path: Path) -> None:
    ci.environ.update(UV_OFFLINE="1", UV_CACHE_DIR=str(tmp_path / "empty-cache"))
    refusal = Refusal.of(ci.sync())

    assert ("uv-unavailable", True) == (refusal.slug, refusal.has("actions-toolkit", "UV_DEFAULT_INDEX", "network was disabled")), refusal


@pytest.mark.skipif(not _DEBIAN.exists(), reason="needs a Python that its distribution manages")
def test_an_externally_managed_python_is_an_error_with_the_distributions_explanation(refused: Refused) -> None:
    refusal = refused(python="/usr/bin/python3")

    assert ("python-unsuitable", True) == (refusal.slug, refusal.has("/usr/bin/python3", _DEBIAN, "To install Python packages system-wide"))


def test_an_externally_managed_python_is_used_if_it_is_allowed(ci: Runner, site_packages: Path) -> None:
    site_packages.with_name("EXTERNALLY-MANAGED").write_text("[externally-managed]\n", encoding="utf-8")

    refused, allowed = ci.sync(), ci.sync(allow_externally_managed="true")

    assert (1, 0) == (refused.returncode, allowed.returncode), allowed.log


def test_a_failed_build_is_an_error_with_the_package_and_its_output(ci: Runner, project: Project) -> None:
    document = project.pyproject.read_text(encoding="utf-8")
    broken = document.replace('requires = ["uv_build"]', "requires = []").replace('"uv_build"', '"broken"\nbackend-path = ["."]')
    project.pyproject.write_text(broken, encoding="utf-8")
    (project.folder / "broken.py").write_text("raise RuntimeError('no compiler')\n", encoding="utf-8")
    refusal = Refusal.of(ci.sync())

    assert ("sync-failed", f"file={project.pyproject},line=16") == refusal[:2]
    assert refusal.has("sample-project", "no compiler")


def test_a_target_that_is_not_the_python_of_the_next_step_is_an_error(ci: Runner, target: Path) -> None:
    (target / "bin" / "python").unlink()
    (target / "elsewhere").mkdir()
    (target / "elsewhere" / "python").symlink_to(target / "bin" / "python3")
    ci.search_path = f"{target}/elsewhere:{ci.search_path}"
    refusal = Refusal.of(ci.sync())

    assert ("python-unsuitable", True) == (refusal.slug, refusal.has(target / "elsewhere" / "python", target / "bin" / "python3"))


def test_a_python_that_is_too_old_is_an_error_with_its_version(ci: Runner, tmp_path: Path) -> None:
    paths = dict.fromkeys(("executable", "prefix", "scripts", "purelib", "platlib", "stdlib", "platstdlib"), "/old")
    facts = {"version": "3.7.16", "implementation": "cpython", "platform": "linux-x86_64"}
    flags = dict.fromkeys(("free_threaded", "virtual", "externally_managed"), False)
    old = program(tmp_path / "python3.7", "#!/bin/sh", f"echo '{json.dumps({**paths, **facts, **flags})}'")
    refusal = Refusal.of(ci.sync(python=str(old)))

    assert ("python-unsuitable", True) == (refusal.slug, refusal.has(old, "3.7.16", "3.8"))

"""Debian's own Pythons, in a private /usr: packages are installed next to apt's packages, and none of those is removed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import debian
from tests.support.debian import BESIDE, OF_APT
from tests.support.failures import assert_failed
from tests.support.layouts import before_the_step, install, notices, virtual_environment
from tests.support.projects import Project, Wheel
from tests.support.step import Runner
from tools.shared import ROOT
from tools.shared.pythons import Python, found, pypys, python_of
from tools.shared.uv import UV

pytestmark = pytest.mark.skipif(bool(debian.why_not()), reason=debian.why_not())

needs_pypy = pytest.mark.skipif(not debian.PYPY.exists(), reason="Debian's PyPy is not installed")
needs_no_python = pytest.mark.skipif(
    shutil.which("python", path="/usr/bin:/usr/local/bin") is not None, reason="this Debian has a `python`"
)

_ALLOWED = {"allow_externally_managed": "true"}


@pytest.fixture
def python() -> Python:
    """Debian's own Python."""
    return python_of(debian.PYTHON)


@pytest.fixture
def usr(tmp_path: Path) -> debian.Usr:
    """A /usr with `python` and two apt packages: one that is not in the lock, and one that is locked at another version."""
    usr = debian.usr(tmp_path / "usr")
    if not os.path.lexists("/usr/bin/python"):
        usr.path("bin/python").symlink_to("python3")
    for wheel in (Wheel("docs-tool", "1.0"), Wheel("alpha", "2.0")):
        install(wheel, usr.path(OF_APT))
    return usr


@pytest.fixture
def debian_ci(bare_ci: Runner, usr: debian.Usr) -> Runner:
    """A runner whose `python` is Debian's; it also runs the step."""
    # Only the programs that start the step must come before it on PATH.
    return before_the_step(bare_ci, Path("/usr"), "PATH=${PATH#*:}", command=shlex.join(usr.command) + " ")


def _of_apt(usr: debian.Usr) -> list[str]:
    """Return the packages that apt has installed in this /usr but not on the machine."""
    return sorted(path.name for path in usr.path(OF_APT).glob("*.dist-info"))


_OF_APT = ["alpha-2.0.dist-info", "docs_tool-1.0.dist-info"]


def _beside(usr: debian.Usr) -> list[str]:
    return sorted(path.name for path in usr.path(BESIDE).glob("*.dist-info"))


_LOCKED = ["alpha-1.0.dist-info", "beta-1.0.dist-info", "gamma-1.0.dist-info", "sample_project-0.1.dist-info"]


@pytest.mark.usefixtures("python")
@pytest.mark.layout("Debian's own Python")
@pytest.mark.parametrize("named", ["/usr", "/usr/bin/python3"])
def test_packages_go_beside_those_of_apt_and_scripts_to_usr_local_bin(debian_ci: Runner, usr: debian.Usr, named: str) -> None:
    outcome = debian_ci.sync(python=named, **_ALLOWED)

    assert 0 == outcome.returncode, outcome.log
    assert (_LOCKED, _OF_APT, []) == (_beside(usr), _of_apt(usr), usr.lost())
    assert ("/usr", "/usr/bin/python3") == (outcome.outputs["environment"], outcome.outputs["python-path"])
    assert ["/usr/bin", "/usr/local/bin"] == outcome.paths
    assert "4" == outcome.outputs["package-count"]
    script = "import alpha, docs_tool, sys; print(sys.prefix, alpha.__version__, docs_tool.__file__)"
    for name in ("python", "python3"):
        assert f"/usr 1.0 /usr/{OF_APT}/docs_tool.py\n" == debian_ci.next_step(outcome, *usr.command, name, "-c", script)
    assert "alpha 1.0\n" == debian_ci.next_step(outcome, *usr.command, "alpha")
    assert "alpha 1.0\n" == debian_ci.next_step(outcome, *usr.command, "uv", "run", "--no-sync", "alpha")


def test_an_exact_sync_removes_what_pip_has_installed_beside_apts_packages_with_a_notice(debian_ci: Runner, usr: debian.Usr) -> None:
    install(Wheel("lint-tool", "1.0"), usr.path(BESIDE))
    info = usr.path(BESIDE) / "lint_tool-1.0.dist-info"
    (info / "INSTALLER").write_text("pip\n", encoding="utf-8")
    with (info / "RECORD").open("a", encoding="utf-8") as record:
        record.write(f"{info.name}/INSTALLER,,\n")

    outcome = debian_ci.sync(python="/usr", **_ALLOWED)

    assert (_LOCKED, _OF_APT, []) == (_beside(usr), _of_apt(usr), usr.lost())
    (notice,) = notices(outcome)
    assert notice.startswith("title=packages-removed::")
    assert (True, True, False) == tuple(text in notice for text in ("lint-tool 1.0", "`inexact: true`", "docs-tool"))


def test_a_broken_package_beside_those_of_apt_is_repaired_with_a_notice(debian_ci: Runner, usr: debian.Usr) -> None:
    debian_ci.sync(python="/usr", **_ALLOWED)
    (usr.path(BESIDE) / "alpha-1.0.dist-info" / "METADATA").unlink()

    outcome = debian_ci.sync(python="/usr", **_ALLOWED)

    assert (0, _LOCKED, _OF_APT, []) == (outcome.returncode, _beside(usr), _of_apt(usr), usr.lost())
    (notice,) = notices(outcome)
    assert notice.startswith("title=packages-repaired::")
    assert "alpha (it has no METADATA)" in notice


def test_debians_variable_for_its_own_builds_has_no_effect(debian_ci: Runner, usr: debian.Usr, project: Project, tmp_path: Path) -> None:
    """With the variable set, plain uv installs into apt's folder and removes apt's packages."""
    debian_ci.environ["DEB_PYTHON_INSTALL_LAYOUT"] = "deb"

    outcome = debian_ci.sync(python="/usr", **_ALLOWED)

    assert 0 == outcome.returncode, outcome.log
    assert (_LOCKED, _OF_APT, []) == (_beside(usr), _of_apt(usr), usr.lost())

    # A separate cache: uv caches what it knows about a Python, which would be wrong for other tests.
    plain = {"UV_PROJECT_ENVIRONMENT": "/usr", "UV_CACHE_DIR": str(tmp_path / "cache"), "DEB_PYTHON_INSTALL_LAYOUT": "deb"}
    command = [*usr.command, str(UV), "sync", "--quiet", "--locked", "--no-install-project", "--python", "/usr/bin/python3"]
    subprocess.run(command, cwd=project.folder, check=True, env={**os.environ, **plain})

    assert (True, False) == ("alpha-1.0.dist-info" in _of_apt(usr), "docs_tool-1.0.dist-info" in _of_apt(usr))


@pytest.mark.parametrize("named", ["/usr", "/usr/bin/python3"])
def test_debians_own_python_is_rejected_unless_it_is_allowed(debian_ci: Runner, usr: debian.Usr, named: str) -> None:
    before = usr.new()

    outcome = debian_ci.sync(python=named)

    declaration = debian.marker(debian.PYTHON)
    explanation = " ".join(declaration.read_text(encoding="utf-8").partition("Error=")[2].split())
    assert_failed(outcome, "python-unsuitable", debian.PYTHON, declaration, explanation, "`allow-externally-managed: true`")
    assert (before, []) == (usr.new(), usr.lost())


@needs_no_python
def test_debian_without_a_python_of_that_name_is_rejected(debian_ci: Runner, usr: debian.Usr) -> None:
    """Only the python-is-python3 package provides `python`; without it, the next step would have none."""
    usr.path("bin/python").unlink()
    before = usr.new()

    outcome = debian_ci.sync(python="/usr", **_ALLOWED)

    assert_failed(outcome, "python-unsuitable", "`python`", "/usr/bin/python3.", "/usr/bin/python ")
    assert (before, []) == (usr.new(), usr.lost())


def _command(usr: debian.Usr, project: Project, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [*usr.command, sys.executable, "-m", "uv_system_sync", "--python", "/usr/bin/python3", *options]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PATH": f"{UV.parent}:/usr/bin:/bin", **variables}
    return subprocess.run(command, cwd=project.folder, env=environ, capture_output=True, text=True, check=False)


def test_the_command_needs_no_python_of_that_name(usr: debian.Usr, project: Project) -> None:
    usr.path("bin/python").unlink(missing_ok=True)

    refused, done = _command(usr, project), _command(usr, project, "--allow-externally-managed")

    assert (5, True) == (refused.returncode, "`--allow-externally-managed`" in refused.stdout.splitlines()[-1]), refused
    assert (0, _LOCKED, _OF_APT, []) == (done.returncode, _beside(usr), _of_apt(usr), usr.lost()), done


def test_a_cache_of_uv_that_has_the_folders_of_apt_is_rejected(usr: debian.Usr, project: Project, tmp_path: Path) -> None:
    """Such a cache was filled while `DEB_PYTHON_INSTALL_LAYOUT` was set; a sync with it would remove apt's packages."""
    environ = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache")}
    command = [*usr.command, str(UV), "pip", "list", "--quiet", "--python", "/usr/bin/python3"]
    subprocess.run(command, check=True, env={**environ, "DEB_PYTHON_INSTALL_LAYOUT": "deb"})
    before = usr.new()

    refused = _command(usr, project, "--allow-externally-managed", "--exact", UV_CACHE_DIR=environ["UV_CACHE_DIR"])

    assert 5 == refused.returncode, refused
    assert [True] * 3 == [text in refused.stdout for text in (f"/usr/{BESIDE} ", "alpha 2.0", "docs-tool 1.0")], refused
    assert (before, []) == (usr.new(), usr.lost())


@pytest.mark.usefixtures("python")
@pytest.mark.layout("a virtual environment of Debian's own Python")
@pytest.mark.parametrize("options", [(), ("--system-site-packages",)], ids=["alone", "with apt's packages"])
def test_a_virtual_environment_is_synced_even_if_it_sees_apts_packages(
    debian_ci: Runner, usr: debian.Usr, tmp_path: Path, options: tuple[str, ...]
) -> None:
    environment = virtual_environment(Path("/usr"), tmp_path / "venv", *options)

    outcome = debian_ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert ([], _OF_APT, []) == (_beside(usr), _of_apt(usr), usr.lost())
    assert "alpha 1.0\n" == debian_ci.next_step(outcome, *usr.command, "alpha")
    script = "import alpha, importlib.util, sys; print(sys.prefix, alpha.__version__, importlib.util.find_spec('docs_tool') is not None)"
    assert f"{environment} 1.0 {bool(options)}\n" == debian_ci.next_step(outcome, *usr.command, "python", "-c", script)


def test_in_an_image_with_a_python_in_usr_local_only_that_one_is_synced(debian_ci: Runner, usr: debian.Usr) -> None:
    """Images such as python:3 have a Python in /usr/local, before Debian's on PATH."""
    found()[-1].copy(usr.path("local"))

    behind, own = debian_ci.sync(python="/usr", **_ALLOWED), debian_ci.sync(python="/usr/local")

    assert_failed(behind, "python-unsuitable", "/usr/local/bin/python,", "/usr/bin/python3")
    assert 0 == own.returncode, own.log
    assert (["/usr/local/bin"], [], _OF_APT, []) == (own.paths, _beside(usr), _of_apt(usr), usr.lost())
    assert "alpha 1.0\n" == debian_ci.next_step(own, *usr.command, "alpha")


@needs_pypy
def test_debians_pypy_is_rejected_even_if_it_is_allowed(debian_ci: Runner, usr: debian.Usr) -> None:
    """In /usr, uv would use the other Python."""
    before = usr.new()

    for inputs in ({}, _ALLOWED):
        assert_failed(debian_ci.sync(python="/usr/bin/pypy3", **inputs), "python-unsuitable", "/usr/bin/pypy3", "/usr/bin/python3.")
    assert (before, []) == (usr.new(), usr.lost())


@pytest.mark.layout("a virtual environment of Debian's own Python")
@pytest.mark.parametrize("python", [python for python in pypys() if python.prefix == Path("/usr")], ids=lambda python: python.name)
def test_a_virtual_environment_of_debians_pypy_is_synced_and_runs_the_step(bare_ci: Runner, tmp_path: Path, python: Python) -> None:
    environment = tmp_path / "venv"
    made = subprocess.run(
        [python.prefix / "bin" / python.program, "-m", "venv", "--without-pip", environment], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"Debian's PyPy cannot make virtual environments: {made.stdout}{made.stderr}")
    ci = bare_ci.setup_python(environment)

    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert "alpha 1.0\n" == ci.next_step(outcome, "alpha")
    assert f"pypy {environment}\n" == ci.next_step(outcome, "python", "-c", "import sys; print(sys.implementation.name, sys.prefix)")

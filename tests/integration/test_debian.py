"""Debian's own Pythons, the machine's real ones in a /usr of the test's own: packages go beside those of apt, which all stay."""

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
    """A /usr with a `python`, a package of apt that the lock does not have, and one that it has in another version."""
    usr = debian.usr(tmp_path / "usr")
    if not os.path.lexists("/usr/bin/python"):
        usr.path("bin/python").symlink_to("python3")
    for wheel in (Wheel("docs-tool", "1.0"), Wheel("alpha", "2.0")):
        install(wheel, usr.path(OF_APT))
    return usr


@pytest.fixture
def debian_ci(bare_ci: Runner, usr: debian.Usr) -> Runner:
    """A runner whose `python` is Debian's, and runs the step, too."""
    # Only what starts the step has to be in front of it.
    return before_the_step(bare_ci, Path("/usr"), "PATH=${PATH#*:}", command=shlex.join(usr.command) + " ")


def _of_apt(usr: debian.Usr) -> list[str]:
    """Return the packages that apt has installed in this /usr and not on the machine."""
    return sorted(path.name for path in usr.path(OF_APT).glob("*.dist-info"))


_OF_APT = ["alpha-2.0.dist-info", "docs_tool-1.0.dist-info"]


def _beside(usr: debian.Usr) -> list[str]:
    return sorted(path.name for path in usr.path(BESIDE).glob("*.dist-info"))


_LOCKED = ["alpha-1.0.dist-info", "beta-1.0.dist-info", "gamma-1.0.dist-info", "sample_project-0.1.dist-info"]


@pytest.mark.usefixtures("python")
@pytest.mark.layout("Debian's own Python")
@pytest.mark.parametrize("named", ["/usr", "/usr/bin/python3"])
def test_where_debian_says(debian_ci: Runner, usr: debian.Usr, named: str) -> None:
    """Packages go where Debian has those of others, scripts to /usr/local/bin, and nothing of the machine's is changed or lost."""
    outcome = debian_ci.sync(python=named, **_ALLOWED)

    assert 0 == outcome.returncode, outcome.log
    assert (_LOCKED, _OF_APT, []) == (_beside(usr), _of_apt(usr), usr.lost())
    assert ("/usr", "/usr/bin/python3") == (outcome.outputs["environment"], outcome.outputs["python-path"])
    assert ["/usr/bin", "/usr/local/bin"] == outcome.paths
    assert "4" == outcome.outputs["package-count"]
    asked = "import alpha, docs_tool, sys; print(sys.prefix, alpha.__version__, docs_tool.__file__)"
    for name in ("python", "python3"):
        assert f"/usr 1.0 /usr/{OF_APT}/docs_tool.py\n" == debian_ci.next_step(outcome, *usr.command, name, "-c", asked)
    assert "alpha 1.0\n" == debian_ci.next_step(outcome, *usr.command, "alpha")
    assert "alpha 1.0\n" == debian_ci.next_step(outcome, *usr.command, "uv", "run", "--no-sync", "alpha")


def test_what_is_beside_is_exact(debian_ci: Runner, usr: debian.Usr) -> None:
    """Of what is installed beside apt's packages, an exact sync removes what is not in the lock, and says so."""
    install(Wheel("lint-tool", "1.0"), usr.path(BESIDE))
    info = usr.path(BESIDE) / "lint_tool-1.0.dist-info"
    (info / "INSTALLER").write_text("pip\n", encoding="utf-8")
    with (info / "RECORD").open("a", encoding="utf-8") as record:
        record.write(f"{info.name}/INSTALLER,,\n")

    outcome = debian_ci.sync(python="/usr", **_ALLOWED)

    assert (_LOCKED, _OF_APT, []) == (_beside(usr), _of_apt(usr), usr.lost())
    text = (
        "lint-tool 1.0, installed before this step, is not in uv.lock and was removed. Set `inexact: true` to keep what is not in the lock."
    )
    assert [f"title=packages-removed::{text}"] == notices(outcome)


def test_a_package_that_is_broken(debian_ci: Runner, usr: debian.Usr) -> None:
    """What a killed sync has left beside apt's packages is healed."""
    debian_ci.sync(python="/usr", **_ALLOWED)
    (usr.path(BESIDE) / "alpha-1.0.dist-info" / "METADATA").unlink()

    outcome = debian_ci.sync(python="/usr", **_ALLOWED)

    assert (0, _LOCKED, _OF_APT, []) == (outcome.returncode, _beside(usr), _of_apt(usr), usr.lost())
    assert ["title=packages-repaired::Found broken, and cleared away for uv to install anew: alpha (it has no METADATA)."] == notices(
        outcome
    )


def test_debians_variable_for_its_own_builds(debian_ci: Runner, usr: debian.Usr, project: Project, tmp_path: Path) -> None:
    """`DEB_PYTHON_INSTALL_LAYOUT`, with which plain uv installs among apt's packages and removes those, has no effect."""
    debian_ci.environ["DEB_PYTHON_INSTALL_LAYOUT"] = "deb"

    outcome = debian_ci.sync(python="/usr", **_ALLOWED)

    assert 0 == outcome.returncode, outcome.log
    assert (_LOCKED, _OF_APT, []) == (_beside(usr), _of_apt(usr), usr.lost())

    # With a cache of its own: uv keeps there what it knows of a Python, and nobody else is to believe this.
    plain = {"UV_PROJECT_ENVIRONMENT": "/usr", "UV_CACHE_DIR": str(tmp_path / "cache"), "DEB_PYTHON_INSTALL_LAYOUT": "deb"}
    command = [*usr.command, str(UV), "sync", "--quiet", "--locked", "--no-install-project", "--python", "/usr/bin/python3"]
    subprocess.run(command, cwd=project.folder, check=True, env={**os.environ, **plain})

    assert (True, False) == ("alpha-1.0.dist-info" in _of_apt(usr), "docs_tool-1.0.dist-info" in _of_apt(usr))


def _managed(python: Path) -> str:
    """Return the error that names the marker of `python`, with Debian's words on one line."""
    marker = debian.marker(python)
    words = " ".join(marker.read_text(encoding="utf-8").partition("Error=")[2].split())
    hint = (
        "Use actions/setup-python, set `python` to a virtual environment or,"
        " where breaking what manages it does not matter, set `allow-externally-managed: true`."
    )
    return f"title=python-unsuitable::{python} is externally managed (PEP 668). Its marker, {marker}, says: {words}\n{hint}"


@pytest.mark.parametrize("named", ["/usr", "/usr/bin/python3"])
def test_without_leave(debian_ci: Runner, usr: debian.Usr, named: str) -> None:
    """Debian's own Python is refused in Debian's words, and nothing is touched."""
    before = usr.new()

    outcome = debian_ci.sync(python=named)

    assert [_managed(debian.PYTHON)] == outcome.errors
    assert (1, False, before, []) == (outcome.returncode, outcome.published, usr.new(), usr.lost())


@needs_no_python
def test_without_a_python(debian_ci: Runner, usr: debian.Usr) -> None:
    """Debian without a `python`, which only python-is-python3 brings, is refused: the next step would not have one either."""
    usr.path("bin/python").unlink()
    before = usr.new()

    outcome = debian_ci.sync(python="/usr", **_ALLOWED)

    text = "`python` in the next step would be missing, not /usr/bin/python3."
    hint = "Make /usr/bin/python that interpreter, for example with a symbolic link."
    assert [f"title=python-unsuitable::{text}\n{hint}"] == outcome.errors
    assert (1, False, before, []) == (outcome.returncode, outcome.published, usr.new(), usr.lost())


def _command(usr: debian.Usr, project: Project, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [*usr.command, sys.executable, "-m", "uv_system_sync", "--python", "/usr/bin/python3", *options]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PATH": f"{UV.parent}:/usr/bin:/bin", **variables}
    return subprocess.run(command, cwd=project.folder, env=environ, capture_output=True, text=True, check=False)


def test_the_command(usr: debian.Usr, project: Project) -> None:
    """The command installs into Debian's Python, too, where nobody has to have a `python`."""
    usr.path("bin/python").unlink(missing_ok=True)

    refused, done = _command(usr, project), _command(usr, project, "--allow-externally-managed")

    hint = (
        "Set `--python` to another one, such as /usr/local in an image of Python, to a virtual environment or, where breaking what"
        " manages it does not matter, use `--allow-externally-managed`."
    )
    assert (5, True) == (refused.returncode, refused.stdout.endswith(f"{hint}\n")), refused
    assert (0, _LOCKED, _OF_APT, []) == (done.returncode, _beside(usr), _of_apt(usr), usr.lost()), done


def test_what_uv_has_noted_of_another_layout(usr: debian.Usr, project: Project, tmp_path: Path) -> None:
    """Where an earlier uv has noted Debian's Python as it is with `DEB_PYTHON_INSTALL_LAYOUT`, no sync removes apt's packages."""
    environ = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache")}
    command = [*usr.command, str(UV), "pip", "list", "--quiet", "--python", "/usr/bin/python3"]
    subprocess.run(command, check=True, env={**environ, "DEB_PYTHON_INSTALL_LAYOUT": "deb"})
    before = usr.new()

    refused = _command(usr, project, "--allow-externally-managed", UV_CACHE_DIR=environ["UV_CACHE_DIR"])

    assert 5 == refused.returncode, refused
    assert f"uv takes what is not in /usr/{BESIDE} for packages of /usr/bin/python3 that it may remove: " in refused.stdout
    assert (before, []) == (usr.new(), usr.lost())


@pytest.mark.usefixtures("python")
@pytest.mark.layout("a virtual environment of Debian's own Python")
@pytest.mark.parametrize("options", [(), ("--system-site-packages",)], ids=["alone", "with apt's packages"])
def test_a_virtual_environment(debian_ci: Runner, usr: debian.Usr, tmp_path: Path, options: tuple[str, ...]) -> None:
    """A virtual environment of Debian's Python is the user's own, even one that sees apt's packages."""
    environment = virtual_environment(Path("/usr"), tmp_path / "venv", *options)

    outcome = debian_ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert ([], _OF_APT, []) == (_beside(usr), _of_apt(usr), usr.lost())
    assert "alpha 1.0\n" == debian_ci.next_step(outcome, *usr.command, "alpha")
    asked = "import alpha, importlib.util, sys; print(sys.prefix, alpha.__version__, importlib.util.find_spec('docs_tool') is not None)"
    assert f"{environment} 1.0 {bool(options)}\n" == debian_ci.next_step(outcome, *usr.command, "python", "-c", asked)


def test_an_image_with_a_python_of_its_own(debian_ci: Runner, usr: debian.Usr) -> None:
    """In an image such as python:3, whose Python is in /usr/local, that one can be synced, and Debian's behind it cannot."""
    found()[-1].copy(usr.path("local"))

    behind, own = debian_ci.sync(python="/usr", **_ALLOWED), debian_ci.sync(python="/usr/local")

    text = "`python` in the next step would be /usr/local/bin/python, not /usr/bin/python3."
    hint = "Set `python` to /usr/local/bin/python, if that one is meant: it is in the folder that gets the scripts of /usr/bin/python3."
    assert [f"title=python-unsuitable::{text}\n{hint}"] == behind.errors
    assert 0 == own.returncode, own.log
    assert (["/usr/local/bin"], [], _OF_APT, []) == (own.paths, _beside(usr), _of_apt(usr), usr.lost())
    assert "alpha 1.0\n" == debian_ci.next_step(own, *usr.command, "alpha")


@needs_pypy
def test_debians_pypy(debian_ci: Runner, usr: debian.Usr) -> None:
    """Debian's PyPy is marked, and even where that does not matter uv would take the other Python that is in /usr."""
    before = usr.new()

    marked, allowed = debian_ci.sync(python="/usr/bin/pypy3"), debian_ci.sync(python="/usr/bin/pypy3", **_ALLOWED)

    assert [_managed(debian.PYPY)] == marked.errors
    text = "/usr/bin/pypy3 is installed in /usr, where uv would use /usr/bin/python3."
    hint = "Name the Python that uv would use there, or make a virtual environment of the one that you mean."
    assert [f"title=python-unsuitable::{text}\n{hint}"] == allowed.errors
    assert (before, []) == (usr.new(), usr.lost())


@pytest.mark.layout("a virtual environment of Debian's own Python")
@pytest.mark.parametrize("python", [python for python in pypys() if python.prefix == Path("/usr")], ids=lambda python: python.name)
def test_a_virtual_environment_of_debians_pypy(bare_ci: Runner, tmp_path: Path, python: Python) -> None:
    """A virtual environment of Debian's PyPy is synced, and runs the step."""
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

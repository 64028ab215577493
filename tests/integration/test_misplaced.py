"""Environments that uv would delete, and packages that install files in places reserved for Python itself."""

from __future__ import annotations

import re
import secrets
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.failures import assert_failed
from tests.support.layouts import everything, virtual_environment, watched_build
from tests.support.projects import CAN_CHECK, Project
from tests.support.step import Runner
from tools.shared import wheels
from tools.shared.pythons import Python


def made_with(environment: Path, version: str) -> None:
    """Edit `environment` to look as if Python `version` had created it and had been upgraded since."""
    file = environment / "pyvenv.cfg"
    file.write_text(re.sub("(?m)^version = .*", f"version = {version}", file.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.fixture
def environment(target: Path, tmp_path: Path) -> Path:
    """A virtual environment that contains a file of the user's."""
    folder = virtual_environment(target, tmp_path / "venv")
    (folder / "kept").touch()
    # uv creates this file in every environment that it inspects.
    (folder / ".lock").touch()
    return folder


@pytest.mark.parametrize("version", ["3.12.0", "3.1", "3", "3.99.0rc1"])
@pytest.mark.parametrize(
    "inputs", [{}, {"inexact": "true"}, pytest.param({"check": "true"}, marks=CAN_CHECK)], ids=["exact", "inexact", "check"]
)
def test_an_environment_whose_python_was_updated_is_an_error_and_stays_as_it_is(
    ci: Runner, environment: Path, version: str, inputs: dict[str, str]
) -> None:
    made_with(environment, version)
    before = everything(environment)

    outcome = ci.sync(python=str(environment), **inputs)

    file = str(environment / "pyvenv.cfg")
    assert_failed(outcome, "python-unsuitable", f"{file} names Python {version}", f"`python -m venv --upgrade {environment}`")
    assert before == everything(environment)


def test_an_environment_that_was_upgraded_as_the_error_says_is_synced(ci: Runner, environment: Path, target: Path) -> None:
    made_with(environment, "3.1.0")
    subprocess.run([target / "bin" / "python3", "-m", "venv", "--without-pip", "--upgrade", environment], check=True)

    outcome = ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert (environment / "kept").exists()


@pytest.mark.parametrize(
    "lines", ["version_info = {minor}.0.final.0", "version = {minor}", "version = {version}.0", "VERSION = 3.1", ""], ids=str.split
)
def test_an_environment_that_uv_keeps_is_synced(ci: Runner, environment: Path, python_version: str, lines: str) -> None:
    """Examples are environments from virtualenv and environments that do not name a version."""
    file = environment / "pyvenv.cfg"
    named = lines.format(version=python_version, minor=python_version.rpartition(".")[0])
    file.write_text(re.sub("(?m)^version = .*", named, file.read_text(encoding="utf-8")), encoding="utf-8")

    outcome = ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert (environment / "kept").exists()


@pytest.fixture
def python_version(target: Path) -> str:
    """The version of the target."""
    return target.parent.name


def lock_wheel(folder: Path, name: str, files: dict[str, str], *dependencies: str) -> Project:
    """Return a project that locks a wheel `name` with a module and `files`."""
    # uv's cache is keyed by the path of the wheel, and an earlier test run may have used the same path for a different wheel.
    project = Project(folder / secrets.token_hex(4), dependencies=(name, *dependencies)).write()
    content = {f"{name}.py": "", **{f"{name}-1.0.data/{path}": text for path, text in files.items()}}
    (project.folder / "wheels" / wheels.file_name(name, "1.0")).write_bytes(wheels.wheel(name, "1.0", content))
    return project.lock()


CONFIG = "home = /nowhere\nversion = 3.1.0\n"


@pytest.mark.parametrize("place", ["pyvenv.cfg", "bin/pyvenv.cfg"])
def test_a_wheel_that_makes_the_python_a_virtual_environment_is_named_and_the_file_taken_back(
    ci: Runner, tmp_path: Path, target: Path, place: str
) -> None:
    """Otherwise the next sync would delete the Python, or `python` would start without its standard library."""
    scheme = {"bin/pyvenv.cfg": "scripts/pyvenv.cfg"}.get(place, f"data/{place}")
    ci.cwd = lock_wheel(tmp_path / "evil", "evil", {scheme: CONFIG}).folder

    outcomes = [ci.sync(), ci.sync()]

    for outcome in outcomes:
        assert_failed(outcome, "sync-failed", f"{target / place} (evil)", "The change was undone")
        assert not (target / place).exists()


def test_a_wheel_that_replaces_the_file_of_a_virtual_environment_is_named_and_the_file_restored(
    ci: Runner, tmp_path: Path, environment: Path
) -> None:
    ci.cwd = lock_wheel(tmp_path / "evil", "evil", {"data/pyvenv.cfg": CONFIG}).folder
    before = (environment / "pyvenv.cfg").read_bytes()

    outcome = ci.sync(python=str(environment))

    assert_failed(outcome, "sync-failed", f"{environment / 'pyvenv.cfg'} (evil)")
    assert before == (environment / "pyvenv.cfg").read_bytes()


def test_the_file_is_restored_too_if_a_build_changes_it(ci: Runner, tmp_path: Path, project: Project, environment: Path) -> None:
    watched_build(project, tmp_path / "notes")
    backend = project.folder / "backend.py"
    backend.write_text(f"open({str(environment / 'pyvenv.cfg')!r}, 'w').close()\n{backend.read_text(encoding='utf-8')}", encoding="utf-8")
    config = environment / "pyvenv.cfg"
    config.write_bytes(config.read_bytes().replace(b"\n", b"\r\n"))
    before = config.read_bytes()

    outcome = ci.sync(python=str(environment))

    assert_failed(outcome, "sync-failed", f"{config} (no RECORD names it)")
    assert before == config.read_bytes()


@pytest.mark.parametrize(
    "row",
    [
        *("../../../bin/python3", "../os.py", "../../../lib64/{python}/os.py", "../../../lib64/{python}/site-packages/alpha.py"),
        *("../../../bin/{python}", "alpha-1.0.dist-info/METADATA"),
    ],
)
def test_the_repair_of_a_package_with_a_record_of_its_own_making_removes_nothing_else(
    ci: Runner, target: Path, site_packages: Path, row: str
) -> None:
    """An earlier step may have installed such a package."""
    (target / "lib64").symlink_to("lib")
    ci.sync()
    path = row.format(python=site_packages.parent.name)
    (site_packages / "ghost-1.0.dist-info").mkdir()
    (site_packages / "ghost-1.0.dist-info" / "RECORD").write_text(f"{path},,\n", encoding="utf-8")

    outcome = ci.sync()

    assert (0, True) == (outcome.returncode, (site_packages / path).exists()), outcome.log
    assert not (site_packages / "ghost-1.0.dist-info").exists()
    assert "alpha 1.0\n" == ci.next_step(outcome, "alpha")


# Each file as a wheel contains it, and where it is installed; `{python}` is for example `python3.12`, and `{zip}` `python312`.
MISPLACED = {
    "standard-library": ("data/lib/{python}/glob.py", "lib/{python}/glob.py"),
    "new-module-of-the-standard-library": ("data/lib/{python}/sitecustomize.py", "lib/{python}/sitecustomize.py"),
    "extension-module": ("data/lib/{python}/lib-dynload/_x.so", "lib/{python}/lib-dynload/_x.so"),
    "by-another-name": ("data/lib64/{python}/json/scanner.py", "lib/{python}/json/scanner.py"),
    "standard-library-as-a-zip-file": ("data/lib/{zip}.zip", "lib/{zip}.zip"),
    "shared-library": ("data/lib/libc.so.6", "lib/libc.so.6"),
    "shared-library-for-a-processor": ("data/lib/glibc-hwcaps/x86-64-v2/libz.so.1", "lib/glibc-hwcaps/x86-64-v2/libz.so.1"),
    "metadata-of-another-package": ("purelib/ghost-1.0.dist-info/RECORD", "lib/{python}/site-packages/ghost-1.0.dist-info/RECORD"),
}


@pytest.fixture
def names(python: Python) -> dict[str, str]:
    """The parts of file names that depend on the Python version."""
    return {"python": python.stdlib.name, "zip": python.stdlib.name.replace(".", "")}


@pytest.mark.parametrize("case", MISPLACED)
def test_a_wheel_with_files_for_python_itself_is_named_and_taken_back(
    ci: Runner, tmp_path: Path, target: Path, names: dict[str, str], case: str
) -> None:
    in_wheel, place = (path.format(**names) for path in MISPLACED[case])
    (target / "lib64").symlink_to("lib")
    ci.cwd = lock_wheel(tmp_path / "evil", "evil", {in_wheel: "raise SystemExit('EVIL')\n"}).folder

    outcomes = [ci.sync()] * (1 if place.endswith((".py", ".zip")) else 2)

    for outcome in outcomes:
        assert_failed(outcome, "sync-failed", f"{target / place} (evil)", "The change was undone")
        assert "EVIL" not in outcome.log
    assert not (target / place).exists()
    assert not list(target.glob("lib/*/site-packages/evil*"))


@pytest.mark.parametrize("place", ["scripts/python3", "scripts/{python}", "data/bin/{python}", "data/bin/python3.99", "scripts/pypy3"])
def test_python_runs_after_a_wheel_that_would_replace_its_program(
    ci: Runner, tmp_path: Path, target: Path, names: dict[str, str], place: str
) -> None:
    """Many versions of uv refuse such a wheel themselves."""
    before = {path.name: path.read_bytes() for path in (target / "bin").glob("py*")}
    ci.cwd = lock_wheel(tmp_path / "evil", "evil", {place.format(**names): "#!/bin/sh\n"}).folder

    outcome = ci.sync()

    assert_failed(outcome, "sync-failed", "evil")
    assert before == {path.name: path.read_bytes() for path in (target / "bin").glob("py*")}
    assert "1\n" == subprocess.run([target / "bin" / "python3", "-c", "print(1)"], capture_output=True, text=True, check=True).stdout


def test_a_package_that_claims_files_of_python_takes_none_of_them_with_it(
    ci: Runner, tmp_path: Path, target: Path, names: dict[str, str]
) -> None:
    """A uv that copies the wheel's RECORD unchanged removes these files with the package."""
    project = lock_wheel(tmp_path / "evil", "evil", {})
    path = project.folder / "wheels" / wheels.file_name("evil", "1.0")
    with zipfile.ZipFile(path) as wheel:
        contents = {name: wheel.read(name) for name in wheel.namelist()}
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in contents.items():
            wheel.writestr(name, content + (b"../os.py,,\n" if name.endswith("/RECORD") else b""))
    (project.folder / "uv.lock").unlink()
    folders = (project.lock().folder, ci.cwd)

    for ci.cwd in folders:
        ci.sync()

    assert (target / "lib" / names["python"] / "os.py").exists()
    assert not list(target.glob("lib/*/site-packages/evil*"))


INNOCENT = (
    *("data/etc/tool/tool.conf", "data/share/man/man1/tool.1", "data/share/jupyter/kernels/x/kernel.json", "data/include/tool.h"),
    *("headers/tool.h", "data/LICENSE", "data/lib/pkgconfig/tool.pc", "data/bin/tool", "scripts/python-argcomplete-tcsh"),
    *("purelib/tool.libs/libtool.so.1", "platlib/other.py", "data/lib/{python}/site-packages/third.py", "scripts/pythonize"),
)


def test_a_wheel_with_other_files_for_the_prefix_is_installed(ci: Runner, tmp_path: Path, target: Path, names: dict[str, str]) -> None:
    files = {path.format(**names): "#!python\n" for path in INNOCENT}
    ci.cwd = lock_wheel(tmp_path / "tool", "tool", files).folder

    outcomes = [ci.sync(), ci.sync()]

    assert [0, 0] == [outcome.returncode for outcome in outcomes], outcomes[0].log
    assert (target / "etc" / "tool" / "tool.conf").exists()


def test_shared_libraries_of_which_the_system_has_none_are_installed(ci: Runner, tmp_path: Path, target: Path) -> None:
    """Wheels of numerical packages install their libraries in this folder."""
    ci.cwd = lock_wheel(tmp_path / "tool", "tool", {"data/lib/libtool_core.so.2": "", "data/lib/libtool_core.so": ""}).folder

    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert (target / "lib" / "libtool_core.so.2").exists()


def test_shared_libraries_that_no_other_program_loads_are_installed(ci: Runner, tmp_path: Path, environment: Path) -> None:
    """LD_LIBRARY_PATH names the folder of the Python that the environment was created from."""
    ci.cwd = lock_wheel(tmp_path / "tool", "tool", {"data/lib/libtool.so.1": ""}).folder

    outcome = ci.sync(python=str(environment))

    assert 0 == outcome.returncode, outcome.log
    assert (environment / "lib" / "libtool.so.1").exists()


def test_what_a_failed_build_has_written_into_modules_is_not_run_by_the_step(
    ci: Runner, tmp_path: Path, project: Project, target: Path, python: Python
) -> None:
    """PyPy may already have loaded the modules that explain a failure."""
    watched_build(project, tmp_path / "notes")
    program = f"""
import glob, os
for path in glob.glob({str(target)!r} + "/lib/*/**/*.py", recursive=True):
    with open(path + ".new", "w") as file:
        file.write("open({str(tmp_path / "ran")!r}, 'a')")
    os.replace(path + ".new", path)
os._exit(3)
"""
    (project.folder / "backend.py").write_text(program, encoding="utf-8")

    outcome = ci.sync()

    assert not (tmp_path / "ran").exists(), outcome.log
    assert "Traceback" not in outcome.log
    refusal = ["uv-system-sync cannot explain it", "was changed while uv or a build ran"]
    assert_failed(outcome, "sync-failed", *(refusal if python.implementation == "cpython" else []))

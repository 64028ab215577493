"""The action's steps on Windows' own Python and uv, in Wine: what hosted runners prove, without one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import wine
from tests.support.projects import Project
from tests.support.wine import Machine, WindowsRunner, named
from tools.shared.runner_files import StepFiles

pytestmark = [
    pytest.mark.skipif(not wine.is_here(), reason=wine.HOW),
    pytest.mark.skipif("TESTED_UV" in os.environ, reason="another uv is tested than that of Windows"),
]

# Of no code page of Windows.
_FOLDER = "self test ☃"

# Starts what follows in a console of its own and presses Ctrl+C there once the file exists, as the runner does it
# (actions/runner, src/Runner.Sdk/ProcessInvoker.cs); then ends the program that the file names.
_CTRL_C = r"""
import ctypes, os, subprocess, sys, time
process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, creationflags=subprocess.CREATE_NO_WINDOW)
deadline = time.monotonic() + 20
while not os.path.exists(sys.argv[1]) and time.monotonic() < deadline:
    time.sleep(0.05)
kernel = ctypes.windll.kernel32
kernel.FreeConsole(), kernel.AttachConsole(process.pid), kernel.SetConsoleCtrlHandler(None, True), kernel.GenerateConsoleCtrlEvent(0, 0)
try:
    process.wait(5)
finally:
    process.kill()
    os.kill(int(open(sys.argv[1]).read()), 9)
sys.stdout.buffer.write(process.stdout.read1(1 << 20))
sys.stdout.flush()
os._exit(process.returncode)
"""

# Starts a program without a console that holds all that it can, as compilers' servers do, says its id, and waits.
_BACKEND = r"""
import os, subprocess, sys, time

left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"], creationflags=subprocess.DETACHED_PROCESS, close_fds=False)
with open("begun.partial", "w") as file:
    file.write(str(left.pid))
os.rename("begun.partial", "begun")
time.sleep(20)
"""


# Tells later steps something, and keeps what it has written from being removed: one file is read-only, another one open.
_INTRUDER = r"""
import os, subprocess, sys, time

with open(ENV, "a") as file:
    file.write("INTRUDED=1\n")
os.chmod(ENV, 0o444)
hold = "import sys, time; file = open(sys.argv[1], 'a'); file.write('intruded'); file.flush(); time.sleep(8)"
elsewhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
subprocess.Popen([sys.executable, "-c", hold, PATH], creationflags=subprocess.DETACHED_PROCESS, **elsewhere)
while not os.path.getsize(PATH):
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a Windows with uv."""
    machine = Machine(tmp_path_factory.mktemp("windows"))
    try:
        yield machine.start()
    finally:
        machine.end()


@pytest.fixture
def ci(machine: Machine, tmp_path: Path) -> WindowsRunner:
    """Give a runner in a locked project, after setup-python."""
    project = Project(tmp_path / _FOLDER).write().lock()
    (tmp_path / "runner").mkdir()
    prefix = wine.python(tmp_path / "hostedtoolcache" / "windows" / "Python" / "3.12.9" / "x64")
    return WindowsRunner(machine, StepFiles.create(tmp_path / "runner"), project.folder, prefix)


@pytest.fixture
def mark(ci: WindowsRunner) -> Path:
    """Give the file that marks a sync that has not ended."""
    return ci.prefix / "Lib" / "site-packages" / ".uv-system-sync-unfinished"


def _built_by(backend: str, ci: WindowsRunner) -> None:
    """Have the project built by `backend`."""
    (ci.cwd / "backend.py").write_text(backend, encoding="utf-8")
    document = (ci.cwd / "pyproject.toml").read_text(encoding="utf-8").replace('["uv_build"]', "[]")
    document = document.replace('"uv_build"', '"backend"\nbackend-path = ["."]')
    (ci.cwd / "pyproject.toml").write_text(document, encoding="utf-8")


def _slow(ci: WindowsRunner) -> Path:
    """Have the project take long to build, and return the file that says that this has begun."""
    _built_by(_BACKEND, ci)
    return ci.cwd / "begun"


def test_sync(ci: WindowsRunner, mark: Path) -> None:
    """The project is installed, later steps get that Python and its launchers by name, and a second run has nothing to do."""
    found = ci.step("uv")
    first = ci.step("sync")
    second = ci.step("sync", check="true")

    assert (0, {"install": "false"}) == (found.returncode, found.outputs)
    assert (0, 0, "true", "false") == (first.returncode, second.returncode, first.outputs["changed"], second.outputs["changed"]), first.log
    assert [named(ci.prefix), named(ci.prefix / "Scripts")] == first.paths
    assert not mark.exists()
    executable = named(ci.prefix / "python.exe")
    assert {"UV_PROJECT_ENVIRONMENT": named(ci.prefix), "UV_PYTHON": executable, "UV_PYTHON_PREFERENCE": "system"} == first.env
    assert (executable, named(ci.prefix)) == (first.outputs["python-path"], first.outputs["environment"])
    assert "alpha 1.0" == ci.next_step(first, "alpha").strip()
    (ci.cwd / "who.py").write_text("import sample_project, sys; print(sys.executable, ascii(sample_project.__file__))", encoding="utf-8")
    module = named(ci.cwd / "src" / "sample_project" / "__init__.py")
    assert f"{executable} {module!a}" == ci.next_step(first, "python", "who.py").strip()


def test_virtual_environment(ci: WindowsRunner, tmp_path: Path) -> None:
    """An existing virtual environment is synced into, where its Python and its scripts are in one folder."""
    python = named(ci.prefix / "python.exe")
    ci.machine.run(named(ci.machine.folder / "uv" / "uv.exe"), "venv", "--python", python, named(tmp_path / "venv"))
    outcome = ci.step("sync", python=named(tmp_path / "venv"))

    assert 0 == outcome.returncode, outcome.log
    assert [named(tmp_path / "venv" / "Scripts")] == outcome.paths
    assert named(tmp_path / "venv") == outcome.env["VIRTUAL_ENV"]
    assert "alpha 1.0" == ci.next_step(outcome, "alpha").strip()


def test_uv_lock_that_is_missing(ci: WindowsRunner) -> None:
    """What went wrong is told in words that the system's code page does not have, and later steps get nothing."""
    (ci.cwd / "uv.lock").unlink()
    outcome = ci.step("sync")

    folder = named(ci.cwd)
    expected = (
        f"title=lock-missing,file={folder}\\pyproject.toml,line=1::There is no uv.lock in {folder}.\n"
        "Run `uv lock` there and commit uv.lock; check that .gitignore does not name it."
    )
    assert (1, [expected], False) == (outcome.returncode, outcome.errors, outcome.published)


def test_files_of_the_runner_that_are_missing(ci: WindowsRunner) -> None:
    """The first step tells, in such words, too, that it cannot tell what comes next."""
    outcome = ci.step("uv", environ={"GITHUB_OUTPUT": r"Z:\nowhere ☃\output"})

    expected = (
        r"title=runner-unusable::`GITHUB_OUTPUT` is 'Z:\\nowhere ☃\\output', which cannot be written: No such file or directory."
        "\nRun the action on a runner of GitHub Actions, and leave its files writable."
    )
    assert (1, [expected]) == (outcome.returncode, outcome.errors)


def test_build_that_speaks_to_the_runner(ci: WindowsRunner) -> None:
    """What a build has written to the runner's files is undone, where it cannot be removed, too."""
    env, path = named(ci.files.env), named(ci.files.path)
    _built_by(f"ENV, PATH = {env!r}, {path!r}\n{_INTRUDER}", ci)
    outcome = ci.step("sync")

    expected = (
        f"title=runner-unusable::While uv ran, something wrote to {env}, {path}, which only this step may write to. It was undone.\n"
        "Find out which package's build did it: it tried to change what later steps get."
    )
    assert (1, [expected], False) == (outcome.returncode, outcome.errors, outcome.published)


def test_cancellation(ci: WindowsRunner, mark: Path) -> None:
    """A step that is cancelled ends at once and says so, whatever its build has left running; the next one looks at every file."""
    begun = _slow(ci)
    outcome = ci.step("sync", "-c", _CTRL_C, named(begun))

    assert begun.exists()
    expected = "title=cancelled::The step was cancelled; uv was ended and no later step sees a result of it.\nRun the job again."
    assert (1, [expected], False) == (outcome.returncode, outcome.errors, outcome.published)
    assert mark.exists()


def test_two_steps_at_once(ci: WindowsRunner, tmp_path: Path) -> None:
    """One step alone changes a Python; another one waits for its end as long as uv would."""
    begun = _slow(ci)
    other = WindowsRunner(ci.machine, StepFiles.create(_made(tmp_path / "other")), ci.cwd, ci.prefix)
    with ci.begin("sync", environ={}) as process:
        deadline = time.monotonic() + 20
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        outcome = other.step("sync", environ={"UV_LOCK_TIMEOUT": "1"}, no_install_project="true")
        process.kill()

    prefix = named(ci.prefix)
    assert f"Waiting for another step to end its sync of {prefix}\n" in outcome.log
    expected = (
        f"title=python-unsuitable::{prefix} is being synced by another step, which has not ended for 1 s.\n"
        "Give each job a Python of its own, or set `UV_LOCK_TIMEOUT` to more seconds."
    )
    assert (1, [expected]) == (outcome.returncode, outcome.errors)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder

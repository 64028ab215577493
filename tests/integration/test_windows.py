"""The action's steps with the Windows builds of Python and uv, in Wine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import wine
from tests.support.failures import assert_failed
from tests.support.projects import Project
from tests.support.wine import Machine, WindowsRunner, named
from tools.shared.runner_files import StepFiles

pytestmark = [
    pytest.mark.skipif(not wine.is_here(), reason=wine.HOW),
    pytest.mark.skipif("TESTED_UV" in os.environ, reason="another uv is tested than that of Windows"),
]

# Characters outside every Windows code page.
_FOLDER = "self test ☃"

# Starts the rest of its arguments as a program in a new console and, once the file exists, presses Ctrl+C there, as the runner does
# (actions/runner, src/Runner.Sdk/ProcessInvoker.cs); then ends the program named in the file.
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

# Starts a program without a console that inherits all handles, as compiler servers do, writes its process ID, and waits.
_BACKEND = r"""
import os, subprocess, sys, time

left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"], creationflags=subprocess.DETACHED_PROCESS, close_fds=False)
with open("begun.partial", "w") as file:
    file.write(str(left.pid))
os.rename("begun.partial", "begun")
time.sleep(20)
"""

# Writes to files of the runner and tries to prevent the restore: one file is read-only, another is kept open.
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
    """A Windows machine with uv."""
    machine = Machine(tmp_path_factory.mktemp("windows"))
    try:
        yield machine.start()
    finally:
        machine.end()


@pytest.fixture
def ci(machine: Machine, tmp_path: Path) -> WindowsRunner:
    """A runner in a locked project, after setup-python."""
    project = Project(tmp_path / _FOLDER).write().lock()
    (tmp_path / "runner").mkdir()
    prefix = wine.python(tmp_path / "hostedtoolcache" / "windows" / "Python" / "3.12.9" / "x64")
    return WindowsRunner(machine, StepFiles.create(tmp_path / "runner"), project.folder, prefix)


@pytest.fixture
def unfinished(ci: WindowsRunner) -> Path:
    """The file that an unfinished sync leaves behind."""
    return ci.prefix / "Lib" / "site-packages" / ".uv-system-sync-unfinished"


def _built_by(backend: str, ci: WindowsRunner) -> None:
    """Use `backend` to build the project."""
    (ci.cwd / "backend.py").write_text(backend, encoding="utf-8")
    document = (ci.cwd / "pyproject.toml").read_text(encoding="utf-8").replace('["uv_build"]', "[]")
    document = document.replace('"uv_build"', '"backend"\nbackend-path = ["."]')
    (ci.cwd / "pyproject.toml").write_text(document, encoding="utf-8")


def _slow(ci: WindowsRunner) -> Path:
    """Make the project's build slow, and return the file that exists once the build has started."""
    _built_by(_BACKEND, ci)
    return ci.cwd / "begun"


def test_a_sync_gives_later_steps_the_python_and_its_launchers_and_a_check_succeeds(ci: WindowsRunner, unfinished: Path) -> None:
    first = ci.step("sync")
    second = ci.step("sync", check="true")

    assert (0, 0, "true", "false") == (first.returncode, second.returncode, first.outputs["changed"], second.outputs["changed"]), first.log
    assert [named(ci.prefix), named(ci.prefix / "Scripts")] == first.paths
    assert not unfinished.exists()
    executable = named(ci.prefix / "python.exe")
    same_python = {"UV_PROJECT_ENVIRONMENT": named(ci.prefix), "UV_PYTHON": executable, "UV_PYTHON_PREFERENCE": "system"}
    assert {**same_python, "UV_NO_SYNC": "1"} == first.env
    assert (executable, named(ci.prefix)) == (first.outputs["python-path"], first.outputs["environment"])
    assert "alpha 1.0" == ci.next_step(first, "alpha").strip()
    (ci.cwd / "who.py").write_text("import sample_project, sys; print(sys.executable, ascii(sample_project.__file__))", encoding="utf-8")
    module = named(ci.cwd / "src" / "sample_project" / "__init__.py")
    assert f"{executable} {module!a}" == ci.next_step(first, "python", "who.py").strip()


def test_a_virtual_environment_is_synced(ci: WindowsRunner, tmp_path: Path) -> None:
    """Its Python and its scripts share one folder."""
    python = named(ci.prefix / "python.exe")
    ci.machine.run(named(ci.machine.folder / "uv" / "uv.exe"), "venv", "--python", python, named(tmp_path / "venv"))
    outcome = ci.step("sync", python=named(tmp_path / "venv"))

    assert 0 == outcome.returncode, outcome.log
    assert [named(tmp_path / "venv" / "Scripts")] == outcome.paths
    assert named(tmp_path / "venv") == outcome.env["VIRTUAL_ENV"]
    assert "alpha 1.0" == ci.next_step(outcome, "alpha").strip()


def test_an_error_may_have_letters_that_the_code_page_lacks(ci: WindowsRunner) -> None:
    (ci.cwd / "uv.lock").unlink()
    outcome = ci.step("sync")

    folder = named(ci.cwd)
    assert_failed(outcome, "lock-missing", rf",file={folder}\pyproject.toml,line=1::", f" {folder}.")


def test_a_file_of_the_runner_that_cannot_be_written_is_an_error(ci: WindowsRunner) -> None:
    outcome = ci.step("sync", environ={"GITHUB_OUTPUT": r"Z:\nowhere ☃\output"})

    assert_failed(outcome, "runner-unusable", r"Z:\nowhere ☃\output", "No such file or directory")


def test_what_a_build_writes_to_the_runners_files_is_undone(ci: WindowsRunner) -> None:
    """Files that cannot be replaced are restored too."""
    env, path = named(ci.files.env), named(ci.files.path)
    _built_by(f"ENV, PATH = {env!r}, {path!r}\n{_INTRUDER}", ci)
    outcome = ci.step("sync")

    assert_failed(outcome, "runner-unusable", env, path)


def test_a_cancelled_step_ends_at_once_whatever_its_build_has_left_running(ci: WindowsRunner, unfinished: Path) -> None:
    """The next step checks every file."""
    begun = _slow(ci)
    outcome = ci.step("sync", "-c", _CTRL_C, named(begun))

    assert begun.exists()
    assert_failed(outcome, "cancelled")
    assert unfinished.exists()


def test_a_step_waits_for_another_one_as_long_as_uv_would(ci: WindowsRunner, tmp_path: Path) -> None:
    begun = _slow(ci)
    other = WindowsRunner(ci.machine, StepFiles.create(_made(tmp_path / "other")), ci.cwd, ci.prefix)
    with ci.begin("sync", environ={}) as process:
        deadline = time.monotonic() + 20
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        outcome = other.step("sync", environ={"UV_LOCK_TIMEOUT": "1"}, no_install_project="true")
        process.kill()

    prefix = named(ci.prefix)
    assert 1 == sum(line.startswith("Waiting ") and prefix in line for line in outcome.log.splitlines())
    assert_failed(outcome, "python-unsuitable", prefix, "1 s", "`UV_LOCK_TIMEOUT`")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder

"""The actions' entry points: the scripts of action.yml, run as the runner runs them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tomli
import yaml

from tests.support import write_program
from tools.shared import ROOT
from tools.shared.runner_files import StepFiles

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has signals, and starts a text file")

# A uv that prints its version, and installs our dependencies as a link to those of the tests.
_FAKE_UV = (
    "import os, shutil, sys",
    "if sys.argv[1] == '--version': sys.exit(print('uv 0.13.9'))",
    "folder = sys.argv[sys.argv.index('--target') + 1]",
    "for name in ('actions_toolkit', 'packaging', *(['tomli'] if sys.version_info < (3, 11) else [])):",
    f"    source = os.path.join({str(Path(tomli.__file__).parents[1])!r}, name)",
    "    shutil.copytree(source, os.path.join(folder, name), ignore=shutil.ignore_patterns('__pycache__'))",
)


def _start(runner: StepFiles, action: Path = ROOT, **environ: str) -> subprocess.Popen[str]:
    """Run the step's script with the interpreter and flags from action.yml; `action` is the folder of the action."""
    step = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][0]
    script = runner.env.parent / "script.py"
    script.write_text(step["run"], encoding="utf-8")
    flags = step["shell"].split()[1:-1]
    system = {name: value for name, value in os.environ.items() if name == "SYSTEMROOT"}
    return subprocess.Popen(
        [sys.executable, *flags, str(script)],
        env={**system, "GITHUB_ACTION_PATH": str(action), **runner.environ, **environ},
        cwd=runner.env.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def _run(runner: StepFiles, action: Path = ROOT, **environ: str) -> tuple[int, str]:
    with _start(runner, action, **environ) as process:
        log, _ = process.communicate(timeout=30)
    return (process.returncode, log)


def _copy(folder: Path, module: str = "", *lines: str) -> Path:
    """Return a copy of the action in `folder`, without byte code, and with `lines` appended to `module`."""
    action = folder / "action"
    for name in ("src", "requirements"):
        shutil.copytree(ROOT / name, action / name, ignore=shutil.ignore_patterns("__pycache__"))
    if module:
        with (action / "src" / "uv_system_sync" / module).open("a", encoding="utf-8") as file:
            file.writelines(f"\n{line}" for line in (*lines, ""))
    return action


def _annotation(line: str) -> tuple[str, str]:
    """Return the properties and text of an error annotation."""
    empty, command, text = line.split("::", 2)
    assert ("", True) == (empty, command.startswith("error "))
    return command.removeprefix("error "), text


def test_a_missing_uv_is_one_annotation(runner: StepFiles, tmp_path: Path) -> None:
    """There is no index from which pip could install it."""
    status, log = _run(runner, PATH=str(tmp_path), PIP_CONFIG_FILE=os.devnull, PIP_NO_INDEX="1")

    assert (1, "title=uv-unavailable", 1) == (status, _annotation(log)[0], log.count("\n"))
    assert (True, []) == (runner.hand_nothing_on(), [path for path in runner.temp.iterdir() if path.suffix != ".json"])


@pytest.mark.parametrize("temp", ["", "gone/☃"], ids=["not-set", "missing-folder"])
def test_without_a_temporary_folder_the_runner_is_unusable(runner: StepFiles, temp: str) -> None:
    status, log = _run(runner, PATH="", RUNNER_TEMP=temp)
    properties, text = _annotation(log)

    assert (1, "title=runner-unusable", True) == (status, properties, repr(temp) in text)


@posix
def test_a_relative_temporary_folder_is_found_from_everywhere(runner: StepFiles, tmp_path: Path) -> None:
    """The folder of our dependencies, which is below it, is added to `sys.path`."""
    write_program(tmp_path / "bin" / "uv", *_FAKE_UV)
    _, log = _run(runner, PATH=str(tmp_path / "bin"), RUNNER_TEMP=runner.temp.name, UV_SYSTEM_SYNC_GROUPS="--no")

    assert "title=invalid-input" == _annotation(log)[0]


@pytest.mark.parametrize(
    "version", ["latest", "banana", "0.13 or so", "-r evil.txt", "uv==1", ">=0.12 ; python_version > '3'", "@ https://h/w"]
)
def test_a_version_of_uv_that_is_none_is_an_error_before_anything_is_installed(runner: StepFiles, tmp_path: Path, version: str) -> None:
    status, log = _run(runner, PATH=str(tmp_path), PIP_NO_INDEX="1", UV_SYSTEM_SYNC_UV_VERSION=version)
    properties, text = _annotation(log)

    assert (1, "title=invalid-input", True) == (status, properties, repr(version) in text)


@posix
@pytest.mark.parametrize(
    ("name", "value", "slug"),
    [
        pytest.param("PYTHON", "missing/☃", "python-not-found", id="during-the-run"),
        pytest.param("FROZEN", "maybe", "invalid-input", id="before-the-run"),
    ],
)
def test_an_error_is_an_annotation_an_exit_status_and_a_job_summary(
    runner: StepFiles, tmp_path: Path, name: str, value: str, slug: str
) -> None:
    write_program(tmp_path / "bin" / "uv", *_FAKE_UV)
    status, log = _run(runner, ROOT, PATH=str(tmp_path / "bin"), **{f"UV_SYSTEM_SYNC_{name}": value})
    properties, text = _annotation(log)

    assert (1, f"title={slug}", True) == (status, properties, value in text)
    assert slug in runner.summary.read_text(encoding="utf-8")


@posix
def test_credentials_are_masked_before_anything_else_is_logged(runner: StepFiles, tmp_path: Path) -> None:
    write_program(tmp_path / "bin" / "uv", *_FAKE_UV)
    _, log = _run(runner, PATH=str(tmp_path / "bin"), UV_INDEX_URL="https://me:s3cret@host/simple", RUNNER_DEBUG="1")

    assert "::add-mask::s3cret" == log.splitlines()[0]


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        pytest.param("raise ValueError('50%::error::no')", "ValueError: 50%25::error::no", id="exception"),
        pytest.param("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'", id="broken-checkout"),
        pytest.param("raise RecursionError", "RecursionError: ", id="without-a-message"),
        pytest.param("raise ValueError('one\\ntwo')", "ValueError: one%0Atwo", id="several-lines"),
    ],
)
def test_an_unexpected_exception_is_an_annotation_with_the_traceback_in_a_group(
    runner: StepFiles, tmp_path: Path, program: str, reason: str
) -> None:
    action = _copy(tmp_path, "uv/provision.py", program)
    status, log = _run(runner, action, PATH=str(tmp_path))
    opening, first, *rest, closing, annotation = log.splitlines()
    properties, text = _annotation(annotation)

    assert (1, "title=internal-error", True) == (status, properties, reason in text)
    assert ("::group::Details", "Traceback (most recent call last):", "::endgroup::") == (opening, first.removeprefix("| "), closing)
    assert any(program in line for line in rest)
    assert [] == [line for line in rest if line.startswith("::")]
    assert runner.hand_nothing_on()


@posix
def test_an_unexpected_exception_in_the_middle_of_a_run_reports_python_uv_and_project(runner: StepFiles, tmp_path: Path) -> None:
    action = _copy(tmp_path, "interpreter/sync_lock.py", "def hold(*_): raise ValueError")
    write_program(tmp_path / "bin" / "uv", *_FAKE_UV)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "sample"\n', encoding="utf-8")
    (tmp_path / "uv.lock").touch()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    inputs = {"UV_SYSTEM_SYNC_PYTHON": str(tmp_path / "venv"), "UV_SYSTEM_SYNC_WORKING_DIRECTORY": str(tmp_path)}
    status, _ = _run(runner, action, PATH=str(tmp_path / "bin"), **inputs)
    report = json.loads(next(runner.temp.glob("*.json")).read_text(encoding="utf-8"))

    assert (1, "failure", "internal-error") == (status, report["outcome"], report["error"]["kind"])
    assert (str(tmp_path / "venv"), "0.13.9", "sample") == (report["python"]["environment"], report["uv"], report["project"]["name"])
    assert all(fact in runner.summary.read_text(encoding="utf-8") for fact in (str(tmp_path / "venv"), "0.13.9", "sample"))


def test_a_machine_that_has_run_out_of_something_is_no_bug(runner: StepFiles, tmp_path: Path) -> None:
    action = _copy(tmp_path, "uv/provision.py", "import errno", "raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))")
    status, log = _run(runner, action, PATH=str(tmp_path))
    properties, text = _annotation(log)

    assert (1, "title=runner-unusable", True) == (status, properties, os.strerror(errno.EMFILE) in text)


@posix
@pytest.mark.parametrize(("check", "is_kept"), [("true", False), ("false", True)], ids=["check", "sync"])
def test_byte_code_of_our_modules_is_kept_except_by_a_check(runner: StepFiles, tmp_path: Path, check: str, *, is_kept: bool) -> None:
    """Byte code makes the next sync faster. A check writes byte code only for modules imported before the inputs are read."""
    action = _copy(tmp_path)
    write_program(tmp_path / "bin" / "uv", *_FAKE_UV)
    _run(runner, action, PATH=str(tmp_path / "bin"), UV_SYSTEM_SYNC_CHECK=check)
    found = {path.name.partition(".")[0] for path in action.rglob("*.pyc")}

    assert ("__main__" in found, is_kept, is_kept) == (True, "errors" in found, "provision" in found)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["first-signal", "second-signal"])
@pytest.mark.parametrize("delay", [0, 0.5], ids=["while-modules-are-imported", "while-uv-is-waited-for"])
def test_either_signal_of_the_runner_stops_uv_and_then_the_step(
    runner: StepFiles, tmp_path: Path, number: signal.Signals, delay: float
) -> None:
    started = tmp_path / "started"
    program = ("import os, sys, time", "if sys.argv[1] == '--version': sys.exit(print('uv 0.13.9'))")
    write_program(tmp_path / "bin" / "uv", *program, f"open({str(started)!r}, 'w').write(str(os.getpid()))", "time.sleep(30)")
    with _start(runner, PATH=str(tmp_path / "bin")) as process:
        while process.poll() is None and not (started.exists() and started.read_text(encoding="utf-8")):
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(number)
        log, _ = process.communicate(timeout=20)

    assert (1, "title=cancelled", 1) == (process.returncode, _annotation(log)[0], log.count("\n"))
    assert runner.are_empty()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text(encoding="utf-8")), 0)

"""The front door: the scripts of action.yml, run as the runner runs them."""

from __future__ import annotations

import errno
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

from tests.support import touch, write_program
from tools.shared import ROOT
from tools.shared.runner_files import StepFiles, read_outputs

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has signals, and starts a text file")

_UV = "uv.exe" if os.name == "nt" else "uv"


def _start(runner: StepFiles, step: str, action: Path = ROOT, **environ: str) -> subprocess.Popen[str]:
    """Start the script of the step `step` with the interpreter and the flags that action.yml names; `action` is the action's own folder."""
    steps = {step["id"]: step for step in yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]}
    script = runner.env.parent / "script.py"
    script.write_text(steps[step]["run"], encoding="utf-8")
    flags = steps[step]["shell"].split()[1:-1]
    system = {name: value for name, value in os.environ.items() if name == "SYSTEMROOT"}
    return subprocess.Popen(
        [sys.executable, *flags, str(script)],
        env={**system, "GITHUB_ACTION_PATH": str(action), **runner.environ, **environ},
        cwd=runner.env.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def _run(runner: StepFiles, step: str, action: Path = ROOT, **environ: str) -> tuple[int, str]:
    with _start(runner, step, action, **environ) as process:
        log, _ = process.communicate(timeout=30)
    return (process.returncode, log)


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        pytest.param(_UV, "", "false", id="uv-is-there"),
        pytest.param(_UV, "0.13.9", "true", id="a-version-is-asked-for"),
        pytest.param("other", "", "true", id="no-uv"),
    ],
)
def test_find(runner: StepFiles, tmp_path: Path, name: str, version: str, expected: str) -> None:
    """The first step says whether uv has to be installed, and nothing else."""
    touch(tmp_path / "bin", name)

    assert (0, "") == _run(runner, "uv", PATH=str(tmp_path / "bin"), UV_SYSTEM_SYNC_UV_VERSION=version)
    assert {"install": expected} == read_outputs(runner.output)


def test_find_without_its_file(runner: StepFiles, tmp_path: Path) -> None:
    """Where the runner's file cannot be written, the first step says so."""
    missing = tmp_path / "gone" / "output"
    status, log = _run(runner, "uv", PATH="", GITHUB_OUTPUT=str(missing))

    assert 1 == status
    assert (
        f"::error title=runner-unusable::`GITHUB_OUTPUT` is {str(missing)!r}, which cannot be written: No such file or directory."
        "%0ARun the action on a runner of GitHub Actions, and leave its files writable.\n"
    ) == log


def test_sync_without_uv(runner: StepFiles, tmp_path: Path) -> None:
    """An error before the wheels are there is an annotation and an exit status, and no traceback."""
    status, log = _run(runner, "sync", PATH=str(tmp_path))
    hint = "Use action.yml of this action unchanged, or install uv in an earlier step."

    assert (1, f"::error title=uv-unavailable::There is no uv on PATH.%0A{hint}\n", True) == (status, log, runner.hand_nothing_on())


@posix
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param("PYTHON", "missing/☃", "python-not-found::`python` is missing/☃, which does not exist.", id="of-the-story"),
        pytest.param("FROZEN", "maybe", "invalid-input::`frozen` is 'maybe', which is neither true nor false.", id="before-it"),
    ],
)
def test_sync_that_fails(runner: StepFiles, tmp_path: Path, name: str, value: str, said: str) -> None:
    """An error once the wheels are there is an annotation, the step's exit status, and a job summary."""
    wheels = str(Path(tomli.__file__).parents[1])
    program = ("import os, sys", "folder = sys.argv[sys.argv.index('--target') + 1]", "os.rmdir(folder)", f"os.symlink({wheels!r}, folder)")
    write_program(tmp_path / "bin" / "uv", *program)
    status, log = _run(runner, "sync", ROOT, PATH=str(tmp_path / "bin"), **{f"UV_SYSTEM_SYNC_{name}": value})

    assert (1, True) == (status, log.startswith(f"::error title={said}%0A"))
    assert said.partition("::")[0] in runner.summary.read_text(encoding="utf-8")


def _copy(folder: Path) -> Path:
    """Return a copy of the action in `folder`, without byte code."""
    shutil.copytree(ROOT / "src", folder / "action" / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "action"


_REPORT = "Report it, please, with the log of this step: https://github.com/org/uv-system-sync/issues"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        pytest.param("raise ValueError('50%::error::no')", "ValueError: 50%25::error::no", id="a-bug"),
        pytest.param("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'", id="a-broken-checkout"),
        pytest.param("raise RecursionError", "RecursionError: ", id="no-words"),
        pytest.param("raise ValueError('one\\ntwo')", "ValueError: one%0Atwo", id="several-lines"),
    ],
)
def test_bug(runner: StepFiles, tmp_path: Path, program: str, said: str) -> None:
    """An exception that nobody foresaw is an annotation that asks to report it, with the traceback in a group of the log."""
    action = _copy(tmp_path)
    (action / "src" / "uv_system_sync" / "uv.py").write_text(f"{program}\n", encoding="utf-8")
    status, log = _run(runner, "sync", action, PATH=str(tmp_path))
    opening, first, *rest, closing, annotation = log.splitlines()

    assert (1, True) == (status, runner.hand_nothing_on())
    assert ("::group::Details", "| Traceback (most recent call last):", "::endgroup::") == (opening, first, closing)
    assert [] == [line for line in rest if not line.startswith("| ")]
    assert any(f"| {program}" in line.replace("    ", "") for line in rest)
    assert f"::error title=internal-error::uv-system-sync has a bug: {said}%0A{_REPORT}" == annotation


def test_exhausted(runner: StepFiles, tmp_path: Path) -> None:
    """A machine that has run out of something is no bug, and the annotation says of what."""
    action = _copy(tmp_path)
    (action / "src" / "uv_system_sync" / "uv.py").write_text("import errno, os\nraise OSError(errno.EMFILE, os.strerror(errno.EMFILE))\n")
    expected = (
        f"::error title=runner-unusable::The runner has run out of something: [Errno {errno.EMFILE}] Too many open files."
        "%0AFree it; `df -h`, `df -i` and `ulimit -a` in a step tell what there is.\n"
    )

    assert (1, expected) == _run(runner, "sync", action, PATH=str(tmp_path))


@pytest.mark.parametrize(
    ("check", "expected"), [pytest.param("true", set(), id="check"), pytest.param("false", {"bootstrap", "errors", "uv"}, id="sync")]
)
def test_byte_code(runner: StepFiles, tmp_path: Path, check: str, expected: set[str]) -> None:
    """A check leaves no byte code but that of the entrance, and a sync all of it, which makes the next one faster."""
    action = _copy(tmp_path)
    _run(runner, "sync", action, PATH=str(tmp_path), UV_SYSTEM_SYNC_CHECK=check)
    found = {path.name.partition(".")[0] for path in action.rglob("*.pyc")}

    assert {"__main__"} <= found
    assert expected == found & {"bootstrap", "errors", "uv"}


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["first-signal", "second-signal"])
def test_cancelled(runner: StepFiles, tmp_path: Path, number: signal.Signals) -> None:
    """Either of the signals that the runner sends ends uv, and then the step with an annotation."""
    started = tmp_path / "started"
    write_program(tmp_path / "bin" / "uv", "import os, time", f"open({str(started)!r}, 'w').write(str(os.getpid()))", "time.sleep(30)")
    with _start(runner, "sync", PATH=str(tmp_path / "bin")) as process:
        while process.poll() is None and not (started.exists() and started.read_text(encoding="utf-8")):
            time.sleep(0.01)
        process.send_signal(number)
        log, _ = process.communicate(timeout=20)
    expected = "::error title=cancelled::The step was cancelled; uv was ended and no later step sees a result of it.%0ARun the job again.\n"

    assert (1, expected, True) == (process.returncode, log, runner.are_empty())
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text(encoding="utf-8")), 0)

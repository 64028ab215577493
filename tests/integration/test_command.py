"""The command as a package: built and installed by the real uv, and run in a plain shell's environment."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest
import tomli

from tests.support import program
from tests.support.projects import CAN_CHECK, Project, since
from tools.shared import ROOT
from tools.shared.action_steps import NETWORK
from tools.shared.pythons import Python, found
from tools.shared.uv import LOCKED_UV, UV

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the copies have the layout of POSIX")


# How long anything may take that has to happen, in seconds.
_PATIENCE = 20


@dataclass(frozen=True)
class Shell:
    """A shell in the folder `cwd`, with the command installed in `venv`."""

    venv: Path
    cwd: Path
    search_path: str
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """What a container has, and how this machine reaches an index: nothing of GitHub."""
        machine = {name: value for name, value in os.environ.items() if name.upper().startswith(("HOME", "XDG_", "UV_CACHE_DIR", *NETWORK))}
        return {**machine, "PATH": self.search_path, **self.environ}

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the command with `options`; both streams are pipes of their own."""
        return self.program(self.venv / "bin" / "uv-system-sync", *options)

    def program(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run any program."""
        return subprocess.run(
            words, cwd=self.cwd, env=self.variables, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
        )


def _uv(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([UV, *arguments], check=False, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command as a wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command: list[str | Path] = [LOCKED_UV, "build", "--quiet", "--wheel", "--offline", "--out-dir", folder, ROOT]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A virtual environment of the oldest Python with the wheel and what it requires, from uv's cache or else an index."""
    folder = tmp_path_factory.mktemp("command") / "venv"
    made = _uv("venv", "--quiet", "--python", found()[0].prefix / "bin" / "python3", folder)
    assert 0 == made.returncode, made.stderr
    if _install(wheel, folder, "--offline").returncode:
        installed = _install(wheel, folder)
        assert 0 == installed.returncode or "Failed to fetch" in installed.stderr, installed.stderr
        if installed.returncode:
            pytest.skip(f"packaging and tomli are not in uv's cache, and there is no index: {installed.stderr}")
    return folder


def _install(wheel: Path, venv: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return _uv("pip", "install", "--quiet", *options, "--python", venv, wheel)


def _programs(folder: Path, *names: str) -> Path:
    """Return `folder` with the programs of `names` of this machine, and nothing else of it."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with uv and a few programs, for PATH: what else this machine has, its Pythons above all, is out of reach.

    The two for paths are what uv's own scripts need.
    """
    folder = _programs(tmp_path / "tools", "bash", "dirname", "head", "realpath")
    for name in ("uv", "uvx"):
        (folder / name).symlink_to(UV.with_name(name))
    return folder


@pytest.fixture
def shell(venv: Path, project: Project, target: Path, tools: Path) -> Shell:
    """A shell that has, first on PATH, the target."""
    return Shell(venv, project.folder, f"{target}/bin:{tools}")


def test_what_is_installed(venv: Path) -> None:
    """The command brings packaging and tomli, and nothing of the runner."""
    listed = _uv("pip", "list", "--format", "json", "--python", venv).stdout
    imported = subprocess.run([venv / "bin" / "python", "-c", "import actions_toolkit"], check=False, capture_output=True, text=True)

    assert ["packaging", "tomli", "uv-system-sync"] == [package["name"] for package in json.loads(listed)]
    assert (1, True) == (imported.returncode, "No module named 'actions_toolkit'" in imported.stderr)


def test_version(shell: Shell) -> None:
    """The version is that of pyproject.toml, and nowhere else."""
    version = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    completed = shell.run("--version")

    assert (0, "", f"uv-system-sync {version}\n") == (completed.returncode, completed.stderr, completed.stdout)
    assert [] == [path for path in (ROOT / "src").rglob("*.py") if version in path.read_text(encoding="utf-8")]


def test_help(shell: Shell) -> None:
    """Help is answered on standard output, without a look at anything."""
    completed = Shell(shell.venv, shell.cwd, "").run("--help")

    assert (0, "") == (completed.returncode, completed.stderr)
    assert completed.stdout.startswith("usage: uv-system-sync [options] [-- options of uv sync]\n")


@pytest.mark.parametrize("python", found(), ids=lambda python: python.minor)
def test_sync(shell: Shell, target: Path, python: Python) -> None:
    """Without an option the Python on PATH is synced, the first line says so, and no escape goes into a pipe."""
    completed = shell.run()
    first, second, *_, last = completed.stdout.splitlines()

    assert (0, "") == (completed.returncode, completed.stderr), completed.stdout
    assert f"The Python is {target}/bin/python, because it is the one on PATH; `--python` names another one." == first
    assert second.startswith(f"Python {python.version} at {target}, uv ")
    assert "\x1b" not in completed.stdout
    assert last.startswith("5 packages: 4 installed in ")
    alpha = subprocess.run([target / "bin" / "alpha"], check=True, capture_output=True, text=True).stdout
    assert "alpha 1.0\n" == alpha


def test_module(shell: Shell) -> None:
    """`python -m uv_system_sync` is the same command."""
    completed = shell.program(shell.venv / "bin" / "python", "-m", "uv_system_sync", "--extra", "nope")
    same = shell.run("--extra", "nope")

    assert (3, same.stdout) == (completed.returncode, completed.stdout)


@CAN_CHECK
def test_nothing_to_do(shell: Shell) -> None:
    """A second run changes nothing, and so a check succeeds; before the first one it fails with its own status."""
    before = shell.run("--check")
    shell.run()
    after = shell.run()

    assert 10 == before.returncode
    assert before.stdout.endswith(
        "error: `--check`, and the environment is not what uv.lock says.\n"
        "hint: Run the command without `--check` to install what is missing and remove what is not in the lock.\n"
    )
    assert (0, True) == (after.returncode, "5 packages: nothing changed in " in after.stdout)
    assert 0 == shell.run("--check").returncode


def test_selection(shell: Shell, target: Path) -> None:
    """Lists are given as uv takes them, once for each name, and what follows `--` is uv's."""
    completed = shell.run("--python", str(target), "--extra", "docs", "--group", "lint", "--no-dev", "--", "--no-install-package", "beta")
    names = {path.name.partition("-")[0] for path in target.glob("lib/python*/site-packages/*.dist-info")}

    assert 0 == completed.returncode, completed.stdout
    assert {"alpha", "docs_tool", "lint_tool", "sample_project"} == names - {"pip"}


@pytest.fixture
def other(python: Python, tmp_path: Path) -> Path:
    """Another Python, which PATH does not lead to."""
    return python.copy(tmp_path / "other python")


def _how_to_put(other: Path, found: Path) -> str:
    return f"""`python` on PATH is {found}/bin/python; for this one: export PATH='{other}/bin':"$PATH\""""


def test_explicit_python_off_path(shell: Shell, target: Path, other: Path) -> None:
    """A Python that PATH does not lead to is synced all the same, and a line says how to put it there."""
    completed = shell.run("--python", str(other))

    assert 0 == completed.returncode, completed.stdout
    assert _how_to_put(other, target) == completed.stdout.splitlines()[-1]


@pytest.fixture
def uvx(wheel: Path, venv: Path) -> list[str]:
    """The words that run the wheel with uvx, on the Python for which all that it requires is in the cache."""
    assert venv.is_dir()
    return ["uvx", "--quiet", "--offline", "--python", str(found()[0].prefix / "bin" / "python3"), "--from", str(wheel), "uv-system-sync"]


@since("0.6.0", "`UV`, by which uvx says that it has put its own environment on PATH,")
def test_uvx(shell: Shell, target: Path, other: Path, uvx: list[str]) -> None:
    """Under uvx, which puts an environment of its own first on PATH, `python` is still the one of the user's shell."""
    named = shell.program(*uvx, "--python", str(other))
    default = shell.program(*uvx)

    assert (0, 0) == (named.returncode, default.returncode), named.stdout + named.stderr + default.stdout + default.stderr
    assert _how_to_put(other, target) == named.stdout.splitlines()[-1]
    assert (
        f"The Python is {target}/bin/python, because it is the one on PATH; `--python` names another one." == default.stdout.splitlines()[0]
    )
    assert default.stdout.splitlines()[-1].startswith("5 packages: 4 installed in ")


_JSON_KEYS = {
    "success": ["schema", "outcome", "python", "uv", "project", "packages", "changes", "removed", "repaired", "timings"],
    "failure": ["schema", "outcome", "python", "uv", "project", "error"],
}


@pytest.mark.parametrize("outcome", _JSON_KEYS)
def test_json(shell: Shell, project: Project, outcome: str) -> None:
    """With `--json` standard output is the report that docs/report.md describes, and standard error all else."""
    if outcome == "failure":
        (project.folder / "uv.lock").unlink()
    completed = shell.run("--json")
    report = json.loads(completed.stdout)

    assert _JSON_KEYS[outcome] == list(report)
    assert (1, outcome) == (report["schema"], report["outcome"])
    assert (outcome == "success") == (completed.returncode == 0)
    assert completed.stderr.startswith("The Python is ")


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        pytest.param(["--extra", "nope"], 3, "`--extra` holds `nope`", id="invalid-input"),
        pytest.param(["--all-extras", "--extra", "docs"], 3, "`--all-extras` contradicts `--extra docs`.", id="contradiction"),
        pytest.param(["--", "--locked", "--upgrade"], 3, "After `--` is `--locked`, which the command decides itself.", id="owned"),
        pytest.param(["--python", "/nowhere"], 4, "`--python` is /nowhere, which does not exist.", id="python-not-found"),
        pytest.param(["--python", "/bin/ls"], 5, "/bin/ls does not answer like a Python", id="python-unsuitable"),
        pytest.param(["--working-directory", "/nowhere"], 3, "`--working-directory` is /nowhere, which is not a folder.", id="no-folder"),
    ],
)
def test_error(shell: Shell, options: list[str], status: int, message: str) -> None:
    """An error has a status for its kind, a line with the fact and one with the next step, in the words of a shell."""
    completed = shell.run(*options)
    error, hint = (line for line in completed.stdout.splitlines() if line.startswith(("error: ", "hint: ")))

    assert (status, "") == (completed.returncode, completed.stderr), completed.stdout
    assert error.startswith(f"error: {message}")
    assert hint.startswith("hint: ")


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        pytest.param(lambda project: (project.folder / "uv.lock").unlink(), 8, "There is no uv.lock in ", id="lock-missing"),
        pytest.param(
            lambda project: project.pyproject.write_text(project.pyproject.read_text().replace("alpha<2", "alpha<1.5")),
            9,
            "uv.lock is outdated: ",
            id="lock-outdated",
        ),
        pytest.param(
            lambda project: project.pyproject.write_text("[project"), 7, "pyproject.toml is not valid TOML: ", id="project-invalid"
        ),
    ],
)
def test_error_of_the_project(shell: Shell, project: Project, change: object, status: int, message: str) -> None:
    """What is wrong with the project has a status of its own, too."""
    assert callable(change)
    change(project)
    completed = shell.run()

    assert status == completed.returncode, completed.stdout
    assert [] != [line for line in completed.stdout.splitlines() if line.startswith(f"error: {message}")]


def test_old_uv(shell: Shell, tmp_path: Path) -> None:
    """A uv that is too old is refused with the words of a shell."""
    fake = program(tmp_path / "old" / "uv", "#!/bin/sh", "echo uv 0.6.9")
    completed = Shell(shell.venv, shell.cwd, f"{fake.parent}:{shell.search_path}").run("--check")
    message = f"`--check` needs uv 0.6.10 or newer, and {fake} is uv 0.6.9."

    assert (11, [f"error: {message}", "hint: Put a newer uv first on PATH."]) == (completed.returncode, completed.stdout.splitlines()[-2:])


def test_no_uv(shell: Shell, target: Path) -> None:
    """Without uv the hint says how to get it."""
    completed = Shell(shell.venv, shell.cwd, f"{target}/bin").run("--python", str(target))

    assert (11, "error: There is no uv on PATH.\nhint: Install it first, for example with `pip install uv`.\n") == (
        completed.returncode,
        completed.stdout,
    )


def test_wrong_option(shell: Shell) -> None:
    """An option that is none is argparse's to refuse."""
    completed = shell.run("--extras", "docs")
    usage = "usage: uv-system-sync [options] [-- options of uv sync]\nuv-system-sync: error: "

    assert (2, "", f"{usage}unrecognized arguments: --extras docs\n") == (completed.returncode, completed.stdout, completed.stderr)


@pytest.mark.parametrize("active", [True, False], ids=["active", "on-path-alone"])
def test_virtual_environment_on_path(
    shell: Shell, tmp_path: Path, target: Path, listing: Callable[[Path], object], *, active: bool
) -> None:
    """A virtual environment that is first on PATH is not taken for granted, and stays as it is; by its name it is a target."""
    place = tmp_path / "env"
    subprocess.run([target / "bin" / "python3", "-m", "venv", "--without-pip", place], check=True)
    environ = {"VIRTUAL_ENV": str(place)} if active else {}
    before = listing(place)
    inside = Shell(shell.venv, shell.cwd, f"{place}/bin:{shell.search_path}", environ)
    completed = inside.run()
    expected = (
        f"The Python is {place}/bin/python, because it is the one on PATH; `--python` names another one.\n"
        f"error: The `python` on PATH is {place}/bin/python, in the virtual environment {place}.\n"
        f"hint: Say that this one is meant, `--python {place}`, or another one, such as `--python /usr/local`.\n"
    )

    assert (5, expected, before) == (completed.returncode, completed.stdout, listing(place))
    assert 0 == inside.run("--python", str(place)).returncode


def test_own_environment_on_path(shell: Shell) -> None:
    """The environment of the command itself is never the default, and stays as it is."""
    completed = Shell(shell.venv, shell.cwd, f"{shell.venv}/bin:{shell.search_path}").run("--inexact")

    assert 5 == completed.returncode
    assert completed.stdout.endswith(
        f"error: The `python` on PATH is {shell.venv}/bin/python, which runs uv-system-sync itself.\n"
        "hint: Name the one meant, such as `--python /usr/local`.\n"
    )


def test_own_environment_as_target(shell: Shell) -> None:
    """A sync that would remove the command itself is refused before anything changes."""
    completed = shell.run("--python", str(shell.venv))

    assert 5 == completed.returncode
    assert f"error: uv-system-sync is itself installed in {shell.venv}, from where the sync would remove it.\n" in completed.stdout
    assert 0 == shell.run("--version").returncode


_SLOW = """\
import fcntl, time

started = open({started!r}, "w")
fcntl.flock(started, fcntl.LOCK_EX)
print("started", file=started, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_cancelled(shell: Shell, project: Project, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl+C, or `docker stop`, ends uv and the build that it has started, and then the command with one line and a status of its own."""
    started = tmp_path / "started"
    document = project.pyproject.read_text(encoding="utf-8").replace('requires = ["uv_build"]', 'requires = []\nbackend-path = ["."]')
    project.pyproject.write_text(document.replace('build-backend = "uv_build"', 'build-backend = "slow"'), encoding="utf-8")
    (project.folder / "slow.py").write_text(_SLOW.format(started=str(started)), encoding="utf-8")
    with subprocess.Popen(
        [shell.venv / "bin" / "uv-system-sync"],
        cwd=shell.cwd,
        env=shell.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        _wait_for(lambda: process.poll() is not None or (started.exists() and bool(started.read_text(encoding="utf-8"))))
        process.send_signal(number)
        printed, _ = process.communicate(timeout=_PATIENCE)

    assert (130, "error: It was cancelled, and uv was ended. Run it again.") == (process.returncode, printed.splitlines()[-1]), printed
    assert "Traceback" not in printed
    with started.open(encoding="utf-8") as file:
        # Whoever has the lock still lives.
        _wait_for(lambda: _lock(file))


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def _lock(file: IO[str]) -> bool:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("options", ["", "--json --verbose 2>&1"], ids=["log", "json"])
def test_closed_pipe(shell: Shell, target: Path, options: str) -> None:
    """Where nobody reads more than the first line, the sync goes on to its end without a word."""
    line = f"'{shell.venv}/bin/uv-system-sync' {options} | head -n 1; exit ${{PIPESTATUS[0]}}"
    completed = shell.program("bash", "-c", line)

    assert (0, "", 1) == (completed.returncode, completed.stderr, len(completed.stdout.splitlines())), completed.stdout
    assert (target / "bin" / "alpha").exists()


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_answer_that_nobody_reads(shell: Shell, option: str) -> None:
    """A question whose answer goes nowhere is no failure."""
    completed = shell.program("bash", "-c", f"'{shell.venv}/bin/uv-system-sync' {option} | true; exit ${{PIPESTATUS[0]}}")

    assert (0, "", "") == (completed.returncode, completed.stdout, completed.stderr)


def test_verbose(shell: Shell) -> None:
    """More is told of uv's variables, and none of it is of the command's own making."""
    completed = Shell(shell.venv, shell.cwd, shell.search_path, {"UV_NO_DEV": "1", "UV_SYSTEM_SYNC_CHECK": "true"}).run("--verbose")

    assert 0 == completed.returncode, completed.stdout
    assert "UV_NO_DEV is dropped: the inputs decide what is selected\n" in completed.stdout
    assert "UV_SYSTEM_SYNC_" not in completed.stdout


def test_on_a_runner(shell: Shell, tmp_path: Path) -> None:
    """In a step of a workflow, too, the command writes none of the runner's files, and reads no input of an action."""
    names = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
    files = {name: tmp_path / name for name in names}
    for file in files.values():
        file.touch()
    (tmp_path / "temp").mkdir()
    environ = {**{name: str(file) for name, file in files.items()}, "RUNNER_TEMP": str(tmp_path / "temp"), "UV_SYSTEM_SYNC_PYTHON": "/x"}
    on_runner = Shell(shell.venv, shell.cwd, shell.search_path, environ)
    statuses = [on_runner.run(*options).returncode for options in ([], ["--python", "/nowhere"])]

    assert [0, 4] == statuses
    assert ({""}, []) == ({file.read_text() for file in files.values()}, list((tmp_path / "temp").iterdir()))


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [pytest.param({"TERM": "xterm"}, True, id="terminal"), pytest.param({"TERM": "xterm", "NO_COLOR": "1"}, False, id="no-color")],
)
def test_colours(shell: Shell, environ: dict[str, str], *, coloured: bool) -> None:
    """At a terminal both uv's lines and ours have colours, unless the user wants none."""
    import pty

    printed: list[bytes] = []
    for options in ([], ["--extra", "nope"]):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [shell.venv / "bin" / "uv-system-sync", *options],
            cwd=shell.cwd,
            env={**shell.variables, **environ},
            stdout=theirs,
            stderr=theirs,
        ):
            os.close(theirs)
            text = b""
            while piece := _read(ours):
                text += piece
        os.close(ours)
        printed.append(text)

    assert [coloured, coloured] == [b"\x1b[" in text for text in printed]


def _read(descriptor: int) -> bytes:
    # Linux says that the other side is closed with an error.
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


def test_byte_code_as_the_user_wants(shell: Shell, tmp_path: Path) -> None:
    """PYTHONDONTWRITEBYTECODE, which images set, is heeded once the command line has been read."""
    environ = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path / "cache")}
    Shell(shell.venv, shell.cwd, shell.search_path, environ).run()
    found_code = {path.name.partition(".")[0] for path in (tmp_path / "cache").rglob("*.pyc")}

    assert "action" not in found_code, sys.version


_DOCUMENT = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", _DOCUMENT, re.MULTILINE | re.DOTALL)


def test_documented_languages() -> None:
    """Each block of docs/command.md is one that is run here or by test_images.py."""
    assert {"sh", "dockerfile", "gitlab"} == set(re.findall(r"^```(.+)$", _DOCUMENT, re.MULTILINE))


# What a line of a block needs of uv.
_LINES = {"--check": CAN_CHECK, "--no-build": since("0.12.6", "`--no-build` that takes an installed editable project as it is")}


def _marks(block: str) -> list[pytest.MarkDecorator]:
    return [mark for words, mark in _LINES.items() if words in block]


@pytest.mark.parametrize("block", [pytest.param(block, id=str(number), marks=_marks(block)) for number, block in enumerate(_blocks("sh"))])
def test_documented_commands(shell: Shell, tmp_path: Path, other: Path, uvx: list[str], block: str) -> None:
    """The shell's blocks in docs/command.md succeed, line by line, in a project that is synced; a copy stands for /usr/local."""
    shell.run()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv-system-sync").symlink_to(shell.venv / "bin" / "uv-system-sync")
    lines = block.replace("uvx uv-system-sync", shlex.join(uvx)).replace("/usr/local", shlex.quote(str(other)))
    search_path = f"{shell.search_path}:{tmp_path}/bin"
    completed = Shell(shell.venv, shell.cwd, search_path).program("bash", "-euxo", "pipefail", "-c", lines)

    assert 0 == completed.returncode, completed.stdout + completed.stderr


def test_documented_first_layer_of_a_workspace(tmp_path: Path, shell: Shell, target: Path) -> None:
    """With the members' pyproject.toml and no code, what docs/command.md says installs all but the members."""
    members = '\n[tool.uv.workspace]\nmembers = ["server"]\n[tool.uv.sources]\nserver = { workspace = true }\n'
    root = Project(tmp_path / "whole", dependencies=("server",), settings=members).write()
    server = Project(root.folder / "server", "server", ("alpha",), extras={}, groups={}).write().pyproject
    server.write_text(server.read_text(encoding="utf-8").partition("[[tool.uv.index]]")[0], encoding="utf-8")
    root.lock()
    for code in root.folder.rglob("src"):
        shutil.rmtree(code)
    inside = Shell(shell.venv, root.folder, shell.search_path)
    told = "-- --no-install-workspace"
    completed = inside.run(*told.split())
    names = {path.name.partition("-")[0] for path in target.glob("lib/python*/site-packages/*.dist-info")}

    assert f"`{told}`" in _DOCUMENT
    assert 0 == completed.returncode, completed.stdout
    assert {"alpha", "beta", "gamma"} == names - {"pip"}
    assert 12 == inside.run("--no-install-project").returncode

"""The command-line package, built and installed by the real uv and run in a shell's environment."""

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest
import tomli

from tests.support import program
from tests.support.projects import CAN_CHECK, CAN_DRY_RUN, Project, Wheel, since
from tools.shared import ROOT
from tools.shared.action_steps import NETWORK
from tools.shared.pythons import Python, found
from tools.shared.uv import LOCKED_UV, UV, is_at_least

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the copies have the layout of POSIX")


# Timeout for every wait, in seconds.
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
        """The variables of a container and those this machine needs to reach an index; none from GitHub Actions."""
        machine = {name: value for name, value in os.environ.items() if name.upper().startswith(("HOME", "XDG_", "UV_CACHE_DIR", *NETWORK))}
        return {**machine, "PATH": self.search_path, **self.environ}

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the command with `options`, on the Python on PATH unless they name one; its output streams are separate pipes."""
        return self.exactly(*([] if "--python" in options else ["--python", "python"]), *options)

    def exactly(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the command with exactly these `options`."""
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
    """A virtual environment of the oldest Python with the wheel and its dependencies, from uv's cache or an index."""
    folder = tmp_path_factory.mktemp("command") / "venv"
    made = _uv("venv", "--quiet", "--python", found()[0].prefix / "bin" / "python3", folder)
    assert 0 == made.returncode, made.stderr
    if _install_command(wheel, folder, "--offline").returncode:
        installed = _install_command(wheel, folder)
        assert 0 == installed.returncode or "Failed to fetch" in installed.stderr, installed.stderr
        if installed.returncode:
            pytest.skip(f"packaging and tomli are not in uv's cache, and there is no index: {installed.stderr}")
    return folder


def _install_command(wheel: Path, venv: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return _uv("pip", "install", "--quiet", *options, "--python", venv, wheel)


def _programs(folder: Path, *names: str) -> Path:
    """Return `folder`, filled with this machine's programs of these `names` and nothing else."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder to use as PATH: uv and a few programs, but none of this machine's Pythons.

    uv's script wrappers need two of these programs.
    """
    folder = _programs(tmp_path / "tools", "bash", "dirname", "head", "realpath")
    for name in ("uv", "uvx"):
        (folder / name).symlink_to(UV.with_name(name))
    return folder


@pytest.fixture
def shell(venv: Path, project: Project, target: Path, tools: Path) -> Shell:
    """A shell with the target first on PATH."""
    return Shell(venv, project.folder, f"{target}/bin:{tools}")


def test_the_package_requires_packaging_and_tomli_alone(venv: Path) -> None:
    listed = _uv("pip", "list", "--format", "json", "--python", venv).stdout
    imported = subprocess.run([venv / "bin" / "python", "-c", "import actions_toolkit"], check=False, capture_output=True, text=True)

    assert ["packaging", "tomli", "uv-system-sync"] == [package["name"] for package in json.loads(listed)]
    assert (1, True) == (imported.returncode, "No module named 'actions_toolkit'" in imported.stderr)


def test_the_version_is_that_of_pyproject_and_nowhere_else(shell: Shell) -> None:
    version = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    completed = shell.exactly("--version")

    assert (0, "", f"uv-system-sync {version}\n") == (completed.returncode, completed.stderr, completed.stdout)
    assert [] == [path for path in (ROOT / "src").rglob("*.py") if version in path.read_text(encoding="utf-8")]


def test_help_needs_neither_uv_nor_a_python(shell: Shell) -> None:
    completed = Shell(shell.venv, shell.cwd, "").exactly("--help")

    assert (0, "") == (completed.returncode, completed.stderr)
    assert completed.stdout.startswith("usage: uv-system-sync ")


@pytest.mark.parametrize("python", found(), ids=lambda python: python.minor)
def test_the_python_of_a_name_on_path_is_synced(shell: Shell, target: Path, python: Python) -> None:
    """The first line names the Python, and output to a pipe has no colours."""
    completed = shell.exactly("--python", "python")
    first, *_, last = completed.stdout.splitlines()

    assert (0, "") == (completed.returncode, completed.stderr), completed.stdout
    assert first.startswith(f"Python {python.version} at {target}, uv ")
    assert "\x1b" not in completed.stdout
    assert last.startswith("5 packages: 4 installed in ")
    alpha = subprocess.run([target / "bin" / "alpha"], check=True, capture_output=True, text=True).stdout
    assert "alpha 1.0\n" == alpha


def test_without_a_python_nothing_is_synced(shell: Shell, target: Path, python: Python, listing: Callable[[Path], object]) -> None:
    """The error lists the Pythons on PATH."""
    before = listing(target)
    completed = shell.exactly()
    error, hint = _error(completed)

    assert (4, before) == (completed.returncode, listing(target))
    assert ("`--python`" in error, f"`--python {target}`" in hint, f"`{target}` (Python {python.version})" in hint) == (True, True, True)


def test_a_version_is_the_python_on_path_that_has_it(shell: Shell, target: Path, python: Python) -> None:
    completed = shell.run("--python", python.minor)

    assert (0, True) == (completed.returncode, f" {target}," in completed.stdout.splitlines()[0]), completed.stdout
    assert 4 == shell.run("--python", "3.99").returncode


def test_the_module_is_the_same_command(shell: Shell) -> None:
    completed = shell.program(shell.venv / "bin" / "python", "-m", "uv_system_sync", "--python", "/nowhere")
    same = shell.run("--python", "/nowhere")

    assert (4, same.stdout) == (completed.returncode, completed.stdout)


@CAN_CHECK
def test_a_check_fails_before_the_first_sync_and_succeeds_after_it(shell: Shell) -> None:
    before = shell.run("--check")
    shell.run()
    after = shell.run()

    error, hint = _error(before)
    assert (10, True, True) == (before.returncode, "4 to install" in error, "Do not run `uv sync`" in hint), before.stdout
    assert before.stdout.splitlines()[-1] == hint
    assert (0, True) == (after.returncode, "5 packages: nothing changed in " in after.stdout)
    assert 0 == shell.run("--check").returncode


@CAN_CHECK
def test_a_package_that_is_not_in_the_lock_stays_unless_the_sync_is_exact(shell: Shell, target: Path, tmp_path: Path) -> None:
    """A locked package that is installed at another version is replaced either way."""
    others = [Wheel(name, "0.1").write(tmp_path / "others") for name in ("alpha", "other")]
    assert 0 == _uv("pip", "install", "--offline", "--no-deps", "--python", target / "bin" / "python3", *others).returncode

    kept = shell.run()
    checked, checked_exactly = shell.run("--check").returncode, shell.run("--check", "--exact").returncode
    exact = shell.run("--exact", "--yes")

    assert (0, True) == (kept.returncode, "Kept, although not in uv.lock: other 0.1" in kept.stdout), kept.stdout
    assert (True, False) == (" - alpha==0.1" in kept.stdout, " - other==0.1" in kept.stdout), kept.stdout
    assert (0, 10) == (checked, checked_exactly)
    assert (0, True) == (exact.returncode, " - other==0.1" in exact.stdout), exact.stdout


def _install(target: Path, folder: Path, *names: str) -> None:
    """Install version 0.1 of `names` in `target`."""
    wheels = [Wheel(name, "0.1").write(folder) for name in names]
    done = _uv("pip", "install", "--offline", "--no-deps", "--python", target / "bin" / "python3", *wheels)
    assert 0 == done.returncode, done.stderr


_PLAIN = {"NO_COLOR": "1"}


def _at_a_terminal(
    shell: Shell, *options: str, answer: str = "", until: bytes = b"[y/N] ", environ: Mapping[str, str] = _PLAIN
) -> tuple[int, str]:
    """Run the command at a new terminal and type `answer` once it shows `until`; return the exit status and everything shown."""
    import fcntl
    import pty
    import struct
    import termios

    status, terminal = pty.fork()
    if status == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 70, 0, 0))
        os.chdir(shell.cwd)
        command = [str(shell.venv / "bin" / "uv-system-sync"), "--python", "python", *options]
        os.execve(command[0], command, {**shell.variables, "TERM": "xterm", **environ})  # noqa: S606 - there is no shell in between: the child is already the one at the terminal
    printed = b""
    while piece := _read(terminal):
        printed += piece
        if answer and until in printed:
            os.write(terminal, answer.encode())
            answer = ""
    _, status = os.waitpid(status, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), printed.decode()


def _read(descriptor: int) -> bytes:
    # On Linux, reading from a terminal whose other end is closed is an error.
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


def _logged_uv(shell: Shell, folder: Path) -> tuple[Shell, Path]:
    """Return `shell` with a wrapper first on PATH that logs uv's arguments to a file, and that file."""
    log = folder / "uv.log"
    uv = program(folder / "logged" / "uv", "#!/bin/sh", f'echo "$@" >>{log}', f'exec {UV} "$@"')
    return Shell(shell.venv, shell.cwd, f"{uv.parent}:{shell.search_path}"), log


@CAN_DRY_RUN
@pytest.mark.parametrize(
    ("answer", "is_removed"),
    [
        pytest.param("y\n", True, id="yes"),
        pytest.param("n\n", False, id="no"),
        pytest.param("\n", False, id="empty"),
        pytest.param("\x04", False, id="end-of-input"),
        pytest.param("\x03", False, id="interrupt"),
    ],
)
def test_at_a_terminal_an_exact_sync_asks_before_it_removes(
    shell: Shell, target: Path, listing: Callable[[Path], object], answer: str, *, is_removed: bool
) -> None:
    """The changes are shown above the question."""
    _install(target, shell.cwd / "others", "alpha", "other", "setuptools")
    before = listing(target)
    status, printed = _at_a_terminal(shell, "--exact", answer=answer)

    assert (0 if is_removed else 130, is_removed) == (status, " - other==0.1" in printed), printed
    assert "packages-removed" not in printed
    shown, question = "Packages: 3 to install, 1 to update, ", "Remove other 0.1, which uv.lock does not have? [y/N] "
    assert 0 <= printed.index(shown) < printed.index(question), printed
    assert is_removed == (before != listing(target))


@CAN_DRY_RUN
def test_at_a_terminal_what_will_change_is_shown_without_a_question_if_nothing_else_is_removed(shell: Shell, target: Path) -> None:
    status, printed = _at_a_terminal(shell, "--exact")
    first, second, *_ = printed.splitlines()

    assert (0, True, "Packages: 4 to install") == (status, f" {target}, " in first, second), printed


@CAN_DRY_RUN
def test_without_a_terminal_an_exact_sync_removes_nothing_unless_told_to(
    shell: Shell, target: Path, tmp_path: Path, listing: Callable[[Path], object]
) -> None:
    """With `--yes`, there is no dry run."""
    _install(target, tmp_path / "others", "other")
    before = listing(target)
    logged, log = _logged_uv(shell, tmp_path)
    refused = logged.run("--exact")

    error, hint = _error(refused)
    assert (3, before) == (refused.returncode, listing(target)), refused.stdout
    assert ("`--exact`" in error, "other 0.1" in error, "`--yes`" in hint) == (True, True, True)
    log.unlink()
    assert 0 == logged.run("--exact", "--yes").returncode
    assert 1 == log.read_text(encoding="utf-8").count("sync ")
    assert not list(target.glob("lib/python*/site-packages/other-*"))


def test_without_a_terminal_a_sync_runs_uv_once(shell: Shell, tmp_path: Path) -> None:
    logged, log = _logged_uv(shell, tmp_path)

    assert 0 == logged.run().returncode
    assert ["--version", "sync"] == [line.partition(" ")[0] for line in log.read_text(encoding="utf-8").splitlines()]


@CAN_DRY_RUN
@pytest.mark.parametrize("frozen", [[], ["--frozen"]], ids=["locked", "frozen"])
def test_a_dry_run_succeeds_and_changes_nothing(
    shell: Shell, target: Path, tmp_path: Path, listing: Callable[[Path], object], frozen: list[str]
) -> None:
    _install(target, tmp_path / "others", "other")
    before = listing(target)
    completed = shell.run("--dry-run", "--exact", *frozen)
    *_, last = completed.stdout.splitlines()

    assert (0, before) == (completed.returncode, listing(target)), completed.stdout
    assert (True, True) == (" - other==0.1" in completed.stdout, " + alpha==1.0" in completed.stdout), completed.stdout
    assert "Packages: 4 to install, 1 to remove (other 0.1)" == last


@CAN_DRY_RUN
@pytest.mark.parametrize("options", [["--dry-run"], ["--exact"]])
def test_a_dry_run_that_fails_is_the_error_of_the_sync(shell: Shell, project: Project, options: list[str]) -> None:
    _edit(project, "alpha<2", "alpha<1.5")
    completed = shell.run(*options)

    assert (9, 1) == (completed.returncode, completed.stdout.count("needs to be updated")), completed.stdout


@pytest.mark.skipif(is_at_least("0.6.15"), reason="uv has a dry run of a locked sync since 0.6.15")
def test_an_older_uv_is_an_error_where_a_dry_run_is_needed(shell: Shell, target: Path, listing: Callable[[Path], object]) -> None:
    before = listing(target)

    assert [11, 11] == [shell.run(option).returncode for option in ("--dry-run", "--exact")]
    assert before == listing(target)
    assert 0 == shell.run("--exact", "--yes").returncode


def test_names_are_given_one_by_one_and_arguments_of_uv_after_two_dashes(shell: Shell, target: Path) -> None:
    completed = shell.run("--python", str(target), "--extra", "docs", "--group", "lint", "--no-dev", "--", "--no-install-package", "beta")
    names = {path.name.partition("-")[0] for path in target.glob("lib/python*/site-packages/*.dist-info")}

    assert 0 == completed.returncode, completed.stdout
    assert {"alpha", "docs_tool", "lint_tool", "sample_project"} == names - {"pip"}


def test_an_only_group_is_all_that_is_installed(shell: Shell, target: Path) -> None:
    completed = shell.run("--only-group", "lint", "--only-group=dev")
    names = {path.name.partition("-")[0] for path in target.glob("lib/python*/site-packages/*.dist-info")}

    assert (0, {"lint_tool", "gamma"}) == (completed.returncode, names - {"pip"}), completed.stdout


@pytest.fixture
def other(python: Python, tmp_path: Path) -> Path:
    """Another Python that is not on PATH."""
    return python.copy(tmp_path / "other python")


def _export(other: Path) -> str:
    """Return the shell command that puts `other` first on PATH."""
    return f"""export PATH='{other}/bin':"$PATH\""""


def test_the_last_line_shows_how_to_put_another_python_on_path(shell: Shell, target: Path, other: Path) -> None:
    completed = shell.run("--python", str(other))

    assert 0 == completed.returncode, completed.stdout
    last = completed.stdout.splitlines()[-1]
    assert (True, True) == (f" {target}/bin/python;" in last, last.endswith(_export(other)))


@pytest.fixture
def uvx(wheel: Path, venv: Path) -> list[str]:
    """The uvx command line that runs the wheel, on the Python whose dependencies are all cached."""
    assert venv.is_dir()
    return ["uvx", "--quiet", "--offline", "--python", str(found()[0].prefix / "bin" / "python3"), "--from", str(wheel), "uv-system-sync"]


@since("0.6.0", "`UV`, which uvx sets when it puts its environment on PATH,")
def test_below_uvx_the_python_on_path_is_that_of_the_users_shell(shell: Shell, target: Path, other: Path, uvx: list[str]) -> None:
    named = shell.program(*uvx, "--python", str(other))
    default = shell.program(*uvx, "--python", "python")

    assert (0, 0) == (named.returncode, default.returncode), named.stdout + named.stderr + default.stdout + default.stderr
    last = named.stdout.splitlines()[-1]
    assert (True, True) == (f" {target}/bin/python;" in last, last.endswith(_export(other)))
    assert f" {target}, " in default.stdout.splitlines()[0]
    assert default.stdout.splitlines()[-1].startswith("5 packages: 4 installed in ")


# The first two examples of a report.
_DOCUMENTED = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "report.md").read_text(encoding="utf-8"), re.DOTALL)[:2]


@pytest.mark.parametrize(("outcome", "documented"), list(zip(["success", "failure"], _DOCUMENTED, strict=True)), ids=["success", "failure"])
def test_json_is_the_documented_report_on_standard_output_and_the_log_on_standard_error(
    shell: Shell, project: Project, target: Path, outcome: str, documented: str
) -> None:
    if outcome == "failure":
        (project.folder / "uv.lock").unlink()
    completed = shell.run("--json")
    report = json.loads(completed.stdout)

    assert json.loads(documented).keys() == report.keys()
    assert (1, outcome) == (report["schema"], report["outcome"])
    assert (outcome == "success") == (completed.returncode == 0)
    assert (f" {target}, " in completed.stderr.splitlines()[0]) == (outcome == "success")


def _error(completed: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """Return the error and the hint, which are printed after all of uv's output."""
    error, hint = [line for line in completed.stdout.splitlines() if line.startswith(("error: ", "hint: "))][-2:]
    assert (True, True) == (error.startswith("error: "), hint.startswith("hint: "))
    return error, hint


@pytest.mark.parametrize(
    ("options", "status", "fragment"),
    [
        pytest.param(["--extra", "nope"], 3, "`nope`", id="invalid-input", marks=since("0.6.0", "an error for unknown extras")),
        pytest.param(["--all-extras", "--extra", "docs"], 3, "`--extra docs`", id="contradiction"),
        pytest.param(["--only-group", "lint", "--all-extras"], 3, "`--only-group lint`", id="contradiction-of-an-only-group"),
        pytest.param(["--", "--upgrade"], 3, "`--upgrade`", id="argument-that-is-decided-here"),
        pytest.param(["--python", "/nowhere"], 4, "/nowhere", id="python-not-found"),
        pytest.param(["--python", "/bin/ls"], 5, "/bin/ls", id="python-unsuitable"),
        pytest.param(["--working-directory", "/nowhere"], 3, "`--working-directory`", id="no-folder"),
    ],
)
def test_an_error_has_the_exit_status_of_its_kind_and_options_as_on_the_command_line(
    shell: Shell, options: list[str], status: int, fragment: str
) -> None:
    completed = shell.run(*options)

    assert (status, "") == (completed.returncode, completed.stderr), completed.stdout
    assert fragment in _error(completed)[0]


def _edit(project: Project, old: str, new: str) -> None:
    project.pyproject.write_text(project.pyproject.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "status", "place"),
    [
        pytest.param(lambda project: (project.folder / "uv.lock").unlink(), 8, "pyproject.toml, line 1", id="lock-missing"),
        pytest.param(lambda project: _edit(project, "alpha<2", "alpha<1.5"), 9, "pyproject.toml, line 5", id="lock-outdated"),
        pytest.param(lambda project: _edit(project, "[project]", "[project"), 7, "pyproject.toml, line 1", id="project-invalid"),
    ],
)
def test_an_error_of_the_project_has_its_place(
    shell: Shell, project: Project, change: Callable[[Project], object], status: int, place: str
) -> None:
    change(project)
    completed = shell.run()

    assert status == completed.returncode, completed.stdout
    assert f"  in {project.folder}/{place}\n" in completed.stdout


def test_an_old_uv_is_an_error(shell: Shell, tmp_path: Path) -> None:
    fake = program(tmp_path / "old" / "uv", "#!/bin/sh", "echo uv 0.6.9")
    completed = Shell(shell.venv, shell.cwd, f"{fake.parent}:{shell.search_path}").run("--check")
    error, _ = _error(completed)

    assert (11, []) == (completed.returncode, [fact for fact in ("`--check`", "0.6.10", str(fake), "0.6.9") if fact not in error])


def test_a_missing_uv_is_an_error(shell: Shell, target: Path) -> None:
    completed = Shell(shell.venv, shell.cwd, f"{target}/bin").run("--python", str(target))

    assert (11, True) == (completed.returncode, "pip install uv" in _error(completed)[1])


def test_a_wrong_option_is_a_usage_error(shell: Shell) -> None:
    completed = shell.run("--extras", "docs")

    assert (2, "", True) == (completed.returncode, completed.stdout, "--extras" in completed.stderr)


@pytest.mark.parametrize("active", [True, False], ids=["active", "on-path-alone"])
def test_a_virtual_environment_on_path_is_synced_if_it_is_named(shell: Shell, tmp_path: Path, target: Path, *, active: bool) -> None:
    place = tmp_path / "env"
    subprocess.run([target / "bin" / "python3", "-m", "venv", "--without-pip", place], check=True)
    environ = {"VIRTUAL_ENV": str(place)} if active else {}
    inside = Shell(shell.venv, shell.cwd, f"{place}/bin:{shell.search_path}", environ)
    unnamed, named = inside.exactly(), inside.run("--python", "python")

    assert (4, True) == (unnamed.returncode, f"`--python {place}`" in _error(unnamed)[1])
    assert (0, True) == (named.returncode, f" {place}, " in named.stdout.splitlines()[0]), named.stdout


def test_the_shim_of_a_version_manager_needs_no_other_path(shell: Shell, target: Path, tmp_path: Path) -> None:
    shim = program(tmp_path / "shims" / "python", "#!/bin/sh", f'exec {target}/bin/python3 "$@"')
    completed = Shell(shell.venv, shell.cwd, f"{shim.parent}:{shell.search_path}").run()

    assert (0, False) == (completed.returncode, "export PATH" in completed.stdout), completed.stdout
    assert f" {target}, " in completed.stdout.splitlines()[0]


def test_a_sync_that_would_remove_the_command_is_refused(shell: Shell) -> None:
    completed = shell.run("--python", str(shell.venv), "--exact")

    assert (5, True) == (completed.returncode, f" {shell.venv}," in _error(completed)[0])
    assert "or leave out `--exact`." in completed.stdout
    assert 0 == shell.run("--version").returncode


_SLOW = """\
import fcntl, time

started = open({started!r}, "w")
fcntl.flock(started, fcntl.LOCK_EX)
print("started", file=started, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_stops_uv_and_its_builds_and_then_the_command(
    shell: Shell, project: Project, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl+C sends SIGINT, `docker stop` sends SIGTERM."""
    started = _slow_build(project, tmp_path)
    with subprocess.Popen(
        [shell.venv / "bin" / "uv-system-sync", "--python", "python"],
        cwd=shell.cwd,
        env=shell.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        _wait_for(lambda: process.poll() is not None or (started.exists() and bool(started.read_text(encoding="utf-8"))))
        process.send_signal(number)
        printed, _ = process.communicate(timeout=_PATIENCE)

    error, hint = printed.splitlines()[-2:]
    assert (130, True, True) == (process.returncode, error.startswith("error: "), hint.startswith("hint: ")), printed
    assert "Traceback" not in printed
    with started.open(encoding="utf-8") as file:
        # The build holds this lock while it runs.
        _wait_for(lambda: _lock(file))


def test_at_a_terminal_ctrl_c_stops_uv_and_its_builds_and_then_the_command(shell: Shell, project: Project, tmp_path: Path) -> None:
    """The terminal that uv gets is not the one where Ctrl+C is typed."""
    started = _slow_build(project, tmp_path)
    status, printed = _at_a_terminal(shell, answer="\x03", until=b"Building", environ={})

    error, hint = _plain(printed).splitlines()[-2:]
    assert (130, True, True) == (status, error.startswith("error: "), hint.startswith("hint: ")), printed
    with started.open("a", encoding="utf-8") as file:
        # The build holds this lock while it runs.
        _wait_for(lambda: _lock(file))


def _plain(printed: str) -> str:
    return re.sub(r"\x1b\[[0-?]*[@-~]", "", printed)


def _slow_build(project: Project, folder: Path) -> Path:
    """Make the build of `project` slow, and return the file that it locks while it runs."""
    started = folder / "started"
    document = project.pyproject.read_text(encoding="utf-8").replace('requires = ["uv_build"]', 'requires = []\nbackend-path = ["."]')
    project.pyproject.write_text(document.replace('build-backend = "uv_build"', 'build-backend = "slow"'), encoding="utf-8")
    (project.folder / "slow.py").write_text(_SLOW.format(started=str(started)), encoding="utf-8")
    return started


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
def test_a_sync_goes_on_to_its_end_if_nobody_reads_its_log(shell: Shell, target: Path, options: str) -> None:
    line = f"'{shell.venv}/bin/uv-system-sync' --python python {options} | head -n 1; exit ${{PIPESTATUS[0]}}"
    completed = shell.program("bash", "-c", line)

    assert (0, "", 1) == (completed.returncode, completed.stderr, len(completed.stdout.splitlines())), completed.stdout
    assert (target / "bin" / "alpha").exists()


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_an_answer_that_nobody_reads_is_no_failure(shell: Shell, option: str) -> None:
    completed = shell.program("bash", "-c", f"'{shell.venv}/bin/uv-system-sync' {option} | true; exit ${{PIPESTATUS[0]}}")

    assert (0, "", "") == (completed.returncode, completed.stdout, completed.stderr)


def test_verbose_shows_what_becomes_of_variables_of_uv(shell: Shell) -> None:
    completed = Shell(shell.venv, shell.cwd, shell.search_path, {"UV_NO_DEV": "1", "UV_SYSTEM_SYNC_CHECK": "true"}).run("--verbose")

    assert 0 == completed.returncode, completed.stdout
    assert "UV_NO_DEV is dropped: the inputs decide what is selected\n" in completed.stdout
    assert "UV_SYSTEM_SYNC_" not in completed.stdout


def test_in_a_step_of_a_workflow_the_command_uses_nothing_of_the_runner(shell: Shell, tmp_path: Path) -> None:
    """The command writes none of the runner's files and reads no action inputs."""
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
def test_a_terminal_gets_colours_unless_the_user_wants_none(shell: Shell, environ: dict[str, str], *, coloured: bool) -> None:
    """Both uv's lines and the command's own follow the setting."""
    printed = [_at_a_terminal(shell, *options, environ=environ)[1] for options in ([], ["--all-extras", "--extra", "nope"])]

    assert [coloured, coloured] == [re.search(r"\x1b\[[\d;]*m", text) is not None for text in printed]


_NO_PROGRESS = ({"UV_NO_PROGRESS": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1"})


@pytest.mark.parametrize(("environ", "has_progress"), [({}, True), *((wish, False) for wish in _NO_PROGRESS)])
def test_at_a_terminal_uv_shows_its_progress_unless_the_user_wants_none(
    shell: Shell, target: Path, environ: dict[str, str], *, has_progress: bool
) -> None:
    """The command parses the same facts from uv's output either way."""
    status, printed = _at_a_terminal(shell, environ=environ)

    assert (0, has_progress) == (status, "\x1b[2K" in printed), printed
    assert "5 packages: 4 installed in " in printed
    assert (target / "bin" / "alpha").exists()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda project: _edit(project, "alpha<2", "alpha<1.5"), id="lock-outdated"),
        pytest.param(lambda project: (project.folder / "wheels" / "alpha-1.0-py3-none-any.whl").unlink(), id="no-wheel"),
    ],
)
def test_at_a_terminal_an_error_of_uv_is_explained_last(shell: Shell, project: Project, change: Callable[[Project], object]) -> None:
    """The explanation is the same as without a terminal, where uv shows no progress."""
    change(project)
    piped = shell.run("--", "--no-cache")
    status, printed = _at_a_terminal(shell, "--", "--no-cache", environ={})
    lines = _plain(printed).splitlines()

    assert piped.returncode == status != 0, printed
    assert list(_error(piped)) == [line for line in lines if line.startswith(("error: ", "hint: "))][-2:]
    assert lines[-1].startswith("hint: ")


@pytest.mark.parametrize("is_failing", [False, True])
def test_quiet_prints_errors_alone(shell: Shell, project: Project, *, is_failing: bool) -> None:
    """The output of uv counts as part of the error."""
    if is_failing:
        _edit(project, "alpha<2", "alpha<1.5")
    completed = shell.run("--quiet")

    assert (9 if is_failing else 0, is_failing) == (completed.returncode, "needs to be updated" in completed.stdout), completed.stdout
    assert is_failing == bool(completed.stdout + completed.stderr)


def test_no_byte_code_is_written_if_the_user_wants_none(shell: Shell, tmp_path: Path) -> None:
    """Container images often set PYTHONDONTWRITEBYTECODE."""
    environ = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path / "cache")}
    Shell(shell.venv, shell.cwd, shell.search_path, environ).run()
    found_code = {path.name.partition(".")[0] for path in (tmp_path / "cache").rglob("*.pyc")}

    assert {"sync", "client"}.isdisjoint(found_code), sys.version


_DOCUMENT = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", _DOCUMENT, re.MULTILINE | re.DOTALL)


def test_every_documented_block_is_run_by_a_test() -> None:
    """The tests are in this module and in test_images.py."""
    assert {"sh", "dockerfile", "gitlab"} == set(re.findall(r"^```(.+)$", _DOCUMENT, re.MULTILINE))


# The uv feature that a line of a block needs.
_LINES = {"--check": CAN_CHECK, "--no-build": since("0.12.6", "`--no-build` that takes an installed editable project as it is")}


def _marks(block: str) -> list[pytest.MarkDecorator]:
    return [mark for line, mark in _LINES.items() if line in block]


@pytest.mark.parametrize("block", [pytest.param(block, id=str(number), marks=_marks(block)) for number, block in enumerate(_blocks("sh"))])
def test_the_documented_commands_succeed(shell: Shell, tmp_path: Path, other: Path, uvx: list[str], block: str) -> None:
    """They run in a synced project, with another Python in place of /usr/local and an environment of the newest Python."""
    shell.run()
    subprocess.run([other / "bin" / "python3", "-m", "venv", "--without-pip", shell.cwd / ".venv"], check=True)
    block = re.sub(r"\b3\.\d+\b", found()[-1].minor, block)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv-system-sync").symlink_to(shell.venv / "bin" / "uv-system-sync")
    lines = block.replace("uvx uv-system-sync", shlex.join(uvx)).replace("/usr/local", shlex.quote(str(other)))
    search_path = f"{shell.search_path}:{tmp_path}/bin"
    completed = Shell(shell.venv, shell.cwd, search_path).program("bash", "-euxo", "pipefail", "-c", lines)

    assert 0 == completed.returncode, completed.stdout + completed.stderr


def test_the_documented_first_layer_of_a_workspace_needs_no_code(tmp_path: Path, shell: Shell, target: Path) -> None:
    """The members' pyproject.toml files are enough to install everything except the members."""
    members = '\n[tool.uv.workspace]\nmembers = ["server"]\n[tool.uv.sources]\nserver = { workspace = true }\n'
    root = Project(tmp_path / "whole", dependencies=("server",), settings=members).write()
    server = Project(root.folder / "server", "server", ("alpha",), extras={}, groups={}).write().pyproject
    server.write_text(server.read_text(encoding="utf-8").partition("[[tool.uv.index]]")[0], encoding="utf-8")
    root.lock()
    for code in root.folder.rglob("src"):
        shutil.rmtree(code)
    inside = Shell(shell.venv, root.folder, shell.search_path)
    words = "-- --no-install-workspace"
    completed = inside.run(*words.split())
    names = {path.name.partition("-")[0] for path in target.glob("lib/python*/site-packages/*.dist-info")}

    assert f"`{words}`" in _DOCUMENT
    assert 0 == completed.returncode, completed.stdout
    assert {"alpha", "beta", "gamma"} == names - {"pip"}
    assert 12 == inside.run("--no-install-project").returncode

"""The whole run from top to bottom, one test for each way through it; uv and the target are stood in for."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from uv_system_sync.timings import Phases

from tests.support import step_variables, touch
from tools.shared.runner_files import StepFiles, read_env, read_outputs, read_path
from uv_system_sync import sync as action_room
from uv_system_sync.inputs import Inputs
from uv_system_sync.process import Command, Completed, Finish, Relay
from uv_system_sync.reporting.github import Workflow
from uv_system_sync.sync import action
from uv_system_sync.uv import executable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in has the layout of POSIX")


class Step:
    """A step whose target and project are folders, and whose programs are this object."""

    def __init__(self, folder: Path, runner: StepFiles) -> None:
        self.prefix = folder / "python"
        self.project = folder / "project"
        self.runner = runner
        self.other = folder / "other"
        self.environ = {**runner.environ, "PATH": str(self.other), "pythonLocation": str(self.prefix)}
        self.inputs = {"working_directory": str(self.project)}
        self.commands: list[Command] = []
        # What uv says and does, and what it wants.
        self.uv_version: str | OSError = "uv 0.13.9 (abcdef 2026-01-01)\n"
        self.uv_output = "Installed 2 packages\n - alpha==1.0\n + alpha==2.0\n + beta==1.0"
        self.uv_status = 0
        # What the target says of itself otherwise than it should.
        self.says: dict[str, object] = {}
        self.uv_does: Callable[[Step], None] = Step.install_alpha
        touch(self.other, "python")
        touch(self.prefix / "bin", "python3")
        (self.prefix / "bin" / "python").symlink_to("python3")
        self.install("alpha-1.0")
        self.project.mkdir()
        (self.project / "pyproject.toml").write_text('[project]\nname = "sample"\n', encoding="utf-8")
        (self.project / "uv.lock").touch()

    def run(self) -> int:
        """Run the action."""
        self.log = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
        environ = {**self.environ, **step_variables(**self.inputs)}

        def version() -> str:
            return executable.ask("/bin/uv", environ, self._begin)()

        inputs = Inputs.from_environ(environ)
        return action(action_room.Step(environ, inputs, "/bin/uv", version, self._start, Workflow(environ, self.log), Phases()))

    @property
    def lines(self) -> list[str]:
        """The step's log."""
        self.log.seek(0)
        return self.log.read().splitlines()

    @property
    def syncs(self) -> int:
        """How often a sync was started."""
        return sum(command.argv[1] == "sync" for command in self.commands)

    def install(self, *names: str) -> None:
        """Install packages of the `names` name-version into the target."""
        for name in names:
            touch(self.prefix / "lib" / f"{name}.dist-info", "METADATA", "RECORD")

    def install_alpha(self) -> None:
        """Update alpha, and install beta."""
        shutil.rmtree(self.prefix / "lib" / "alpha-1.0.dist-info")
        self.install("alpha-2.0", "beta-1.0")

    def reinstall_alpha(self) -> None:
        """Have alpha come from elsewhere."""
        direct = '{"url": "file:///src/alpha"}'
        (self.prefix / "lib" / "alpha-1.0.dist-info" / "direct_url.json").write_text(direct, encoding="utf-8")

    def does_nothing(self) -> None:
        """Have uv find that there is nothing to do."""
        self.uv_output = "Audited 1 package in 1ms"
        self.uv_does = lambda _: None

    def removes_alpha(self) -> None:
        """Have uv remove alpha, and say so."""
        self.uv_output = " - alpha==1.0"
        self.uv_does = lambda step: shutil.rmtree(step.prefix / "lib" / "alpha-1.0.dist-info")

    @property
    def notices(self) -> list[str]:
        """The annotations that are no errors."""
        return [line for line in self.lines if line.startswith("::notice ")]

    def _begin(self, command: Command) -> Finish:
        completed = self._start(command)
        return lambda _: completed

    def _start(self, command: Command, relay: Relay | None = None) -> Completed:
        self.commands.append(command)
        if command.argv[1] == "--version":
            if isinstance(self.uv_version, OSError):
                raise self.uv_version
            return Completed(0, self.uv_version)
        if command.argv[1] == "sync" and relay is not None:
            relay(self.uv_output.encode())
            self.uv_does(self)
            return Completed(self.uv_status, self.uv_output)
        return Completed(0, json.dumps(self._answer()))

    def _answer(self) -> dict[str, object]:
        paths = {"scripts": "bin", "purelib": "lib", "platlib": "lib", "executable": "bin/python3"}
        facts = {"version": "3.12.4", "implementation": "cpython", "platform": "linux-x86_64", "virtual": False, "externally_managed": None}
        return {**facts, "prefix": str(self.prefix), **{name: str(self.prefix / path) for name, path in paths.items()}, **self.says}


@pytest.fixture
def step(tmp_path: Path, runner: StepFiles) -> Step:
    """Give a step in which everything is as it should be."""
    return Step(tmp_path, runner)


def test_success(step: Step) -> None:
    """A sync that succeeds hands all of its results to later steps."""
    status = step.run()
    outputs = read_outputs(step.runner.output)
    report = json.loads(Path(outputs["report"]).read_text(encoding="utf-8"))

    assert 0 == status
    assert {"UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_PYTHON_PREFERENCE"} == read_env(step.runner.env).keys()
    assert [str(step.prefix / "bin")] == read_path(step.runner.path)
    assert ("3.12.4", "0.13.9", "true", "2") == tuple(
        outputs[name] for name in ("python-version", "uv-version", "changed", "package-count")
    )
    assert ["alpha updated", "beta installed"] == [f"{change['name']} {change['action']}" for change in json.loads(outputs["changes"])]
    assert (outputs["packages"], outputs["changes"]) == tuple(
        json.dumps(report[name], separators=(",", ":")) for name in ("packages", "changes")
    )
    assert step.runner.summary.read_text(encoding="utf-8").startswith(
        "### sample in CPython 3.12.4 on linux-x86_64\n\n2 packages: 1 installed, 1 updated in "
    )


def test_log(step: Step) -> None:
    """The log says what is synced, shows what uv printed in a group, and says what came of it; another group has what is installed."""
    step.inputs["no_dev"] = "true"
    step.run()
    first, opening, stop, *output, resume, closing, sentence, listing, alpha, beta, end = step.lines
    token = stop.rpartition("::")[2]

    assert f"Python 3.12.4 at {step.prefix}, uv 0.13.9, uv.lock of sample: no-dev" == first
    assert ("::group::uv sync", step.uv_output.splitlines(), f"::{token}::", "::endgroup::") == (opening, output, resume, closing)
    assert sentence.startswith("2 packages: 1 installed, 1 updated in ")
    assert ("::group::Installed packages (2)", "alpha 2.0", "beta 1.0", "::endgroup::") == (listing, alpha, beta, end)


def test_commands(step: Step) -> None:
    """Three programs are started: the target, uv for its version, and uv for the one sync, in the project's folder."""
    step.inputs["no_dev"] = "true"
    step.run()
    asked, version, sync = step.commands

    assert (str(step.prefix / "bin" / "python3"), "/bin/uv", "/bin/uv") == (asked.argv[0], version.argv[0], sync.argv[0])
    assert ("sync", "--color", "always", "--python", str(step.prefix / "bin" / "python3"), "--locked", "--no-dev") == sync.argv[1:]
    assert str(step.project) == sync.cwd


def test_nothing_to_do(step: Step) -> None:
    """A sync that changes nothing is a success that says so."""
    step.does_nothing()
    status = step.run()

    assert (0, "false") == (status, read_outputs(step.runner.output)["changed"])
    assert step.lines[-1].startswith("1 package: nothing changed in ")


def test_check(step: Step) -> None:
    """A check that finds nothing to do is a success, and later steps get the target all the same."""
    step.inputs["check"] = "true"
    step.does_nothing()

    assert (0, [str(step.prefix / "bin")]) == (step.run(), read_path(step.runner.path))


def test_no_summary(step: Step) -> None:
    """Who wants no summary gets none, and everything else."""
    step.inputs["summary"] = "false"

    assert (0, "") == (step.run(), step.runner.summary.read_text(encoding="utf-8"))
    assert read_outputs(step.runner.output)


def test_without_notices(step: Step) -> None:
    """A sync that nobody has to know more about has no annotation at all."""
    step.run()

    assert [] == [line for line in step.lines if re.match(r"::(?!group|endgroup|stop-commands|[0-9a-f]{32}::$)", line)]


def test_notice_of_another_version(step: Step) -> None:
    """A project that is pinned to another Python is synced into the one that the step names, and the user is told."""
    (step.project / ".python-version").write_text("3.9\n", encoding="utf-8")
    status = step.run()

    assert 0 == status
    assert [
        "::notice title=python-chosen::Python 3.12.4 was used, as the step was told, although .python-version says 3.9."
    ] == step.notices


_REMOVED = (
    "::notice title=packages-removed::alpha 1.0, installed before this step, is not in uv.lock and was removed."
    " Set `inexact: true` to keep what is not in the lock."
)


def test_notice_of_a_removal(step: Step) -> None:
    """What an earlier step had installed, and the sync has removed, is told."""
    step.removes_alpha()
    status = step.run()

    assert (0, [_REMOVED]) == (status, step.notices)


def test_notice_of_what_an_earlier_sync_found(step: Step) -> None:
    """What an earlier sync of the job had only found there is not its own."""
    step.does_nothing()
    step.inputs["inexact"] = "true"
    step.run()
    step.removes_alpha()
    step.inputs["inexact"] = "false"
    status = step.run()

    assert (0, [_REMOVED]) == (status, step.notices)


def test_no_notice_of_what_an_earlier_sync_installed(step: Step) -> None:
    """What an earlier sync of the job had installed, and this one has removed, is not."""
    step.uv_output, step.uv_does = " ~ alpha==1.0", Step.reinstall_alpha
    step.run()
    step.removes_alpha()
    status = step.run()

    assert (0, []) == (status, step.notices)


def test_notice_of_a_shared_python(step: Step, tmp_path: Path) -> None:
    """A link to the checkout in a tool cache that outlives the job is told."""

    def link(step: Step) -> None:
        step.install("sample-1.0")
        direct = '{"url": "file:///src/sample", "dir_info": {"editable": true}}'
        (step.prefix / "lib" / "sample-1.0.dist-info" / "direct_url.json").write_text(direct, encoding="utf-8")

    step.environ.update(RUNNER_ENVIRONMENT="self-hosted", RUNNER_TOOL_CACHE=str(tmp_path))
    step.uv_output, step.uv_does = " + sample==1.0 (from file:///src/sample)", link
    status = step.run()

    assert (0, ["::notice title=shared-python"]) == (status, [notice.rpartition("::")[0] for notice in step.notices])


@pytest.mark.parametrize(
    ("inexact", "locked", "expected"),
    [
        pytest.param("true", ("alpha",), ["Kept, although not in uv.lock: beta 1.0"], id="inexact"),
        pytest.param("true", ("alpha", "beta"), [], id="inexact-and-nothing-kept"),
        pytest.param("false", ("alpha",), [], id="exact"),
    ],
)
def test_leftover(step: Step, inexact: str, locked: tuple[str, ...], expected: list[str]) -> None:
    """An inexact sync says what it has kept beside the lock."""
    (step.project / "uv.lock").write_text("".join(f'[[package]]\nname = "{name}"\n' for name in locked), encoding="utf-8")
    step.inputs["inexact"] = inexact
    step.run()
    sentence = next(number for number, line in enumerate(step.lines) if line.startswith("2 packages: "))

    assert [*expected, "::group::Installed packages (2)"] == step.lines[sentence + 1 : -3]


def _remove_python(step: Step) -> None:
    (step.prefix / "bin" / "python").unlink()


def _remove_lock(step: Step) -> None:
    (step.project / "uv.lock").unlink()


def _mark(step: Step) -> None:
    step.says["externally_managed"] = str(step.prefix / "EXTERNALLY-MANAGED")


@pytest.mark.parametrize(
    ("inputs", "break_it", "title"),
    [
        pytest.param({"python": "/missing"}, None, "python-not-found", id="no-python"),
        pytest.param({}, _mark, "python-unsuitable", id="externally-managed"),
        pytest.param({}, _remove_python, "python-unsuitable", id="another-python-would-follow"),
        pytest.param({"working_directory": "/missing"}, None, "invalid-input", id="no-project"),
        pytest.param({}, _remove_lock, "lock-missing", id="no-lock"),
        pytest.param({"groups": "unknown"}, None, "invalid-input", id="unknown-group"),
        pytest.param({"args": "--python 3.8"}, None, "invalid-input", id="owned-argument"),
    ],
)
def test_refusals(step: Step, inputs: dict[str, str], break_it: Callable[[Step], None] | None, title: str) -> None:
    """Whatever is wrong beforehand is one error, before uv is started."""
    step.inputs.update(inputs)
    if break_it is not None:
        break_it(step)
    status = step.run()

    assert (1, 0, True) == (status, step.syncs, step.runner.hand_nothing_on())
    assert [title] == re.findall(r"^::error title=([a-z-]+)", "\n".join(step.lines), re.MULTILINE)


@pytest.mark.parametrize(
    ("version", "message", "hint"),
    [
        pytest.param(
            OSError(8, "Exec format error"),
            "/bin/uv does not start: Exec format error.",
            "Install uv in an earlier step, or set `uv-version`.",
            id="it-does-not-start",
        ),
        pytest.param(
            "Usage: uv [options]\n",
            "/bin/uv is not uv: asked for its version, it said 'Usage: uv [options]\\n'.",
            "Put the real uv first on PATH, or set `uv-version`.",
            id="it-is-something-else",
        ),
        pytest.param(
            "x" * 300,
            f"/bin/uv is not uv: asked for its version, it said '{'x' * 200}'.",
            "Put the real uv first on PATH, or set `uv-version`.",
            id="it-says-too-much",
        ),
    ],
)
def test_uv_that_is_none(step: Step, version: str | OSError, message: str, hint: str) -> None:
    """A uv that cannot say its version is not asked to sync."""
    step.uv_version = version
    status = step.run()

    assert (1, 0, True) == (status, step.syncs, step.runner.hand_nothing_on())
    assert [f"::error title=uv-unavailable::{message}%0A{hint}"] == step.lines


@pytest.mark.parametrize(
    "version", ["uv 0.13.9", "uv 0.13.9 (abcdef)\n", "warning: x\nuv 0.13.9\n"], ids=["plain", "with-commit", "after-a-warning"]
)
def test_uv_version(step: Step, version: str) -> None:
    """The version is read from what uv says, whatever else it says."""
    step.uv_version = version
    step.run()

    assert "0.13.9" == read_outputs(step.runner.output)["uv-version"]


@pytest.mark.parametrize(
    ("version", "inputs", "what"),
    [
        pytest.param("0.5.30", {}, "uv-system-sync needs uv 0.5.31 or newer", id="for-anything"),
        pytest.param("0.6.9", {"check": "true"}, "`check: true` needs uv 0.6.10 or newer", id="for-an-input"),
    ],
)
def test_old_uv(step: Step, version: str, inputs: dict[str, str], what: str) -> None:
    """A uv that is too old for what it would be told is not asked to sync."""
    step.uv_version = f"uv {version}"
    step.inputs.update(inputs)
    status = step.run()
    hint = "Set `uv-version` to a newer one, or put a newer uv first on PATH."

    assert (1, 0, True) == (status, step.syncs, step.runner.hand_nothing_on())
    assert [f"::error title=uv-unavailable::{what}, and /bin/uv is uv {version}.%0A{hint}"] == step.lines


def test_uv_fails(step: Step) -> None:
    """Where uv fails, later steps get nothing, the group is closed and the error quotes uv."""
    step.uv_status, step.uv_output = 2, "error: Failed to fetch `alpha`"
    status = step.run()
    message = (
        "uv ended with exit status 2.%0ARead what uv said last; the step's log has all of it.%0Auv said: error: Failed to fetch `alpha`"
    )

    assert (1, True) == (status, step.runner.hand_nothing_on())
    assert ["::endgroup::", f"::error title=sync-failed::{message}"] == step.lines[-2:]


@pytest.mark.parametrize("when", ["before", "during"])
def test_another_python_would_follow(step: Step, when: str) -> None:
    """Where the next step would have another `python`, be it that a package took ours away, later steps get nothing."""
    if when == "before":
        _remove_python(step)
    step.uv_does = _remove_python
    status = step.run()
    fact = f"`python` in the next step would be {step.other / 'python'}, not {step.prefix / 'bin' / 'python3'}."

    assert (1, True) == (status, step.runner.hand_nothing_on())
    assert step.lines[-1].startswith(f"::error title=python-unsuitable::{fact}%0A")


def _error_of_contradictions(step: Step, found: str) -> str:
    fact = f"uv says that it succeeded, and {step.prefix} has something else: {found}."
    hint = "Run the job again; when another job syncs the same Python at the same time, give each its own."
    return f"::error title=sync-failed::{fact}%0A{hint}"


def test_contradiction(step: Step) -> None:
    """Where the disk does not bear out what uv says, later steps get nothing."""
    step.uv_does = lambda _: None
    status = step.run()

    assert (1, True) == (status, step.runner.hand_nothing_on())
    assert _error_of_contradictions(step, "alpha 2.0 (found: 1.0), beta 1.0 (found: None)") == step.lines[-1]


def test_many_contradictions(step: Step) -> None:
    """No more than twenty of them are told."""
    names = [f"name-{number:02}" for number in range(30)]
    step.uv_output = "\n".join(f" + {name}==1.0" for name in names)
    step.run()

    assert _error_of_contradictions(step, ", ".join(f"{name} 1.0 (found: None)" for name in names[:20])) == step.lines[-1]


def test_runner_files_cannot_be_written(step: Step) -> None:
    """Where the runner's files cannot be written, the step fails after all, and leaves them as they were."""
    step.environ["GITHUB_OUTPUT"] = str(step.project)
    status = step.run()

    assert (1, True) == (status, step.runner.hand_nothing_on())
    assert step.lines[-1].startswith(f"::error title=runner-unusable::{step.project} cannot be written: ")


def test_cancelled(step: Step) -> None:
    """A cancellation goes on to the front door, with the group closed and nothing written."""

    def interrupt(_: Step) -> None:
        raise KeyboardInterrupt

    step.uv_does = interrupt
    with pytest.raises(KeyboardInterrupt):
        step.run()

    assert ("::endgroup::", True) == (step.lines[-1], step.runner.are_empty())


def test_debug(step: Step) -> None:
    """With debug logging the log tells what the target said, the command, what becomes of variables of uv, and the time of each part."""
    step.environ.update({"RUNNER_DEBUG": "1", "UV_NO_DEV": "1", "UV_INDEX_PRIVATE_PASSWORD": "secret", "OTHER": "1"})
    step.run()
    said = [line.removeprefix("::debug::") for line in step.lines if line.startswith("::debug::")]

    assert said[0].startswith("The target says: Target(executable=")
    assert f"The command, in {step.project}: /bin/uv sync --color always --python {step.prefix}/bin/python3 --locked" == said[1]
    assert "UV_NO_DEV is dropped: the inputs decide what is selected" in said
    assert "UV_INDEX_PRIVATE_PASSWORD is kept: credentials" in said
    assert re.fullmatch(r"(?:(?:probe|target|project|plan|before|uv|after|conclusion) \d+ ms(?:, |$)){8}", said[-1])
    assert [] == [line for line in step.lines if "OTHER" in line or "secret" in line]


def test_no_debug(step: Step) -> None:
    """Without debug logging none of that is in the log."""
    step.run()

    assert [] == [line for line in step.lines if line.startswith("::debug::")]


def test_a_failure_is_told_in_full(step: Step) -> None:
    """What was known when the step failed is in the job summary and in a file, and nothing is handed on."""
    step.inputs["groups"] = "missing"
    status = step.run()
    (left,) = step.runner.temp.iterdir()
    told = json.loads(left.read_text(encoding="utf-8"))

    assert (1, "failure", "invalid-input", "3.12.4") == (status, told["outcome"], told["error"]["kind"], told["python"]["version"])
    assert "invalid" in step.runner.summary.read_text(encoding="utf-8")
    assert step.runner.hand_nothing_on()

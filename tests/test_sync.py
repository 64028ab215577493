"""A complete run, with a test for each path through it; functions replace uv and the target."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support import options, step_inputs, touch
from tools.shared.runner_files import StepFiles
from uv_system_sync import sync
from uv_system_sync.errors import (
    ActionError,
    InvalidInput,
    LockMissing,
    OutOfSync,
    PythonNotFound,
    PythonUnsuitable,
    RunnerUnusable,
    SyncFailed,
    UvUnavailable,
)
from uv_system_sync.interpreter.target import Target, require_next_python
from uv_system_sync.process import Command, Completed, Finish, Relay
from uv_system_sync.project.pyproject import Project
from uv_system_sync.reporting import runner_files
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.report import Result, file_name
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import Option, by_name
from uv_system_sync.uv.client import Uv

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the target has the layout of POSIX")

_listeners: list[list[str]] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    # `open` with an opener raises two audit events; the one from `os.open` has no mode.
    if _listeners and event == "open" and str(arguments[0]).endswith("uv.lock") and arguments[1] is not None:
        _listeners[-1].append(str(arguments[0]))


# An audit hook cannot be removed.
sys.addaudithook(_audit)


@contextmanager
def _opened_locks() -> Iterator[list[str]]:
    """Provide a list of the paths of the uv.lock files that are opened."""
    _listeners.append([])
    try:
        yield _listeners[-1]
    finally:
        _listeners.pop()


class _Recording:
    """A reporter that records everything."""

    def __init__(self) -> None:
        self.is_debugging = False
        self.lines: list[str] = []
        self.debugged: list[str] = []
        self.notices: list[Notice] = []
        self.listings: dict[str, list[str]] = {}
        self.is_interrupted = False
        # The last line of the log whenever publishing was prepared.
        self.prepared: list[str] = []
        self.results: list[Result] = []

    def spell(self, option: Option) -> str:
        return by_name(option)

    def mask(self, secrets: Sequence[str]) -> None:
        raise AssertionError(secrets)

    def redact(self, text: str) -> str:
        return text

    def info(self, text: str) -> None:
        self.lines.append(text)

    def headline(self, text: str) -> None:
        self.lines.append(text)

    def debug(self, text: str) -> None:
        self.debugged.append(text)

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    @contextmanager
    def group(self, title: str) -> Iterator[Relay]:
        self.lines.append(f"<{title}>")
        try:
            yield lambda piece: self.lines.extend(piece.decode().splitlines())
        finally:
            self.lines.append(f"</{title}>")

    def listing(self, title: str, lines: Iterable[str]) -> None:
        self.listings[title] = list(lines)

    def prepare_to_publish(self) -> None:
        self.prepared.append(self.lines[-1])
        if self.is_interrupted:
            raise KeyboardInterrupt

    def publish(self, result: Result) -> None:
        self.results.append(result)

    def error(self, error: ActionError, details: str) -> None:
        raise AssertionError(error, details)

    def publish_failure(self, error: ActionError, context: RunContext) -> int:
        raise AssertionError(error, context)


class _Machine:
    """A machine whose Python and project are folders; this object also acts as uv."""

    def __init__(self, folder: Path, runner: StepFiles) -> None:
        self.prefix = folder / "python"
        self.project = folder / "project"
        self.other = folder / "other"
        self.runner = runner
        self.environ = {**runner.environ, "PATH": str(self.other), "pythonLocation": str(self.prefix)}
        self.inputs = {"python": str(self.prefix), "working_directory": str(self.project)}
        self.reporter = _Recording()
        self.context = RunContext()
        self.commands: list[Command] = []
        self.ended: list[Command] = []
        self.uv_version = "uv 0.13.9 (abcdef 2026-01-01)\n"
        self.uv_output = "Installed 2 packages\n - alpha==1.0\n + alpha==2.0\n + beta==1.0"
        self.uv_status = 0
        self.uv_does: Sequence[_Change] = (_Machine.install_alpha,)
        self.check_target: Callable[[Target, str], None] = require_next_python
        self.suitable_uv: Callable[[Project], Uv] | None = None
        # uv's output in failed syncs before the last one, changes made during them, and the length of each wait after one.
        self.failures: list[str] = []
        self.uv_does_before: Sequence[_Change] = ()
        self.waits: list[float] = []
        self.is_interrupted_while_waiting = False
        # Answers of the target that differ from the correct ones.
        self.answers: dict[str, object] = {}
        touch(self.other, "python")
        touch(self.prefix / "bin", "python3")
        (self.prefix / "bin" / "python").symlink_to("python3")
        self.install("alpha-1.0")
        self.project.mkdir()
        (self.project / "pyproject.toml").write_text('[project]\nname = "sample"\n', encoding="utf-8")
        self.lock("alpha", "beta")

    def run(self, **inputs: str) -> None:
        """Sync with `inputs`."""
        uv = Uv("/bin/uv", self.environ, self.start)
        chosen = step_inputs(**self.inputs, **inputs)
        effects = (uv, self.start, self.reporter, self.context)
        with runner_files.protected(self.environ) as publishing:
            sync.sync(sync.Run(self.environ, chosen, *effects, self.check_target, self.suitable_uv, self.sleep, publishing=publishing))

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.is_interrupted_while_waiting:
            raise KeyboardInterrupt

    def fail(self, kind: type[ActionError], **inputs: str) -> ActionError:
        """Sync with `inputs`, and return the error that is raised; nothing is published."""
        with pytest.raises(kind) as caught:
            self.run(**inputs)
        assert [] == self.reporter.results
        return caught.value

    @property
    def result(self) -> Result:
        return self.reporter.results[-1]

    @property
    def syncs(self) -> list[Command]:
        return [command for command in self.commands if command.argv[1] == "sync"]

    @property
    def titles(self) -> list[str]:
        """The titles of the notices."""
        return [notice.title for notice in self.reporter.notices]

    @property
    def unfinished(self) -> Path:
        """The marker of an unfinished sync."""
        return self.prefix / "lib" / ".uv-system-sync-unfinished"

    def lock(self, *names: str) -> None:
        (self.project / "uv.lock").write_text("".join(f'[[package]]\nname = "{name}"\n' for name in names), encoding="utf-8")

    def install(self, *names: str) -> None:
        for name in names:
            touch(self.prefix / "lib" / f"{name}.dist-info", "METADATA", "INSTALLER")
            record = self.prefix / "lib" / f"{name}.dist-info" / "RECORD"
            record.write_text("".join(f"{name}.dist-info/{file},,\n" for file in ("METADATA", "INSTALLER", "RECORD")), encoding="utf-8")

    # Deviations from a normal run.

    def break_alpha(self) -> None:
        (self.prefix / "lib" / "alpha-1.0.dist-info" / "RECORD").unlink()

    def install_alpha(self) -> None:
        shutil.rmtree(self.prefix / "lib" / "alpha-1.0.dist-info", ignore_errors=True)
        self.install("alpha-2.0", "beta-1.0")

    def uv_does_nothing(self) -> None:
        self.uv_output = "Audited 1 package in 1ms"
        self.uv_does = ()

    def uv_removes_alpha(self) -> None:
        self.uv_output = " - alpha==1.0"
        self.uv_does = (lambda machine: shutil.rmtree(machine.prefix / "lib" / "alpha-1.0.dist-info"),)

    def uv_installs_alpha_again(self) -> None:
        self.uv_output = " + alpha==1.0"
        self.uv_does = (lambda machine: machine.install("alpha-1.0"),)

    def uv_fails(self) -> None:
        self.uv_output = "error: Failed to fetch `alpha`"
        self.uv_status = 2

    def remove_python(self) -> None:
        (self.prefix / "bin" / "python").unlink()

    def remove_lock(self) -> None:
        (self.project / "uv.lock").unlink()

    def start(self, command: Command) -> Finish:
        """Record `command`, and apply its changes when it is waited for."""
        self.commands.append(command)
        return partial(self._finish, command)

    def _finish(self, command: Command, relay: Relay | None) -> Completed:
        self.ended.append(command)
        if command.argv[1] == "--version":
            return Completed(0, self.uv_version)
        if command.argv[1] == "sync" and relay is not None and self.failures:
            for change in self.uv_does_before:
                change(self)
            return Completed(2, self.failures.pop(0))
        if command.argv[1] == "sync" and relay is not None:
            relay(self.uv_output.encode())
            for change in self.uv_does:
                change(self)
            return Completed(self.uv_status, self.uv_output)
        if command.argv[1] == "lock":
            return Completed(0, "")
        return Completed(0, json.dumps(self._answer()))

    def _answer(self) -> dict[str, object]:
        paths = {"scripts": "bin", "purelib": "lib", "platlib": "lib", "executable": "bin/python3", "stdlib": "std", "platstdlib": "std"}
        facts = {"version": "3.12.4", "implementation": "cpython", "platform": "linux-x86_64"}
        flags = dict.fromkeys(("free_threaded", "virtual", "externally_managed"), False)
        places = {"prefix": str(self.prefix), **{name: str(self.prefix / path) for name, path in paths.items()}}
        return {**facts, **flags, **places, **self.answers}


_Change = Callable[[_Machine], object]


@pytest.fixture
def machine(tmp_path: Path, runner: StepFiles) -> _Machine:
    """A machine in perfect order."""
    return _Machine(tmp_path, runner)


def test_a_sync_publishes_what_it_did(machine: _Machine) -> None:
    machine.run()
    outputs, report = machine.result.outputs, json.loads(machine.result.report)

    assert ("3.12.4", "0.13.9", "true", "2") == tuple(
        outputs[name] for name in ("python-version", "uv-version", "changed", "package-count")
    )
    assert ["alpha updated", "beta installed"] == [f"{change['name']} {change['action']}" for change in json.loads(outputs["changes"])]
    assert [json.loads(outputs[name]) for name in ("packages", "changes")] == [report[name] for name in ("packages", "changes")]
    assert {"probe", "target", "project", "uv version", "before", "uv", "after"} <= report["timings"].keys()
    assert str(machine.prefix) == machine.result.env["UV_PROJECT_ENVIRONMENT"]
    assert ((str(machine.prefix / "bin"),), True) == (machine.result.paths, "alpha" in machine.result.summary)
    assert not machine.unfinished.exists()


def test_the_log_has_the_plan_then_uvs_output_then_the_result(machine: _Machine) -> None:
    machine.run(no_dev="true")
    plan, begin, *output, end, sentence = machine.reporter.lines

    assert f"Python 3.12.4 at {machine.prefix}, uv 0.13.9, uv.lock of sample: no-dev" == plan
    assert ("<uv sync>", machine.uv_output.splitlines(), "</uv sync>") == (begin, output, end)
    assert sentence.startswith("2 packages: 1 installed, 1 updated in ")
    assert {} == machine.reporter.listings
    assert [] == machine.reporter.notices


def test_what_changed_and_uv_does_not_list_is_listed(machine: _Machine) -> None:
    machine.uv_output = "Installed 2 packages\n + beta==1.0"
    machine.run()

    assert {"Changes": ["alpha 2.0"]} == machine.reporter.listings


def test_publishing_is_prepared_before_uv_runs(machine: _Machine) -> None:
    """Packages that uv installs or builds may change files that would be imported later."""
    machine.run()

    assert ([machine.reporter.lines[0]], 1) == (machine.reporter.prepared, len(machine.reporter.results))


def test_after_an_interruption_while_publishing_is_prepared_uv_does_not_run(machine: _Machine) -> None:
    machine.reporter.is_interrupted = True
    with pytest.raises(KeyboardInterrupt):
        machine.run()

    assert ([], []) == (machine.syncs, machine.reporter.results)


def test_uv_is_started_twice_and_the_target_once(machine: _Machine) -> None:
    machine.run(no_dev="true")
    version, target, command = machine.commands

    assert (("/bin/uv", "--version"), str(machine.prefix / "bin" / "python3")) == (version.argv, target.argv[0])
    assert ("sync", "--locked", "--no-dev") == (command.argv[1], *command.argv[-2:])
    assert (str(machine.project), str(machine.prefix)) == (command.cwd, command.env["UV_PROJECT_ENVIRONMENT"])
    assert 1 == len(command.descriptors)


def test_another_uv_may_suit_the_project_and_later_steps_get_it(machine: _Machine) -> None:
    """The target's folders are written to GITHUB_PATH after uv's folder, so they come before it on PATH."""
    asked: list[Project] = []

    def suitable(project: Project) -> Uv:
        asked.append(project)
        machine.uv_version = "uv 0.12.1"
        return Uv("/temp/uv/bin/uv", machine.environ, machine.start, folder="/temp/uv/bin")

    machine.suitable_uv = suitable
    machine.run()

    assert ([str(machine.project)], ["/temp/uv/bin/uv"]) == (
        [project.directory for project in asked],
        [command.argv[0] for command in machine.syncs],
    )
    assert ("0.12.1", ("/temp/uv/bin", str(machine.prefix / "bin"))) == (
        machine.result.outputs["uv-version"],
        machine.result.paths,
    )


def test_a_sync_that_changes_nothing_lists_nothing(machine: _Machine) -> None:
    machine.uv_does_nothing()
    machine.run()

    assert ("false", {}) == (machine.result.outputs["changed"], machine.reporter.listings)
    assert machine.reporter.lines[-1].startswith("1 package: nothing changed in ")


def test_a_check_takes_no_lock_and_publishes_the_target(machine: _Machine) -> None:
    machine.uv_does_nothing()
    machine.uv_does = [lambda machine: machine.reporter.info(f"unfinished: {machine.unfinished.exists()}")]
    machine.run(check="true")

    assert ((), "unfinished: False" in machine.reporter.lines) == (machine.syncs[0].descriptors, True)
    assert (str(machine.prefix / "bin"),) == machine.result.paths


def test_without_a_summary_everything_else_is_published(machine: _Machine) -> None:
    machine.run(summary="false")

    assert ("", True) == (machine.result.summary, bool(machine.result.outputs))


def test_a_relative_working_directory_is_found(machine: _Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(machine.project.parent)
    machine.inputs["working_directory"] = machine.project.name
    machine.run()

    assert str(machine.project) == machine.syncs[0].cwd


@pytest.mark.parametrize(("pin", "expected"), [("3.9", ["python-chosen"]), ("3.12", [])])
def test_another_python_than_the_pinned_one_is_a_notice(machine: _Machine, pin: str, expected: list[str]) -> None:
    (machine.project / ".python-version").write_text(pin, encoding="utf-8")
    machine.run()

    assert expected == machine.titles


@pytest.mark.parametrize(("installs", "expected"), [(True, []), (False, ["packages-removed"])], ids=["installed-it", "found-it"])
def test_a_removed_package_is_no_notice_if_an_earlier_sync_of_the_job_installed_it(
    machine: _Machine, expected: list[str], *, installs: bool
) -> None:
    direct_url = machine.prefix / "lib" / "alpha-1.0.dist-info" / "direct_url.json"
    machine.uv_output = ""
    machine.uv_does = [lambda _: direct_url.write_text('{"url": "file:///src/alpha"}', encoding="utf-8")] if installs else []
    machine.run()
    (machine.runner.temp / file_name()).write_text(machine.result.report, encoding="utf-8")
    machine.uv_removes_alpha()
    machine.run()

    assert expected == machine.titles


@pytest.mark.parametrize(
    ("inexact", "locked", "expected"),
    [("true", ("alpha",), ["beta 1.0"]), ("true", ("alpha", "beta"), []), ("false", ("alpha",), [])],
    ids=["inexact", "nothing-kept", "exact"],
)
def test_an_inexact_sync_shows_what_it_has_kept(machine: _Machine, inexact: str, locked: tuple[str, ...], expected: list[str]) -> None:
    machine.lock(*locked)
    machine.install("pip-24.0")
    machine.run(inexact=inexact)
    after = machine.reporter.lines.index("</uv sync>")

    assert expected == [line.partition(": ")[2] for line in machine.reporter.lines[after + 2 :]]


def test_a_build_that_writes_to_the_runners_files_fails_the_sync(machine: _Machine) -> None:
    machine.uv_does = [lambda machine: machine.runner.env.write_text("PATH=/evil\n", encoding="utf-8")]
    machine.fail(RunnerUnusable)

    assert machine.runner.are_empty()


# Before anything changes.


@pytest.mark.parametrize(
    ("change", "inputs", "kind"),
    [
        pytest.param({"inputs": {"python": "/missing"}}, {}, PythonNotFound, id="no-python"),
        pytest.param({"answers": {"externally_managed": "/EXTERNALLY-MANAGED"}}, {}, PythonUnsuitable, id="externally-managed"),
        pytest.param(_Machine.remove_python, {}, PythonUnsuitable, id="another-python-in-later-steps"),
        pytest.param({"inputs": {"working_directory": "/missing"}}, {}, InvalidInput, id="no-project"),
        pytest.param(_Machine.remove_lock, {}, LockMissing, id="no-lock"),
        pytest.param({}, {"args": "--python 3.8"}, InvalidInput, id="argument"),
        pytest.param({"uv_version": "Usage: uv\n"}, {}, UvUnavailable, id="not-uv"),
        pytest.param({"uv_version": "uv 0.5.30"}, {}, UvUnavailable, id="old-uv"),
        pytest.param({"uv_version": "uv 0.6.9"}, {"check": "true"}, UvUnavailable, id="old-uv-for-an-input"),
    ],
)
def test_what_is_wrong_beforehand_is_an_error_before_anything_changes(
    machine: _Machine, change: _Change | dict[str, Any], inputs: dict[str, str], kind: type[ActionError]
) -> None:
    if callable(change):
        change(machine)
    else:
        for name, value in change.items():
            setattr(machine, name, {**getattr(machine, name), **value} if isinstance(value, dict) else value)
    machine.fail(kind, **inputs)

    assert ([], False) == (machine.syncs, machine.unfinished.exists())


def test_the_entry_point_decides_which_python_is_allowed(machine: _Machine) -> None:
    seen: list[tuple[str, str]] = []

    def refuse(target: Target, search_path: str) -> None:
        seen.append((target.prefix, search_path))
        raise PythonUnsuitable("", "")

    machine.check_target = refuse
    machine.fail(PythonUnsuitable)

    assert ([(str(machine.prefix), str(machine.other))], []) == (seen, machine.syncs)


# During and after the sync.


@pytest.mark.parametrize(
    ("changes", "is_unfinished"),
    [
        pytest.param([_Machine.uv_does_nothing], False, id="nothing-changed"),
        pytest.param([], True, id="something-changed"),
        pytest.param([_Machine.break_alpha, _Machine.uv_installs_alpha_again], True, id="something-repaired"),
    ],
)
def test_a_failed_sync_is_unfinished_if_it_may_have_changed_something(
    machine: _Machine, changes: list[_Change], *, is_unfinished: bool
) -> None:
    for change in (*changes, _Machine.uv_fails):
        change(machine)
    error = machine.fail(SyncFailed)

    assert (machine.uv_output, "</uv sync>") == (error.words, machine.reporter.lines[-1])
    assert is_unfinished == machine.unfinished.exists()


def test_an_interrupted_sync_is_unfinished(machine: _Machine) -> None:
    def interrupt(_: _Machine) -> None:
        raise KeyboardInterrupt

    machine.uv_does = [interrupt]
    with pytest.raises(KeyboardInterrupt):
        machine.run()

    assert ("</uv sync>", [], True) == (machine.reporter.lines[-1], machine.reporter.results, machine.unfinished.exists())


def test_a_sync_that_takes_the_python_from_later_steps_fails(machine: _Machine) -> None:
    machine.uv_does = [_Machine.install_alpha, _Machine.remove_python]
    error = machine.fail(SyncFailed)

    python = machine.prefix / "bin" / "python"
    assert (f"{python} (no RECORD names it)", True, True) == (error.values["files"], python.exists(), machine.unfinished.exists())


@pytest.mark.parametrize(
    ("output", "wrong"),
    [
        pytest.param(None, "alpha 2.0 (found: 1.0), beta 1.0 (found: None)", id="few"),
        pytest.param(
            "\n".join(f" + name-{number:02}==1.0" for number in range(30)),
            ", ".join(f"name-{number:02} 1.0 (found: None)" for number in range(20)) + " and 10 more",
            id="many",
        ),
    ],
)
def test_a_sync_whose_packages_are_not_there_fails(machine: _Machine, output: str | None, wrong: str) -> None:
    machine.uv_output = output or machine.uv_output
    machine.uv_does = []
    error = machine.fail(SyncFailed)

    assert ({"prefix": str(machine.prefix), "wrong": wrong}, True) == (error.values, machine.unfinished.exists())


def test_a_broken_package_is_removed_before_the_sync(machine: _Machine) -> None:
    machine.break_alpha()
    machine.uv_installs_alpha_again()
    machine.run()

    assert (["packages-repaired"], ["alpha"]) == (machine.titles, [item["name"] for item in json.loads(machine.result.report)["repaired"]])
    assert machine.reporter.lines[1].startswith("Repairing alpha: ")


@pytest.mark.parametrize(
    ("broken", "inputs", "is_repaired"),
    [
        pytest.param("other", {}, True, id="exact"),
        pytest.param("other", {"inexact": "true"}, False, id="inexact"),
        pytest.param("alpha", {"inexact": "true"}, True, id="inexact-and-locked"),
        pytest.param("pip", {}, False, id="seed"),
    ],
)
def test_only_a_broken_package_that_uv_would_install_or_remove_is_repaired(
    machine: _Machine, broken: str, inputs: dict[str, str], *, is_repaired: bool
) -> None:
    machine.uv_does_nothing()
    folder = machine.prefix / "lib" / f"{broken}-1.0.dist-info"
    touch(folder, "METADATA")
    (folder / "RECORD").unlink(missing_ok=True)
    machine.run(**inputs)

    assert is_repaired == (not folder.exists())


def test_a_check_of_a_broken_package_fails_and_changes_nothing(machine: _Machine) -> None:
    machine.break_alpha()
    error = machine.fail(OutOfSync, check="true")

    assert ({Option("check", "true")}, []) == (options(error), machine.syncs)
    assert (machine.prefix / "lib" / "alpha-1.0.dist-info").exists()


def test_an_unfinished_sync_is_repaired_by_the_next_one(machine: _Machine) -> None:
    machine.uv_does_nothing()
    (machine.prefix / "lib" / "alpha-1.0.dist-info" / "RECORD").write_text("alpha.py,,\n", encoding="utf-8")
    machine.run()
    assert [] == machine.titles

    machine.unfinished.touch()
    machine.run()

    assert ("packages-repaired", False) == (machine.titles[0], machine.unfinished.exists())


@pytest.mark.parametrize(
    ("changes", "inputs", "reads"),
    [
        pytest.param([], {}, 0, id="success"),
        pytest.param([_Machine.uv_does_nothing], {"check": "true"}, 0, id="check"),
        pytest.param([], {"inexact": "true"}, 1, id="inexact"),
        pytest.param([_Machine.break_alpha], {"inexact": "true"}, 1, id="inexact-and-repaired"),
        pytest.param([_Machine.uv_fails], {}, 1, id="failure"),
        pytest.param([_Machine.break_alpha, _Machine.uv_fails], {"inexact": "true"}, 1, id="repaired-and-failure"),
    ],
)
def test_the_lock_is_read_only_if_it_is_needed_and_once(
    machine: _Machine, changes: list[_Change], inputs: dict[str, str], reads: int
) -> None:
    """Parsing a large uv.lock takes longer than a sync that has nothing to do."""
    for change in changes:
        change(machine)
    with _opened_locks() as opened, suppress(SyncFailed):
        machine.run(**inputs)

    assert [str(machine.project / "uv.lock")] * reads == opened


# Trying again.

_UNREACHED = "error: Failed to fetch: https://host/alpha.whl\n  cause: HTTP status server error ({}) for url (https://host/alpha.whl)"
_503, _502 = (_UNREACHED.format(status) for status in ("503 Service Unavailable", "502 Bad Gateway"))
_IN_PART = "error: Failed to download `alpha==2.0`\n  cause: error decoding response body\n  cause: Connection reset by peer"
_REASON = "https://host/alpha.whl: 503 Service Unavailable"


@pytest.mark.parametrize(
    ("failures", "reasons"),
    [([_503], [_REASON]), ([_503, _502], [_REASON, "https://host/alpha.whl: 502 Bad Gateway"])],
    ids=["once", "twice"],
)
def test_a_sync_that_fails_for_the_network_is_tried_again(machine: _Machine, failures: list[str], reasons: list[str]) -> None:
    machine.failures = list(failures)
    machine.run()
    (notice,) = machine.reporter.notices

    assert ("retried", "; ".join(reasons)) == (notice.title, notice.message.values["failed"])
    assert reasons == json.loads(machine.result.report)["retries"]
    assert ["<uv sync>", "<uv sync, try 2>", "<uv sync, try 3>"][: len(reasons) + 1] == [
        line for line in machine.reporter.lines if line.startswith("<uv")
    ]
    assert (len(reasons), False) == (len(machine.waits), machine.unfinished.exists())
    assert [] == [wait for wait in machine.waits if wait <= 0]
    assert [machine.syncs[0]] * (len(reasons) + 1) == machine.syncs
    assert ("2", "true") == (machine.result.outputs["package-count"], machine.result.outputs["changed"])


def test_the_log_has_the_reason_and_the_wait_before_the_next_try(machine: _Machine) -> None:
    machine.failures = [_503]
    machine.run()
    before = machine.reporter.lines[machine.reporter.lines.index("<uv sync, try 2>") - 1]

    assert f"Trying again in {machine.waits[0]:.1f} s: {_REASON}" == before


def test_a_file_that_uv_received_in_part_is_named_by_the_lock(machine: _Machine) -> None:
    lock = '[[package]]\nname = "alpha"\nversion = "2.0"\nwheels = [{ url = "https://host/alpha.whl" }]\n'
    (machine.project / "uv.lock").write_text(lock, encoding="utf-8")
    machine.failures = [_IN_PART]
    machine.run()

    assert ["https://host/alpha.whl: Connection reset"] == json.loads(machine.result.report)["retries"]


def test_what_a_failed_try_has_broken_is_repaired_before_the_next_one(machine: _Machine) -> None:
    """The repair checks for missing files, as it does after a kill."""
    there: list[bool] = []

    def lose_a_file(machine: _Machine) -> None:
        (machine.prefix / "lib" / "alpha-1.0.dist-info" / "RECORD").write_text("alpha.py,,\n", encoding="utf-8")

    machine.failures, machine.uv_does_before = [_503], [lose_a_file]
    machine.uv_does = [lambda machine: there.append((machine.prefix / "lib" / "alpha-1.0.dist-info").exists()), _Machine.install_alpha]
    machine.run()

    assert ([False], ["retried", "packages-repaired"]) == (there, machine.titles)


@pytest.mark.parametrize("retries", [0, 1, 2, 5])
def test_a_network_that_fails_more_often_than_there_are_retries_is_one_error(machine: _Machine, retries: int) -> None:
    machine.failures = [_503] * (retries + 1)
    error = machine.fail(SyncFailed, retries=str(retries))

    assert ("https://host/alpha.whl" in str(error.message), retries, retries + 1) == (True, len(machine.waits), len(machine.syncs))
    assert [_REASON] * retries == machine.context.retries
    assert not machine.unfinished.exists()


@pytest.mark.parametrize("failures", [["error: Hash mismatch for `alpha==2.0`"], [_503, "error: Hash mismatch for `alpha==2.0`"]])
def test_another_error_is_not_tried_again(machine: _Machine, failures: list[str]) -> None:
    machine.failures = list(failures)
    machine.fail(SyncFailed, retries="9")

    assert (len(failures) - 1, len(failures)) == (len(machine.waits), len(machine.syncs))


def test_a_sync_that_is_interrupted_while_a_retry_waits_is_unfinished(machine: _Machine) -> None:
    machine.failures, machine.is_interrupted_while_waiting = [_503], True
    with pytest.raises(KeyboardInterrupt):
        machine.run()

    assert (1, True) == (len(machine.syncs), machine.unfinished.exists())


def test_a_check_is_tried_again_and_repairs_nothing(machine: _Machine) -> None:
    machine.uv_does_nothing()
    machine.failures, machine.uv_does_before = [_503], [_Machine.break_alpha]
    machine.run(check="true")

    assert ([_REASON], False) == (machine.context.retries, machine.unfinished.exists())
    assert (["retried"], True) == (machine.titles, (machine.prefix / "lib" / "alpha-1.0.dist-info").exists())


# The facts about a run.


@pytest.mark.parametrize("kind", [ValueError, SyncFailed])
def test_the_context_of_a_run_that_fails_has_the_python_uv_and_the_project(machine: _Machine, kind: type[Exception]) -> None:
    def fail(_: _Machine) -> None:
        raise kind("", "")

    machine.uv_does = [fail]
    with pytest.raises(kind):
        machine.run(no_dev="true")

    assert f"Python 3.12.4 at {machine.prefix}, uv 0.13.9, uv.lock of sample: no-dev" == machine.context.line()


def test_the_context_has_each_fact_as_soon_as_it_is_known(machine: _Machine) -> None:
    machine.remove_lock()
    machine.fail(LockMissing, no_dev="true")

    assert f"Python 3.12.4 at {machine.prefix}: no-dev" == machine.context.line()


def test_debugging_shows_the_target_the_command_and_the_decision_on_each_variable_of_uv(machine: _Machine) -> None:
    machine.reporter.is_debugging = True
    machine.environ.update({"UV_NO_DEV": "1", "UV_INDEX_PRIVATE_PASSWORD": "secret", "OTHER": "1"})
    machine.run()
    debugged = machine.reporter.debugged
    command = f"/bin/uv sync --color always --python {machine.prefix} --locked"

    assert (str(machine.prefix) in debugged[0], f"Command, in {machine.project}: {command}") == (True, debugged[1])
    assert "UV_NO_DEV is dropped: the inputs decide what is selected" in debugged
    assert "UV_INDEX_PRIVATE_PASSWORD is kept: credentials" in debugged
    assert [] == [line for line in debugged if "OTHER" in line or "secret" in line]


def test_debugging_shows_how_long_each_part_took_even_of_a_run_that_fails(machine: _Machine) -> None:
    machine.uv_fails()
    machine.fail(SyncFailed)
    (timings,) = machine.reporter.debugged

    assert ["probe", "target", "project", "uv version", "before", "uv"] == [item.rsplit(" ", 2)[0] for item in timings.split(", ")]

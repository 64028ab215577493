"""What both reporters have in common: handling errors, spelling options and hiding secrets."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.support import PROJECT, TARGET
from tests.support.log_file import LogFile
from tools.shared.runner_files import StepFiles
from uv_system_sync.errors import ActionError, Cancelled, InternalError, InvalidInput, RunnerUnusable, SyncFailed
from uv_system_sync.reporting.console import ConsoleReporter
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.github import GitHubReporter
from uv_system_sync.reporting.reporter import Notice, Reporter, report_errors
from uv_system_sync.text import Option


class Output(NamedTuple):
    """A reporter, its log, and a function that returns the report that it published."""

    reporter: Reporter
    log: LogFile
    report: Callable[[], dict[str, Any]]


@pytest.fixture
def github(runner: StepFiles, log: LogFile) -> Output:
    """The reporter of a workflow step."""
    return Output(GitHubReporter(runner.environ, log), log, lambda: json.loads(next(runner.temp.iterdir()).read_text(encoding="utf-8")))


@pytest.fixture
def console(log: LogFile) -> Output:
    """The reporter of the command line."""
    file = io.StringIO()
    return Output(ConsoleReporter(log, json=file), log, lambda: json.loads(file.getvalue()))


@pytest.fixture(params=["github", "console"])
def output(request: pytest.FixtureRequest) -> Output:
    """Each of the two reporters."""
    found: Output = request.getfixturevalue(request.param)
    return found


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Restore the handlers of the signals, which are ignored after an error."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def failing(error: BaseException) -> Callable[[], None]:
    """Return a function that raises `error`."""

    def work() -> None:
        raise error

    return work


def test_work_that_succeeds_shows_nothing(output: Output) -> None:
    assert None is report_errors(lambda: None, output.reporter)
    assert b"" == output.log.content
    assert signal.SIG_IGN != signal.getsignal(signal.SIGTERM)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SyncFailed("It failed.", "Try again."), SyncFailed),
        (KeyboardInterrupt(), Cancelled),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), RunnerUnusable),
    ],
    ids=["action-error", "cancelled", "full-disk"],
)
def test_an_error_is_shown_without_a_traceback(output: Output, error: BaseException, kind: type[ActionError]) -> None:
    found = report_errors(failing(error), output.reporter)

    assert kind is type(found)
    assert str(found) in output.log.text
    assert "Traceback" not in output.log.text


def test_a_bug_is_shown_after_its_traceback(output: Output) -> None:
    found = report_errors(failing(LookupError("one\ntwo")), output.reporter)

    assert isinstance(found, InternalError)
    assert "LookupError" == found.values["kind"]
    assert output.log.text.index("Traceback (most recent call last)") < output.log.text.index("LookupError: one")
    assert output.log.text.index("LookupError: one") < output.log.text.index("This is a bug")


def test_signals_are_ignored_after_an_error(output: Output) -> None:
    report_errors(failing(KeyboardInterrupt()), output.reporter)

    assert [signal.SIG_IGN] * 2 == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


@pytest.mark.parametrize("known", range(4))
def test_a_bug_in_the_middle_of_a_run_leaves_a_report_of_the_known_facts(output: Output, known: int) -> None:
    context = RunContext()

    def run() -> None:
        facts = (("target", TARGET), ("project", PROJECT), ("uv_version", "0.13.9"))
        for name, value in facts[:known]:
            setattr(context, name, value)
        raise LookupError("no")

    error = report_errors(run, output.reporter)
    assert error
    status = output.reporter.publish_failure(error, context)
    report = output.report()

    assert (1, "failure") == (status, report["outcome"])
    assert "internal-error" == report["error"]["kind"]
    assert context.as_json() == {name: report[name] for name in ("python", "uv", "project", "selection", "retries")}
    assert [known > 0, known > 1, known > 2] == [report[name] is not None for name in ("python", "project", "uv")]


@pytest.mark.parametrize(
    ("option", "workflow", "command"),
    [
        (Option("python", "/opt/a b"), "`python: /opt/a b`", "`--python /opt/a b`"),
        (Option("inexact", "true"), "`inexact: true`", "`--inexact`"),
        (Option("extras"), "`extras`", "`--extra`"),
        (Option("extras", "docs test"), "`extras: docs test`", "`--extra docs --extra test`"),
        *((Option(f"{name}s", "dev"), f"`{name}s: dev`", f"`--{name} dev`") for name in ("extra", "group", "only-group", "package")),
        (Option("args", "--no-build"), "`args: --no-build`", "the arguments after `--`"),
        # The command line has no such option.
        (Option("uv-version"), "`uv-version`", "`uv-version`"),
    ],
    ids=str,
)
def test_each_reporter_spells_an_option_as_the_user_writes_it(
    github: Output, console: Output, option: Option, workflow: str, command: str
) -> None:
    assert (workflow, command) == (github.reporter.spell(option), console.reporter.spell(option))


CONTRADICTION = InvalidInput("{one} contradicts {other}.", "Remove {one}.", one=Option("all-groups", "true"), other=Option("groups", "dev"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("github", ("`all-groups: true` contradicts `groups: dev`.", "Remove `all-groups: true`.")),
        ("console", ("`--all-groups` contradicts `--group dev`.", "Remove `--all-groups`.")),
    ],
)
def test_errors_notices_and_reports_spell_options_like_their_reporter(
    request: pytest.FixtureRequest, runner: StepFiles, name: str, expected: tuple[str, str]
) -> None:
    output: Output = request.getfixturevalue(name)
    output.reporter.error(CONTRADICTION, "")
    output.reporter.notice(Notice("shared-python", CONTRADICTION.message))
    output.reporter.publish_failure(CONTRADICTION, RunContext())

    assert {"kind": "invalid-input", "message": expected[0], "hint": expected[1]} == output.report()["error"]
    assert (2, 1) == (output.log.text.count(expected[0]), output.log.text.count(expected[1]))
    assert name == "console" or expected[0] in runner.summary.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "/src/the step/`check: true`/--check",
        "/src/Run the job again./setup-python/{option}",
        "/src/{}/{0}/{path}/%s/{{option}}",
        "/src/`groups`/`args: x`/--extra dev",
    ],
)
def test_paths_that_look_like_options_or_fields_are_shown_unchanged(output: Output, path: str) -> None:
    error = SyncFailed("{path} is not what {option} means.", "Correct {path}.", path=path, option=Option("check", "true"))
    output.reporter.error(error, "")
    output.reporter.publish_failure(error, RunContext())
    shown = output.report()["error"]

    assert shown["message"].startswith(f"{path} is not what `")
    assert f"Correct {path}." == shown["hint"]
    assert 2 == output.log.text.replace("%25", "%").count(path)


def test_secrets_and_the_credentials_in_addresses_are_never_written(output: Output) -> None:
    """Secrets are found by value, even in program output and in tracebacks."""
    output.reporter.mask(["hunter2"])
    shown = "hunter2 https://me:pass'wo/rd@host/"

    output.reporter.info(shown)
    report_errors(failing(ValueError(shown)), output.reporter)
    invalid = InvalidInput("It is {value!r}.", "See {other}.", words=shown, value=shown, other=shown)
    error = report_errors(failing(invalid), output.reporter)
    assert error is not None
    output.reporter.publish_failure(error, RunContext())

    log = output.log.text.replace("::add-mask::hunter2", "")
    for text in (log, str(output.report()), error.words):
        assert [] == [secret for secret in ("hunter2", "pass'", "rd@") if secret in text]
        assert "*** https://host/" in text

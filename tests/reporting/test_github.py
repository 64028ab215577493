"""Reports to the runner; tests/fuzz/test_github.py has any values at all, read as the runner reads them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.support import TARGET, step_inputs
from tests.support.log_file import LogFile
from tools.shared.runner_files import StepFiles, read_env, read_outputs, read_path
from uv_system_sync.errors import Cancelled, LockMissing, RunnerUnusable, SyncFailed
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.github import GitHubReporter
from uv_system_sync.reporting.report import Result
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.reporting.runner_files import SUMMARY_LIMIT
from uv_system_sync.text import message

RESULT = Result(env={"A": "1"}, paths=("/one", "/two ☃", "/\udcff"), outputs={"b": "2"}, report='{"c": 3}\n', summary="# Summary\n")
ERROR = LockMissing("There is no uv.lock in {directory}.", "Run `uv lock`.", directory="/src")


@pytest.mark.parametrize(
    ("file", "line", "properties"),
    [
        pytest.param(None, None, "title=sync-failed", id="no-place"),
        pytest.param("/src/uv.lock", None, "title=sync-failed,file=/src/uv.lock", id="file"),
        pytest.param("/src/uv.lock", 3, "title=sync-failed,file=/src/uv.lock,line=3", id="file-and-line"),
    ],
)
def test_an_error_is_an_annotation_of_its_place(log: LogFile, file: str | None, line: int | None, properties: str) -> None:
    error = SyncFailed("It failed: {reason}", "Try again.", file=file, line=line, words="no", reason="50%:\r\n::set-env name=A::1")
    GitHubReporter({}, log).error(error, "")

    data = "It failed: 50%25:%0D%0A::set-env name=A::1%0ATry again.%0Auv's output ends with: no"
    assert f"::error {properties}::{data}\n" == log.text


def test_details_of_an_error_are_in_a_group_before_it(log: LogFile) -> None:
    GitHubReporter({}, log).error(ERROR, "Traceback\n::error::no\n")

    assert ["::group::Details", "Traceback", "> ::error::no", "::endgroup::"] == log.lines[:-1]


def test_a_notice_is_an_annotation_with_its_title(log: LogFile) -> None:
    GitHubReporter({}, log).notice(Notice("python-chosen", message("Python {version} was used.", version="3\n::error::no")))

    assert "::notice title=python-chosen::Python 3%0A::error::no was used.\n" == log.text


def test_a_listing_is_a_group_of_lines(log: LogFile) -> None:
    GitHubReporter({}, log).listing("All", ["alpha 1.0", "::error::no"])

    assert ["::group::All", "alpha 1.0", "> ::error::no", "::endgroup::"] == log.lines


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({}, []), ({"RUNNER_DEBUG": "0"}, []), ({"RUNNER_DEBUG": "1"}, ["::debug::a%0Ab"])],
    ids=["not-set", "off", "on"],
)
def test_debug_lines_are_written_in_a_run_with_debug_logging(log: LogFile, environ: dict[str, str], expected: list[str]) -> None:
    reporter = GitHubReporter(environ, log)
    reporter.debug("a\nb")

    assert (bool(expected), expected) == (reporter.is_debugging, log.lines)


def test_each_part_of_a_result_goes_to_its_own_file(runner: StepFiles, log: LogFile) -> None:
    runner.env.write_text("BEFORE=1\n", encoding="utf-8")
    runner.output.unlink()
    GitHubReporter(runner.environ, log).publish(RESULT)
    outputs = read_outputs(runner.output)
    report = Path(outputs.pop("report"))

    assert ({"BEFORE": "1", "A": "1"}, {"b": "2"}) == (read_env(runner.env), outputs)
    # The runner puts the last one first.
    assert "/one\n/two ☃\n".encode() + b"/\xff\n" == runner.path.read_bytes()
    assert (b"# Summary\n", b'{"c": 3}\n', b"") == (runner.summary.read_bytes(), report.read_bytes(), log.content)


def test_the_output_report_is_an_absolute_path(runner: StepFiles, log: LogFile) -> None:
    GitHubReporter({**runner.environ, "RUNNER_TEMP": os.path.relpath(runner.temp)}, log).publish(RESULT)

    assert runner.temp == Path(read_outputs(runner.output)["report"]).parent


@pytest.mark.parametrize("name", ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "RUNNER_TEMP"])
@pytest.mark.parametrize("value", [None, ""], ids=["not-set", "empty"])
def test_without_one_of_the_variables_nothing_is_published(runner: StepFiles, log: LogFile, name: str, value: str | None) -> None:
    environ = {**runner.environ, name: value or ""}
    if value is None:
        del environ[name]
    with pytest.raises(RunnerUnusable) as caught:
        GitHubReporter(environ, log).publish(RESULT)

    assert name == caught.value.values["variable"]
    assert runner.are_empty()


@pytest.mark.parametrize("name", ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "RUNNER_TEMP"])
def test_if_one_file_cannot_be_written_nothing_is_published(runner: StepFiles, log: LogFile, tmp_path: Path, name: str) -> None:
    wrong = tmp_path / "missing" if name == "RUNNER_TEMP" else tmp_path
    with pytest.raises(RunnerUnusable) as caught:
        GitHubReporter({**runner.environ, name: str(wrong)}, log).publish(RESULT)

    assert str(caught.value.values["path"]).startswith(str(wrong))
    assert runner.are_empty()


@pytest.mark.parametrize("value", [None, ""], ids=["not-set", "empty"])
def test_a_server_without_job_summaries_gets_the_rest(runner: StepFiles, log: LogFile, value: str | None) -> None:
    environ = {**runner.environ, "GITHUB_STEP_SUMMARY": value or ""}
    if value is None:
        del environ["GITHUB_STEP_SUMMARY"]
    GitHubReporter(environ, log).publish(RESULT)

    assert ({"A": "1"}, 3, "") == (read_env(runner.env), len(read_path(runner.path)), runner.summary.read_text(encoding="utf-8"))
    assert Path(read_outputs(runner.output)["report"]).is_file()


@pytest.mark.parametrize(
    ("summary", "size"),
    [
        pytest.param("x" * SUMMARY_LIMIT, SUMMARY_LIMIT, id="just-fits"),
        pytest.param("x" * (SUMMARY_LIMIT + 1), 0, id="one-byte-too-many"),
        pytest.param("☃" * (SUMMARY_LIMIT // 2), 0, id="few-letters-of-many-bytes"),
    ],
)
def test_a_summary_that_the_runner_would_reject_is_left_out_alone(runner: StepFiles, log: LogFile, summary: str, size: int) -> None:
    GitHubReporter(runner.environ, log).publish(RESULT._replace(summary=summary))

    assert (size, {"A": "1"}) == (runner.summary.stat().st_size, read_env(runner.env))


@pytest.mark.parametrize("inputs", [None, step_inputs()], ids=["before-the-inputs-are-known", "by-default"])
def test_a_failure_leaves_a_job_summary_and_a_report_and_later_steps_get_nothing(runner: StepFiles, log: LogFile, inputs: None) -> None:
    status = GitHubReporter(runner.environ, log).publish_failure(ERROR, RunContext(inputs, TARGET))
    (left,) = runner.temp.iterdir()
    report = json.loads(left.read_text(encoding="utf-8"))

    assert re.search(
        r"lock-missing\n(.|\n)*There is no uv\.lock in /src\.\n(.|\n)*Python 3\.12\.4 at ", runner.summary.read_text(encoding="utf-8")
    )
    assert ("failure", "lock-missing", "3.12.4") == (report["outcome"], report["error"]["kind"], report["python"]["version"])
    assert (1, True) == (status, runner.hand_nothing_on())


def test_without_the_input_summary_a_failure_leaves_a_report_only(runner: StepFiles, log: LogFile) -> None:
    GitHubReporter(runner.environ, log).publish_failure(ERROR, RunContext(step_inputs(summary="false")))

    assert ("", 1) == (runner.summary.read_text(encoding="utf-8"), len(list(runner.temp.iterdir())))


def test_a_cancelled_run_leaves_nothing(runner: StepFiles, log: LogFile) -> None:
    assert 1 == GitHubReporter(runner.environ, log).publish_failure(Cancelled("It was cancelled.", "Run it again."), RunContext())
    assert runner.are_empty()


@pytest.mark.parametrize("variable", ["RUNNER_TEMP", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("place", ["", "missing/file"])
def test_what_a_failure_cannot_write_is_left_out(runner: StepFiles, log: LogFile, tmp_path: Path, variable: str, place: str) -> None:
    environ = {**runner.environ, variable: place and str(tmp_path / place)}
    GitHubReporter(environ, log).publish_failure(ERROR, RunContext())

    left = (len(list(runner.temp.iterdir())), runner.summary.stat().st_size > 0)
    assert ((0, True) if variable == "RUNNER_TEMP" else (1, False), "") == (left, log.text)

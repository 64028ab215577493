"""The reporter of a workflow step. tests/fuzz/test_commands.py and test_github.py cover arbitrary text."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support import TARGET, step_inputs
from tests.support.log_file import LogFile
from tools.shared import ROOT
from tools.shared.runner_files import StepFiles, read_env, read_outputs, read_path
from uv_system_sync.errors import Cancelled, LockMissing, RunnerUnusable, SyncFailed
from uv_system_sync.inputs import Inputs
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.github import GitHubReporter
from uv_system_sync.reporting.report import Result
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.reporting.runner_files import SUMMARY_LIMIT
from uv_system_sync.text import message

RESULT = Result(env={"A": "1"}, paths=("/one", "/two ☃", "/\udcff"), outputs={"b": "2"}, report='{"c": 3}\n', summary="# Summary\n")
ERROR = LockMissing("There is no uv.lock in {directory}.", "Run `uv lock`.", directory="/src")
GROUP = re.compile(rb"::group::uv sync\n::stop-commands::(?P<token>[0-9a-f]{32})\n(?P<output>.*)::(?P=token)::\n::endgroup::\n", re.DOTALL)


def relayed(log: LogFile, *pieces: bytes) -> bytes:
    """Relay `pieces` in a group, and return the log between the commands that open and close the group."""
    with GitHubReporter({}, log).group("uv sync") as relay:
        for piece in pieces:
            relay(piece)
    found = GROUP.fullmatch(log.content)
    assert found, log.text
    return found["output"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("/opt/my python ü ☃/bin", "/opt/my python ü ☃/bin"), ("", ""), ("a ::error::no", "a ::error::no")),
        *(("  ::error::no", ">   ::error::no"), ("\xa0::error::no", "\\xa0::error::no")),
        *(("a ##[error]no", "a ##\\[error]no"), (" ::a##[error]no", ">  ::a##\\[error]no")),
        *(("a\n::b\r::c\u2028::d", "a\\n::b\\r::c\\u2028::d"), ("\x1b[31mred\x00\u202e\udcff", "\\x1b[31mred\\x00\\u202e\\udcff")),
    ],
)
def test_a_text_is_one_line_and_never_a_command(log: LogFile, text: str, expected: str) -> None:
    GitHubReporter({}, log).info(text)

    assert [expected] == log.lines


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, "::error::50%25%0D%0A::x:, ##[error]y\n"),
        ({"title": "a", "file": None, "line": 3}, "::error title=a,line=3::50%25%0D%0A::x:, ##[error]y\n"),
        ({"file": "C:\\a,b%\nc"}, "::error file=C%3A\\a%2Cb%25%0Ac::50%25%0D%0A::x:, ##[error]y\n"),
    ],
    ids=["none", "not-none", "escaped"],
)
def test_a_command_has_its_properties_and_its_message(log: LogFile, properties: dict[str, object], expected: str) -> None:
    GitHubReporter({}, log).command("error", "50%\r\n::x:, ##[error]y", **properties)

    assert expected == log.text


def test_a_secret_is_masked_as_a_whole_even_with_several_lines(log: LogFile) -> None:
    GitHubReporter({}, log).mask(["one", "two\n%25"])

    assert ["::add-mask::one", "::add-mask::two%0A%2525"] == log.lines


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param([b""], b"", id="nothing"),
        pytest.param([b"a\r\n::error::no\n", b"\xff\x00##[error]no\n"], b"a\r\n::error::no\n\xff\x00##\\[error]no\n", id="commands"),
        pytest.param([b"#", b"#", b"[error]"], b"##\\[error]\n", id="split-everywhere"),
        pytest.param([b"a ##", b"[error] b"], b"a ##\\[error] b\n", id="split-before-the-bracket"),
        pytest.param([b"###", b"##[error]"], b"#####\\[error]\n", id="many-signs"),
        pytest.param([b"##[##[", b"[##"], b"##\\[##\\[[##\n", id="again-and-again"),
        pytest.param([b"##", b"\n[error]"], b"##\n[error]\n", id="on-two-lines"),
        pytest.param([b"carriage return\r"], b"carriage return\r\n", id="carriage-return"),
    ],
)
def test_a_group_relays_bytes_without_commands_and_completes_the_last_line(log: LogFile, pieces: list[bytes], expected: bytes) -> None:
    assert expected == relayed(log, *pieces)


def test_a_piece_is_written_to_the_log_immediately(log: LogFile) -> None:
    reporter = GitHubReporter({}, log)
    reporter.info("before")
    with reporter.group("uv sync") as relay:
        relay(b"piece")

        assert log.content.startswith(b"before\n::group::uv sync\n")
        assert log.content.endswith(b"\npiece")


def test_each_group_has_its_own_token(log: LogFile) -> None:
    for _ in range(5):
        with GitHubReporter({}, log).group("uv sync"):
            pass

    assert 5 == len(set(re.findall(r"::stop-commands::(\w+)", log.text)))


class Interrupted(io.BytesIO):
    """A log in which a signal interrupts the write of `a line`."""

    def write(self, content: Any, /) -> int:
        """Write `content`, or write half of it and raise KeyboardInterrupt."""
        if bytes(content) == b"a line\n":
            super().write(b"a l")
            raise KeyboardInterrupt
        return super().write(content)


def test_the_runner_reads_commands_again_after_an_interrupted_group() -> None:
    content = Interrupted()
    reporter = GitHubReporter({}, io.TextIOWrapper(content, encoding="utf-8", newline="\n"))
    with suppress(KeyboardInterrupt), reporter.group("uv sync") as relay:
        relay(b"before\n")
        relay(b"a line\n")

    assert re.search(rb"::stop-commands::(\w+)\nbefore\na l\n::\1::\n::endgroup::\n$", content.getvalue())


@pytest.mark.parametrize(
    ("place", "properties"),
    [({}, ""), ({"file": "/src/uv.lock"}, ",file=/src/uv.lock"), ({"file": "/src/uv.lock", "line": 3}, ",file=/src/uv.lock,line=3")],
    ids=["no-place", "file", "file-and-line"],
)
def test_an_error_annotates_its_file_and_line(log: LogFile, place: dict[str, Any], properties: str) -> None:
    error = SyncFailed("It failed: {reason}", "Try again.", words="no", reason="50%:\r\n::set-env name=A::1", **place)
    GitHubReporter({}, log).error(error, "")

    data = "It failed: 50%25:%0A::set-env name=A::1%0ATry again.%0AThe output ends with: no"
    assert f"::error title=sync-failed{properties}::{data}\n" == log.text


def test_annotations_show_every_character_and_contain_no_other_command(log: LogFile) -> None:
    hostile = "a\r\nb\t##[error]c\x1b[31md\u202ee\rf"
    GitHubReporter({}, log).error(SyncFailed("{x}", "{x}", words=hostile, x=hostile), "")
    GitHubReporter({}, log).notice(Notice("retried", message("{x}", x=hostile)))

    shown = "a%0Ab       ##\\[error]c\\x1b[31md\\u202ee\\rf"
    error = f"::error title=sync-failed::{shown}%0A{shown}%0AThe output ends with: {shown}"
    assert [error, f"::notice title=retried::{shown}"] == log.lines


@pytest.mark.parametrize("letter", ["x", "😀"])
def test_an_annotation_has_the_beginning_of_long_sentences_and_the_end_of_long_output(log: LogFile, letter: str) -> None:
    error = SyncFailed(letter * 1000, letter * 1001, words=f"{letter * 5000} reason")
    GitHubReporter({}, log).error(error, "")

    text = log.text.partition("::error title=sync-failed::")[2].replace("%0A", "\n")
    sentences = f"{letter * 1000}\n{letter * 1000} …\n"
    assert f"{sentences}The output ends with: … {letter * 1993} reason\n" == text
    # GitHub shows 4096 UTF-16 code units: always both sentences, and the output unless its characters take two.
    assert (len(sentences.encode("utf-16-le")) <= 2 * 4096, len(text) <= 4096) == (True, True)


def test_the_details_of_an_error_are_a_group_before_it(log: LogFile) -> None:
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
    [({}, []), ({"RUNNER_DEBUG": "0"}, []), ({"RUNNER_DEBUG": "1"}, ["::debug::a\\nb"])],
    ids=["not-set", "off", "on"],
)
def test_debug_lines_are_written_if_debug_logging_is_enabled(log: LogFile, environ: dict[str, str], expected: list[str]) -> None:
    reporter = GitHubReporter(environ, log)
    reporter.debug("a\nb")

    assert (bool(expected), expected) == (reporter.is_debugging, log.lines)


def test_each_part_of_a_result_is_written_to_its_own_file(runner: StepFiles, log: LogFile) -> None:
    runner.env.write_text("BEFORE=1\n", encoding="utf-8")
    runner.output.unlink()
    GitHubReporter(runner.environ, log).publish(RESULT)
    outputs = read_outputs(runner.output)
    report = Path(outputs.pop("report"))

    assert ({"BEFORE": "1", "A": "1"}, {"b": "2"}) == (read_env(runner.env), outputs)
    # The runner prepends each line to PATH, so that the last one comes first.
    assert "/one\n/two ☃\n".encode() + b"/\xff\n" == runner.path.read_bytes()
    assert (b"# Summary\n", b'{"c": 3}\n', b"") == (runner.summary.read_bytes(), report.read_bytes(), log.content)


def test_the_output_report_is_an_absolute_path(runner: StepFiles, log: LogFile) -> None:
    GitHubReporter({**runner.environ, "RUNNER_TEMP": os.path.relpath(runner.temp)}, log).publish(RESULT)

    assert runner.temp == Path(read_outputs(runner.output)["report"]).parent


@pytest.mark.parametrize("name", ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "RUNNER_TEMP"])
def test_nothing_is_published_if_a_variable_is_not_set(runner: StepFiles, log: LogFile, name: str) -> None:
    with pytest.raises(RunnerUnusable) as caught:
        GitHubReporter({**runner.environ, name: ""}, log).publish(RESULT)

    assert name == caught.value.values["variable"]
    assert runner.are_empty()


@pytest.mark.parametrize("name", ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "RUNNER_TEMP"])
def test_nothing_is_published_if_a_file_cannot_be_written(runner: StepFiles, log: LogFile, tmp_path: Path, name: str) -> None:
    wrong = tmp_path / "missing" if name == "RUNNER_TEMP" else tmp_path
    with pytest.raises(RunnerUnusable) as caught:
        GitHubReporter({**runner.environ, name: str(wrong)}, log).publish(RESULT)

    assert str(caught.value.values["path"]).startswith(str(wrong))
    assert runner.are_empty()


def test_everything_else_is_published_on_a_server_without_job_summaries(runner: StepFiles, log: LogFile) -> None:
    GitHubReporter({**runner.environ, "GITHUB_STEP_SUMMARY": ""}, log).publish(RESULT)

    assert ({"A": "1"}, 3, "") == (read_env(runner.env), len(read_path(runner.path)), runner.summary.read_text(encoding="utf-8"))
    assert Path(read_outputs(runner.output)["report"]).is_file()


@pytest.mark.parametrize(
    ("summary", "size"),
    [("x" * SUMMARY_LIMIT, SUMMARY_LIMIT), ("x" * (SUMMARY_LIMIT + 1), 0), ("☃" * (SUMMARY_LIMIT // 2), 0)],
    ids=["just-fits", "one-byte-too-many", "multi-byte-characters"],
)
def test_only_the_summary_is_omitted_if_the_runner_would_reject_it(runner: StepFiles, log: LogFile, summary: str, size: int) -> None:
    GitHubReporter(runner.environ, log).publish(RESULT._replace(summary=summary))

    assert (size, {"A": "1"}) == (runner.summary.stat().st_size, read_env(runner.env))


@pytest.mark.parametrize("inputs", [None, step_inputs()], ids=["unknown", "by-default"])
def test_a_failure_writes_a_job_summary_and_a_report_and_nothing_for_later_steps(
    runner: StepFiles, log: LogFile, inputs: Inputs | None
) -> None:
    status = GitHubReporter(runner.environ, log).publish_failure(ERROR, RunContext(inputs, TARGET))
    (left,) = runner.temp.iterdir()
    report = json.loads(left.read_text(encoding="utf-8"))

    assert re.search(
        r"lock-missing\n(.|\n)*There is no uv\.lock in /src\.\n(.|\n)*Python 3\.12\.4 at ", runner.summary.read_text(encoding="utf-8")
    )
    assert ("failure", "lock-missing", "3.12.4") == (report["outcome"], report["error"]["kind"], report["python"]["version"])
    assert (1, True) == (status, runner.hand_nothing_on())


def test_a_failure_writes_only_a_report_if_summary_is_false(runner: StepFiles, log: LogFile) -> None:
    GitHubReporter(runner.environ, log).publish_failure(ERROR, RunContext(step_inputs(summary="false")))

    assert ("", 1) == (runner.summary.read_text(encoding="utf-8"), len(list(runner.temp.iterdir())))


def test_a_cancelled_run_writes_nothing(runner: StepFiles, log: LogFile) -> None:
    assert 1 == GitHubReporter(runner.environ, log).publish_failure(Cancelled("It was cancelled.", "Run it again."), RunContext())
    assert runner.are_empty()


@pytest.mark.parametrize("variable", ["RUNNER_TEMP", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("place", ["", "missing/file"])
def test_a_failure_omits_a_file_that_cannot_be_written(runner: StepFiles, log: LogFile, tmp_path: Path, variable: str, place: str) -> None:
    environ = {**runner.environ, variable: place and str(tmp_path / place)}
    GitHubReporter(environ, log).publish_failure(ERROR, RunContext())

    left = (len(list(runner.temp.iterdir())), runner.summary.stat().st_size > 0)
    assert ((0, True) if variable == "RUNNER_TEMP" else (1, False), "") == (left, log.text)


_WITHOUT_HANDLES = """
import io, os, resource, sys
from uv_system_sync.errors import UvUnavailable
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.github import GitHubReporter

reporter = GitHubReporter({"RUNNER_TEMP": sys.argv[1]}, io.TextIOWrapper(io.BytesIO()))
used = os.dup(1)
resource.setrlimit(resource.RLIMIT_NOFILE, (used, used))
os._exit(10 + reporter.publish_failure(UvUnavailable("x", "y"), RunContext()))
"""


@pytest.mark.skipif(os.name == "nt", reason="needs the resource limits of POSIX")
def test_a_failure_without_file_handles_has_no_report_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-B", "-c", _WITHOUT_HANDLES, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})

    assert (11, "", []) == (done.returncode, done.stderr, [*tmp_path.iterdir()])

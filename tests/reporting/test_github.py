"""Talking to the runner, read back as the runner reads."""

from __future__ import annotations

import errno
import io
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tools.shared.runner_files import StepFiles, read_env, read_outputs, read_path
from uv_system_sync.errors import RunnerUnusable, SyncFailed
from uv_system_sync.process import Relay
from uv_system_sync.reporting.github import Workflow
from uv_system_sync.reporting.report import StepResult

_HINT = "Run the action on a runner of GitHub Actions, which names its files in the environment."


class Log(io.TextIOWrapper):
    """A log whose bytes can be read back."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        # A buffer that keeps what nobody flushes, like that of the real one.
        super().__init__(io.BufferedWriter(self._file), encoding="utf-8", newline="\n")

    @property
    def content(self) -> bytes:
        """Everything that has reached the runner."""
        return self._file.getvalue()

    @property
    def lines(self) -> list[str]:
        """The lines that the runner makes of it, for which a bare CR ends one too."""
        return re.split(r"\r\n|\r|\n", self.content.decode())[:-1]


@pytest.fixture
def log() -> Log:
    """Give an empty log."""
    return Log()


def _commands(lines: list[str]) -> list[str]:
    """Return the lines that the runner would take for commands (actions/runner, src/Runner.Common/ActionCommand.cs)."""
    return [line for line in lines if line.strip().startswith("::") or "##[" in line]


def _result(**changes: object) -> StepResult:
    fields: dict[str, object] = {"env": {}, "paths": (), "outputs": {}, "report": "{}\n", "summary": ""}
    return StepResult(**{**fields, **changes})  # type: ignore[arg-type] # the tests name the fields


def _everything() -> StepResult:
    return _result(env={"A": "1"}, paths=("/one",), outputs={"b": "2"}, summary="# Summary\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("12 packages: nothing changed", "12 packages: nothing changed", id="plain"),
        pytest.param("/opt/my python ü ☃/bin", "/opt/my python ü ☃/bin", id="unicode"),
        pytest.param("::set-env name=A::1", "> ::set-env name=A::1", id="command"),
        pytest.param("  ::error::no", ">   ::error::no", id="command-after-spaces"),
        pytest.param("\t::error::no", "\\t::error::no", id="command-after-a-tab"),
        pytest.param("\xa0::error::no", "\\xa0::error::no", id="command-after-a-hard-space"),
        pytest.param("a ::error::no", "a ::error::no", id="command-in-the-middle"),
        pytest.param("a ##[error]no", "a ##\\[error]no", id="older-command"),
        pytest.param("a\n::error::no", "a\\n::error::no", id="new-line"),
        pytest.param("a\r::error::no", "a\\r::error::no", id="carriage-return"),
        pytest.param("a\u2028::error::no", "a\\u2028::error::no", id="line-separator"),
        pytest.param("\x1b[31mred\x1b[0m\x00\x07", "\\x1b[31mred\\x1b[0m\\x00\\x07", id="control-characters"),
        pytest.param("\u202eright to left", "\\u202eright to left", id="direction-override"),
        pytest.param("\udcff", "\\udcff", id="undecodable-byte"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_say(log: Log, text: str, expected: str) -> None:
    """Whatever a text holds, it is one line of the log, and no command."""
    Workflow({}, log).say(text)

    assert ([expected], []) == (log.lines, _commands(log.lines))


def test_error(log: Log) -> None:
    """An error without a place is an annotation of the step, titled by its slug, with its hint on the next line."""
    Workflow({}, log).error(SyncFailed("It failed.", "Try again."))

    assert "::error title=sync-failed::It failed.%0ATry again.\n" == log.content.decode()


@pytest.mark.parametrize(
    ("file", "line", "expected"),
    [
        pytest.param("/src/uv.lock", 3, "file=/src/uv.lock,line=3", id="file-and-line"),
        pytest.param("/src/uv.lock", None, "file=/src/uv.lock", id="file-only"),
        pytest.param("C:\\a,b%\nc", 1, "file=C%3A\\a%2Cb%25%0Ac,line=1", id="file-with-signs"),
    ],
)
def test_error_in_a_file(log: Log, file: str, line: int | None, expected: str) -> None:
    """An error with a place is shown there."""
    Workflow({}, log).error(SyncFailed("It failed.", "Try again.", file=file, line=line))

    assert f"::error title=sync-failed,{expected}::It failed.%0ATry again.\n" == log.content.decode()


def test_error_that_quotes_commands(log: Log) -> None:
    """Text from outside within an error stays within it."""
    Workflow({}, log).error(SyncFailed("50%:\r\n::set-env name=A::1", "a\n##[error]b"))

    assert ["::error title=sync-failed::50%25:%0D%0A::set-env name=A::1%0Aa%0A##[error]b"] == log.lines


def test_notice(log: Log) -> None:
    """A notice is an annotation of the step under its own title."""
    Workflow({}, log).notice("python-chosen", "Python 3.12.4 was used.")

    assert "::notice title=python-chosen::Python 3.12.4 was used.\n" == log.content.decode()


def test_notice_that_quotes_commands(log: Log) -> None:
    """Text from outside within a notice stays within it."""
    Workflow({}, log).notice("python-chosen", "50%:\r\n::set-env name=A::1")

    assert ["::notice title=python-chosen::50%25:%0D%0A::set-env name=A::1"] == log.lines


def test_group(log: Log) -> None:
    """What is relayed appears in a group while the runner listens to no command but the one that ends it."""
    with Workflow({}, log).group("uv sync") as relay:
        relay(b"a\r\n::error::no\n")
        relay(b"\xff\x00##[error]no\n")
    start, end = re.fullmatch(rb"(.*?)a\r\n::error::no\n\xff\x00##\\\[error\]no\n(.*)", log.content, re.DOTALL).groups()  # type: ignore[union-attr]
    token = start.decode().splitlines()[-1].rpartition("::")[2]

    assert f"::group::uv sync\n::stop-commands::{token}\n" == start.decode()
    assert f"::{token}::\n::endgroup::\n" == end.decode()


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param([b"#", b"#", b"[error]"], b"##\\[error]", id="split-everywhere"),
        pytest.param([b"a ##", b"[error] b"], b"a ##\\[error] b", id="split-before-the-bracket"),
        pytest.param([b"###", b"##[error]"], b"#####\\[error]", id="many-signs"),
        pytest.param([b"##[##[", b"[##"], b"##\\[##\\[[##", id="again-and-again"),
        pytest.param([b"# heading\n", b"##"], b"# heading\n##", id="signs-at-the-end"),
        pytest.param([b"##", b"\n[error]"], b"##\n[error]", id="on-two-lines"),
    ],
)
def test_group_leaves_nothing_to_render(log: Log, pieces: list[bytes], expected: bytes) -> None:
    """What the log would show as an error or a heading of its own is broken up, however it was written."""
    with Workflow({}, log).group("uv sync") as relay:
        for piece in pieces:
            relay(piece)

    assert (
        expected == log.content.partition(b"::stop-commands::")[2].partition(b"\n")[2].rpartition(b"\n::endgroup")[0].rpartition(b"\n")[0]
    )


def test_group_relays_live(log: Log) -> None:
    """A piece is in the log as soon as it was relayed, after what was said before it."""
    workflow = Workflow({}, log)
    workflow.say("before")
    with workflow.group("uv sync") as relay:
        relay(b"piece")

        assert log.content.startswith(b"before\n::group::uv sync\n")
        assert log.content.endswith(b"\npiece")


@pytest.mark.parametrize("output", [b"no newline", b"a\nb", b"carriage return\r"], ids=["one-line", "two-lines", "carriage-return"])
def test_group_ends_the_last_line(log: Log, output: bytes) -> None:
    """Output whose last line is not ended cannot keep the runner from listening again."""
    with Workflow({}, log).group("uv sync") as relay:
        relay(output)

    assert re.search(re.escape(output) + rb"\n::[0-9a-f]{32}::\n", log.content)


class _Interrupted(io.BytesIO):
    """A log in which the write of the number `when` is the moment at which the runner cancels the job."""

    def __init__(self, when: int) -> None:
        super().__init__()
        self._left = when

    def write(self, content: Any, /) -> int:
        """Write, and be interrupted."""
        written = super().write(content)
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt
        return written


@pytest.mark.parametrize("when", range(3, 8))
def test_group_is_interrupted(when: int) -> None:
    """Wherever a cancellation comes in between, the runner listens again at the end, on a line of its own."""
    content = _Interrupted(when)
    workflow = Workflow({}, io.TextIOWrapper(content, encoding="utf-8", newline="\n"))

    def relay_all() -> None:
        with workflow.group("uv sync") as relay:
            relay(b"piece without an end")
            relay(b" and another")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relay_all()
    said = content.getvalue()
    token = said.partition(b"::stop-commands::")[2].partition(b"\n")[0]

    assert re.search(rb"\n::" + token + rb"::\n(?s:.*)::endgroup::\n$", said)


def test_group_without_output(log: Log) -> None:
    """A group that nothing was relayed to has no empty line."""
    with Workflow({}, log).group("uv sync"):
        pass

    assert re.fullmatch(r"::group::uv sync\n::stop-commands::(\w{32})\n::\1::\n::endgroup::\n", log.content.decode())


def test_group_after_an_exception(log: Log) -> None:
    """Whatever happens within it, the runner listens again and the group is closed."""

    def interrupt(relay: Relay) -> None:
        relay(b"half a line")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Workflow({}, log).group("uv sync") as relay:
        interrupt(relay)

    assert re.search(r"half a line\n::\w{32}::\n::endgroup::\n$", log.content.decode())


def test_group_title(log: Log) -> None:
    """A title from outside is a title."""
    with Workflow({}, log).group("a\n::error::b"):
        pass

    assert "::group::a%0A::error::b" == log.lines[0]


def test_group_tokens(log: Log) -> None:
    """No output of one group can know the token of another."""
    for _ in range(5):
        with Workflow({}, log).group("uv sync"):
            pass

    assert 5 == len(set(re.findall(r"::stop-commands::(\w+)", log.content.decode())))


_VALUES = {
    "plain": "1",
    "empty": "",
    "lines": "a\nb\n\nc\n",
    "windows": "a\r\nb\r",
    "injection": "a\nB=1\nC<<D\n2\nD",
    "delimiter": "ghadelimiter_\nEOF\nghadelimiter_00000000-0000-0000-0000-000000000000",
    "signs": "=<<=a<<b ::set-env name=A::1 ##[error] \t$HOME `id` %0A",
    "unicode": "ü ☃ 日本語 \u2028\x85 \U0001f40d",
    "spaces": "  a  ",
}


@pytest.mark.parametrize("name", _VALUES)
def test_publish_values(runner: StepFiles, log: Log, name: str) -> None:
    """Whatever a value holds, later steps get exactly it, and nothing else."""
    Workflow(runner.environ, log).publish(_result(env={name: _VALUES[name]}, outputs={name: _VALUES[name]}))
    outputs = read_outputs(runner.output)

    assert {name: _VALUES[name]} == read_env(runner.env)
    assert {name: _VALUES[name], "report": outputs["report"]} == outputs


def test_publish_everything(runner: StepFiles, log: Log) -> None:
    """Each part goes to its own file, and nothing to the log."""
    Workflow(runner.environ, log).publish(_everything())

    assert ({"A": "1"}, ["/one"], "2") == (read_env(runner.env), read_path(runner.path), read_outputs(runner.output)["b"])
    assert ("# Summary\n", b"") == (runner.summary.read_text(encoding="utf-8"), log.content)


def test_publish_paths_in_order(runner: StepFiles, log: Log) -> None:
    """The entries of PATH keep their order, for the runner puts the last one first."""
    Workflow(runner.environ, log).publish(_result(paths=("/one", "/two ☃")))

    assert ["/one", "/two ☃"] == read_path(runner.path)


def test_publish_a_path_that_is_no_text(runner: StepFiles, log: Log) -> None:
    """A folder whose name no encoding explains is written as the bytes that it is."""
    Workflow(runner.environ, log).publish(_result(paths=("/\udcff",)))

    assert b"/\xff\n" == runner.path.read_bytes()


def test_publish_report(runner: StepFiles, log: Log) -> None:
    """The report is a file in the temporary folder, and the output `report` is its absolute path."""
    Workflow(runner.environ, log).publish(_result(report='{"name": "☃"}\n'))
    path = Path(read_outputs(runner.output)["report"])

    assert (True, runner.temp, ".json") == (path.is_absolute(), path.parent, path.suffix)
    assert '{"name": "☃"}\n' == path.read_text(encoding="utf-8")


def test_publish_reports_of_two_steps(runner: StepFiles, log: Log) -> None:
    """Two steps of one job have a report each."""
    for _ in range(2):
        Workflow(runner.environ, log).publish(_result())

    assert 2 == len(list(runner.temp.iterdir()))


def test_publish_appends(runner: StepFiles, log: Log) -> None:
    """What is in the files already stays there."""
    runner.env.write_text("BEFORE=1\n", encoding="utf-8")
    Workflow(runner.environ, log).publish(_everything())

    assert {"BEFORE": "1", "A": "1"} == read_env(runner.env)


def test_publish_line_endings(runner: StepFiles, log: Log) -> None:
    """The files have the line endings that they were given, on every system."""
    Workflow(runner.environ, log).publish(_result(paths=("/one",), summary="a\nb\n", report="{\n}\n"))
    report = Path(read_outputs(runner.output)["report"])

    assert (b"/one\n", b"a\nb\n", b"{\n}\n") == (runner.path.read_bytes(), runner.summary.read_bytes(), report.read_bytes())


def test_publish_to_files_that_are_not_there_yet(runner: StepFiles, log: Log) -> None:
    """A command file that an earlier command of the step has deleted is made anew."""
    runner.env.unlink()
    Workflow(runner.environ, log).publish(_everything())

    assert {"A": "1"} == read_env(runner.env)


def _refused(environ: dict[str, str], log: Log, result: StepResult) -> tuple[str, str]:
    with pytest.raises(RunnerUnusable) as caught:
        Workflow(environ, log).publish(result)
    return (caught.value.message, caught.value.hint)


@pytest.mark.parametrize("name", ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "RUNNER_TEMP"])
@pytest.mark.parametrize("value", [pytest.param(None, id="not-set"), pytest.param("", id="empty")])
def test_publish_without_a_variable(runner: StepFiles, log: Log, name: str, value: str | None) -> None:
    """Where the runner names no file, nothing is written to any."""
    environ = {**runner.environ, name: value} if value is not None else {key: path for key, path in runner.environ.items() if key != name}

    assert (f"`{name}` is not set.", _HINT) == _refused(environ, log, _everything())
    assert runner.are_empty()


@pytest.mark.parametrize("name", ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_publish_to_a_folder(runner: StepFiles, log: Log, tmp_path: Path, name: str) -> None:
    """Where one file cannot be written, every other one is as it was."""
    expected = (
        f"{tmp_path} cannot be written: {os.strerror(errno.EISDIR)}.",
        "Free space on the runner's disk, and leave the runner's own files and its temporary folder writable.",
    )

    assert expected == _refused({**runner.environ, name: str(tmp_path)}, log, _everything())
    assert runner.are_empty()


def test_publish_without_the_temporary_folder(runner: StepFiles, log: Log) -> None:
    """Where the report cannot be written, nothing is."""
    runner.temp.rmdir()
    message, _ = _refused(runner.environ, log, _everything())
    runner.temp.mkdir()

    assert re.fullmatch(
        rf"{re.escape(str(runner.temp))}.uv-system-sync-[0-9a-f]+\.json cannot be written: {os.strerror(errno.ENOENT)}\.", message
    )
    assert runner.are_empty()


def test_publish_restores(runner: StepFiles, log: Log, tmp_path: Path) -> None:
    """What was in the files before a failure is in them after it, and a file that was not there is not there."""
    runner.env.write_text("BEFORE=1\n", encoding="utf-8")
    runner.path.unlink()
    _refused({**runner.environ, "GITHUB_STEP_SUMMARY": str(tmp_path)}, log, _everything())

    assert ("BEFORE=1\n", False) == (runner.env.read_text(encoding="utf-8"), runner.path.exists())


def test_publish_what_cannot_be_encoded(runner: StepFiles, log: Log) -> None:
    """Whatever goes wrong in the middle, the files are as they were."""
    with pytest.raises(UnicodeEncodeError):
        Workflow(runner.environ, log).publish(_result(env={"A": "1"}, report="\ud800"))

    assert runner.are_empty()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_publish_to_a_full_disk(runner: StepFiles, log: Log) -> None:
    """A disk that is full is named by the file on it, although the system does not name it."""
    message, _ = _refused({**runner.environ, "GITHUB_STEP_SUMMARY": "/dev/full"}, log, _everything())

    assert f"/dev/full cannot be written: {os.strerror(errno.ENOSPC)}." == message
    assert runner.are_empty()


@pytest.mark.parametrize("value", [pytest.param(None, id="not-set"), pytest.param("", id="empty")])
def test_publish_without_a_summary(runner: StepFiles, log: Log, value: str | None) -> None:
    """A server that knows no summaries gets all but that."""
    environ = {name: path for name, path in runner.environ.items() if name != "GITHUB_STEP_SUMMARY"}
    Workflow(environ if value is None else {**environ, "GITHUB_STEP_SUMMARY": value}, log).publish(_everything())

    assert ({"A": "1"}, ["/one"], "") == (read_env(runner.env), read_path(runner.path), runner.summary.read_text(encoding="utf-8"))
    assert Path(read_outputs(runner.output)["report"]).is_file()


@pytest.mark.parametrize(
    ("summary", "size"),
    [
        pytest.param("x" * (1 << 20), 1 << 20, id="just-fits"),
        pytest.param("x" * ((1 << 20) + 1), 0, id="one-byte-too-many"),
        pytest.param("☃" * (1 << 19), 0, id="few-letters-of-many-bytes"),
    ],
)
def test_publish_a_large_summary(runner: StepFiles, log: Log, summary: str, size: int) -> None:
    """A summary that the runner would turn into an error is left out, and the rest is not."""
    Workflow(runner.environ, log).publish(_result(summary=summary, env={"A": "1"}))

    assert (size, {"A": "1"}) == (runner.summary.stat().st_size, read_env(runner.env))

"""Whatever the action says to the runner, the runner understands that and nothing else."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.support.runner_log import Command, lines, obeyed, parse
from tools.shared.runner_files import StepFiles, read_env, read_outputs, read_path
from uv_system_sync.errors import SyncFailed
from uv_system_sync.reporting.github import Workflow
from uv_system_sync.reporting.report import StepResult


def _log() -> io.TextIOWrapper:
    """Make a log like the one that `__main__` hands out."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="\n")


def _written(log: io.TextIOWrapper) -> bytes:
    log.flush()
    buffer = log.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def _in_utf8(text: str) -> str:
    """Return `text` as the log has it, in which half a surrogate pair is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _as_decoded(text: str) -> str:
    """Return `text` as the runner decodes it, for which the bytes that are no UTF-8 are replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


values = hostile.text.filter(_encodable)


@pytest.mark.parametrize("windows", [False, True], ids=["linux", "windows"])
@given(env=values, output=values)
@example(env=hostile.MEGABYTES[0], output=hostile.MEGABYTES[1])
@example(env=hostile.MEGABYTES[2], output=hostile.MEGABYTES[3])
@example(env="\ufeff", output=hostile.MEGABYTES[4])
def test_assignments(env: str, output: str, *, windows: bool) -> None:
    """Variables and outputs come out as exactly the value, and as no other name."""
    if windows and os.linesep == "\n":
        # Python ends a line there with CR LF; with the LF of here, the runner would take a CR before it for the line's end.
        env, output = env.rstrip("\r"), output.rstrip("\r")
    with tempfile.TemporaryDirectory() as folder:
        files = StepFiles.create(Path(folder))
        result = StepResult(env={"A": env, "B": "b"}, paths=(), outputs={"C": output, "D": "d"}, report="{}\n", summary="")
        Workflow(files.environ, _log()).publish(result)
        read = (read_env(files.env, windows=windows), read_outputs(files.output, windows=windows))

    assert {"A": _as_decoded(env), "B": "b"} == read[0]
    assert ["C", "D", "report"] == list(read[1])
    assert (_as_decoded(output), "d") == (read[1]["C"], read[1]["D"])


@given(before=st.sampled_from((b"", b"X=1\n", b"X<<Y\n1\nY\n")), value=values)
def test_assignments_after_others(before: bytes, value: str) -> None:
    """What was in the runner's files before is what it was."""
    with tempfile.TemporaryDirectory() as folder:
        files = StepFiles.create(Path(folder))
        files.env.write_bytes(before)
        Workflow(files.environ, _log()).publish(StepResult(env={"A": value}, paths=("/a",), outputs={}, report="{}\n", summary=""))
        read = (read_env(files.env), read_path(files.path))

    assert ({**({"X": "1"} if before else {}), "A": _as_decoded(value)}, ["/a"]) == read


@given(text=hostile.text)
@example(text="in the middle ##[error]x")
@example(text="\u3000::error::x")
@example(text="a\r::error::x")
@example(text=hostile.MEGABYTES[0])
@example(text=hostile.MEGABYTES[1])
def test_say(text: str) -> None:
    """A text is one line of the log and no command, and what is printable of it is shown."""
    log = _log()

    Workflow({}, log).say(text)

    ((shown), *more) = lines(_written(log)) or [""]
    assert ([], []) == (more, obeyed(_written(log)))
    assert parse(shown) is None
    assert "".join(letter for letter in text if letter.isalnum()) == "".join(
        letter for letter in text if letter.isalnum() and letter in shown
    )


@given(message=hostile.text, hint=hostile.text, words=hostile.text, folder=hostile.text, line=st.none() | st.integers(1, 10**6))
@example(message=hostile.MEGABYTES[0], hint=hostile.MEGABYTES[1], words=hostile.MEGABYTES[3], folder="", line=None)
@example(message="", hint="", words=hostile.MEGABYTES[1], folder="", line=None)
def test_error(message: str, hint: str, words: str, folder: str, line: int | None) -> None:
    """An error is one command with its own properties, and its data are the message, the hint and the words, as much as is shown."""
    log = _log()
    error = SyncFailed(message, hint, file=f"{folder}/uv.lock", line=line, words=words)

    Workflow({}, log).error(error)

    properties = {"title": "sync-failed", "file": _in_utf8(f"{folder}/uv.lock"), **({} if line is None else {"line": str(line)})}
    whole = f"{message}\n{hint}" + f"\nuv said: {words}" * bool(words)
    data = whole if len(whole) < 2000 else error.text()
    assert [Command("error", _in_utf8(data), properties)] == obeyed(_written(log))
    assert len(data.encode("utf-16-le", "surrogatepass")) <= 2 * 4096
    assert 1 == len(lines(_written(log)))


@given(message=hostile.text)
@example(message=hostile.MEGABYTES[1])
def test_notice(message: str) -> None:
    """A notice is one command with its own title, and its data are the message."""
    log = _log()

    Workflow({}, log).notice("python-chosen", message)

    assert [Command("notice", _in_utf8(message), {"title": "python-chosen"})] == obeyed(_written(log))


@given(title=hostile.text, pieces=st.lists(hostile.content, max_size=5))
@example(title="uv sync", pieces=[b"::stop-commands::a\n", b"::a::\n", b"##[endgroup]\r::error::x"])
@example(title="uv sync", pieces=[hostile.MEGABYTES[1].encode()])
def test_group(title: str, pieces: list[bytes]) -> None:
    """Whatever a program prints into a group, in whatever pieces, all of it is shown and the runner obeys only what opens and closes it."""
    log = _log()

    with Workflow({}, log).group(title) as relay:
        for piece in pieces:
            relay(piece)
    Workflow({}, log).notice("after", "it")

    group, stop, resume, *rest = obeyed(_written(log))
    assert (Command("group", _in_utf8(title)), "stop-commands") == (group, stop.name)
    assert (stop.data, "") == (resume.name, resume.data)
    assert [Command("endgroup", ""), Command("notice", "it", {"title": "after"})] == rest
    assert b"".join(pieces).replace(b"##[", b"##\\[") in _written(log)


@given(title=hostile.text, piece=hostile.content)
def test_group_is_closed(title: str, piece: bytes) -> None:
    """A program that ends with an exception leaves the runner listening again."""
    log = _log()

    with suppress(KeyboardInterrupt), Workflow({}, log).group(title) as relay:
        relay(piece)
        raise KeyboardInterrupt

    assert ("group", "stop-commands", "endgroup") == tuple(item.name for item in obeyed(_written(log)) if len(item.name) < 20)

"""Workflow commands; tests/fuzz/test_commands.py has any text at all, read as the runner reads it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from tests.support.log_file import LogFile
from uv_system_sync.reporting.commands import ANNOTATION_LIMIT, Log, annotation

GROUP = re.compile(rb"::group::uv sync\n::stop-commands::(?P<token>[0-9a-f]{32})\n(?P<output>.*)::(?P=token)::\n::endgroup::\n", re.DOTALL)


def relayed(log: LogFile) -> bytes:
    """Return what is in the log between the commands that open and close the one group."""
    found = GROUP.fullmatch(log.content)
    assert found, log.text
    return found["output"]


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
        pytest.param(" ::a##[error]no", ">  ::a##\\[error]no", id="both"),
        pytest.param("a\n::error::no", "a\\n::error::no", id="new-line"),
        pytest.param("a\r::error::no", "a\\r::error::no", id="carriage-return"),
        pytest.param("a\u2028::error::no", "a\\u2028::error::no", id="line-separator"),
        pytest.param("\x1b[31mred\x1b[0m\x00\x07", "\\x1b[31mred\\x1b[0m\\x00\\x07", id="control-characters"),
        pytest.param("\u202eright to left", "\\u202eright to left", id="direction-override"),
        pytest.param("\udcff", "\\udcff", id="undecodable-byte"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_any_text_is_one_line_and_no_command(log: LogFile, text: str, expected: str) -> None:
    Log(log).line(text)

    assert [expected] == log.lines


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param({}, "::error::50%25%0D%0A::x:, ##[error]y\n", id="none"),
        pytest.param({"title": "a", "file": None, "line": 3}, "::error title=a,line=3::50%25%0D%0A::x:, ##[error]y\n", id="not-none"),
        pytest.param({"file": "C:\\a,b%\nc"}, "::error file=C%3A\\a%2Cb%25%0Ac::50%25%0D%0A::x:, ##[error]y\n", id="escaped"),
    ],
)
def test_a_command_has_its_properties_and_its_message(log: LogFile, properties: dict[str, object], expected: str) -> None:
    Log(log).command("error", "50%\r\n::x:, ##[error]y", **properties)

    assert expected == log.text


def test_each_secret_is_masked_whole(log: LogFile) -> None:
    Log(log).mask(["one", "two\n%25"])

    assert ["::add-mask::one", "::add-mask::two%0A%2525"] == log.lines


def test_a_group_relays_bytes_while_the_runner_reads_no_commands(log: LogFile) -> None:
    with Log(log).group("uv sync") as relay:
        relay(b"a\r\n::error::no\n")
        relay(b"\xff\x00##[error]no\n")

    assert b"a\r\n::error::no\n\xff\x00##\\[error]no\n" == relayed(log)


def test_an_empty_group_has_no_empty_line(log: LogFile) -> None:
    with Log(log).group("uv sync") as relay:
        relay(b"")

    assert b"" == relayed(log)


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
def test_a_group_relays_no_older_command(log: LogFile, pieces: list[bytes], expected: bytes) -> None:
    with Log(log).group("uv sync") as relay:
        for piece in pieces:
            relay(piece)

    assert expected + b"\n" == relayed(log)


@pytest.mark.parametrize("output", [b"no newline", b"a\nb", b"carriage return\r"], ids=["one-line", "two-lines", "carriage-return"])
def test_a_group_ends_its_last_line(log: LogFile, output: bytes) -> None:
    with Log(log).group("uv sync") as relay:
        relay(output)

    assert output + b"\n" == relayed(log)


def test_a_piece_is_in_the_log_as_soon_as_it_was_relayed(log: LogFile) -> None:
    Log(log).line("before")
    with Log(log).group("uv sync") as relay:
        relay(b"piece")

        assert log.content.startswith(b"before\n::group::uv sync\n")
        assert log.content.endswith(b"\npiece")


def test_each_group_has_another_token(log: LogFile) -> None:
    for _ in range(5):
        with Log(log).group("uv sync"):
            pass

    assert 5 == len(set(re.findall(r"::stop-commands::(\w+)", log.text)))


class Interrupted(io.BytesIO):
    """A log in which the runner cancels the job in the middle of the write number `when`."""

    def __init__(self, when: int) -> None:
        super().__init__()
        self._left = when

    def write(self, content: Any, /) -> int:
        """Write, or write half and raise the exception of a signal."""
        self._left -= 1
        if self._left == 0:
            super().write(bytes(content)[: len(content) // 2])
            raise KeyboardInterrupt
        return super().write(content)


@pytest.mark.parametrize("when", range(3, 8))
def test_whenever_a_group_is_interrupted_the_runner_reads_commands_again(when: int) -> None:
    content = Interrupted(when)
    file = io.TextIOWrapper(content, encoding="utf-8", newline="\n")

    def relay_all() -> None:
        with Log(file).group("uv sync") as relay:
            relay(b"piece without an end")
            relay(b" and another")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relay_all()
    token = content.getvalue().partition(b"::stop-commands::")[2].partition(b"\n")[0]

    assert re.search(rb"\n::" + token + rb"::\n(?s:.*)::endgroup::\n$", content.getvalue())


def units(text: str) -> int:
    """Return the length of `text` in .NET."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize(
    ("words", "expected"), [("", "It failed.\nTry again."), ("no", "It failed.\nTry again.\nuv's output ends with: no")]
)
def test_an_annotation_has_the_fact_the_next_step_and_then_the_words_of_uv(words: str, expected: str) -> None:
    assert expected == annotation("It failed.", "Try again.", words)


@pytest.mark.parametrize("letter", ["x", "☃", "😀"])
def test_an_annotation_has_as_much_of_the_end_of_long_words_as_github_shows(letter: str) -> None:
    text = annotation("It failed.", "Try again.", letter * 5000 + "the reason")

    assert text.startswith(f"It failed.\nTry again.\nuv's output ends with: … {letter}")
    assert text.endswith(f"{letter}the reason")
    assert units(text) in (ANNOTATION_LIMIT - 1, ANNOTATION_LIMIT)


@pytest.mark.parametrize(
    ("message", "hint", "kept"),
    [
        pytest.param("x" * 5000, "Try again.", (4083, 0), id="message"),
        pytest.param("It failed.", "😀" * 5000, (0, 1023), id="hint"),
        pytest.param("x" * 5000, "😀" * 5000, (2045, 1023), id="both"),
    ],
)
def test_a_long_message_leaves_space_for_the_next_step_and_none_for_words(message: str, hint: str, kept: tuple[int, int]) -> None:
    text = annotation(message, hint, "no")

    shown = [f"{message[: kept[0]]} …" if kept[0] else message, f"{hint[: kept[1]]} …" if kept[1] else hint]
    assert shown == text.splitlines()[:2]
    assert units(text) <= ANNOTATION_LIMIT

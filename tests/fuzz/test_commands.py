"""Whatever a step writes to its log, the runner reads it as intended."""

from __future__ import annotations

from contextlib import suppress

from actions_toolkit.command import Command as ToolkitCommand
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.support.log_file import LogFile
from tests.support.runner_log import Command, lines, obeyed, parse
from uv_system_sync.errors import SyncFailed
from uv_system_sync.reporting.github import GitHubReporter
from uv_system_sync.text import message as sentence
from uv_system_sync.text import printable, without_credentials


def in_utf8(text: str) -> str:
    """Return `text` as it appears in the log, where unpaired surrogates are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


_keys = st.sampled_from(("title", "file", "line", "col"))


@given(name=st.sampled_from(("error", "add-mask", "stop-commands")), message=hostile.text, properties=st.dictionaries(_keys, hostile.text))
@example(name="error", message=hostile.MEGABYTES[1], properties={"file": hostile.MEGABYTES[0]})
@example(name="error", message="%0A%%25\r\n", properties={"title": "%0A%%25\r\n:,::"})
def test_a_command_is_the_same_as_that_of_the_toolkit(name: str, message: str, properties: dict[str, str]) -> None:
    log = LogFile()
    GitHubReporter({}, log).command(name, message, **properties)

    assert in_utf8(f"{ToolkitCommand(name, properties, message)}\n") == log.text


@given(message=hostile.text, title=hostile.text, line=st.none() | st.integers(1, 10**6))
@example(message=hostile.MEGABYTES[1], title="", line=None)
def test_the_runner_reads_a_command_with_its_own_properties_and_message(message: str, title: str, line: int | None) -> None:
    log = LogFile()
    GitHubReporter({}, log).command("notice", message, title=f"x{title}x", line=line)

    properties = {"title": in_utf8(f"x{title}x"), **({} if line is None else {"line": str(line)})}
    assert [Command("notice", in_utf8(message), properties)] == obeyed(log.content)
    assert 1 == len(lines(log.content))


@given(text=hostile.text)
@example(text="in the middle ##[error]x")
@example(text="\u3000::error::x")
@example(text="a\r::error::x")
@example(text=hostile.MEGABYTES[0])
@example(text=hostile.MEGABYTES[1])
def test_a_text_is_one_line_that_shows_it_and_no_command(text: str) -> None:
    log = LogFile()
    GitHubReporter({}, log).info(text)

    ((shown), *more) = lines(log.content) or [""]
    assert ([], []) == (more, obeyed(log.content))
    assert parse(shown) is None
    letters = [letter for letter in without_credentials(text) if letter.isalnum()]
    assert letters == [letter for letter in letters if letter in shown]


@given(title=hostile.text, pieces=st.lists(hostile.content, max_size=5))
@example(title="uv sync", pieces=[b"::stop-commands::a\n", b"::a::\n", b"##[endgroup]\r::error::x"])
@example(title="uv sync", pieces=[hostile.MEGABYTES[1].encode()])
def test_whatever_a_program_prints_is_shown_and_the_runner_obeys_only_what_opens_and_closes_the_group(
    title: str, pieces: list[bytes]
) -> None:
    log = LogFile()
    with GitHubReporter({}, log).group(title) as relay:
        for piece in pieces:
            relay(piece)
    GitHubReporter({}, log).command("notice", "it", title="after")

    group, stop, resume, *rest = obeyed(log.content)
    assert (Command("group", in_utf8(title)), "stop-commands") == (group, stop.name)
    assert (stop.data, "") == (resume.name, resume.data)
    assert [Command("endgroup", ""), Command("notice", "it", {"title": "after"})] == rest
    assert b"".join(pieces).replace(b"##[", b"##\\[") in log.content


@given(title=hostile.text, piece=hostile.content)
def test_after_an_interruption_the_runner_reads_commands_again(title: str, piece: bytes) -> None:
    log = LogFile()
    with suppress(KeyboardInterrupt), GitHubReporter({}, log).group(title) as relay:
        relay(piece)
        raise KeyboardInterrupt

    group, stop, resume, end = obeyed(log.content)
    assert ("group", "stop-commands", stop.data, "endgroup") == (group.name, stop.name, resume.name, end.name)


def visible(text: str) -> str:
    """Return `text` with its line ends unchanged and all other invisible characters as escapes."""
    lines = (printable(line.rstrip("\r").expandtabs()) for line in text.split("\n"))
    return "\n".join(lines).replace("##[", "##\\[")


@given(message=hostile.text, hint=hostile.text, words=hostile.text)
@example(message=hostile.MEGABYTES[0], hint=hostile.MEGABYTES[1], words=hostile.MEGABYTES[3])
@example(message="\U0001f600" * 5000, hint="\U0001f600" * 1000, words=hostile.MEGABYTES[1])
def test_github_shows_the_hint_of_an_annotation_whatever_comes_before_it_and_short_texts_whole(message: str, hint: str, words: str) -> None:
    log = LogFile()
    GitHubReporter({}, log).error(SyncFailed(sentence("{text}", text=message), sentence("{text}", text=hint), words=words), "")

    (command,) = obeyed(log.content)
    # GitHub's limit is 4096 UTF-16 code units.
    shown = command.data.encode("utf-16-le", "surrogatepass")[: 2 * 4096].decode("utf-16-le", "replace")
    message, hint, words = map(visible, (message, hint, words))
    assert f"\n{hint[:1000]}" in shown
    if len(message) <= 1000:
        assert command.data.startswith(f"{message}\n{hint[:1000]}")
    if len(words) <= 2000:
        assert command.data.endswith(words)
    assert "##[" not in command.data
    assert "".join(command.data.split("\n")).isprintable()

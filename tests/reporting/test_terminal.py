"""The pseudo-terminal and the text on its screen."""

from __future__ import annotations

import os

import pytest

from uv_system_sync.reporting.terminal import Screen


def _shown(*pieces: bytes, columns: int = 80) -> str:
    screen = Screen(columns)
    for piece in pieces:
        screen.write(piece)
    return screen.text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(b"", "\n", id="nothing"),
        pytest.param(b"a\nb\n", "a\nb\n", id="lines"),
        pytest.param(b"a\r\nb", "a\nb\n", id="windows-lines"),
        pytest.param(b"\x1b[1ma\x1b[0m \x1b[38;5;1mb\x1b[?25l", "a b\n", id="colours"),
        pytest.param(b"one\rt", "tne\n", id="return"),
        pytest.param(b"Resolving\r\x1b[2KResolved\n", "Resolved\n", id="erased-line"),
        pytest.param(b"abcdef\r\x1b[3m\x1b[Kx", "x\n", id="erased-end"),
        pytest.param(b"a\nbar 1\nbar 2\r\x1b[2K\x1b[1A\r\x1b[2KInstalled\n", "a\nInstalled\n", id="erased-lines"),
        pytest.param(b"a\nbar 1\nbar 2\x1b[A\r\x1b[JInstalled\n", "a\nInstalled\n", id="erased-below"),
        pytest.param(b"a\nb\x1b[9A\rc\x1b[1B\rd\n", "c\nd\n", id="moves"),
        pytest.param(b"\x1b[3Bd", "\n\n\nd\n", id="moves-down"),
        pytest.param("☃\xff".encode() + b"\xff\x1b]", "☃ÿ\\xff\x1b]\n", id="other-bytes"),
    ],
)
def test_a_screen_shows_the_text_that_was_not_erased(written: bytes, expected: str) -> None:
    """The result is the same for any division into pieces."""
    assert expected == _shown(written)
    assert expected == _shown(*(written[at : at + 1] for at in range(len(written))))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("0123456789", "0123456789\n", id="full-row"),
        pytest.param("0123456789\nabc", "0123456789\nabc\n", id="full-row-and-break"),
        pytest.param("0123456789abc", "0123456789abc\n", id="long-line"),
        pytest.param("0123456789" * 3 + "\nb", "0123456789" * 3 + "\nb\n", id="longer-line"),
        pytest.param("12345678 \u4e00\u4e00x", "12345678 \u4e00\u4e00x\n", id="wide-letters"),
        pytest.param("e\u0301" * 11, "e\u0301" * 11 + "\n", id="combining-letters"),
        pytest.param("a\n" + "\u4e00" * 6 + "\r\x1b[2K\x1b[1A\r\x1b[2Kx", "a\nx\n", id="erased-wide-letters"),
        pytest.param("a\n" + "e\u0301" * 8 + "\r\x1b[2Kx", "a\nx\n", id="erased-combining-letters"),
        pytest.param("0123456789abc\r\x1b[2K\x1b[1A\r\x1b[2Kx", "x\n", id="erased-long-line"),
        pytest.param("one\nBuild     bar       \r\x1b[2KPrepared\n", "one\nBuild\nPrepared\n", id="padded-bars"),
        pytest.param(
            "Build     bar       \x1b[1A\r\x1b[2K\x1b[1B\r\x1b[2K\x1b[1ABuilt     bar       \r\x1b[2Kend", "Built\nend\n", id="bars"
        ),
    ],
)
def test_a_full_row_continues_in_the_next_row(written: str, expected: str) -> None:
    """Progress bars of uv are padded to the width of the terminal, and uv counts their rows."""
    assert expected == _shown(written.encode(), columns=10)


def test_a_screen_keeps_the_end_of_a_long_output() -> None:
    text = _shown(*(f"{number}\n".encode() for number in range(20_000)), b"bar\r\x1b[2Kend\n")

    assert text.startswith("1") or text.split("\n", 1)[0].isdecimal()
    assert text.endswith("19998\n19999\nend\n")
    assert len(text) < 100_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
@pytest.mark.parametrize("columns", [0, 20, 200])
def test_a_terminal_has_the_width_of_the_other_and_passes_bytes_unchanged(columns: int) -> None:
    import fcntl
    import pty
    import struct
    import termios

    from uv_system_sync.reporting import terminal

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    ends = terminal.open_like(theirs)
    try:
        assert bool(columns) == (ends is not None)
        if ends:
            os.write(ends.theirs, b"a\nb")
            assert (columns, b"a\nb") == (os.get_terminal_size(ends.theirs).columns, os.read(ends.ours, 10))
    finally:
        for descriptor in (ours, theirs, *(ends[:2] if ends else ())):
            os.close(descriptor)

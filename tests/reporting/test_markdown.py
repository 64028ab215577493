"""Text from outside, as Markdown."""

from __future__ import annotations

import re

import pytest

from uv_system_sync.reporting import markdown

# What Markdown or HTML could take for its own, wherever it is.
_SIGNS = "|<&`*~#[]!@$^{}"


@pytest.mark.parametrize("sign", _SIGNS)
def test_signs(sign: str) -> None:
    """No sign that Markdown or HTML gives a meaning within a line gets through."""
    # GitHub makes links of addresses of mail in spite of the reference.
    assert f"a{'<!-- -->' * (sign == '@')}&#{ord(sign)};a" == markdown.text(f"a{sign}a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("- a", "&#45; a", id="item"),
        pytest.param("+ a", "&#43; a", id="item-with-plus"),
        pytest.param("1. a", "&#49;. a", id="numbered"),
        pytest.param("12) a", "&#49;2) a", id="numbered-with-parenthesis"),
        pytest.param("1.", "&#49;.", id="number-alone"),
        pytest.param("> a", "&#62; a", id="quotation"),
        pytest.param("===", "&#61;==", id="underline"),
        pytest.param("---", "&#45;--", id="rule"),
        pytest.param(" a ", "&#32;a&#32;", id="spaces"),
        pytest.param("1.0 a", "1.0 a", id="version"),
        pytest.param("a - 1. > b", "a - 1. > b", id="within-a-line"),
    ],
)
def test_start_of_a_line(value: str, expected: str) -> None:
    """What has a meaning only at the start of a line is escaped there."""
    assert expected == markdown.text(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a_b", "a_b", id="within-a-word"),
        pytest.param("_a_", "&#95;a&#95;", id="around-a-word"),
        pytest.param("a__b", "a&#95;&#95;b", id="two-within-a-word"),
        pytest.param("ü_ü", "ü&#95;ü", id="beside-other-letters"),
    ],
)
def test_underscores(value: str, expected: str) -> None:
    """An underscore stays readable where it cannot begin or end emphasis."""
    assert expected == markdown.text(value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("http://example.com", id="address"),
        pytest.param("https://example.com/a_b", id="secure-address"),
        pytest.param("www.example.com", id="address-without-scheme"),
        pytest.param("mailto:a@example.com", id="mail"),
    ],
)
def test_addresses_are_no_links(value: str) -> None:
    """What GitHub would make a link of stays text."""
    assert re.search(r"https?:|mailto:|www\.|@", markdown.text(value)) is None


@pytest.mark.parametrize(
    "value",
    [
        "alpha-1.0+cu121",
        "/opt/my python (x86)/ü",
        "a=b, c: d",
        "日本語",
        r"C:\hostedtoolcache\windows\Python\3.12.4",
        'Python >=3.8, it\'s; "…"?',
    ],
    ids=["version", "path", "signs", "letters", "windows-path", "sentence"],
)
def test_harmless_text(value: str) -> None:
    """What means nothing to Markdown stays readable in the source too."""
    assert (value, value) == (markdown.text(value), markdown.prose(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("\n\r\t", r"\n\r\t", id="controls"),
        pytest.param("\x1b[31m", r"\x1b[31m", id="escape"),
        pytest.param("\u202ea\u2066", r"\u202ea\u2066", id="direction"),
        pytest.param("\udcff", r"\udcff", id="no-utf-8"),
        pytest.param("\u2028\x85", r"\u2028\x85", id="other-ends-of-lines"),
        pytest.param("é日\U0001f600", "é日\U0001f600", id="letters"),
    ],
)
def test_visible(value: str, expected: str) -> None:
    """What could not be seen, or would hide or turn something else, is spelled out."""
    assert expected == markdown.visible(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Run `uv lock` in /a_b.", "Run `uv lock` in /a_b.", id="code"),
        pytest.param("`a`, `<b>`", "`a`, `<b>`", id="two"),
        pytest.param("`a\u202e`", r"`a\u202e`", id="code-that-hides"),
        pytest.param("``a`` and `", "&#96;&#96;a&#96;&#96; and &#96;", id="unpaired"),
        pytest.param("` a`", "&#96; a&#96;", id="space-at-the-edge"),
        pytest.param("`a``b`", "&#96;a&#96;`b`", id="side-by-side"),
        pytest.param("From https://a.example/b_c: no.", "From `https://a.example/b_c`: no.", id="address"),
        pytest.param("`https://a.example` xhttp://b", "`https://a.example` xhttp&#58;//b", id="address-in-code"),
        pytest.param("$`a`$", "&#36;&#96;a&#96;&#36;", id="formula"),
        pytest.param("a `b\nc` d\n\n e", "a &#96;b<br>c&#96; d<br>e", id="lines"),
        pytest.param("<b> [a](b)", "&#60;b> &#91;a&#93;(b)", id="markup"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_prose(value: str, expected: str) -> None:
    """Of a sentence, only what is between single backticks is more than text."""
    assert expected == markdown.prose(value)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["a", "b"], ["```text", "a", "b", "```"], id="plain"),
        pytest.param(["```", "~~~"], ["````text", "```", "~~~", "````"], id="fences"),
        pytest.param(["a`````b", "```"], ["``````text", "a`````b", "```", "``````"], id="longest"),
        pytest.param(["\x1b[1;31merror\x1b[0m", "\x1b]0;x\x07"], ["```text", "error", r"\x1b]0;x\x07", "```"], id="terminal"),
        pytest.param(["\ta\rb\u202e\udcff"], ["```text", r"        a\rb\u202e\udcff", "```"], id="invisible"),
        pytest.param(["</code><b>&amp;"], ["```text", "</code><b>&amp;", "```"], id="html"),
    ],
)
def test_fence(lines: list[str], expected: list[str]) -> None:
    """A block of code is closed by its own fence alone, and hides nothing."""
    assert expected == markdown.fence(lines).split("\n")


def test_cut() -> None:
    """What is cut says how much of it is missing."""
    assert ("abc", "abc … and 1,997 more characters") == (markdown.cut("abc", 3), markdown.cut("abc" + "d" * 1997, 3))


@pytest.mark.parametrize(
    ("size", "count", "expected"),
    [
        pytest.param(12, None, ["aa", "bb", "cc"], id="all"),
        pytest.param(11, None, ["aa", "bb", "… and 1 more"], id="bytes"),
        pytest.param(12, 1, ["aa", "… and 2 more"], id="count"),
        pytest.param(0, None, ["… and 3 more"], id="none"),
    ],
)
def test_fitting(size: int, count: int | None, expected: list[str]) -> None:
    """What has no room is counted."""
    assert expected == list(markdown.fitting(iter(["aa", "bb", "cc"]), 3, size, count))

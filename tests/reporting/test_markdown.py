"""Text from outside as Markdown; tests/fuzz/test_summary.py has any text at all, as GitHub renders it."""

from __future__ import annotations

import re

import pytest

from uv_system_sync.reporting import markdown

# What has a meaning in Markdown or HTML anywhere in a line.
SIGNS = "|<&`*~#[]!@$^{}"


@pytest.mark.parametrize("sign", SIGNS)
def test_signs_with_a_meaning_are_escaped_everywhere(sign: str) -> None:
    # GitHub makes links of e-mail addresses in spite of the reference.
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
def test_signs_with_a_meaning_at_the_start_of_a_line_are_escaped_there(value: str, expected: str) -> None:
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
def test_an_underscore_stays_where_it_cannot_begin_or_end_emphasis(value: str, expected: str) -> None:
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
def test_an_address_is_no_link(value: str) -> None:
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
def test_ordinary_text_stays_readable_in_the_source(value: str) -> None:
    assert (value, value) == (markdown.text(value), markdown.prose(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Run `uv lock` in /a_b.", "Run `uv lock` in /a_b.", id="code"),
        pytest.param("`a`, `<b>`", "`a`, `<b>`", id="two"),
        pytest.param("`a\u202e`", r"`a\u202e`", id="invisible"),
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
def test_in_a_sentence_only_single_backticks_and_addresses_have_a_meaning(value: str, expected: str) -> None:
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
def test_a_block_of_code_shows_every_character_and_only_its_own_fence_ends_it(lines: list[str], expected: list[str]) -> None:
    assert expected == markdown.fence(lines).split("\n")


def test_a_text_that_is_cut_ends_with_how_much_is_missing() -> None:
    assert ("abc", "abc … and 1,997 more characters") == (markdown.cut("abc", 3), markdown.cut("abc" + "d" * 1997, 3))


@pytest.mark.parametrize(("name", "expected"), [("cpython", "CPython"), ("pypy", "PyPy"), ("graalpy", "GraalPy"), ("<new>", "<new>")])
def test_implementations_have_their_usual_spelling(name: str, expected: str) -> None:
    assert expected == markdown.implementation(name)

"""Writing Markdown. tests/fuzz/test_summary.py covers arbitrary text, rendered as GitHub renders it."""

from __future__ import annotations

import re

import pytest

from uv_system_sync.reporting import markdown


@pytest.mark.parametrize("sign", "|<&`*~#[]!@$^{}")
def test_markup_is_escaped_everywhere(sign: str) -> None:
    # GitHub links e-mail addresses even if the `@` is a reference.
    assert f"a{'<!-- -->' * (sign == '@')}&#{ord(sign)};a" == markdown.text(f"a{sign}a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("- a", "&#45; a"), ("+ a", "&#43; a"), ("1. a", "&#49;. a"), ("12) a", "&#49;2) a"), ("1.", "&#49;."), ("> a", "&#62; a")),
        *(("===", "&#61;=="), ("---", "&#45;--"), (" a ", "&#32;a&#32;"), ("1.0 a", "1.0 a"), ("a - 1. > b", "a - 1. > b")),
        # An underscore stays where it can neither begin nor end emphasis.
        *(("a_b", "a_b"), ("_a_", "&#95;a&#95;"), ("a__b", "a&#95;&#95;b"), ("ü_ü", "ü&#95;ü")),
    ],
)
def test_positional_markup_is_escaped_only_in_its_position(value: str, expected: str) -> None:
    assert expected == markdown.text(value)


@pytest.mark.parametrize("value", ["http://example.com", "https://example.com/a_b", "www.example.com", "mailto:a@example.com"])
def test_an_address_is_not_a_link(value: str) -> None:
    assert re.search(r"https?:|mailto:|www\.|@", markdown.text(value)) is None


@pytest.mark.parametrize(
    "value",
    ["alpha-1.0+cu121", "/opt/my python (x86)/ü", "a=b, c: d", "日本語", r"C:\hostedtoolcache\Python\3.12.4", 'Python >=3.8, it\'s; "…"?'],
    ids=["version", "path", "signs", "letters", "windows-path", "sentence"],
)
def test_ordinary_text_stays_readable_in_the_source(value: str) -> None:
    assert (value, value) == (markdown.text(value), markdown.prose(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("Run `uv lock` in /a_b.", "Run `uv lock` in /a_b."), ("`a`, `<b>`", "`a`, `<b>`"), ("`a\u202e`", r"`a\u202e`"), ("", "")),
        *(("``a`` and `", "&#96;&#96;a&#96;&#96; and &#96;"), ("` a`", "&#96; a&#96;"), ("`a``b`", "&#96;a&#96;`b`")),
        *(("`https://a.example` https://b", "`https://a.example` https&#58;//b"), ("$`a`$", "&#36;&#96;a&#96;&#36;")),
        *(("a `b\nc` d\n\n e", "a &#96;b<br>c&#96; d<br>e"), ("<b> [a](b)", "&#60;b> &#91;a&#93;(b)")),
    ],
)
def test_a_sentence_keeps_code_spans_in_single_backticks_only(value: str, expected: str) -> None:
    assert expected == markdown.prose(value)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ["```text", "```"]),
        (["```", "~~~"], ["````text", "```", "~~~", "````"]),
        (["a`````b", "```"], ["``````text", "a`````b", "```", "``````"]),
        (["\x1b[1;31merror\x1b[0m", "\x1b]0;x\x07"], ["```text", "error", r"\x1b]0;x\x07", "```"]),
        (["\ta\rb\u202e\udcff", "</code><b>&amp;"], ["```text", r"        a\rb\u202e\udcff", "</code><b>&amp;", "```"]),
    ],
    ids=["nothing", "fences", "longest", "terminal", "other-signs"],
)
def test_a_code_block_shows_every_character_and_ends_only_at_its_own_fence(lines: list[str], expected: list[str]) -> None:
    assert expected == markdown.fence(lines).split("\n")


def test_shortened_text_and_lists_end_with_how_much_is_missing() -> None:
    assert ("abc", "abc … and 1,997 more characters") == (markdown.cut("abc", 3), markdown.cut("abc" + "d" * 1997, 3))
    assert (["a", "b"], ["a", "b", "… and 1,998 more"]) == (markdown.first(["a", "b"], 2), markdown.first(["a", *"b" * 1999], 2))


def test_a_table_has_its_header_and_the_first_rows() -> None:
    assert "| a | b |\n| --- | --- |\n| 1 | 2 |\n… and 2 more" == markdown.table("ab", ["12", "34", "56"], 1)


@pytest.mark.parametrize(("name", "expected"), [("cpython", "CPython"), ("pypy", "PyPy"), ("graalpy", "GraalPy"), ("<new>", "<new>")])
def test_implementations_have_their_usual_spelling(name: str, expected: str) -> None:
    assert expected == markdown.implementation(name)

"""Hostile text, bytes, JSON and TOML, as hypothesis strategies."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

# Text with a meaning in the runner's log or files, in Markdown, HTML, a terminal or a path.
SIGNS = (
    *("::error::x", "::set-env name=A::1", "::stop-commands::x", "::x::", "::", ":", "##[error]x", "##[", "]", "%0A", "%25", "%3A", "%"),
    *("\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\t", " ", "\xa0", "\u3000"),
    *("\ufeff", "\x00", "\x07", "\x1b[31m", "\u202e", "\u2066", "\u200b", "\u0301", "\udcff", "\ud800", "\U0001f600", "\uffff"),
    *("<<", "=", "<<EOF", "EOF", "A=1\n", "A<<B\n", "ghadelimiter_", "_GitHubActionsFileCommandDelimeter_", ",", ";"),
    *("|", "`", "```", "*", "_", "__", "~~", "#", "\\", "[a](b)", "![a](b)", "$a$", "- ", "1. ", "> ", "---", "    "),
    *("<script>", "</details>", "<!--", "-->", "<a href=x>", "&amp;", "&#10;", "&", '"', "'", ">", "<"),
    *(
        "http://a.example",
        "https://a.example/b",
        "ftp://a.example",
        "www.a.example",
        "a@b.example",
        "mailto:a@b.example",
        "xmpp:a@b.example",
    ),
    *("../", "..", "/", "C:\\", "~", "-1.0", ".dist-info", "a", "B", "1"),
)

letters = st.characters(exclude_categories=()) | st.characters(categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))

text = st.lists(st.sampled_from(SIGNS) | st.sampled_from(SIGNS) | letters | st.text(max_size=6), max_size=12).map("".join)

# Up to a megabyte, for tests of size.
MEGABYTES = ("\n" * 2**18, "\r\n::error::x" * 2**14, "a" * 2**20, "\udcff\x00" * 2**17, "<<=" * 2**18)

content = text.map(lambda value: value.encode("utf-8", "surrogatepass")) | st.binary(max_size=64)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)


def json_like(*keys: str) -> st.SearchStrategy[Any]:
    """Return JSON values that use some of `keys` more often than chance would."""
    return json_values | st.dictionaries(st.sampled_from(keys), json_values, max_size=len(keys))


def json_content(*keys: str) -> st.SearchStrategy[bytes]:
    """Return contents for a JSON file that should have `keys`."""
    return content | json_like(*keys).map(lambda value: json.dumps(value).encode())


# File names: anything without slashes and NULs, and not too long.
file_names = text.map(lambda name: name.replace("/", "").replace("\x00", "").encode("utf-8", "replace")[:120]) | st.binary(
    min_size=1, max_size=20
).map(lambda name: name.replace(b"/", b"").replace(b"\x00", b""))


# Short, so that a pattern for workspace members does not match a folder on this machine.
_words = st.sampled_from(("", "a", "*", "[", "?", "a/b", "x\ny", "x\u0000", "\u202e", "é", "dev", "lint", ">=3.9", "managed", "1"))
toml_values: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.floats() | _words | st.just("1979-05-27T07:32:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=5,
)


def toml_document(*paths: str) -> st.SearchStrategy[str]:
    """Return TOML documents with arbitrary values at some of the dotted `paths`."""
    return st.dictionaries(st.sampled_from(paths), toml_values, max_size=len(paths)).map(
        lambda found: "".join(f"{path} = {_inline(value)}\n" for path, value in found.items())
    )


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_inline(str(key))} = {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf") if isinstance(value, str) else repr(value)

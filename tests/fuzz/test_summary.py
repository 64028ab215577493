"""Whatever the names are, the job summary shows exactly them, as GitHub's own Markdown renders it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.support import PROJECT, TARGET
from uv_system_sync import summary
from uv_system_sync.installed import Change, Package
from uv_system_sync.report import Report

_SHOWING = ("h3", "p", "td")


class _Page(HTMLParser):
    """The elements of a page in their order, and the text in each cell, heading and paragraph."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the name of an element; none of ours has attributes, and a table's alignment is not set."""
        self.elements.append(" ".join([tag, *(name for name, _ in attrs)]))
        if tag in _SHOWING:
            self.texts.append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        """Stop keeping text at the end of what shows it."""
        self._inside = self._inside and tag not in _SHOWING

    def handle_data(self, data: str) -> None:
        """Keep the text of an element."""
        if self._inside:
            self.texts[-1] += data

    def handle_comment(self, data: str) -> None:
        """Keep a comment; it may be ours, and must not be anybody else's."""
        self.comments.append(data)


def _page(markdown: str) -> _Page:
    page = _Page()
    # GitHub lets HTML through and cleans it afterwards; whatever would have to be cleaned is one element too many here.
    page.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))
    page.close()
    return page


def _report(*texts: str) -> Report:
    name, version, url, prefix, project = texts
    return Report(
        replace(TARGET, prefix=prefix, version=version, implementation=name),
        replace(PROJECT, name=project),
        version,
        packages=(Package(name, version, url=url, editable=False), Package("plain", "1.0")),
        changes=(Change(name, "updated", version, url),),
        seconds=1.2,
    )


_PLAIN = _page(summary.render(_report(*"abcde")))


def _shown(text: str) -> str:
    """Return what a browser shows of `text`, which has no NUL and no half of a surrogate pair."""
    return "".join("\ufffd" if letter == "\x00" or "\ud800" <= letter <= "\udfff" else letter for letter in text)


# The library under GitHub's Markdown cannot write these two; GitHub shows something else for them, which is no element either.
# An address of mail has a test of its own.
_values = hostile.text.map(lambda text: re.sub("[\ufffe\uffff@]", "", text))
_trimmed = _values.map(lambda text: text.strip(" ") or "x")


@given(texts=st.tuples(_values, _values, _values, _values, _values))
def test_nothing_but_text(texts: tuple[str, ...]) -> None:
    """The summary has the elements of its template and no other, whatever the texts in it are."""
    page = _page(summary.render(_report(*texts)))

    assert _PLAIN.elements == page.elements
    # An empty one may keep two signs apart.
    assert [] == [comment for comment in page.comments if comment.strip()]


@given(texts=st.tuples(_trimmed, _trimmed, _trimmed, _trimmed, _trimmed))
def test_exactly_the_text(texts: tuple[str, ...]) -> None:
    """Each cell of the tables, the heading and the sentence show exactly the text."""
    name, version, url, prefix, project = map(_shown, texts)

    heading, sentence, *cells = _page(summary.render(_report(*texts))).texts

    assert f"{project} in {name} {version}" == heading
    assert f"2 packages: 1 updated in 1.2 s, by uv {version}, into {prefix}." == sentence
    assert [name, "updated", version, url, name, version, url, "plain", "1.0", ""] == cells


@pytest.mark.parametrize("text", ["a@b.example", "mailto:a@b.example", "git+ssh://git@example.com/a/b.git"])
def test_an_address_of_mail(text: str) -> None:
    """What looks like an address of mail stays text."""
    page = _page(summary.render(_report(*[text] * 5)))

    assert _PLAIN.elements == page.elements
    assert text in page.texts


@pytest.mark.parametrize("text", [" a", "a ", " "])
def test_a_space_at_the_edge(text: str) -> None:
    """A space at the edge of a cell is shown like any other sign."""
    _, _, *cells = _page(summary.render(_report(text, text, text, "a", "a"))).texts

    assert [text, "updated", text, text] == cells[:4]

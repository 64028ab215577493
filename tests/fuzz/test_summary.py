"""Whatever the names are, the job summary shows exactly them, as GitHub's own Markdown renders it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.support import PROJECT, TARGET
from tools.shared.browser import rendered
from uv_system_sync.errors import SyncFailed
from uv_system_sync.interpreter.repair import Broken
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.reporting import markdown, summary
from uv_system_sync.reporting.notices import Notice
from uv_system_sync.reporting.report import Report

_SHOWING = ("h3", "p", "li", "td", "pre")


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


def _page(text: str) -> _Page:
    page = _Page()
    # GitHub lets HTML through and cleans it afterwards; whatever would have to be cleaned is one element too many here.
    page.feed(rendered(text))
    page.close()
    return page


def _report(*texts: str) -> Report:
    name, version, url, prefix, project = texts
    return Report(
        TARGET._replace(prefix=prefix, version=version, implementation=name, platform=url),
        PROJECT._replace(name=project),
        version,
        packages=(Package(name, version, url=url, editable=False), Package("plain", "1.0")),
        changes=(Change(name, "updated", version, url), Change(name, "removed", None, url)),
        timings={"uv": 1.2},
        repaired=(Broken(name, "/folder", url),),
    )


def _failure(*texts: str) -> str:
    message, hint, file, where, words = texts
    return summary.render_failure(SyncFailed(message, hint, file=file, line=1, words=words), where)


_PLAIN = _page(summary.render(_report(*"abcde")))
_PLAIN_FAILURE = _page(_failure(*"abcde"))

# An address of mail has a test of its own.
_values = hostile.text.map(lambda text: text.replace("@", ""))
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
    """Each cell of the table, the heading, the sentence and the lists show exactly the text, with what is invisible spelled out."""
    name, version, url, prefix, project = map(markdown.visible, texts)

    heading, sentence, removed, *cells, _, repaired, packages = _page(summary.render(_report(*texts))).texts

    assert f"{project} in {name} {version} on {url}" == heading
    assert f"2 packages: 1 updated, 1 removed in 1.2 s, by uv {version}, into {prefix}." == sentence
    assert f"Removed: {name} {url}" == removed
    assert [name, url, "", name, url, version] == cells
    assert f"{name}: {url}" == repaired
    assert f"{name} {version} (from {url}), plain 1.0" == packages


@given(texts=st.tuples(_values, _values, _values, _values, _values))
@example(texts=("`a`b`", "``a``", "`", "a", "```\n~~~"))
def test_nothing_but_text_in_a_failure(texts: tuple[str, ...]) -> None:
    """The summary of a failure has the elements of its template, code and the ends of lines, whatever the texts in it are."""
    page = _page(_failure(*(f"x{text}x" for text in texts)))

    assert _marked_by_us(_PLAIN_FAILURE) == _marked_by_us(page)
    assert [] == [comment for comment in page.comments if comment.strip()]


def _marked_by_us(page: _Page) -> list[str]:
    """Return the elements less those that a sentence may have."""
    return [element for element in page.elements if element not in ("code", "br")]


@example(message="C:\\http://a.example", file="x", words="\xa0\n")
@given(message=_values, file=_trimmed, words=hostile.text)
@example(message="a", file="a", words="\n".join(["```", "~~~", "`" * 50, "</pre>", "    "]))
def test_exactly_the_text_of_a_failure(message: str, file: str, words: str) -> None:
    """A failure shows exactly its message, less the backticks, its file and uv's words."""
    page = _page(_failure(f"x{message}x", "Hint.", file, "Facts.", f"x{words}x"))
    lines = "".join(line.strip() for line in f"x{message}x".splitlines())
    _, what, hint, where, facts, _, quoted = page.texts

    assert f"What is wrong: {markdown.visible(lines)}".replace("`", "") == what.replace("`", "")
    assert ("What to do: Hint.", f"Where: {markdown.visible(file)}, line 1", "With: Facts.") == (hint, where, facts)
    assert "".join(re.findall(r"[a-z0-9|<>&`~]", markdown.visible(_printed(words)))) == "".join(
        re.findall(r"[a-z0-9|<>&`~]", quoted.strip()[1:-1])
    )


def _printed(words: str) -> str:
    """Return what a terminal prints of `words`, with its ends of lines and tabs."""
    return re.sub(r"\x1b\[[0-9;:]*m", "", words).replace("\r\n", "").replace("\n", "").replace("\t", "")


@pytest.mark.parametrize("words", hostile.MEGABYTES)
def test_megabytes(words: str) -> None:
    """However much uv has said, the page of the failure has the elements of its template."""
    assert _PLAIN_FAILURE.elements == _page(_failure("a", "b", "c", "d", f"x{words}x")).elements


@pytest.mark.parametrize("text", ["a@b.example", "mailto:a@b.example", "git+ssh://git@example.com/a/b.git"])
def test_an_address_of_mail(text: str) -> None:
    """What looks like an address of mail stays text, in a sentence and in a notice too."""
    plain, page = (_page(summary.render(_report(*[value] * 5), [Notice("a", value)])) for value in ("a", text))

    assert plain.elements == page.elements
    assert {text, f"a: {text}"} <= set(page.texts)
    assert _PLAIN_FAILURE.elements == _page(_failure(*[text] * 5)).elements


@pytest.mark.parametrize("text", [" a", "a ", " "])
def test_a_space_at_the_edge(text: str) -> None:
    """A space at the edge of a cell is shown like any other sign."""
    _, _, _, *cells = _page(summary.render(_report(text, text, text, "a", "a"))).texts

    assert [text, text, "", text, text, text] == cells[:6]

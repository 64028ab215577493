"""Whatever the names are, the job summary shows exactly those names when GitHub renders it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.support import TARGET, summaries
from tools.shared.browser import rendered
from uv_system_sync.errors import SyncFailed
from uv_system_sync.interpreter.repair import Broken
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import message, printable

_SHOWING = ("h3", "p", "li", "td", "pre")


class Page(HTMLParser):
    """A page's elements in order, and the text of each heading, paragraph, list item and cell; quoted text is also in `quoted`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self.quoted = 0
        self._inside = self._is_quoted = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the element and its attributes."""
        self.elements.append(" ".join([tag, *(name for name, _ in attrs)]))
        self._is_quoted |= tag == "blockquote"
        if tag in _SHOWING:
            self.texts.append("")
            self._inside = True
            self.quoted += self._is_quoted

    def handle_endtag(self, tag: str) -> None:
        """Stop recording text at the end of the element that shows it."""
        self._inside = self._inside and tag not in _SHOWING
        self._is_quoted &= tag != "blockquote"

    def handle_data(self, data: str) -> None:
        """Record the text of an element."""
        if self._inside:
            self.texts[-1] += data

    def handle_comment(self, data: str) -> None:
        """Record a comment."""
        self.comments.append(data)


def page_of(text: str) -> Page:
    """Return the page that GitHub renders from the Markdown `text`, before sanitizing, so elements that it would remove are included."""
    page = Page()
    page.feed(rendered(text))
    page.close()
    return page


def _sync(*texts: str, notice: str = "") -> str:
    """Return the summary of a sync with these texts in every field that comes from outside."""
    name, version, url, prefix, project = texts
    target = TARGET._replace(prefix=prefix, version=version, implementation=name, platform=url)
    done = summaries.report(target, project, version)._replace(
        packages=(Package(name, version, url=url, editable=False), Package(f"{name}.", version, url=url, editable=False)),
        changes=(Change(name, "updated", version, url), Change(f"{name}-", "removed", None, url)),
        repaired=(Broken(name, "/folder", url),),
    )
    return summaries.sync(done, *([Notice("a", message("{text}", text=notice))] if notice else []))


def _failure(*texts: str) -> str:
    """Return the summary of a failure with these texts in every field that comes from outside."""
    fact, hint, file, facts, words = texts
    error = SyncFailed(message("{text}", text=fact), message("{text}", text=hint), file=file, line=1, words=words)
    return summaries.failure(error, facts)


_PLAIN = page_of(_sync(*"abcde"))
_PLAIN_FAILURE = page_of(_failure(*"abcde"))

# E-mail addresses have a separate test.
_values = hostile.text.map(lambda text: text.replace("@", ""))
_trimmed = _values.map(lambda text: text.strip(" ") or "x")


@given(texts=st.tuples(_values, _values, _values, _values, _values))
def test_the_summary_of_a_sync_has_only_the_elements_of_its_template(texts: tuple[str, ...]) -> None:
    page = page_of(_sync(*texts))

    assert _PLAIN.elements == page.elements
    # An empty comment may separate two characters.
    assert [] == [comment for comment in page.comments if comment.strip()]


@given(texts=st.tuples(_trimmed, _trimmed, _trimmed, _trimmed, _trimmed))
def test_heading_sentence_lists_and_cells_show_exactly_the_text(texts: tuple[str, ...]) -> None:
    name, version, url, prefix, project = map(printable, texts)

    heading, sentence, *cells, _, repaired, packages = page_of(_sync(*texts)).texts

    assert f"{project} in {name} {version} on {url}" == heading
    assert f"2 packages: 1 updated, 1 removed in 1.2 s (uv {version}, {prefix})." == sentence
    assert [f"{name}-", url, "", name, url, f"{version} (from a URL)"] == cells
    assert f"{name}: {url}" == repaired
    assert f"{name}. {version} (from {url})" == packages


@given(texts=st.tuples(_values, _values, _values, _values, _values))
@example(texts=("`a`b`", "``a``", "`", "a", "```\n~~~"))
def test_the_summary_of_a_failure_has_only_the_elements_of_its_template_and_code_and_line_ends(texts: tuple[str, ...]) -> None:
    page = page_of(_failure(*(f"x{text}x" for text in texts)))

    assert _of_the_template(_PLAIN_FAILURE) == _of_the_template(page)
    assert [] == [comment for comment in page.comments if comment.strip()]


def _of_the_template(page: Page) -> list[str]:
    """Return the elements, without those that a sentence may contain."""
    return [element for element in page.elements if element not in ("code", "br")]


@example(fact="C:\\http://a.example", file="x", words="\xa0\n")
@given(fact=_values, file=_trimmed, words=hostile.text)
@example(fact="a", file="a", words="\n".join(["```", "~~~", "`" * 50, "</pre>", "    "]))
def test_a_failure_shows_exactly_its_message_without_backticks_its_file_and_the_output(fact: str, file: str, words: str) -> None:
    page = page_of(_failure(f"x{fact}x", "Hint.", file, "Facts.", f"x{words}x"))
    lines = "".join(line.strip() for line in f"x{fact}x".splitlines())
    _, what, hint, where, facts, _, quoted = page.texts

    # GitHub renders it as an alert, whose first line is the kind.
    assert f"[!CAUTION]\nWhat is wrong: {printable(lines)}".replace("`", "") == what.replace("`", "")
    assert 3 == page.quoted
    assert ("What to do: Hint.", f"Where: {printable(file)}, line 1", "With: Facts.") == (hint, where, facts)
    assert "".join(re.findall(r"[a-z0-9|<>&`~]", printable(_printed(words)))) == "".join(
        re.findall(r"[a-z0-9|<>&`~]", quoted.strip()[1:-1])
    )


def _printed(words: str) -> str:
    """Return `words` without colours, line ends and tabs."""
    return re.sub(r"\x1b\[[0-9;:]*m", "", words).replace("\r\n", "").replace("\n", "").replace("\t", "")


@pytest.mark.parametrize("words", hostile.MEGABYTES)
def test_a_failure_with_very_much_output_has_only_the_elements_of_its_template(words: str) -> None:
    assert _PLAIN_FAILURE.elements == page_of(_failure("a", "b", "c", "d", f"x{words}x")).elements


@pytest.mark.parametrize("text", ["a@b.example", "mailto:a@b.example", "git+ssh://git@example.com/a/b.git"])
def test_an_e_mail_address_is_no_link(text: str) -> None:
    plain, page = (page_of(_sync(*[value] * 5, notice=value)) for value in ("a", text))

    assert plain.elements == page.elements
    assert {text, f"a: {text}"} <= set(page.texts)
    assert _PLAIN_FAILURE.elements == page_of(_failure(*[text] * 5)).elements


@pytest.mark.parametrize("text", [" a", "a ", " "])
def test_a_space_at_the_edge_of_a_cell_is_shown(text: str) -> None:
    _, _, *cells = page_of(_sync(text, text, text, "a", "a")).texts

    assert [f"{text}-", text, "", text, text, f"{text} (from a URL)"] == cells[:6]

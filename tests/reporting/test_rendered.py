"""The job summary in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support import TARGET, summaries
from tools.shared.browser import CHROMIUM, look, page, rendered
from uv_system_sync.errors import SyncFailed
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import message

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="neither Chromium nor Chrome is on PATH (Debian: apt-get install chromium)")

# The width of GitHub's column on a wide screen, and that of a phone, in pixels.
WIDTHS = (1012, 390)

# Markup of Markdown, HTML and terminals, and a word that cannot be broken.
HOSTILE = (
    "<script>document.title=1</script><img src=x onerror=alert(1)>[a](https://a.example)https://b.example **b** `c` ```"
    " ~~~ </details></summary></code></pre> &lt;i&gt; | a@b.example \u202e\x1b[31m\udcff # 1. " + "long" * 20
)
PYTHON = TARGET._replace(prefix=HOSTILE, version=HOSTILE, implementation=HOSTILE, platform=HOSTILE)
DONE = summaries.report(PYTHON, HOSTILE, HOSTILE)._replace(
    packages=(Package(HOSTILE, HOSTILE, url=HOSTILE, editable=False), Package(f"{HOSTILE}.", HOSTILE, url=HOSTILE, editable=False)),
    changes=(Change(HOSTILE, "updated", HOSTILE, HOSTILE), Change(f"{HOSTILE} ", "removed", None, HOSTILE)),
)
SENTENCE = message("{text}", text=HOSTILE)
ERROR = SyncFailed(SENTENCE, SENTENCE, file=HOSTILE, line=1, words=f"```\n{HOSTILE}\n~~~\n</pre>\n````\n")
PAGES = {
    **summaries.RENDERED,
    "hostile-report": summaries.sync(DONE, Notice("python-chosen", SENTENCE)),
    "hostile-error": summaries.failure(ERROR, HOSTILE),
}

# None of these is a link, loads anything or sets a style.
ELEMENTS = {
    *("h3", "p", "strong", "code", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("pre lang", "pre", "code class", "br", "div class", "p class"),
}

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=WIDTHS, ids=lambda width: f"{width}px")
def found(request: pytest.FixtureRequest) -> Found:
    """What the browser found in each page, at one width."""
    return look({name: page(rendered(text), "light") for name, text in PAGES.items()}, request.param)


@pytest.mark.parametrize("name", PAGES)
def test_no_text_is_wider_than_the_page(found: Found, name: str) -> None:
    assert 0 >= found[name]["wide"]


@pytest.mark.parametrize("name", summaries.RENDERED)
def test_a_table_of_ordinary_names_needs_no_scrolling(found: Found, name: str) -> None:
    assert 0 == found[name]["scrolled"]


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_only_elements_of_the_template(found: Found, name: str) -> None:
    assert set() == set(found[name]["elements"]) - ELEMENTS


@pytest.mark.parametrize("name", PAGES)
def test_no_character_reference_is_visible(found: Found, name: str) -> None:
    shown = "\n".join(text for _, text in found[name]["texts"])

    assert [] == re.findall(r"&#?\w+;", shown.replace("&lt;i&gt;", ""))


def test_headings_and_cells_show_exactly_the_text(found: Found) -> None:
    shown = HOSTILE.replace("\u202e\x1b[31m\udcff", r"\u202e\x1b[31m\udcff")
    texts = found["hostile-report"]["texts"]

    assert [f"{shown} in {shown} {shown} on {shown}"] == [text for kind, text in texts if kind == "h3"]
    assert [f"{shown} ", shown, "", shown, shown, f"{shown} (from a URL)"] == [text for kind, text in texts if kind == "td"]


def test_the_code_block_shows_exactly_the_output(found: Found) -> None:
    shown = HOSTILE.replace("\u202e\x1b[31m\udcff", r"\u202e\udcff")

    assert [f"```\n{shown}\n~~~\n</pre>\n````\n"] == [text for kind, text in found["hostile-error"]["texts"] if kind == "pre"]

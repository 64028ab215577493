"""The job summary in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support import PROJECT, TARGET, summaries
from tools.shared.browser import CHROMIUM, look, page, rendered
from uv_system_sync.errors import SyncFailed
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.reporting import summary
from uv_system_sync.reporting.notices import Notice
from uv_system_sync.reporting.report import Report

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="neither Chromium nor Chrome is on PATH (Debian: apt-get install chromium)")

# GitHub's own column on a wide screen, and a phone.
_WIDTHS = (1012, 390)

# What somebody gives a meaning to, and a word that has no place to break.
_HOSTILE = (
    "<script>document.title=1</script><img src=x onerror=alert(1)>[a](https://a.example)https://b.example **b** `c` ```"
    " ~~~ </details></summary></code></pre> &lt;i&gt; | a@b.example \u202e\x1b[31m\udcff # 1. " + "long" * 20
)
_REPORT = Report(
    TARGET._replace(prefix=_HOSTILE, version=_HOSTILE, implementation=_HOSTILE, platform=_HOSTILE),
    PROJECT._replace(name=_HOSTILE),
    _HOSTILE,
    (Package(_HOSTILE, _HOSTILE, url=_HOSTILE, editable=False),),
    (Change(_HOSTILE, "updated", _HOSTILE, _HOSTILE), Change(_HOSTILE, "removed", None, _HOSTILE)),
    timings={"uv": 1.2},
)
_ERROR = SyncFailed(_HOSTILE, _HOSTILE, file=_HOSTILE, line=1, words=f"```\n{_HOSTILE}\n~~~\n</pre>\n````\n")
_PAGES = {
    **summaries.RENDERED,
    "hostile-report": summary.render(_REPORT, [Notice("python-chosen", _HOSTILE)]),
    "hostile-error": summary.render_failure(_ERROR, _HOSTILE),
}

# Markdown's own, and nothing that leads anywhere, loads anything or can be told how to look.
_ELEMENTS = {
    *("h3", "p", "strong", "code", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("pre lang", "pre", "code class", "br"),
}

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=_WIDTHS, ids=lambda width: f"{width}px")
def found(request: pytest.FixtureRequest) -> Found:
    """Every page as the browser has it, at one width."""
    return look({name: page(rendered(text), "light") for name, text in _PAGES.items()}, request.param)


@pytest.mark.parametrize("name", _PAGES)
def test_nothing_overflows(found: Found, name: str) -> None:
    """No text sticks out of the page, whatever it is; a block of code scrolls by itself."""
    assert 0 >= found[name]["wide"]


@pytest.mark.parametrize("name", summaries.RENDERED)
def test_tables_fit(found: Found, name: str) -> None:
    """A table of usual names and versions can be read without scrolling, even on a phone."""
    assert 0 == found[name]["scrolled"]


@pytest.mark.parametrize("name", _PAGES)
def test_elements(found: Found, name: str) -> None:
    """There are no elements but those of the template: no link, no image, no script."""
    assert set() == set(found[name]["elements"]) - _ELEMENTS


@pytest.mark.parametrize("name", _PAGES)
def test_no_escapes_are_shown(found: Found, name: str) -> None:
    """Nobody sees a character reference that was not in the text."""
    shown = "\n".join(text for _, text in found[name]["texts"])

    assert [] == re.findall(r"&#?\w+;", shown.replace("&lt;i&gt;", ""))


def test_report_shows_exactly_the_text(found: Found) -> None:
    """Heading and cells show exactly the text that was given, its invisible letters spelled out."""
    shown = _HOSTILE.replace("\u202e\x1b[31m\udcff", r"\u202e\x1b[31m\udcff")
    texts = found["hostile-report"]["texts"]

    assert [f"{shown} in {shown} {shown} on {shown}"] == [text for kind, text in texts if kind == "h3"]
    assert [shown, shown, "", shown, shown, shown] == [text for kind, text in texts if kind == "td"]


def test_words_show_exactly_the_text(found: Found) -> None:
    """The block of uv's words has all of them, and its own fence alone ends it."""
    shown = _HOSTILE.replace("\u202e\x1b[31m\udcff", r"\u202e\udcff")

    assert [f"```\n{shown}\n~~~\n</pre>\n````\n"] == [text for kind, text in found["hostile-error"]["texts"] if kind == "pre"]

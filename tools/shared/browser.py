"""Renders Markdown as GitHub does, and opens it in the Chromium or Chrome on PATH."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

# No network access, no first-run dialogs, no updates, no synced state.
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"),
)

# The parts of GitHub's style that matter for a job summary: wrapping, scrolling tables, and the light and dark colours.
STYLE = """
:root { --text: #1f2328; --page: #ffffff; --line: #d1d9e0; --soft: #f6f8fa; --caution: #cf222e; color-scheme: light }
:root[data-theme=dark] { --text: #f0f6fc; --page: #0d1117; --line: #3d444d; --soft: #151b23; --caution: #da3633; color-scheme: dark }
body { margin: 0; padding: 24px; background: var(--page); color: var(--text); overflow-wrap: break-word;
  font: 16px/1.5 "Liberation Sans", "DejaVu Sans", Arial, Helvetica, sans-serif }
h3 { margin: 0 0 16px; font-size: 20px }
p, ul, table, pre, details { margin: 0 0 16px }
ul { padding-left: 2em }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse }
th, td { padding: 6px 13px; border: 1px solid var(--line); text-align: left }
code, pre { font: 13.6px/1.45 "Liberation Mono", "DejaVu Sans Mono", Consolas, monospace; background: var(--soft); border-radius: 6px }
code { padding: 0.2em 0.4em }
pre { padding: 16px; overflow: auto }
pre code { padding: 0; white-space: pre }
summary { cursor: pointer }
.alert { margin: 0 0 16px; padding: 8px 16px; border-left: 4px solid var(--caution) }
.alert p:last-child { margin: 0 }
.alert .title { color: var(--caution); font-weight: 600 }
hr { margin: 24px 0; border: 0; border-top: 1px solid var(--line) }
"""

# Runs in a page of frames, and replaces the page's content with its findings, as JSON in hexadecimal.
_LOOK = """
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument, all = [...page.body.querySelectorAll("*")];
    const elements = all.map((item) => [item.localName, ...item.getAttributeNames()].join(" "));
    page.querySelectorAll("details").forEach((item) => { item.open = true });
    return {
      title: frame.title,
      elements,
      texts: all.filter((item) => item.matches("h3, p, li, td, th, summary, pre")).map((item) => [item.localName, item.textContent]),
      wide: page.scrollingElement.scrollWidth - page.scrollingElement.clientWidth,
      scrolled: all.filter((item) => item.matches("table") && item.scrollWidth > item.clientWidth).length,
    };
  });
  const bytes = new TextEncoder().encode(JSON.stringify(found));
  document.body.textContent = "found:" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("") + ":";
});
"""


def rendered(markdown: str) -> str:
    """Return the HTML that GitHub generates from `markdown`, before GitHub removes unsafe elements."""
    return str(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))


def page(body: str, theme: str) -> str:
    """Return a complete page with the HTML `body` in the colours of `theme`, which is `light` or `dark`."""
    head = f"<meta charset=utf-8><style>{STYLE}</style>"
    # A GitHub alert, without its icon.
    body = re.sub(
        r"<blockquote>\n<p>\[!(\w)(\w+)\]\n(.*?)</blockquote>",
        lambda found: f"<div class=alert><p class=title>{found[1]}{found[2].lower()}</p>\n<p>{found[3]}</div>",
        body,
        flags=re.DOTALL,
    )
    return f"<!doctype html><html lang=en data-theme={theme}><head>{head}</head><body>{body}</body></html>"


def look(pages: dict[str, str], width: int) -> dict[str, dict[str, Any]]:
    """Open the pages in the browser, each `width` pixels wide, and return a description of each by its title.

    `elements` lists the elements, each with its attribute names. `texts` has the text of the elements that show text, with all
    `<details>` open. `wide` is by how many pixels the page is too wide, and `scrolled` the number of tables that need scrolling.
    """
    # The sandbox runs no scripts of a page; `elements` shows whether the page has one.
    attributes = f"sandbox=allow-same-origin width={width} height=900 frameborder=0"
    frames = (f'<iframe {attributes} title="{name}" srcdoc="{html.escape(text)}"></iframe>' for name, text in pages.items())
    dom = _chromium(f"<!doctype html><meta charset=utf-8><body><script>{_LOOK}</script>{''.join(frames)}</body>", "--dump-dom")
    answer = re.search("found:([0-9a-f]+):", dom)
    assert answer, dom[-2000:]
    return {item.pop("title"): item for item in json.loads(bytes.fromhex(answer.group(1)))}


def screenshot(text: str, file: Path, *, width: int) -> None:
    """Write a screenshot of the page `text` to `file`: `width` pixels wide, and as high as the page."""
    measure = "<script>addEventListener('load', () => { document.title = `high:${document.documentElement.offsetHeight}:` })</script>"
    measured = re.search(r"high:(\d+):", _chromium(text + measure, "--dump-dom", f"--window-size={width},200"))
    assert measured
    # So that the check below cannot be satisfied by an old file.
    file.unlink(missing_ok=True)
    _chromium(text, f"--screenshot={file}", f"--window-size={width},{measured.group(1)}", "--force-device-scale-factor=1.5")
    assert file.exists()


def _chromium(text: str, *arguments: str) -> str:
    """Open the page `text` in a browser with a new profile, and return what the browser prints."""
    assert CHROMIUM
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-browser-") as folder:
        source = Path(folder, "page.html")
        source.write_text(text, encoding="utf-8")
        command = [CHROMIUM, *_FLAGS, f"--user-data-dir={folder}/profile", *arguments, source.as_uri()]
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=120).stdout

"""Takes the screenshots in the README, docs/summary-*.png: the job summaries of a sync and of a failure, in light and dark colours."""

from __future__ import annotations

import sys

from tools.shared import ROOT
from tools.shared.browser import CHROMIUM, page, rendered, screenshot

_SHOWN = tuple(ROOT / "tests" / "data" / "summaries" / f"{name}.md" for name in ("success", "stale-lock"))


def main() -> int:
    """Write the screenshots and return 0, or 1 without a browser."""
    if CHROMIUM is None:
        sys.stderr.write("No Chromium or Chrome on PATH; install one (Debian: `apt-get install chromium`).\n")
        return 1
    body = "<hr>".join(rendered(path.read_text(encoding="utf-8")) for path in _SHOWN)
    for theme in ("light", "dark"):
        file = ROOT / "docs" / f"summary-{theme}.png"
        screenshot(page(body, theme), file, width=1012)
        sys.stdout.write(f"{file.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

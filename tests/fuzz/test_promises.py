"""The threat model names the tests that hold its promises."""

from __future__ import annotations

import re

from tests.support import ROOT


def test_every_promise_is_held() -> None:
    """Every test that docs/threat-model.md names is there, in one file, or in the one that it names too."""
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    named = re.findall(r"`(?:(tests/[\w/]+\.py)::)?(test_\w+)`", text)
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    places = {name: [file for file, content in files.items() if f"\ndef {name}(" in content] for _, name in named}

    assert named
    assert [] == [name for file, name in named if file not in places[name] and (file or len(places[name]) != 1)]

"""The picture of the command in a terminal."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tools.terminal_picture import THEMES, drawn

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", THEMES)
def test_text_is_drawn_with_its_colours_and_escaped(name: str) -> None:
    theme = THEMES[name]
    picture = ET.fromstring(drawn(["<b> & \x1b[1m\x1b[31mred\x1b[39m bold\x1b[0m rest", ""], theme))  # noqa: S314 - drawn here
    first, second = picture.iter(f"{_SVG}text")

    assert [
        ("<b> & ", None, None),
        ("red", theme.red, "600"),
        (" bold", None, "600"),
        (" rest", None, None),
    ] == [(piece.text, piece.get("fill"), piece.get("font-weight")) for piece in first]
    assert [] == [*second]

"""Draws medians as bars in an SVG, for light or dark pages. Each case is a panel with its own scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

from benchmarks.samples import duration


class Theme(NamedTuple):
    """The colours of a plot."""

    background: str
    text: str
    faint: str
    bar: str
    ours: str


THEMES = {
    "light": Theme("#ffffff", "#1f2328", "#d1d9e0", "#8c959f", "#8250df"),
    "dark": Theme("#0d1117", "#e6edf3", "#30363d", "#6e7681", "#a371f7"),
}

_OURS = "uv-system-sync"

_FONT = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"'

# In units of the SVG's viewBox.
_WIDTH, _LABELS, _VALUES, _MARGIN = 900, 250, 80, 20
_ROW, _BAR, _HEADING, _TOP = 22, 14, 46, 56


def render(title: str, medians: Mapping[str, Mapping[str, float]], theme: str) -> str:
    """Return the plot of `medians`, given in seconds by case and contender; `theme` is `light` or `dark`."""
    colours = THEMES[theme]
    height = _TOP + sum(_HEADING + _ROW * len(panel) for panel in medians.values()) + _MARGIN
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" {_FONT}>',
        f"<title>{escape(_title(title))}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="{colours.background}"/>',
        _text(_MARGIN, 32, _title(title), colours.text, size=18, weight="600"),
    ]
    top = _TOP
    for case, panel in medians.items():
        pieces += _panel(case, panel, top, colours)
        top += _HEADING + _ROW * len(panel)
    return "\n".join([*pieces, "</svg>", ""])


def ticks(most: float) -> list[float]:
    """Return up to seven equidistant round numbers, from 0 to at least `most`."""
    steps = (factor * 10.0**power for power in range(-4, 5) for factor in (1, 2, 5))
    step = next(step for step in steps if most / step <= 6)  # noqa: PLR2004
    return [step * number for number in range(math.ceil(most / step) + 1)]


def _panel(case: str, panel: Mapping[str, float], top: int, colours: Theme) -> Iterator[str]:
    left, width = _MARGIN + _LABELS, _WIDTH - 2 * _MARGIN - _LABELS - _VALUES
    bottom = top + _HEADING + _ROW * len(panel) - 6
    scale = ticks(max(panel.values()))
    yield _text(_MARGIN, top + 30, capitalized(case), colours.text, size=15, weight="600")
    for tick in scale:
        x = left + width * tick / scale[-1]
        yield f'<line x1="{x:.1f}" y1="{top + 38}" x2="{x:.1f}" y2="{bottom}" stroke="{colours.faint}"/>'
        yield _text(x, top + 30, _tick(tick, scale[-1]), colours.text, size=11, anchor="middle")
    for number, (name, seconds) in enumerate(panel.items()):
        y = top + _HEADING + _ROW * number
        length = max(2.0, width * seconds / scale[-1])
        colour = colours.ours if name.startswith(_OURS) else colours.bar
        yield _text(left - 10, y + 11, name, colours.text, anchor="end")
        yield f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2" fill="{colour}"/>'
        yield _text(left + length + 6, y + 11, duration(seconds), colours.text)


def _title(title: str) -> str:
    return f"{capitalized(title)}: median wall time; shorter is better"


def capitalized(text: str) -> str:
    """Return `text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def _tick(seconds: float, most: float) -> str:
    return f"{seconds * 1000:.0f} ms" if most <= 1 else f"{seconds:g} s"


def _text(  # noqa: PLR0913 - an element has that many attributes
    x: float, y: float, text: str, colour: str, *, size: int = 12, weight: str = "400", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'
    )

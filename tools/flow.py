"""Draws the diagram of docs/how-it-works.md as docs/flow-light.svg and docs/flow-dark.svg, or checks that both are up to date."""

from __future__ import annotations

import sys
from html import escape
from typing import NamedTuple

from tools.shared import ROOT

DOCS = ROOT / "docs"


class Theme(NamedTuple):
    """Colours that match GitHub's pages: text, secondary text, lines, and the fill of boxes, boxes with an effect, and the failure box."""

    text: str
    quiet: str
    line: str
    box: str
    effect: str
    failure: str


THEMES = {
    "light": Theme("#1f2328", "#59636e", "#818b98", "#f6f8fa", "#ddf4ff", "#ffebe9"),
    "dark": Theme("#f0f6fc", "#9198a1", "#656c76", "#151b23", "#12304f", "#4b1c1f"),
}


class Box(NamedTuple):
    """A step of the run. `effect` is whether the step changes anything outside the process.

    `modules` names the modules and packages that implement it. They are not drawn; a test checks that every module is in some box.
    """

    title: str
    modules: tuple[str, ...]
    effect: bool = False


# From top to bottom. Boxes in the same row do not depend on each other.
ROWS: tuple[tuple[Box, ...], ...] = (
    (Box("Find uv, or install it with pip", ("uv",), effect=True),),
    (Box("Install the action's dependencies into RUNNER_TEMP", ("uv",), effect=True),),
    (Box("Read the inputs", ("inputs",)),),
    (
        Box("Inspect the Python", ("interpreter",)),
        Box("Read the project", ("project",)),
    ),
    (Box("Compose the uv sync command and its environment", ("uv", "environment")),),
    (Box("Lock the Python and remove broken packages", ("interpreter",), effect=True),),
    (Box("Run uv sync", ("process", "reporting"), effect=True),),
    (Box("Verify the packages and the python of the next step", ("interpreter",)),),
    (Box("Compose the report and the job summary", ("reporting",)),),
    (Box("Write all of the runner's files, or none", ("reporting",), effect=True),),
)

# Index of the first row that changes the Python.
FIRST_CHANGE = 5

_WIDTH, _LEFT, _MAIN, _HEIGHT, _PITCH, _GAP, _BORDER = 860, 10, 560, 40, 64, 16, 24
_RAIL = _LEFT + _MAIN + 30
_FONT = 'font-family="-apple-system, BlinkMacSystemFont, Segoe UI, Noto Sans, Helvetica, Arial, sans-serif"'
_FAILURE = (
    "Error in any step",
    ("One annotation:", "what is wrong, what to do.", "Nothing in GITHUB_ENV,", "GITHUB_PATH or", "GITHUB_OUTPUT."),
)
# Like `Box.modules`, for the failure box.
FAILURE_MODULES = ("errors", "diagnosis", "reporting")


def main(arguments: list[str]) -> int:
    """Write the diagrams; with `--check`, return 1 if they would change."""
    pictures = {DOCS / f"flow-{name}.svg": drawn(theme) for name, theme in THEMES.items()}
    if arguments == ["--check"]:
        outdated = [path.name for path, text in pictures.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        sys.stdout.write(f"{', '.join(outdated)} out of date; run `make docs`\n" if outdated else "docs/flow-*.svg are up to date\n")
        return int(bool(outdated))
    for path, text in pictures.items():
        path.write_text(text, encoding="utf-8")
    return 0


def drawn(theme: Theme) -> str:
    """Return the diagram as SVG, in the colours of `theme`."""
    height = _top(len(ROWS) - 1) + _HEIGHT + 10
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" {_FONT}>',
        "<title>The steps of a run, from the inputs to the runner's files</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        f'<path d="M0 0 8 4 0 8z" fill="{theme.line}"/></marker></defs>',
    ]
    for number, row in enumerate(ROWS):
        pieces += _row(number, row, theme)
    return "\n".join([*pieces, *_border(theme), *_failure(theme), "</svg>", ""])


def _row(number: int, row: tuple[Box, ...], theme: Theme) -> list[str]:
    top, width = _top(number), _width(row)
    pieces = []
    for middle, box in zip(_middles(row), row, strict=True):
        fill = theme.effect if box.effect else theme.box
        pieces.append(_rectangle((middle - width // 2, top, width, _HEIGHT), fill, theme.line))
        pieces.append(_text((middle, top + 25), box.title, theme.text, 'font-size="15" font-weight="600"'))
    if number:
        wider = max(row, ROWS[number - 1], key=len)
        pieces += [_arrow(middle, _top(number - 1) + _HEIGHT, middle, top, theme) for middle in _middles(wider)]
    return pieces


def _width(row: tuple[Box, ...]) -> int:
    return (_MAIN - _GAP * (len(row) - 1)) // len(row)


def _middles(row: tuple[Box, ...]) -> list[int]:
    return [_LEFT + place * (_width(row) + _GAP) + _width(row) // 2 for place in range(len(row))]


def _border(theme: Theme) -> list[str]:
    """Draw the dashed line between the rows that leave the Python unchanged and those that change it."""
    height = _top(FIRST_CHANGE) - _BORDER // 2
    line = f'<line x1="{_LEFT}" y1="{height}" x2="{_LEFT + _MAIN}" y2="{height}" stroke="{theme.quiet}" stroke-dasharray="5 4"/>'
    return [line, _text((_LEFT, height - 4), "the Python is unchanged up to here", theme.quiet, 'font-size="12" text-anchor="start"')]


def _failure(theme: Theme) -> list[str]:
    """Draw the failure box on the right, with an arrow from every row."""
    title, lines = _FAILURE
    top, bottom, width = _top(0), _top(len(ROWS) - 1) + _HEIGHT, _WIDTH - _RAIL - _LEFT
    middle = _RAIL + width // 2
    pieces = [_rectangle((_RAIL, top, width, bottom - top), theme.failure, theme.line)]
    pieces += [_arrow(_LEFT + _MAIN, _top(row) + _HEIGHT // 2, _RAIL, _top(row) + _HEIGHT // 2, theme) for row in range(len(ROWS))]
    height = (top + bottom) // 2 - 50
    pieces.append(_text((middle, height), title, theme.text, 'font-size="15" font-weight="600"'))
    return pieces + [_text((middle, height + 28 + 20 * number), line, theme.text, 'font-size="14"') for number, line in enumerate(lines)]


def _top(row: int) -> int:
    return 10 + row * _PITCH + (_BORDER if row >= FIRST_CHANGE else 0)


def _rectangle(area: tuple[int, int, int, int], fill: str, line: str) -> str:
    left, top, width, height = area
    return f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" fill="{fill}" stroke="{line}"/>'


def _text(position: tuple[int, int], text: str, fill: str, style: str) -> str:
    anchor = "" if "text-anchor" in style else ' text-anchor="middle"'
    return f'<text x="{position[0]}" y="{position[1]}"{anchor} fill="{fill}" {style}>{escape(text)}</text>'


def _arrow(x1: int, y1: int, x2: int, y2: int, theme: Theme) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{theme.line}" marker-end="url(#tip)"/>'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

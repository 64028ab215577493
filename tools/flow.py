"""Draws docs/flow-light.svg and docs/flow-dark.svg, the picture of docs/how-it-works.md, or checks that they are up to date."""

from __future__ import annotations

import sys
from html import escape
from typing import NamedTuple

from tools.shared import ROOT

DOCS = ROOT / "docs"


class Theme(NamedTuple):
    """The colours of GitHub's pages: text, quiet text, lines, and what a box, an effect and a failure are filled with."""

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
    """What happens, and the modules and packages that do it; `effect` where something outside of the process changes."""

    title: str
    modules: tuple[str, ...]
    effect: bool = False


# From top to bottom; what is side by side depends on nothing beside it.
ROWS: tuple[tuple[Box, ...], ...] = (
    (Box("Is there a uv? If not, setup-uv installs one", ("uv",), effect=True),),
    (Box("Own wheels into RUNNER_TEMP", ("uv",), effect=True),),
    (Box("Read the inputs of the workflow", ("inputs",)),),
    (
        Box("Ask the Python what it is", ("interpreter",)),
        Box("Read the project", ("project",)),
    ),
    (Box("Decide: one command, its whole environment", ("uv", "environment")),),
    (Box("Lock the Python, remove what is broken", ("interpreter",), effect=True),),
    (Box("uv sync", ("process", "reporting"), effect=True),),
    (Box("Check what is installed, and what python will be", ("interpreter",)),),
    (Box("Write the report and the job summary", ("reporting",)),),
    (Box("Runner files: all of it at the end, or nothing", ("reporting",), effect=True),),
)

# The first row that changes something in the Python.
FIRST_CHANGE = 5

_WIDTH, _LEFT, _MAIN, _HEIGHT, _PITCH, _GAP, _BORDER = 860, 10, 560, 50, 74, 16, 24
_RAIL = _LEFT + _MAIN + 30
_FONT = 'font-family="-apple-system, BlinkMacSystemFont, Segoe UI, Noto Sans, Helvetica, Arial, sans-serif"'
_CODE = 'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"'
_FAILURE = (
    "An error, at any point",
    ("one annotation,", "with the next step;", "nothing in GITHUB_ENV,", "GITHUB_PATH or", "GITHUB_OUTPUT"),
)
FAILURE_MODULES = ("errors", "diagnosis", "reporting")


def main(arguments: list[str]) -> int:
    """Write the pictures, or with `--check` only check whether they would change."""
    pictures = {DOCS / f"flow-{name}.svg": drawn(theme) for name, theme in THEMES.items()}
    if arguments == ["--check"]:
        old = [path.name for path, text in pictures.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        sys.stdout.write(f"{', '.join(old)} out of date; run `make docs`\n" if old else "docs/flow-*.svg are up to date\n")
        return int(bool(old))
    for path, text in pictures.items():
        path.write_text(text, encoding="utf-8")
    return 0


def drawn(theme: Theme) -> str:
    """Return the picture in the colours of `theme`."""
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
        pieces.append(_rectangle((middle - width // 2, top, width, _HEIGHT), theme.effect if box.effect else theme.box, theme.line))
        pieces.append(_text((middle, top + 21), box.title, theme.text, 'font-size="15" font-weight="600"'))
        pieces.append(_text((middle, top + 40), "  ".join(box.modules), theme.quiet, f'font-size="12" xml:space="preserve" {_CODE}'))
    if number:
        above = max(row, ROWS[number - 1], key=len)
        pieces += [_arrow(middle, _top(number - 1) + _HEIGHT, middle, top, theme) for middle in _middles(above)]
    return pieces


def _width(row: tuple[Box, ...]) -> int:
    return (_MAIN - _GAP * (len(row) - 1)) // len(row)


def _middles(row: tuple[Box, ...]) -> list[int]:
    return [_LEFT + place * (_width(row) + _GAP) + _width(row) // 2 for place in range(len(row))]


def _border(theme: Theme) -> list[str]:
    """Draw the line above of which no Python has been changed."""
    height = _top(FIRST_CHANGE) - _BORDER // 2
    line = f'<line x1="{_LEFT}" y1="{height}" x2="{_LEFT + _MAIN}" y2="{height}" stroke="{theme.quiet}" stroke-dasharray="5 4"/>'
    return [line, _text((_LEFT, height - 4), "above: the Python is only looked at", theme.quiet, 'font-size="12" text-anchor="start"')]


def _failure(theme: Theme) -> list[str]:
    """Draw, at the right, what every row may lead to."""
    title, words = _FAILURE
    top, bottom, width = _top(0), _top(len(ROWS) - 1) + _HEIGHT, _WIDTH - _RAIL - _LEFT
    middle = _RAIL + width // 2
    pieces = [_rectangle((_RAIL, top, width, bottom - top), theme.failure, theme.line)]
    pieces += [_arrow(_LEFT + _MAIN, _top(row) + _HEIGHT // 2, _RAIL, _top(row) + _HEIGHT // 2, theme) for row in range(len(ROWS))]
    height = (top + bottom) // 2 - 150
    pieces.append(_text((middle, height), title, theme.text, 'font-size="15" font-weight="600"'))
    pieces += [_text((middle, height + 28 + 20 * line), word, theme.text, 'font-size="14"') for line, word in enumerate(words)]
    return pieces + [
        _text((middle, height + 150 + 18 * line), module, theme.quiet, f'font-size="12" {_CODE}')
        for line, module in enumerate(FAILURE_MODULES)
    ]


def _top(row: int) -> int:
    return 10 + row * _PITCH + _BORDER * (row >= FIRST_CHANGE)


def _rectangle(area: tuple[int, int, int, int], fill: str, line: str) -> str:
    left, top, width, height = area
    return f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" fill="{fill}" stroke="{line}"/>'


def _text(place: tuple[int, int], words: str, fill: str, style: str) -> str:
    anchor = "" if "text-anchor" in style else ' text-anchor="middle"'
    return f'<text x="{place[0]}" y="{place[1]}"{anchor} fill="{fill}" {style}>{escape(words)}</text>'


def _arrow(x1: int, y1: int, x2: int, y2: int, theme: Theme) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{theme.line}" marker-end="url(#tip)"/>'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

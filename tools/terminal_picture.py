"""Draws docs/terminal-light.svg and docs/terminal-dark.svg: the command in a terminal, with its question and the answer."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import NamedTuple

from tools.shared import ROOT
from tools.shared.uv import UV
from tools.shared.wheels import file_name, wheel

_COMMAND = ("uv-system-sync", "--python", ".venv", "--exact")
_QUESTION, _ANSWER = b"[y/N] ", b"y\n"
_COLUMNS, _LINE, _LETTER, _BORDER = 88, 20, 8.43, 16
_FONT = 'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, Liberation Mono, monospace" font-size="14"'
# The project's folder, as shown in the picture.
_SHOWN_FOLDER = "~/weather-report"

_PACKAGES = (("jinja2", "3.1.6", ("markupsafe",)), ("markupsafe", "3.0.4", ()), ("pytest", "9.2.0", ()), ("rich", "15.0.0", ()))
_INSTALLED = (("requests", "2.32.5", ()), ("rich", "14.1.0", ()))
_PYPROJECT = """\
[project]
name = "weather-report"
version = "1.0"
requires-python = ">=3.8"
dependencies = ["rich>=15", "jinja2"]

[dependency-groups]
dev = ["pytest"]

[tool.uv]
no-index = true
find-links = ["wheels"]
"""


class Theme(NamedTuple):
    """The colours of a terminal, matching GitHub's pages: background, text, and those of the SGR codes 2 (faint), 31, 32 and 33."""

    page: str
    text: str
    faint: str
    red: str
    green: str
    yellow: str


THEMES = {
    "light": Theme("#f6f8fa", "#1f2328", "#59636e", "#cf222e", "#1a7f37", "#9a6700"),
    "dark": Theme("#151b23", "#f0f6fc", "#9198a1", "#f85149", "#3fb950", "#d29922"),
}


def main() -> int:
    """Run the command, write the pictures, and return the exit status of the command."""
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp, "weather-report")
        _make(folder)
        status, output = _run(folder)
    shown = output.replace("\r\n", "\n").replace(str(folder), _SHOWN_FOLDER).strip()
    lines = [f"$ \x1b[1m{' '.join(_COMMAND)}\x1b[0m", *shown.split("\n")]
    for name, theme in THEMES.items():
        path = ROOT / "docs" / f"terminal-{name}.svg"
        path.write_text(drawn(lines, theme), encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return status


def drawn(lines: list[str], theme: Theme) -> str:
    """Return the picture of `lines` as SVG. The lines may contain SGR escape sequences."""
    width, height = round(_COLUMNS * _LETTER) + 2 * _BORDER, len(lines) * _LINE + 2 * _BORDER
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" {_FONT}>',
        "<title>The command in a terminal</title>",
        f'<rect width="{width}" height="{height}" rx="6" fill="{theme.page}"/>',
        *(_text(line, _BORDER + (number + 1) * _LINE - 6, theme) for number, line in enumerate(lines)),
    ]
    return "\n".join([*pieces, "</svg>", ""])


def _text(line: str, top: int, theme: Theme) -> str:
    pieces, codes = [], set[str]()
    for code, text in re.findall(r"\x1b\[([\d;]*)m|([^\x1b]+)", line):
        if text:
            pieces.append(f"<tspan{_style(codes, theme)}>{escape(text)}</tspan>")
        elif code in ("", "0"):
            codes.clear()
        elif code == "39":
            codes -= {"31", "32", "33"}
        else:
            codes.update(code.split(";"))
    return f'<text x="{_BORDER}" y="{top}" fill="{theme.text}" xml:space="preserve">{"".join(pieces)}</text>'


def _style(codes: set[str], theme: Theme) -> str:
    colours = {"31": theme.red, "32": theme.green, "33": theme.yellow, "2": theme.faint}
    colour = next((colours[code] for code in colours if code in codes), "")
    return (f' fill="{colour}"' if colour else "") + (' font-weight="600"' if "1" in codes else "")


def _make(folder: Path) -> None:
    """Create a locked project, and a virtual environment that has an outdated and an extraneous package."""
    (folder / "wheels").mkdir(parents=True)
    for name, version, requires in (*_PACKAGES, *_INSTALLED):
        (folder / "wheels" / file_name(name, version)).write_bytes(wheel(name, version, {f"{name}.py": ""}, requires=requires))
    (folder / "pyproject.toml").write_text(_PYPROJECT, encoding="utf-8")
    installed = [f"{name}=={version}" for name, version, _ in _INSTALLED]
    for arguments in (
        ("lock",),
        ("venv", "--python", sys.executable),
        ("pip", "install", "--no-index", "--find-links", "wheels", *installed),
    ):
        subprocess.run([UV, "--quiet", *arguments], cwd=folder, check=True)


def _run(folder: Path) -> tuple[int, str]:
    """Run the command in `folder` in a terminal, answer its question, and return its exit status and output."""
    child, terminal = pty.fork()
    if not child:
        os.chdir(folder)
        path = os.pathsep.join([str(folder / ".venv" / "bin"), str(UV.parent), os.defpath])
        environ = {"TERM": "xterm", "PATH": path, "PYTHONPATH": str(ROOT / "src"), "UV_NO_PROGRESS": "1", "HOME": str(folder.parent)}
        os.execve(sys.executable, [sys.executable, "-m", "uv_system_sync", *_COMMAND[1:]], environ)  # noqa: S606 - there is no shell
    output = b""
    while piece := _read(terminal):
        output += piece
        if piece.endswith(_QUESTION):
            os.write(terminal, _ANSWER)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        # On Linux, reading a terminal that the child has closed fails.
        return b""


if __name__ == "__main__":
    sys.exit(main())

"""Reads the runner's command files as the runner does, so that tests see what later steps would see."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The semantics are those of actions/runner, src/Runner.Worker/FileCommandManager.cs: the classes EnvFileKeyValuePairs,
# SetEnvFileCommand, SetOutputFileCommand and AddPathFileCommand. Handlers/Handler.cs of the same folder makes PATH.

# The byte order marks that .NET recognizes. UTF-32 comes before UTF-16 because its mark starts with the mark of UTF-16.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class FileCommandError(Exception):
    """The message with which the runner rejects a command file and fails the step."""


@dataclass(frozen=True)
class StepFiles:
    """The command files and the temporary folder that the runner gives to a step."""

    env: Path
    path: Path
    output: Path
    summary: Path
    temp: Path

    @classmethod
    def create(cls, folder: Path) -> StepFiles:
        """Create empty command files for a step in `folder`, and the job's temporary folder unless it exists."""
        files = cls(*(folder / name for name in ("env", "path", "output", "summary", "temp")))
        files.temp.mkdir(parents=True, exist_ok=True)
        for file in files.commands:
            file.write_bytes(b"")
        return files

    @property
    def commands(self) -> tuple[Path, ...]:
        """The command files."""
        return (self.env, self.path, self.output, self.summary)

    @property
    def environ(self) -> dict[str, str]:
        """The variables with which the runner passes the paths to a step."""
        return {
            "GITHUB_ENV": str(self.env),
            "GITHUB_PATH": str(self.path),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(self.temp),
        }

    def are_empty(self) -> bool:
        """Return whether the step has written nothing to the command files and the temporary folder."""
        return not any(file.stat().st_size for file in self.commands) and not any(self.temp.iterdir())

    def hand_nothing_on(self) -> bool:
        """Return whether later steps get nothing: only a summary and one report in the temporary folder are allowed."""
        if any(file.stat().st_size for file in (self.env, self.path, self.output)):
            return False
        names = [path.name for path in self.temp.iterdir()]
        return len(names) <= 1 and all(re.fullmatch(r"uv-system-sync-[0-9a-f]{16}\.json", name) for name in names)


def read_env(path: str | Path, *, windows: bool = False) -> dict[str, str]:
    """Return the variables set by the GITHUB_ENV file at `path`; raise `FileCommandError` if the runner would reject it."""
    # For NODE_OPTIONS, the runner writes an error annotation and ignores the variable, but does not fail the step.
    return {name: value for name, value in _assignments(path, windows=windows) if name.upper() != "NODE_OPTIONS"}


def read_outputs(path: str | Path, *, windows: bool = False) -> dict[str, str]:
    """Return the outputs set by the GITHUB_OUTPUT file at `path`; raise `FileCommandError` if the runner would reject it."""
    return dict(_assignments(path, windows=windows))


def read_path(path: str | Path) -> list[str]:
    """Return the entries of the GITHUB_PATH file at `path`, in file order."""
    return [line for line in re.split(r"\r\n|\r|\n", _text(path)) if line]


def path_after(entries: list[str], path: str) -> str:
    """Return the PATH of the next step: the `entries` of GITHUB_PATH, last one first, followed by the current `path`."""
    added = os.pathsep.join(dict.fromkeys(reversed(entries)))
    if not added or path.startswith(added + os.pathsep):
        return path
    return f"{added}{os.pathsep}{path}" if path else added


def _text(path: str | Path) -> str:
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return ""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return content[len(bom) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def _assignments(path: str | Path, *, windows: bool) -> Iterator[tuple[str, str]]:
    lines = _lines(_text(path), windows=windows)
    for line, _ in lines:
        if not line:
            continue
        # Whichever sign comes first decides the syntax. The name is everything before it, including spaces.
        found = re.match(r"(.*?)(=|<<)(.*)", line, re.DOTALL)
        if found is None:
            raise FileCommandError(f"Invalid format '{line}'")
        name, sign, rest = found.groups()
        if sign == "<<" and not (name and rest):
            raise FileCommandError(f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty")
        value = rest if sign == "=" else _value_before(rest, lines)
        if not name:
            raise FileCommandError("Value cannot be null. (Parameter 'name')")
        yield name, value


def _value_before(delimiter: str, lines: Iterator[tuple[str, str]]) -> str:
    """Consume `lines` up to the `delimiter`, and return the text before it, without its last line ending."""
    parts: list[str] = []
    for line, ending in lines:
        if line == delimiter:
            return "".join(parts[:-1])
        if not ending:
            raise FileCommandError("Invalid value. EOF marker missing new line.")
        parts += (line, ending)
    raise FileCommandError(f"Invalid value. Matching delimiter not found '{delimiter}'")


def _lines(text: str, *, windows: bool) -> Iterator[tuple[str, str]]:
    """Yield each line of `text` and its ending, which is empty for a last line without one."""
    # Only the runner's Windows build treats CR LF as a line ending; elsewhere, CR belongs to the line.
    endings = ("\r\n", "\n", "") if windows else ("\n", "")
    for piece in re.findall(r"[^\n]*\n|[^\n]+", text):
        ending = next(item for item in endings if piece.endswith(item))
        yield piece.removesuffix(ending), ending

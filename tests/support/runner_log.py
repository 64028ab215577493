"""Reads a step's log as the runner does, and returns the commands that the runner executes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# This follows actions/runner: src/Runner.Sdk/ProcessInvoker.cs splits lines, src/Runner.Common/ActionCommand.cs parses a command,
# and src/Runner.Worker/ActionCommandManager.cs decides which commands to execute.

_COMMANDS = frozenset(
    (
        *("set-env", "set-output", "save-state", "add-path", "add-mask", "add-matcher", "remove-matcher"),
        *("debug", "warning", "error", "notice", "group", "endgroup", "echo", "stop-commands"),
    )
)

_SPACE = "".join(letter for letter in map(chr, range(0x110000)) if letter.isspace() and not "\x1c" <= letter <= "\x1f")

# In the order in which the runner decodes them, with `%25` last.
_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_OLDER = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))


@dataclass(frozen=True)
class Command:
    """A command that the runner has read: its name in lower case, its data and its properties."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


class UnusableToken(Exception):
    """The token of a `stop-commands` is one that the runner rejects, which fails the step."""


def lines(log: bytes) -> list[str]:
    """Return the lines of a step's output as the runner splits them: a bare CR ends a line, too."""
    found = re.split(r"\r\n|\r|\n", log.decode("utf-8", "replace"))
    return found if found[-1] else found[:-1]


def obeyed(log: bytes) -> list[Command]:
    """Return the commands that the runner executes, including `stop-commands` and its token."""
    return list(_obeyed(lines(log)))


def _obeyed(found: Iterable[str]) -> Iterator[Command]:
    awaited = ""
    for line in found:
        known = _COMMANDS | {awaited} if awaited else _COMMANDS
        command = parse(line, known)
        if command is None or (awaited and command.name != awaited):
            continue
        if awaited:
            awaited = ""
        elif command.name == "stop-commands":
            awaited = command.data.lower()
            if awaited in _COMMANDS or awaited in ("", "pause-logging"):
                raise UnusableToken(command.data)
        yield command


def parse(line: str, known: frozenset[str] = _COMMANDS) -> Command | None:
    """Return the command in `line` if its name is in `known`, else None."""
    return _current(line, known) or _older(line, known)


def _current(line: str, known: frozenset[str]) -> Command | None:
    """Parse `::name key=value,key=value::data`, which only white space may precede."""
    start = line.lstrip(_SPACE)
    end = start.find("::", 2)
    if not start.startswith("::") or end < 0:
        return None
    name, _, properties = start[2:end].partition(" ")
    if name.lower() not in known:
        return None
    return Command(name.lower(), _replace(start[end + 2 :], _DATA), _properties(properties.strip(_SPACE).split(","), _PROPERTY))


def _older(line: str, known: frozenset[str]) -> Command | None:
    """Parse `##[name key=value;key=value]data`, which may be anywhere in the line."""
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, properties = line[start + 3 : end].partition(" ")
    if name.lower() not in known:
        return None
    return Command(name.lower(), _replace(line[end + 1 :], _OLDER), _properties(properties.split(";"), _OLDER))


def _properties(pieces: Iterable[str], escapes: Iterable[tuple[str, str]]) -> dict[str, str]:
    # .NET drops empty parts of a split, so that `=a=b` is the key `a` with the value `b`.
    pairs = (piece.lstrip("=").partition("=") for piece in pieces)
    return {key.lower(): _replace(value, escapes) for key, sign, value in pairs if sign and value}


def _replace(text: str, escapes: Iterable[tuple[str, str]]) -> str:
    for escape, letter in escapes:
        text = text.replace(escape, letter)
    return text

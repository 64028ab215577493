"""Reads a step's log as the runner does, and returns the commands that the runner would execute."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# The semantics are those of actions/runner: src/Runner.Sdk/ProcessInvoker.cs for lines, src/Runner.Common/ActionCommand.cs
# for a command, src/Runner.Worker/ActionCommandManager.cs for which of them is obeyed.

_COMMANDS = frozenset(
    (
        *("set-env", "set-output", "save-state", "add-path", "add-mask", "add-matcher", "remove-matcher"),
        *("debug", "warning", "error", "notice", "group", "endgroup", "echo", "stop-commands"),
    )
)

_SPACE = "".join(letter for letter in map(chr, range(0x110000)) if letter.isspace() and not "\x1c" <= letter <= "\x1f")

# In the order of the runner, in which `%25` comes last.
_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_OLDER = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))


@dataclass(frozen=True)
class Command:
    """A command that the runner has read: its name in small letters, its properties and its data."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


class UnusableToken(Exception):
    """The runner ends the step because of the token of a `stop-commands`."""


def lines(log: bytes) -> list[str]:
    """Return the lines that the runner makes of a step's output, for which a bare CR ends one too."""
    found = re.split(r"\r\n|\r|\n", log.decode("utf-8", "replace"))
    return found if found[-1] else found[:-1]


def obeyed(log: bytes) -> list[Command]:
    """Return the commands that the runner obeys, `stop-commands` and its token included."""
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
    """Return the command in `line`, if it is one of those `known`."""
    return _current(line, known) or _older(line, known)


def _current(line: str, known: frozenset[str]) -> Command | None:
    """Read `::name key=value,key=value::data`, which only spaces may come before."""
    start = line.lstrip(_SPACE)
    end = start.find("::", 2)
    if not start.startswith("::") or end < 0:
        return None
    name, _, properties = start[2:end].partition(" ")
    if name.lower() not in known:
        return None
    return Command(name.lower(), _replace(start[end + 2 :], _DATA), _properties(properties.strip(_SPACE).split(","), _PROPERTY))


def _older(line: str, known: frozenset[str]) -> Command | None:
    """Read `##[name key=value;key=value]data`, which may be anywhere in the line."""
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, properties = line[start + 3 : end].partition(" ")
    if name.lower() not in known:
        return None
    return Command(name.lower(), _replace(line[end + 1 :], _OLDER), _properties(properties.split(";"), _OLDER))


def _properties(pieces: Iterable[str], escapes: Iterable[tuple[str, str]]) -> dict[str, str]:
    # .NET leaves empty parts out: `=a=b` has none before the first sign, and is the one part `a=b`.
    pairs = (piece.lstrip("=").partition("=") for piece in pieces)
    return {key.lower(): _replace(value, escapes) for key, sign, value in pairs if sign and value}


def _replace(text: str, escapes: Iterable[tuple[str, str]]) -> str:
    for escape, letter in escapes:
        text = text.replace(escape, letter)
    return text

"""Reads TOML files, and finds the line that something is on."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Dict, Iterator, NamedTuple

from uv_system_sync.errors import ActionError, exhausted
from uv_system_sync.text import normalized_name

Table = Dict[str, Any]

_NAME = r"(?:[\w-]+|\"[^\"]*\"|'[^']*')"
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = rf"\s*\[\[?\s*({_NAMES})\s*\]\]?\s*(?:#.*)?$"
_KEY = rf"\s*({_NAMES})\s*=(?!=)"


class Place(NamedTuple):
    """A line of a file, counted from 1, or the file as a whole."""

    file: str
    line: int | None


class Document(NamedTuple):
    """A TOML file: its absolute path, its text and what that means."""

    path: str
    text: str
    data: Table

    @property
    def name(self) -> str:
        """The name of the file."""
        return os.path.basename(self.path)

    def place_of(self, *keys: str, item: str = "") -> Place | None:
        """Return the line with the quoted text `item` in the value at `keys`, else the line where that value begins, else None.

        Keys are compared in their normalized form (PEP 503).
        """
        wanted = tuple(map(normalized_name, keys))
        begins = None
        for number, at, line in self._lines():
            if at[: len(wanted)] == wanted:
                begins = begins or number
                if item and (f'"{item}"' in line or f"'{item}'" in line):
                    return Place(self.path, number)
        return Place(self.path, begins) if begins else None

    def line_with(self, text: str) -> int | None:
        """Return the first line, counted from 1, that has `text`, or None."""
        before, found, _ = self.text.partition(text)
        return before.count("\n") + 1 if found else None

    def _lines(self) -> Iterator[tuple[int, tuple[str, ...], str]]:
        """Yield the number of each line, the normalized keys of the value that it seems to belong to, and the line."""
        table: tuple[str, ...] = ()
        at: tuple[str, ...] = ()
        for number, line in enumerate(self.text.splitlines(), 1):
            header, key = re.match(_HEADER, line), re.match(_KEY, line)
            if header:
                table = at = _split(header.group(1))
            elif key:
                at = (*table, *_split(key.group(1)))
            yield number, at, line


def read(path: str, kind: type[ActionError]) -> Document:
    """Return the TOML file at `path`, or raise an error of the given kind with the line that is wrong."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        # Not at the top: it is installed while this module is imported.
        import tomli as tomllib
    name = os.path.basename(path)
    hint = "Correct {path}."
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        return Document(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        # `TOMLDecodeError.lineno` is new in Python 3.14; the message has had the line from the beginning.
        line = re.search(r"\(at line (\d+)", str(error))
        message = "{name} is not valid TOML: {reason}."
        raise kind(message, hint, file=path, line=int(line[1]) if line else None, name=name, reason=str(error), path=path) from None
    except RecursionError:
        raise kind("{name} is nested too deeply to be read.", hint, file=path, name=name, path=path) from None
    except UnicodeDecodeError as error:
        message, hint = "{name} is not UTF-8: {reason}.", "Save {path} as UTF-8; TOML allows no other encoding."
        raise kind(message, hint, file=path, name=name, reason=str(error), path=path) from None
    except OSError as error:
        message, hint = "{name} cannot be read: {reason}.", "Make {path} a file that this user can read."
        unreadable = kind(message, hint, file=path, name=name, reason=str(error), path=path)
        raise exhausted(error) or unreadable from None


def table(data: Table, *keys: str) -> Table:
    """Return the table in `data` at `keys`, one inside the other, or an empty table."""
    for key in keys:
        value = data.get(key)
        data = value if isinstance(value, dict) else {}
    return data


def array(data: Table, key: str) -> list[Any]:
    """Return the array in `data` at `key`, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, list) else []


def string(data: Table, key: str) -> str:
    """Return the string in `data` at `key`, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _split(names: str) -> tuple[str, ...]:
    return tuple(normalized_name(name.strip("\"'")) for name in re.findall(_NAME, names))

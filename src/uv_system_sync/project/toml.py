"""Reads TOML files."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Dict, NamedTuple

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, exhausted

Table = Dict[str, Any]


class Place(NamedTuple):
    """A line of a file, counted from 1; `line` is None for the file as a whole."""

    file: str
    line: int | None


class Document(NamedTuple):
    """A TOML file: its absolute path, its text and the parsed data."""

    path: str
    text: str
    data: Table

    @property
    def name(self) -> str:
        """The name of the file."""
        return os.path.basename(self.path)

    def place_of(self, *keys: str, item: str = "") -> Place | None:
        """Return the place of `item` in the value at `keys`, or of that value, or None (see `lines.find`)."""
        from uv_system_sync.project import lines

        line = lines.find(self.text, keys, item)
        return Place(self.path, line) if line else None

    def line_with(self, text: str) -> int | None:
        """Return the number of the first line that contains `text`, counted from 1, or None."""
        before, found, _ = self.text.partition(text)
        return before.count("\n") + 1 if found else None


def parsed(text: str) -> Table:
    """Parse `text`; raise `ValueError` if it is malformed and `RecursionError` if it is nested too deeply."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        # Not at the top: uv installs tomli while this module is being imported.
        import tomli as tomllib
    return tomllib.loads(text)


def read(path: str, kind: type[ActionError]) -> Document:
    """Return the TOML file at `path`; raise an error of the given `kind`, with the line of the mistake if it is malformed."""
    name, text = os.path.basename(path), ""
    try:
        text = paths.content(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        return Document(path, text, parsed(text))
    except UnicodeDecodeError as error:
        fact, hint = "{name} is not UTF-8: {reason}.", "Save {path} as UTF-8; TOML allows no other encoding."
        raise kind(fact, hint, file=path, name=name, reason=error, path=path) from None
    except (ValueError, RecursionError) as error:
        conflict = re.search(r"^(?:<{7}|>{7}|[|]{7}) ", text, re.MULTILINE)
        if conflict:
            line = text.count("\n", 0, conflict.start()) + 1
            markers = "{name} contains merge conflict markers."
            raise kind(markers, "Resolve the conflict in {path}.", file=path, line=line, name=name, path=path) from None
        # `TOMLDecodeError.lineno` is new in Python 3.14, but the message always has the line.
        found = re.search(r"\(at line (\d+)", str(error))
        fact, hint = "{name} is not valid TOML: {reason}.", "Correct {path}."
        raise kind(fact, hint, file=path, line=int(found[1]) if found else None, name=name, reason=error, path=path) from None
    except OSError as error:
        fact, hint = "{name} cannot be read: {reason}.", "Make {path} a regular file that this user can read."
        raise exhausted(error) or kind(fact, hint, file=path, name=name, reason=error, path=path) from None


def table(data: Table, *keys: str) -> Table:
    """Return the nested table at `keys` in `data`, or an empty table if there is none."""
    for key in keys:
        value = data.get(key)
        data = value if isinstance(value, dict) else {}
    return data


def array(data: Table, key: str) -> list[Any]:
    """Return the array at `key` in `data`, or an empty list if there is none."""
    value = data.get(key)
    return value if isinstance(value, list) else []


def string(data: Table, key: str) -> str:
    """Return the string at `key` in `data`, or an empty string if there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""

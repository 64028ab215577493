"""Finds the line of a value in the text of a TOML file, for errors and notices."""

from __future__ import annotations

import re
from typing import Sequence

from uv_system_sync.text import normalized_name

_NAME = r"(?:[\w-]+|\"[^\"]*\"|'[^']*')"
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = rf"\s*\[\[?\s*({_NAMES})\s*\]\]?\s*(?:#.*)?$"
_KEY = rf"\s*({_NAMES})\s*=(?!=)"


def find(text: str, keys: Sequence[str], item: str) -> int | None:
    """Return the number of the line with the quoted string `item` in the value at `keys`, or of that value's first line, or None.

    Lines are counted from 1. Keys are compared in their normalized form (PEP 503).
    """
    wanted = tuple(map(normalized_name, keys))
    escaped = item.replace("\\", "\\\\").replace('"', '\\"')
    spellings = (f'"{item}"', f"'{item}'", f'"{escaped}"')
    first = None
    table: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header, key = re.match(_HEADER, line), re.match(_KEY, line)
        if header:
            table = current = _split(header[1])
        elif key:
            current = (*table, *_split(key[1]))
        if current[: len(wanted)] == wanted:
            first = first or number
            if item and not line.lstrip().startswith("#") and any(spelling in line for spelling in spellings):
                return number
    return first


def _split(names: str) -> tuple[str, ...]:
    return tuple(normalized_name(name.strip("\"'")) for name in re.findall(_NAME, names))

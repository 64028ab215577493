"""Finds the line of a value in the text of a TOML file. Only errors and notices need it."""

from __future__ import annotations

import re
from typing import Sequence

from uv_system_sync.text import normalized_name

_NAME = r"(?:[\w-]+|\"[^\"]*\"|'[^']*')"
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = rf"\s*\[\[?\s*({_NAMES})\s*\]\]?\s*(?:#.*)?$"
_KEY = rf"\s*({_NAMES})\s*=(?!=)"


def find(text: str, keys: Sequence[str], item: str) -> int | None:
    """Return the line with the quoted text `item` in the value at `keys`, else the line where that value begins, else None.

    Lines count from 1. Keys are compared in their normalized form (PEP 503).
    """
    wanted, begins = tuple(map(normalized_name, keys)), None
    escaped = item.replace("\\", "\\\\").replace('"', '\\"')
    spellings = (f'"{item}"', f"'{item}'", f'"{escaped}"')
    table: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header, key = re.match(_HEADER, line), re.match(_KEY, line)
        if header:
            table = at = _split(header[1])
        elif key:
            at = (*table, *_split(key[1]))
        if at[: len(wanted)] == wanted:
            begins = begins or number
            if item and not line.lstrip().startswith("#") and any(quoted in line for quoted in spellings):
                return number
    return begins


def _split(names: str) -> tuple[str, ...]:
    return tuple(normalized_name(name.strip("\"'")) for name in re.findall(_NAME, names))

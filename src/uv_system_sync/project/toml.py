"""Reads TOML files, and knows on which line something is in them; the only room that does."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Iterator, Sequence

import tomli

from uv_system_sync.errors import ActionError, RunnerUnusable

Table = Dict[str, Any]


def load(path: str, kind: type[ActionError]) -> Table:
    """Return what the file at `path` holds, or raise a `kind` of error with the line that is wrong."""
    name = os.path.basename(path)
    try:
        return tomli.loads(_content(path))
    except tomli.TOMLDecodeError as error:
        raise kind(f"{name} is not valid TOML: {error}.", f"Correct {path}.", file=path, line=error.lineno) from None
    except RecursionError:
        raise kind(f"{name} is nested too deeply to be read.", f"Correct {path}.", file=path) from None
    except UnicodeDecodeError as error:
        raise kind(f"{name} is not UTF-8: {error}.", f"Save {path} as UTF-8; TOML allows no other encoding.", file=path) from None
    except OSError as error:
        unreadable = kind(f"{name} cannot be read: {error}.", f"Make {path} a file that this user can read.", file=path)
        raise RunnerUnusable.exhausted(error) or unreadable from None


def syntax_error(path: str, kind: type[ActionError]) -> ActionError | None:
    """Return what is wrong with the TOML file at `path` as a `kind` of error, or None when it can be parsed."""
    try:
        load(path, kind)
    except ActionError as error:
        return error
    return None


def line_of(path: str, key: str) -> int | None:
    """Return the first line, counted from 1, on which `key` is assigned in the TOML file at `path`."""
    lines = _content(path).splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.partition("=")[0].strip() == key), None)


def line_of_item(path: str, keys: Sequence[str], item: str) -> int | None:
    """Return the line of the TOML file at `path` that has the text `item` in the value at `keys`, or else where that value begins."""
    begins = None
    for number, at, line in _lines(path):
        if at[: len(keys)] == tuple(map(_normalized, keys)):
            begins = begins or number
            if f'"{item}"' in line or f"'{item}'" in line:
                return number
    return begins


def line_with(path: str, text: str) -> int | None:
    """Return the first line, counted from 1, of the file at `path` that has `text`."""
    return next((number for number, line in enumerate(_all_lines(path), 1) if text in line), None)


_NAME = r"(?:[\w-]+|\"[^\"]*\"|'[^']*')"
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = rf"\s*\[\[?\s*({_NAMES})\s*\]\]?\s*(?:#.*)?$"
_KEY = rf"\s*({_NAMES})\s*=(?!=)"


def _lines(path: str) -> Iterator[tuple[int, tuple[str, ...], str]]:
    """Yield the number of each line of the TOML file at `path`, the normalized keys of what it seems to belong to, and the line."""
    table: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    for number, line in enumerate(_all_lines(path), 1):
        header, key = re.match(_HEADER, line), re.match(_KEY, line)
        if header:
            table = at = _split(header.group(1))
        elif key:
            at = (*table, *_split(key.group(1)))
        yield number, at, line


def _split(names: str) -> tuple[str, ...]:
    return tuple(_normalized(name.strip("\"'")) for name in re.findall(_NAME, names))


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def table(document: Table, key: str) -> Table:
    """Return the table that `document` has at `key`, or an empty one."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def array(document: Table, key: str) -> list[Any]:
    """Return the array that `document` has at `key`, or an empty one."""
    value = document.get(key)
    return value if isinstance(value, list) else []


def _all_lines(path: str) -> list[str]:
    return _content(path, errors="replace").splitlines()


def _content(path: str, *, errors: str = "strict") -> str:
    with open(path, encoding="utf-8-sig", errors=errors) as file:
        return file.read()

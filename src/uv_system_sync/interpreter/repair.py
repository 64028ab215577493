"""Knows what an interrupted sync has left broken in a Python, and clears it away."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Collection, Iterator, NamedTuple

from uv_system_sync.interpreter.site_packages import INSTALLERS, dist_infos, installer, name_and_version

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target

# A row of a RECORD: a path, a hash, a size; no file has a size of so many digits.
_COLUMNS = 3
_DIGITS = 20


class Broken(NamedTuple):
    """A distribution that is not whole: its name, its .dist-info folder and what is wrong with it."""

    name: str
    folder: str
    reason: str


def broken(target: Target, *, thorough: bool) -> tuple[Broken, ...]:
    """Return the distributions in `target` that are not whole, which uv would call installed.

    What costs next to nothing is always looked at: that there are METADATA and RECORD. `thorough`
    looks at every file that the RECORDs name (PEP 376), and at its size.
    """
    found = []
    for folder in target.site_packages:
        for entry in dist_infos(folder):
            reason = _wrong(os.path.join(folder, entry), thorough=thorough)
            # What manages a Python may leave out a RECORD, so that nobody else touches its packages (PEP 627).
            if reason and not (target.marker and installer(os.path.join(folder, entry)) not in ("", *INSTALLERS)):
                found.append(Broken(name_and_version(entry)[0], os.path.join(folder, entry), reason))
    return tuple(found)


def clear(items: Collection[Broken], target: Target) -> None:
    """Remove what is left of broken distributions, so that uv installs them anew; what others have in their RECORDs stays."""
    import shutil

    cleared = {item.folder for item in items}
    folders = [os.path.join(folder, entry) for folder in target.site_packages for entry in dist_infos(folder)]
    kept = {os.path.normcase(path) for folder in folders if folder not in cleared for path, _ in _record(folder)}
    for folder in cleared:
        for path, _ in _record(folder):
            if os.path.normcase(path) not in kept and _is_inside(path, target.prefix):
                with suppress(OSError, ValueError):
                    os.unlink(path)
        # What cannot be removed is still broken, and found again the next time.
        shutil.rmtree(folder, ignore_errors=True)


def _wrong(folder: str, *, thorough: bool) -> str:
    for name in ("METADATA", "RECORD"):
        if not os.access(f"{folder}{os.sep}{name}", os.F_OK):
            return f"it has no {name}"
    if not thorough:
        return ""
    recorded = list(_record(folder))
    for path, size in recorded:
        try:
            actual = os.path.getsize(path)
        except (OSError, ValueError):
            return f"{path} is missing"
        if size is not None and actual != size:
            return f"{path} has {actual} bytes, not {size}"
    # An installer names itself in the RECORD when everything else is there (PEP 376).
    return "" if any(os.path.basename(path) == "INSTALLER" for path, _ in recorded) else "its RECORD does not name an INSTALLER"


def _record(folder: str) -> Iterator[tuple[str, int | None]]:
    """Yield the absolute paths in the RECORD of a .dist-info folder, with their sizes where it has them."""
    import csv

    try:
        with open(os.path.join(folder, "RECORD"), encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return
    for path, _, size in (row[:3] for row in rows if len(row) >= _COLUMNS):
        # Byte code comes and goes.
        if not path.endswith(".pyc"):
            yield (
                os.path.normpath(os.path.join(os.path.dirname(folder), path)),
                int(size) if size.isdecimal() and len(size) < _DIGITS else None,
            )


def _is_inside(path: str, prefix: str) -> bool:
    try:
        return os.path.commonpath([os.path.realpath(os.path.dirname(path)), os.path.realpath(prefix)]) == os.path.realpath(prefix)
    except ValueError:
        # Another drive, on Windows, or a path that no system has.
        return False

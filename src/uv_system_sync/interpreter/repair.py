"""Finds packages that an interrupted sync has left broken, and removes what is left of them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Collection, NamedTuple, Sequence

from uv_system_sync import paths
from uv_system_sync.interpreter.site_packages import INSTALLERS, dist_infos, installer, name_and_version, recorded

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target


class Broken(NamedTuple):
    """A package that is not complete: its name, its .dist-info folder and what is wrong with it."""

    name: str
    folder: str
    reason: str


def find_broken(infos: Sequence[str], target: Target, *, thorough: bool) -> tuple[Broken, ...]:
    """Return those of the packages of `target` with the .dist-info folders `infos` that are not complete; uv would call them installed.

    METADATA and RECORD are always looked for, which takes next to no time. With `thorough`, every file that the RECORDs name
    (PEP 376) is looked for, with its size.
    """
    found = []
    for folder in infos:
        missing = "" if os.access(f"{folder}/METADATA", os.F_OK) else "METADATA"
        missing = missing or ("" if os.access(f"{folder}/RECORD", os.F_OK) else "RECORD")
        reason = f"it has no {missing}" if missing else _fault(folder) if thorough else ""
        # An operating system may leave out a RECORD, so that nobody else changes its packages (PEP 627).
        if reason and not (target.externally_managed and installer(folder) not in ("", *INSTALLERS)):
            found.append(Broken(name_and_version(folder)[0], folder, reason))
    return tuple(found)


def remove(broken: Collection[Broken], target: Target) -> None:
    """Remove what is left of `broken`, so that uv installs them again; files that are in the RECORD of another package stay."""
    import shutil

    removed = {item.folder for item in broken}
    kept = {os.path.normcase(path) for folder in dist_infos(target.site_packages) if folder not in removed for path, _ in recorded(folder)}
    for folder in removed:
        for path, _ in recorded(folder):
            if os.path.normcase(path) not in kept and paths.is_inside(os.path.dirname(path), target.prefix):
                with suppress(OSError, ValueError):
                    os.unlink(path)
        # What cannot be removed is still broken, and found again by the next run.
        shutil.rmtree(folder, ignore_errors=True)


def _fault(folder: str) -> str:
    files = list(recorded(folder))
    for path, size in files:
        try:
            actual = str(os.path.getsize(path))
        except (OSError, ValueError):
            return f"{path} is missing"
        if size not in ("", actual):
            return f"{path} has {actual} bytes, not {size}"
    # An installer records its own name after everything else (PEP 376).
    return "" if any(os.path.basename(path) == "INSTALLER" for path, _ in files) else "its RECORD does not name an INSTALLER"

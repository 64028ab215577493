"""Finds packages that an interrupted sync has left broken, and removes what is left of them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Collection, NamedTuple, Sequence

from uv_system_sync import paths
from uv_system_sync.interpreter import sync_lock
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
        missing = "" if os.path.isfile(f"{folder}/METADATA") else "METADATA"
        missing = missing or ("" if os.path.isfile(f"{folder}/RECORD") else "RECORD")
        reason = f"it has no {missing}" if missing else _fault(folder) if thorough else ""
        # uv would wait for a pipe, and read an endless file.
        if os.access(f"{folder}/direct_url.json", os.F_OK) and not os.path.isfile(f"{folder}/direct_url.json"):
            reason = reason or "its direct_url.json is not a file"
        # An operating system may leave out a RECORD, so that nobody else changes its packages (PEP 627).
        if reason and not (target.externally_managed and installer(folder) not in ("", *INSTALLERS)):
            found.append(Broken(name_and_version(folder)[0], folder, reason))
    return tuple(found)


def remove(broken: Collection[Broken], target: Target) -> None:
    """Remove what is left of `broken`, so that uv installs them again.

    Anything may be in a RECORD. Only files in the folders of packages are removed, and scripts that start the target, and none that
    another package has, by whatever path. uv overwrites what stays.
    """
    removed = {item.folder for item in broken}
    others = {_identity(path) for folder in dist_infos(target.site_packages) if folder not in removed for path, _ in recorded(folder)}
    for folder in removed:
        for path, _ in recorded(folder):
            if _identity(path) not in others and (_is_of_package(path, folder, target) or _is_script(path, target)):
                with suppress(OSError, ValueError):
                    os.unlink(path)
        # What cannot be removed is still broken, and found again by the next run.
        paths.remove_folder(folder)


def _identity(path: str) -> tuple[int, int] | None:
    """Return what is the same for all paths of one file, or None if there is none; a link is not followed."""
    with suppress(OSError, ValueError):
        status = os.lstat(path)
        return status.st_dev, status.st_ino
    return None


def _is_of_package(path: str, info: str, target: Target) -> bool:
    """Return whether `path` really is in a folder of packages, and not in the metadata of another package than that of `info`."""
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    for folder in map(os.path.realpath, target.site_packages):
        if os.path.normcase(real).startswith(os.path.normcase(os.path.join(folder, ""))):
            first = real[len(folder) :].strip(os.sep).partition(os.sep)[0]
            is_metadata = first.lower().endswith((".dist-info", ".egg-info"))
            return first != sync_lock.NAME and (not is_metadata or paths.same_file(os.path.join(folder, first), info))
    return False


def _is_script(path: str, target: Target) -> bool:
    """Return whether `path` is a script that starts the target, but none that Python itself comes with."""
    folder, name = os.path.split(path)
    if not paths.same_file(folder, target.scripts) or name.startswith(("python", "pypy", "pydoc", "idle", "2to3")) or os.path.islink(path):
        return False
    beginning = os.fsencode(os.path.dirname(target.executable))
    try:
        first = paths.content(path)[:4096]
    except (OSError, ValueError):
        return False
    # As uv writes them: the interpreter is in the first line or, if its path is long, in the second.
    return first.startswith(b"#!") and beginning in b"".join(first.splitlines()[:2])


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

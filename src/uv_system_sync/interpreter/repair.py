"""Finds packages that an interrupted sync left incomplete, and removes their remaining files."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Collection, NamedTuple, Sequence

from uv_system_sync import paths
from uv_system_sync.interpreter import sync_lock
from uv_system_sync.interpreter.site_packages import INSTALLERS, dist_infos, entry, installer, name_and_version, real_path, recorded

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target


class Broken(NamedTuple):
    """An incomplete package: its normalized name, its .dist-info folder, and what is wrong with it."""

    name: str
    folder: str
    reason: str


def find_broken(infos: Sequence[str], target: Target, *, thorough: bool) -> tuple[Broken, ...]:
    """Return the incomplete packages among those with the .dist-info folders `infos`. uv would count them as installed.

    The cheap checks of the .dist-info folder are always made. With `thorough`, every file in the RECORD (PEP 376) must exist
    and have its recorded size.
    """
    found = []
    for folder in infos:
        reason = _fault(folder, thorough=thorough)
        # An operating system may omit RECORD, so that no other installer changes its packages (PEP 627).
        if reason and not (target.externally_managed and installer(folder) not in ("", *INSTALLERS)):
            found.append(Broken(name_and_version(folder)[0], folder, reason))
    return tuple(found)


def remove(broken: Collection[Broken], target: Target) -> None:
    """Remove the remaining files of the packages `broken`, so that uv installs these packages again. uv overwrites files that stay.

    A RECORD can list any path. A file is removed only if it is in a folder of packages or is a script that starts the target,
    and only if no other package lists it under any path.
    """
    removed = {package.folder for package in broken}
    remaining = [folder for folder in dist_infos(target.site_packages) if folder not in removed]
    kept = {_file_id(path) for folder in remaining for path, _ in recorded(folder)}
    for folder in removed:
        for path, _ in recorded(folder):
            if _file_id(path) not in kept and (_is_of_package(path, folder, target) or _is_script(path, target)):
                with suppress(OSError, ValueError):
                    os.unlink(path)
        # If anything cannot be removed, the next run finds the package broken again.
        paths.remove_folder(folder)


def _file_id(path: str) -> tuple[int, int] | None:
    """Return the device and inode of the file at `path`, not following a link, or None if there is no such file."""
    with suppress(OSError, ValueError):
        status = os.lstat(path)
        return status.st_dev, status.st_ino
    return None


def _is_of_package(path: str, info: str, target: Target) -> bool:
    """Return whether the real path of `path` is in a folder of packages, and not in the metadata of a package other than `info`."""
    top = entry(real_path(path), target.site_packages)
    if top is None or os.path.basename(top) == sync_lock.NAME:
        return False
    return not top.lower().endswith((".dist-info", ".egg-info")) or paths.same_file(top, info)


def _is_script(path: str, target: Target) -> bool:
    """Return whether `path` is a script that starts the interpreter of the target and does not come with Python itself."""
    folder, name = os.path.split(path)
    if not paths.same_file(folder, target.scripts) or name.startswith(("python", "pypy", "pydoc", "idle", "2to3")) or os.path.islink(path):
        return False
    try:
        beginning = paths.content(path)[:4096]
    except (OSError, ValueError):
        return False
    # uv writes the interpreter's path in the first line or, if the path is long, in the second.
    return beginning.startswith(b"#!") and os.fsencode(os.path.dirname(target.executable)) in b"".join(beginning.splitlines()[:2])


def _fault(folder: str, *, thorough: bool) -> str:
    """Return what is wrong with the package that has the .dist-info folder `folder`, or an empty string."""
    for name in ("METADATA", "RECORD"):
        if not os.path.isfile(f"{folder}/{name}"):
            return f"it has no {name}"
    fault = _file_fault(folder) if thorough else ""
    # uv would block on a named pipe, and read a device without end.
    if not fault and os.access(f"{folder}/direct_url.json", os.F_OK) and not os.path.isfile(f"{folder}/direct_url.json"):
        return "its direct_url.json is not a file"
    return fault


def _file_fault(folder: str) -> str:
    """Return what is wrong with the files in the RECORD of the .dist-info folder, or an empty string."""
    files = list(recorded(folder))
    for path, size in files:
        try:
            actual = str(os.path.getsize(path))
        except (OSError, ValueError):
            return f"{path} is missing"
        if size not in ("", actual):
            return f"{path} has {actual} bytes, not {size}"
    # An installer adds INSTALLER to RECORD after installing everything else (PEP 376).
    return "" if any(os.path.basename(path) == "INSTALLER" for path, _ in files) else "its RECORD does not name an INSTALLER"

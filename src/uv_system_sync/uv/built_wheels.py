"""Keeps the wheels that uv has built in a separate folder, which actions/cache saves and restores between runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator, Mapping

from uv_system_sync import inputs, paths
from uv_system_sync.project import toml
from uv_system_sync.text import Message, message, normalized_name
from uv_system_sync.uv import builds

if TYPE_CHECKING:
    from uv_system_sync.project.lockfile import Lockfile

# The files of uv's cache to keep: wheels built from an index, a URL or Git, and the revision files with which uv finds them again.
_KEPT = re.compile(r"sdists-v\d+/(?:index|pypi|url|git)(?:/(?!src/)[^/]+)+(?:\.whl|/revision\.http)")

# Maps the relative path of each file that is kept to its SHA-256 hash.
_HASHES = "hashes.json"


class BuiltWheels:
    """The wheels in `folder`, which actions/cache looked for under `key`; `was_restored` is true if it found them.

    `problem` is the reason why the wheels cannot be reused or kept, or None.
    """

    def __init__(self, key: str, folder: str, *, was_restored: bool, problem: Message | None = None) -> None:
        self.key = key
        self.folder = folder
        self.was_restored = was_restored
        self.problem = problem

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> BuiltWheels:
        """Return the wheels that action.yml asked actions/cache to restore, from the variables that it sets in `environ`."""
        key = inputs.text(environ, "cache-key")
        has_failed = inputs.text(environ, "cache-outcome") == "failure"
        problem = message("actions/cache failed; see its output in the log") if has_failed else None
        return cls(key, builds.folder(environ, key), was_restored=inputs.text(environ, "cache-hit") == "true", problem=problem)

    @contextmanager
    def used(self, lock: Lockfile) -> Iterator[None]:
        """Use the folder as uv's cache: first remove it unless it comes from an earlier run with `lock`; finally keep only built wheels.

        After a failure, the folder is removed: if the workflow continues, actions/cache would save the incomplete folder.
        """
        try:
            unexpected = _unexpected(self.folder, lock)
        except OSError as error:
            unexpected = f"an unreadable file: {error}"
        if unexpected:
            paths.remove_folder(self.folder)
            self.was_restored = False
            fact = "the cache entry {key} contains {what}; delete it from the repository's caches"
            self.problem = message(fact, key=self.key, what=unexpected)
        try:
            yield
        except BaseException:
            paths.remove_folder(self.folder)
            raise
        try:
            _tidy(self.folder)
        except OSError as error:
            paths.remove_folder(self.folder)
            self.problem = message("{reason}", reason=error)


def _files(folder: str) -> dict[str, str]:
    """Map the relative paths, with slashes, of all files and links below `folder` to their paths; links are not followed."""
    found = []
    for root, folders, names in os.walk(folder):
        found += [os.path.join(root, name) for name in names]
        found += [path for path in (os.path.join(root, name) for name in folders) if os.path.islink(path)]
    return {os.path.relpath(path, folder).replace(os.sep, "/"): path for path in found}


def _is_kept(relative: str, path: str) -> bool:
    return _KEPT.fullmatch(relative) is not None and stat.S_ISREG(os.lstat(path).st_mode)


def _tidy(folder: str) -> None:
    """Remove the files that are not kept from `folder`, and write the hashes of the others; create the folder if it is missing."""
    os.makedirs(folder, exist_ok=True)
    hashes = {}
    for relative, path in _files(folder).items():
        if _is_kept(relative, path):
            hashes[relative] = _hash(path)
        else:
            os.unlink(path)
    with open(os.path.join(folder, _HASHES), "w", encoding="utf-8") as file:
        json.dump(hashes, file)


def _unexpected(folder: str, lock: Lockfile) -> str:
    """Describe a file in `folder` that `_tidy` did not leave there, or that is not a wheel of `lock`; empty if there is none."""
    files = _files(folder)
    hashes = _hashes(files.pop(_HASHES, ""))
    for relative, path in files.items():
        if not _is_kept(relative, path):
            return f"{relative}, which uv-system-sync does not keep"
        if hashes.get(relative) != _hash(path):
            return f"{relative}, which has changed since it was saved"
        reason = _unusable(path, lock) if path.endswith(".whl") else ""
        if reason:
            return f"{relative}, {reason}"
    missing = sorted(hashes.keys() - files.keys())
    return f"no {missing[0]}, although it was saved" if missing else ""


def _hashes(path: str) -> dict[str, str]:
    try:
        found = json.loads(paths.text(path) if os.path.isfile(path) and not os.path.islink(path) else "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _unusable(path: str, lock: Lockfile) -> str:
    """Return a clause why the file at `path` is not an intact wheel of a package in `lock`, or an empty string if it is."""
    import zipfile
    import zlib

    from packaging.metadata import parse_email
    from packaging.utils import parse_wheel_filename
    from packaging.version import Version

    try:
        name, version, _, _ = parse_wheel_filename(os.path.basename(path))
        with zipfile.ZipFile(path) as wheel:
            (file,) = (file for file in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", file))
            metadata, _ = parse_email(wheel.read(file))
            damaged = wheel.testzip()
        own_name, own_version = normalized_name(metadata["name"]), Version(metadata["version"])
        packages = [package for package in lock.packages if package.get("name") == name]
        # A package without a version in uv.lock has a dynamic version.
        locked = [Version(toml.string(package, "version") or str(version)) for package in packages]
    except (OSError, ValueError, LookupError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        return f"which is not a wheel: {error}"
    if damaged:
        return f"in which {damaged} is damaged"
    if (own_name, own_version) == (name, version) and version in locked:
        return ""
    return f"which is {own_name} {own_version}, a package that is not in this uv.lock"

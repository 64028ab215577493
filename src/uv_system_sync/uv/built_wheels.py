"""Keeps the wheels that uv has built in a folder of their own, which actions/cache saves and restores between runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, Iterator, Mapping

from uv_system_sync import inputs, paths
from uv_system_sync.project import toml
from uv_system_sync.text import Message, message, normalized_name
from uv_system_sync.uv import builds

if TYPE_CHECKING:
    from uv_system_sync.project.lockfile import Lockfile

# What is kept of uv's cache, which it finds again: wheels built from an index, an address or Git, and the hashes of their sources.
_KEPT = re.compile(r"sdists-v\d+/(?:index|pypi|url|git)(?:/(?!src/)[^/]+)+(?:\.whl|/revision\.http)")

# The hashes (SHA-256) of what is kept, by its path.
_HASHES = "hashes.json"


class BuiltWheels:
    """The wheels in `folder`, which the runner has looked for under `key`; `was_restored` says whether it had them.

    `problem` is why they were not used or are not kept; None if there is none.
    """

    def __init__(self, key: str, folder: str, *, was_restored: bool, problem: Message | None = None) -> None:
        self.key = key
        self.folder = folder
        self.was_restored = was_restored
        self.problem = problem

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> BuiltWheels:
        """Return what the first step of action.yml has asked actions/cache for, and the answer, as both stand in `environ`."""
        key = inputs.text(environ, "cache-key")
        has_failed = inputs.text(environ, "cache-outcome") == "failure"
        problem = message("actions/cache failed; its own lines in the log say why") if has_failed else None
        return cls(key, builds.folder(environ, key), was_restored=inputs.text(environ, "cache-hit") == "true", problem=problem)

    @contextmanager
    def used(self, lock: Lockfile) -> Iterator[None]:
        """Remove what is in the folder if it cannot come from an earlier run with `lock`, and afterwards all but wheels that were built.

        After a failure, the folder is removed: what is in it would be kept as if it were complete if the workflow goes on.
        """
        try:
            found = _unexpected(self.folder, lock)
        except OSError as error:
            found = f"what cannot be read: {error}"
        if found:
            paths.remove_folder(self.folder)
            self.was_restored = False
            self.problem = message("{key} in the repository's caches holds {what}; delete that entry", key=self.key, what=found)
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
    """Return the paths of all files and links below `folder` by their relative paths, with slashes; links are not followed."""
    walked = os.walk(folder)
    found = [os.path.join(root, name) for root, folders, files in walked for name in (*files, *filter(_is_link_in(root), folders))]
    return {os.path.relpath(path, folder).replace(os.sep, "/"): path for path in found}


def _is_link_in(folder: str) -> Callable[[str], bool]:
    return lambda name: os.path.islink(os.path.join(folder, name))


def _is_kept(relative: str, path: str) -> bool:
    return _KEPT.fullmatch(relative) is not None and stat.S_ISREG(os.lstat(path).st_mode)


def _tidy(folder: str) -> None:
    """Remove from `folder` what is not kept, and write the hashes of what is; the folder is there even if nothing is kept."""
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
    """Return what `_tidy` has not left in `folder`, or a wheel that is not one of `lock`; an empty string if all is well or empty."""
    files = _files(folder)
    hashes = _hashes(files.pop(_HASHES, ""))
    for relative, path in files.items():
        if not _is_kept(relative, path):
            return f"{relative}, which uv-system-sync does not keep"
        if hashes.get(relative) != _hash(path):
            return f"{relative}, which is not as it was saved"
        reason = _unusable(path, lock) if path.endswith(".whl") else ""
        if reason:
            return f"{relative}, {reason}"
    missing = sorted(hashes.keys() - files.keys())
    return f"no {missing[0]}, which was saved" if missing else ""


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
    """Return why the file at `path` is not a wheel of a package in `lock`, or an empty string if it is."""
    import zipfile
    import zlib

    from packaging.metadata import parse_email
    from packaging.utils import parse_wheel_filename
    from packaging.version import Version

    try:
        name, version, _, _ = parse_wheel_filename(os.path.basename(path))
        with zipfile.ZipFile(path) as wheel:
            (file,) = (it for it in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", it))
            metadata, _ = parse_email(wheel.read(file))
            damaged = wheel.testzip()
        own = (normalized_name(metadata["name"]), Version(metadata["version"]))
        locked = [Version(toml.string(entry, "version") or str(version)) for entry in lock.packages if entry.get("name") == name]
    except (OSError, ValueError, LookupError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        return f"which is not a wheel: {error}"
    if damaged:
        return f"in which {damaged} is damaged"
    return "" if own == (name, version) and version in locked else f"which has {own[0]} {own[1]}, not of this uv.lock"

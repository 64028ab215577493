"""Refuses to import what a build or a package may have changed: modules of other packages than the locked ones, and new files."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from typing import TYPE_CHECKING, Sequence

from uv_system_sync.errors import RunnerUnusable

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType


class ModuleChanged(RunnerUnusable, slug=RunnerUnusable.slug, exit_status=RunnerUnusable.exit_status):
    """A module was changed, while the step ran or before."""


def append_verified(folder: str, hashes: str) -> None:
    """Append `folder` to `sys.path`, and raise `ModuleChanged` for each import from it of a file that is not in the file `hashes`.

    That has lines of a SHA-256 and a path relative to `folder`. What is compared is what is run: byte code is neither read nor written.
    """
    verified = _Verified(folder, hashes)

    class Source(SourceFileLoader):
        def get_code(self, fullname: str) -> CodeType:
            path = self.get_filename(fullname)
            code: CodeType = self.source_to_code(verified.content(path), path)
            return code

    class Extension(ExtensionFileLoader):
        def create_module(self, spec: ModuleSpec) -> ModuleType:
            verified.content(self.get_filename(spec.name))
            return super().create_module(spec)

    def finder(path: str) -> FileFinder:
        if not f"{path}{os.sep}".startswith(f"{folder}{os.sep}"):
            raise ImportError(path)
        return FileFinder(path, (Extension, EXTENSION_SUFFIXES), (Source, [".py"]))

    sys.path_hooks.insert(0, finder)
    sys.path.append(folder)


class _Verified:
    def __init__(self, folder: str, hashes: str) -> None:
        self._folder = folder
        self._hashes = hashes
        self._known: set[str] | None = None

    def content(self, path: str) -> bytes:
        """Return the content of the file, or raise `ModuleChanged`."""
        with open(path, "rb") as file:
            content = file.read()
        if self._known is None:
            with open(self._hashes, encoding="utf-8") as lines:
                self._known = set(lines.read().splitlines())
        if f"{_sha256(content)} {os.path.relpath(path, self._folder).replace(os.sep, '/')}" not in self._known:
            raise ModuleChanged(
                "{path} is not the file that this release of uv-system-sync needs: something has changed it, or the cache of uv.",
                "Find out which build, package or step it was. If it has changed the cache, run `uv cache clean`.",
                path=path,
            )
        return content


def _sha256(content: bytes) -> str:
    from importlib import import_module

    # Importing hashlib takes as long as starting an interpreter. CPython has the first since 3.12, and before that the second.
    for name in ("_sha2", "_sha256"):
        with suppress(ImportError):
            return str(import_module(name).sha256(content).hexdigest())
    import hashlib

    return hashlib.sha256(content).hexdigest()


def refuse_changed() -> None:
    """Raise `ModuleChanged` for each import from now on that would read a file which was created or changed after this call.

    The standard library, the action's own modules and what it has installed are all where any program of this user can write.
    """
    sys.meta_path.insert(0, _Unchanged(time.time_ns()))


class _Unchanged:
    """Finds modules as everything in `sys.meta_path` after it does, unless they were changed at or after `since`, in nanoseconds."""

    def __init__(self, since: int) -> None:
        self._since = since
        # In an installation whose files are links to those of another, as conda makes them, a link more changes the time of all.
        self._linked = os.path.join(os.path.dirname(os.__file__), "") if os.stat(os.__file__).st_nlink > 1 else None

    def find_spec(self, name: str, path: Sequence[str] | None, module: ModuleType | None = None) -> ModuleSpec | None:
        """Return the first spec for the module `name` that another finder has, or None."""
        finders = sys.meta_path[sys.meta_path.index(self) + 1 :]
        spec = next(filter(None, (finder.find_spec(name, path, module) for finder in finders)), None)
        if spec is None or not spec.has_location or spec.origin is None:
            return spec
        if self._is_changed(spec.origin):
            raise ModuleChanged(
                "{path} was changed while uv or a build ran, and this step would run it.",
                "Find the package that does it: its code would run in this step, with the tokens of the runner.",
                path=spec.origin,
            )
        if spec.cached and os.path.lexists(spec.cached) and self._is_changed(spec.cached):
            # Another step or a build may have compiled it, too. From now on no byte code is found, and none is written.
            sys.pycache_prefix, sys.dont_write_bytecode = os.path.join(os.devnull, "none"), True
        return spec

    def _is_changed(self, path: str) -> bool:
        """Return whether the file was changed, and for one in a zip file whether that was."""
        while not os.path.lexists(path) and path != os.path.dirname(path):
            path = os.path.dirname(path)
        try:
            states = (os.lstat(path), os.stat(path))
        except OSError:
            return True
        if os.name == "nt" or (self._linked and path.startswith(self._linked)):
            return any(state.st_mtime_ns >= self._since for state in states)
        # Nobody can choose this time.
        return any(state.st_ctime_ns >= self._since for state in states)

"""Refuses to import dependencies that are not the locked ones, and modules that were changed while uv or a build ran."""

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
    """A module was changed, before the step or while it ran."""


def append_verified(folder: str, hashes: str) -> None:
    """Append `folder` to `sys.path`; from then on, raise `ModuleChanged` for an import of a file in it that is not in the file `hashes`.

    Each line of `hashes` is a SHA-256 and a path relative to `folder`. Byte code is neither read nor written: the compared source is run.
    """
    with open(hashes, encoding="utf-8") as file:
        known = set(file.read().splitlines())

    class Source(SourceFileLoader):
        def get_code(self, fullname: str) -> CodeType:
            path = self.get_filename(fullname)
            code: CodeType = self.source_to_code(_verified(path, folder, known), path)
            return code

    class Extension(ExtensionFileLoader):
        def create_module(self, spec: ModuleSpec) -> ModuleType:
            _verified(self.get_filename(spec.name), folder, known)
            return super().create_module(spec)

    def finder(path: str) -> FileFinder:
        if not f"{path}{os.sep}".startswith(f"{folder}{os.sep}"):
            raise ImportError(path)
        return FileFinder(path, (Extension, EXTENSION_SUFFIXES), (Source, [".py"]))

    sys.path_hooks.insert(0, finder)
    sys.path.append(folder)


def _verified(path: str, folder: str, known: set[str]) -> bytes:
    """Return the content of the file at `path`; raise `ModuleChanged` if its hash and path are not `known`."""
    with open(path, "rb") as file:
        content = file.read()
    name = os.path.relpath(path, folder).replace(os.sep, "/")
    if f"{_sha256(content)} {name}" not in known:
        raise ModuleChanged(
            "{path} is not the file that this release of uv-system-sync needs: a build, a package or a step has changed it, or uv's cache.",
            "Find out what has changed it. If it was changed in uv's cache, run `uv cache clean`.",
            path=path,
        )
    return content


def _sha256(content: bytes) -> str:
    from importlib import import_module

    # Importing hashlib is as slow as starting an interpreter. CPython has `_sha2` since 3.12, and `_sha256` before.
    for name in ("_sha2", "_sha256"):
        with suppress(ImportError):
            return str(import_module(name).sha256(content).hexdigest())
    import hashlib

    return hashlib.sha256(content).hexdigest()


def refuse_changed() -> None:
    """From now on, raise `ModuleChanged` for an import of a file that was created or changed after this call.

    Every program of this user can write to the standard library, to the action's modules and to its dependencies.
    """
    sys.meta_path.insert(0, _Unchanged(time.time_ns()))


class _Unchanged:
    """A finder that asks the finders after it in `sys.meta_path`, and refuses files changed at or after `since`, in nanoseconds."""

    def __init__(self, since: int) -> None:
        self._since = since
        # conda installs files as hard links to its cache. Another link to a file changes its ctime, so only the mtime counts there.
        self._linked = os.path.join(os.path.dirname(os.__file__), "") if os.stat(os.__file__).st_nlink > 1 else None

    def find_spec(self, name: str, path: Sequence[str] | None, module: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of the first later finder that has one for the module `name`, or None."""
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            spec = finder.find_spec(name, path, module)
            if spec is not None:
                self._check(spec)
                return spec
        return None

    def _check(self, spec: ModuleSpec) -> None:
        if not spec.has_location or spec.origin is None:
            return
        if self._is_changed(spec.origin):
            raise ModuleChanged(
                "{path} was changed while uv or a build ran, and this step would run it.",
                "Find the package that changes it: its code would run in this step, with the tokens of the runner.",
                path=spec.origin,
            )
        if spec.cached and os.path.lexists(spec.cached) and self._is_changed(spec.cached):
            # Another step or a build may have compiled the module, too. From now on, byte code is neither found nor written.
            sys.pycache_prefix, sys.dont_write_bytecode = os.path.join(os.devnull, "none"), True

    def _is_changed(self, path: str) -> bool:
        """Return whether the file at `path` was changed; for a path inside a zip file, whether the zip file was."""
        while not os.path.lexists(path) and path != os.path.dirname(path):
            path = os.path.dirname(path)
        try:
            states = (os.lstat(path), os.stat(path))
        except OSError:
            return True
        if os.name == "nt" or (self._linked and path.startswith(self._linked)):
            return any(state.st_mtime_ns >= self._since for state in states)
        # Unlike the mtime, the ctime cannot be set.
        return any(state.st_ctime_ns >= self._since for state in states)

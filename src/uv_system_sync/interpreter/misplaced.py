"""Finds files that packages installed in places that belong to Python itself, removes them, and restores the files they replaced.

Nothing is imported here after uv has run: a package may have replaced a module of the standard library.
"""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Iterator, Mapping, NamedTuple, Sequence

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, SyncFailed
from uv_system_sync.interpreter import pyvenv, repair, site_packages
from uv_system_sync.text import Option, listed

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target

# Interpreters and the files that configure them, but not scripts with similar names, such as `python-argcomplete-tcsh`.
_INTERPRETER = re.compile(r"(?:python|pypy)w?[\d.]*[tdm]*(?:-config)?(?:\.exe)?|.*\._pth", re.IGNORECASE)
_LIBRARY = re.compile(r".*\.(?:so|dylib|dll)(?:\.[\w.]+)?", re.IGNORECASE)
_LIBRARY_FOLDERS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")
_PYTHON_LIBRARY = re.compile(r"libpy(?:thon|py).*|py(?:thon|py)[\d.]+t?\.(?:zip|dll)", re.IGNORECASE)


class Misplaced(NamedTuple):
    """A misplaced file, the package whose RECORD lists it, or an empty string, and whether the change could not be undone."""

    path: str
    package: str
    is_left: bool


class _Saved(NamedTuple):
    """A file as it was before uv ran: its `_state`, or None if there was no file, and its content.

    What is kept is the target of a symbolic link, the content of a pyvenv.cfg, or the descriptor of another open file.
    """

    state: tuple[int, ...] | None
    link: str | None = None
    content: bytes | None = None
    descriptor: int | None = None


@contextmanager
def taken_back(infos: Sequence[str], target: Target, environ: Mapping[str, str]) -> Iterator[None]:
    """Save the state of `target` while uv runs. If packages have misplaced files afterwards, undo that and raise `SyncFailed`.

    `infos` are the .dist-info folders before uv runs. `environ` names the folders where later steps look for shared libraries.
    """
    before = _Before(infos, target, environ)
    try:
        yield
    except BaseException as error:
        found = before.take_back()
        if found and isinstance(error, ActionError):
            raise _error(found) from None
        raise
    else:
        found = before.take_back()
        if found:
            raise _error(found)
    finally:
        before.close()


def _error(found: Sequence[Misplaced]) -> SyncFailed:
    return SyncFailed(
        "Packages installed or changed files that belong to Python itself: {files}. {undone}.",
        "Remove the package from the project, or lock a version that does not do this. If it only contains shared libraries, set {python}"
        " to a virtual environment, where other programs do not load them.",
        files=listed([f"{item.path} ({item.package or 'no RECORD names it'})" for item in found]),
        undone="The change could not be undone" if any(item.is_left for item in found) else "The change was undone",
        python=Option("python"),
    )


class _Before:
    """The state of `target` before uv runs. `close` closes the files that are kept open."""

    def __init__(self, infos: Sequence[str], target: Target, environ: Mapping[str, str]) -> None:
        self._target = target
        library_path = os.pathsep.join(environ.get(name, "") for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"))
        self._library_path = [os.path.realpath(folder) for folder in library_path.split(os.pathsep) if folder]
        self._since = time.time_ns()
        self._records = {folder: _state(os.path.join(folder, "RECORD")) for folder in infos}
        self._saved = {path: _save(path) for path in (*pyvenv.places(target), *_interpreters(target))}

    def close(self) -> None:
        for saved in self._saved.values():
            if saved.descriptor is not None:
                os.close(saved.descriptor)

    def take_back(self) -> list[Misplaced]:
        """Remove misplaced files and the packages that installed them, restore the files they replaced, and return what was found."""
        infos = site_packages.dist_infos(self._target.site_packages)
        installed = [info for info in infos if _state(os.path.join(info, "RECORD")) != self._records.get(info)]
        owners: dict[str, str] = {}
        to_remove: set[str] = set()
        for info in installed:
            for path in self._misplaced(info):
                owners[path] = site_packages.name_and_version(info)[0]
                to_remove.add(info)
                if self._is_new(path):
                    # If the file is in the metadata of another package, that package is removed too, and uv installs it again.
                    to_remove.update(other for other in infos if site_packages.is_below(path, os.path.realpath(other)))
        changed = [path for path, saved in self._saved.items() if _state(path) != saved.state]
        changed += [path for path in _interpreters(self._target) if path not in self._saved]
        # `owners` has real paths, and `changed` has paths as they were saved. If a file is in both, restore it at the saved path.
        found = {site_packages.real_path(path): path for path in (*owners, *changed)}
        if to_remove:
            repair.remove([repair.Broken("", info, "") for info in to_remove], self._target)
        return [Misplaced(path, owners.get(real, ""), is_left=not self._restore(path)) for real, path in found.items()]

    def _misplaced(self, info: str) -> list[str]:
        """Return the real paths in the RECORD of `info` that no package may install."""
        elsewhere = map(site_packages.real_path, _paths_elsewhere(info, self._target))
        return [path for path in elsewhere if self._is_misplaced(path, info)]

    def _is_misplaced(self, path: str, info: str) -> bool:
        target, name = self._target, os.path.basename(path)
        entry = site_packages.entry(path, target.site_packages)
        if entry is not None:
            # uv would take this for another installed package, or for a file of that package.
            return entry.lower().endswith(".dist-info") and not paths.same_file(entry, info)
        if any(site_packages.is_below(path, os.path.realpath(folder)) for folder in target.stdlib) or _PYTHON_LIBRARY.fullmatch(name):
            return True
        if _LIBRARY.fullmatch(name):
            # Many packages contain shared libraries. Other programs load them only from the library path, and by the system's names.
            return any(site_packages.is_below(path, folder) for folder in self._library_path) and _is_system_library(name)
        beside = (target.prefix, target.scripts, os.path.dirname(target.executable))
        is_beside = any(paths.same_file(os.path.dirname(path), folder) for folder in beside)
        return is_beside and (name == pyvenv.NAME or _INTERPRETER.fullmatch(name) is not None)

    def _restore(self, path: str) -> bool:
        """Restore the file at `path`, or remove it if it is new, and return whether `path` is as it was before."""
        if path not in self._saved and not self._is_new(path):
            # A RECORD can list a file that its package did not install.
            return True
        saved = self._saved.get(path, _Saved(None))
        if saved.descriptor is not None and _state_of(os.fstat(saved.descriptor)) != saved.state:
            # The open file itself was overwritten.
            return False
        try:
            with suppress(FileNotFoundError):
                os.unlink(path)
            return _write(path, saved)
        except OSError:
            return False

    def _is_new(self, path: str) -> bool:
        """Return whether the file at `path` was created while uv ran: both the file and its folder must have changed since then."""
        try:
            status, folder = os.lstat(path), os.stat(os.path.dirname(path))
        except OSError:
            return False
        if os.name == "nt":
            # Windows has no ctime, but uv hard-links files from its cache.
            return status.st_nlink > 1
        # Programs cannot set a ctime. The ctime of a file also changes when it gets a hard link elsewhere, but that of its folder does not.
        return min(status.st_ctime_ns, folder.st_ctime_ns) >= self._since


def _paths_elsewhere(info: str, target: Target) -> Iterator[str]:
    """Yield the paths in the RECORD of `info` that may be outside of its folder of packages, or in the metadata of another package."""
    folder, name = os.path.split(info)
    data = name[: -len(".dist-info")] + ".data/"
    schemes = {"data": target.prefix, "scripts": target.scripts, "purelib": folder, "platlib": folder}
    for row, _ in site_packages.rows(info):
        scheme, _, rest = row[len(data) :].partition("/")
        if row.startswith(data) and scheme in schemes:
            # An interrupted installation leaves the RECORD of the wheel, whose paths are those in the wheel.
            yield os.path.join(schemes[scheme], rest)
        elif ".." in row or "\\" in row or os.path.isabs(row) or (".dist-info/" in row and not row.startswith(f"{name}/")):
            yield os.path.join(folder, row)


def _is_system_library(name: str) -> bool:
    """Return whether the operating system has a shared library called `name`; True on systems where this is unknown, such as macOS."""
    if sys.platform != "linux":
        return True
    folders = [folder for folder in _LIBRARY_FOLDERS if os.path.isdir(folder)]
    # Debian has a folder for each architecture (https://wiki.debian.org/Multiarch).
    folders += [os.path.join(folder, entry) for folder in folders for entry in os.listdir(folder) if "-linux-" in entry]
    return any(os.path.lexists(os.path.join(folder, name)) for folder in folders)


def _interpreters(target: Target) -> list[str]:
    """Return the paths of all interpreters in the scripts folder of `target` and beside its executable."""
    found: list[str] = []
    for folder in dict.fromkeys((target.scripts, os.path.dirname(target.executable))):
        with suppress(OSError):
            found += [os.path.join(folder, name) for name in os.listdir(folder) if _INTERPRETER.fullmatch(name)]
    return found


def _state(path: str) -> tuple[int, ...] | None:
    """Return the identity and state of the file at `path`, not following a link, or None if there is no file."""
    with suppress(OSError, ValueError):
        return _state_of(os.lstat(path))
    return None


def _state_of(status: os.stat_result) -> tuple[int, ...]:
    # Without the link count and the ctime: a hard link elsewhere does not change a file.
    return status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns


def _save(path: str) -> _Saved:
    state = _state(path)
    with suppress(OSError):
        if os.path.islink(path):
            return _Saved(state, link=os.readlink(path))
        if os.path.isfile(path) and os.path.basename(path) == pyvenv.NAME:
            return _Saved(state, content=paths.content(path))
        # Windows cannot replace an open file.
        if os.path.isfile(path) and os.name != "nt":
            return _Saved(state, descriptor=os.open(path, os.O_RDONLY))
    return _Saved(state)


def _write(path: str, saved: _Saved) -> bool:
    """Write the saved content to `path`, where there is no file, and return whether `path` is as it was before."""
    if saved.link is not None:
        os.symlink(saved.link, path)
    elif saved.content is not None:
        with open(path, "xb") as file:
            file.write(saved.content)
    elif saved.descriptor is not None:
        status = os.fstat(saved.descriptor)
        with open(path, "xb") as file, open(saved.descriptor, "rb", closefd=False) as original:
            while piece := original.read(1024 * 1024):
                file.write(piece)
        os.chmod(path, status.st_mode & 0o7777)
    else:
        return saved.state is None
    return True

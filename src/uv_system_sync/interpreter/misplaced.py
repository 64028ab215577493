"""Finds what packages have installed where only Python itself has files, and takes it back.

Nothing is imported here once uv has run: what was installed may be a module of the standard library.
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

# Interpreters and what describes them; a package may have a script such as `python-argcomplete-tcsh`.
_INTERPRETER = re.compile(r"(?:python|pypy)w?[\d.]*[tdm]*(?:-config)?(?:\.exe)?|.*\._pth", re.IGNORECASE)
_LIBRARY = re.compile(r".*\.(?:so|dylib|dll)(?:\.[\w.]+)?", re.IGNORECASE)
_SYSTEM = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")
_PYTHON_LIBRARY = re.compile(r"libpy(?:thon|py).*|py(?:thon|py)[\d.]+t?\.(?:zip|dll)", re.IGNORECASE)


class Misplaced(NamedTuple):
    """A file, the package whose RECORD names it, or an empty string, and whether it could not be taken back."""

    path: str
    package: str
    is_left: bool


class _Known(NamedTuple):
    """What tells a file from a later one, and its content: an open file, what a link leads to, or None if it was not there."""

    signature: object
    content: bytes | int | str | None


@contextmanager
def taken_back(infos: Sequence[str], target: Target, environ: Mapping[str, str]) -> Iterator[None]:
    """Take back what packages misplace meanwhile in `target`, and raise `SyncFailed` then; `infos` are the .dist-info folders before.

    `environ` has the folders where later steps look for shared libraries.
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
        "Packages have installed or changed what belongs to Python itself: {files}. {undone}.",
        "Remove the package from the project, or lock a version that does not do this. If it only brings shared libraries, set {python} to"
        " a virtual environment, where other programs do not load them.",
        files=listed([f"{item.path} ({item.package or 'no RECORD names it'})" for item in found]),
        undone="The change could not be undone" if any(item.is_left for item in found) else "The change was undone",
        python=Option("python"),
    )


class _Before:
    """What there is in `target`, with the .dist-info folders `infos`, before uv runs; `close` ends that."""

    def __init__(self, infos: Sequence[str], target: Target, environ: Mapping[str, str]) -> None:
        self._target = target
        library_path = os.pathsep.join(environ.get(name, "") for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"))
        self._libraries = [os.path.realpath(folder) for folder in library_path.split(os.pathsep) if folder]
        self._since = time.time_ns()
        self._records = {folder: _signature(os.path.join(folder, "RECORD")) for folder in infos}
        self._known = {path: _Known(_signature(path), _content(path)) for path in (*pyvenv.places(target), *_interpreters(target))}

    def close(self) -> None:
        """Close what was kept open."""
        for known in self._known.values():
            if isinstance(known.content, int):
                os.close(known.content)

    def take_back(self) -> list[Misplaced]:
        """Remove what was misplaced since, with the packages that it is from, and restore what it has replaced as far as that is kept."""
        owners: dict[str, str] = {}
        packages: set[str] = set()
        infos = site_packages.dist_infos(self._target.site_packages)
        for folder in infos:
            if _signature(os.path.join(folder, "RECORD")) != self._records.get(folder):
                for path in self._misplaced(folder):
                    owners[path] = site_packages.name_and_version(folder)[0]
                    # What others have got of it is removed with the rest of them, and installed again.
                    others = [it for it in infos if self._is_new(path) and _is_below(path, os.path.realpath(it))]
                    packages.update((folder, *others))
        changed = [path for path, known in self._known.items() if _signature(path) != known.signature]
        changed += [path for path in _interpreters(self._target) if path not in self._known]
        found = {_real(path): path for path in (*owners, *changed)}
        if packages:
            repair.remove([repair.Broken("", folder, "") for folder in packages], self._target)
        return [Misplaced(path, owners.get(real, ""), is_left=not self._restore(path)) for real, path in found.items()]

    def _misplaced(self, info: str) -> Iterator[str]:
        """Yield the real paths that the RECORD in `info` names, and that a package must not install."""
        for path in map(_real, _outside(info, self._target)):
            if self._is_denied(path, info):
                yield path

    def _is_denied(self, path: str, info: str) -> bool:
        target, name = self._target, os.path.basename(path)
        for folder in map(os.path.realpath, target.site_packages):
            if _is_below(path, folder):
                first = path[len(folder) :].strip(os.sep).partition(os.sep)[0]
                # uv would take it for an installed package, or for what that package has installed.
                return first.lower().endswith(".dist-info") and not paths.same_file(os.path.join(folder, first), info)
        if any(_is_below(path, os.path.realpath(folder)) for folder in target.stdlib) or _PYTHON_LIBRARY.fullmatch(name):
            return True
        if _LIBRARY.fullmatch(name):
            # Other programs look for libraries by their names; many packages bring their own, such as those for numerics.
            return any(_is_below(path, folder) for folder in self._libraries) and _is_of_system(name)
        beside = (target.prefix, target.scripts, os.path.dirname(target.executable))
        is_beside = any(paths.same_file(os.path.dirname(path), folder) for folder in beside)
        return is_beside and (name == pyvenv.NAME or _INTERPRETER.fullmatch(name) is not None)

    def _restore(self, path: str) -> bool:
        """Make `path` again what it was, or remove it if it is new, and return whether it is so now."""
        known = self._known.get(path, _Known(None, None))
        if path not in self._known and not self._is_new(path):
            return True
        if isinstance(known.content, int) and _signature_of(os.fstat(known.content)) != known.signature:
            # It is the same file, with another content.
            return False
        try:
            with suppress(FileNotFoundError):
                os.unlink(path)
            return _write(path, known)
        except OSError:
            return False

    def _is_new(self, path: str) -> bool:
        """Return whether uv has put the file there, so that it and its folder were changed: a RECORD can name what it has not brought."""
        try:
            status, folder = os.lstat(path), os.stat(os.path.dirname(path))
        except OSError:
            return False
        if os.name == "nt":
            # There is no time of change, but uv has linked the file to the one in its cache.
            return status.st_nlink > 1
        # Nobody can choose these times. That of a file changes, too, if it gets another link elsewhere.
        return min(status.st_ctime_ns, folder.st_ctime_ns) >= self._since


def _outside(info: str, target: Target) -> Iterator[str]:
    """Yield those paths in the RECORD of `info` that may lead out of the folder of packages, or into other metadata."""
    folder, own = os.path.split(info)
    stem = own[: -len(".dist-info")]
    schemes = {"data": target.prefix, "scripts": target.scripts, "purelib": folder, "platlib": folder}
    for row, _ in site_packages.rows(info):
        scheme, _, rest = row[len(stem) + 6 :].partition("/")
        if row.startswith(f"{stem}.data/") and scheme in schemes:
            # An installation that has failed in the middle.
            yield os.path.join(schemes[scheme], rest)
        elif ".." in row or "\\" in row or os.path.isabs(row) or (".dist-info/" in row and not row.startswith(f"{own}/")):
            yield os.path.join(folder, row)


def _is_of_system(name: str) -> bool:
    """Return whether the operating system has a shared library with that `name`, or that is not known, as on macOS."""
    folders = [folder for folder in _SYSTEM if os.path.isdir(folder)]
    # Debian has a folder for each architecture (https://wiki.debian.org/Multiarch).
    folders += [os.path.join(folder, it) for folder in folders for it in os.listdir(folder) if "-linux-" in it]
    return sys.platform != "linux" or any(os.path.lexists(os.path.join(folder, name)) for folder in folders)


def _interpreters(target: Target) -> list[str]:
    """Return the paths of the interpreters in the folders of `target` that programs are in."""
    found: list[str] = []
    for folder in dict.fromkeys((target.scripts, os.path.dirname(target.executable))):
        with suppress(OSError):
            found += [os.path.join(folder, name) for name in os.listdir(folder) if _INTERPRETER.fullmatch(name)]
    return found


def _is_below(path: str, folder: str) -> bool:
    return os.path.normcase(path).startswith(os.path.normcase(os.path.join(folder, "")))


def _real(path: str) -> str:
    """Return `path` with the links in its folder resolved, and not what it leads to itself."""
    folder, name = os.path.split(os.path.normpath(path))
    return os.path.join(os.path.realpath(folder), name)


def _signature(path: str) -> object:
    """Return what tells a file from any other and from a later state of it; it stays the same if the file gets another link."""
    with suppress(OSError, ValueError):
        return _signature_of(os.lstat(path))
    return None


def _signature_of(status: os.stat_result) -> object:
    return status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns


def _content(path: str) -> bytes | int | str | None:
    with suppress(OSError):
        if os.path.islink(path):
            return os.readlink(path)
        if os.path.basename(path) == pyvenv.NAME:
            return paths.text(path).encode() if os.path.isfile(path) else None
        # An open file cannot be replaced on Windows.
        if os.path.isfile(path) and os.name != "nt":
            return os.open(path, os.O_RDONLY)
    return None


def _write(path: str, known: _Known) -> bool:
    """Write the file that is `known`, and return whether its content is kept."""
    if isinstance(known.content, str):
        os.symlink(known.content, path)
    elif isinstance(known.content, bytes):
        with open(path, "xb") as file:
            file.write(known.content)
    elif known.content is not None:
        status = os.fstat(known.content)
        with open(path, "xb") as file, open(known.content, "rb", closefd=False) as kept:
            while piece := kept.read(1024 * 1024):
                file.write(piece)
        os.chmod(path, status.st_mode & 0o7777)
    return known.signature is None or known.content is not None

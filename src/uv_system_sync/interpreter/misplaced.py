"""Finds what packages have installed where a package has no business, and takes it back."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Iterator, NamedTuple, Sequence

from uv_system_sync.interpreter import pyvenv, site_packages

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target


class Before(NamedTuple):
    """What is there before uv runs: each pyvenv.cfg with its content, and what tells the RECORD of each package from a later one."""

    configs: dict[str, bytes | None]
    records: dict[str, object]


class Misplaced(NamedTuple):
    """A file, the package whose RECORD names it, or an empty string, and whether it could not be taken back."""

    path: str
    package: str
    is_left: bool


def before(infos: Sequence[str], target: Target) -> Before:
    """Look at the packages of `target` with the .dist-info folders `infos`, and at its pyvenv.cfg."""
    return Before({path: _content(path) for path in pyvenv.places(target)}, {folder: _signature(folder) for folder in infos})


def take_back(was: Before, target: Target) -> list[Misplaced]:
    """Restore each pyvenv.cfg, and return those that were changed."""
    changed = [path for path, content in was.configs.items() if _content(path) != content]
    if not changed:
        return []
    owners = dict(_installed(was, target))
    for path in changed:
        _restore(path, was.configs[path])
    return [Misplaced(path, owners.get(_real(path), ""), _content(path) != was.configs[path]) for path in changed]


def _installed(was: Before, target: Target) -> Iterator[tuple[str, str]]:
    """Yield the real path of each file that the RECORD of a package names which was installed since, and the name of the package."""
    for folder in site_packages.dist_infos(target.site_packages):
        if _signature(folder) != was.records.get(folder):
            for path, _ in site_packages.recorded(folder):
                yield _real(path), site_packages.name_and_version(folder)[0]


def _real(path: str) -> str:
    """Return `path` with the links in its folder resolved, and not what it leads to itself."""
    folder, name = os.path.split(path)
    return os.path.normcase(os.path.join(os.path.realpath(folder), name))


def _signature(folder: str) -> object:
    with suppress(OSError):
        status = os.stat(os.path.join(folder, "RECORD"))
        return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    return None


def _content(path: str) -> bytes | None:
    with suppress(OSError), open(path, "rb") as file:
        return file.read()
    return None


def _restore(path: str, content: bytes | None) -> None:
    with suppress(OSError):
        os.unlink(path)
        if content is not None:
            with open(path, "xb") as file:
                file.write(content)

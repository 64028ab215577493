"""Decides which packages uv has to build, and under which key their wheels are kept between runs."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple, Sequence

from uv_system_sync import environment, paths
from uv_system_sync.project import toml
from uv_system_sync.text import normalized_name

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.process import Start
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Table
    from uv_system_sync.uv.client import Uv

_NAME = "uv-system-sync-built"


class Machine(NamedTuple):
    """The environment of this process, what starts programs, and the file that describes the operating system (os-release(5))."""

    environ: Mapping[str, str]
    start: Start
    release: str = "/etc/os-release"


class Wanted(NamedTuple):
    """The `key` under which the wheels of `packages`, such as `numpy 2.1.0`, are kept, and the absolute path of their `folder`."""

    key: str
    folder: str
    packages: Sequence[str]


def wanted(chosen: Inputs, project: Project, target: Target, uv: Uv, machine: Machine) -> Wanted | None:
    """Return which packages uv would build now and where their wheels are kept, or None if there are none.

    The key has what decides a build: the packages, the interpreter, the system, and the format of uv's cache.
    """
    environ = machine.environ
    is_built = _without_binary(chosen, project, environ)
    entries = project.lock.from_source(is_built)
    if not entries:
        return None
    from uv_system_sync.interpreter import wheel_tags

    tags = wheel_tags.of(target, environ, machine.start)
    entries = [entry for entry in entries if is_built(entry["name"]) or not _has_wheel(entry, tags)]
    if not (entries and tags):
        return None
    cache = os.path.join(_temp(environ), f"{_NAME}-{os.urandom(8).hex()}")
    try:
        selected = uv.would_install(chosen, project, target, cache)
        # uv makes these folders at once; the number in the name is the version of their format.
        formats = sorted(name for name in os.listdir(cache) if name.startswith("sdists-v")) if os.path.isdir(cache) else [uv.version]
    finally:
        paths.remove_folder(cache)
    if selected is not None:
        entries = [entry for entry in entries if selected.get(entry["name"]) in ("", toml.string(entry, "version"))]
    if not entries:
        return None
    import hashlib
    import json

    image = [environ.get("ImageOS", ""), *re.findall(r"^(?:VERSION_)?ID=.*", paths.text(machine.release), re.MULTILINE)]
    facts = [sorted(map(_source, entries)), [target.implementation, target.version, tags[0]], image, formats]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    key = "-".join(filter(None, [_NAME, target.implementation, target.version, target.platform, digest, chosen.cache_suffix]))
    return Wanted(key, folder(environ, key), [f"{entry['name']} {entry.get('version', '')}".strip() for entry in entries])


def _without_binary(chosen: Inputs, project: Project, environ: Mapping[str, str]) -> Callable[[str], bool]:
    """Return a function that says of the name of a package whether uv is told to build it although it may have wheels."""
    _, settings = project.settings()[0]
    everything = environment.is_true(environ, "UV_NO_BINARY") or "--no-binary" in chosen.args or settings.get("no-binary") is True
    words = re.split(r"[\s=]+", " ".join(chosen.args))
    named = [*environ.get("UV_NO_BINARY_PACKAGE", "").split(), *map(str, toml.array(settings, "no-binary-package"))]
    named += [name for option, name in zip(words, words[1:]) if option == "--no-binary-package"]
    names = set(map(normalized_name, named))
    return lambda name: everything or name in names


def _has_wheel(entry: Table, tags: Sequence[str]) -> bool:
    from packaging.tags import parse_tag

    for wheel in toml.array(entry, "wheels"):
        address = "".join(toml.string(wheel, key) for key in ("url", "path", "filename")) if isinstance(wheel, dict) else ""
        found = re.search(r"-([^-/]+-[^-/]+-[^-/]+)\.whl(?:[?#].*)?$", address)
        if found and not {str(tag) for tag in parse_tag(found[1])}.isdisjoint(tags):
            return True
    return False


def _source(entry: Table) -> list[str]:
    """Return what tells the source of a package from all others: its name and version, and its hash, address or commit."""
    source = toml.table(entry, "source")
    return [
        *(toml.string(entry, key) for key in ("name", "version")),
        *(toml.string(source, key) for key in ("git", "url", "subdirectory")),
        toml.string(toml.table(entry, "sdist"), "hash"),
    ]


def _temp(environ: Mapping[str, str]) -> str:
    return os.path.abspath(environ["RUNNER_TEMP"])


def folder(environ: Mapping[str, str], key: str) -> str:
    """Return the absolute path of the folder for the wheels that are kept under `key`."""
    import hashlib

    # actions/cache finds an entry only for the path that it was saved from, so that has to be the same in every job.
    return os.path.join(_temp(environ), f"{_NAME}-{hashlib.sha256(key.encode()).hexdigest()[:16]}")

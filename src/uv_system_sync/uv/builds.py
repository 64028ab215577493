"""Decides which packages uv has to build, and the cache key under which their wheels are kept between runs."""

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
    """The environment of this process, the function that starts programs, and the path of os-release(5)."""

    environ: Mapping[str, str]
    start: Start
    release: str = "/etc/os-release"


class Wanted(NamedTuple):
    """The cache `key` for the wheels of `packages`, such as `numpy 2.1.0`, and the absolute path of the `folder` that holds them."""

    key: str
    folder: str
    packages: Sequence[str]


def wanted(chosen: Inputs, project: Project, target: Target, uv: Uv, machine: Machine) -> Wanted | None:
    """Return the packages that uv would build now and where their wheels are kept, or None if uv would build none.

    The key depends on everything that decides the result of a build: the packages, the interpreter, the operating system, and the
    format of uv's cache.
    """
    environ = machine.environ
    ignores_wheels = _no_binary(chosen, project, environ)
    packages = project.lock.from_source(ignores_wheels)
    if not packages:
        return None
    from uv_system_sync.interpreter import wheel_tags

    tags = wheel_tags.of(target, environ, machine.start)
    packages = [package for package in packages if ignores_wheels(package["name"]) or not _has_wheel(package, tags)]
    if not (packages and tags):
        return None
    cache = os.path.join(_temp(environ), f"{_NAME}-{os.urandom(8).hex()}")
    try:
        selected = uv.would_install(chosen, project, target, cache)
        # uv creates the folder `sdists-v<N>` when it starts; N is the version of the cache's format.
        formats = sorted(name for name in os.listdir(cache) if name.startswith("sdists-v")) if os.path.isdir(cache) else [uv.version]
    finally:
        paths.remove_folder(cache)
    if selected is not None:
        packages = [package for package in packages if selected.get(package["name"]) in ("", toml.string(package, "version"))]
    if not packages:
        return None
    import hashlib
    import json

    system = [environ.get("ImageOS", ""), *re.findall(r"^(?:VERSION_)?ID=.*", paths.text(machine.release), re.MULTILINE)]
    facts = [sorted(map(_source, packages)), [target.implementation, target.version, tags[0]], system, formats]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    key = "-".join(filter(None, [_NAME, target.implementation, target.version, target.platform, digest, chosen.cache_suffix]))
    return Wanted(key, folder(environ, key), [f"{package['name']} {package.get('version', '')}".strip() for package in packages])


def _no_binary(chosen: Inputs, project: Project, environ: Mapping[str, str]) -> Callable[[str], bool]:
    """Return a function that returns whether uv's option `--no-binary` or `--no-binary-package` applies to the package of that name."""
    _, settings = project.settings()[0]
    if environment.is_true(environ, "UV_NO_BINARY") or "--no-binary" in chosen.args or settings.get("no-binary") is True:
        return lambda _: True
    words = re.split(r"[\s=]+", " ".join(chosen.args))
    named = [name for option, name in zip(words, words[1:]) if option == "--no-binary-package"]
    named += [*environ.get("UV_NO_BINARY_PACKAGE", "").split(), *map(str, toml.array(settings, "no-binary-package"))]
    names = set(map(normalized_name, named))
    return lambda name: name in names


def _has_wheel(package: Table, tags: Sequence[str]) -> bool:
    from packaging.tags import parse_tag

    for wheel in toml.array(package, "wheels"):
        # uv writes exactly one of these keys.
        address = "".join(toml.string(wheel, key) for key in ("url", "path", "filename")) if isinstance(wheel, dict) else ""
        found = re.search(r"-([^-/]+-[^-/]+-[^-/]+)\.whl(?:[?#].*)?$", address)
        if found and not {str(tag) for tag in parse_tag(found[1])}.isdisjoint(tags):
            return True
    return False


def _source(package: Table) -> list[str]:
    """Return the identity of a package's source: its name, its version, and its hash, URL or commit."""
    source = toml.table(package, "source")
    return [
        *(toml.string(package, key) for key in ("name", "version")),
        *(toml.string(source, key) for key in ("git", "url", "subdirectory")),
        toml.string(toml.table(package, "sdist"), "hash"),
    ]


def _temp(environ: Mapping[str, str]) -> str:
    return os.path.abspath(environ["RUNNER_TEMP"])


def folder(environ: Mapping[str, str], key: str) -> str:
    """Return the absolute path of the folder for the wheels with the cache key `key`."""
    import hashlib

    # actions/cache restores an entry only to the path that it was saved from, so the path must be the same in every job.
    return os.path.join(_temp(environ), f"{_NAME}-{hashlib.sha256(key.encode()).hexdigest()[:16]}")

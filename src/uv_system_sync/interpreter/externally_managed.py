"""Checks an externally managed Python (PEP 668), such as that of an operating system. Imported only for such a Python."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Callable

from uv_system_sync import paths
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import site_packages, sync_lock
from uv_system_sync.text import Option, listed, normalized_name

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target

# Packages that uv does not remove from Python 3.12 or newer (astral-sh/uv, crates/uv-installer/src/plan.rs).
_SEEDS_SINCE_3_12 = frozenset({"pip", "uv"})


def require(target: Target, file: str, inputs: Inputs, pip_list: Callable[[], str]) -> None:
    """Raise `PythonUnsuitable` if `inputs` do not allow installing into `target`, or the sync could remove packages of the system.

    `file` is the path of EXTERNALLY-MANAGED. `pip_list` returns the output of `uv pip list` as JSON.
    """
    if not inputs.allow_externally_managed:
        # Continuation lines are indented, as in `configparser`, which is slow to import.
        found = re.search(r"^error\s*[=:](.*(?:\n[ \t].*|\n(?=\s))*)", paths.text(file), re.MULTILINE | re.IGNORECASE)
        raise PythonUnsuitable(
            "{target.executable} is externally managed (PEP 668). {path} says: {explanation}",
            "Set {python} to a virtual environment or, if it is acceptable that packages of the system may break, set {allow}."
            " In a workflow, use actions/setup-python.",
            target=target,
            path=file,
            explanation=" ".join(found[1].split()) if found else "(no explanation)",
            python=Option("python"),
            allow=Option("allow-externally-managed", "true"),
        )
    if inputs.inexact or inputs.check:
        return
    # Some operating systems, such as Debian, keep their packages in another folder, where no sync removes them.
    others = of_other_installers(target)
    # An interrupted sync leaves packages without INSTALLER. The next sync repairs them.
    if others and not sync_lock.is_unfinished(target):
        raise PythonUnsuitable(
            "{target.executable} is externally managed ({target.externally_managed}). An exact sync would remove packages that are not in"
            " uv.lock, and neither uv nor pip installed these: {packages}.",
            "Set {inexact} to keep packages that are not in uv.lock, or set {python} to a virtual environment.",
            target=target,
            packages=listed(others),
            inexact=Option("inexact", "true"),
            python=Option("python"),
        )
    elsewhere = unknown(pip_list(), site_packages.packages(site_packages.dist_infos(target.site_packages)))
    if elsewhere:
        raise PythonUnsuitable(
            "uv finds packages of {target.executable} outside {target.site_packages[0]} and would remove them: {packages}.",
            "uv's cache is from a run with `DEB_PYTHON_INSTALL_LAYOUT` set. Run `uv cache clean`, or set `UV_CACHE_DIR` to another folder.",
            target=target,
            packages=listed(elsewhere),
        )


def of_other_installers(target: Target) -> list[str]:
    """Return the names and versions of the packages in `target` that uv may remove but neither uv nor pip installed, sorted.

    Operating systems install packages with other tools, some of which leave .egg-info files or folders instead of .dist-info folders.
    """
    infos = site_packages.dist_infos(target.site_packages)
    found = [site_packages.name_and_version(info) for info in infos if site_packages.installer(info) not in site_packages.INSTALLERS]
    for folder in filter(os.path.isdir, target.site_packages):
        for entry in os.listdir(folder):
            egg = re.fullmatch(r"([^-]+)-([^-]+)(?:-.+)?\.egg-info", entry)
            if egg:
                found.append((normalized_name(egg[1]), egg[2]))
    seeds = site_packages.SEEDS if target.minor < (3, 12) else _SEEDS_SINCE_3_12
    return sorted(f"{name} {version}" for name, version in found if name not in seeds)


def unknown(pip_list: str, installed: tuple[site_packages.Package, ...]) -> list[str]:
    """Return the packages in the JSON of `pip_list`, which may follow other lines, that are not `installed`; none if it is invalid."""
    import json

    versions = {package.name: package.version for package in installed}
    try:
        found = [(str(item["name"]), str(item["version"])) for item in json.loads(pip_list[pip_list.index("[") :])]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return [f"{name} {version}" for name, version in found if not site_packages.same_version(version, versions.get(name))]

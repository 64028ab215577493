"""Checks a Python that something else manages (PEP 668), as an operating system does. Only a run with such a Python imports it."""

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

# Packages that uv does not remove from Python 3.12 or a newer one (astral-sh/uv, crates/uv-installer/src/plan.rs).
_SEEDS_SINCE_3_12 = frozenset({"pip", "uv"})


def require(target: Target, file: str, inputs: Inputs, pip_list: Callable[[], str]) -> None:
    """Raise `PythonUnsuitable` unless `inputs` allow to install into `target`, and a sync would remove only what uv or pip has installed.

    `file` declares that something else manages it; `pip_list` asks uv what is installed there, as JSON.
    """
    if not inputs.allow_externally_managed:
        # Lines that continue a value are indented, as `configparser` has it, which takes long to import.
        found = re.search(r"^error\s*[=:](.*(?:\n[ \t].*|\n(?=\s))*)", paths.text(file), re.MULTILINE | re.IGNORECASE)
        raise PythonUnsuitable(
            "{target.executable} is externally managed (PEP 668). {path} says: {explanation}",
            "Set {python} to a virtual environment or, if it does not matter that the system's own packages may break,"
            " set {allow}. In a workflow, use actions/setup-python.",
            target=target,
            path=file,
            explanation=" ".join(found[1].split()) if found else "(no explanation)",
            python=Option("python"),
            allow=Option("allow-externally-managed", "true"),
        )
    if inputs.inexact or inputs.check:
        return
    # The operating system may keep its packages elsewhere, as Debian does, where no sync removes them.
    others = of_other_installers(target)
    # An interrupted sync leaves packages without an INSTALLER, which the next sync repairs.
    if others and not sync_lock.is_unfinished(target):
        raise PythonUnsuitable(
            "{target.executable} is externally managed ({target.externally_managed}). An exact sync would remove packages that are not in"
            " uv.lock, and these were installed by neither uv nor pip: {packages}.",
            "Set {inexact} to keep packages that are not in uv.lock, or set {python} to a virtual environment.",
            target=target,
            packages=listed(others),
            inexact=Option("inexact", "true"),
            python=Option("python"),
        )
    elsewhere = unknown(pip_list(), site_packages.packages(site_packages.dist_infos(target.site_packages)))
    if elsewhere:
        raise PythonUnsuitable(
            "uv finds packages of {target.executable} outside of {target.site_packages[0]} and would remove them: {packages}.",
            "uv's cache is from a time when `DEB_PYTHON_INSTALL_LAYOUT` was set."
            " Run `uv cache clean`, or set `UV_CACHE_DIR` to another folder.",
            target=target,
            packages=listed(elsewhere),
        )


def of_other_installers(target: Target) -> list[str]:
    """Return the packages that uv may remove from `target`, and that neither uv nor pip installed, sorted and with their versions.

    Operating systems install packages with other tools, some of them without .dist-info folders.
    """
    infos = site_packages.dist_infos(target.site_packages)
    found = [site_packages.name_and_version(info) for info in infos if site_packages.installer(info) not in site_packages.INSTALLERS]
    entries = [entry for folder in target.site_packages if os.path.isdir(folder) for entry in os.listdir(folder)]
    eggs = [re.fullmatch(r"([^-]+)-([^-]+)(?:-.+)?\.egg-info", entry) for entry in entries]
    found += [(normalized_name(egg[1]), egg[2]) for egg in eggs if egg]
    seeds = site_packages.SEEDS if target.minor < (3, 12) else _SEEDS_SINCE_3_12
    return sorted(f"{name} {version}" for name, version in found if name not in seeds)


def unknown(pip_list: str, own: tuple[site_packages.Package, ...]) -> list[str]:
    """Return what `uv pip list` has printed as JSON, after other lines, and is not among `own`; unreadable output lists nothing."""
    import json

    versions = {package.name: package.version for package in own}
    try:
        found = [(str(item["name"]), str(item["version"])) for item in json.loads(pip_list[pip_list.index("[") :])]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return [f"{name} {version}" for name, version in found if not site_packages.same_version(version, versions.get(name))]

"""The packages that are installed in a Python, read from its folders, and how two such sets differ."""

from __future__ import annotations

import os
import re
from typing import NamedTuple, Sequence

from uv_system_sync.text import normalized_name

# Packages that a Python comes with, and that uv does not remove (astral-sh/uv, crates/uv-installer/src/plan.rs).
SEEDS = frozenset({"pip", "setuptools", "wheel", "uv"})
_SEEDS_SINCE_3_12 = frozenset({"pip", "uv"})

# uv removes and repairs the packages of these.
INSTALLERS = ("pip", "uv")


class Package(NamedTuple):
    """An installed distribution; `url` and `editable` are set for direct installs only, and `commit` for those from a repository (PEP 610).

    `built_from` is uv's record of the files that it was built from, by which two installs of one version differ.
    """

    name: str
    version: str
    url: str | None = None
    editable: bool | None = None
    commit: str | None = None
    built_from: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the fields that are set, as the output `packages` has them."""
        fields = {"name": self.name, "version": self.version, "url": self.url, "editable": self.editable, "commit": self.commit}
        return {key: value for key, value in fields.items() if value is not None}


class Change(NamedTuple):
    """What a sync did to one package: `installed`, `removed` or `updated`."""

    name: str
    action: str
    version: str | None
    previous: str | None

    def as_json(self) -> dict[str, object]:
        """Return all four fields, as the output `changes` has them."""
        return {"name": self.name, "action": self.action, "version": self.version, "previous": self.previous}


def packages(site_packages: Sequence[str]) -> tuple[Package, ...]:
    """Return what is installed in the folders `site_packages`, sorted by name.

    Names and versions are taken from the names of the .dist-info folders (PEP 376, PEP 427), so that no metadata has to be
    parsed. Names are normalized (PEP 503).
    """
    found: dict[str, Package] = {}
    for folder in site_packages:
        for entry in dist_infos(folder):
            package = _package(folder, entry)
            found.setdefault(package.name, package)
    return tuple(found[name] for name in sorted(found))


def dist_infos(folder: str) -> list[str]:
    """Return the names of the .dist-info folders in `folder`, sorted; a folder that cannot be listed has none."""
    try:
        entries = sorted(entry for entry in os.listdir(folder) if entry.endswith(".dist-info"))
    except OSError:
        return []
    # pip lets the name of what it is about to remove begin with `~`.
    return [entry for entry in entries if "-" in entry[1 : -len(".dist-info")] and entry[0].isascii() and entry[0].isalnum()]


def of_other_installers(site_packages: Sequence[str], version: tuple[int, ...]) -> tuple[Package, ...]:
    """Return the packages that uv may remove from `site_packages` of a Python of `version`, and that neither uv nor pip installed.

    Operating systems install packages with other tools, some of them without .dist-info folders.
    """
    seeds = SEEDS if version < (3, 12) else _SEEDS_SINCE_3_12
    found = [
        Package(*name_and_version(entry))
        for folder in site_packages
        for entry in (*_egg_infos(folder), *dist_infos(folder))
        if installer(os.path.join(folder, entry)) not in INSTALLERS
    ]
    return tuple(sorted(package for package in found if package.name not in seeds))


def installer(info: str) -> str:
    """Return the INSTALLER of the package with the .dist-info folder `info` (PEP 376), or an empty string."""
    try:
        with open(os.path.join(info, "INSTALLER"), encoding="utf-8") as file:
            return file.read(100).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _egg_infos(folder: str) -> list[str]:
    """Return what the .egg-info files and folders in `folder` would be called as .dist-info folders."""
    entries = os.listdir(folder) if os.path.isdir(folder) else []
    found = [re.fullmatch(r"([^-]+)-([^-]+)(?:-.+)?\.egg-info", entry) for entry in entries]
    return [f"{match[1]}-{match[2]}.dist-info" for match in found if match]


def name_and_version(dist_info: str) -> tuple[str, str]:
    """Return the normalized name and the version that the name of a .dist-info folder has (PEP 427)."""
    stem, _, version = dist_info[: -len(".dist-info")].rpartition("-")
    return normalized_name(stem), version


def compare(before: Sequence[Package], after: Sequence[Package]) -> tuple[Change, ...]:
    """Return what changed between two sets of packages, sorted by name.

    A package that keeps its version was updated, too, if it comes from elsewhere now, such as a checkout instead of an index,
    or was built again from another commit or from changed files.
    """
    old = {package.name: package for package in before}
    new = {package.name: package for package in after}
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return tuple(_change(name, old.get(name), new.get(name)) for name in names)


def contradictions(output: str, after: Sequence[Package]) -> list[str]:
    """Return what uv's `output` lists as installed or removed although `after`, read from the disk, is different.

    Lines that uv writes today are understood, such as ` + name==1.0`; other lines are ignored.
    """
    found = {package.name: package.version for package in after}
    lines = re.findall(r"^ ([+~-]) ([a-z0-9-]+)==(\S+)", output, re.MULTILINE)
    present = {name: version for sign, name, version in lines if sign != "-"}
    wrong = [f"{name} {version} (found: {found.get(name)})" for name, version in present.items() if not _equal(version, found.get(name))]
    gone = {name for sign, name, _ in lines if sign == "-"} - present.keys()
    return wrong + [f"{name} removed (found: {found[name]})" for name in sorted(gone & found.keys())]


def unknown(pip_list: str, own: Sequence[Package]) -> list[str]:
    """Return what `uv pip list` has printed as JSON, after other lines, and is not among `own`; unreadable output lists nothing."""
    import json

    versions = {package.name: package.version for package in own}
    try:
        packages = json.loads(pip_list[pip_list.index("[") :])
        return [f"{item['name']} {item['version']}" for item in packages if not _equal(item["version"], versions.get(item["name"]))]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []


def _change(name: str, old: Package | None, new: Package | None) -> Change:
    action = "updated" if old and new else "installed" if new else "removed"
    return Change(name, action, new.version if new else None, old.version if old else None)


def _package(folder: str, entry: str) -> Package:
    name, version = name_and_version(entry)
    path = os.path.join(folder, entry, "direct_url.json")
    # Hardly any package has one, and failing to open it takes several times as long as asking for it.
    if not os.access(path, os.F_OK):
        return Package(name, version)
    import json

    try:
        with open(path, encoding="utf-8") as file:
            direct = json.load(file)
        commit = direct.get("vcs_info", {}).get("commit_id")
        editable = bool(direct.get("dir_info", {}).get("editable", False))
        return Package(name, version, str(direct["url"]), editable, commit and str(commit), _built_from(os.path.join(folder, entry)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Package(name, version)


def _built_from(dist_info: str) -> str:
    try:
        with open(os.path.join(dist_info, "uv_cache.json"), encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def _equal(version: str, found: str | None) -> bool:
    if found is None or version == found:
        return version == found
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) == Version(found)
    except InvalidVersion:
        return False

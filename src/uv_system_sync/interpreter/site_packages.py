"""The packages that are installed in a Python, read from its folders, and how two such sets differ."""

from __future__ import annotations

import os
import re
from typing import Iterator, NamedTuple, Sequence

from uv_system_sync import paths
from uv_system_sync.text import normalized_name, without_credentials

# Packages that a Python comes with, and that uv does not remove (astral-sh/uv, crates/uv-installer/src/plan.rs).
SEEDS = frozenset({"pip", "setuptools", "wheel", "uv"})

# uv removes and repairs the packages of these.
INSTALLERS = ("pip", "uv")

# A row of a RECORD, which is CSV: a path, a hash and a size. Importing `csv` would run what a package may have put in its place.
_ROW = re.compile(r'^(?:"((?:[^"]|"")*)"|([^",\n]*)),[^,\n]*,([^,\n]*)$', re.MULTILINE)


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
        if self.url is None:
            return {"name": self.name, "version": self.version}
        return {name: value for name, value in self._asdict().items() if value is not None and name != "built_from"}


class Change(NamedTuple):
    """What a sync did to one package: `installed`, `removed` or `updated`; the fields are those of the output `changes`."""

    name: str
    action: str
    version: str | None
    previous: str | None


def packages(infos: Sequence[str]) -> tuple[Package, ...]:
    """Return the packages with the .dist-info folders `infos`, sorted by name.

    Names and versions are taken from the names of these folders (PEP 376, PEP 427), so that no metadata has to be parsed. Names
    are normalized (PEP 503). Of several with one name, it is the first, which is what Python imports.
    """
    found: dict[str, Package] = {}
    for info in infos:
        package = _package(info)
        found.setdefault(package.name, package)
    return tuple(found[name] for name in sorted(found))


def dist_infos(site_packages: Sequence[str]) -> list[str]:
    """Return the paths of the .dist-info folders in `site_packages`, sorted in each; a folder that cannot be listed has none.

    For uv, a file or a link of that name is no package.
    """
    found = []
    for folder in site_packages:
        try:
            with os.scandir(folder) as entries:
                names = sorted(it.name for it in entries if it.name.endswith(".dist-info") and it.is_dir(follow_symlinks=False))
        except OSError:
            continue
        # pip lets the name of what it is about to remove begin with `~`.
        found += [f"{folder}{os.sep}{it}" for it in names if "-" in it[1:-10] and it[0].isascii() and it[0].isalnum()]
    return found


def name_and_version(info: str) -> tuple[str, str]:
    """Return the normalized name and the version that the .dist-info folder `info` has in its own name (PEP 427)."""
    stem, _, version = info[info.rfind(os.sep) + 1 : -len(".dist-info")].rpartition("-")
    return normalized_name(stem), version


def installer(info: str) -> str:
    """Return the INSTALLER of the package with the .dist-info folder `info` (PEP 376), or an empty string."""
    return paths.text(os.path.join(info, "INSTALLER")).strip()


def rows(info: str) -> Iterator[tuple[str, str]]:
    """Yield the paths in the RECORD of the .dist-info folder `info` (PEP 376) as they are, and their sizes if it has them."""
    for quoted, plain, size in _ROW.findall(paths.text(os.path.join(info, "RECORD"), errors="surrogateescape")):
        yield quoted.replace('""', '"') or plain, size


def recorded(info: str) -> Iterator[tuple[str, str]]:
    """Yield the absolute paths in the RECORD of the .dist-info folder `info`, and their sizes; byte code comes and goes."""
    for path, size in rows(info):
        if not path.endswith(".pyc"):
            yield os.path.normpath(os.path.join(os.path.dirname(info), path)), size


def compare(before: Sequence[Package], after: Sequence[Package]) -> tuple[Change, ...]:
    """Return what changed between two sets of packages, sorted by name.

    A package that keeps its version was updated, too, if it comes from elsewhere now, such as a checkout instead of an index,
    or was built again from another commit or from changed files.
    """
    changes = []
    old, new = ({package.name: package for package in both} for both in (before, after))
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was != now:
            action = "updated" if was and now else "installed" if now else "removed"
            changes.append(Change(name, action, now.version if now else None, was.version if was else None))
    return tuple(changes)


def only_audited(output: str) -> bool:
    """Return whether uv's `output` says that all packages were there already."""
    return re.search(r"^(?:Audited|Checked) \d+ packages? in ", output, re.MULTILINE) is not None


def lines_of_uv(output: str) -> list[tuple[str, str, str]]:
    """Return the sign, the name and the version of each package that uv's `output` lists as changed, such as ` + name==1.0`.

    The version is empty where a dry run prints an address instead.
    """
    return re.findall(r"^ ([+~-]) ([a-z0-9-]+)(?:==(\S+)| @ )", output, re.MULTILINE)


def unlisted(output: str, changes: Sequence[Change]) -> list[Change]:
    """Return those of `changes` that uv's `output` does not list, as with `--quiet`."""
    listed = {name for _, name, _ in lines_of_uv(output)}
    return [change for change in changes if change.name not in listed]


def contradictions(output: str, after: Sequence[Package]) -> list[str]:
    """Return what uv's `output` lists as installed or removed although `after`, read from the disk, is different.

    Lines that uv writes today are understood, such as ` + name==1.0`; other lines are ignored.
    """
    found = {package.name: package.version for package in after}
    # An address instead of a version is not compared.
    lines = [line for line in lines_of_uv(output) if line[2]]
    present = {name: version for sign, name, version in lines if sign != "-"}
    wrong = [f"{name} {it} (found: {found.get(name)})" for name, it in present.items() if not same_version(it, found.get(name))]
    gone = {name for sign, name, _ in lines if sign == "-"} - present.keys()
    return wrong + [f"{name} removed (found: {found[name]})" for name in sorted(gone & found.keys())]


def same_version(version: str, found: str | None) -> bool:
    """Return whether both are one version (PEP 440), which may be spelled in several ways."""
    if found is None or version == found:
        return version == found
    from packaging.utils import canonicalize_version

    return canonicalize_version(version) == canonicalize_version(found)


def _package(info: str) -> Package:
    name, version = name_and_version(info)
    # Hardly any package has one, and failing to open it takes several times as long as asking for it.
    if not os.access(f"{info}/direct_url.json", os.F_OK):
        return Package(name, version)
    import json

    try:
        direct = json.loads(paths.text(os.path.join(info, "direct_url.json")))
        commit = direct.get("vcs_info", {}).get("commit_id")
        editable = bool(direct.get("dir_info", {}).get("editable", False))
        built_from = paths.text(os.path.join(info, "uv_cache.json"))
        return Package(name, version, without_credentials(str(direct["url"])), editable, commit and str(commit), built_from)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Package(name, version)

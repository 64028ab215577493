"""Reads the installed packages from the folders of a Python, and compares them with earlier ones and with the output of uv."""

from __future__ import annotations

import os
import re
from typing import Iterator, NamedTuple, Sequence

from uv_system_sync import paths
from uv_system_sync.text import normalized_name, without_credentials

# Packages that come with a Python and that uv does not remove (astral-sh/uv, crates/uv-installer/src/plan.rs).
SEEDS = frozenset({"pip", "setuptools", "wheel", "uv"})

# The INSTALLER of packages that a sync may remove or repair.
INSTALLERS = ("pip", "uv")

# A row of a RECORD, which is CSV: a path, a hash and a size. The module `csv` is not used: a package may have replaced it.
_ROW = re.compile(r'^(?:"((?:[^"]|"")*)"|([^",\n]*)),[^,\n]*,([^,\n]*)$', re.MULTILINE)


class Package(NamedTuple):
    """An installed distribution.

    `url` and `editable` are set only for direct URL installs (PEP 610), and `commit` only for an install from a repository.
    `built_from` is the text of uv_cache.json, which records the source files: it differs between two builds of the same version.
    """

    name: str
    version: str
    url: str | None = None
    editable: bool | None = None
    commit: str | None = None
    built_from: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the fields that are set, in the form of the output `packages`."""
        if self.url is None:
            return {"name": self.name, "version": self.version}
        return {name: value for name, value in self._asdict().items() if value is not None and name != "built_from"}


class Change(NamedTuple):
    """A package that a sync changed, with the fields of the output `changes`; `action` is `installed`, `removed` or `updated`."""

    name: str
    action: str
    version: str | None
    previous: str | None


def packages(infos: Sequence[str]) -> tuple[Package, ...]:
    """Return the packages that have the .dist-info folders `infos`, sorted by name.

    Normalized names (PEP 503) and versions come from the folder names (PEP 376, PEP 427), so no metadata is parsed. If two folders
    have the same name, the first one counts, because Python imports that package.
    """
    found: dict[str, Package] = {}
    for info in infos:
        package = _package(info)
        found.setdefault(package.name, package)
    return tuple(found[name] for name in sorted(found))


def dist_infos(site_packages: Sequence[str]) -> list[str]:
    """Return the paths of the .dist-info folders in each of `site_packages`, sorted within it; skip folders that cannot be listed.

    Files and links with such a name are left out, as in uv.
    """
    found = []
    for folder in site_packages:
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if entry.name.endswith(".dist-info") and entry.is_dir(follow_symlinks=False))
        except OSError:
            continue
        # A valid name has a hyphen and starts with a letter or a digit. pip changes the first letter to `~` before it removes a package.
        found += [f"{folder}{os.sep}{name}" for name in names if "-" in name[1:-10] and name[0].isascii() and name[0].isalnum()]
    return found


def name_and_version(info: str) -> tuple[str, str]:
    """Return the normalized name and the version in the name of the .dist-info folder `info` (PEP 427)."""
    stem, _, version = info[info.rfind(os.sep) + 1 : -len(".dist-info")].rpartition("-")
    return normalized_name(stem), version


def installer(info: str) -> str:
    """Return the content of INSTALLER (PEP 376) in the .dist-info folder `info`, or an empty string if it cannot be read."""
    return paths.text(os.path.join(info, "INSTALLER")).strip()


def rows(info: str) -> Iterator[tuple[str, str]]:
    """Yield each path in the RECORD of the .dist-info folder `info` (PEP 376) as written, with its size or an empty string."""
    for quoted, plain, size in _ROW.findall(paths.text(os.path.join(info, "RECORD"), errors="surrogateescape")):
        yield quoted.replace('""', '"') or plain, size


def recorded(info: str) -> Iterator[tuple[str, str]]:
    """Yield each path in the RECORD of `info` as an absolute path, with its size; skip byte code, which may be missing."""
    for path, size in rows(info):
        if not path.endswith(".pyc"):
            yield os.path.normpath(os.path.join(os.path.dirname(info), path)), size


def real_path(path: str) -> str:
    """Return `path` with all links in its folder resolved. A link at `path` itself is kept."""
    folder, name = os.path.split(os.path.normpath(path))
    return os.path.join(os.path.realpath(folder), name)


def is_below(path: str, folder: str) -> bool:
    """Return whether the real path `path` is inside the real path `folder`."""
    return os.path.normcase(path).startswith(os.path.normcase(os.path.join(folder, "")))


def entry(path: str, site_packages: Sequence[str]) -> str | None:
    """Return the file or folder directly in one of `site_packages` that is or contains the real path `path`, or None."""
    for folder in map(os.path.realpath, site_packages):
        if is_below(path, folder):
            return os.path.join(folder, path[len(folder) :].strip(os.sep).partition(os.sep)[0])
    return None


def compare(before: Sequence[Package], after: Sequence[Package]) -> tuple[Change, ...]:
    """Return the changes from `before` to `after`, sorted by name.

    A package of the same version counts as updated if it comes from another place, such as a checkout instead of an index,
    or was built from another commit or from changed files.
    """
    old = {package.name: package for package in before}
    new = {package.name: package for package in after}
    changes = [Change(name, "installed", new[name].version, None) for name in new.keys() - old.keys()]
    changes += [Change(name, "removed", None, old[name].version) for name in old.keys() - new.keys()]
    updated = [name for name in old.keys() & new.keys() if old[name] != new[name]]
    changes += [Change(name, "updated", new[name].version, old[name].version) for name in updated]
    return tuple(sorted(changes))


def only_audited(output: str) -> bool:
    """Return whether the `output` of uv says that all packages were already installed."""
    return re.search(r"^(?:Audited|Checked) \d+ packages? in ", output, re.MULTILINE) is not None


def lines_of_uv(output: str) -> list[tuple[str, str, str]]:
    """Return the sign, name and version of each change that the `output` of uv lists, such as ` + name==1.0`.

    The version is empty if a dry run prints a URL instead.
    """
    return re.findall(r"^ ([+~-]) ([a-z0-9-]+)(?:==(\S+)| @ )", output, re.MULTILINE)


def unlisted(output: str, changes: Sequence[Change]) -> list[Change]:
    """Return the `changes` that the `output` of uv does not list, for example because of `--quiet`."""
    listed = {name for _, name, _ in lines_of_uv(output)}
    return [change for change in changes if change.name not in listed]


def contradictions(output: str, after: Sequence[Package]) -> list[str]:
    """Return the packages that the `output` of uv lists as installed or removed, but not `after`, which was read from disk.

    Only lines such as ` + name==1.0` are compared. Lines with a URL instead of a version are ignored.
    """
    found = {package.name: package.version for package in after}
    lines = [(sign, name, version) for sign, name, version in lines_of_uv(output) if version]
    installed = {name: version for sign, name, version in lines if sign != "-"}
    removed = {name for sign, name, _ in lines if sign == "-"} - installed.keys()
    wrong = [
        f"{name} {version} (found: {found.get(name)})" for name, version in installed.items() if not same_version(version, found.get(name))
    ]
    return wrong + [f"{name} removed (found: {found[name]})" for name in sorted(removed & found.keys())]


def same_version(version: str, found: str | None) -> bool:
    """Return whether both are the same version, which can have several spellings, such as 2.0 and 2 (PEP 440)."""
    if found is None:
        return False
    if version == found:
        return True
    from packaging.utils import canonicalize_version

    return canonicalize_version(version) == canonicalize_version(found)


def _package(info: str) -> Package:
    name, version = name_and_version(info)
    # Few packages have this file, and a failed attempt to open it takes several times as long as this check.
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

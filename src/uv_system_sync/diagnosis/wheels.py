"""Knows which wheels uv.lock has of a package, and whether one of them may be for the target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterable, Iterator

from uv_system_sync.project import toml

if TYPE_CHECKING:
    from packaging.tags import Tag

    from uv_system_sync.interpreter.target import Target

# What a tag of these begins with, and of what Python it is.
_IMPLEMENTATIONS = {"cp": "cpython", "pp": "pypy"}

# Other names of `manylinux_2_5`, `_2_12` and `_2_17` (PEP 600).
_LEGACY = ("manylinux1_", "manylinux2010_", "manylinux2014_")

# A list is to be read, not to be complete.
_LISTED = 12


def missing(package: toml.Table, target: Target) -> str:
    """Say which wheels uv.lock has of `package`, if surely none of them is for `target`; else return an empty string.

    Which C library the target has, and how old its system is, is not known here: what depends on that may be for it.
    """
    tags = list(_tags(package))
    if not tags:
        return "uv.lock has no wheels of it"
    if any(_may_fit(tag, target) for tag in tags):
        return ""
    have = f"{_listed(_pythons(tags))} on {_listed(_platforms(tags))}"
    return f"uv.lock has wheels of it for {have}; none for {_python(target)} on {target.platform}"


def _tags(package: toml.Table) -> Iterator[Tag]:
    from urllib.parse import unquote, urlsplit

    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    for wheel in toml.array(package, "wheels"):
        address = next((str(wheel[key]) for key in ("filename", "path", "url") if key in wheel), "") if isinstance(wheel, dict) else ""
        try:
            name = unquote(urlsplit(address).path).replace("\\", "/").rpartition("/")[2]
            yield from sorted(parse_wheel_filename(name)[3], key=str)
        except (InvalidWheelFilename, ValueError):
            continue


def _may_fit(tag: Tag, target: Target) -> bool:
    return _python_may_fit(tag, target) and _platform_may_fit(tag.platform, target.platform)


def _python_may_fit(tag: Tag, target: Target) -> bool:
    found = re.fullmatch(r"([a-z]+)(\d)(\d*)", tag.interpreter)
    if found is None:
        return True
    kind, major, minor = found.groups()
    wanted, version = (int(major), int(minor or 0)), _version(target)
    if kind == "py":
        return wanted[0] == version[0] and wanted <= version
    implementation = _IMPLEMENTATIONS.get(kind)
    if implementation is None or implementation != target.implementation:
        return implementation is None
    return wanted <= version and wanted[0] == version[0] if tag.abi == "abi3" else wanted == version


def _platform_may_fit(tag: str, platform: str) -> bool:
    """Say whether a wheel for the platform `tag` may run on `platform`, as sysconfig names it."""
    system, _, machine = platform.replace("_", "-").partition("-")
    if tag == "any" or system not in ("linux", "macosx", "win", "win32"):
        return True
    if system.startswith("win"):
        return tag == platform.replace("-", "_")
    machine = platform.rpartition("-")[2]
    if system == "linux":
        return tag.startswith(("linux", "manylinux", "musllinux")) and tag.endswith(f"_{machine}")
    # Of several architectures in one, either side may be more than it seems.
    several = ("universal2", "universal", "intel", "fat", "fat3", "fat64", "fat32")
    return tag.startswith("macosx") and (machine in several or tag.endswith((f"_{machine}", *(f"_{name}" for name in several))))


def _pythons(tags: Iterable[Tag]) -> list[str]:
    """Return what Pythons `tags` are for, those of CPython that follow each other as one."""
    found = {f"{tag.interpreter}-abi3" if tag.abi == "abi3" else tag.interpreter for tag in tags}
    minors = sorted(int(name[3:]) for name in found if re.fullmatch(r"cp3\d{1,4}", name))
    others = sorted(name for name in found if not re.fullmatch(r"cp3\d{1,4}", name))
    runs: list[list[int]] = []
    for minor in minors:
        if runs and runs[-1][-1] == minor - 1:
            runs[-1].append(minor)
        else:
            runs.append([minor])
    return [f"cp3{run[0]}" + f" to cp3{run[-1]}" * (len(run) > 1) for run in runs] + others


def _platforms(tags: Iterable[Tag]) -> list[str]:
    found = sorted({tag.platform for tag in tags})
    return [name for name in found if not name.startswith(_LEGACY)] or found


def _python(target: Target) -> str:
    kinds = {name: kind for kind, name in _IMPLEMENTATIONS.items()}
    major, minor = _version(target)
    return f"{kinds.get(target.implementation, target.implementation)}{major}{minor}"


def _version(target: Target) -> tuple[int, int]:
    major, minor = (int(part) for part in target.version.split(".")[:2])
    return major, minor


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + f" and {len(names) - _LISTED} more" * (len(names) > _LISTED)

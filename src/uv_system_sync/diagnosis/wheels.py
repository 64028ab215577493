"""Finds out which wheels uv.lock has of a package, and whether one of them is for the target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterable, Iterator

from uv_system_sync.project import toml
from uv_system_sync.text import Message, listed, message

if TYPE_CHECKING:
    from packaging.tags import Tag

    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.toml import Table

# Other names of `manylinux_2_5`, `_2_12` and `_2_17` (PEP 600).
_LEGACY = ("manylinux1_", "manylinux2010_", "manylinux2014_")
_NAMED = 12


def missing(package: Table, target: Target) -> Message | None:
    """Return a clause on the wheels that uv.lock has of `package` if none of them is for `target`, else None."""
    tags = sorted(_tags(package), key=str)
    if not tags:
        return message("uv.lock has no wheels of it")
    interpreter = _interpreter(target)
    if not interpreter or not set(tags).isdisjoint(_supported(tags, interpreter, target)):
        return None
    return message(
        "uv.lock has wheels of it for {pythons} on {platforms}, and none for {python} on {platform}",
        pythons=listed(_pythons(tags), _NAMED),
        platforms=listed(_platforms(tags), _NAMED),
        python=interpreter,
        platform=target.platform,
    )


def _tags(package: Table) -> Iterator[Tag]:
    from urllib.parse import unquote, urlsplit

    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    for wheel in toml.array(package, "wheels"):
        address = next((str(wheel[key]) for key in ("filename", "path", "url") if key in wheel), "") if isinstance(wheel, dict) else ""
        try:
            name = unquote(urlsplit(address).path).replace("\\", "/").rpartition("/")[2]
            yield from parse_wheel_filename(name)[3]
        except (InvalidWheelFilename, ValueError):
            continue


def _interpreter(target: Target) -> str:
    """Return how the tags of wheels name `target`, or an empty string."""
    from packaging.tags import INTERPRETER_SHORT_NAMES

    short = INTERPRETER_SHORT_NAMES.get(target.implementation)
    return f"{short}{target.minor[0]}{target.minor[1]}" if short else ""


def _supported(wheels: Iterable[Tag], interpreter: str, target: Target) -> Iterator[Tag]:
    """Yield the tags that `target` supports; what is not known of it is whatever `wheels` are for.

    That is the ABI and, unless this interpreter runs on the same platform, the platform.
    """
    import sysconfig

    from packaging import tags

    here = target.platform == sysconfig.get_platform()
    platforms = list(tags.platform_tags()) if here else sorted({tag.platform for tag in wheels} - {"any"})
    version = target.minor[:2]
    yield from tags.compatible_tags(version, interpreter, platforms)
    if target.implementation == "cpython":
        for abi in (interpreter, f"{interpreter}t"):
            yield from tags.cpython_tags(version, [abi], platforms)
    else:
        yield from tags.generic_tags(interpreter, {tag.abi for tag in wheels}, platforms)


def _pythons(tags: Iterable[Tag]) -> list[str]:
    """Return the Pythons that `tags` are for; successive minor versions of CPython are one range."""
    found = {f"{tag.interpreter}-abi3" if tag.abi == "abi3" else tag.interpreter for tag in tags}
    minors = sorted(int(name[3:]) for name in found if re.fullmatch(r"cp3\d{1,4}", name))
    others = sorted(name for name in found if not re.fullmatch(r"cp3\d{1,4}", name))
    first = [minor for minor in minors if minor - 1 not in minors]
    last = [minor for minor in minors if minor + 1 not in minors]
    return [f"cp3{low}" if low == high else f"cp3{low} to cp3{high}" for low, high in zip(first, last)] + others


def _platforms(tags: Iterable[Tag]) -> list[str]:
    found = sorted({tag.platform for tag in tags})
    return [name for name in found if not name.startswith(_LEGACY)] or found

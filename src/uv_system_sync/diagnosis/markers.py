"""Compares environment markers by what they mean: uv.lock has them in another form than pyproject.toml."""

from __future__ import annotations

import itertools
import re
from typing import Iterable, Iterator

# How long markers may be, together, and how many of their literals are tried.
_LONGEST = 2000
_LITERALS = 6

_SYSTEMS = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))
_IMPLEMENTATIONS = (("cpython", "CPython"), ("pypy", "PyPy"))


def differ(one: set[str], other: set[str], requires_python: str, extra: str) -> bool:
    """Return whether some environment with `extra` fulfils a marker in one of the sets and none in the other.

    An empty marker is always true. Only Pythons that `requires_python` accepts count.
    """
    text = " ".join(one | other)
    if one == other or len(text) > _LONGEST:
        return False
    try:
        return any(_is_true(one, it) != _is_true(other, it) for it in _environments(text, requires_python, extra))
    except ValueError:
        # Not markers, not versions, or a comparison that is not defined: uv reports what is wrong.
        return False


def _is_true(markers: Iterable[str], environment: dict[str, str]) -> bool:
    from packaging.markers import Marker

    return any(not marker or Marker(marker).evaluate(environment) for marker in markers)


def _environments(text: str, requires_python: str, extra: str) -> Iterator[dict[str, str]]:
    """Yield environments that markers with the given `text` distinguish."""
    known = {name for names in (*_SYSTEMS, *_IMPLEMENTATIONS) for name in names}
    literals = sorted(set(re.findall(r"['\"]([^'\"]*)['\"]", text)) - known)[:_LITERALS]
    systems = [*_SYSTEMS, *((it, it, it) for it in literals)] if re.search("sys_platform|platform_system|os_name", text) else _SYSTEMS[:1]
    kinds = [*_IMPLEMENTATIONS, *((it, it) for it in literals)] if "implementation" in text else _IMPLEMENTATIONS[:1]
    machines = ["x86_64", *literals] if "machine" in text else ["x86_64"]
    for system, kind, machine, python in itertools.product(systems, kinds, machines, _pythons(literals, requires_python)):
        yield {
            **dict(zip(("sys_platform", "platform_system", "os_name"), system)),
            **dict(zip(("implementation_name", "platform_python_implementation"), kind)),
            "platform_machine": machine,
            "python_full_version": python,
            "python_version": ".".join(python.split(".")[:2]),
            "extra": extra,
        }


def _pythons(literals: Iterable[str], requires_python: str) -> list[str]:
    from packaging.specifiers import SpecifierSet

    patches = {literal for literal in literals if re.fullmatch(r"3\.\d{1,3}\.\d{1,3}", literal)}
    accepted = SpecifierSet(requires_python)
    return [python for python in ({f"3.{minor}.0" for minor in range(6, 20)} | patches) if python in accepted]

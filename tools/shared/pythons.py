"""Finds every CPython and PyPy on the machine and makes real copies of them to sync into."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.shared import ROOT

# Copied once and shared by every run; `make clean` removes them.
_COPIES = ROOT / ".venv" / "pythons"

# What no sync reads, and most of an installation's size; EXTERNALLY-MANAGED is only true of the original.
_LEFT_OUT = shutil.ignore_patterns(
    "test", "idlelib", "tkinter", "turtledemo", "config-*", "*.a", "__pycache__", "site-packages", "EXTERNALLY-MANAGED"
)

_WHERE = (
    "~/.pyenv/versions/*/bin/python3",
    "~/.local/share/uv/python/cpython-*/bin/python3",
    "/opt/hostedtoolcache/Python/*/*/bin/python3",
    "/usr/local/bin/python3",
    "/usr/local/bin/python3.*[0-9]",
    "/usr/bin/python3.*[0-9]",
)

_WHERE_PYPY = (
    "~/.pyenv/versions/pypy3*/bin/python3",
    "~/.local/share/uv/python/pypy-*/bin/python3",
    "/opt/hostedtoolcache/PyPy/*/*/bin/python3",
    "/usr/bin/pypy3",
)

_NAMES = {"cpython": "CPython", "pypy": "PyPy"}

# Where uv is asked to put one, when there is none.
_INSTALLED = ROOT / ".venv" / "installed"

_FACTS = """
import json, sys, sysconfig
paths = [sys.base_prefix, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")]
print(json.dumps([sys.implementation.name, sys.version.split()[0], *paths]))
"""


@dataclass(frozen=True)
class Python:
    """A Python on this machine: its version, where it is installed, and its `sys.implementation`."""

    version: str
    prefix: Path
    stdlib: Path
    site_packages: Path
    implementation: str = "cpython"

    @property
    def minor(self) -> str:
        """The version that a matrix names, such as `3.12`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def name(self) -> str:
        """What people call it, such as `CPython 3.12`."""
        return f"{_NAMES[self.implementation]} {self.minor}"

    @property
    def program(self) -> str:
        """The file name of its interpreter, such as `python3.12`."""
        return f"{'python' if self.implementation == 'cpython' else self.implementation}{self.minor}"

    def copy(self, prefix: Path) -> Path:
        """Make `prefix` an installation of its own of this Python, with the pip of its site-packages, and return it.

        The standard library is hard-linked from one copy that all share; what a sync changes is not.
        """
        pristine = self._pristine()
        shutil.copytree(pristine, prefix, symlinks=True, copy_function=os.link, dirs_exist_ok=True)
        for script in (prefix / "bin").iterdir():
            if not script.is_symlink():
                original = script.with_name(f"{script.name}.linked")
                script.rename(original)
                shutil.copy2(original, script)
                original.unlink()
        return prefix

    def copy_to_file_system(self, prefix: Path) -> Path:
        """Make `prefix` an installation that shares no files with others, on any file system, and return it."""
        with tempfile.TemporaryDirectory(dir=ROOT / ".venv") as temp:
            return Path(shutil.copytree(self.copy(Path(temp) / "python"), prefix, symlinks=True))

    def _pristine(self) -> Path:
        pristine = _COPIES / (self.version if self.implementation == "cpython" else f"{self.implementation}-{self.version}")
        if not pristine.is_dir():
            _COPIES.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=_COPIES) as temp:
                self._copy_essentials(Path(temp) / "copy")
                # Another process may have made it in the meantime; then that one is as good.
                with suppress(OSError):
                    (Path(temp) / "copy").rename(pristine)
        return pristine

    def _copy_essentials(self, prefix: Path) -> None:
        stdlib = prefix / "lib" / self.stdlib.name
        shutil.copytree(self.stdlib, stdlib, symlinks=True, ignore=_LEFT_OUT)
        (prefix / "bin").mkdir()
        # A distribution's libraries are the loader's to find.
        for library in () if self.prefix == Path("/usr") else [*self.prefix.glob("lib/lib*.so*"), *self.prefix.glob("bin/lib*.so*")]:
            shutil.copy2(library, prefix / library.parent.name, follow_symlinks=False)
        shutil.copy2(self.prefix / "bin" / self.program, prefix / "bin")
        for name in {"python3", "python", f"python{self.minor}"} - {self.program}:
            (prefix / "bin" / name).symlink_to(self.program)
        (stdlib / "site-packages").mkdir()
        for distribution in [*self.site_packages.glob("pip"), *self.site_packages.glob("pip-*.dist-info")]:
            shutil.copytree(distribution, stdlib / "site-packages" / distribution.name, ignore=shutil.ignore_patterns("__pycache__"))


@cache
def found() -> tuple[Python, ...]:
    """Return the newest CPython of every minor version from 3.8 on, oldest first.

    The running one is among them, unless it is a distribution's own, whose packages go to places outside
    of its prefix, so that a copy of it is not one. When there is no other, uv installs one, which needs the network.
    """
    here = cpythons()
    if not here:
        command: list[str | Path] = [
            ROOT / ".venv" / "bin" / "uv",
            "python",
            "install",
            "--quiet",
            "--no-bin",
            "--install-dir",
            _INSTALLED,
            "3.13",
        ]
        subprocess.run(command, check=False)
        cpythons.cache_clear()
        here = cpythons()
    if not here:
        raise SystemExit(
            "There is no CPython here that a copy can be made of (a distribution's own is not one), and uv could not install one."
            " Install any other, for example with pyenv."
        )
    return here


@cache
def cpythons() -> tuple[Python, ...]:
    """Return what `found` does of what is here already, which may be nothing."""
    interpreters = {os.path.join(sys.base_prefix, "bin", "python3"), *glob.glob(str(_INSTALLED / "cpython-*" / "bin" / "python3"))}
    pythons = [python for python in _ask({*interpreters, *_matching(_WHERE)}) if python.implementation == "cpython"]
    return _newest(python for python in pythons if python.site_packages.name == "site-packages" and "t" not in python.version)


@cache
def pypys() -> tuple[Python, ...]:
    """Return the newest PyPy of every minor version from 3.8 on, oldest first; a distribution's own among them, of which a copy is one."""
    return _newest(python for python in _ask(_matching(_WHERE_PYPY)) if python.implementation == "pypy")


def python_of(interpreter: Path) -> Python:
    """Return the Python of `interpreter`."""
    python = _facts(str(interpreter))
    assert python is not None, interpreter
    return python


def _matching(patterns: tuple[str, ...]) -> set[str]:
    return {path for pattern in patterns for path in glob.glob(os.path.expanduser(pattern))}


def _newest(pythons: Iterable[Python]) -> tuple[Python, ...]:
    newest: dict[str, Python] = {}
    for python in pythons:
        if python.minor not in newest or _key(python.version) > _key(newest[python.minor].version):
            newest[python.minor] = python
    return tuple(sorted(newest.values(), key=lambda python: _key(python.version)))


def _ask(interpreters: set[str]) -> list[Python]:
    """Return the Pythons of those `interpreters` that are new enough and have their program where a copy needs it."""
    pythons = filter(None, map(_facts, sorted(interpreters)))
    return [python for python in pythons if _key(python.version) >= (3, 8) and (python.prefix / "bin" / python.program).is_file()]


def _facts(interpreter: str) -> Python | None:
    completed = subprocess.run([interpreter, "-I", "-S", "-c", _FACTS], capture_output=True, text=True, check=False)
    if completed.returncode:
        return None
    implementation, version, prefix, stdlib, purelib = json.loads(completed.stdout)
    return Python(version, Path(prefix), Path(stdlib), Path(purelib), implementation)


def _key(version: str) -> tuple[int, ...]:
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in version.split("."))

"""Finds every CPython on the machine and makes real copies of them to sync into."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Copied once and shared by every run; `make clean` removes them.
_COPIES = ROOT / ".venv" / "pythons"

# What no sync looks at, and most of an installation's size.
_LEFT_OUT = shutil.ignore_patterns("test", "idlelib", "tkinter", "turtledemo", "config-*", "*.a", "__pycache__", "site-packages")

_WHERE = (
    "~/.pyenv/versions/*/bin/python3",
    "~/.local/share/uv/python/cpython-*/bin/python3",
    "/opt/hostedtoolcache/Python/*/*/bin/python3",
    "/usr/local/bin/python3",
    "/usr/local/bin/python3.*[0-9]",
    "/usr/bin/python3.*[0-9]",
)

# Where uv is asked to put one, when there is none.
_INSTALLED = ROOT / ".venv" / "installed"

_FACTS = """
import json, sys, sysconfig
paths = [sys.base_prefix, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")]
print(json.dumps([sys.implementation.name, sys.version.split()[0], *paths]))
"""


@dataclass(frozen=True)
class Python:
    """A CPython on this machine: its version, and where it is installed."""

    version: str
    prefix: Path
    stdlib: Path
    site_packages: Path

    @property
    def minor(self) -> str:
        """The version that a matrix names, such as `3.12`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def name(self) -> str:
        """What people call it, such as `CPython 3.12`."""
        return f"CPython {self.minor}"

    def copy(self, prefix: Path) -> Path:
        """Make `prefix` an installation of its own of this Python with pip in it, and return it.

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

    def _pristine(self) -> Path:
        pristine = _COPIES / self.version
        if not pristine.is_dir():
            _COPIES.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=_COPIES) as temp:
                self._copy_essentials(Path(temp) / "copy")
                # Another process may have made it in the meantime; then that one is as good.
                with suppress(OSError):
                    (Path(temp) / "copy").rename(pristine)
        return pristine

    def _copy_essentials(self, prefix: Path) -> None:
        stdlib = prefix / "lib" / f"python{self.minor}"
        shutil.copytree(self.stdlib, stdlib, symlinks=True, ignore=_LEFT_OUT)
        for library in self.prefix.glob("lib/libpython*.so*"):
            shutil.copy2(library, prefix / "lib", follow_symlinks=False)
        (prefix / "bin").mkdir()
        shutil.copy2(self.prefix / "bin" / f"python{self.minor}", prefix / "bin")
        for name in ("python3", "python"):
            (prefix / "bin" / name).symlink_to(f"python{self.minor}")
        (stdlib / "site-packages").mkdir()
        for distribution in [*self.site_packages.glob("pip"), *self.site_packages.glob("pip-*.dist-info")]:
            shutil.copytree(distribution, stdlib / "site-packages" / distribution.name, ignore=shutil.ignore_patterns("__pycache__"))


@cache
def found() -> tuple[Python, ...]:
    """Return the newest CPython of every minor version from 3.8 on, oldest first.

    The one that runs this is among them, unless it is a distribution's own, whose packages go to places outside
    of its prefix, so that a copy of it is not one. When there is no other, uv installs one, which needs the network.
    """
    here = _found()
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
        here = _found()
    if not here:
        raise SystemExit(
            "There is no CPython here that a copy can be made of (a distribution's own is not one), and uv could not install one."
            " Install any other, for example with pyenv."
        )
    return here


def _found() -> tuple[Python, ...]:
    interpreters = {os.path.join(sys.base_prefix, "bin", "python3")}
    for pattern in _WHERE:
        interpreters.update(glob.glob(os.path.expanduser(pattern)))
    interpreters.update(glob.glob(str(_INSTALLED / "cpython-*" / "bin" / "python3")))
    newest: dict[str, Python] = {}
    for python in filter(None, map(_facts, sorted(interpreters))):
        if python.minor not in newest or _key(python.version) > _key(newest[python.minor].version):
            newest[python.minor] = python
    return tuple(sorted(newest.values(), key=lambda python: _key(python.version)))


def _facts(interpreter: str) -> Python | None:
    completed = subprocess.run([interpreter, "-I", "-S", "-c", _FACTS], capture_output=True, text=True, check=False)
    if completed.returncode:
        return None
    implementation, version, prefix, stdlib, purelib = json.loads(completed.stdout)
    python = Python(version, Path(prefix), Path(stdlib), Path(purelib))
    usable = implementation == "cpython" and _key(version) >= (3, 8) and purelib.endswith("site-packages") and "t" not in version
    return python if usable and (python.prefix / "bin" / f"python{python.minor}").is_file() else None


def _key(version: str) -> tuple[int, ...]:
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in version.split("."))

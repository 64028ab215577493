"""Finds the CPythons and PyPys on this machine, or those named in TESTED_PYTHONS, and copies them so that tests can sync into them."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.shared import ROOT
from tools.shared.uv import uv_output

# The copies are made once and shared by all runs; `make clean` removes them.
_COPIES = ROOT / ".venv" / "pythons"

# Files that no sync reads, which are most of an installation's size, and EXTERNALLY-MANAGED, which does not apply to a copy.
_LEFT_OUT = shutil.ignore_patterns(
    "test", "idlelib", "tkinter", "turtledemo", "config-*", "*.a", "__pycache__", "site-packages", "EXTERNALLY-MANAGED"
)

# Patterns of prefixes in a folder of installations, and of interpreters in a folder of programs.
_BELOW = {"cpython": ("cpython-*", "Python/*/*", "[0-9]*"), "pypy": ("pypy-*", "PyPy/*/*", "pypy3*")}
_PROGRAMS = {"cpython": ("python3", "python3.[0-9]", "python3.[0-9][0-9]", "python3.[0-9][0-9]t"), "pypy": ("pypy3",)}

_NAMES = {"cpython": "CPython", "pypy": "PyPy"}

_FACTS = """
import json, sys, sysconfig
paths = [sys.base_prefix, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")]
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([sys.prefix, sys.version.split()[0], *paths, sys.implementation.name, free_threaded]))
"""

# Timeout for starting an interpreter. A Python starts in milliseconds, but the shim of a version manager may do anything.
_SECONDS = 20


@dataclass(frozen=True)
class Python:
    """A Python on this machine. `implementation` is its `sys.implementation.name`."""

    version: str
    prefix: Path
    stdlib: Path
    site_packages: Path
    implementation: str = "cpython"
    free_threaded: bool = False

    @property
    def minor(self) -> str:
        """The version as written in a matrix, such as `3.12`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def is_debian(self) -> bool:
        """Whether this is Debian's or Ubuntu's own Python, which uses dist-packages instead of site-packages."""
        return self.site_packages.name == "dist-packages"

    @property
    def name(self) -> str:
        """The name to display, such as `CPython 3.12` or `CPython 3.14 free-threaded`."""
        return f"{_NAMES[self.implementation]} {self.minor}{' free-threaded' if self.free_threaded else ''}"

    @property
    def program(self) -> str:
        """The file name of its interpreter, such as `python3.12` or `python3.14t`."""
        base = "python" if self.implementation == "cpython" else self.implementation
        return f"{base}{self.minor}{'t' if self.free_threaded else ''}"

    def copy(self, prefix: Path) -> Path:
        """Install a copy of this Python, with pip, in `prefix`, and return `prefix`.

        If the file system allows it, the standard library has hard links to one copy per process. Files that a sync changes have none.
        """
        pristine = self._pristine()
        shutil.copytree(pristine / "lib", prefix / "lib", symlinks=True, copy_function=link_or_copy, dirs_exist_ok=True)
        shutil.copytree(pristine / "bin", prefix / "bin", symlinks=True, dirs_exist_ok=True)
        return prefix

    def copy_to_file_system(self, prefix: Path) -> Path:
        """Like `copy`, but share no files with other copies; `prefix` may be on any file system."""
        with tempfile.TemporaryDirectory(dir=ROOT / ".venv") as temp:
            return Path(shutil.copytree(self.copy(Path(temp) / "python"), prefix, symlinks=True))

    def _pristine(self) -> Path:
        """Return the prefix of this process's copy, which `copy` hard-links to; make it if it does not exist."""
        # The prefix is in the key because several installations may have the same version. Each pytest worker has its own copy because
        # a new hard link changes the ctime of a file, which a step running at the same time looks at.
        key = f"{self.prefix}{os.pathsep}{os.environ.get('PYTEST_XDIST_WORKER', '')}"
        pristine = _COPIES / f"{self.implementation}-{self.version}-{hashlib.sha256(os.fsencode(key)).hexdigest()[:8]}"
        if not pristine.is_dir():
            _COPIES.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=_COPIES) as temp:
                self._copy_essentials(Path(temp) / "copy")
                # Fails if another process has made the same copy in the meantime.
                with suppress(OSError):
                    (Path(temp) / "copy").rename(pristine)
        return pristine

    def _copy_essentials(self, prefix: Path) -> None:
        stdlib = prefix / "lib" / self.stdlib.name
        shutil.copytree(self.stdlib, stdlib, symlinks=True, ignore=_LEFT_OUT)
        (prefix / "bin").mkdir()
        # The loader finds the libraries in /usr without a copy.
        if self.prefix != Path("/usr"):
            for library in [*self.prefix.glob("lib/lib*.so*"), *self.prefix.glob("bin/lib*.so*")]:
                shutil.copy2(library, prefix / library.parent.name, follow_symlinks=False)
        shutil.copy2(self.prefix / "bin" / self.program, prefix / "bin")
        for name in {"python3", "python", f"python{self.minor}"} - {self.program}:
            (prefix / "bin" / name).symlink_to(self.program)
        if self.is_debian:
            _undo_layout(prefix / "bin" / self.program, stdlib)
        (stdlib / "site-packages").mkdir()
        # Linux distributions may package pip separately. `.venv` always has one.
        folders = [self.site_packages, *(ROOT / ".venv").glob("lib/python*/site-packages")]
        source = next(folder for folder in folders if (folder / "pip").is_dir())
        for distribution in [*source.glob("pip"), *source.glob("pip-*.dist-info")]:
            shutil.copytree(distribution, stdlib / "site-packages" / distribution.name, ignore=shutil.ignore_patterns("__pycache__"))


@cache
def found() -> tuple[Python, ...]:
    """Return `cpythons`, or `every` if there are none; raise `SystemExit` if there is no Python at all."""
    pythons = cpythons() or every()
    if not pythons:
        folders = "".join(f"\n  {folder}" for folder in places(os.environ))
        raise SystemExit(f"No CPython 3.8 or newer in any of these folders; install one there:{folders}")
    return pythons


def cpythons() -> tuple[Python, ...]:
    """Return the newest patch release of every CPython minor version since 3.8, oldest first, without free-threaded builds.

    Debian's or Ubuntu's Python is included only if there is no other: it installs outside its prefix, so a copy must be modified.
    """
    pythons = [python for python in _here("cpython") if not python.free_threaded]
    return _newest(python for python in pythons if not python.is_debian) or _newest(pythons)


def free_threaded() -> tuple[Python, ...]:
    """Return the newest free-threaded build of every CPython minor version, oldest first."""
    return _newest(python for python in _here("cpython") if python.free_threaded)


def pypys() -> tuple[Python, ...]:
    """Return the newest PyPy of every Python minor version since 3.8, oldest first."""
    return _newest(_here("pypy"))


def every() -> tuple[Python, ...]:
    """Return `cpythons`, `free_threaded` and `pypys`."""
    return (*cpythons(), *free_threaded(), *pypys())


@cache
def _here(implementation: str) -> tuple[Python, ...]:
    named = [python_of(Path(path)) for path in os.environ.get("TESTED_PYTHONS", "").split(os.pathsep) if path]
    return tuple(python for python in named or search(places(os.environ), implementation) if python.implementation == implementation)


def places(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the folders to search for Pythons: those of the running Python, PATH, the system, pyenv, GitHub's runners and uv."""
    pyenv = environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    programs = [os.path.join(sys.base_prefix, "bin"), *environ.get("PATH", "").split(os.pathsep), "/usr/local/bin", "/usr/bin"]
    caches = [environ.get("RUNNER_TOOL_CACHE", ""), "/opt/hostedtoolcache"]
    installations = [f"{pyenv}/versions", *caches, uv_output("python", "dir")]
    # pyenv's shims only start the Pythons in its `versions` folder.
    return tuple(dict.fromkeys(place for place in (*programs, *installations) if place and place != f"{pyenv}/shims"))


def search(folders: Iterable[str], implementation: str) -> list[Python]:
    """Return the Pythons 3.8 or newer in `folders` whose interpreter is where `Python.copy` expects it."""
    patterns = [*_PROGRAMS[implementation], *(f"{below}/bin/python3" for below in _BELOW[implementation])]
    interpreters = {path for folder in folders for pattern in patterns for path in glob.glob(os.path.join(glob.escape(folder), pattern))}
    pythons: list[Python] = []
    for interpreter in sorted(interpreters):
        python = _facts(interpreter)
        if python is None or python in pythons or python.implementation != implementation or _key(python.version) < (3, 8):
            continue
        if (python.prefix / "bin" / python.program).is_file():
            pythons.append(python)
    return pythons


def _undo_layout(program: Path, stdlib: Path) -> None:
    """Give a copy of Debian's or Ubuntu's Python the usual layout of CPython."""
    for name in ("site.py", "sysconfig.py", "sysconfig/__init__.py", "distutils/command/install.py"):
        file = stdlib / name
        if file.is_file():
            text = re.sub(r'(base}?)/local|"local", (?="lib")', r"\1", file.read_text(encoding="utf-8"))
            file.write_text(text.replace("dist-packages", "site-packages"), encoding="utf-8")
    # Since CPython 3.11, the `site` module is frozen into the program. Both names have the same length.
    program.write_bytes(program.read_bytes().replace(b"dist-packages", b"site-packages"))
    (stdlib / "sitecustomize.py").unlink(missing_ok=True)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Make `target` a hard link to `source`, or a copy if they are on different file systems."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copy2(source, target)


def python_of(interpreter: Path) -> Python:
    """Return the Python of `interpreter`, which must start."""
    python = _facts(str(interpreter))
    assert python is not None, interpreter
    return python


def _newest(pythons: Iterable[Python]) -> tuple[Python, ...]:
    newest: dict[str, Python] = {}
    for python in pythons:
        if python.minor not in newest or _key(python.version) > _key(newest[python.minor].version):
            newest[python.minor] = python
    return tuple(sorted(newest.values(), key=lambda python: _key(python.version)))


def _facts(interpreter: str) -> Python | None:
    """Return the Python of `interpreter`, for a virtual environment its base Python; None if it does not start."""
    try:
        command = [interpreter, "-I", "-S", "-c", _FACTS]
        completed = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL, timeout=_SECONDS)
        current, version, prefix, stdlib, purelib, implementation, is_free_threaded = json.loads(completed.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    python = Python(version, Path(prefix), Path(stdlib), Path(purelib), implementation, is_free_threaded)
    return python if current == prefix else _facts(os.path.join(prefix, "bin", python.program))


def _key(version: str) -> tuple[int, ...]:
    """Return a sort key for a version; non-digits such as the `rc` in `3.15.0rc1` are dropped."""
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in version.split("."))

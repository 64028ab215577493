"""Tests a CPython for musl, Alpine's C library, which is built from Debian's sources with Debian's musl-gcc."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.compatibility import debian_packages, integration
from tools.compatibility.outcomes import Area, Result

_NEEDED = {"musl-gcc": "musl-tools", "make": "make"}

# The newest release with the source of Python 3.13. pip requires zlib.
_SUITE, _SOURCES = "trixie", ("zlib", "python3.13")

# The kernel's headers, which are the same for every C library. musl-gcc does not search any folder that has them.
_KERNEL = ("/usr/include/linux", "/usr/include/asm-generic", f"/usr/include/{os.uname().machine}-linux-gnu/asm")

# Answers nothing to --print-multiarch: Debian's gcc prints the triplet of glibc, which configure rejects as a contradiction.
_COMPILER = '#!/bin/sh\n[ "$1" = --print-multiarch ] || exec musl-gcc -idirafter "{folder}/kernel" "$@"\n'


def run(work: Path) -> Iterator[Result]:
    """Yield the results of the tests that depend on the Python. Takes 6 minutes, 3 of them to build CPython."""
    interpreter = cpython(work) / "bin" / "python3"
    uv = integration.install(work / "uv", f"{platform.machine()}-unknown-linux-musl", "uv") / "bin" / "uv"
    version = debian_packages.run(str(interpreter), "-c", "import platform; print(platform.python_version())").strip()
    command = integration.pytest(sys.executable, work / "report.xml", *integration.OF_PYTHON)
    environ = {**os.environ, "TESTED_PYTHONS": str(interpreter), "TESTED_UV": str(uv)}
    areas: dict[Area, str | None] = {"system": "Linux with musl (Alpine)", "layout": None}
    yield from integration.results(command, work / "report.xml", areas, f"CPython {version} and uv for musl", environ)


def cpython(work: Path) -> Path:
    """Return the prefix of a CPython 3.13 for musl below `work`; build it (3 minutes, 80 MB) if it does not exist.

    The prefix is relocatable. Modules that need further libraries, such as ssl and ctypes, are missing.
    """
    prefix = work / "installed" / "usr" / "local"
    if not (work / "complete").exists():
        debian_packages.require(_NEEDED)
        build = work / "build"
        for folder in (build, work / "installed"):
            shutil.rmtree(folder, ignore_errors=True)
        (build / "kernel").mkdir(parents=True)
        for headers in map(Path, _KERNEL):
            (build / "kernel" / headers.name).symlink_to(headers)
        compiler = build / "cc"
        compiler.write_text(_COMPILER.format(folder=build), encoding="utf-8")
        compiler.chmod(0o755)
        zlib, python = (debian_packages.unpacked(debian_packages.download(name, _SUITE, work), build) for name in _SOURCES)
        _build(zlib, python, work / "installed", {**os.environ, "CC": str(compiler)})
        shutil.rmtree(build)
        (work / "complete").touch()
    return prefix


def _build(zlib: Path, python: Path, target: Path, environ: dict[str, str]) -> None:
    jobs = f"--jobs={os.cpu_count()}"
    debian_packages.run("./configure", "--static", folder=zlib, environ={**environ, "CFLAGS": "-O2 -fPIC"})
    debian_packages.run("make", jobs, "libz.a", folder=zlib, environ=environ)
    # Without pkg-config, which would find this machine's libraries for glibc.
    flags = {"CPPFLAGS": f"-I{zlib}", "LDFLAGS": f"-s -L{zlib}", "PKG_CONFIG": "false"}
    debian_packages.run("./configure", "--prefix=/usr/local", "--disable-test-modules", folder=python, environ={**environ, **flags})
    debian_packages.run("make", jobs, folder=python, environ=environ)
    debian_packages.run("make", "install", f"DESTDIR={target}", folder=python, environ={**environ, "PIP_ROOT_USER_ACTION": "ignore"})
    bin_, lib = target / "usr" / "local" / "bin", target / "usr" / "local" / "lib"
    (bin_ / "python").symlink_to("python3")
    (bin_ / "pip").symlink_to("pip3")
    # Nothing reads these 90 MB.
    for library in lib.rglob("libpython*.a"):
        library.unlink()
    shutil.rmtree(next(lib.glob("python3*")) / "test", ignore_errors=True)

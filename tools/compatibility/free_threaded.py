"""Tests the newest free-threaded CPython that can be built from Debian's sources. Debian has no package of it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tools.compatibility import debian_packages, integration
from tools.compatibility.outcomes import Result

_NEEDED = {"make": "make", "gcc": "gcc libc6-dev libffi-dev libssl-dev zlib1g-dev"}

# Newest first. A mirror may list a source package whose file it does not have; the next one is tried then.
_VERSIONS, _SUITES = ("3.14", "3.13"), ("sid", "testing")

# Checks the libraries that pip and the tests need: a build without them succeeds as well.
_CHECK = "import ctypes, ssl, sys, zlib; assert not sys._is_gil_enabled(); print(sys.version.split()[0])"


def run(work: Path) -> Iterator[Result]:
    """Yield the results of the tests that depend on the Python. Takes 7 minutes, 4 of them to build CPython."""
    debian_packages.require(_NEEDED)
    for version in _VERSIONS:
        source = _source(version, work)
        if source is None:
            detail = f"Debian's mirror has no source package for it in {' or '.join(_SUITES)}"
            yield Result("python", f"CPython {version} free-threaded", "skipped", detail=detail)
            continue
        interpreter = str(_built(version, source, work))
        detail = f"CPython {debian_packages.run(interpreter, '-c', _CHECK).strip()}, built from Debian's source"
        command = integration.pytest(sys.executable, work / "report.xml", *integration.OF_PYTHON)
        environ = {**os.environ, "TESTED_PYTHONS": interpreter}
        yield from integration.results(command, work / "report.xml", {"python": None, "layout": None}, detail, environ)
        return


def _source(version: str, work: Path) -> Path | None:
    for suite in _SUITES:
        folder = work / f"{version}-{suite}"
        folder.mkdir(exist_ok=True)
        with suppress(OSError):
            return debian_packages.download(f"python{version}", suite, folder)
    return None


def _built(version: str, source: Path, work: Path) -> Path:
    """Return the interpreter of the free-threaded CPython below `work`; build it from `source` if it does not exist."""
    prefix = work / version
    if not prefix.exists():
        build, staged = work / "build", work / "staged"
        for folder in (build, staged):
            shutil.rmtree(folder, ignore_errors=True)
        unpacked = debian_packages.unpacked(source, build)
        debian_packages.run("./configure", f"--prefix={prefix}", "--disable-gil", "--disable-test-modules", folder=unpacked)
        debian_packages.run("make", f"--jobs={os.cpu_count()}", folder=unpacked)
        environ = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
        debian_packages.run("make", "install", f"DESTDIR={staged}", folder=unpacked, environ=environ)
        (staged / prefix.relative_to("/")).rename(prefix)
        for folder in (build, staged):
            shutil.rmtree(folder)
    return prefix / "bin" / f"python{version}t"

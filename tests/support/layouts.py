"""Builds what a machine may have where a Python is expected, and ways to start a step that a runner has and a test has not."""

from __future__ import annotations

import glob
import os
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.support import program
from tests.support.projects import Project, Wheel
from tests.support.step import Outcome, Runner
from tools.shared.pythons import Python

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

# A build backend that needs no other: it writes what it sees, waits while a file exists, and links to the sources.
_BACKEND = """
import json, os, pathlib, time, zipfile

def _tell(name, text):
    beside = pathlib.Path(NOTES, name + ".partial")
    beside.write_text(text, encoding="utf-8")
    beside.rename(pathlib.Path(NOTES, name))

_tell("environ", json.dumps(dict(os.environ)))
_tell("pid", str(os.getpid()))
while os.path.exists(os.path.join(NOTES, "wait")):
    time.sleep(0.05)

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    info = "sample_project-0.1.dist-info"
    files = {
        "sample_project.pth": os.path.join(os.getcwd(), "src"),
        info + "/METADATA": "Metadata-Version: 2.1\\nName: sample-project\\nVersion: 0.1\\nRequires-Dist: alpha<2\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[info + "/RECORD"] = "".join(name + ",,\\n" for name in [*files, info + "/RECORD"])
    name = "sample_project-0.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return name
"""

Everything = dict[str, tuple[int, int]]


def spelled(layout: object) -> str:
    """Return the id of a `layout`, a function: its name as words."""
    return str(getattr(layout, "__name__", layout)).strip("_").replace("_", " ")


def laid_out(name: str, *layouts: Callable[..., object]) -> list[ParameterSet]:
    """Return `layouts`, functions, as parameters of a test that shows the layout that users call `name`."""
    return [pytest.param(layout, marks=pytest.mark.layout(name), id=spelled(layout)) for layout in layouts]


def virtual_environment(prefix: Path, environment: Path, *options: str) -> Path:
    """Make an `environment` of the installation `prefix` with its own `venv`, and return it."""
    subprocess.run([prefix / "bin" / "python3", "-B", "-I", "-m", "venv", "--without-pip", *options, environment], check=True)
    return environment


def older_than_supported() -> Python | None:
    """Return the newest CPython on the machine that is too old to sync into, or None."""
    prefixes = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.[67].*")))
    if not prefixes:
        return None
    prefix = Path(prefixes[-1])
    stdlib = prefix / "lib" / f"python{prefix.name.rpartition('.')[0]}"
    return Python(prefix.name, prefix, stdlib, stdlib / "site-packages")


def permissions_bind() -> bool:
    """Return whether a step can be started that may not write where its user has no permission."""
    return os.geteuid() != 0 or shutil.which("setpriv") is not None


def bound_by_permissions(ci: Runner, prefix: Path) -> Runner:
    """Let `prefix` run the step, and take from root what puts it above all permissions; return the runner."""
    command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return before_the_step(ci, prefix, command=shlex.join([*command, ""]))


def before_the_step(ci: Runner, prefix: Path, *lines: str, command: str = "") -> Runner:
    """Have a shell do `lines` and become the step, run by `prefix`, by way of `command`; return the runner."""
    folder = ci.folder / "shell"
    program(folder / "python", "#!/bin/sh", *lines, f'exec {command}{shlex.quote(str(prefix / "bin" / "python3"))} "$@"')
    ci.search_path = os.pathsep.join([str(folder), ci.search_path])
    return ci


def watched_build(project: Project, notes: Path) -> None:
    """Have `project` built by a backend that writes `environ`, as JSON, and `pid` to `notes`, and waits while there is a `wait`."""
    notes.mkdir()
    (project.folder / "backend.py").write_text(f"NOTES = {str(notes)!r}\n{_BACKEND}", encoding="utf-8")
    document = project.pyproject.read_text(encoding="utf-8").replace('requires = ["uv_build"]', "requires = []")
    project.pyproject.write_text(document.replace('"uv_build"', '"backend"\nbackend-path = ["."]'), encoding="utf-8")


def install(wheel: Wheel, site_packages: Path) -> None:
    """Put `wheel` where an earlier step would have installed it."""
    with zipfile.ZipFile(wheel.write(site_packages.parent)) as archive:
        archive.extractall(site_packages)


def notices(outcome: Outcome) -> list[str]:
    """Return the annotations of a step that are no errors, properties and all, with their line breaks decoded."""
    return [unquote(line) for line in re.findall(r"^::(?:notice|warning) (.*)$", outcome.log, re.MULTILINE)]


def everything(*folders: Path) -> Everything:
    """Return every file and folder in `folders`, byte code included, with its size and time of change."""
    paths = [Path(root, name) for folder in folders for root, below, files in os.walk(folder) for name in (*below, *files)]
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths}

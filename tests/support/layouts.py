"""Builds layouts of Python installations, and changes how a step is started and how a project is built."""

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

# A build backend without dependencies: it records its environment, waits while a file exists, and builds an editable wheel.
_BACKEND = """
import json, os, pathlib, time, zipfile

def _note(name, text):
    partial = pathlib.Path(NOTES, name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(pathlib.Path(NOTES, name))

_note("environ", json.dumps(dict(os.environ)))
_note("pid", str(os.getpid()))
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
    """Return the test id of the function `layout`: its name with spaces."""
    return str(getattr(layout, "__name__", layout)).strip("_").replace("_", " ")


def laid_out(name: str, *layouts: Callable[..., object]) -> list[ParameterSet]:
    """Return the functions `layouts` as parameters of a test, marked with `name`, the kind of layout in docs/compatibility.md."""
    return [pytest.param(layout, marks=pytest.mark.layout(name), id=spelled(layout)) for layout in layouts]


def virtual_environment(prefix: Path, environment: Path, *options: str) -> Path:
    """Create the virtual `environment` of the installation `prefix` with its own `venv`, and return its path."""
    subprocess.run([prefix / "bin" / "python3", "-B", "-I", "-m", "venv", "--without-pip", *options, environment], check=True)
    return environment


def older_than_supported() -> Python | None:
    """Return a CPython 3.6 or 3.7 of pyenv, which the action rejects, or None."""
    prefixes = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.[67].*")))
    if not prefixes:
        return None
    prefix = Path(prefixes[-1])
    stdlib = prefix / "lib" / f"python{prefix.name.rpartition('.')[0]}"
    return Python(prefix.name, prefix, stdlib, stdlib / "site-packages")


def permissions_bind() -> bool:
    """Return whether `bound_by_permissions` works: the user is not root, or `setpriv` can take capabilities away."""
    return os.geteuid() != 0 or shutil.which("setpriv") is not None


def bound_by_permissions(ci: Runner, prefix: Path) -> Runner:
    """Have `prefix` run the step without the capabilities by which root ignores file permissions, and return the runner."""
    command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return before_the_step(ci, prefix, command=shlex.join([*command, ""]))


def before_the_step(ci: Runner, prefix: Path, *lines: str, command: str = "") -> Runner:
    """Have a shell run `lines` and then `exec` the step with `command` and the Python of `prefix`, and return the runner."""
    folder = ci.folder / "shell"
    program(folder / "python", "#!/bin/sh", *lines, f'exec {command}{shlex.quote(str(prefix / "bin" / "python3"))} "$@"')
    ci.search_path = os.pathsep.join([str(folder), ci.search_path])
    return ci


def watched_build(project: Project, notes: Path) -> None:
    """Have `project` built by a backend that writes the files `environ` (JSON) and `pid` to `notes` and waits while `wait` exists there."""
    notes.mkdir()
    (project.folder / "backend.py").write_text(f"NOTES = {str(notes)!r}\n{_BACKEND}", encoding="utf-8")
    document = project.pyproject.read_text(encoding="utf-8").replace('requires = ["uv_build"]', "requires = []")
    project.pyproject.write_text(document.replace('"uv_build"', '"backend"\nbackend-path = ["."]'), encoding="utf-8")


def install(wheel: Wheel, site_packages: Path) -> None:
    """Unpack `wheel` into `site_packages`, as if an earlier step had installed it."""
    with zipfile.ZipFile(wheel.write(site_packages.parent)) as archive:
        archive.extractall(site_packages)


def notices(outcome: Outcome) -> list[str]:
    """Return the notice and warning annotations of a step, with their properties, decoded."""
    return [unquote(line) for line in re.findall(r"^::(?:notice|warning) (.*)$", outcome.log, re.MULTILINE)]


def everything(*folders: Path) -> Everything:
    """Return the size and the modification time of every file and folder in `folders`, including byte code."""
    paths = [Path(root, name) for folder in folders for root, below, files in os.walk(folder) for name in (*below, *files)]
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths}

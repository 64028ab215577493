"""The examples in examples/docker, and a project to try them with, whose packages come from a local index."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import documents
from tests.support.index import Index
from tests.support.projects import WHEELS, Project, Wheel
from tools.shared import ROOT
from tools.shared.uv import LOCKED_UV, UV
from tools.shared.wheels import file_name, wheel

EXAMPLES = ROOT / "examples" / "docker"

# The blocks that docs/command.md shows: the first is one line of a Dockerfile, the others are whole files.
SHOWN = [block.text for block in documents.blocks(ROOT / "docs" / "command.md") if block.language in {"dockerfile", "gitlab"}]
SLIM = "python:3.13-slim"


def text(name: str) -> str:
    """Return the text of the example `name`."""
    return (EXAMPLES / name).read_text(encoding="utf-8")


def one_line(base: str = SLIM) -> str:
    """Return a Dockerfile for the image `base` with the line that docs/command.md shows."""
    return f"FROM {base}\nWORKDIR /app\nCOPY . .\n{SHOWN[0]}"


def write_wheels(folder: Path) -> None:
    """Write wheels of this checkout and of the project's dependencies into `folder`."""
    subprocess.run([LOCKED_UV, "build", "--quiet", "--wheel", "--offline", "--out-dir", folder, ROOT], check=True)
    for package in (*WHEELS, Wheel("pytest", "9.0", scripts=("pytest",))):
        package.write(folder)


def write_installed(name: str, folder: Path) -> None:
    """Write a wheel of the installed pure-Python package `name` into `folder`."""
    sources = [path for path in importlib.metadata.files(name) or [] if path.suffix == ".py"]
    version = importlib.metadata.version(name)
    contents = {path.as_posix(): path.read_text(encoding="utf-8") for path in sources}
    (folder / file_name(name, version)).write_bytes(wheel(name, version, contents))


def write_project(folder: Path, index: Index) -> Project:
    """Write a project that is locked with `index` into `folder`, together with the example files."""
    project = Project(folder, "app", extras={}, groups={"dev": ["pytest"]}).write()
    shutil.rmtree(project.folder / "wheels")
    document = project.pyproject.read_text(encoding="utf-8").partition("[[tool.uv.index]]")[0]
    project.pyproject.write_text(f'{document}[[tool.uv.index]]\nurl = "{index.url}"\ndefault = true\n', encoding="utf-8")
    package = project.folder / "src" / "app"
    (package / "__init__.py").write_text("import alpha\n\ndef handler(event, context):\n    return f'alpha {alpha.__version__}'\n")
    (package / "__main__.py").write_text("from app import handler\n\nprint(handler({}, None))\n")
    subprocess.run([UV, "lock", "--quiet", "--python", sys.executable], cwd=project.folder, check=True)
    shutil.copytree(EXAMPLES, project.folder, dirs_exist_ok=True)
    return project

"""Creates projects with a real uv.lock, and the wheels that they lock, without network access."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tools.shared import ROOT, wheels
from tools.shared.uv import UV, is_at_least

# Stands in for `uv_build` with versions of uv that do not have it built in.
_BACKEND = ROOT / "tests" / "support" / "uv_build.py"


def since(version: str, what: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test if the tested uv is older than `version`, the first that has `what`."""
    return pytest.mark.skipif(not is_at_least(version), reason=f"uv has {what} since {version}")


CAN_CHECK = since("0.6.10", "`uv sync --check`")
CAN_DRY_RUN = since("0.6.15", "a dry run of a locked sync")


@dataclass(frozen=True)
class Wheel:
    """A pure-Python distribution of one module. Unless `source` is given, the module has `__version__` and `main`."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    source: str = ""

    def write(self, folder: Path) -> Path:
        """Write the wheel into `folder` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        content = self.source or f"__version__ = {self.version!r}\n\n\ndef main():\n    print(__name__, __version__)\n"
        path = folder / wheels.file_name(self.name, self.version)
        files = {f"{self.name.replace('-', '_')}.py": content}
        path.write_bytes(wheels.wheel(self.name, self.version, files, requires=self.requires, scripts=self.scripts))
        return path


WHEELS = (
    Wheel("alpha", "1.0", requires=("beta",), scripts=("alpha",)),
    Wheel("alpha", "2.0", requires=("beta",), scripts=("alpha",)),
    Wheel("beta", "1.0"),
    Wheel("gamma", "1.0"),
    Wheel("docs-tool", "1.0"),
    Wheel("lint-tool", "1.0"),
    Wheel("uv-build", "1.0", source=_BACKEND.read_text(encoding="utf-8")),
)


def write_index(folder: Path) -> None:
    """Write a page for each project in the `folder` of wheels (PEP 503), so that every uv can read it as an index without a server."""
    pages: dict[str, str] = defaultdict(str)
    for wheel in sorted(folder.glob("*.whl")) + sorted(folder.glob("*.tar.gz")):
        pages[wheel.name.partition("-")[0].replace("_", "-")] += f'<a href="../{wheel.name}">{wheel.name}</a>\n'
    for name, links in pages.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "index.html").write_text(f"<!DOCTYPE html>\n{links}", encoding="utf-8")


@dataclass(frozen=True)
class Project:
    """A project in `folder`, to be written to disk with `write`. The fields are what differs between tests."""

    folder: Path
    name: str = "sample-project"
    dependencies: tuple[str, ...] = ("alpha<2",)
    requires_python: str = ">=3.8"
    extras: dict[str, list[str]] = field(default_factory=lambda: {"docs": ["docs-tool"]})
    groups: dict[str, list[str]] = field(default_factory=lambda: {"dev": ["gamma"], "lint": ["lint-tool"]})
    settings: str = ""

    @property
    def pyproject(self) -> Path:
        """The path of pyproject.toml."""
        return self.folder / "pyproject.toml"

    def write(self) -> Project:
        """Write pyproject.toml, the package and all `WHEELS`, and return the project."""
        for wheel in WHEELS:
            wheel.write(self.folder / "wheels")
        write_index(self.folder / "wheels")
        package = self.folder / "src" / self.name.replace("-", "_")
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("", encoding="utf-8")
        self.pyproject.write_text(self._document(), encoding="utf-8")
        return self

    def lock(self, *, offline: bool = True) -> Project:
        """Create uv.lock with the real uv, and return the project."""
        write_index(self.folder / "wheels")
        command = [str(UV), "lock", "--quiet", *(["--offline"] if offline else []), "--python", sys.executable]
        subprocess.run(command, cwd=self.folder, check=True, env={**os.environ, "UV_PYTHON_PREFERENCE": "system"})
        return self

    def _document(self) -> str:
        extras = "".join(f"{name} = {requirements!r}\n" for name, requirements in self.extras.items())
        groups = "".join(f"{name} = {requirements!r}\n" for name, requirements in self.groups.items())
        return f"""\
[project]
name = "{self.name}"
version = "0.1"
requires-python = "{self.requires_python}"
dependencies = {list(self.dependencies)!r}

[project.optional-dependencies]
{extras}
[dependency-groups]
{groups}
[build-system]
requires = ["uv_build"]
build-backend = "uv_build"

[[tool.uv.index]]
name = "local"
url = "wheels"
default = true
{self.settings}"""

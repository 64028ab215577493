"""Makes projects with a real uv.lock, and the wheels that they lock, without asking any index."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.pythons import ROOT

# The uv that is locked, which has in it what this repository's own build needs, and the one that is tested: the same, or any other.
LOCKED_UV = ROOT / ".venv" / "bin" / "uv"
UV = Path(os.environ.get("TESTED_UV", LOCKED_UV))

UV_VERSION = tuple(map(int, re.findall(r"\d+", subprocess.run([UV, "--version"], check=True, capture_output=True, text=True).stdout)[:3]))

# What takes the place of the backend that only newer versions of uv have built in; those do not look for it.
_BACKEND = ROOT / "tests" / "support" / "uv_build.py"


def since(version: str, what: str) -> pytest.MarkDecorator:
    """Leave a test out where the tested uv is older than `version`, which was the first that has `what`."""
    return pytest.mark.skipif(UV_VERSION < tuple(map(int, version.split("."))), reason=f"uv has {what} since {version}")


def outlast_freshness() -> None:
    """Wait for the end of the second in which an older uv takes what it was given for fresh (astral-sh/uv, changelogs/0.11.x.md)."""
    if UV_VERSION < (0, 11, 28):
        time.sleep(1)


CAN_CHECK = since("0.6.10", "`uv sync --check`")


@dataclass(frozen=True)
class Wheel:
    """A pure-Python distribution of one module, which knows its version unless it has a `source` of its own."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    source: str = ""

    def write(self, folder: Path) -> Path:
        """Write the wheel into `folder` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        module = self.name.replace("-", "_")
        content = self.source or f"__version__ = {self.version!r}\n\n\ndef main():\n    print(__name__, __version__)\n"
        info = f"{module}-{self.version}.dist-info"
        requires = "".join(f"Requires-Dist: {requirement}\n" for requirement in self.requires)
        entry_points = "".join(f"{script} = {module}:main\n" for script in self.scripts)
        files = {
            f"{module}.py": content,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n{requires}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": f"[console_scripts]\n{entry_points}",
        }
        files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
        path = folder / f"{module}-{self.version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
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
    """Make the `folder` of wheels an index that every uv reads without a server: a page for each project (PEP 503)."""
    pages: dict[str, str] = defaultdict(str)
    for wheel in sorted(folder.glob("*.whl")) + sorted(folder.glob("*.tar.gz")):
        pages[wheel.name.partition("-")[0].replace("_", "-")] += f'<a href="../{wheel.name}">{wheel.name}</a>\n'
    for name, links in pages.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "index.html").write_text(f"<!DOCTYPE html>\n{links}", encoding="utf-8")


@dataclass(frozen=True)
class Project:
    """A project in `folder`; what differs between tests is a field, and `write` makes it so on disk."""

    folder: Path
    name: str = "sample-project"
    dependencies: tuple[str, ...] = ("alpha<2",)
    requires_python: str = ">=3.8"
    extras: dict[str, list[str]] = field(default_factory=lambda: {"docs": ["docs-tool"]})
    groups: dict[str, list[str]] = field(default_factory=lambda: {"dev": ["gamma"], "lint": ["lint-tool"]})
    settings: str = ""

    @property
    def pyproject(self) -> Path:
        """The path of its pyproject.toml."""
        return self.folder / "pyproject.toml"

    def write(self) -> Project:
        """Write pyproject.toml, the package and the wheels that it may depend on."""
        for wheel in WHEELS:
            wheel.write(self.folder / "wheels")
        write_index(self.folder / "wheels")
        package = self.folder / "src" / self.name.replace("-", "_")
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("", encoding="utf-8")
        self.pyproject.write_text(self._document(), encoding="utf-8")
        return self

    def lock(self) -> Project:
        """Make uv.lock with the real uv, offline, and return the project."""
        write_index(self.folder / "wheels")
        command = [str(UV), "lock", "--quiet", "--offline", "--python", sys.executable]
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

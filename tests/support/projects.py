"""Makes projects with a real uv.lock, and the wheels that they lock, without asking any index."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.pythons import ROOT

# The uv that is tested: the locked one, or any other that this names.
UV = Path(os.environ.get("TESTED_UV", ROOT / ".venv" / "bin" / "uv"))


@dataclass(frozen=True)
class Wheel:
    """A pure-Python distribution of one module that knows its version."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write the wheel into `folder` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        module = self.name.replace("-", "_")
        info = f"{module}-{self.version}.dist-info"
        requires = "".join(f"Requires-Dist: {requirement}\n" for requirement in self.requires)
        entry_points = "".join(f"{script} = {module}:main\n" for script in self.scripts)
        files = {
            f"{module}.py": f"__version__ = {self.version!r}\n\n\ndef main():\n    print(__name__, __version__)\n",
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
)


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
        package = self.folder / "src" / self.name.replace("-", "_")
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("", encoding="utf-8")
        self.pyproject.write_text(self._document(), encoding="utf-8")
        return self

    def lock(self) -> Project:
        """Make uv.lock with the real uv, offline, and return the project."""
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
format = "flat"
default = true
{self.settings}"""

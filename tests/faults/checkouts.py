"""Writes the two projects to sync: one that takes long to install, and one that an index serves quickly."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.projects import write_index
from tools.shared import wheels
from tools.shared.uv import UV

PYPROJECT = """\
[project]
name = "swept"
version = "1.0"
requires-python = ">=3.8"
dependencies = [{dependencies}]

[tool.uv]
package = false

[[tool.uv.index]]
url = "{url}"
default = true
"""

# Larger than all buffers between an index and uv together.
_BULK = "# " + "bulk " * 100_000 + "\n"

Modules = dict[str, str]


@dataclass(frozen=True)
class Project:
    """Wheels of two versions in `folder`/wheels, and next to them a locked checkout for each version."""

    folder: Path
    names: tuple[str, ...]

    def checkout(self, version: str) -> Path:
        """Return the folder of the checkout that locks every package at `version`."""
        return self.folder / version

    def wheel(self, name: str, version: str) -> Path:
        """Return the path of one of the project's wheels."""
        return self.folder / "wheels" / wheels.file_name(name, version)

    def lock(self, url: str, cache: Path) -> None:
        """Write and lock the checkouts for the index at `url`, or for the folder of wheels if `url` is empty."""
        write_index(self.folder / "wheels")
        for version in ("1.0", "2.0"):
            self.checkout(version).mkdir()
            dependencies = ", ".join(f'"{name}=={version}"' for name in self.names)
            document = PYPROJECT.format(dependencies=dependencies, url=url or "../wheels")
            (self.checkout(version) / "pyproject.toml").write_text(document, encoding="utf-8")
            command = [str(UV), "lock", "--quiet", "--no-python-downloads", "--python", sys.executable]
            subprocess.run(command, cwd=self.checkout(version), check=True, env={**os.environ, "UV_CACHE_DIR": str(cache)})


def long(folder: Path, generator: random.Random, count: int = 30, modules: tuple[int, int] = (20, 60)) -> Project:
    """Write many wheels of many modules; the name of every other module depends on the version."""
    (folder / "wheels").mkdir(parents=True)
    sizes = {f"package{number:02}": generator.randint(*modules) for number in range(count)}
    project = Project(folder, tuple(sizes))
    for version in ("1.0", "2.0"):
        for name, size in sizes.items():
            files = dict(_modules(name, version, size, generator))
            project.wheel(name, version).write_bytes(wheels.wheel(name, version, files, scripts=(name,) if size % 3 == 0 else ()))
    return project


def quick(folder: Path, generator: random.Random) -> Project:
    """Write a few small wheels and a large one."""
    (folder / "wheels").mkdir(parents=True)
    project = Project(folder, ("bulky", *(f"small{number}" for number in range(5))))
    for version in ("1.0", "2.0"):
        for name in project.names:
            files = dict(_modules(name, version, generator.randint(2, 5), generator))
            if name == "bulky":
                files["bulky/data.py"] = f"# {version}\n{_BULK}"
            project.wheel(name, version).write_bytes(wheels.wheel(name, version, files, scripts=(name,) if name == "small1" else ()))
    return project


def _modules(name: str, version: str, size: int, generator: random.Random) -> Iterator[tuple[str, str]]:
    yield f"{name}/__init__.py", f"__version__ = {version!r}\n\n\ndef main():\n    print(__version__)\n"
    for number in range(1, size):
        stem = f"module{number:02}" if number % 2 else f"module{number:02}_of_{version[0]}"
        lines = generator.randint(1, 60)
        yield f"{name}/part{number % 4}/{stem}.py", f"# {version}\n" + "".join(f"X{line} = {generator.random()}\n" for line in range(lines))

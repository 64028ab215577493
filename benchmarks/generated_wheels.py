"""Generates wheels with the number and sizes of files of published wheels. The same seed always produces the same bytes."""

from __future__ import annotations

import base64
import io
import random
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.shared import wheels

# The median number of modules and of bytes per module in the 76 distributions that Flask 3.1.3 locks for its development. Each
# distribution has four more files in its .dist-info folder.
_MODULES = 15
_BYTES = 1_200

# For both numbers, the standard deviation of the logarithm, and the maximum.
_SPREAD = (0.9, 1.4)
_MOST = (150, 60_000)

_WORDS = (
    *("read", "write", "parse", "open", "close", "value", "result", "index", "name", "path"),
    *("lock", "count", "table", "field", "option", "state", "node", "edge", "line", "text"),
)

VERSION = "1.0"


@dataclass(frozen=True)
class Wheel:
    """A distribution to generate."""

    number: int
    version: str = VERSION

    @property
    def name(self) -> str:
        """The normalized name."""
        return f"bench-{_WORDS[self.number % len(_WORDS)]}-{self.number:04}"

    def modules(self, seed: int) -> dict[str, str]:
        """Return the source of each module, by path."""
        chance = random.Random(f"{seed}-{self.name}-{self.version}")  # noqa: S311 - reproducible, not secret
        module = self.name.replace("-", "_")
        files = {
            f"{module}/__init__.py": f'"""{self.name}"""\n\n__version__ = "{self.version}"\n\n\ndef main() -> None:\n    print(__name__)\n'
        }
        for number in range(_skewed(chance, _MODULES, _SPREAD[0], _MOST[0])):
            files[f"{module}/{chance.choice(_WORDS)}_{number}.py"] = _source(chance, _skewed(chance, _BYTES, _SPREAD[1], _MOST[1]))
        return files

    @property
    def requires(self) -> list[str]:
        """Requirements on wheels with lower numbers only, so that the first wheels never require a later one."""
        return [f"{Wheel(number).name}>=1" for number in sorted({self.number // 2, self.number // 3} - {self.number, 0})]

    def write(self, folder: Path, seed: int) -> Path:
        """Write the wheel into `folder` and return its path."""
        path = folder / wheels.file_name(self.name, self.version)
        scripts = [self.name] if self.number % 10 == 0 else []
        content = wheels.wheel(
            self.name, self.version, self.modules(seed), requires=self.requires, scripts=scripts, compression=zipfile.ZIP_DEFLATED
        )
        path.write_bytes(content)
        return path


def generated(count: int) -> Iterator[Wheel]:
    """Yield the first `count` distributions, in ascending order."""
    return (Wheel(number) for number in range(count))


def write_source(folder: Path, name: str, seconds: float) -> Path:
    """Write a source distribution whose build takes `seconds` to `folder`, and return its path."""
    module = name.replace("-", "_")
    built = wheels.wheel(name, VERSION, {f"{module}.py": ""})
    backend = f"""\
import base64, pathlib, time

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    time.sleep({seconds})
    pathlib.Path(wheel_directory, {wheels.file_name(name, VERSION)!r}).write_bytes(base64.b64decode({base64.b64encode(built)!r}))
    return {wheels.file_name(name, VERSION)!r}
"""
    files = {
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {VERSION}\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": backend,
    }
    path = folder / f"{module}-{VERSION}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"{module}-{VERSION}/{file}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def _skewed(chance: random.Random, median: int, spread: float, most: int) -> int:
    return min(most, max(1, round(median * chance.lognormvariate(0, spread))))


def _source(chance: random.Random, size: int) -> str:
    """Return valid Python source of at least `size` bytes."""
    functions = _functions()
    pieces = [f'"""{" ".join(chance.choices(_WORDS, k=8))}: {chance.random()}."""\n']
    length = len(pieces[0])
    while length < size:
        pieces.append(chance.choice(functions))
        length += len(pieces[-1])
    return "".join(pieces)


@cache
def _functions() -> tuple[str, ...]:
    chance = random.Random("functions")  # noqa: S311 - reproducible, not secret
    return tuple(_function(chance, number) for number in range(2_000))


def _function(chance: random.Random, number: int) -> str:
    one, two, verb = chance.choice(_WORDS), chance.choice(_WORDS), chance.choice(_WORDS)
    docstring = " ".join(chance.choices(_WORDS, k=chance.randint(5, 20)))
    lines = [f"    {one} = {two}.{verb}({chance.randint(0, 999)}, key={chance.choice(_WORDS)!r})\n" for _ in range(chance.randint(1, 8))]
    return f'\n\ndef {verb}_{one}_{number}({two}, {one}=None):\n    """{docstring.capitalize()}."""\n{"".join(lines)}    return {one}\n'

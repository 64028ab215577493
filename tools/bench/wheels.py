"""Generates wheels that are like published ones in the number and the size of their files; the same seed gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
import random
import zipfile
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The medians of the 76 distributions that Flask 3.1.3 locks for its development, with four files in the .dist-info folder of each.
_MODULES = 15
_BYTES = 1_200

# How far they spread (the standard deviation of the logarithm), and where that ends.
_SPREAD = (0.9, 1.4)
_MOST = (150, 60_000)

_WORDS = (
    *("read", "write", "parse", "open", "close", "value", "result", "index", "name", "path"),
    *("lock", "count", "table", "field", "option", "state", "node", "edge", "line", "text"),
)

# The one of which there is a newer version, too.
UPDATED = 5
OLD, NEW = "1.0", "1.1"


@dataclass(frozen=True)
class Wheel:
    """A distribution that is to be generated."""

    number: int
    version: str = OLD

    @property
    def name(self) -> str:
        """The normalized name."""
        return f"bench-{_WORDS[self.number % len(_WORDS)]}-{self.number:04}"

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"

    def contents(self, seed: int) -> dict[str, str]:
        """Return its files with what is in them."""
        chance = random.Random(f"{seed}-{self.name}-{self.version}")  # noqa: S311 - reproducible, not secret
        module, info = self.name.replace("-", "_"), f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        files = {
            f"{module}/__init__.py": f'"""{self.name}"""\n\n__version__ = "{self.version}"\n\n\ndef main() -> None:\n    print(__name__)\n'
        }
        for number in range(_skewed(chance, _MODULES, _SPREAD[0], _MOST[0])):
            files[f"{module}/{chance.choice(_WORDS)}_{number}.py"] = _source(chance, _skewed(chance, _BYTES, _SPREAD[1], _MOST[1]))
        files[f"{info}/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\nRequires-Python: >=3.8\n{self._requires()}"
        )
        files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        if self.number % 10 == 0:
            files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{self.name} = {module}:main\n"
        files[f"{info}/RECORD"] = "".join([*map(_row, files, files.values()), f"{info}/RECORD,,\n"])
        return files

    def write(self, folder: Path, seed: int) -> Path:
        """Write the wheel into `folder` and return its path."""
        path = folder / self.file
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, content in self.contents(seed).items():
                # Of a fixed date, so that the same wheel has the same hash.
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return path

    def _requires(self) -> str:
        """Require some of those before this one, as far as it goes: what is locked is always a prefix of them all."""
        before = sorted({self.number // 2, self.number // 3} - {self.number, 0})
        return "".join(f"Requires-Dist: {Wheel(number).name}>=1\n" for number in before)


def generated(count: int) -> Iterator[Wheel]:
    """Yield the first `count` distributions, in the version that is installed first."""
    return (Wheel(number) for number in range(count))


def _skewed(chance: random.Random, median: int, spread: float, most: int) -> int:
    return min(most, max(1, round(median * chance.lognormvariate(0, spread))))


def _row(name: str, content: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content.encode())}\n"


def _source(chance: random.Random, size: int) -> str:
    """Return valid Python of about `size` bytes."""
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
    return tuple(map(_function, [chance] * 2_000, range(2_000)))


def _function(chance: random.Random, number: int) -> str:
    one, two, verb = chance.choice(_WORDS), chance.choice(_WORDS), chance.choice(_WORDS)
    docstring = " ".join(chance.choices(_WORDS, k=chance.randint(5, 20)))
    lines = [f"    {one} = {two}.{verb}({chance.randint(0, 999)}, key={chance.choice(_WORDS)!r})\n" for _ in range(chance.randint(1, 8))]
    return f'\n\ndef {verb}_{one}_{number}({two}, {one}=None):\n    """{docstring.capitalize()}."""\n{"".join(lines)}    return {one}\n'

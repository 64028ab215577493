"""Measures the contenders in turn, each from a restored state, and checks after every sample that the right packages are installed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import Contender, Place
from uv_system_sync.interpreter import site_packages

COLD, WARM, NOTHING, UPDATE = "fresh prefix, cold cache", "fresh prefix, warm cache", "nothing to do", "one package updated"
CASES = (COLD, WARM, NOTHING, UPDATE)

BEFORE, AFTER = "before", "after"

_INTERPRETER = re.compile(r"python(3(\.\d+)?)?")

_FRESH, _INSTALLED = "fresh", "installed"


@dataclass
class Entry:
    """A contender with its folders; `expected` is what each checkout has to install, and `state` what is installed now."""

    contender: Contender
    place: Place
    expected: Mapping[str, Mapping[str, str]]
    state: str = ""

    def prime(self) -> None:
        """Fill the caches, and keep the states that samples start from."""
        self.save(_FRESH)
        for checkout in self.place.checkouts:
            self.contender.clean(self.place)
            self.contender.run(self.place, self.place.checkouts[checkout])
            self.check(checkout)
            if checkout == BEFORE:
                self.save(_INSTALLED)

    def sample(self, case: str) -> float:
        """Return what the contender takes for `case`, in seconds."""
        checkout = AFTER if case == UPDATE else BEFORE
        self.restore(_FRESH if case in (COLD, WARM) else _INSTALLED)
        self.contender.clean(self.place)
        cache = self.contender.cache(self.place)
        aside = cache.with_name(f"{cache.name}-warm")
        if case == COLD:
            cache.rename(aside)
        # What restoring has left to be written would be written while the sample is taken.
        os.sync()
        try:
            seconds = self.contender.run(self.place, self.place.checkouts[checkout])
        finally:
            if case == COLD:
                shutil.rmtree(cache)
                aside.rename(cache)
        self.check(checkout)
        self.state = _INSTALLED if case == NOTHING else ""
        return seconds

    def check(self, checkout: str) -> None:
        """Raise a `RuntimeError` unless what is installed is what `checkout` locks."""
        found = packages(self.contender.target(self.place))
        expected = self.expected.get(checkout)
        if expected is not None and found != expected:
            raise RuntimeError(
                f"{self.contender.name} has installed something else: {sorted(set(found.items()) ^ set(expected.items()))[:20]}"
            )

    def _changed(self) -> list[Path]:
        place = self.place
        paths = {"site-packages": place.site_packages, "bin": place.prefix / "bin", "venv": place.folder / "venv"}
        return [paths[name] for name in self.contender.changed]

    def save(self, state: str) -> None:
        """Keep what the contender changes as `state`."""
        for folder in self._changed():
            if folder.is_dir():
                _link(folder, self.place.folder / "states" / state / folder.name)

    def restore(self, state: str) -> None:
        """Restore `state`."""
        # Where there was nothing to do, nothing has to be undone.
        if state == self.state:
            return
        for folder in self._changed():
            remove(folder)
            saved = self.place.folder / "states" / state / folder.name
            if saved.is_dir():
                _link(saved, folder)


def packages(folder: Path) -> dict[str, str]:
    """Return what is installed in `folder`, less what a Python comes with."""
    return {found.name: found.version for found in site_packages.packages((str(folder),)) if found.name not in site_packages.SEEDS}


def rounds(entries: Sequence[Entry], case: str, count: int, budget: float) -> dict[str, list[float]]:
    """Return the samples of each contender in `count` rounds; one that has used up `budget` seconds skips the rest."""
    samples: dict[str, list[float]] = {entry.contender.name: [] for entry in entries}
    for number in range(count):
        # Each round begins with another contender.
        shift = number % len(entries)
        for entry in (*entries[shift:], *entries[:shift]):
            done = samples[entry.contender.name]
            if not done or sum(done) + sum(done) / len(done) <= budget:
                done.append(entry.sample(case))
    return samples


def remove(folder: Path) -> None:
    """Remove what `folder` holds, less the interpreter: uv queries it again when its file has changed, even by one more link."""
    with suppress(FileNotFoundError):
        if _has_interpreter(str(folder)):
            for path in folder.iterdir():
                if not _INTERPRETER.fullmatch(path.name):
                    path.unlink()
        else:
            shutil.rmtree(folder)


def _link(source: Path, target: Path) -> None:
    """Copy a folder without copying what its files hold, and without an interpreter's own file."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link, ignore=_interpreters, dirs_exist_ok=True)


def _interpreters(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if _INTERPRETER.fullmatch(name)] if _has_interpreter(folder) else []


def _has_interpreter(folder: str) -> bool:
    """Return whether `folder` holds the programs of an installation; a virtual environment's interpreter is a link, and harmless."""
    return os.path.basename(folder) == "bin" and not os.path.isfile(os.path.join(os.path.dirname(folder), "pyvenv.cfg"))

"""Measures the contenders in turn, each from a restored state, and checks after every sample that the right packages are installed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generated_wheels, testbed
from benchmarks.contenders import LIMIT, Action, CachedAction, Contender, Place, Project
from benchmarks.samples import Table
from benchmarks.testbed import Testbed
from uv_system_sync.interpreter import site_packages

NOTHING, WARM = "nothing to do", "fresh prefix, warm cache"
COLD, NOTHING_COLD = "fresh prefix, cold cache", "nothing to do, cold cache"

# Samples that even a slow contender takes.
_LEAST = 3

_INTERPRETER = re.compile(r"python(3(\.\d+)?)?")

_FRESH, _INSTALLED = "fresh", "installed"


@dataclass
class Entry:
    """A contender in its place."""

    contender: Contender
    place: Place

    def prime(self) -> None:
        """Fill the caches, and keep the states that samples start from."""
        if not self._states.is_dir():
            self.save(_FRESH)
        # The action fills uv's cache as plain uv does, which comes before it; built wheels are in a cache of their own.
        is_filled = isinstance(self.contender, Action) and not isinstance(self.contender, CachedAction) and self.place.state == _INSTALLED
        if self.contender.installing and not is_filled:
            self.restore(_FRESH)
        self.contender.clean(self.place)
        self.contender.run(self.place)
        self._check()
        self.place.state = _INSTALLED
        if not (self._states / _INSTALLED).is_dir():
            self.save(_INSTALLED)

    def sample(self, case: str) -> float:
        """Return what the contender takes for `case`, in seconds."""
        self.restore(_FRESH if case in (COLD, WARM) else _INSTALLED)
        self.contender.clean(self.place)
        with _without(self.place.home, apart=case in (COLD, NOTHING_COLD)):
            # What restoring has left to be written would be written while the sample is taken.
            os.sync()
            seconds = self.contender.run(self.place)
        self._check()
        self.place.state = "" if case in (COLD, WARM) else _INSTALLED
        return seconds

    def save(self, state: str) -> None:
        """Keep what the contender changes as `state`."""
        (self._states / state).mkdir(parents=True)
        for number, folder in enumerate(self.contender.changed(self.place)):
            if folder.is_dir():
                _link(folder, self._states / state / str(number))

    def restore(self, state: str) -> None:
        """Restore `state`."""
        # Where there was nothing to do, nothing has to be undone.
        if state == self.place.state:
            return
        for number, folder in enumerate(self.contender.changed(self.place)):
            remove(folder)
            saved = self._states / state / str(number)
            if saved.is_dir():
                _link(saved, folder)

    @property
    def _states(self) -> Path:
        return self.place.folder / "states"

    def _check(self) -> None:
        """Raise a `RuntimeError` unless what is installed is what the project locks."""
        infos = site_packages.dist_infos([str(self.contender.packages(self.place))])
        found = {one.name: one.version for one in site_packages.packages(infos)}
        found = {name: version for name, version in found.items() if name not in site_packages.SEEDS}
        pins = self.place.project.pins
        if not pins:
            pins.update(found)
        if found != pins:
            raise RuntimeError(f"{self.contender.name} has installed something else: {sorted(set(found.items()) ^ set(pins.items()))[:20]}")


def generated(bed: Testbed, size: int, prefix: str = "") -> Project:
    """Return a project that locks `size` generated packages, whose title has the `prefix`."""
    pins = testbed.pins(size)
    title = f"{prefix}{size} packages"
    folder = testbed.project(bed, bed.folder / re.sub(r"\W+", "-", title), pins)
    testbed.export(bed, folder)
    return Project(title, folder, pins)


def with_a_build(bed: Testbed, size: int) -> Project:
    """Return a project that locks `size` generated packages and one that has to be built."""
    pins = {**testbed.pins(size), testbed.SLOW: generated_wheels.VERSION}
    return Project(f"{size} packages, and one that takes 20 s to build", testbed.project(bed, bed.folder / "with-a-build", pins), pins)


def set_up(bed: Testbed, project: Project, chosen: Sequence[Contender], log: Callable[[str], object]) -> list[Entry]:
    """Return `chosen`, each with its caches filled for `project`; what plain uv installs is what all have to."""
    entries: dict[str, Entry] = {}
    places: dict[str, Place] = {}
    for contender in sorted(chosen, key=lambda one: (not one.installing, one is not LIMIT)):
        log(f"{project.folder.name}: setting up {contender.name}")
        if contender.group not in places:
            place = places[contender.group] = Place(bed, project.folder.with_name(f"{project.folder.name}-{contender.group}"), project)
            bed.prefix(place.prefix)
        entry = entries[contender.name] = Entry(contender, places[contender.group])
        entry.prime()
    return [entries[contender.name] for contender in chosen]


def compare(entries: Sequence[Entry], cases: Mapping[str, int], budget: float, log: Callable[[str], object]) -> Table:
    """Measure each of `cases` in as many rounds as it says, with at most `budget` seconds for a contender, but three samples."""
    title = entries[0].place.project.title.format(len(entries[0].place.project.pins))
    samples: dict[str, dict[str, list[float]]] = {}
    for case, count in cases.items():
        log(f"{title}: {case}")
        chosen = [entry for entry in entries if entry.contender.installing or case == NOTHING]
        # What is computed from the times with nothing to do needs all of their samples.
        samples[case] = rounds(chosen, case, count, budget * (3 if case == NOTHING else 1))
    return Table(title, samples)


def rounds(entries: Sequence[Entry], case: str, count: int, budget: float) -> dict[str, list[float]]:
    """Return the samples of each contender in `count` rounds; one that has used up `budget` seconds skips the rest."""
    samples: dict[str, list[float]] = {entry.contender.name: [] for entry in entries}
    for number in range(count):
        # Each round begins with another contender.
        shift = number % len(entries)
        for entry in (*entries[shift:], *entries[:shift]):
            done = samples[entry.contender.name]
            if len(done) < _LEAST or sum(done) + sum(done) / len(done) <= budget:
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


@contextmanager
def _without(folder: Path, *, apart: bool) -> Iterator[None]:
    """Put `folder` aside as long as the context lasts, if `apart`."""
    aside = folder.with_name(f"{folder.name}-warm")
    if apart:
        folder.rename(aside)
        folder.mkdir()
    yield
    if apart:
        shutil.rmtree(folder)
        aside.rename(folder)


def _link(source: Path, target: Path) -> None:
    """Copy a folder without copying what its files hold, and without an interpreter's own file."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link, ignore=_interpreters, dirs_exist_ok=True)


def _interpreters(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if _INTERPRETER.fullmatch(name)] if _has_interpreter(folder) else []


def _has_interpreter(folder: str) -> bool:
    """Return whether `folder` holds the programs of an installation; a virtual environment's interpreter is a link, and harmless."""
    return os.path.basename(folder) == "bin" and not os.path.isfile(os.path.join(os.path.dirname(folder), "pyvenv.cfg"))

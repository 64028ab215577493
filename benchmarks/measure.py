"""Measures the contenders in turn, each from a restored state, and checks the installed packages after every sample."""

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

# The minimum number of samples, also for slow contenders.
_LEAST = 3

_INTERPRETER = re.compile(r"python(3(\.\d+)?)?")

_FRESH, _INSTALLED = "fresh", "installed"


@dataclass
class Entry:
    """A contender in its place."""

    contender: Contender
    place: Place

    def prime(self) -> None:
        """Fill the caches, and save the states that samples start from."""
        if not self._states.is_dir():
            self.save(_FRESH)
        # Plain uv comes before the action and fills the same cache. Built wheels have their own cache.
        shares_cache = isinstance(self.contender, Action) and not isinstance(self.contender, CachedAction)
        if self.contender.installing and not (shares_cache and self.place.state == _INSTALLED):
            self.restore(_FRESH)
        self.contender.clean(self.place)
        self.contender.run(self.place)
        self._check()
        self.place.state = _INSTALLED
        if not (self._states / _INSTALLED).is_dir():
            self.save(_INSTALLED)

    def sample(self, case: str) -> float:
        """Return the wall time of the contender for `case`, in seconds."""
        self.restore(_FRESH if case in (COLD, WARM) else _INSTALLED)
        self.contender.clean(self.place)
        with _empty(self.place.home, emptied=case in (COLD, NOTHING_COLD)):
            # Write the restored files to disk now, not during the sample.
            os.sync()
            seconds = self.contender.run(self.place)
        self._check()
        self.place.state = "" if case in (COLD, WARM) else _INSTALLED
        return seconds

    def save(self, state: str) -> None:
        """Save the folders that the contender changes as `state`."""
        (self._states / state).mkdir(parents=True)
        for number, folder in enumerate(self.contender.changed(self.place)):
            if folder.is_dir():
                _link(folder, self._states / state / str(number))

    def restore(self, state: str) -> None:
        """Restore `state`, unless it is the current state."""
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
        """Raise `RuntimeError` unless exactly the locked packages are installed."""
        infos = site_packages.dist_infos([str(self.contender.packages(self.place))])
        found = {package.name: package.version for package in site_packages.packages(infos) if package.name not in site_packages.SEEDS}
        pins = self.place.project.pins
        if not pins:
            pins.update(found)
        if found != pins:
            differences = sorted(set(found.items()) ^ set(pins.items()))[:20]
            raise RuntimeError(f"{self.contender.name} did not install exactly the locked packages: {differences}")


def generated(bed: Testbed, size: int, prefix: str = "") -> Project:
    """Return a project that locks `size` generated packages. Its title starts with `prefix`."""
    pins = testbed.pins(size)
    title = f"{prefix}{size} packages"
    folder = testbed.project(bed, bed.folder / re.sub(r"\W+", "-", title), pins)
    testbed.export(bed, folder)
    return Project(title, folder, pins)


def with_a_build(bed: Testbed, size: int) -> Project:
    """Return a project that locks `size` generated packages and one without a wheel."""
    pins = {**testbed.pins(size), testbed.SLOW: generated_wheels.VERSION}
    return Project(f"{size} packages, and one that takes 20 s to build", testbed.project(bed, bed.folder / "with-a-build", pins), pins)


def set_up(bed: Testbed, project: Project, chosen: Sequence[Contender], log: Callable[[str], object]) -> list[Entry]:
    """Return an entry for each of the `chosen` contenders, with its caches filled for `project`."""
    entries: dict[str, Entry] = {}
    places: dict[str, Place] = {}
    # Plain uv comes first: the others must install what it installs.
    for contender in sorted(chosen, key=lambda contender: (not contender.installing, contender is not LIMIT)):
        log(f"{project.folder.name}: setting up {contender.name}")
        if contender.group not in places:
            place = places[contender.group] = Place(bed, project.folder.with_name(f"{project.folder.name}-{contender.group}"), project)
            bed.prefix(place.prefix)
        entry = entries[contender.name] = Entry(contender, places[contender.group])
        entry.prime()
    return [entries[contender.name] for contender in chosen]


def compare(entries: Sequence[Entry], cases: Mapping[str, int], budget: float, log: Callable[[str], object]) -> Table:
    """Measure each case in the number of rounds that `cases` gives; see `rounds` for `budget`."""
    title = entries[0].place.project.title.format(len(entries[0].place.project.pins))
    samples: dict[str, dict[str, list[float]]] = {}
    for case, count in cases.items():
        log(f"{title}: {case}")
        chosen = [entry for entry in entries if entry.contender.installing or case == NOTHING]
        # Own work is computed from the times with nothing to do, and needs all of their samples.
        samples[case] = rounds(chosen, case, count, budget * (3 if case == NOTHING else 1))
    return Table(title, samples)


def rounds(entries: Sequence[Entry], case: str, count: int, budget: float) -> dict[str, list[float]]:
    """Return the samples of each contender from `count` rounds; after three, it skips those that would exceed its `budget` of seconds."""
    samples: dict[str, list[float]] = {entry.contender.name: [] for entry in entries}
    for number in range(count):
        # Each round starts with a different contender.
        first = number % len(entries)
        for entry in (*entries[first:], *entries[:first]):
            done = samples[entry.contender.name]
            if len(done) < _LEAST or sum(done) + sum(done) / len(done) <= budget:
                done.append(entry.sample(case))
    return samples


def remove(folder: Path) -> None:
    """Remove `folder`, or its content except the interpreter: uv queries an interpreter again if its file changes, even its link count."""
    with suppress(FileNotFoundError):
        if _has_interpreter(str(folder)):
            for path in folder.iterdir():
                if not _INTERPRETER.fullmatch(path.name):
                    path.unlink()
        else:
            shutil.rmtree(folder)


@contextmanager
def _empty(folder: Path, *, emptied: bool) -> Iterator[None]:
    """If `emptied`, replace `folder` by an empty folder while the context lasts."""
    if not emptied:
        yield
        return
    aside = folder.with_name(f"{folder.name}-warm")
    folder.rename(aside)
    folder.mkdir()
    yield
    shutil.rmtree(folder)
    aside.rename(folder)


def _link(source: Path, target: Path) -> None:
    """Copy a folder as hard links to its files, without interpreters."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link, ignore=_interpreters, dirs_exist_ok=True)


def _interpreters(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if _INTERPRETER.fullmatch(name)] if _has_interpreter(folder) else []


def _has_interpreter(folder: str) -> bool:
    """Return whether `folder` is the `bin` of an installation. In a virtual environment, the interpreter is only a symbolic link."""
    return os.path.basename(folder) == "bin" and not os.path.isfile(os.path.join(os.path.dirname(folder), "pyvenv.cfg"))

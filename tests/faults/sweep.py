"""Tries faults on one Python: each several times, with the action and with plain uv, always followed by an undisturbed sync."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.faults import checkouts, disks, downloads, fake_uv, kills, machine
from tests.faults.counts import Counts
from tests.faults.installation import KINDS, LINK_MODES, Installation, Start
from tests.faults.job import Fault, Job, Lasting, prepared
from tests.faults.running import wait_for_the_rest
from tests.faults.syncs import Action, PlainUv, Sync
from tests.support.index import Index
from tools.shared.pythons import Python

FAULTS = (*kills.FAULTS, *downloads.FAULTS, *disks.FAULTS, *machine.FAULTS, *fake_uv.FAULTS)

# Keyed by fault and by the name of the sync.
Results = dict[str, dict[str, Counts]]


@dataclass(frozen=True)
class Size:
    """The number of modules in the long project, and the number of wheels."""

    wheels: int = 30
    modules: tuple[int, int] = (20, 60)


@dataclass
class Sweep:
    """The tries of faults on one Python."""

    installation: Installation
    seed: int
    _lasting: dict[tuple[str, Start], Lasting] = field(default_factory=dict)

    def try_all(self, fault: Fault, sync: Sync, tries: int) -> Counts:
        """Try `fault` a number of times."""
        counts = Counts()
        for number in range(tries):
            # Both syncs get the same tries; each Python gets different ones.
            generator = random.Random(f"{self.seed} {fault.name} {number} {self.installation.python.minor}")  # noqa: S311 - reproducible, not secret
            counts.add(self.try_once(fault, sync, generator, (number + 0.5) / tries))
        return counts

    def try_once(self, fault: Fault, sync: Sync, generator: random.Random, point: float) -> Counts:
        """Inject `fault` once, sync again undisturbed, and return the counts."""
        project = self.installation.long if fault.is_kill else self.installation.quick
        kind, links = generator.choice(list(KINDS)), generator.choice(LINK_MODES)
        start = Start(project, fault.kind or kind, fault.links or links)
        expected, counts = self.installation.expected[project, start.version], Counts()
        with prepared(self.installation, start, point, lambda: self._measured(sync, start)) as job:
            with fault.inject(job, generator) as meant:
                seen = sync.run(job)
            job.behave()
            if isinstance(sync, Action):
                counts.judge(meant, seen)
            else:
                counts.judge_plainly(seen)
            if seen.returncode == 0:
                counts.compare(expected, self.installation.contents(), "although it succeeded")
            counts.fail_again(sync.run(job))
            # Processes that were left alone may continue, and must not break anything now.
            wait_for_the_rest(seen.track)
            if not counts.broken:
                counts.compare(expected, self.installation.contents(), "after the next run")
        if counts.complaints and isinstance(sync, Action):
            about = f"{fault.name}: {start.kind}, {start.links}, point {point:.3f}, Python {self.installation.python.version}"
            counts.complaints = [f"{about}: {'; '.join(counts.complaints)}\n{seen.log[-3000:]}"]
        return counts

    def _measured(self, sync: Sync, start: Start) -> Lasting:
        """Return how long an undisturbed sync takes; the first one is slower than all others and does not count."""
        key = (sync.name, start)
        if key not in self._lasting:
            is_first = all(name != sync.name for name, _ in self._lasting)
            for _ in range(1 + is_first):
                self.installation.go_back(start.project, start.before)
                self._lasting[key] = sync.measure(self._undisturbed(start))
            self.installation.go_back(start.project, start.before)
        return self._lasting[key]

    def _undisturbed(self, start: Start) -> Job:
        ci = replace(self.installation.ci, cwd=start.checkout, environ=dict(self.installation.ci.environ))
        ci.environ.update(UV_CACHE_DIR=str(self.installation.warm_cache), UV_LINK_MODE=start.links)
        return Job(self.installation, start, ci, 0.0, lambda: Lasting(0.0, 0.0))


@contextmanager
def opened(folder: Path, python: Python, action: Path, seed: int, size: Size | None = None) -> Iterator[Sweep]:
    """Prepare everything below `folder`, and serve the index for the duration of the context."""
    size, generator = size or Size(), random.Random(seed)  # noqa: S311 - reproducible, not secret
    long = checkouts.long(folder / "long", generator, size.wheels, size.modules)
    quick = checkouts.quick(folder / "quick", generator)
    with Index(quick.folder / "wheels").served() as index:
        long.lock("", folder / "locking-cache")
        quick.lock(index.url, folder / "locking-cache")
        yield Sweep(Installation(folder / "installation", python, action, long, quick, index).prepare(), seed)


@dataclass(frozen=True)
class Plan:
    """How often each fault is tried, and on how many Pythons."""

    points: int
    tries: int
    seed: int
    only: str
    action: Path
    pythons: int

    @property
    def faults(self) -> list[Fault]:
        """The faults to try."""
        return [fault for fault in FAULTS if self.only in fault.name]

    def share(self, fault: Fault, number: int) -> int:
        """Return how often to try `fault` on Python `number`: the tries of a kill are divided among the Pythons."""
        if not fault.is_kill:
            return self.tries
        in_all = self.points
        if fault in kills.SWEEP:
            # Divided evenly; the first Pythons get the remainder.
            in_all = self.points // len(kills.SWEEP) + (kills.SWEEP.index(fault) < self.points % len(kills.SWEEP))
        return in_all // self.pythons + (number < in_all % self.pythons)


def on_one(folder: Path, python: Python, plan: Plan, number: int) -> Results:
    """Try everything that the `plan` has for Python `number`, in a separate process."""
    # Nothing must stay mounted when this process is terminated.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results: Results = {}
    with opened(folder, python, plan.action, plan.seed) as sweep:
        for fault in plan.faults:
            if hindrance := fault.hindrance():
                log(f"{fault.name}: skipped, for {hindrance}")
                continue
            syncs: list[Sync] = [Action(), *([PlainUv()] if fault.plain else [])]
            results[fault.name] = {sync.name: sweep.try_all(fault, sync, plan.share(fault, number)) for sync in syncs}
            own = results[fault.name][Action.name]
            log(f"{python.version}: {fault.name}: {own.tries} tries{'' if own.is_good() else ', NOT GOOD'}")
            for complaint in own.complaints:
                log(f"  {complaint}")
    return results


def log(text: str) -> None:
    """Print `text` immediately, apart from the table."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()

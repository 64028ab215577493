"""Holds what a fault may change around one sync, and what a fault is."""

from __future__ import annotations

import enum
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support import index
from tests.support.projects import UV
from tests.support.step import Runner
from tools.faults.bench import Bench, Start
from tools.faults.processes import Running


class Meant(enum.Enum):
    """How a disturbed sync is meant to end."""

    FAILS = enum.auto()
    SURVIVES = enum.auto()
    EITHER = enum.auto()
    KILLED = enum.auto()


@dataclass(frozen=True)
class Lasting:
    """How long an undisturbed sync takes until uv begins, and to its end, in seconds."""

    until_uv: float
    whole: float


@dataclass
class Job:
    """One sync: where it begins, the runner, which uv is found, and what a shell does before it becomes the sync."""

    bench: Bench
    start: Start
    ci: Runner
    point: float
    lasting: Callable[[], Lasting]
    uv: Path = UV
    lines: tuple[str, ...] = ()
    command: str = ""
    disturb: Callable[[Running], None] | None = None
    # Undone only when the next sync is over, too.
    afterwards: ExitStack = field(default_factory=ExitStack)

    @property
    def files(self) -> list[str]:
        """The names of the wheels that are installed."""
        return [index.file_name(name, self.start.version) for name in self.start.project.names]

    def behave(self) -> None:
        """Take away what a fault has put before the sync and around it."""
        self.uv, self.lines, self.command, self.disturb = UV, (), "", None


@contextmanager
def prepared(bench: Bench, start: Start, point: float, lasting: Callable[[], Lasting]) -> Iterator[Job]:
    """Give a job that begins where `start` says, and clear up behind it; `point` is between 0 and 1 and differs between tries."""
    bench.own.mkdir()
    ci = replace(bench.ci, cwd=start.checkout, environ=dict(bench.ci.environ))
    cache = bench.warm_cache if start.project is bench.long else bench.cache
    ci.environ.update(UV_CACHE_DIR=str(cache), UV_LINK_MODE=start.links, UV_HTTP_RETRIES="0", UV_HTTP_TIMEOUT="1")
    job = Job(bench, start, ci, point, lasting)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, bench.own, ignore_errors=True)
        stack.callback(bench.index.behave)
        stack.enter_context(job.afterwards)
        bench.go_back(start.project, start.before)
        yield job


Inject = Callable[[Job, random.Random], AbstractContextManager[Meant]]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong: `inject` does it to a job, says how that is meant to end, and undoes it."""

    name: str
    inject: Inject
    plain: bool = True
    kind: str = ""
    links: str = ""
    is_kill: bool = False
    hindrance: Callable[[], str] = lambda: ""

"""Holds what a fault may change around one sync, and what a fault is."""

from __future__ import annotations

import enum
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.faults.installation import Installation, Start
from tests.faults.running import Running
from tests.support.step import Runner
from tools.shared import wheels
from tools.shared.uv import UV


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
    """One sync: where it begins, the runner, which uv is found, and the lines of shell before the sync."""

    installation: Installation
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
        return [wheels.file_name(name, self.start.version) for name in self.start.project.names]

    def behave(self) -> None:
        """Remove what a fault has put before the sync and around it."""
        self.uv, self.lines, self.command, self.disturb = UV, (), "", None


@contextmanager
def prepared(installation: Installation, start: Start, point: float, lasting: Callable[[], Lasting]) -> Iterator[Job]:
    """Prepare a job that begins at `start`, and clean up after it; `point` is between 0 and 1 and differs between tries."""
    installation.own.mkdir()
    ci = replace(installation.ci, cwd=start.checkout, environ=dict(installation.ci.environ))
    cache = installation.warm_cache if start.project is installation.long else installation.cache
    ci.environ.update(UV_CACHE_DIR=str(cache), UV_LINK_MODE=start.links, UV_HTTP_RETRIES="0", UV_HTTP_TIMEOUT="1")
    job = Job(installation, start, ci, point, lasting)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, installation.own, ignore_errors=True)
        stack.callback(installation.index.behave)
        stack.enter_context(job.afterwards)
        installation.go_back(start.project, start.before)
        yield job


Inject = Callable[[Job, random.Random], AbstractContextManager[Meant]]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong: `inject` does it to a job, yields how that is meant to end, and undoes it."""

    name: str
    inject: Inject
    plain: bool = True
    kind: str = ""
    links: str = ""
    is_kill: bool = False
    hindrance: Callable[[], str] = lambda: ""

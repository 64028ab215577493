"""Defines a fault, and everything around one sync that a fault may change."""

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
    """The expected end of a disturbed sync."""

    FAILS = enum.auto()
    SURVIVES = enum.auto()
    EITHER = enum.auto()
    KILLED = enum.auto()


@dataclass(frozen=True)
class Lasting:
    """How long an undisturbed sync takes until uv starts, and in total, in seconds."""

    until_uv: float
    whole: float


@dataclass
class Job:
    """One sync: its starting state, the runner, the uv on PATH, and the lines of shell that run before it."""

    installation: Installation
    start: Start
    ci: Runner
    point: float
    lasting: Callable[[], Lasting]
    uv: Path = UV
    lines: tuple[str, ...] = ()
    command: str = ""
    disturb: Callable[[Running], None] | None = None
    # Changes that are undone only after the next sync.
    afterwards: ExitStack = field(default_factory=ExitStack)

    @property
    def files(self) -> list[str]:
        """The names of the wheels that are installed."""
        return [wheels.file_name(name, self.start.version) for name in self.start.project.names]

    def behave(self) -> None:
        """Undo what a fault has added before and around the sync."""
        self.uv, self.lines, self.command, self.disturb = UV, (), "", None


@contextmanager
def prepared(installation: Installation, start: Start, point: float, lasting: Callable[[], Lasting]) -> Iterator[Job]:
    """Prepare a job that starts from `start`, and clean up afterwards; `point` is between 0 and 1 and differs between tries."""
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
    """A fault: `inject` applies it to a job, yields the expected end, and undoes it."""

    name: str
    inject: Inject
    plain: bool = True
    kind: str = ""
    links: str = ""
    is_kill: bool = False
    hindrance: Callable[[], str] = lambda: ""

"""Kills syncs: with all that they have started, alone, or as the runner does when a job is cancelled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from tools.faults.bench import KINDS, LINK_MODES
from tools.faults.job import Fault, Job, Meant
from tools.faults.processes import Running


@contextmanager
def _all_from_uv_on(job: Job, _: random.Random) -> Iterator[Meant]:
    """Kill everything at a point of the time since uv has begun."""
    lasting = job.lasting()

    def disturb(running: Running) -> None:
        # Plain uv is uv from its start.
        began = running.wait_for_uv() if lasting.until_uv else running.began
        running.wait_until(began + job.point * (lasting.whole - lasting.until_uv))
        running.kill_all()

    job.disturb = disturb
    yield Meant.KILLED


@contextmanager
def _step_alone(job: Job, _: random.Random) -> Iterator[Meant]:
    """Kill the step at a point of the time since uv has begun, and let uv go on."""
    lasting = job.lasting()

    def disturb(running: Running) -> None:
        running.wait_until(running.wait_for_uv() + job.point * (lasting.whole - lasting.until_uv))
        running.kill_alone()

    job.disturb = disturb
    yield Meant.KILLED


@contextmanager
def _cancelled(job: Job, _: random.Random) -> Iterator[Meant]:
    """Cancel the job at a point of the whole time."""
    lasting = job.lasting()

    def disturb(running: Running) -> None:
        running.wait_until(running.began + job.point * lasting.whole)
        running.cancel()

    job.disturb = disturb
    yield Meant.KILLED


@contextmanager
def _all_at_any_point(job: Job, generator: random.Random) -> Iterator[Meant]:
    """Kill everything at a random point of the whole time."""
    lasting = job.lasting()
    point = generator.random()

    def disturb(running: Running) -> None:
        running.wait_until(running.began + point * lasting.whole)
        running.kill_all()

    job.disturb = disturb
    yield Meant.KILLED


SWEEP = tuple(
    Fault(f"killed with uv: {kind}, {links}", _all_from_uv_on, kind=kind, links=links, is_kill=True)
    for kind in KINDS
    for links in LINK_MODES
)

FAULTS = (
    *SWEEP,
    Fault("killed alone, uv goes on, next run at once", _step_alone, plain=False, is_kill=True),
    Fault("cancelled: SIGINT, SIGTERM, SIGKILL", _cancelled, is_kill=True),
    Fault("killed at any point of the step", _all_at_any_point, plain=False, is_kill=True),
)

"""Kills syncs: with all their child processes, alone, or as the runner does when a job is cancelled."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.faults.installation import KINDS, LINK_MODES
from tests.faults.job import Fault, Inject, Job, Meant
from tests.faults.running import Running


def _ended(end: Callable[[Running], None], *, after_uv: bool = False, at_random: bool = False) -> Inject:
    """Call `end` at the job's point in the duration of a sync, or at a random point; `after_uv` measures from the start of uv."""

    @contextmanager
    def inject(job: Job, generator: random.Random) -> Iterator[Meant]:
        lasting = job.lasting()
        point = generator.random() if at_random else job.point
        skipped = lasting.until_uv if after_uv else 0.0

        def disturb(running: Running) -> None:
            # A plain sync is uv from the start.
            began = running.wait_for_uv() if skipped else running.began
            running.wait_until(began + point * (lasting.whole - skipped))
            end(running)

        job.disturb = disturb
        yield Meant.KILLED

    return inject


SWEEP = tuple(
    Fault(f"killed with uv: {kind}, {links}", _ended(Running.kill_all, after_uv=True), kind=kind, links=links, is_kill=True)
    for kind in KINDS
    for links in LINK_MODES
)

FAULTS = (
    *SWEEP,
    Fault("killed alone, uv goes on, next run at once", _ended(Running.kill_alone, after_uv=True), plain=False, is_kill=True),
    Fault("cancelled: SIGINT, SIGTERM, SIGKILL", _ended(Running.cancel), is_kill=True),
    Fault("killed at any point of the step", _ended(Running.kill_all, at_random=True), plain=False, is_kill=True),
)

"""Runs the two syncs to compare: the action's step, and plain `uv sync`."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.faults.job import Job, Lasting
from tests.faults.running import PATIENCE, TRACK, Running
from tests.support.layouts import before_the_step
from tests.support.step import Outcome, Runner

# In the order in which the action writes them; the job summary does not reach later steps.
_RUNNER_FILES = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT")


@dataclass(frozen=True)
class Seen:
    """The observed result of a sync: its exit status, None if its files cannot be read, and which of the runner's files it has written."""

    returncode: int | None
    log: str = ""
    written: tuple[str, ...] = ()
    in_uv: bool = False
    track: str = ""

    @property
    def killed(self) -> bool:
        """Whether a signal ended it."""
        return self.returncode is None or self.returncode < 0

    @property
    def written_in_part(self) -> bool:
        """Whether it wrote some of the runner's files but not all, or only part of one."""
        return 0 < len(self.written) < len(_RUNNER_FILES) or (self.returncode is None and bool(self.written))


class Action:
    """The action's step."""

    name = "uv-system-sync"

    def run(self, job: Job) -> Seen:
        """Run the step for `job`, and return the observed result."""
        files = _runner_files(job.ci)
        before = {name: _content(path) for name, path in files.items() if path.parent != job.ci.folder}
        with ThreadPoolExecutor(1) as pool:
            step, running = self._start(pool, job)
            if job.disturb is not None:
                job.disturb(running)
            try:
                # A killed step may leave files that the runner cannot read.
                outcome = None if step.exception(PATIENCE) else step.result()
            except futures.TimeoutError:
                running.kill_all()
                outcome = None
        written = tuple(name for name, path in files.items() if _content(path) != before.get(name, b""))
        return Seen(outcome.returncode if outcome else None, outcome.log if outcome else "", written, running.in_uv, running.track)

    def measure(self, job: Job) -> Lasting:
        """Run the step undisturbed, and return how long it takes."""
        with ThreadPoolExecutor(1) as pool:
            step, running = self._start(pool, job)
            in_uv = running.wait_for_uv()
            if step.result(PATIENCE).returncode:
                raise SystemExit(f"the undisturbed step failed:\n{step.result().log}")
            return Lasting(in_uv - running.began, time.monotonic() - running.began)

    def _start(self, pool: ThreadPoolExecutor, job: Job) -> tuple[Future[Outcome], Running]:
        note, track = job.installation.own / "pid", os.urandom(8).hex()
        note.unlink(missing_ok=True)
        ci = replace(job.ci, environ={**job.ci.environ, TRACK: track})
        ci.search_path = os.pathsep.join([str(job.uv.parent), ci.search_path])
        lines = (f"echo $$ >'{note}.partial'", f"mv '{note}.partial' '{note}'", *job.lines)
        step = pool.submit(before_the_step(ci, job.installation.prefix, *lines, command=job.command).sync)
        while not note.exists() and not step.done():
            time.sleep(0.0005)
        return step, Running(int(note.read_text(encoding="ascii")), track, time.monotonic(), step.done)


class PlainUv:
    """`uv sync --locked` into the installation."""

    name = "plain uv"

    def run(self, job: Job) -> Seen:
        """Run uv for `job`, and return the observed result."""
        process, running = self._start(job)
        if job.disturb is not None:
            job.disturb(running)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            running.kill_all()
        return Seen(process.wait(), in_uv=running.in_uv, track=running.track)

    def measure(self, job: Job) -> Lasting:
        """Run uv undisturbed, and return how long it takes."""
        process, running = self._start(job)
        if process.wait(PATIENCE):
            raise SystemExit("the undisturbed uv failed")
        return Lasting(0.0, time.monotonic() - running.began)

    def _start(self, job: Job) -> tuple[subprocess.Popen[bytes], Running]:
        track = os.urandom(8).hex()
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("UV_") or name.startswith("UV_INDEX")},
            **{name: value for name, value in job.ci.environ.items() if name.startswith("UV_")},
            "UV_PROJECT_ENVIRONMENT": str(job.installation.prefix),
            "UV_PYTHON_DOWNLOADS": "never",
            TRACK: track,
        }
        script = "\n".join((*job.lines, f'exec {job.command}"$@"'))
        sync = (str(job.uv), "sync", "--locked", "--quiet", "--python", str(job.installation.prefix / "bin" / "python3"))
        began = time.monotonic()
        process = subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", *sync],
            cwd=job.start.checkout,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return process, Running(process.pid, track, began, lambda: process.poll() is not None)


Sync = Action | PlainUv


def _runner_files(ci: Runner) -> dict[str, Path]:
    own = {variable: ci.folder / variable.removeprefix("GITHUB_").lower() for variable in _RUNNER_FILES}
    return {variable: Path(ci.environ.get(variable, path)) for variable, path in own.items()}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""

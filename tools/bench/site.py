"""Runs the action in one place, step after step as a runner would, and plain `uv sync` beside it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.projects import UV
from tools.bench import lab, steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tools.bench.lab import Lab


def timed(argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> float:
    """Run a program and return its wall time in seconds; one that fails raises a `RuntimeError` with what it said."""
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        completed = subprocess.run(argv, env=environ, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
        seconds = time.perf_counter() - began
        if completed.returncode:
            log.seek(0)
            said = log.read().decode(errors="backslashreplace")[-4000:]
            raise RuntimeError(f"{' '.join(argv)} ended with {completed.returncode} in {cwd}:\n{said}")
    return seconds


def sync(prefix: Path) -> tuple[str, ...]:
    """Return the plain `uv sync` that the action has to be as fast as."""
    return (str(UV), "sync", "--locked", "--python", lab.executable(prefix))


def sync_variables(prefix: Path) -> dict[str, str]:
    """Return the variables that go with it."""
    return {"UV_PROJECT_ENVIRONMENT": str(prefix), "UV_PYTHON_DOWNLOADS": "never"}


@dataclass(frozen=True)
class Site:
    """The action to sync `checkout` into `prefix`, with a folder for the runner's files and one that is its RUNNER_TEMP."""

    action: Path
    prefix: Path
    checkout: Path
    runner: Path
    temp: Path
    environ: Mapping[str, str]
    scripts: tuple[steps.Step, ...]

    @classmethod
    def own(cls, lab_: Lab, folder: Path, checkout: Path) -> Site:
        """Return a site with a Python of its own in `folder`."""
        prefix = lab_.prefix(folder / "python")
        environ = lab_.environ(prefix, folder / "home")
        return cls(lab_.action, prefix, checkout, folder / "runner", lab.empty(folder / "temp"), environ, steps.steps(lab_.action, {}))

    def step_environ(self, step: steps.Step) -> dict[str, str]:
        """Return the whole environment of a step."""
        return {**self.environ, **steps.runner(self.action, self.runner, self.temp, self.checkout), **step.variables}

    def run(self) -> list[float]:
        """Run every step and return their wall times."""
        steps.write(self.scripts, self.runner)
        return [timed(step.argv(self.runner), self.step_environ(step), self.checkout) for step in self.scripts]

    def run_uv(self) -> float:
        """Run plain `uv sync` and return its wall time."""
        return timed(sync(self.prefix), {**self.environ, **sync_variables(self.prefix)}, self.checkout)

    def run_bare(self) -> float:
        """Start an interpreter that does nothing and return its wall time."""
        return bare(self.prefix, self.environ, self.checkout)


def bare(prefix: Path, environ: Mapping[str, str], cwd: Path) -> float:
    """Start the interpreter in `prefix`, let it do nothing, and return its wall time."""
    return timed((lab.executable(prefix), "-I", "-S", "-c", "pass"), environ, cwd)

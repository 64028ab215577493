"""Runs programs, and the action as a runner would, and measures their wall times."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import testbed
from benchmarks.testbed import Testbed
from tools.shared.action_steps import Step, steps
from tools.shared.runner_files import StepFiles, read_outputs


def logged(argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> tuple[float, str]:
    """Run a program, and return its wall time in seconds and its output; raise `RuntimeError` if it fails."""
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        completed = subprocess.run(argv, env=environ, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
        seconds = time.perf_counter() - began
        log.seek(0)
        output = log.read().decode(errors="backslashreplace")
    if completed.returncode:
        raise RuntimeError(f"{' '.join(argv)} ended with {completed.returncode} in {cwd}:\n{output[-4000:]}")
    return seconds, output


def timed(argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> float:
    """Run a program, and return its wall time in seconds; raise `RuntimeError` if it fails."""
    return logged(argv, environ, cwd)[0]


@dataclass(frozen=True)
class ActionRun:
    """A run of the action in `action`, which syncs `checkout` into `prefix`; the runner's files are in the folder `runner`."""

    action: Path
    prefix: Path
    checkout: Path
    runner: Path
    environ: Mapping[str, str]
    steps: Sequence[Step]

    @classmethod
    def with_own_python(cls, bed: Testbed, folder: Path, checkout: Path) -> ActionRun:
        """Return a run with its own copy of the Python, in `folder`."""
        prefix = bed.prefix(folder / "python")
        return cls(bed.action, prefix, checkout, folder / "runner", bed.environ(prefix, folder / "home"), steps({}, bed.action))

    def run(self) -> float:
        """Run all steps, and return the sum of their wall times in seconds."""
        return sum(seconds for seconds, _ in self.logged())

    def logged(self, *options: str) -> list[tuple[float, str]]:
        """Run all steps, with `options` for the interpreter, and return the wall time in seconds and the output of each."""
        files = StepFiles.create(self.runner)
        found = []
        for step in self.steps:
            script = self.runner / f"{step.name}.py"
            script.write_text(step.script, encoding="utf-8")
            interpreter, *arguments = step.argv(script)
            locations = {"GITHUB_ACTION_PATH": str(self.action), "GITHUB_WORKSPACE": str(self.checkout)}
            environ = {**self.environ, **files.environ, **locations, **step.variables}
            found.append(logged((interpreter, *options, *arguments), environ, self.checkout))
        return found

    def timings(self) -> dict[str, float]:
        """Return the seconds of each phase according to the report of the last run."""
        report = Path(read_outputs(self.runner / "output")["report"])
        timings: dict[str, float] = json.loads(report.read_text(encoding="utf-8"))["timings"]
        return timings

    def forget_machine(self) -> None:
        """Remove what a new machine does not have: the action's byte code, and the content of the runner's temporary folder."""
        testbed.empty(self.runner / "temp")
        for folder in list(self.action.rglob("__pycache__")):
            shutil.rmtree(folder)

    def run_bare(self) -> float:
        """Start an interpreter that does nothing, and return its wall time in seconds."""
        return timed((testbed.executable(self.prefix), "-I", "-S", "-c", "pass"), self.environ, self.checkout)

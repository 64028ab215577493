"""Runs the steps of action.yml on this machine, as the runner would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.shared import ROOT
from tools.shared.action_steps import Step, inherited, setup_python, step
from tools.shared.runner_files import StepFiles, path_after, read_env, read_outputs, read_path
from tools.shared.uv import UV, is_at_least


@dataclass(frozen=True)
class Outcome:
    """The result of a step, as the runner and the next step see it."""

    returncode: int
    log: str
    env: dict[str, str]
    paths: list[str]
    outputs: dict[str, str]
    summary: str

    @classmethod
    def read(cls, returncode: int, log: str, files: StepFiles, *, windows: bool = False) -> Outcome:
        """Return the outcome of a step that wrote to `files`."""
        env, outputs = read_env(files.env, windows=windows), read_outputs(files.output, windows=windows)
        return cls(returncode, log, env, read_path(files.path), outputs, files.summary.read_text(encoding="utf-8"))

    @property
    def errors(self) -> list[str]:
        """The error annotations with their properties, decoded."""
        return [_decoded(line) for line in re.findall(r"^::error (.*)$", self.log, re.MULTILINE)]

    @property
    def published(self) -> bool:
        """Whether later steps get anything. The job summary does not count, because a failure writes one, too."""
        return bool(self.env or self.paths or self.outputs)


@dataclass
class Runner:
    """A runner that has its own files in `folder` and runs the action in the workspace `cwd`.

    `search_path` is PATH. `starter` is a command that starts each step, for example without some capabilities.
    """

    folder: Path
    cwd: Path
    search_path: str
    environ: dict[str, str] = field(default_factory=dict)
    starter: tuple[str, ...] = ()

    def setup_python(self, prefix: Path) -> Runner:
        """Set the variables and the PATH that actions/setup-python sets on Linux for the installation `prefix`, and return this runner."""
        self.environ.update(setup_python(prefix))
        self.search_path = path_after([str(prefix), f"{prefix}/bin"], self.search_path)
        return self

    def sync(self, **inputs: str) -> Outcome:
        """Run the step `sync` with `inputs`, whose names have underscores here. The other inputs have their defaults."""
        return self._run(step("sync", inputs))

    def job(self, cache: Path, /, **inputs: str) -> Outcome:
        """Run all steps of the action as in a new job. `cache` stands for actions/cache and has a folder for each key."""
        # A new job has nothing in RUNNER_TEMP, but keep the action's own packages to save time.
        for path in (self.folder / "temp").glob("uv-system-sync-*"):
            if path.suffix == ".json":
                path.unlink()
            elif path.name.startswith("uv-system-sync-built-"):
                shutil.rmtree(path)
        first = self.sync(**inputs)
        if "cache-key" not in first.outputs:
            return first
        entry, kept = cache / first.outputs["cache-key"], first.outputs["cache-path"]
        is_hit = entry.exists()
        if is_hit:
            shutil.copytree(entry, kept, symlinks=True)
        earlier = {f"steps.sync.outputs.{name}": value for name, value in first.outputs.items()}
        earlier |= {"steps.cache.outputs.cache-hit": "true" if is_hit else "", "steps.cache.outcome": "success"}
        second = self.resume(earlier, **inputs)
        if second.returncode == 0 and not is_hit:
            shutil.copytree(kept, entry, symlinks=True)
        return second

    def resume(self, earlier: Mapping[str, str], **inputs: str) -> Outcome:
        """Run the step `resume` with the contexts `earlier` of the previous steps (see `tools.shared.action_steps.steps`)."""
        return self._run(step("resume", inputs, earlier))

    def _run(self, sync: Step) -> Outcome:
        files = StepFiles.create(self.folder)
        script = files.temp / "script.py"
        script.write_text(sync.script, encoding="utf-8")
        completed = subprocess.run(
            [*self.starter, *sync.argv(script)],
            cwd=self.cwd,
            env={
                **_machine(),
                "PATH": self.search_path,
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_WORKSPACE": str(self.cwd),
                **files.environ,
                **self.environ,
                **sync.variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return Outcome.read(completed.returncode, completed.stdout, files)

    def is_as_locked(self) -> bool:
        """Return whether the environment matches the lock, by a check, or by another sync with a uv that cannot check."""
        outcome = self.sync(**{"check": "true"} if is_at_least("0.6.10") else {})
        return (outcome.returncode, outcome.outputs.get("changed")) == (0, "false")

    def next_step(self, outcome: Outcome, *command: str) -> str:
        """Return the output of `command` in the step after the one with `outcome`."""
        search_path = path_after(outcome.paths, self.search_path)
        environ = {**_machine(), **self.environ, **outcome.env, "PATH": search_path}
        return subprocess.run(command, cwd=self.cwd, env=environ, check=True, capture_output=True, text=True).stdout


def _decoded(line: str) -> str:
    for escape, letter in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        line = line.replace(escape, letter)
    return line


def runner(folder: Path, cwd: Path) -> Runner:
    """Return a runner with only uv and the system's programs on PATH."""
    (folder / "uv").mkdir(parents=True)
    (folder / "uv" / "uv").symlink_to(UV)
    return Runner(folder, cwd, os.pathsep.join([str(folder / "uv"), "/usr/bin", "/bin"]))


def _machine() -> dict[str, str]:
    """Return the variables that a step inherits from this machine: for HOME, the locale, the cache of uv and the network."""
    # GitHub's images set this locale. Without one, PyPy cannot pass paths that are not ASCII to uv.
    return {"LANG": "C.UTF-8", **inherited("HOME", "LANG", "XDG_", "UV_CACHE_DIR")}

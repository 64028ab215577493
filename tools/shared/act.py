"""Runs workflows with act on this machine, with local stand-ins for the actions that act would download."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.shared import ROOT
from tools.shared.action_steps import copy_action, inherited
from tools.shared.pythons import Python
from tools.shared.uv import UV, uv_output

ACT = ROOT / ".venv" / "bin" / "act"

# The stand-in for each action, for any ref.
_STANDINS = {
    "actions/cache": ROOT / "tests" / "standins" / "cache",
    "actions/setup-python": ROOT / "tests" / "standins" / "setup-python",
    "actions/upload-artifact": ROOT / "tests" / "standins" / "upload-artifact",
    "actions/download-artifact": ROOT / "tests" / "standins" / "download-artifact",
}

# Runner labels that workflows may use. All of them mean this machine.
_RUNNERS = ("ubuntu-latest", "self-hosted")


@dataclass
class Job:
    """One job of a run, as described by the events that act prints."""

    name: str
    matrix: dict[str, str]
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def result(self) -> str:
        """`success` or `failure`, or `none` for a job that did not end."""
        return next((str(event["jobResult"]) for event in self.events if "jobResult" in event), "none")

    @property
    def log(self) -> str:
        """Everything that the job's steps printed."""
        return "".join(str(event["msg"]) for event in self.events if event.get("raw_output"))

    def printed(self, step: str) -> str:
        """Return what the step with the id `step` printed."""
        return "".join(str(event["msg"]) for event in self._of(step) if event.get("raw_output"))

    def outputs(self, step: str) -> dict[str, str]:
        """Return the outputs of the step with the id `step`."""
        own = (event for event in self._of(step) if event["stepID"] == [step])
        return {event["name"]: event["arg"] for event in own if event.get("command") == "set-output"}

    def env(self, step: str) -> dict[str, str]:
        """Return the variables that the step with the id `step` exported."""
        return {event["name"]: event["arg"] for event in self._of(step) if event.get("command") == "set-env"}

    def summary(self, step: str) -> str:
        """Return the job summary that the step with the id `step` wrote; for a composite action, act reports the summary twice."""
        return next((str(event["content"]) for event in self._of(step) if event.get("command") == "summary"), "")

    def annotations(self, kind: str) -> list[tuple[dict[str, str], str]]:
        """Return the properties and the message of each annotation of this `kind`, such as `error`."""
        return [(event.get("kvPairs") or {}, str(event["arg"])) for event in self.events if event.get("command") == kind]

    def _of(self, step: str) -> Iterable[dict[str, Any]]:
        """Return the events of the step with the id `step` and of the steps inside it."""
        return (event for event in self.events if (event.get("stepID") or [""])[0] == step)


@dataclass(frozen=True)
class Act:
    """act with its home, caches and programs below `folder`, with `pythons` in its tool cache and uv on PATH.

    `actions` maps the names of other actions to checkouts; actions that it does not name are replaced by stand-ins.
    `watch` is called with each event of a job as it happens.
    """

    folder: Path
    pythons: tuple[Python, ...]
    actions: Mapping[str, Path] = field(default_factory=dict)
    watch: Callable[[dict[str, Any]], object] = id

    def prepare(self) -> Act:
        """Fill the tool cache, copy the action as a release contains it, and return this object."""
        for python in self.pythons:
            python.copy(self.location(python))
            self.location(python).with_name("x64.complete").touch()
        # Hosted runners have a `python` on PATH before setup-python adds its own.
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "python").symlink_to(self.location(self.pythons[0]) / "bin" / "python")
        self.uv.symlink_to(UV.resolve())
        (self.folder / "home").mkdir()
        copy_action(self.action)
        return self

    def location(self, python: Python) -> Path:
        """Return the prefix of `python` in the tool cache: the pythonLocation that setup-python would export."""
        return self._cache / "act" / "tool_cache" / "Python" / python.version / "x64"

    def run(self, workspace: Path, workflow: str, *arguments: str, **variables: str) -> list[Job]:
        """Run `workflow`, a path relative to `workspace`, for a push, with further arguments and variables for act; return its jobs."""
        _commit(workspace)
        # Read the other workflows too: `workflow` may call one of them.
        texts = [path.read_text() for path in (*(workspace / workflow).parent.glob("*.yml"), ROOT / "action.yml")]
        used = {pair for text in texts for pair in re.findall(r"uses: ([\w.-]+/[\w.-]+)[\w./-]*@([\w.-]+)", text)}
        checkouts = {**_STANDINS, **self.actions, "org/uv-system-sync": self.action}
        command = [str(ACT), "push", "--json", "--workflows", workflow]
        for runner in _RUNNERS:
            command += ["--platform", f"{runner}=-self-hosted"]
        # Hosted jobs have a machine each. These share one, and must not sync the same Python at the same time.
        command += ["--concurrent-jobs", "1", *arguments]
        for name, ref in sorted(used):
            if name in checkouts:
                command += ["--local-repository", f"{name}@{ref}={checkouts[name]}"]
        output = ""
        jobs: dict[str, Job] = {}
        for line in _lines(command, workspace, {**self._environ(), **variables}):
            output += line
            event = json.loads(line) if line.startswith("{") else {}
            if "jobID" in event:
                key = f"{event['job']} {event.get('matrix')}"
                jobs.setdefault(key, Job(event["jobID"], event.get("matrix") or {})).events.append(event)
                self.watch(event)
        if not jobs:
            raise SystemExit(f"act ran no job:\n{output}")
        return list(jobs.values())

    def stand_in(self, action: str) -> Path | None:
        """Return the folder of the stand-in for `action`, such as `actions/cache@v1`, or None."""
        name = action.partition("@")[0]
        return None if name in self.actions else _STANDINS.get(name)

    @property
    def uv(self) -> Path:
        """The uv on PATH. If a test removes it, the action installs uv with pip."""
        return self.folder / "bin" / "uv"

    @property
    def _cache(self) -> Path:
        return self.folder / "cache"

    @property
    def action(self) -> Path:
        """The checkout of the action."""
        return self.folder / "action"

    def _environ(self) -> dict[str, str]:
        own = {"HOME": str(self.folder / "home"), "XDG_CACHE_HOME": str(self._cache), "PATH": f"{self.folder}/bin:/usr/bin:/bin"}
        standins = {"STANDIN_UV": str(UV.resolve()), "STANDIN_ARTIFACTS": str(self.folder / "artifacts")}
        return {**inherited(), **own, "UV_CACHE_DIR": uv_output("cache", "dir"), **standins}


def _lines(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines that `command` writes to stdout as they appear, then those of stderr."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        with subprocess.Popen(
            command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8"
        ) as process:
            assert process.stdout
            yield from process.stdout
        errors.seek(0)
        yield from errors


def _commit(workspace: Path) -> None:
    """Make `workspace` a git repository, like a checkout."""
    for arguments in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "t", "--allow-empty"],
    ):
        subprocess.run(["git", *arguments], cwd=workspace, check=True)

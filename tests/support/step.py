"""Runs the action's last step as action.yml says, with this machine as the runner."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.projects import UV, UV_VERSION
from tests.support.pythons import ROOT
from tests.support.runner_files import path_after, read_env, read_outputs, read_path

# How this machine reaches an index, which real steps need too.
NETWORK = ("SSL_", "UV_INDEX", "UV_DEFAULT_INDEX", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@dataclass(frozen=True)
class Outcome:
    """What a step did, as the runner and the next step see it."""

    returncode: int
    log: str
    env: dict[str, str]
    paths: list[str]
    outputs: dict[str, str]
    summary: str

    @property
    def errors(self) -> list[str]:
        """The error annotations, properties and all, with their line breaks decoded."""
        return [_decoded(line) for line in re.findall(r"^::error (.*)$", self.log, re.MULTILINE)]

    @property
    def published(self) -> bool:
        """Whether later steps get anything at all; a summary may say why they do not."""
        return bool(self.env or self.paths or self.outputs)


@dataclass
class Runner:
    """A runner with its folders under `folder`, whose current step is the action's in the workspace `cwd`."""

    folder: Path
    cwd: Path
    search_path: str
    environ: dict[str, str] = field(default_factory=dict)

    def setup_python(self, prefix: Path) -> Runner:
        """Export what actions/setup-python exports on Linux for the installation `prefix`, and return this runner."""
        names = ("pythonLocation", "Python_ROOT_DIR", "Python2_ROOT_DIR", "Python3_ROOT_DIR")
        self.environ.update({name: str(prefix) for name in names})
        self.environ.update(PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig", LD_LIBRARY_PATH=f"{prefix}/lib")
        self.search_path = path_after([str(prefix), f"{prefix}/bin"], self.search_path)
        return self

    def sync(self, **inputs: str) -> Outcome:
        """Run the step `sync` with `inputs`, named with underscores, and everything else at its default."""
        files = {name: self.folder / name for name in ("env", "path", "output", "summary", "temp")}
        files["temp"].mkdir(parents=True, exist_ok=True)
        for name in ("env", "path", "output", "summary"):
            files[name].write_text("", encoding="utf-8")
        shell, script, variables = declared("sync", {name.replace("_", "-"): value for name, value in inputs.items()})
        (files["temp"] / "script.py").write_text(script, encoding="utf-8")
        completed = subprocess.run(
            [word.format(files["temp"] / "script.py") for word in shell.split()],
            cwd=self.cwd,
            env={
                **_machine(),
                "PATH": self.search_path,
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_WORKSPACE": str(self.cwd),
                "GITHUB_ENV": str(files["env"]),
                "GITHUB_PATH": str(files["path"]),
                "GITHUB_OUTPUT": str(files["output"]),
                "GITHUB_STEP_SUMMARY": str(files["summary"]),
                "RUNNER_TEMP": str(files["temp"]),
                **self.environ,
                **variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return Outcome(
            completed.returncode,
            completed.stdout,
            read_env(files["env"]),
            read_path(files["path"]),
            read_outputs(files["output"]),
            files["summary"].read_text(encoding="utf-8"),
        )

    def is_as_locked(self) -> bool:
        """Return whether the environment is what the lock says; a uv that cannot check must have nothing to do in another sync."""
        outcome = self.sync(**{"check": "true"} if UV_VERSION >= (0, 6, 10) else {})
        return (outcome.returncode, outcome.outputs.get("changed")) == (0, "false")

    def next_step(self, outcome: Outcome, *command: str) -> str:
        """Return what `command` prints in the step after the one that came out as `outcome`."""
        search_path = path_after(outcome.paths, self.search_path)
        environ = {**_machine(), **self.environ, **outcome.env, "PATH": search_path}
        return subprocess.run(command, cwd=self.cwd, env=environ, check=True, capture_output=True, text=True).stdout


def _decoded(line: str) -> str:
    for escape, letter in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        line = line.replace(escape, letter)
    return line


def runner(folder: Path, cwd: Path) -> Runner:
    """Return a runner with nothing but the system's own programs and uv on PATH."""
    (folder / "uv").mkdir(parents=True)
    (folder / "uv" / "uv").symlink_to(UV)
    return Runner(folder, cwd, os.pathsep.join([str(folder / "uv"), "/usr/bin", "/bin"]))


def _machine() -> dict[str, str]:
    """Return what a step inherits from the machine: where the home is, and how the network is reached."""
    return {
        name: value for name, value in os.environ.items() if name.upper().startswith(("HOME", "LANG", "XDG_", "UV_CACHE_DIR", *NETWORK))
    }


def declared(name: str, inputs: dict[str, str]) -> tuple[str, str, dict[str, str]]:
    """Return the shell, the script and the variables of a step of action.yml, for `inputs` that differ from the defaults."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    unknown = inputs.keys() - document["inputs"].keys()
    if unknown:
        raise KeyError(f"action.yml declares no input {', '.join(sorted(unknown))}")
    values = {key: declared["default"] for key, declared in document["inputs"].items()} | inputs
    step = next(step for step in document["runs"]["steps"] if step["id"] == name)
    return step["shell"], step["run"], {key: _evaluate(text, values) for key, text in step["env"].items()}


def _evaluate(text: str, inputs: dict[str, str]) -> str:
    """Evaluate an expression of the two kinds that action.yml has: an input, and what a skipped step left."""
    found = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", text)
    return inputs[found.group(1)] if found else "skipped"

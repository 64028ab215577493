"""What unit tests of several modules share: example values, and a stand-in for running commands."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from uv_system_sync.errors import ActionError
from uv_system_sync.inputs import Inputs, variable
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import Command, Completed, Relay
from uv_system_sync.project.lockfile import Lockfile
from uv_system_sync.project.pyproject import Project
from uv_system_sync.project.toml import Document
from uv_system_sync.text import Option

TARGET = Target(
    executable="/opt/python/bin/python3",
    prefix="/opt/python",
    version="3.12.4",
    implementation="cpython",
    platform="linux-x86_64",
    scripts="/opt/python/bin",
    site_packages=("/opt/python/lib/python3.12/site-packages",),
    virtual=False,
)
PROJECT = Project(
    "/src/sample",
    Document("/src/sample/pyproject.toml", "", {"project": {"name": "sample", "requires-python": ">=3.9"}}),
    Lockfile("/src/sample/uv.lock"),
)


class Recorder:
    """A stand-in for running commands: it records each command and returns the next of its `answers`, or raises it."""

    def __init__(self, *answers: Completed | OSError) -> None:
        self.commands: list[Command] = []
        self._answers = iter(answers)

    def __call__(self, command: Command, relay: Relay | None = None) -> Completed:
        """Record `command` and return or raise the next answer."""
        self.commands.append(command)
        answer = next(self._answers)
        if isinstance(answer, OSError):
            raise answer
        if relay is not None:
            relay(answer.output.encode())
        return answer


def step_variables(**inputs: str) -> dict[str, str]:
    """Return the variables that action.yml sets for `inputs`, whose names have underscores here."""
    return {variable(name.replace("_", "-")): value for name, value in inputs.items()}


def step_inputs(**inputs: str) -> Inputs:
    """Return the `Inputs` that the action reads for `inputs`, whose names have underscores here. The others have their defaults."""
    return Inputs.from_environ(step_variables(**inputs))


def options(error: ActionError) -> set[Option]:
    """Return the options among the values of `error`."""
    return {value for value in error.values.values() if isinstance(value, Option)}


def place(error: ActionError) -> tuple[str | None, int | None]:
    """Return the file and the line of `error`."""
    return (error.file, error.line)


def program(path: Path, *lines: str) -> Path:
    """Write `lines` as an executable file, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    path.chmod(0o755)
    return path


def write_program(path: Path, *lines: str) -> Path:
    """Write the Python program `lines` as an executable file that any POSIX system can start, and return its path."""
    # A `#!` line cannot name an interpreter whose path has spaces, so `sh` starts it. To Python, the next two lines are a string.
    interpreter = re.sub(r'([\\"$`])', r"\\\1", sys.executable)
    return program(path, "#!/bin/sh", f'\'\'\'exec\' "{interpreter}" -IS "$0" "$@"', "' '''", *lines)


def touch(folder: Path, *names: str) -> None:
    """Create empty executable files in `folder`, with their parent folders."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)

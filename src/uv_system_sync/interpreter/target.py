"""Finds the Python that the user meant, asks it about itself, and knows whether later steps would get it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Mapping, NamedTuple

from uv_system_sync import environment
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import discovery, probe
from uv_system_sync.process import Command, Run

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs

OLDEST = (3, 8)


class Target(NamedTuple):
    """The Python to sync into, as it describes itself; paths are absolute.

    `version` is the full version, such as `3.13.0rc1`, and `platform` sysconfig's name, such as `linux-x86_64`.
    `site_packages` are the folders that packages go into, and `marker` is the file that says that something
    else manages this Python (PEP 668), if there is one.
    """

    executable: str
    prefix: str
    version: str
    implementation: str
    platform: str
    scripts: str
    site_packages: tuple[str, ...]
    virtual: bool
    marker: str | None = None

    @property
    def minor(self) -> tuple[int, ...]:
        """The first two numbers of the version."""
        return tuple(int(part) for part in self.version.split(".")[:2])

    @property
    def path_entries(self) -> tuple[str, ...]:
        """The folders that later steps need on PATH, the most important last: the interpreter's, then its scripts'.

        They are one folder, except on Windows, where `python.exe` is in the prefix, and for some distributions' own Pythons.
        """
        return tuple(dict.fromkeys((os.path.dirname(self.executable), self.scripts)))


def find(inputs: Inputs, environ: Mapping[str, str], run: Run, *, windows: bool = os.name == "nt") -> Target:
    """Return the Python that `inputs` name, after it has said itself what it is.

    Raise `PythonNotFound` when there is none, and `PythonUnsuitable` when it does not answer or is too old.
    """
    interpreter = discovery.interpreter(inputs.python, inputs.python_source, windows=windows)
    target = _ask(interpreter, environ, run)
    if target.minor < OLDEST:
        raise PythonUnsuitable(
            f"{interpreter} is Python {target.version}, and the oldest that uv-system-sync supports is {OLDEST[0]}.{OLDEST[1]}.",
            "Set `python-version` of actions/setup-python to a newer one, or leave this one out of the matrix.",
        )
    # The prefix's own name for it: a link to it elsewhere has other programs beside it.
    found = discovery.in_prefix(target.prefix, windows=windows)
    return target._replace(executable=found) if found and discovery.same_program(found, target.executable) else target


def require_next_python(target: Target, search_path: str, *, windows: bool = os.name == "nt") -> None:
    """Raise `PythonUnsuitable` unless `python` is the target, once its folders are in front of `search_path`.

    That is the PATH of the next step: the runner puts the last line of GITHUB_PATH first. Where
    there is a convention of a `python3`, on everything but Windows, that must be the target too.
    """
    next_path = os.pathsep.join([*reversed(target.path_entries), search_path])
    for name in ("python",) if windows else ("python", "python3"):
        found = discovery.program(name, next_path, windows=windows)
        if found is None or not _is_target(found, target):
            raise PythonUnsuitable(
                f"`{name}` in the next step would be {found or 'missing'}, not {target.executable}.",
                _rather(found or "", os.path.join(target.path_entries[0], name + ".exe" * windows), target),
            )


def _rather(found: str, wanted: str, target: Target) -> str:
    """Say what helps when `found` is in the place of `wanted`."""
    folder = os.path.dirname(found)
    if discovery.same(folder, target.scripts) and not discovery.same(folder, os.path.dirname(wanted)):
        # As in an image with a Python of its own in /usr/local, where that of the distribution has its scripts.
        return f"Set `python` to {found}, if that one is meant: it is in the folder that gets the scripts of {target.executable}."
    return f"Make {wanted} that interpreter, for example with a symbolic link."


def _ask(interpreter: str, environ: Mapping[str, str], run: Run) -> Target:
    """Return what `interpreter` says of itself; the one that runs this need not be started for that, if uv would get the same answer."""
    if (
        sys.executable
        and environment.INSTALL_LAYOUT not in environ
        and discovery.same(interpreter, sys.executable)
        and discovery.same(os.path.dirname(interpreter), os.path.dirname(sys.executable))
    ):
        return _understood({**probe.describe(), "executable": interpreter})
    command = Command((interpreter, "-B", "-I", "-S", probe.__file__), environment.for_uv(environ), os.path.dirname(interpreter))
    try:
        completed = run(command)
    except OSError as error:
        reason = _missing(interpreter) if isinstance(error, FileNotFoundError) else error.strerror
        raise PythonUnsuitable(f"{interpreter} does not start: {reason}.", _NO_INTERPRETER) from None
    try:
        # The last line: the system's loader may have had something to say before.
        return _understood(json.loads(completed.output.strip().splitlines()[-1]))
    except (ValueError, TypeError, LookupError, RecursionError):
        words = completed.output.strip()[-1000:] or "nothing"
        raise PythonUnsuitable(
            f"{interpreter} does not answer like a Python (exit status {completed.returncode}). It said: {words}", _NO_INTERPRETER
        ) from None


def _missing(interpreter: str) -> str:
    """Say what the kernel means when it does not find a file that is there."""
    with open(interpreter, "rb") as file:
        start = file.readline(1024)
    if start.startswith(b"#!"):
        return f"it is a script for {os.fsdecode(start[2:].split()[0])}, which does not exist"
    return "it is built for another C library (its loader is missing)"


def _understood(answer: probe.Answer) -> Target:
    version = str(answer["version"])
    _, _ = (int(part) for part in version.split(".")[:2])
    if not all(os.path.isabs(str(answer[name])) for name in ("prefix", "scripts", "purelib", "platlib")):
        raise ValueError(answer)
    marker = answer["externally_managed"]
    return Target(
        executable=str(answer["executable"]),
        prefix=str(answer["prefix"]),
        version=version,
        implementation=str(answer["implementation"]),
        platform=str(answer["platform"]),
        scripts=str(answer["scripts"]),
        site_packages=tuple(dict.fromkeys((str(answer["purelib"]), str(answer["platlib"])))),
        virtual=bool(answer["virtual"]),
        marker=None if marker is None else str(marker),
    )


_NO_INTERPRETER = "Name a Python that runs on this machine; `<interpreter> -c 'import sys; print(sys.prefix)'` has to work in a step."


def _is_target(python: str, target: Target) -> bool:
    beside = any(discovery.same(os.path.dirname(python), folder) for folder in target.path_entries)
    return beside and discovery.same_program(python, target.executable)

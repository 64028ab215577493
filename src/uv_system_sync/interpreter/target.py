"""The Python to install into: what it is, and whether later steps will run it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Mapping, NamedTuple

from uv_system_sync import environment, paths
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import discovery, probe
from uv_system_sync.process import Command, Start
from uv_system_sync.text import Message, Option, message

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs

OLDEST = (3, 8)

_NO_INTERPRETER = "Set {option} to a Python that runs on this machine: `<interpreter> -c 'import sys; print(sys.prefix)'` has to work."


class Target(NamedTuple):
    """The Python to install into, as it describes itself; paths are absolute.

    `version` is the full version, such as `3.13.0rc1`, and `platform` the name that sysconfig has, such as `linux-x86_64`.
    `site_packages` are the folders that packages go into. `externally_managed` is the file of that name which declares that
    something else manages this Python (PEP 668), if there is one.
    """

    executable: str
    prefix: str
    version: str
    implementation: str
    platform: str
    scripts: str
    site_packages: tuple[str, ...]
    virtual: bool
    externally_managed: str | None = None

    @property
    def minor(self) -> tuple[int, ...]:
        """The first two numbers of the version."""
        return tuple(int(part) for part in self.version.split(".")[:2])

    @property
    def path_entries(self) -> tuple[str, ...]:
        """The folders that later steps need on PATH, the one that counts most last: that of the interpreter, then that of scripts.

        They differ on Windows, where `python.exe` is in the prefix, and for some distributions' own Pythons.
        """
        return tuple(dict.fromkeys((os.path.dirname(self.executable), self.scripts)))


def find(inputs: Inputs, environ: Mapping[str, str], start: Start, *, windows: bool = os.name == "nt") -> Target:
    """Return the Python that `inputs` name, as it describes itself.

    Raise `PythonNotFound` if there is none, and `PythonUnsuitable` if it does not answer or is too old.
    """
    interpreter = discovery.interpreter(inputs.python, inputs.python_source, windows=windows)
    target = _ask(interpreter, environ, start)
    if target.minor < OLDEST:
        raise PythonUnsuitable(
            "{interpreter} is Python {version}, and the oldest supported is {oldest}.",
            "Use a newer Python. In a workflow, change `python-version` of actions/setup-python or leave this version out of the matrix.",
            interpreter=interpreter,
            version=target.version,
            oldest=".".join(map(str, OLDEST)),
        )
    # The name that the prefix has for it: a link to it elsewhere has other programs beside it.
    found = discovery.in_prefix(target.prefix, windows=windows)
    return target._replace(executable=found) if found and paths.same_program(found, target.executable) else target


def require_next_python(target: Target, search_path: str, *, windows: bool = os.name == "nt") -> None:
    """Raise `PythonUnsuitable` unless `python` is the target once its folders are in front of `search_path`.

    That is the PATH of the next step: the runner puts the last line of GITHUB_PATH first. `python3` has to be
    the target too, except on Windows, which does not have that name.
    """
    next_path = os.pathsep.join([*reversed(target.path_entries), search_path])
    for name in ("python",) if windows else ("python", "python3"):
        found = paths.program(name, next_path, windows=windows)
        if found is None or not _is_target(found, target):
            raise PythonUnsuitable(
                "`{name}` in the next step would be {found}, not {executable}.",
                _another(found or "", os.path.join(target.path_entries[0], name + ".exe" * windows), target),
                name=name,
                found=found or "missing",
                executable=target.executable,
            )


def _another(found: str, wanted: str, target: Target) -> Message:
    """Return what helps if `found` is first on PATH instead of `wanted`."""
    folder = os.path.dirname(found)
    if paths.same_file(folder, target.scripts) and not paths.same_file(folder, os.path.dirname(wanted)):
        # As in an image that has a Python of its own in /usr/local, where the distribution's Python has its scripts.
        template = "If you mean {found}, set {option} to it: it is in the folder of the scripts of {executable}."
        return message(template, found=found, option=Option("python"), executable=target.executable)
    return message("Make {wanted} that interpreter, for example with a symbolic link.", wanted=wanted)


def _ask(interpreter: str, environ: Mapping[str, str], start: Start) -> Target:
    """Return how `interpreter` describes itself; the one that runs this is not started if uv would get the same answer."""
    if (
        sys.executable
        and environment.INSTALL_LAYOUT not in environ
        and paths.same_file(interpreter, sys.executable)
        and paths.same_file(os.path.dirname(interpreter), os.path.dirname(sys.executable))
    ):
        return _parsed({**probe.describe(), "executable": interpreter})
    command = Command((interpreter, "-B", "-I", "-S", probe.__file__), environment.for_uv(environ), os.path.dirname(interpreter))
    option = Option("python")
    try:
        completed = start(command)(None)
    except OSError as error:
        reason = _missing(interpreter) if isinstance(error, FileNotFoundError) else error.strerror
        template = "{interpreter} does not start: {reason}."
        raise PythonUnsuitable(template, _NO_INTERPRETER, interpreter=interpreter, reason=reason, option=option) from None
    import json

    try:
        # The last line: the system's loader may print a warning first.
        return _parsed(json.loads(completed.output.strip().splitlines()[-1]))
    except (ValueError, TypeError, LookupError, RecursionError):
        raise PythonUnsuitable(
            "{interpreter} does not answer like a Python (exit status {status}). It printed: {output}",
            _NO_INTERPRETER,
            interpreter=interpreter,
            status=completed.returncode,
            output=completed.output.strip()[-1000:] or "nothing",
            option=option,
        ) from None


def _missing(interpreter: str) -> str:
    """Return what the kernel did not find, `interpreter` itself being there."""
    with open(interpreter, "rb") as file:
        start = file.readline(1024)
    if start.startswith(b"#!"):
        return f"it is a script for {os.fsdecode(start[2:].split()[0])}, which does not exist"
    return "it is built for another C library (its loader is missing)"


def _parsed(answer: probe.Answer) -> Target:
    version = str(answer["version"])
    _, _ = (int(part) for part in version.split(".")[:2])
    if not all(os.path.isabs(str(answer[name])) for name in ("prefix", "scripts", "purelib", "platlib")):
        raise ValueError(answer)
    externally_managed = answer["externally_managed"]
    return Target(
        executable=str(answer["executable"]),
        prefix=str(answer["prefix"]),
        version=version,
        implementation=str(answer["implementation"]),
        platform=str(answer["platform"]),
        scripts=str(answer["scripts"]),
        site_packages=tuple(dict.fromkeys((str(answer["purelib"]), str(answer["platlib"])))),
        virtual=bool(answer["virtual"]),
        externally_managed=None if externally_managed is None else str(externally_managed),
    )


def _is_target(python: str, target: Target) -> bool:
    beside = any(paths.same_file(os.path.dirname(python), folder) for folder in target.path_entries)
    return beside and paths.same_program(python, target.executable)

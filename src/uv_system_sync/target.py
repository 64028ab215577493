"""Finds the Python that the user meant and asks it about itself; it refuses what must not be synced into."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterator, Mapping, Sequence

from uv_system_sync import probe
from uv_system_sync.errors import PythonNotFound, PythonShadowed, PythonUnsuitable
from uv_system_sync.process import Command, Run

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs

OLDEST = (3, 8)

# Where uv looks for the interpreter of an environment, in its order
# (astral-sh/uv, crates/uv-python/src/virtualenv.rs, virtualenv_python_executable).
_POSIX_INTERPRETERS = ("bin/python3", "bin/python")
_WINDOWS_INTERPRETERS = ("Scripts/python.exe", "bin/python.exe", "python.exe")


@dataclass(frozen=True)
class Target:
    """The Python to sync into, as it describes itself; paths are absolute.

    `version` is the full version, such as `3.13.0rc1`; `site_packages` are the folders that packages go into.
    """

    executable: str
    prefix: str
    version: str
    implementation: str
    scripts: str
    site_packages: tuple[str, ...]
    virtual: bool

    @property
    def path_entries(self) -> tuple[str, ...]:
        """The folders that later steps need on PATH, the most important last: the interpreter's, then its scripts'.

        They are one folder, except on Windows, where `python.exe` is in the prefix, and for some distributions' own Pythons.
        """
        return tuple(dict.fromkeys((os.path.dirname(self.executable), self.scripts)))


def find(inputs: Inputs, environ: Mapping[str, str], run: Run, *, windows: bool = os.name == "nt") -> Target:
    """Return the Python that `inputs` name, after it has said itself what it is.

    Raise `PythonNotFound` when there is none, and `PythonUnsuitable` when it must not be synced into.
    """
    interpreter = _interpreter(inputs, windows=windows)
    answer = _ask(interpreter, environ, run)
    version = str(answer["version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise PythonUnsuitable(
            f"{interpreter} is Python {version}, and the oldest that uv-system-sync supports is {OLDEST[0]}.{OLDEST[1]}.",
            "Set `python-version` of actions/setup-python to a newer one, or leave this one out of the matrix.",
        )
    if answer["externally_managed"] and not inputs.allow_externally_managed:
        raise PythonUnsuitable(
            f"{interpreter} belongs to its operating system: {answer['externally_managed']} marks it as externally managed (PEP 668).",
            "Use actions/setup-python, set `python` to a virtual environment or,"
            " where breaking the system's own tools does not matter, set `allow-externally-managed: true`.",
        )
    prefix = str(answer["prefix"])
    if "\n" in prefix or "\r" in prefix:
        raise PythonUnsuitable(f"{prefix!r} holds a line break, which GITHUB_PATH cannot carry.", "Move this Python to a path without one.")
    _require_same(str(answer["executable"]), prefix, windows=windows)
    return Target(
        executable=str(answer["executable"]),
        prefix=prefix,
        version=version,
        implementation=str(answer["implementation"]),
        scripts=str(answer["scripts"]),
        site_packages=tuple(dict.fromkeys((str(answer["purelib"]), str(answer["platlib"])))),
        virtual=bool(answer["virtual"]),
    )


def require_next_python(target: Target, search_path: str) -> None:
    """Raise `PythonShadowed` unless `python` is the target, once its folders are in front of `search_path`.

    That is the PATH of the next step: the runner puts the last line of GITHUB_PATH first.
    """
    folders = [*reversed(target.path_entries), *search_path.split(os.pathsep)]
    found = next(_existing(folders, ("python.exe", "python") if os.name == "nt" else ("python",)), None)
    if found is None or not _is_target(found, target):
        raise PythonShadowed(
            f"`python` in the next step would be {found or 'missing'}, not {target.executable}.",
            f"Make {os.path.join(target.path_entries[0], 'python')} that interpreter, for example with a symbolic link.",
        )


def _interpreter(inputs: Inputs, *, windows: bool) -> str:
    if not inputs.python:
        raise PythonNotFound(
            "`pythonLocation` is not set and the input `python` is empty, so there is no Python to install into.",
            "Run actions/setup-python before this step or, with `update-environment: false` or in a container,"
            " set `python` to an interpreter or a prefix such as /usr/local.",
        )
    path = os.path.abspath(inputs.python)
    if os.path.isfile(path):
        return path
    if not os.path.isdir(path):
        raise PythonNotFound(
            f"`{inputs.python_source}` is {inputs.python}, which does not exist.",
            "Name an interpreter, or the folder above its `bin`; in a container, as the container sees it.",
        )
    candidates = _WINDOWS_INTERPRETERS if windows else _POSIX_INTERPRETERS
    found = next(_existing([path], candidates), None)
    if found is None:
        raise PythonNotFound(
            f"`{inputs.python_source}` is {inputs.python}, which holds no Python: none of {', '.join(candidates)} is in it.",
            "Name the interpreter itself, or the prefix that it is installed in (`python -c 'import sys; print(sys.prefix)'`).",
        )
    return found


def _ask(interpreter: str, environ: Mapping[str, str], run: Run) -> probe.Answer:
    """Return what `interpreter` says of itself, without starting it when it is the one that runs us."""
    if _same_place(interpreter, sys.executable):
        return {**probe.describe(), "executable": interpreter}
    command = Command((interpreter, "-I", "-S", probe.__file__), environ, os.path.dirname(interpreter))
    try:
        completed = run(command)
    except OSError as error:
        raise PythonUnsuitable(f"{interpreter} does not start: {error.strerror}.", _NO_INTERPRETER) from None
    try:
        # The last line: the system's loader may have had something to say before.
        answer: probe.Answer = json.loads(completed.output.strip().splitlines()[-1])
        answer["version"]
    except (ValueError, TypeError, KeyError, IndexError):
        words = completed.output.strip()[-1000:] or "nothing"
        raise PythonUnsuitable(
            f"{interpreter} does not answer like a Python (exit status {completed.returncode}). It said: {words}", _NO_INTERPRETER
        ) from None
    return answer


_NO_INTERPRETER = "Name a Python that runs on this machine; `<interpreter> -c 'import sys; print(sys.prefix)'` has to work in a step."


def _require_same(interpreter: str, prefix: str, *, windows: bool) -> None:
    """Refuse an interpreter that uv, which goes by the prefix alone, would not find."""
    found = next(_existing([prefix], _WINDOWS_INTERPRETERS if windows else _POSIX_INTERPRETERS), None)
    if found is None or not os.path.samefile(found, interpreter):
        raise PythonUnsuitable(
            f"{interpreter} is installed in {prefix}, where uv would use {found or 'no interpreter'}.",
            f"Make {os.path.join(prefix, _POSIX_INTERPRETERS[0])} the interpreter that you mean, or make a virtual environment of it.",
        )


def _existing(folders: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    for folder in folders:
        for name in names:
            path = os.path.join(folder, *name.split("/"))
            if os.path.isfile(path) and os.access(path, os.X_OK):
                yield path


def _is_target(python: str, target: Target) -> bool:
    beside = any(_same(os.path.dirname(python), folder) for folder in target.path_entries)
    return beside and os.path.samefile(python, target.executable)


def _same_place(one: str, other: str | None) -> bool:
    # The folders too: the interpreter of a virtual environment is a link to one outside.
    return bool(other) and _same(one, str(other)) and _same(os.path.dirname(one), os.path.dirname(str(other)))


def _same(one: str, other: str) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)

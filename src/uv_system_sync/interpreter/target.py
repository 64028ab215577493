"""The Python to install into: what it is, whether it is safe and possible to install into it, and whether later steps will run it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple

from uv_system_sync import environment, paths
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import probe, pyvenv
from uv_system_sync.process import Command, Start
from uv_system_sync.text import Option

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs

_NO_INTERPRETER = "Set {option} to a Python that runs on this machine: `<interpreter> -c 'import sys; print(sys.prefix)'` has to work."


class Target(NamedTuple):
    """The Python to install into, as it describes itself; paths are absolute.

    `version` is the full version, such as `3.13.0rc1`, and `platform` the name that sysconfig has, such as `linux-x86_64`.
    `site_packages` are the folders that packages go into, and `stdlib` those of the standard library. `externally_managed` is the
    file of that name which declares that something else manages this Python (PEP 668), if there is one.
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
    stdlib: tuple[str, ...] = ()
    free_threaded: bool = False

    @property
    def minor(self) -> tuple[int, ...]:
        """The first two numbers of the version."""
        return tuple(int(part) for part in self.version.split(".")[:2])

    @property
    def release(self) -> str:
        """The version as actions/setup-python and uv write it: with a `t` for a free-threaded build."""
        return f"{self.version}{'t' * self.free_threaded}"

    @property
    def path_entries(self) -> tuple[str, ...]:
        """The folders that later steps need on PATH, the one that counts most last: that of the interpreter, then that of scripts.

        They differ on Windows, where `python.exe` is in the prefix, and for some distributions' own Pythons.
        """
        return tuple(dict.fromkeys((os.path.dirname(self.executable), self.scripts)))


def interpreter(path: str, source: str, *, windows: bool) -> str:
    """Return the absolute path of the interpreter that `path` stands for: that file, or the interpreter that uv finds in that prefix.

    `source` is what named the path. Raise `PythonNotFound` if there is none, and `PythonUnsuitable` for a virtual environment
    whose Python is gone.
    """
    absolute = os.path.abspath(path)
    found = absolute if os.path.isfile(absolute) else paths.python_in(absolute, windows=windows)
    if path and found:
        return found
    from uv_system_sync.interpreter import not_found

    raise not_found.error(path, source, windows=windows)


def find(inputs: Inputs, environ: Mapping[str, str], start: Start, *, windows: bool = os.name == "nt") -> Target:
    """Return the Python that `inputs` name, as it describes itself, with the name that uv has for its executable.

    Raise `PythonNotFound` if there is none, and `PythonUnsuitable` if it does not answer, is too old or is none that uv would use.
    """
    asked, target = _named(inputs, environ, start, windows=windows) or _at_path(inputs, environ, start, windows=windows)
    if target.minor < (3, 8):
        raise PythonUnsuitable(
            "{interpreter} is Python {target.version}, and the oldest supported is 3.8.",
            "Use a newer Python. In a workflow, change `python-version` of actions/setup-python or leave this version out of the matrix.",
            interpreter=asked,
            target=target,
        )
    # uv goes by the prefix alone. A link from elsewhere has other programs beside it than what it leads to.
    found = paths.python_in(target.prefix, windows=windows)
    if found is None or not paths.same_program(found, target.executable):
        raise PythonUnsuitable(
            "{interpreter} is installed in {target.prefix}, where uv would use {found}.",
            "Set {python} to the one that uv would use, or create a virtual environment of the one that you mean.",
            interpreter=asked,
            target=target,
            found=found or "no interpreter",
            python=Option("python"),
        )
    return target._replace(executable=found)


def require_usable(target: Target, inputs: Inputs, pip_list: Callable[[], str]) -> None:
    """Raise `PythonUnsuitable` unless `inputs` allow to install into `target`, this user is able to, and uv keeps it.

    `pip_list` asks uv what is installed there, as JSON. That takes time and is only done for a Python of the operating system.
    """
    if target.externally_managed is not None:
        from uv_system_sync.interpreter import externally_managed

        externally_managed.require(target, target.externally_managed, inputs, pip_list)
    if target.virtual:
        pyvenv.require_version(target)
    if not {"\n", "\r", os.pathsep}.isdisjoint(target.prefix):
        raise PythonUnsuitable(
            "{target.prefix!r} contains a line break or a `{separator}`, which is not possible in PATH.",
            "Move this Python to a path without one.",
            target=target,
            separator=os.pathsep,
        )
    if not inputs.check:
        for folder in (*target.site_packages, target.scripts):
            _require_writable(folder)


def require_next_python(target: Target, search_path: str, *, windows: bool = os.name == "nt") -> None:
    """Raise `PythonUnsuitable` unless `python` is the target once its folders are in front of `search_path`.

    That is the PATH of the next step: the runner puts the last line of GITHUB_PATH first. `python3` has to be
    the target too, except on Windows, which does not have that name.
    """
    next_path = os.pathsep.join([*reversed(target.path_entries), search_path])
    for name in ("python",) if windows else ("python", "python3"):
        found = paths.program(name, next_path, windows=windows) or ""
        is_beside = any(paths.same_file(os.path.dirname(found), folder) for folder in target.path_entries)
        if not (is_beside and paths.same_program(found, target.executable)):
            wanted = os.path.join(target.path_entries[0], name + ".exe" * windows)
            missing = "Make {wanted} that interpreter, for example with a symbolic link."
            another = "If you mean {found}, set {python} to it. Otherwise make {wanted} that interpreter, for example with a symbolic link."
            raise PythonUnsuitable(
                "`{name}` in the next step would be {found}, not {target.executable}.",
                missing if found in ("", wanted) else another,
                name=name,
                found=found or "missing",
                target=target,
                python=Option("python"),
                wanted=wanted,
            )


def _named(inputs: Inputs, environ: Mapping[str, str], start: Start, *, windows: bool) -> tuple[str, Target] | None:
    """Return the interpreter that the inputs name with one word that is no path, and how it describes itself; or None."""
    if inputs.python_source != "python" or os.path.basename(inputs.python) != inputs.python:
        return None
    from uv_system_sync.interpreter import named

    # The shim of a version manager may choose by the current folder.
    return named.find(inputs, environ.get("PATH", ""), lambda program: ask(program, environ, start, os.curdir), windows=windows)


def _at_path(inputs: Inputs, environ: Mapping[str, str], start: Start, *, windows: bool) -> tuple[str, Target]:
    found = interpreter(inputs.python, inputs.python_source, windows=windows)
    return found, ask(found, environ, start, os.path.dirname(found))


def ask(interpreter: str, environ: Mapping[str, str], start: Start, folder: str) -> Target:
    """Return how `interpreter`, started in `folder`, describes itself; raise `PythonUnsuitable` if it does not.

    The one that runs this is not started if uv would get the same answer.
    """
    own = sys.executable or ""
    is_own = paths.same_file(interpreter, own) and paths.same_file(os.path.dirname(interpreter), os.path.dirname(own))
    if is_own and environment.INSTALL_LAYOUT not in environ:
        return _parsed({**probe.describe(), "executable": interpreter})
    option = Option("python")
    try:
        completed = start(Command((interpreter, "-B", "-I", "-S", probe.__file__), environment.for_uv(environ), folder))(None)
    except OSError as error:
        reason = error.strerror
        if isinstance(error, FileNotFoundError):
            reason = "the program in its first line, or the loader of its C library, does not exist"
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


def _parsed(answer: probe.Answer) -> Target:
    target = Target(
        **{name: str(answer[name]) for name in ("executable", "prefix", "version", "implementation", "platform", "scripts")},
        site_packages=tuple(dict.fromkeys((str(answer["purelib"]), str(answer["platlib"])))),
        virtual=bool(answer["virtual"]),
        externally_managed=str(answer["externally_managed"]) if answer["externally_managed"] else None,
        stdlib=tuple(dict.fromkeys((str(answer["stdlib"]), str(answer["platstdlib"])))),
        free_threaded=bool(answer["free_threaded"]),
    )
    _, _ = target.minor
    if not all(map(os.path.isabs, (target.prefix, target.scripts, *target.site_packages, *target.stdlib))):
        raise ValueError(answer)
    return target


def _require_writable(folder: str) -> None:
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    top = paths.read_only(folder)
    if top:
        raise PythonUnsuitable(
            "{folder} cannot be written: the file system of {top} is read-only.",
            "Mount it writable, or set {python} to a virtual environment in a folder that can be written.",
            folder=folder,
            top=top,
            python=Option("python"),
        )
    if not os.access(folder, os.W_OK):
        raise PythonUnsuitable(
            "{folder} is not writable{owner}.",
            "Make this user the owner of this Python, or set {python} to a virtual environment of theirs.",
            folder=folder,
            owner=paths.owner(folder),
            python=Option("python"),
        )

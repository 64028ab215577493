"""The Python to install into: finds it, and checks that uv can safely install into it and that later steps will run it."""

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

_NO_INTERPRETER = "Set {option} to a Python that runs on this machine: `<interpreter> -c 'import sys; print(sys.prefix)'` must work."


class Target(NamedTuple):
    """The Python to install into, as reported by its interpreter. All paths are absolute.

    `version` is the full version, such as `3.13.0rc1`, and `platform` is the name that sysconfig uses, such as `linux-x86_64`.
    `site_packages` are the folders that packages are installed into, and `stdlib` the folders of the standard library.
    `externally_managed` is the path of the EXTERNALLY-MANAGED file (PEP 668), or None if this Python has none.
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
        """The major and minor version."""
        return tuple(int(part) for part in self.version.split(".")[:2])

    @property
    def release(self) -> str:
        """The version as actions/setup-python and uv write it: with a trailing `t` for a free-threaded build."""
        return f"{self.version}t" if self.free_threaded else self.version

    @property
    def path_entries(self) -> tuple[str, ...]:
        """The folders that later steps need on PATH: the interpreter's folder and then the scripts folder, which takes precedence.

        The two differ on Windows, where `python.exe` is in the prefix, and for the system Python of some distributions.
        """
        return tuple(dict.fromkeys((os.path.dirname(self.executable), self.scripts)))


def interpreter(path: str, source: str, *, windows: bool) -> str:
    """Return the absolute path of the interpreter at `path`: the file itself or, if `path` is a prefix, the interpreter uv would use there.

    `source` is the input or variable that contained `path`. Raise `PythonNotFound` if there is no interpreter, and `PythonUnsuitable`
    if `path` leads to a dangling link, such as in a virtual environment whose base Python was removed, or is not accessible.
    """
    absolute = os.path.abspath(path)
    found = absolute if os.path.isfile(absolute) else paths.python_in(absolute, windows=windows)
    if path and found:
        return found
    from uv_system_sync.interpreter import not_found

    raise not_found.error(path, source, windows=windows)


def find(inputs: Inputs, environ: Mapping[str, str], start: Start, *, windows: bool = os.name == "nt") -> Target:
    """Return the Python that `inputs` select. Its `executable` is the one that uv would use in its prefix.

    Raise `PythonNotFound` if there is no such Python, and `PythonUnsuitable` if it does not run, is too old, or is not the interpreter
    that uv would use in its prefix.
    """
    selected = _by_name(inputs, environ, start, windows=windows)
    if selected is None:
        path = interpreter(inputs.python, inputs.python_source, windows=windows)
        selected = path, ask(path, environ, start, os.path.dirname(path))
    program, target = selected
    if target.minor < (3, 8):
        raise PythonUnsuitable(
            "{interpreter} is Python {target.version}, but the oldest supported version is 3.8.",
            "Use a newer Python. In a workflow, change `python-version` of actions/setup-python or leave this version out of the matrix.",
            interpreter=program,
            target=target,
        )
    # uv gets only the prefix. A link elsewhere to the same interpreter does not count: it has other programs beside it.
    found = paths.python_in(target.prefix, windows=windows)
    if found is None or not paths.same_program(found, target.executable):
        raise PythonUnsuitable(
            "{interpreter} is installed in {target.prefix}, where uv would use {found}.",
            "Set {python} to the interpreter that uv would use, or create a virtual environment with the one that you want.",
            interpreter=program,
            target=target,
            found=found or "no interpreter",
            python=Option("python"),
        )
    return target._replace(executable=found)


def require_usable(target: Target, inputs: Inputs, pip_list: Callable[[], str]) -> None:
    """Raise `PythonUnsuitable` unless `inputs` allow installing into `target`, this user may write to it, and uv would not delete it.

    `pip_list` returns the output of `uv pip list` as JSON. It is slow, and called only for an externally managed Python.
    """
    if target.externally_managed is not None:
        from uv_system_sync.interpreter import externally_managed

        externally_managed.require(target, target.externally_managed, inputs, pip_list)
    if target.virtual:
        pyvenv.require_version(target)
    if not {"\n", "\r", os.pathsep}.isdisjoint(target.prefix):
        raise PythonUnsuitable(
            "{target.prefix!r} contains a line break or `{separator}`, which a folder on PATH cannot contain.",
            "Move this Python to another path.",
            target=target,
            separator=os.pathsep,
        )
    if not inputs.check:
        for folder in (*target.site_packages, target.scripts):
            _require_writable(folder)


def require_next_python(target: Target, search_path: str, *, windows: bool = os.name == "nt") -> None:
    """Raise `PythonUnsuitable` unless `python` is `target` on the PATH of the next step.

    That PATH is `search_path` with the folders of `target` in front. The runner puts the last line of GITHUB_PATH first.
    `python3` must be `target` too, except on Windows, which does not have that name.
    """
    next_path = os.pathsep.join([*reversed(target.path_entries), search_path])
    for name in ("python",) if windows else ("python", "python3"):
        found = paths.program(name, next_path, windows=windows) or ""
        is_beside = any(paths.same_file(os.path.dirname(found), folder) for folder in target.path_entries)
        if is_beside and paths.same_program(found, target.executable):
            continue
        wanted = os.path.join(target.path_entries[0], f"{name}.exe" if windows else name)
        hint = "Make {wanted} that interpreter, for example with a symbolic link."
        if found not in ("", wanted):
            hint = "If you want {found}, set {python} to it. Otherwise make {wanted} that interpreter, for example with a symbolic link."
        raise PythonUnsuitable(
            "`{name}` in the next step would be {found}, not {target.executable}.",
            hint,
            name=name,
            found=found or "missing",
            target=target,
            python=Option("python"),
            wanted=wanted,
        )


def _by_name(inputs: Inputs, environ: Mapping[str, str], start: Start, *, windows: bool) -> tuple[str, Target] | None:
    """Return the program and the Python that the input `python` selects by a name or a version, or None if the input is a path."""
    if inputs.python_source != "python" or os.path.basename(inputs.python) != inputs.python:
        return None
    from uv_system_sync.interpreter import named

    # A version manager's shim may choose the Python by the current folder.
    return named.find(inputs, environ.get("PATH", ""), lambda program: ask(program, environ, start, os.curdir), windows=windows)


def ask(interpreter: str, environ: Mapping[str, str], start: Start, folder: str) -> Target:
    """Start `interpreter` in `folder`, and return the facts that it reports; raise `PythonUnsuitable` if it does not report any.

    The interpreter that runs this code is not started, unless Debian's variable would change its facts: uv does not see that variable.
    """
    running = sys.executable or ""
    is_running = paths.same_file(interpreter, running) and paths.same_file(os.path.dirname(interpreter), os.path.dirname(running))
    if is_running and environment.INSTALL_LAYOUT not in environ:
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
        # The dynamic loader may print warnings before the last line.
        return _parsed(json.loads(completed.output.strip().splitlines()[-1]))
    except (ValueError, TypeError, LookupError, RecursionError):
        raise PythonUnsuitable(
            "{interpreter} does not behave like a Python interpreter (exit status {status}). It printed: {output}",
            _NO_INTERPRETER,
            interpreter=interpreter,
            status=completed.returncode,
            output=completed.output.strip()[-1000:] or "nothing",
            option=option,
        ) from None


def _parsed(answer: probe.Answer) -> Target:
    target = Target(
        executable=str(answer["executable"]),
        prefix=str(answer["prefix"]),
        version=str(answer["version"]),
        implementation=str(answer["implementation"]),
        platform=str(answer["platform"]),
        scripts=str(answer["scripts"]),
        site_packages=tuple(dict.fromkeys((str(answer["purelib"]), str(answer["platlib"])))),
        virtual=bool(answer["virtual"]),
        externally_managed=str(answer["externally_managed"]) if answer["externally_managed"] else None,
        stdlib=tuple(dict.fromkeys((str(answer["stdlib"]), str(answer["platstdlib"])))),
        free_threaded=bool(answer["free_threaded"]),
    )
    # Raises ValueError unless the version begins with two numbers.
    _major, _minor = target.minor
    folders = (target.prefix, target.scripts, *target.site_packages, *target.stdlib)
    if not all(os.path.isabs(folder) for folder in folders):
        raise ValueError(answer)
    return target


def _require_writable(folder: str) -> None:
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    top = paths.read_only(folder)
    if top:
        raise PythonUnsuitable(
            "{folder} is not writable: the file system of {top} is read-only.",
            "Mount it read-write, or set {python} to a virtual environment in a writable folder.",
            folder=folder,
            top=top,
            python=Option("python"),
        )
    if not os.access(folder, os.W_OK):
        raise PythonUnsuitable(
            "{folder} is not writable{owner}.",
            "Make this user the owner of this Python, or set {python} to a virtual environment that this user owns.",
            folder=folder,
            owner=paths.owner(folder),
            python=Option("python"),
        )

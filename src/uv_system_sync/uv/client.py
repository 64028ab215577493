"""A client of uv: it holds the program and its environment, and has a method for each command that a run needs."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Iterator, Mapping

from uv_system_sync import environment
from uv_system_sync.errors import UvUnavailable
from uv_system_sync.interpreter.site_packages import lines_of_uv
from uv_system_sync.process import Command, Completed, Finish, Start
from uv_system_sync.text import Option
from uv_system_sync.uv import arguments

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.pyproject import Project

# The last patch release of the oldest minor version that the integration tests pass with. 0.5.29 does not report when `uv lock`
# would change no package, and 0.5.15 calls a workspace's lock outdated if an index in it is a relative path.
_OLDEST = "0.5.31"

# The first that takes `--dry-run` together with `--locked` or `--frozen`.
_DRY_RUN = "0.6.15"

_INSTALL = "Install a newer uv first, or put one first on PATH; in a workflow, {option} can ask for one."


class Uv:
    """The program at the absolute path `path`; `folder` is what later steps need on PATH if it was installed for this run, or empty.

    `environ` is the environment of this process; uv sees of it what `environment.for_uv` lets through. `start` starts each command.
    The version is asked for at once, which takes as long as everything else that is done before it is needed.
    """

    def __init__(self, path: str, environ: Mapping[str, str], start: Start, *, folder: str = "") -> None:
        self.path = path
        self.folder = folder
        self._cache: Mapping[str, str] = {}
        self._environ = environ
        self._start = start
        self._version = ""
        try:
            self._finish_version = start(self._command("--version"))
        except OSError as error:
            raise _not_starting(path, error) from None

    @property
    def version(self) -> str:
        """The version, such as `0.9.7`; raise `UvUnavailable` if the program is something else."""
        self._version = self._version or _version_in(self.path, self._finish_version(None).output)
        return self._version

    def require(self, inputs: Inputs | None = None) -> None:
        """Raise `UvUnavailable` if this uv is too old for uv-system-sync or for what `inputs` ask for."""
        for what, oldest in _needs(inputs, self._environ):
            if _release(self.version) < _release(oldest):
                raise UvUnavailable(
                    "{what} needs uv {oldest} or newer, and {path} is uv {version}.",
                    _INSTALL,
                    what=what,
                    oldest=oldest,
                    path=self.path,
                    version=self.version,
                    option=Option("uv-version"),
                )

    def sync_command(self, inputs: Inputs, project: Project, target: Target) -> Command:
        """Return the `uv sync` that does what `inputs` ask for; raise `InvalidInput` for an argument that it cannot take."""
        # By its prefix: in a virtual environment made with `--copies`, `python` and `python3` are two files. uv deletes the environment
        # if it is named by the one of them that this version of uv does not look for.
        argv = ("sync", *arguments.colours(inputs, self._environ), "--python", target.prefix, *arguments.sync(inputs))
        return self._command(*argv, target=target, cwd=project.directory)

    def dry_run(self, inputs: Inputs, project: Project, target: Target) -> Completed:
        """Ask what a sync would change; it changes nothing. Raise `UvUnavailable` if this uv cannot say."""
        if _release(self.version) < _release(_DRY_RUN):
            raise UvUnavailable(
                "Only uv {oldest} or newer says what a sync would change, and {path} is uv {version}.",
                "Install a newer uv. Without one, {yes} removes what is not in uv.lock without asking.",
                oldest=_DRY_RUN,
                path=self.path,
                version=self.version,
                yes=Option("yes", "true"),
            )
        argv = ("sync", *arguments.colours(inputs, self._environ), "--dry-run", "--python", target.prefix, *arguments.sync(inputs))
        return self._start(self._command(*argv, target=target, cwd=project.directory))(None)

    def use_cache(self, folder: str) -> None:
        """Use the cache `folder` from now on."""
        self._cache = {"UV_CACHE_DIR": folder}

    def would_install(self, inputs: Inputs, project: Project, target: Target, cache: str) -> dict[str, str] | None:
        """Return the packages that a sync would install with an empty `cache`, a folder that uv makes: the version by the name.

        The version is empty where uv prints an address instead. Return None if uv does not say, such as an older one. Nothing is
        built or downloaded for it.
        """
        argv = ("sync", "--dry-run", "--offline", "--python", target.prefix, *arguments.sync(inputs._replace(frozen=True)))
        command = self._command(*argv, target=target, cwd=project.directory)
        completed = self._start(command._replace(env={**command.env, "UV_CACHE_DIR": cache}))(None)
        return None if completed.returncode else {name: version for sign, name, version in lines_of_uv(completed.output) if sign != "-"}

    def lock_dry_run(self, inputs: Inputs, project: Project, target: Target) -> Completed:
        """Ask what `uv lock` would change; it changes nothing, and raises `OSError` if uv does not start.

        It asks no index: what a sync has just resolved is in uv's cache, and explaining a failure must not take longer than it.
        """
        argv = ("lock", "--dry-run", "--offline", "--python", target.executable, *inputs.args)
        return self._start(self._command(*argv, target=target, cwd=project.directory))(None)

    def pip_list(self, target: Target) -> str:
        """Return as JSON, after other lines, what uv finds installed in `target`."""
        argv = ("pip", "list", "--no-config", "--format", "json", "--python", target.executable)
        return self._start(self._command(*argv, target=target))(None).output

    def install_requirements(self, requirements: str, folder: str, *, offline: bool) -> Finish:
        """Start to install the hash-locked file `requirements` into `folder`, for the Python that runs this; no code of it is run.

        Settings of the project do not apply. Return what waits for the end; raise `UvUnavailable` if uv does not start.
        """
        argv = ("pip", "install", "--quiet", "--no-config", "--no-deps", "--require-hashes", "--no-build", "--python", sys.executable)
        # A link to a file in the cache would be changed with it, and by every other link to it.
        command = self._command(*argv, "--link-mode", "copy", "--target", folder, "-r", requirements, *(["--offline"] if offline else []))
        policies = ("UV_NO_BINARY", "UV_NO_BUILD", "UV_COMPILE_BYTECODE", "UV_MALWARE_CHECK")
        env = {name: value for name, value in command.env.items() if not name.startswith(policies)}
        try:
            return self._start(command._replace(env={**env, "UV_PYTHON_DOWNLOADS": "never"}))
        except OSError as error:
            raise _not_starting(self.path, error) from None

    def _command(self, *argv: str, target: Target | None = None, cwd: str = ".") -> Command:
        env = environment.for_sync(self._environ, target.prefix) if target else environment.for_uv(self._environ)
        return Command((self.path, *argv), {**env, **self._cache}, cwd)


def _needs(inputs: Inputs | None, environ: Mapping[str, str]) -> Iterator[tuple[object, str]]:
    yield "uv-system-sync", _OLDEST
    if environment.is_true(environ, "UV_MALWARE_CHECK"):
        # An older uv ignores it.
        yield "`UV_MALWARE_CHECK`", "0.11.16"
    if inputs and inputs.check:
        yield Option("check", "true"), "0.6.10"
    if inputs and len(inputs.packages) > 1:
        yield Option("packages", " ".join(inputs.packages)), "0.9.8"


def _version_in(path: str, output: str) -> str:
    found = re.search(r"^uv (\d\S*)", output, re.MULTILINE)
    if found is None:
        raise UvUnavailable(
            "{path} is not uv: `--version` printed {output!r}.",
            "Put uv first on PATH; in a workflow, {option} can ask for one.",
            path=path,
            output=output[:200],
            option=Option("uv-version"),
        )
    return found.group(1)


def _release(version: str) -> tuple[int, ...]:
    # uv's versions are three numbers, so comparing them needs no import of packaging, which takes as long as starting an interpreter.
    return tuple(map(int, re.findall(r"\d{1,9}", version)[:3]))


def _not_starting(path: str, error: OSError) -> UvUnavailable:
    return UvUnavailable(
        "{path} does not start: {reason}.",
        "Install uv first, for example with `pip install uv`; in a workflow, {option} can ask for one.",
        path=path,
        reason=error.strerror,
        option=Option("uv-version"),
    )

"""Runs uv: a method for each uv command that a run needs, and the check that uv is new enough."""

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

# The last patch release of the oldest minor version that passes the integration tests. 0.5.29 does not report when `uv lock`
# would change no package, and 0.5.15 calls a workspace's lock outdated if it contains an index with a relative path.
_OLDEST = "0.5.31"

# The first version that accepts `--dry-run` together with `--locked` or `--frozen`.
_OLDEST_WITH_DRY_RUN = "0.6.15"


class Uv:
    """The uv at the absolute path `path`.

    `folder` is the folder to add to PATH for later steps, or empty unless this uv was installed for this job.
    `environ` is the environment of this process; `environment.for_uv` selects the part that uv gets. `start` starts each command.
    `uv --version` is started at once, to run while the caller does other work. Raise `UvUnavailable` if it does not start.
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
            raise _cannot_start(path, error) from None

    @property
    def version(self) -> str:
        """The version, such as `0.9.7`; raise `UvUnavailable` if the program is not uv."""
        self._version = self._version or _version_in(self.path, self._finish_version(None).output)
        return self._version

    def require(self, inputs: Inputs | None = None) -> None:
        """Raise `UvUnavailable` if this uv is too old for uv-system-sync or for one of `inputs`."""
        fact = "{what} needs uv {oldest} or newer, and {path} is uv {version}."
        hint = "Install a newer uv, or put one first on PATH. In a workflow, set {option} to a newer version."
        for what, oldest in _requirements(inputs, self._environ):
            if _release(self.version) < _release(oldest):
                option = Option("uv-version")
                raise UvUnavailable(fact, hint, what=what, oldest=oldest, path=self.path, version=self.version, option=option)

    def sync_command(self, inputs: Inputs, project: Project, target: Target) -> Command:
        """Return the `uv sync` command for `inputs`; raise `InvalidInput` if `args` has an argument that users must not pass."""
        return self._sync(inputs, project, target)

    def dry_run(self, inputs: Inputs, project: Project, target: Target) -> Completed:
        """Run `uv sync --dry-run`, which shows what a sync would change; raise `UvUnavailable` if this uv is too old for it."""
        if _release(self.version) < _release(_OLDEST_WITH_DRY_RUN):
            fact = "Showing what a sync would change needs uv {oldest} or newer, and {path} is uv {version}."
            hint = "Install a newer uv, or use {yes} to remove all packages that are not in uv.lock without confirmation."
            yes, oldest = Option("yes", "true"), _OLDEST_WITH_DRY_RUN
            raise UvUnavailable(fact, hint, oldest=oldest, path=self.path, version=self.version, yes=yes)
        return self._start(self._sync(inputs, project, target, "--dry-run"))(None)

    def use_cache(self, folder: str) -> None:
        """Use `folder` as uv's cache from now on."""
        self._cache = {"UV_CACHE_DIR": folder}

    def would_install(self, inputs: Inputs, project: Project, target: Target, cache: str) -> dict[str, str] | None:
        """Return the packages that a sync would install with the empty cache folder `cache`, as a map from names to versions.

        uv creates `cache`. The version is empty where uv prints a URL instead. Return None if the dry run fails, as it does with an
        older uv. Nothing is built or downloaded.
        """
        argv = ("sync", "--dry-run", "--offline", "--python", target.prefix, *arguments.sync(inputs._replace(frozen=True)))
        command = self._command(*argv, target=target, cwd=project.directory)
        completed = self._start(command._replace(env={**command.env, "UV_CACHE_DIR": cache}))(None)
        if completed.returncode:
            return None
        return {name: version for sign, name, version in lines_of_uv(completed.output) if sign != "-"}

    def lock_dry_run(self, inputs: Inputs, project: Project, target: Target) -> Completed:
        """Run `uv lock --dry-run`, which shows what `uv lock` would change; raise `OSError` if uv does not start.

        It runs offline: what the failed sync resolved is in uv's cache, and explaining a failure must not take longer than the sync.
        """
        argv = ("lock", "--dry-run", "--offline", "--python", target.executable, *inputs.args)
        return self._start(self._command(*argv, target=target, cwd=project.directory))(None)

    def pip_list(self, target: Target) -> str:
        """Return the output of `uv pip list` for `target`: JSON, possibly after other lines."""
        argv = ("pip", "list", "--no-config", "--format", "json", "--python", target.executable)
        return self._start(self._command(*argv, target=target))(None).output

    def install_requirements(self, requirements: str, folder: str, *, offline: bool) -> Finish:
        """Start installing the hash-locked file `requirements` into `folder`, for the Python that runs this process.

        Only wheels are installed, so none of their code runs. The project's settings do not apply. Return the function that waits
        for uv to finish; raise `UvUnavailable` if uv does not start.
        """
        argv = ("pip", "install", "--quiet", "--no-config", "--no-deps", "--require-hashes", "--no-build", "--python", sys.executable)
        # A link would share its content with uv's cache, and any other link to the cached file could change it.
        command = self._command(*argv, "--link-mode", "copy", "--target", folder, "-r", requirements, *(["--offline"] if offline else []))
        policies = ("UV_NO_BINARY", "UV_NO_BUILD", "UV_COMPILE_BYTECODE", "UV_MALWARE_CHECK")
        env = {name: value for name, value in command.env.items() if not name.startswith(policies)}
        try:
            return self._start(command._replace(env={**env, "UV_PYTHON_DOWNLOADS": "never"}))
        except OSError as error:
            raise _cannot_start(self.path, error) from None

    def _sync(self, inputs: Inputs, project: Project, target: Target, *options: str) -> Command:
        # Pass the prefix, not an interpreter: in a virtual environment made with `--copies`, `python` and `python3` are two files,
        # and uv deletes the environment if `--python` names the one that this version of uv does not look for.
        python = ("--python", target.prefix)
        argv = ("sync", *arguments.colours(inputs, self._environ), *options, *python, *arguments.sync(inputs))
        return self._command(*argv, target=target, cwd=project.directory)

    def _command(self, *argv: str, target: Target | None = None, cwd: str = ".") -> Command:
        env = environment.for_sync(self._environ, target.prefix) if target else environment.for_uv(self._environ)
        return Command((self.path, *argv), {**env, **self._cache}, cwd)


def _requirements(inputs: Inputs | None, environ: Mapping[str, str]) -> Iterator[tuple[object, str]]:
    """Yield each thing that needs a minimum version of uv, with that version."""
    yield "uv-system-sync", _OLDEST
    if environment.is_true(environ, "UV_MALWARE_CHECK"):
        # An older uv ignores the variable.
        yield "`UV_MALWARE_CHECK`", "0.11.16"
    if inputs and inputs.check:
        yield Option("check", "true"), "0.6.10"
    if inputs and len(inputs.packages) > 1:
        yield Option("packages", " ".join(inputs.packages)), "0.9.8"


def _version_in(path: str, output: str) -> str:
    found = re.search(r"^uv (\d\S*)", output, re.MULTILINE)
    if found is None:
        fact = "{path} is not uv: `--version` printed {output!r}."
        hint = "Put uv first on PATH. In a workflow, set {option} to install one."
        raise UvUnavailable(fact, hint, path=path, output=output[:200], option=Option("uv-version"))
    return found.group(1)


def _release(version: str) -> tuple[int, ...]:
    # uv's versions are three numbers. Importing packaging to compare them would take as long as starting an interpreter.
    return tuple(map(int, re.findall(r"\d{1,9}", version)[:3]))


def _cannot_start(path: str, error: OSError) -> UvUnavailable:
    hint = "Install uv, for example with `pip install uv`. In a workflow, set {option} to install one."
    return UvUnavailable("{path} cannot be started: {reason}.", hint, path=path, reason=error.strerror, option=Option("uv-version"))

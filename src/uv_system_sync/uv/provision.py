"""Finds uv on PATH, or installs it with pip into the runner's temporary folder."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Callable, Iterable, Mapping

from uv_system_sync import inputs, paths
from uv_system_sync.errors import InvalidInput, UvUnavailable
from uv_system_sync.text import Option
from uv_system_sync.uv.client import Uv

if TYPE_CHECKING:
    from uv_system_sync.process import Start

REQUIREMENTS = os.path.normpath(os.path.join(os.path.dirname(__file__), "../../../requirements"))

# A version, or a comma-separated list of version specifier clauses (PEP 440). This checks the characters only: packaging, which could
# check more, is not installed before uv is. pip checks the rest.
_CLAUSE = r"(?:~=|==|!=|<=|>=|<|>)\s*\d[\w.+!*-]*"
_SPECIFIER = rf"\d[\w.+!*-]*|{_CLAUSE}(?:\s*,\s*{_CLAUSE})*"

# The prefix of the folders into which pip installs uv, below the runner's temporary folder.
_FOLDER = "uv-system-sync-uv-"


class Provider:
    """Finds uv on the PATH of `environ`, or installs it with pip below the folder `temp`.

    `changed` returns the prefixes of the environments that earlier steps of the job have changed. A uv in one of these was installed
    from a uv.lock, as a package of that project, and is not used.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        temp: str,
        start: Start,
        sleep: Callable[[float], None] = time.sleep,
        changed: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._environ = environ
        self._temp = temp
        self._start = start
        self._sleep = sleep
        self._changed = changed

    def first(self) -> Uv:
        """Return the uv on PATH, or install one if there is none.

        If the input `uv-version` is set, a uv on PATH that is unusable or too old is replaced in the same way.
        Raise `InvalidInput` if `uv-version` is malformed, and `UvUnavailable` if no uv can be provided.
        """
        wanted = checked(inputs.text(self._environ, "uv-version"))
        try:
            program = self._on_path(self._environ.get("PATH", ""))
            if program:
                uv = self._uv(program)
                if wanted:
                    uv.require()
                return uv
        except UvUnavailable:
            if not wanted:
                raise
        return self._install(wanted)

    def suitable(self, uv: Uv, wanted: str, required: str) -> Uv:
        """Return `uv` if it satisfies `wanted`, the input `uv-version`; otherwise install a uv that does.

        Without that input, a uv that pip has installed must satisfy `required`, the project's setting `required-version`.
        A malformed `required` is ignored here, because uv itself rejects it.
        """
        specifier = wanted
        if not wanted and uv.folder and re.fullmatch(_SPECIFIER, required):
            specifier = required
        return uv if not specifier or satisfies(uv.version, specifier) else self._install(specifier)

    def _on_path(self, search_path: str) -> str | None:
        """Return the first uv on `search_path` outside the environments that earlier steps of the job have changed, or None."""
        found = on_path(search_path)
        if found is None or not paths.python_in(os.path.dirname(os.path.dirname(found))):
            return found
        changed = [*self._changed()]
        folders = [folder for folder in search_path.split(os.pathsep) if folder]
        unchanged = [folder for folder in folders if not any(paths.is_inside(folder, prefix) for prefix in changed)]
        return on_path(os.pathsep.join(unchanged))

    def _uv(self, program: str) -> Uv:
        # The uv on PATH may be one that this action installed in an earlier step.
        is_ours = program.startswith(os.path.join(self._temp, _FOLDER))
        return Uv(program, self._environ, self._start, folder=os.path.dirname(program) if is_ours else "")

    def _install(self, specifier: str) -> Uv:
        from uv_system_sync.uv.pip import Pip

        if specifier:
            requirement = [f"uv{_with_operator(specifier)}"]
        else:
            requirement = ["--require-hashes", "--requirement", os.path.join(REQUIREMENTS, "uv.txt")]
        pip = Pip(self._environ, self._temp, self._start, self._sleep)
        return self._uv(pip.install_uv(requirement, os.path.join(self._temp, _FOLDER)))


def on_path(search_path: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the absolute path of the uv on `search_path`, or None; raise `UvUnavailable` if the only uv there is not executable."""
    found = paths.program("uv", search_path, windows=windows)
    if found is not None:
        return os.path.abspath(found)
    for folder in filter(None, search_path.split(os.pathsep)):
        path = os.path.join(folder, "uv.exe" if windows else "uv")
        if os.path.exists(path):
            fact, hint = "{path} is on PATH, but it is {what}.", "Remove it from PATH. In a workflow, set {option} to install uv."
            what = "a folder" if os.path.isdir(path) else "not executable"
            raise UvUnavailable(fact, hint, path=path, what=what, option=Option("uv-version"))
    return None


def checked(specifier: str) -> str:
    """Return `specifier` if it is empty or looks like a version or a version specifier (PEP 440); otherwise raise `InvalidInput`."""
    if specifier and not re.fullmatch(_SPECIFIER, specifier):
        fact = "{option} is {value!r}, which is neither a version nor a version specifier."
        hint = "Set it to a version such as `0.13.9` or a specifier such as `>=0.12`, or leave it empty for the uv on PATH or a recent one."
        raise InvalidInput(fact, hint, option=Option("uv-version"), value=specifier)
    return specifier


def satisfies(version: str, specifier: str) -> bool:
    """Return whether `version` satisfies `specifier`; False if packaging cannot parse it, so that pip reports it."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(_with_operator(specifier)).contains(version, prereleases=True)
    except InvalidSpecifier:
        return False


def _with_operator(specifier: str) -> str:
    # uv reads a bare version in `required-version` in the same way (astral-sh/uv, crates/uv-configuration/src/required_version.rs).
    return f"=={specifier}" if specifier[:1].isdigit() else specifier

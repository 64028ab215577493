"""Provides uv: the one on PATH, or one that pip installs into the runner's temporary folder."""

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

REQUIREMENTS = os.path.normpath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3, "requirements"))

# A version, or a list of clauses, in the characters that these consist of (PEP 440). packaging, which could check it,
# is installed by the uv that this decides on; pip checks it, too.
_CLAUSE = r"(?:~=|==|!=|<=|>=|<|>)\s*\d[\w.+!*-]*"
_SPECIFIER = rf"\d[\w.+!*-]*|{_CLAUSE}(?:\s*,\s*{_CLAUSE})*"

# What the names of the folders that pip installs into begin with.
_FOLDER = "uv-system-sync-uv-"


class Provider:
    """Provides uv for a run whose environment is `environ`: the one on PATH, or one that pip installs below the folder `temp`.

    `changed` returns the environments that earlier steps of the job have changed. The uv in such a one is that of a locked package.
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
        """Return a uv to begin with: the one on PATH, else one that is installed.

        Raise `InvalidInput` for an input `uv-version` that is no version, and `UvUnavailable` if there is no uv.
        """
        wanted = checked(inputs.text(self._environ, "uv-version"))
        try:
            found = self._on_path(self._environ.get("PATH", ""))
            uv = self._uv(found) if found else None
            if uv is not None:
                if wanted:
                    uv.require()
                return uv
        except UvUnavailable:
            if not wanted:
                raise
        return self._install(wanted)

    def suitable(self, uv: Uv, wanted: str, required: str) -> Uv:
        """Return `uv` if its version is `wanted`, which is the input `uv-version`, else one that is.

        Without that input, a uv that pip has installed has to be what the project has `required`; what is no version there,
        uv itself rejects.
        """
        specifier = wanted or (required if uv.folder and re.fullmatch(_SPECIFIER, required) else "")
        return uv if not specifier or satisfies(uv.version, specifier) else self._install(specifier)

    def _on_path(self, search_path: str) -> str | None:
        """Return the first uv on `search_path` that is in no environment that an earlier step of the job has changed, or None."""
        found = on_path(search_path)
        if found is None or not paths.python_in(os.path.dirname(os.path.dirname(found))):
            return found
        changed = [*self._changed()]
        folders = search_path.split(os.pathsep)
        return on_path(os.pathsep.join(it for it in folders if it and not any(paths.is_inside(it, prefix) for prefix in changed)))

    def _uv(self, program: str) -> Uv:
        # An earlier step of the job may have put one on PATH that is ours.
        is_ours = program.startswith(os.path.join(self._temp, _FOLDER))
        return Uv(program, self._environ, self._start, folder=os.path.dirname(program) if is_ours else "")

    def _install(self, specifier: str) -> Uv:
        from uv_system_sync.uv.pip import Pip

        pinned = ["--require-hashes", "--requirement", os.path.join(REQUIREMENTS, "uv.txt")]
        requirement = [f"uv{_with_operator(specifier)}"] if specifier else pinned
        pip = Pip(self._environ, self._temp, self._start, self._sleep)
        return self._uv(pip.install_uv(requirement, os.path.join(self._temp, _FOLDER)))


def on_path(search_path: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the absolute path of the uv on `search_path`, or None; raise `UvUnavailable` if what is there cannot be started."""
    found = paths.program("uv", search_path, windows=windows)
    if found is not None:
        return os.path.abspath(found)
    for folder in filter(None, search_path.split(os.pathsep)):
        path = os.path.join(folder, "uv.exe" if windows else "uv")
        if os.path.exists(path):
            raise UvUnavailable(
                "{path} is on PATH, but it is {what}.",
                "Remove it from PATH; in a workflow, {option} can ask for a uv.",
                path=path,
                what="a folder" if os.path.isdir(path) else "not executable",
                option=Option("uv-version"),
            )
    return None


def checked(specifier: str) -> str:
    """Return `specifier` if it looks like a version or a version specifier (PEP 440); raise `InvalidInput` otherwise."""
    if specifier and not re.fullmatch(_SPECIFIER, specifier):
        raise InvalidInput(
            "{option} is {value!r}, which is neither a version nor a version specifier.",
            "Set it to a version such as `0.13.9`, a specifier such as `>=0.12`, or leave it empty for the uv on PATH or a recent one.",
            option=Option("uv-version"),
            value=specifier,
        )
    return specifier


def satisfies(version: str, specifier: str) -> bool:
    """Return whether `version` is, or is in, `specifier`; what packaging cannot read is left to pip."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(_with_operator(specifier)).contains(version, prereleases=True)
    except InvalidSpecifier:
        return False


def _with_operator(specifier: str) -> str:
    # As uv itself reads `required-version` (astral-sh/uv, crates/uv-configuration/src/required_version.rs).
    return f"=={specifier}" if specifier[:1].isdigit() else specifier

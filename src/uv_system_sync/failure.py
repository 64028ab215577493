"""Says why uv refused, from what it printed and what the project says; it runs only after a sync has failed."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from uv_system_sync import project as project_room
from uv_system_sync import toml
from uv_system_sync.errors import ActionError, LockOutdated, OutOfSync, ProjectInvalid, PythonRejected, SyncFailed, UvUnavailable

if TYPE_CHECKING:
    from uv_system_sync.process import Completed
    from uv_system_sync.project import Project
    from uv_system_sync.target import Target

# How much of uv's own words an annotation quotes; the runner cuts the whole at 4,096 characters.
_QUOTED_CHARACTERS = 2500

_LOG = "The step's log holds all that uv printed."
# uv installs from its cache without looking at what is in it, so that a corrupt one fails again and again.
_CACHE = " If it fails again, its cache may be corrupt: run `uv cache clean`."


def explain(completed: Completed, project: Project, target: Target, *, uv: str) -> ActionError:
    """Return the error that tells the user best why `completed`, a sync of `project` into `target` with the `uv` of that version, failed.

    uv alone decides whether a sync fails. What it does not say is looked up here: the line of the
    project that does not accept the target, or the line of uv.lock that cannot be read.
    """
    output = completed.output
    if "needs to be updated, but `--locked`" in output:
        return LockOutdated(
            f"uv.lock does not match pyproject.toml any more. {_quote(output)}",
            f"Run `uv lock` in {project.root} and commit uv.lock.",
            file=project.lock,
            line=1,
        )
    if "The environment is outdated" in output:
        return OutOfSync(
            f"`check: true`, and the environment is not what uv.lock says. {_quote(output)}",
            "Run the step without `check: true` to install what is missing and remove what is not in the lock.",
        )
    return (
        toml.syntax_error(project.lock, ProjectInvalid)
        or _uv_rejection(output, project, uv)
        or _platform_rejection(output, project, target)
        or _python_rejection(project, target)
        or SyncFailed(
            f"uv ended with exit status {completed.returncode}. {_quote(output)}", _LOG + _CACHE * ("Failed to install:" in output)
        )
    )


def _uv_rejection(output: str, project: Project, uv: str) -> ActionError | None:
    found = re.search(r"Required uv version `([^`]+)` does not match", output)
    if found is None:
        return None
    place = project_room.setting(project, "required-version")
    return UvUnavailable(
        f"The project requires uv {found.group(1)}, and this is uv {uv}.",
        "Set `uv-version` to one that the project accepts, or leave it empty and let setup-uv choose, or change `required-version`.",
        file=place.file,
        line=place.line,
    )


def _platform_rejection(output: str, project: Project, target: Target) -> ActionError | None:
    found = re.search(r"supported environments: (.+)", output)
    if found is None:
        return None
    place = project_room.setting(project, "environments")
    return PythonRejected(
        f"The project is locked for {found.group(1).strip()}, and {target.executable} is Python {target.version} on {sys.platform}.",
        "Leave this platform or version out of the matrix (`exclude:`), or widen `environments` and run `uv lock`.",
        file=place.file,
        line=place.line,
    )


def _python_rejection(project: Project, target: Target) -> ActionError | None:
    for file, requirement in project_room.python_requirements(project):
        if not _accepts(requirement, target.version):
            return PythonRejected(
                f"{os.path.basename(file)} requires Python {requirement}, and {target.executable} is Python {target.version}.",
                "Leave this version out of the matrix (`exclude:`), or widen `requires-python` and run `uv lock`.",
                file=file,
                line=toml.line_of(file, "requires-python"),
            )
    return None


def _accepts(requirement: str, version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        # uv compares releases, so that 3.14.0rc1 satisfies `>=3.14`.
        return SpecifierSet(requirement).contains(Version(version.rstrip("+")).base_version)
    except (InvalidSpecifier, InvalidVersion):
        # For uv to say what is wrong with it.
        return True


def _quote(output: str) -> str:
    words = output.strip()
    cut = "… " if len(words) > _QUOTED_CHARACTERS else ""
    return f"uv said: {cut}{words[-_QUOTED_CHARACTERS:]}"

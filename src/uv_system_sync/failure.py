"""Says why uv refused, from what it printed and what the project says; it runs only after a sync has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uv_system_sync import project as project_room
from uv_system_sync.errors import ActionError, LockOutdated, OutOfSync, ProjectInvalid, PythonRejected, SyncFailed

if TYPE_CHECKING:
    from uv_system_sync.process import Completed
    from uv_system_sync.project import Project
    from uv_system_sync.target import Target

# How much of uv's own words an annotation quotes; the runner cuts the whole at 4,096 characters.
_QUOTED_CHARACTERS = 2500


def explain(completed: Completed, project: Project, target: Target) -> ActionError:
    """Return the error that tells the user best why `completed`, a `uv sync` of `project` into `target`, failed.

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
        project_room.syntax_error(project.lock, ProjectInvalid)
        or _rejection(project, target)
        or SyncFailed(f"uv ended with exit status {completed.returncode}. {_quote(output)}", "The step's log holds all that uv printed.")
    )


def _rejection(project: Project, target: Target) -> PythonRejected | None:
    if project.requires_python is None:
        return None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import Version

    # uv compares releases, so that 3.14.0rc1 satisfies `>=3.14`.
    version = Version(target.version.rstrip("+")).base_version
    try:
        if SpecifierSet(project.requires_python).contains(version):
            return None
    except InvalidSpecifier:
        return None
    return PythonRejected(
        f"The project requires Python {project.requires_python}, and {target.executable} is Python {target.version}.",
        "Leave this version out of the matrix (`exclude:`), or widen `requires-python` and run `uv lock`.",
        file=project.pyproject,
        line=project_room.line_of(project.pyproject, "requires-python"),
    )


def _quote(output: str) -> str:
    words = output.strip()
    cut = "… " if len(words) > _QUOTED_CHARACTERS else ""
    return f"uv said: {cut}{words[-_QUOTED_CHARACTERS:]}"

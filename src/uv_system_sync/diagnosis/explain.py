"""Says why uv refused, from what it printed and what the project says; it runs only after a sync has failed."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Callable, NamedTuple

from uv_system_sync.errors import (
    ActionError,
    InvalidInput,
    LockOutdated,
    OutOfSync,
    ProjectInvalid,
    PythonRejected,
    SyncFailed,
    UvUnavailable,
)
from uv_system_sync.project import pyproject as project_room
from uv_system_sync.project import toml

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.process import Command, Completed
    from uv_system_sync.project.pyproject import Project

# How much of uv's own words is kept; what of it is shown is for who shows it.
_KEPT_CHARACTERS = 2500

_LOG = "Read what uv said last; the step's log has all of it."
# uv installs from its cache without looking at what is in it, so that a corrupt one fails again and again.
_CACHE = " If it fails again, its cache may be corrupt: run `uv cache clean`."


class Attempt(NamedTuple):
    """A sync that failed, the version of the uv that did it, and how to ask that uv what it would change in uv.lock."""

    command: Command
    completed: Completed
    uv: str
    lock_dry_run: Callable[[], Completed]


def explain(attempt: Attempt, project: Project, target: Target) -> ActionError:
    """Return the error that tells the user best why `attempt`, a sync of `project` into `target`, failed.

    uv alone decides whether a sync fails. What it does not say is looked up here, in the project and in
    uv.lock. An address may hold credentials, and the error does not.
    """
    error = _explained(attempt, project, target)
    message, hint, words = map(_without_credentials, (" ".join(error.message.splitlines()), error.hint, error.words))
    return type(error)(message, hint, file=error.file, line=error.line, words=words)


def _explained(attempt: Attempt, project: Project, target: Target) -> ActionError:
    output = attempt.completed.output
    if "needs to be updated, but `--locked`" in output:
        return _outdated_lock(attempt, project)
    if "The environment is outdated" in output:
        return OutOfSync(
            "`check: true`, and the environment is not what uv.lock says.",
            "Run the step without `check: true` to install what is missing and remove what is not in the lock.",
            words=_end(output),
        )
    return (
        toml.syntax_error(project.lock, ProjectInvalid)
        or _unknown_argument(output, attempt.uv)
        or _uv_rejection(output, project, attempt.uv)
        or _platform_rejection(output, project, target)
        or _python_rejection(project, target)
        or _broken_rule(attempt, project, target)
        or _blamed(attempt, project, target)
        or SyncFailed(
            f"uv ended with exit status {attempt.completed.returncode}.",
            _LOG + _CACHE * ("Failed to install:" in output),
            words=_end(output),
        )
    )


def _outdated_lock(attempt: Attempt, project: Project) -> LockOutdated:
    from uv_system_sync.diagnosis import outdated_lock

    output = attempt.completed.output
    dry_run = _dry_run(attempt)
    cause = outdated_lock.cause(project, f"{dry_run.output}\n{output}", attempt.command.env)
    fact = "uv.lock is outdated." if cause is None else f"uv.lock is outdated: {cause.text}."
    return LockOutdated(
        f"{fact} {outdated_lock.changes(dry_run)}".strip(),
        cause.hint if cause and cause.hint else f"Run {project_room.lock_it(project)} and commit uv.lock.",
        file=cause.file if cause else project.lock,
        line=cause.line if cause else 1,
        words=_end(output),
    )


def _dry_run(attempt: Attempt) -> Completed:
    """Ask uv, and take no answer for one that says nothing: the reason for the failure is known without it."""
    try:
        return attempt.lock_dry_run()
    except OSError:
        return attempt.completed._replace(output="")


def _broken_rule(attempt: Attempt, project: Project, target: Target) -> ActionError | None:
    from uv_system_sync.diagnosis import rules

    error = rules.broken(attempt.completed.output, project, target, attempt.uv)
    return error and type(error)(error.message, error.hint, file=error.file, line=error.line, words=_end(attempt.completed.output))


def _blamed(attempt: Attempt, project: Project, target: Target) -> ActionError | None:
    from uv_system_sync.diagnosis import builds, outdated_lock

    output, env = attempt.completed.output, attempt.command.env
    fault = builds.find(output, project, target, env)
    if fault is None:
        return None
    file, line, because = fault.file, fault.line, ""
    if fault.resolving:
        # uv only resolves when it does not take the lock as it is.
        cause = outdated_lock.cause(project, output, env)
        if cause is not None:
            file, line, because = cause.file, cause.line, f" uv resolves because uv.lock is outdated: {cause.text}."
    return SyncFailed(fault.message + because, fault.hint or _LOG, file=file, line=line, words=_end(fault.words or output))


def _unknown_argument(output: str, uv: str) -> ActionError | None:
    found = re.search(r"unexpected argument '(-[\w-]+)|the argument '(-[\w-]+)[^']*' cannot be used multiple times", output)
    if found is None:
        return None
    once = " more than once" * bool(found.group(2))
    return InvalidInput(
        f"uv {uv} does not take `{found.group(1) or found.group(2)}`{once}.",
        "Correct `args` in the step, or set `uv-version` to one that takes it.",
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
                "Give actions/setup-python a `python-version` that the project accepts, leave this version out of the matrix (`exclude:`),"
                " or widen `requires-python` and run `uv lock`.",
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


def _end(output: str) -> str:
    words = output.strip()
    return ("… " if len(words) > _KEPT_CHARACTERS else "") + words[-_KEPT_CHARACTERS:]


def _without_credentials(text: str) -> str:
    return re.sub(r"(?<=://)[^\s/@`'\"]+@", "", text)

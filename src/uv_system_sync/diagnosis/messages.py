"""The messages of uv that one pattern recognises, and the error for each."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple

from uv_system_sync.errors import (
    ActionError,
    InvalidInput,
    LockMissing,
    LockOutdated,
    OutOfSync,
    ProjectInvalid,
    PythonRejected,
    RunnerUnusable,
    SyncFailed,
    UvUnavailable,
)
from uv_system_sync.project.toml import Place

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.project.pyproject import Project

Groups = Mapping[str, str]


class Row(NamedTuple):
    """A message of uv, as a pattern, and the error for it.

    The named groups of the pattern are fields of `message` and `hint`, besides those that `Failure.error` knows. `place`
    returns where the cause is, from the project and the groups.
    """

    pattern: str
    kind: type[ActionError]
    message: str
    hint: str
    place: Callable[[Project, Groups], Place | None]


def _nowhere(_: Project, __: Groups) -> None:
    return None


def _lock(project: Project, _: Groups) -> Place:
    return Place(project.lock.path, 1)


def _package(project: Project, groups: Groups) -> Place:
    return project.lock.place_of(groups["name"])


def _pyproject(project: Project, _: Groups) -> Place:
    return Place(project.pyproject.path, None)


def _parsed(project: Project, groups: Groups) -> Place:
    name = groups["name"]
    file = project.lock.path if name == "uv.lock" else os.path.normpath(os.path.join(project.directory, name))
    return Place(file, int(groups["at"]))


def _key(*keys: str) -> Callable[[Project, Groups], Place]:
    """Return a function that finds the line of pyproject.toml with `keys`, in which fields stand for groups."""

    def place(project: Project, groups: Groups) -> Place:
        named = tuple(key.format_map(groups) for key in keys)
        return project.pyproject.place_of(*named) or project.place_of_setting(*named[2:])

    return place


def _setting(*keys: str) -> Callable[[Project, Groups], Place]:
    return _key("tool", "uv", *keys)


_OTHER_UV = "In a workflow, {uv_version} can ask for another uv."

ROWS = (
    Row(
        r"unexpected argument '(?P<argument>-[\w-]+)",
        InvalidInput,
        "uv {uv} does not have the option `{argument}`.",
        f"Correct {{args}}, or use a uv that takes it. {_OTHER_UV}",
        _nowhere,
    ),
    Row(
        r"the argument '(?P<argument>-[\w-]+)[^']*' cannot be used multiple times",
        InvalidInput,
        "uv {uv} takes `{argument}` only once.",
        f"Correct {{args}}, or use a uv that takes it. {_OTHER_UV}",
        _nowhere,
    ),
    Row(
        r"Required uv version `(?P<required>[^`]+)` does not match",
        UvUnavailable,
        "The project requires uv {required}, and this is uv {uv}.",
        f"Use a uv that the project accepts, or change `required-version`. {_OTHER_UV}",
        _setting("required-version"),
    ),
    Row(
        r"unsupported schema version \(v(?P<schema>\d+), but only v(?P<supported>\d+) is supported\)",
        UvUnavailable,
        "uv.lock has the schema version {schema}, and uv {uv} reads version {supported} only.",
        f"Use a newer uv, or run {{lock_command}} with uv {{uv}}. {_OTHER_UV}",
        _lock,
    ),
    Row(
        r"Unable to find lockfile",
        LockMissing,
        "There is no uv.lock in {root}.",
        "Run {lock_command} and commit uv.lock; check that neither .gitignore nor .dockerignore names it.",
        _pyproject,
    ),
    Row(
        r"Failed to parse:? `?(?P<name>(?:[^`]*/)?(?:pyproject\.toml|uv\.lock|uv\.toml))`? .*?"
        r"error at line (?P<at>\d+), column (?P<column>\d+).*?(?:\^+ |$)(?P<reason>.*?)\.?(?= (?:hint|help|cause): |$)",
        ProjectInvalid,
        "uv cannot read {name} at line {at}, column {column}: {reason}.",
        "Correct {name}.",
        _parsed,
    ),
    Row(
        r"The environment is outdated",
        OutOfSync,
        "{check} found that the environment does not match uv.lock.",
        "Run without {check} to install what is missing and to remove what is not in the lock.",
        _nowhere,
    ),
    Row(
        r"supported environments: (?P<environments>.+?)(?= (?:hint|help): |$)",
        PythonRejected,
        "The project is locked for {environments}, and {python} is Python {version} on {platform}.",
        "Add them to `environments` and run {lock_command}, or, in a workflow, leave them out of the matrix (`exclude:`).",
        _setting("environments"),
    ),
    Row(
        r"Missing workspace member `(?P<name>[^`]+)`",
        LockOutdated,
        "uv.lock is outdated: the workspace has {name}, and uv.lock does not have it.",
        "Run {lock_command} and commit uv.lock.",
        _setting("workspace", "members"),
    ),
    Row(
        r"Default group `(?P<name>[^`]+)` \(from `tool\.uv\.default-groups`\) is not defined",
        ProjectInvalid,
        "`default-groups` has {name}, which `[dependency-groups]` does not define.",
        "Correct `default-groups`, or define the group, and run {lock_command}.",
        _setting("default-groups"),
    ),
    Row(
        r"Failed to find group `(?P<name>[^`]+)` included by `(?P<including>[^`]+)`",
        ProjectInvalid,
        "The group {including} includes {name}, which `[dependency-groups]` does not define.",
        "Correct `include-group`, or define that group, and run {lock_command}.",
        _key("dependency-groups", "{including}"),
    ),
    Row(
        r"Workspace member `(?P<folder>[^`]+)` is missing a `pyproject\.toml`",
        ProjectInvalid,
        "{folder} is a member of the workspace and has no pyproject.toml.",
        "Remove the folder, or add it to `exclude` in `[tool.uv.workspace]`.",
        _setting("workspace", "members"),
    ),
    Row(
        r"conflicts: \{(?P<names>[^}]+)\}",
        InvalidInput,
        "`conflicts` in `[tool.uv]` allows only one of {names}, and more than one is selected.",
        "Select one, by its name. To leave out a group that is selected by default, use `--no-group` in {args}, or {no_dev} for `dev`.",
        _setting("conflicts"),
    ),
    Row(
        r"`(?P<name>[^`]+)` references a workspace in `tool\.uv\.sources` .*?but is not a workspace member",
        ProjectInvalid,
        "`[tool.uv.sources]` takes {name} from the workspace, which has no such member.",
        "Add it to `members` in `[tool.uv.workspace]`, or correct its source, and run {lock_command}.",
        _setting("sources", "{name}"),
    ),
    Row(
        r"Distribution not found at: (?P<address>\S+)",
        ProjectInvalid,
        "A dependency is taken from {address}, and nothing is there.",
        "Correct `[tool.uv.sources]` and run {lock_command}. In a workflow, check the dependency out in an earlier step.",
        _pyproject,
    ),
    Row(
        r"Hash mismatch for `(?P<name>[^`=@ ]+)==(?P<release>[^`]+)`",
        SyncFailed,
        "The file of {name} {release} does not have the hash that uv.lock has.",
        "Find out why the file has changed: an index may have replaced it, or a proxy may have altered it. If the new file is right,"
        " run `uv lock --upgrade-package {name}` and commit uv.lock.",
        _package,
    ),
    Row(
        r"`(?P<name>[^`=@ ]+)==(?P<release>[^` ]+)[^`]*` can't be installed because it is marked as `--no-binary` but has no source",
        SyncFailed,
        "{name} {release} has no source distribution, and its wheels must not be used: `no-binary` applies to it.",
        "Remove it from `no-binary-package`, in the settings of uv, in {args} and in `UV_NO_BINARY_PACKAGE`.",
        _package,
    ),
    Row(
        r"Network connectivity is disabled, but the requested data wasn't found in the cache(?: for)?: `?(?P<address>[^\s`]+)",
        SyncFailed,
        "uv is offline, and its cache does not have {address}.",
        "Unset `UV_OFFLINE` or `offline`, or fill the cache of uv before.",
        _nowhere,
    ),
    Row(
        r"^error: (?:Failed to initialize cache .*?)?[Ff]ailed to (?:create|open|write)[^`]* `(?P<path>[^`]+)`: (?P<reason>[^()]+) \(os",
        RunnerUnusable,
        "uv cannot use {path}: {reason}.",
        "Let this user write there, or set `UV_CACHE_DIR` to a folder where it can.",
        _nowhere,
    ),
)


def find(failure: Failure) -> ActionError | None:
    """Return the error for the first row that is in uv's own words, or None."""
    words = failure.words
    for row in ROWS:
        found = re.search(row.pattern, words)
        if found:
            values = found.groupdict()
            return failure.error(row.kind, row.message, row.hint, row.place(failure.project, values), **values)
    return None

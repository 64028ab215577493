"""Finds in what uv printed which rule of the project's own files is broken, by the files themselves or by what the step selects."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from uv_system_sync.diagnosis import requirements
from uv_system_sync.diagnosis.builds import flat
from uv_system_sync.errors import ActionError, InvalidInput, LockOutdated, ProjectInvalid, PythonRejected, UvUnavailable
from uv_system_sync.project import pyproject as project_room
from uv_system_sync.project import toml, workspace

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.pyproject import Project


class _Rule(NamedTuple):
    """What uv says, as a pattern, and the error that it is; `{0}` is what the pattern has found, `key` the setting that it is about."""

    pattern: str
    kind: type[ActionError]
    message: str
    hint: str
    key: str = ""


_RULES = (
    _Rule(
        r"Default group `([^`]+)` \(from `tool\.uv\.default-groups`\) is not defined",
        ProjectInvalid,
        "`default-groups` names `{0}`, which `[dependency-groups]` does not define.",
        "Correct `default-groups`, or define the group, and run `uv lock`.",
        "default-groups",
    ),
    _Rule(
        r"Failed to find group `([^`]+)` included by `([^`]+)`",
        ProjectInvalid,
        "The group `{1}` includes `{0}`, which `[dependency-groups]` does not define.",
        "Correct what it includes, or define that group, and run `uv lock`.",
        "{1}",
    ),
    _Rule(
        r"Workspace member `([^`]+)` is missing a `pyproject\.toml`",
        ProjectInvalid,
        "{0} is a member of the workspace, and has no pyproject.toml.",
        "Remove the folder, or leave it out with `exclude` in `[tool.uv.workspace]`.",
        "members",
    ),
    _Rule(
        r"`([^`]+)` references a workspace in `tool\.uv\.sources` .*?but is not a workspace member",
        ProjectInvalid,
        "`[tool.uv.sources]` has `{0}` from the workspace, which has no such member.",
        "Add it to `members` in `[tool.uv.workspace]`, or correct its source, and run `uv lock`.",
        "{0}",
    ),
    _Rule(
        r"Distribution not found at: (\S+)",
        ProjectInvalid,
        "A package is to come from {0}, and nothing is there.",
        "Check it out in an earlier step, or correct `[tool.uv.sources]` and run `uv lock`.",
    ),
    _Rule(
        r"(?:Missing workspace member|Could not find root package) `([^`]+)`",
        LockOutdated,
        "uv.lock is outdated: the workspace has `{0}`, and uv.lock does not know it.",
        "Run {lock} and commit uv.lock.",
        "members",
    ),
    _Rule(
        r"unsupported schema version \(v(\d+), but only v(\d+) is supported\)",
        UvUnavailable,
        "uv.lock has the format {0}, and uv {uv} reads the format {1} only.",
        "Set `uv-version` to one that the project accepts, or leave it empty and let setup-uv choose, or run `uv lock` with uv {uv}.",
        "uv.lock",
    ),
)


def broken(output: str, project: Project, target: Target, uv: str) -> ActionError | None:
    """Return what `output`, of a sync by the version `uv`, says of the project's rules; None, when it is nothing that is known."""
    # Only what uv says itself: what a build prints is indented.
    words = flat(re.split(r"^(?:error: |  \u00d7 )", output, flags=re.MULTILINE)[-1].partition("[std")[0])
    return (
        _syntax(words, project)
        or _undefined(words, project)
        or _conflict(words, project)
        or _contradiction(words, project)
        or _group_python(words, project, target)
        or _known(words, project, uv)
    )


def _known(words: str, project: Project, uv: str) -> ActionError | None:
    for rule in _RULES:
        found = re.search(rule.pattern, words)
        if found is not None:
            values = {"uv": uv, "lock": project_room.lock_it(project)}
            message, hint, key = (text.format(*found.groups(), **values) for text in (rule.message, rule.hint, rule.key))
            place = _place(project, key)
            return rule.kind(message, hint, file=place.file, line=place.line)
    return None


def _conflict(words: str, project: Project) -> ActionError | None:
    found = re.search(r"conflicts: \{([^}]+)\}", words)
    if found is None:
        return None
    names, place = ", ".join(sorted(found.group(1).split(", "))), _place(project, "conflicts")
    return InvalidInput(
        f"`conflicts` in `[tool.uv]` allows only one of {names}, and more than one is selected.",
        "Select one, by its name. A group that is selected by default is left out by `--no-group` in `args`, and `dev` by `no-dev: true`.",
        file=place.file,
        line=place.line,
    )


def _contradiction(words: str, project: Project) -> ActionError | None:
    _, found, said = words.partition("Found conflicting Python requirements: ")
    if not found:
        return None
    wanted = ", ".join(f"`{name}` requires {requirement}" for name, requirement in re.findall(r"- ([\w.:-]+): (\S+)", said))
    return ProjectInvalid(
        f"There is no Python for all that is selected: {wanted}.",
        "Select no group that contradicts the project, or correct `[tool.uv.dependency-groups]` and run `uv lock`.",
        file=project.pyproject,
        line=toml.line_of(project.pyproject, "requires-python"),
    )


def _syntax(words: str, project: Project) -> ActionError | None:
    found = re.search(
        r"Failed to parse:? `?((?:[^`]*/)?(?:pyproject\.toml|uv\.lock|uv\.toml))`? .*?error at line (\d+), column (\d+) ", words
    )
    if found is None:
        return None
    name, line, column = found.groups()
    reason = re.search(r"\^+ (.+?)(?= (?:hint|help|cause): |$)", words[found.end() :])
    what = f": {reason.group(1).rstrip('.')}" if reason else ""
    file = project.lock if name == "uv.lock" else os.path.normpath(os.path.join(project.directory, name))
    return ProjectInvalid(
        f"uv cannot make sense of {name}{what} (at line {line}, column {column}).", f"Correct {file}.", file=file, line=int(line)
    )


def _undefined(words: str, project: Project) -> ActionError | None:
    found = re.search(r"(Group|Extra) `([^`]+)` is not defined in", words)
    if found is None:
        return None
    kind, name = found.group(1).lower(), found.group(2)
    others = ", ".join(f"`{other}`" for other in workspace.that_define(project.root, f"{kind}s", name))
    if others:
        fact = f"; the workspace's {others} does."
        hint = f"Name the member in `packages`, or set `working-directory` to its folder, or take `{name}` out of `{kind}s`."
    else:
        fact, hint = ".", f"Correct `{kind}s` in the step, or define `{name}` in the project and run `uv lock`."
    return InvalidInput(f"What is selected defines no {kind} `{name}`{fact}", hint)


def _group_python(words: str, project: Project, target: Target) -> ActionError | None:
    if "incompatible with the project's Python requirement" not in words:
        return None
    names = re.findall(r"`tool\.uv\.dependency-groups\.([\w.-]+)\.requires-python`", words) or re.findall(r"- [\w.-]+:([\w.-]+): ", words)
    said = _said_of_groups(project)
    found = [said[name] for name in names if name in said]
    if not found:
        return None
    wanted = ", ".join(f"`{name}` requires Python {said[name][0]}" for name in names if name in said)
    return PythonRejected(
        f"The group {wanted}, and {target.executable} is Python {target.version}.",
        "Leave this platform or version out of the matrix (`exclude:`), leave out the group (`no-dev: true` leaves out `dev`),"
        " or widen its `requires-python` and run `uv lock`.",
        file=found[0][1].file,
        line=found[0][1].line,
    )


def _said_of_groups(project: Project) -> dict[str, tuple[str, project_room.Place]]:
    """Return what the groups with a `requires-python` of their own say, and where; of two with one name, the nearest."""
    from packaging.utils import canonicalize_name

    root = os.path.join(project.root, "pyproject.toml")
    keys = ("tool", "uv", "dependency-groups")
    said: dict[str, tuple[str, project_room.Place]] = {}
    for file in dict.fromkeys([project.pyproject, root, *(file for file, _ in requirements.members(project))]):
        groups = toml.load(file, ProjectInvalid)
        for key in keys:
            groups = toml.table(groups, key)
        for name in groups:
            place = project_room.Place(file, toml.line_of_item(file, (*keys, name), ""))
            said.setdefault(canonicalize_name(name), (str(toml.table(groups, name).get("requires-python", "")), place))
    return said


def _place(project: Project, key: str) -> project_room.Place:
    if key == "uv.lock":
        return project_room.Place(project.lock, 1)
    line = toml.line_of(project.pyproject, key) if key else None
    return project_room.setting(project, key) if key and line is None else project_room.Place(project.pyproject, line)

"""The messages of uv that a single pattern recognises, and the error for each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Mapping, NamedTuple

from uv_system_sync import errors
from uv_system_sync.project import toml
from uv_system_sync.project.toml import Place
from uv_system_sync.uv import output

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.errors import ActionError
    from uv_system_sync.project.pyproject import Project


class Row(NamedTuple):
    """A pattern for the beginning of a message of uv, and the error for it; `message` and `hint` may name the groups of the pattern.

    `place` is where the error is shown: `package` (the line of that package in uv.lock), `file` (the file and line in the message),
    dotted keys in pyproject.toml or, after `lock`, in uv.lock, or nothing.
    """

    pattern: str
    kind: type[ActionError]
    message: str
    hint: str
    place: str = ""


_CORRECT_ARGS = "Correct {args}, or use a version of uv that accepts it (in a workflow, set {uv_version})."
_LOCK = "Run {lock_command} and commit uv.lock."
_OTHER_PYTHON = (
    "Use a Python that the project accepts, or widen `requires-python` and run {lock_command}."
    " In a workflow, correct `python-version` of actions/setup-python, or leave this Python out of the matrix (`exclude:`)."
)
_EXHAUSTED = "No space left on device|Disk quota exceeded|Too many open files|Cannot allocate memory|not enough space on the disk"
# These point to the network or the disk, not to a damaged file.
_INCOMPLETE = r".*(?:error decoding response body|error reading a body|[Tt]ime(?:d )?out|os error)"

# fmt: off
ROWS = (
    Row(r"unexpected argument '(?P<argument>-[\w-]+)", errors.InvalidInput,
        "uv {uv} does not have the option `{argument}`.", _CORRECT_ARGS),
    Row(r"the argument '(?P<argument>-[\w-]+)[^']*' cannot be used multiple times", errors.InvalidInput,
        "uv {uv} accepts `{argument}` only once.", _CORRECT_ARGS),
    Row(r"^error: unexpected argument '(?P<argument>[^']+)' found", errors.InvalidInput,
        "{args} has `{argument}`, which is neither an option of `uv sync` nor the value of one.",
        "Remove it. In {args}, write an option and its value as two words, or as one word with `=`."),
    Row(r"^error: the argument ['`](?P<argument>[\w-]+)[^'`]*['`][^'`]*cannot be used with:? ['`](?P<other>[\w-]+)", errors.InvalidInput,
        "uv accepts only one of `{argument}` and `{other}`.", "Remove one of the two, from {args}, the inputs or the environment."),
    Row(r"^error: invalid value '(?P<value>[^']*)' for '(?P<argument>-[\w-]+)[^']*':? \[?(?P<reason>.+?)\]?(?= (?:tip:|For more)|$)",
        errors.InvalidInput, "uv cannot use {value!r} for `{argument}`: {reason}.",
        "Correct it in {args}, or in the environment variable that sets this option."),
    Row(r"^error: a value is required for '(?P<argument>-[\w-]+)", errors.InvalidInput,
        "uv's option `{argument}` has no value.",
        "Give it one in {args}, or unset the environment variable that is empty, such as `UV_CACHE_DIR` for `--cache-dir`."),
    Row(r"^error: Failed to read `--find-links` directory: (?P<path>.+?) (?:Caused by|cause): (?P<reason>[^()]+) \(os", errors.InvalidInput,
        "uv cannot read {path}, which is set as `find-links`: {reason}.",
        "Correct `find-links` in uv's settings, {args} or `UV_FIND_LINKS`, or create that folder first."),
    Row(r"Required uv version `(?P<required>[^`]+)` does not match", errors.UvUnavailable,
        "The project requires uv {required}, and this is uv {uv}.",
        "Use a version of uv that the project accepts (in a workflow, set {uv_version}), or change `required-version`.",
        "tool.uv.required-version"),
    Row(r"The lockfile at `[^`]+` uses an unsupported schema version \(v(?P<schema>\d+), but only v(?P<supported>\d+) is supported\)",
        errors.UvUnavailable,
        "uv.lock has schema version {schema}, but uv {uv} reads only version {supported}.",
        "Use a newer uv (in a workflow, set {uv_version}), or run {lock_command} with uv {uv}.", "lock.version"),
    Row(r"Unable to find lockfile", errors.LockMissing,
        "There is no uv.lock in {directory}.",
        "Run `uv lock` there and commit uv.lock; check that neither .gitignore nor .dockerignore names it.", "pyproject"),
    Row(r"Failed to parse:? `?(?P<name>(?:[^`]*/)?(?:pyproject\.toml|uv\.toml))`? .*?"
        r"error at line (?P<at>\d+), column \d+ [ |]*\d+ \| [<>|=]{7}", errors.ProjectInvalid,
        "{name} contains merge conflict markers.", "Resolve the conflict in {name}, run {lock_command} and commit both.", "file"),
    Row(r"Package `(?P<name>[^`]+)` references an undeclared index: `(?P<index>[^`]+)`", errors.ProjectInvalid,
        "`[tool.uv.sources]` takes {name} from the index {index}, which `[[tool.uv.index]]` does not define.",
        "Correct the name of the index, or define it, and run {lock_command}.", "tool.uv.sources.{name}"),
    Row(r"(?:Failed to parse:?|Invalid metadata format in:) `?(?P<name>(?:[^`]*/)?(?:pyproject\.toml|uv\.lock|uv\.toml))`? .*?"
        r"error at line (?P<at>\d+), column (?P<column>\d+).*?(?:\^+ |$)(?P<reason>.*?)\.?(?= (?:hint|help|cause): |$)",
        errors.ProjectInvalid, "uv cannot read {name} at line {at}, column {column}: {reason}.", "Correct {name}.", "file"),
    Row(r"Failed to parse `(?:[^`]*/)?uv\.lock` (?:cause|Caused by): (?P<reason>.+?)\.?(?= (?:hint|help|cause): |$)", errors.ProjectInvalid,
        "uv cannot use uv.lock: {reason}.", "Restore it from version control as uv wrote it, then run {lock_command}.", "lock"),
    Row(r"The [^`\"]{1,200}project's Python requirement: `(?P<requires>[^`]+)`.*?"
        r"(?:tool\.uv\.dependency-groups\.|version: - [\w.-]+:)(?P<name>[\w.-]+?)(?:\.requires-python|: )", errors.PythonRejected,
        "The group `{name}` requires Python {requires}, and {target.executable} is Python {target.version}.",
        "Leave out the group ({no_dev} leaves out `dev`), or widen its `requires-python` and run {lock_command}."
        " In a workflow, leave this Python out of the matrix (`exclude:`).", "tool.uv.dependency-groups.{name}"),
    Row(r"The [^`\"]{1,200}(?:locked Python requirement|Python requirement(?=: `[^`]+`(?: \(from workspace|\. However|\. The following)))"
        r": `(?P<requires>[^`]+)`", errors.PythonRejected,
        "uv.lock requires Python {requires}, and {target.executable} is Python {target.version}.", _OTHER_PYTHON, "lock.requires-python"),
    Row(r"The [^`\"]{1,200}incompatible with the project's Python requirement: `(?P<requires>[^`]+)`", errors.PythonRejected,
        "pyproject.toml requires Python {requires}, and {target.executable} is Python {target.version}.", _OTHER_PYTHON,
        "project.requires-python"),
    Row(r"Found conflicting Python requirements: - (?P<one>\S+): (?P<first>\S+) - (?P<other>\S+): (?P<second>\S+)(?P<more>.*)",
        errors.ProjectInvalid, "No Python satisfies all that is selected: `{one}` requires {first}, `{other}` requires {second}{more}.",
        "Do not select a group that contradicts the project, or correct `[tool.uv.dependency-groups]` and run {lock_command}.",
        "project.requires-python"),
    Row(r"The environment is outdated", errors.OutOfSync,
        "{check} found that the environment does not match uv.lock: {planned}.",
        "To update it, run this again without {check}. Do not run `uv sync`, which may use another environment."),
    Row(r"The [^`\"]{1,200}supported environments: (?P<environments>.+?)(?= (?:hint|help): |$)", errors.PythonRejected,
        "The project is locked only for {environments}, and {target.executable} is Python {target.version} on {target.platform}.",
        "Add this environment to `environments` and run {lock_command}, or, in a workflow, leave it out of the matrix (`exclude:`).",
        "tool.uv.environments"),
    Row(r"(?:The lockfile at `[^`]+` needs to be updated, but `--frozen` was provided: )?"
        r"Missing workspace member `(?P<name>[^`]+)`", errors.LockOutdated,
        "uv.lock is outdated: it does not have the workspace member {name}.", _LOCK, "tool.uv.workspace.members"),
    Row(r"(?:(?:Package|Could not find root package) `|The workspace does not have a member )"
        r"(?P<name>[^`\s:]+)(?:` not found in workspace|`$|:)", errors.InvalidInput,
        "The workspace has no package `{name}`.",
        "Correct {packages}, or, if `{name}` is a new member of the workspace, run {lock_command} and commit uv.lock."),
    Row(r"Default group `(?P<name>[^`]+)` \(from `tool\.uv\.default-groups`\) is not defined", errors.ProjectInvalid,
        "`default-groups` has {name}, which `[dependency-groups]` does not define.",
        "Correct `default-groups`, or define the group, and run {lock_command}.", "tool.uv.default-groups"),
    Row(r"Failed to find group `(?P<name>[^`]+)` included by `(?P<including>[^`]+)`", errors.ProjectInvalid,
        "The group {including} includes {name}, which `[dependency-groups]` does not define.",
        "Correct `include-group`, or define that group, and run {lock_command}.", "dependency-groups.{including}"),
    Row(r"Workspace member `(?P<folder>[^`]+)` is missing a `pyproject\.toml`", errors.ProjectInvalid,
        "The workspace member {folder} has no pyproject.toml.",
        "Remove the folder, or add it to `exclude` in `[tool.uv.workspace]`.", "tool.uv.workspace.members"),
    Row(r"[A-Z][\w `,()-]{1,2000}are incompatible with the (?:\w+ )?conflicts: \{(?P<names>[^}]+)\}", errors.InvalidInput,
        "`conflicts` in `[tool.uv]` allows only one of {names}, and more than one is selected.",
        "Select only one of them. To leave out a group that is selected by default, use `--no-group` in {args}, or {no_dev} for `dev`.",
        "tool.uv.conflicts"),
    Row(r"`(?P<name>[^`]+)` references a workspace in `tool\.uv\.sources` .*?but is not a workspace member", errors.ProjectInvalid,
        "`[tool.uv.sources]` takes {name} from the workspace, which has no such member.",
        "Add it to `members` in `[tool.uv.workspace]`, or correct its source, and run {lock_command}.", "tool.uv.sources.{name}"),
    Row(r"Distribution not found at: (?P<address>\S+)", errors.ProjectInvalid,
        "A dependency has the source {address}, which does not exist.",
        "Correct `[tool.uv.sources]` and run {lock_command}. In a workflow, check out the dependency in an earlier step.", "pyproject"),
    Row(r"Hash mismatch for `(?P<name>[^`=@ ]+)==(?P<release>[^`]+)`", errors.SyncFailed,
        "The file of {name} {release} does not match its hash in uv.lock.",
        "Find out why the file has changed: an index may have replaced it, or a proxy may have altered it. If the new file is right,"
        " run `uv lock --upgrade-package {name}` and commit uv.lock.", "package"),
    Row(r"Distribution `(?P<name>[^`=@ ]+)==(?P<release>[^` ]+)[^`]*` can't be installed because it is"
        r" marked as `--no-binary` but has no source",
        errors.SyncFailed, "{name} {release} has no source distribution, and `no-binary` forbids its wheels.",
        "Remove it from `no-binary-package` in uv's settings, {args} and `UV_NO_BINARY_PACKAGE`.", "package"),
    Row(output.OFFLINE, errors.SyncFailed,
        "uv is offline, and {address} is not in its cache.",
        "Unset `UV_OFFLINE` or `offline`, or fill uv's cache first."),
    Row(r"^error: Failed to parse environment variable `(?P<name>[^`]+)` with invalid value `(?P<value>[^`]*)`(?:: (?P<reason>.+))?",
        errors.InvalidInput, "uv cannot use the environment variable `{name}`, which is {value!r}: {reason}.", "Correct or unset it."),
    Row(rf"{output.NOT_OF_A_BUILD}{output.UNQUOTED}(?P<reason>{_EXHAUSTED})\.? \(os error", errors.RunnerUnusable,
        "The machine has run out of disk space, memory or file handles: {reason}.",
        "Free some; `df -h`, `df -i` and `ulimit -a` show what is left."),
    Row(r"Failed to (?:download|read)[a-z ]* `(?P<name>[^`=@ ]+)==(?P<release>[^`]+)` .*?"
        r"failed to (?:query|open|read)[a-z ]* `(?P<path>[^`]+)`: No such file or directory \(os", errors.SyncFailed,
        "The file of {name} {release} does not exist: {path}.",
        "If it belongs to the repository, restore it, and check that neither .gitignore nor .dockerignore names it."
        " If it is in uv's cache, run `uv cache clean {name}`.", "package"),
    Row(rf"Failed to (?:download|read)[a-z ]* `(?P<name>[^`=@ ]+)==(?P<release>[^`]+)` (?!{_INCOMPLETE})"
        r"(?:cause: |Caused by: )?Failed to extract", errors.SyncFailed,
        "The file of {name} {release} is damaged.",
        "Run it again. If the file is still damaged, it may be damaged in uv's cache (run `uv cache clean {name}`), in a proxy"
        " or on the index.",
        "package"),
)
# fmt: on


def find(failure: Failure) -> ActionError | None:
    """Return the error for the first row that matches, or for a path that the system does not let uv use, or None."""
    messages, project = failure.messages, failure.project
    for row in ROWS:
        found = output.match(row.pattern, messages)
        if found is None:
            continue
        values = found.groupdict()
        keys = [key.format_map(values) for key in row.place.split(".")]
        table = toml.table(project.pyproject.data, *(key for key in keys if key != "requires-python"))
        written = toml.string(table, "requires-python")
        if written:
            # uv prints its intersection with other requirements; the error shows it as written.
            values["requires"] = written
        return failure.error(row.kind, row.message, row.hint, _place(project, keys, values), directory=project.directory, **values)
    return output.unusable(messages, failure.end)


def _place(project: Project, keys: list[str], values: Mapping[str, str]) -> Place | None:
    first, *rest = keys
    if not first:
        return None
    if first == "package":
        return project.lock.place_of(values["name"])
    if first == "file":
        is_lock = values["name"] == "uv.lock"
        path = project.lock.path if is_lock else os.path.normpath(os.path.join(project.directory, values["name"]))
        return Place(path, int(values["at"]))
    if first == "lock":
        return project.lock.document.place_of(*rest) or Place(project.lock.path, 1)
    place = project.pyproject.place_of(*keys)
    if place is None and first == "tool":
        return project.place_of_setting(*rest[1:])
    return place or Place(project.pyproject.path, None)

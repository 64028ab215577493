"""Finds in what uv printed which package or address is at fault, and says what is known to help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Mapping, NamedTuple

from uv_system_sync.diagnosis import git, network, requirements, wheels
from uv_system_sync.project import toml

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.pyproject import Project


class Fault(NamedTuple):
    """What is at fault, as a sentence that names it, and the next step, or nothing; what a build said last; and a place."""

    message: str
    hint: str = ""
    words: str = ""
    file: str | None = None
    line: int | None = None
    resolving: bool = False


# What the output of a failed build holds, and what then helps; `{0}` is what the pattern has found.
_HELP = (
    (
        r"fatal error:? ['\"]?(?:[\w./]*/)?Python\.h['\"]?",
        "The headers of this Python are missing: use actions/setup-python's, or install `python3-dev` or `python3-devel` of the system.",
    ),
    (
        r"(?:fatal error:? (?:C1083: Cannot open include file: )?['\"]?|cannot find )([\w./+-]+\.(?:h|hh|hpp|hxx))\b",
        "Install the package of the system that has the header `{0}` in an earlier step (its name often ends in `-dev` or `-devel`).",
    ),
    (
        r"(?:command '|unable to execute ')([^'\s]*(?:cc|clang|[gc]\+\+)[^'\s]*)'(?: failed)?: No such file",
        "Install a compiler in an earlier step: there is no `{0}`.",
    ),
    (r"Microsoft Visual C\+\+ 14\.\d", "Install Microsoft's C++ Build Tools in an earlier step."),
    (
        r"(?i)find Rust compiler|Cargo, the Rust .* is not installed|(?:cargo|rustc)['`:]* (?:command )?not found|directory: 'cargo'",
        "Install Rust (`cargo` and `rustc`) in an earlier step.",
    ),
    (r"pkg-config\S*:? (?:command |was |is |could )?not (?:found|be found|be run|installed)", "Install `pkg-config` in an earlier step."),
    (r"No such file or directory: '(?:pkg-config|pkgconf)'", "Install `pkg-config` in an earlier step."),
    (r"No module named ['\"]?distutils", "Its build needs `distutils`, which Python has not had since 3.12: lock a newer version of it."),
)
_POLICIES = ("UV_NO_BUILD", "UV_NO_BUILD_PACKAGE", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE")
_LINES = 30
# How much of a build's last words is searched for what helps.
_READ = 8000
_SENTENCE = 600


def find(output: str, project: Project, target: Target, env: Mapping[str, str]) -> Fault | None:
    """Return what `output`, of a uv that failed, puts the blame on; None, when it is in no form that is known."""
    words = flat(output)
    return (
        _distribution(words, project, target, env)
        or _unread(words, project)
        or _build(words, output, project, target)
        or _unreached(words)
        or _resolution(words)
    )


def flat(output: str) -> str:
    """Return `output` in one line; older versions of uv draw a tree and wrap its lines, and newer ones do neither."""
    return " ".join(re.sub(r"[\u2500-\u257f\u25b6\u00d7]", " ", output).split())


def _distribution(flat: str, project: Project, target: Target, env: Mapping[str, str]) -> Fault | None:
    found = re.search(r"Distribution `([^`=@ ]+)==([^` ]+)[^`]*` can't be installed because it (.+)", flat)
    if found is None:
        return None
    name, version, reason = found.groups()
    has = _missing_wheels(name, version, project, target)
    says = f" {has}." * bool(has)
    line = toml.line_with(project.lock, f'name = "{name}"')
    if "`--no-build`" in reason:
        set_here = [f"`{variable}` is {env[variable]}" for variable in _POLICIES if env.get(variable)]
        why = " and ".join(set_here) or "a setting of uv (`no-build`) says so"
        hint = "Allow to build it, or take a Python that it has a wheel for, or lock a version that has one for this Python."
        return Fault(
            f"{name} {version} has no wheel that can be used here, and must not be built: {why}.{says}", hint, "", project.lock, line
        )
    if "source distribution or wheel" not in reason:
        return None
    system = re.search(r"You're on \w+ \(`([\w.]+)`\)", flat)
    here = f" This system is {system.group(1)}." * bool(system) if system else ""
    fact = f"{name} {version} has no wheel for this Python and platform, and no source to build it from.{says}{here}"
    hint = "Leave this Python or platform out of the matrix (`exclude:`), or lock a version that has a wheel for it."
    return Fault(fact, hint, "", project.lock, line)


def _unread(flat: str, project: Project) -> Fault | None:
    found = git.fault(flat)
    if found is None:
        return None
    return Fault(found.message, found.hint, file=project.lock, line=toml.line_with(project.lock, f'name = "{found.package}"'))


def _build(flat: str, output: str, project: Project, target: Target) -> Fault | None:
    found = re.search(r"Failed to (?:download and )?build:? `?([^`\s@=]+)(?:==([^`\s]+)| @ [^`]*)?`?", flat)
    if found is None:
        return None
    name, version = found.groups()
    has = _missing_wheels(name, version, project, target) if version else ""
    words = _last_words(output)
    what = f"{name} {version}" if version else name
    reason = re.search(
        r"(Call to `[^`]*` failed \([^)]*\))|Failed to resolve requirements from `[^`]*`(.*?)(?= (?:help|hint): |$)", flat[found.end() :]
    )
    said = "" if reason is None else f": {reason.group(1) or 'what its build requires cannot be had:' + _cut(reason.group(2))}"
    built = f" It is built from source: {has}." * bool(has)
    reached = network.fault(flat) if reason and not reason.group(1) else None
    hint = reached.hint if reached else _help((words or flat)[-_READ:], bool(has))
    file = next((file for file, package in requirements.members(project) if package.get("name") == name), None)
    line = toml.line_of(file, "build-backend") if file else None
    return Fault(f"{what} could not be built{said.rstrip('.')}.{built}", hint, words, file, line)


def _help(words: str, lacks_wheels: bool) -> str:  # noqa: FBT001 - of one caller
    hints = [hint.format(*found.groups()) for pattern, hint in _HELP for found in [re.search(pattern, words)] if found][:1]
    if lacks_wheels:
        hints.append(
            f"{'Or lock' if hints else 'Lock'} a version of it that has a wheel for this Python, or take a Python that it has one for."
        )
    return " ".join(hints)


def _last_words(output: str) -> str:
    """Return the last lines that a build backend printed, as uv shows them, or nothing."""
    _, mark, rest = output.rpartition("[stderr]\n")
    if not mark:
        _, mark, rest = output.rpartition("[stdout]\n")
    lines = re.split(r"\n\s*(?:hint|help|cause): ", rest)[0].rstrip().splitlines() if mark else []
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:].rstrip() for line in lines[-_LINES:])


def _missing_wheels(name: str, version: str, project: Project, target: Target) -> str:
    for package in requirements.packages(project):
        if (package.get("name"), package.get("version")) == (name, version):
            return wheels.missing(package, target)
    return ""


def _unreached(flat: str) -> Fault | None:
    found = network.fault(flat)
    return None if found is None else Fault(found.message, found.hint, resolving=found.listing)


def _resolution(flat: str) -> Fault | None:
    found = re.search(r"No solution found when resolving.*?(Because .*?)(?= (?:hint|help): |$)", flat)
    if found is None:
        return None
    name = re.match(r"Because (?:there (?:is|are) no versions? of |only )?([A-Za-z0-9][\w.-]*)", found.group(1))
    subject = f"{name.group(1)}: " * bool(name) if name else ""
    return Fault(f"{subject}uv finds no versions that fit together.{_cut(' ' + found.group(1))}", resolving=True)


def _cut(text: str) -> str:
    return text if len(text) <= _SENTENCE else f"{text[:_SENTENCE]} …"

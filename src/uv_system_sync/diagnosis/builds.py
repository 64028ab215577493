"""Explains which package has no file to install, or failed to build, and what is known to help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uv_system_sync.diagnosis import members, network, wheels
from uv_system_sync.diagnosis.failure import shortened
from uv_system_sync.errors import ActionError, SyncFailed
from uv_system_sync.project.toml import Place
from uv_system_sync.text import Message, message, normalized_name

if TYPE_CHECKING:
    from uv_system_sync.diagnosis.failure import Failure

# What a failed build prints, and what helps; the fields are the groups of the pattern.
_HELP = (
    (
        r"fatal error:? ['\"]?(?:[\w./]*/)?Python\.h['\"]?",
        "First install the headers of this Python (`python3-dev` or `python3-devel`), or use a Python that has them.",
    ),
    (
        r"(?:fatal error:? (?:C1083: Cannot open include file: )?['\"]?|cannot find )(?P<header>[\w./+-]+\.(?:h|hh|hpp|hxx))\b",
        "First install the system's package that has the header `{header}` (its name often ends in `-dev` or `-devel`).",
    ),
    (
        r"(?:command '|unable to execute ')(?P<compiler>[^'\s]*(?:cc|clang|[gc]\+\+)[^'\s]*)'(?: failed)?: No such file",
        "First install a compiler: there is no `{compiler}`.",
    ),
    (r"Microsoft Visual C\+\+ 14\.\d", "First install Microsoft's C++ Build Tools."),
    (
        r"(?i)find Rust compiler|Cargo, the Rust .* is not installed|(?:cargo|rustc)['`:]* (?:command )?not found|directory: 'cargo'",
        "First install Rust (`cargo` and `rustc`).",
    ),
    (r"pkg-config\S*:? (?:command |was |is |could )?not (?:found|be found|be run|installed)", "First install `pkg-config`."),
    (r"No such file or directory: '(?:pkg-config|pkgconf)'", "First install `pkg-config`."),
    (r"pg_config(?: executable)?\S* (?:is )?not found", "First install the system's package that has `pg_config` (`libpq-dev`)."),
    (r"No module named ['\"]?distutils", "Lock a newer version of it: its build needs `distutils`, which Python has not had since 3.12."),
    (r"use_2to3 is invalid", "Lock a newer version of it: its build needs `use_2to3`, which setuptools has not had since version 58."),
)
_POLICIES = ("UV_NO_BUILD", "UV_NO_BUILD_PACKAGE", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE")
# How much of the end of a build's output is searched for what helps.
_SEARCHED = 8000
_FAILED = re.compile(
    r"Failed to (?:(?:download and )?build|generate package metadata for|prepare metadata for):?"
    r" `?([^`\s@=]+)(?:==([^`\s]+)| @ [^`]*)?"
)


def no_distribution(failure: Failure) -> ActionError | None:
    """Return the error for a package that has neither a wheel nor a source that uv can use, or None."""
    words = failure.words
    found = re.search(r"Distribution `(?P<name>[^`=@ ]+)==(?P<release>[^` ]+)[^`]*` can't be installed because it (?P<reason>.+)", words)
    if found is None:
        return None
    name, release, reason = found.groups()
    if "`--no-build`" in reason:
        fact = "{package} {release} has no wheel that can be used here, and must not be built: {why}.{wheels}"
        hint = "Allow uv to build it, or lock a version that has a wheel for this Python, or use a Python that it has a wheel for."
    elif "source distribution or wheel" in reason:
        fact = "{package} {release} has no wheel for this Python and platform, and no source distribution.{wheels}{system}"
        hint = "Lock a version that has a wheel for it, or, in a workflow, leave this Python or platform out of the matrix (`exclude:`)."
    else:
        return None
    missing = _missing_wheels(name, release, failure)
    system = re.search(r"You're on \w+ \(`([\w.]+)`\)", words)
    policies = [f"`{variable}` is {failure.env[variable]}" for variable in _POLICIES if failure.env.get(variable)]
    return failure.error(
        SyncFailed,
        fact,
        hint,
        failure.project.lock.place_of(name),
        package=name,
        release=release,
        why=" and ".join(policies) or "`no-build` is set in the settings of uv",
        wheels=message(" {missing}.", missing=missing) if missing else "",
        system=message(" This system is {tag}.", tag=system.group(1)) if system else "",
    )


def failed_build(failure: Failure) -> ActionError | None:
    """Return the error for a package that failed to build, or None."""
    words = failure.words
    found = _FAILED.search(words)
    if found is None:
        return None
    name, release = found.group(1), found.group(2) or ""
    place = _backend(name, failure)
    missing = _missing_wheels(name, release, failure) if release and not place else None
    unreached = None if "Call to `" in words else network.find(words)
    return failure.error(
        SyncFailed,
        "{package} could not be built{reason}.{wheels}",
        unreached.hint if unreached else "{help}",
        place,
        failure.quoted,
        package=f"{name} {release}".strip(),
        reason=_reason(words[found.end() :], unreached),
        wheels=message(" It was built from source: {missing}.", missing=missing) if missing else "",
        help=_help(failure.quoted or words, missing),
        host=unreached.host if unreached else "",
    )


def _reason(words: str, unreached: network.Unreached | None) -> Message | str:
    call = re.search(r"Call to `[^`]*` failed \([^)]*\)", words)
    if call:
        return message(": {call}", call=call.group())
    required = re.search(r"Failed to (?:resolve|install) requirements from `[^`]*`(.*?)(?= (?:help|hint): |$)", words)
    if required and unreached:
        text = ": its build requirements could not be fetched from {address}: {why}"
        return message(text, address=unreached.address, why=unreached.reason)
    return message(": its build requirements cannot be installed:{why}", why=shortened(required.group(1).rstrip("."))) if required else ""


def _help(words: str, missing: Message | None) -> Message:
    searched = ((re.search(pattern, words[-_SEARCHED:]), hint) for pattern, hint in _HELP)
    known = next((message(hint, **found.groupdict()) for found, hint in searched if found), None)
    if missing is None:
        return known or message("Read the end of the output of uv; the log has all of it.")
    lock = message(
        "If a version of it has a wheel for this Python, lock that one{other}.",
        other=", or use a Python that it has a wheel for" if "platforms" in missing.values else "",
    )
    return message("{known} {lock}", known=known, lock=lock) if known else lock


def _backend(name: str, failure: Failure) -> Place | None:
    """Return where the package `name`, if it comes from a folder, sets its build backend."""
    project = failure.project
    folders = {normalized_name(project.name): project.pyproject, **{it.name: it.pyproject for it in members.find(project)}}
    document = folders.get(normalized_name(name))
    return document and (document.place_of("build-system", "build-backend") or Place(document.path, None))


def _missing_wheels(name: str, release: str, failure: Failure) -> Message | None:
    package = failure.project.lock.package(name, release)
    return wheels.missing(package, failure.target) if package else None

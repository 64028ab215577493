"""Explains which package has no file to install, or failed to build, and what is known to help."""

from __future__ import annotations

import re
import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING

from uv_system_sync.diagnosis import network, requirements
from uv_system_sync.errors import ActionError, SyncFailed
from uv_system_sync.project import toml
from uv_system_sync.project.toml import Place
from uv_system_sync.text import Message, listed, message, normalized_name

if TYPE_CHECKING:
    from packaging.tags import Tag

    from uv_system_sync.diagnosis.failure import Failure
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.toml import Table

_READ_ONLY = "The build writes to `{path}`, and the file system there is read-only: mount it writable, or copy the project elsewhere first."
# What a failed build prints, and what helps; the fields are the groups of the pattern.
# fmt: off
_HELP = (
    (r"fatal error:? ['\"]?(?:[\w./]*/)?Python\.h['\"]?",
     "First install the headers of this Python (`python3-dev` or `python3-devel`), or use a Python that has them."),
    (r"(?:fatal error:? (?:C1083: Cannot open include file: )?['\"]?|cannot find )(?P<header>[\w./+-]+\.(?:h|hh|hpp|hxx))\b",
     "First install the system's package that has the header `{header}` (its name often ends in `-dev` or `-devel`)."),
    (r"(?:command '|unable to execute ')(?P<compiler>[^'\s]*(?:cc|clang|[gc]\+\+)[^'\s]*)'(?: failed)?: No such file",
     "First install a compiler: there is no `{compiler}`."),
    (r"Microsoft Visual C\+\+ 14\.\d", "First install Microsoft's C++ Build Tools."),
    (r"(?i)find Rust compiler|Cargo, the Rust .* is not installed|(?:cargo|rustc)['`:]* (?:command )?not found|directory: 'cargo'",
     "First install Rust (`cargo` and `rustc`)."),
    (r"pkg-config\S*:? (?:command |was |is |could )?not (?:found|be found|be run|installed)|directory: '(?:pkg-config|pkgconf)'",
     "First install `pkg-config`."),
    (r"pg_config(?: executable)?\S* (?:is )?not found", "First install the system's package that has `pg_config` (`libpq-dev`)."),
    # An older uv breaks the lines of what it quotes.
    (r"could not create\s'(?P<path>[^'\n]+)':\sRead-only\sfile\ssystem", _READ_ONLY),
    (r"\[Errno 30\]\sRead-only\sfile\ssystem:\s['\"](?P<path>[^'\"\n]+)['\"]", _READ_ONLY),
    (r"you need a C compiler", "First install a C compiler."),
    (r"No module named ['\"]?distutils", "Lock a newer version of it: its build needs `distutils`, which Python has not had since 3.12."),
    (r"use_2to3 is invalid", "Lock a newer version of it: its build needs `use_2to3`, which setuptools has not had since version 58."),
    (r"ModuleNotFoundError: No module named ['\"](?P<module>[A-Za-z]\w*)",
     ("Its build imports `{module}` and does not require it. Add what has it to `requires` in `[build-system]` if the package is yours,"
      " else to `[tool.uv.extra-build-dependencies]`.")),
    (r"error: .{0,80}has no member named|error: (?:implicit declaration of|too (?:few|many) arguments to) function .{0,3}_?Py",
     "Lock a newer version of it: its C code does not compile for this Python."),
)
# fmt: on
_NO_BUILD = ("--no-build", "--no-build-package")
_POLICIES = ("UV_NO_BUILD", "UV_NO_BUILD_PACKAGE", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE")
# How much of the end of a build's output is searched for what helps.
_SEARCHED = 8000
_FAILED = r"Failed to (?:(?:download and )?build|(?:generate package|prepare) metadata for):? `?([^`\s@=]+)(?:==([^`\s]+)| @ [^`]*)?"
# Other names of `manylinux_2_5`, `_2_12` and `_2_17` (PEP 600).
_LEGACY = ("manylinux1_", "manylinux2010_", "manylinux2014_")
_NAMED = 12


def no_distribution(failure: Failure) -> ActionError | None:
    """Return the error for a package that has neither a wheel nor a source that uv can use, or None."""
    lock = failure.project.lock
    found = failure.match(r"Distribution `(?P<package>[^`=@ ]+)==(?P<release>[^` ]+)[^`]*` can't be installed because it (.+)")
    own = [it for it in requirements.members(failure.project) if found and it.name == found[1]]
    place = Place(own[0].pyproject.path, None) if own else None
    if found and own and "`--no-build`" in found[3]:
        fact = "{package} {release}, which is in this project, must not be built: {why}.{wheels}"
        hint = "Allow uv to build it, or install only what it depends on, with {no_install_project}."
    elif found and "`--no-build`" in found[3]:
        fact = "{package} {release} has no wheel that can be used here, and must not be built: {why}.{wheels}"
        hint = "Allow uv to build it. If a version of it has a wheel for this Python, you can lock that one instead."
    elif found and "source distribution or wheel" in found[3]:
        fact = "{package} {release} has no wheel for this Python and platform, and no source distribution.{wheels}{system}"
        hint = (
            "If a version of it has a wheel for this Python and platform, lock that one."
            " Otherwise, in a workflow, leave them out of the matrix (`exclude:`)."
        )
    else:
        return None
    missing = None if own else locked_wheels(lock.package(found[1], found[2]), failure.target)
    wheels = message(" {missing}.", missing=missing) if missing else ""
    tag = re.search(r"You're on \w+ \(`([\w.]+)`\)", found[3])
    system = message(" This system is {tag}.", tag=tag.group(1)) if tag else ""
    policies = [f"`{variable}` is {failure.env[variable]}" for variable in _POLICIES if failure.env.get(variable)]
    policies += [f"`{argument}` is among the arguments" for argument in failure.inputs.args if argument in _NO_BUILD]
    why = " and ".join(policies) or "`no-build` is set in the settings of uv"
    return failure.error(
        SyncFailed, fact, hint, place or lock.place_of(found[1]), why=why, wheels=wheels, system=system, **found.groupdict()
    )


def failed_build(failure: Failure) -> ActionError | None:
    """Return the error for a package that failed to build, or None."""
    words, project, quoted = failure.words, failure.project, failure.quoted
    found = failure.match(_FAILED)
    if found is None:
        return None
    name, release = found.group(1), found.group(2) or ""
    folders = {normalized_name(project.name): project.pyproject, **{it.name: it.pyproject for it in requirements.members(project)}}
    own = folders.get(normalized_name(name))
    place = own and (own.place_of("build-system", "build-backend") or Place(own.path, None))
    package = project.lock.package(name, release)
    # With `no-binary`, uv builds what has a wheel, too.
    missing = None if place or has_wheel(package, failure.target) else locked_wheels(package, failure.target)
    wheels = message(" It was built from source: {missing}.", missing=missing) if missing else ""
    values, hint = (None if failure.match("Call to `") else network.find(failure.messages)) or ({}, "{help}")
    cause = _reason(failure, values)
    fact, known = "{package} could not be built{cause}.{wheels}", {"package": f"{name} {release}".strip(), **values}
    return failure.error(
        SyncFailed, fact, hint, place, quoted, cause=cause, wheels=wheels, help=_help(quoted or words, missing, is_own=bool(own)), **known
    )


def locked_wheels(package: Table, target: Target) -> Message | None:
    """Return a clause on the wheels that uv.lock has of `package`, of which none is for `target`; None without a package."""
    tags = _tags(package)
    if not tags:
        return message("uv.lock has no wheels of it") if package else None
    pythons = set(map(_python_of, tags))
    platforms = sorted({tag.platform for tag in tags})
    return message(
        "uv.lock has wheels of it for {pythons} on {platforms}, and none for {python} on {platform}",
        pythons=listed(sorted(pythons, key=lambda name: (len(name), name)), _NAMED),
        platforms=listed([name for name in platforms if not name.startswith(_LEGACY)] or platforms, _NAMED),
        python=_abi(target) or "Python {}.{}".format(*target.minor),
        platform=target.platform,
    )


def has_wheel(package: Table, target: Target) -> bool:
    """Return whether uv.lock has a wheel of `package` for `target`, as far as that is known."""
    import sysconfig

    from packaging import tags

    found, interpreter = _tags(package), _interpreter(target)
    # Of another platform than that of this process, nothing is known.
    here = target.platform == sysconfig.get_platform()
    platforms = list(tags.platform_tags()) if here else sorted({tag.platform for tag in found})
    supported = set(tags.compatible_tags(target.minor, interpreter or None, platforms))
    if target.implementation == "cpython":
        supported.update(tags.cpython_tags(target.minor, [_abi(target)], platforms))
    else:
        supported.update(tags.generic_tags(interpreter, {tag.abi for tag in found}, platforms))
    return not found.isdisjoint(supported)


def _tags(package: Table) -> set[Tag]:
    from urllib.parse import unquote, urlsplit

    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    found: set[Tag] = set()
    for wheel in toml.array(package, "wheels"):
        address = next((str(wheel[key]) for key in ("filename", "path", "url") if key in wheel), "") if isinstance(wheel, dict) else ""
        with suppress(InvalidWheelFilename, ValueError):
            name = unquote(urlsplit(address).path).replace("\\", "/").rpartition("/")[2]
            found |= parse_wheel_filename(name)[3]
    return found


def _python_of(tag: Tag) -> str:
    """Return which Pythons a wheel with `tag` is for, without what follows from it."""
    if tag.abi.startswith("abi3"):
        return f"{tag.interpreter}-{tag.abi}"
    return tag.abi if tag.abi == f"{tag.interpreter}t" else tag.interpreter


def _abi(target: Target) -> str:
    """Return how the tags of wheels name `target` apart from builds of the same version that need other wheels, or an empty string."""
    return f"{_interpreter(target)}{'t' * target.free_threaded}"


def _interpreter(target: Target) -> str:
    """Return how the tags of wheels name `target`, or an empty string."""
    from packaging.tags import INTERPRETER_SHORT_NAMES

    short = INTERPRETER_SHORT_NAMES.get(target.implementation)
    return f"{short}{target.minor[0]}{target.minor[1]}" if short else ""


def _reason(failure: Failure, unreached: dict[str, str]) -> Message | str:
    call = failure.match(r"Call to `[^`]*` failed(?: \([^)]*\))?")
    if call:
        return message(": {call}", call=call.group())
    required = failure.match(r"Failed to (?:resolve|install) requirements from `[^`]*`(.*?)(?= (?:help|hint): |$)")
    if required and unreached:
        return message(": its build requirements could not be fetched from {address}: {reason}", **unreached)
    if required is None:
        causes = re.split(r" (?:help|hint): ", failure.messages[1])[0] if failure.messages[1:] else ""
        return message(": {why}", why=textwrap.shorten(causes.rstrip("."), 600, placeholder=" …")) if causes else ""
    why = textwrap.shorten(required.group(1).rstrip("."), 600, placeholder=" …")
    return message(": its build requirements cannot be installed: {why}", why=why) if why else ""


def _help(words: str, missing: Message | None, *, is_own: bool) -> Message:
    # There is one version of what is in the project.
    searched = ((re.search(pattern, words[-_SEARCHED:]), hint) for pattern, hint in _HELP if not (is_own and hint.startswith("Lock ")))
    known = next((message(hint, **found.groupdict()) for found, hint in searched if found), None)
    if missing is None:
        return known or message("Read the end of the output of uv; the log has all of it.")
    other = ", or use a Python that it has a wheel for" if "platforms" in missing.values else ""
    lock = message("If a version of it has a wheel for this Python, lock that one{other}.", other=other)
    return message("{known} {lock}", known=known, lock=lock) if known else lock

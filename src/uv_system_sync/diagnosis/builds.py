"""Explains why a package has no file that uv can install, or why its build failed."""

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
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Document, Table

_READ_ONLY = "The build writes to `{path}`, and the file system there is read-only: mount it writable, or copy the project elsewhere first."
# A pattern for what a failed build prints, and the next step, which may name groups of the pattern; the first match decides.
# fmt: off
_HELP = (
    (r"fatal error:? ['\"]?(?:[\w./]*/)?Python\.h['\"]?",
     "First install the headers of this Python (`python3-dev` or `python3-devel`), or use a Python that has them."),
    (r"(?:fatal error:? (?:C1083: Cannot open include file: )?['\"]?|cannot find )(?P<header>[\w./+-]+\.(?:h|hh|hpp|hxx))\b",
     "First install the system package that provides the header `{header}` (its name often ends in `-dev` or `-devel`)."),
    (r"(?:command '|unable to execute ')(?P<compiler>[^'\s]*(?:cc|clang|[gc]\+\+)[^'\s]*)'(?: failed)?: No such file",
     "First install a compiler: `{compiler}` was not found."),
    (r"Microsoft Visual C\+\+ 14\.\d", "First install Microsoft's C++ Build Tools."),
    (r"(?i)find Rust compiler|Cargo, the Rust .* is not installed|(?:cargo|rustc)['`:]* (?:command )?not found|directory: 'cargo'",
     "First install Rust (`cargo` and `rustc`)."),
    (r"pkg-config\S*:? (?:command |was |is |could )?not (?:found|be found|be run|installed)|directory: '(?:pkg-config|pkgconf)'",
     "First install `pkg-config`."),
    (r"pg_config(?: executable)?\S* (?:is )?not found", "First install the system package that provides `pg_config` (`libpq-dev`)."),
    # Older versions of uv wrap the lines that they quote.
    (r"could not create\s'(?P<path>[^'\n]+)':\sRead-only\sfile\ssystem", _READ_ONLY),
    (r"\[Errno 30\]\sRead-only\sfile\ssystem:\s['\"](?P<path>[^'\"\n]+)['\"]", _READ_ONLY),
    (r"you need a C compiler", "First install a C compiler."),
    (r"No module named ['\"]?distutils", "Lock a newer version of it: its build needs `distutils`, which Python 3.12 removed."),
    (r"use_2to3 is invalid", "Lock a newer version of it: its build needs `use_2to3`, which setuptools 58 removed."),
    (r"import (?P<backend>[\w.]+) as backend\s+ModuleNotFoundError: No module named ['\"]\w+\.",
     "Its `build-backend`, `{backend}`, does not exist. Correct it in `[build-system]` if the package is yours."),
    # The package of a module with a dot in its name is there.
    (r"ModuleNotFoundError: No module named ['\"](?P<module>[A-Za-z]\w*)['\"]",
     ("Its build imports `{module}` without requiring it. Add the distribution that provides it to `requires` in `[build-system]`"
      " if the package is yours, otherwise to `[tool.uv.extra-build-dependencies]`.")),
    (r"error: .{0,80}has no member named|error: (?:implicit declaration of|too (?:few|many) arguments to) function .{0,3}_?Py",
     "Lock a newer version of it: its C code does not compile for this Python."),
)
# fmt: on
_NO_BUILD = ("--no-build", "--no-build-package")
_VARIABLES = ("UV_NO_BUILD", "UV_NO_BUILD_PACKAGE", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE")
# How many characters from the end of a build's output are searched for these patterns.
_SEARCHED = 8000
_FAILED = r"Failed to (?:(?:download and )?build|(?:generate package|prepare) metadata for):? `?([^`\s@=]+)(?:==([^`\s]+)| @ [^`]*)?"
# Legacy aliases of `manylinux_2_5`, `manylinux_2_12` and `manylinux_2_17` (PEP 600).
_LEGACY = ("manylinux1_", "manylinux2010_", "manylinux2014_")
# How many tags a message names.
_NAMED = 12


def no_distribution(failure: Failure) -> ActionError | None:
    """Return the error for a package without a wheel or source distribution that uv can use, or None."""
    found = failure.match(r"Distribution `(?P<package>[^`=@ ]+)==(?P<release>[^` ]+)[^`]*` can't be installed because it (.+)")
    if found is None:
        return None
    name, release, reason = found.groups()
    own = _own_pyproject(name, failure.project)
    if "`--no-build`" in reason and own:
        fact = "{package} {release}, which is part of this project, must not be built: {why}.{wheels}"
        hint = "Allow uv to build it, or install only its dependencies, with {no_install_project}."
    elif "`--no-build`" in reason:
        fact = "{package} {release} has no usable wheel and must not be built: {why}.{wheels}"
        hint = "Allow uv to build it, or lock another version if one has a wheel for this Python."
    elif "source distribution or wheel" in reason:
        fact = "{package} {release} has no wheel for this Python and platform, and no source distribution.{wheels}{system}"
        hint = (
            "If another version has a wheel for this Python and platform, lock that version."
            " Otherwise, in a workflow, leave this combination out of the matrix (`exclude:`)."
        )
    else:
        return None
    lock = failure.project.lock
    missing = None if own else locked_wheels(lock.package(name, release), failure.target)
    wheels = message(" {missing}.", missing=missing) if missing else ""
    tag = re.search(r"You're on \w+ \(`([\w.]+)`\)", reason)
    system = message(" This system is {tag}.", tag=tag[1]) if tag else ""
    place = Place(own.path, None) if own else lock.place_of(name)
    values = {"package": name, "release": release, "why": _why_not_built(failure)}
    return failure.error(SyncFailed, fact, hint, place, wheels=wheels, system=system, **values)


def failed_build(failure: Failure) -> ActionError | None:
    """Return the error for a package that failed to build, or None."""
    found = failure.match(_FAILED)
    if found is None:
        return None
    name, release = found[1], found[2] or ""
    own = _own_pyproject(name, failure.project)
    package = failure.project.lock.package(name, release)
    place, missing = None, None
    if own:
        place = own.place_of("build-system", "build-backend") or Place(own.path, None)
    elif not has_wheel(package, failure.target):
        # A package that has a wheel is built because of `no-binary`.
        missing = locked_wheels(package, failure.target)
    # If uv called the build backend, its message may quote an address that the backend chose.
    unreached = None if failure.match("Call to `") else network.unreached(failure.messages)
    hint = unreached.hint if unreached else _help(failure.quoted or failure.words, missing, is_own=bool(own))
    wheels = message(" It was built from source: {missing}.", missing=missing) if missing else ""
    values = {"package": f"{name} {release}".strip(), "cause": _cause(failure, unreached), "host": unreached.host if unreached else ""}
    return failure.error(SyncFailed, "{package} could not be built{cause}.{wheels}", hint, place, failure.quoted, wheels=wheels, **values)


def _own_pyproject(name: str, project: Project) -> Document | None:
    """Return the pyproject.toml of the package `name` if it is the project or another package that uv.lock takes from a folder."""
    documents = {normalized_name(project.name): project.pyproject}
    documents.update({member.name: member.pyproject for member in requirements.members(project)})
    return documents.get(normalized_name(name))


def _why_not_built(failure: Failure) -> str:
    """Return the variables and arguments that keep uv from building a package."""
    reasons = [f"`{variable}` is {failure.env[variable]}" for variable in _VARIABLES if failure.env.get(variable)]
    reasons += [f"`{argument}` is among the arguments" for argument in failure.inputs.args if argument in _NO_BUILD]
    return " and ".join(reasons) or "`no-build` is set in uv's settings"


def locked_wheels(package: Table, target: Target) -> Message | None:
    """Return a clause on the wheels of `package` in uv.lock, none of which is for `target`; None if `package` is empty."""
    tags = _tags(package)
    if not tags:
        return message("uv.lock has no wheels of it") if package else None
    pythons = sorted({_python_of(tag) for tag in tags}, key=lambda name: (len(name), name))
    platforms = sorted({tag.platform for tag in tags})
    return message(
        "uv.lock has wheels of it for {pythons} on {platforms}, but none for {python} on {platform}",
        pythons=listed(pythons, _NAMED),
        platforms=listed([name for name in platforms if not name.startswith(_LEGACY)] or platforms, _NAMED),
        python=_abi(target) or "Python {}.{}".format(*target.minor),
        platform=target.platform,
    )


def has_wheel(package: Table, target: Target) -> bool:
    """Return whether uv.lock has a wheel of `package` for `target`, on any platform if `target` is not on that of this process."""
    import sysconfig

    from packaging import tags

    found, interpreter = _tags(package), _interpreter(target)
    # packaging lists only the tags of the platform of this process.
    is_here = target.platform == sysconfig.get_platform()
    platforms = list(tags.platform_tags()) if is_here else sorted({tag.platform for tag in found})
    supported = set(tags.compatible_tags(target.minor, interpreter or None, platforms))
    if target.implementation == "cpython":
        supported.update(tags.cpython_tags(target.minor, [_abi(target)], platforms))
    else:
        supported.update(tags.generic_tags(interpreter, {tag.abi for tag in found}, platforms))
    return not found.isdisjoint(supported)


def _tags(package: Table) -> set[Tag]:
    """Return the tags of all wheels in an entry of uv.lock."""
    from urllib.parse import unquote, urlsplit

    from packaging.utils import parse_wheel_filename

    found: set[Tag] = set()
    for wheel in toml.array(package, "wheels"):
        if not isinstance(wheel, dict):
            continue
        address = next((str(wheel[key]) for key in ("filename", "path", "url") if key in wheel), "")
        with suppress(ValueError):
            name = unquote(urlsplit(address).path).replace("\\", "/").rpartition("/")[2]
            _, _, _, tags = parse_wheel_filename(name)
            found |= tags
    return found


def _python_of(tag: Tag) -> str:
    """Return the part of a wheel's `tag` that names the Python, such as `cp312`, `cp313t` or `cp39-abi3`."""
    if tag.abi.startswith("abi3"):
        return f"{tag.interpreter}-{tag.abi}"
    return tag.abi if tag.abi == f"{tag.interpreter}t" else tag.interpreter


def _abi(target: Target) -> str:
    """Return the ABI tag of `target`, such as `cp312`, or `cp313t` for a free-threaded build; empty if unknown."""
    return f"{_interpreter(target)}t" if target.free_threaded else _interpreter(target)


def _interpreter(target: Target) -> str:
    """Return the interpreter tag of `target`, such as `cp312` or `pp310`; empty if unknown."""
    from packaging.tags import INTERPRETER_SHORT_NAMES

    short = INTERPRETER_SHORT_NAMES.get(target.implementation)
    return f"{short}{target.minor[0]}{target.minor[1]}" if short else ""


def _cause(failure: Failure, unreached: network.Unreached | None) -> Message | str:
    """Return a clause on why a build failed, or an empty string."""
    call = failure.match(r"Call to `[^`]*` failed(?: \([^)]*\))?")
    if call:
        raised = _raised(failure.quoted)
        return message(": {call}: {raised}", call=call[0], raised=raised) if raised else message(": {call}", call=call[0])
    required = failure.match(r"Failed to (?:resolve|install) requirements from `[^`]*`(.*?)(?= (?:help|hint): |$)")
    if required and unreached:
        text = ": its build requirements could not be fetched from {address}: {reason}"
        return message(text, address=unreached.address, reason=unreached.reason)
    if required:
        why = _shortened(required[1])
        return message(": its build requirements cannot be installed: {why}", why=why) if why else ""
    why = _shortened(re.split(r" (?:help|hint): ", failure.messages[1])[0]) if failure.messages[1:] else ""
    return message(": {why}", why=why) if why else ""


def _raised(output: str) -> str:
    """Return the exception in the last line of `output` if that ends a Python traceback, or an empty string."""
    traceback, _, last = output.rstrip().rpartition("\n")
    is_raised = "Traceback (most recent call last):" in traceback and re.match(r"[A-Za-z_][\w.]*: \S", last)
    return _shortened(last) if is_raised else ""


def _shortened(text: str) -> str:
    return textwrap.shorten(text.rstrip("."), 600, placeholder=" …")


def _help(words: str, missing: Message | None, *, is_own: bool) -> Message:
    """Return the next step after a failed build that printed `words`; `missing` is a clause on the wheels in uv.lock."""
    known = None
    for pattern, hint in _HELP:
        found = re.search(pattern, words[-_SEARCHED:])
        # A package of the project has no other version to lock.
        if found and not (is_own and hint.startswith("Lock ")):
            known = message(hint, **found.groupdict())
            break
    if missing is None:
        return known or message("Read the end of uv's output; the log has all of it.")
    other = ", or use a Python for which uv.lock has a wheel" if "platforms" in missing.values else ""
    lock = message("If another version has a wheel for this Python, lock that version{other}.", other=other)
    return message("{known} {lock}", known=known, lock=lock) if known else lock

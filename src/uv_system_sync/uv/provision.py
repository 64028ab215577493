"""Provides uv: the one on PATH, or one that pip installs into the runner's temporary folder."""

from __future__ import annotations

import binascii
import os
import re
import sys
from typing import Iterator, Mapping

from uv_system_sync import environment, inputs, paths
from uv_system_sync.errors import InvalidInput, UvUnavailable
from uv_system_sync.process import Command, Completed, Start
from uv_system_sync.text import Message, Option, message, without_credentials
from uv_system_sync.uv import dependencies
from uv_system_sync.uv.client import Uv

REQUIREMENTS = os.path.normpath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3, "requirements"))

_VERSION = Option("uv-version")

# A version, or a list of clauses, in the characters that these consist of (PEP 440). packaging, which could check it,
# is installed by the uv that this decides on; pip checks it, too.
_CLAUSE = r"(?:~=|==|!=|<=|>=|<|>)\s*\d[\w.+!*-]*"
_SPECIFIER = rf"\d[\w.+!*-]*|{_CLAUSE}(?:\s*,\s*{_CLAUSE})*"

# What the names of our folders begin with.
_FOLDER = "uv-system-sync-uv-"

# Settings of pip that are for other packages, or change where packages go or what is installed.
_NOT_FOR_UV = (
    *("PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_EDITABLE", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN"),
    *("PIP_PYTHON", "PIP_PLATFORM", "PIP_PYTHON_VERSION", "PIP_IMPLEMENTATION", "PIP_ABI"),
)

_KEPT_CHARACTERS = 2500

_CREDENTIALS = message("Put credentials for the index into `UV_DEFAULT_INDEX` or pip's settings.")
_UNREACHABLE = message(
    "Check the address of the index (`UV_DEFAULT_INDEX` or pip's settings) and the network (`HTTPS_PROXY`),"
    " or install uv in an earlier step."
)
# What pip prints, what it means, and the next step. It reports that nothing matches after it could not reach the index, too.
_REASONS: tuple[tuple[str, str, Message], ...] = (
    ("No module named pip", "this Python has no pip", message("Install uv in an earlier step.")),
    ("No space left on device", "the disk is full", message("Free some disk space.")),
    ("(?i)certificate.verify.failed", "its certificate is not trusted", message("Set `SSL_CERT_FILE` to its certificate authority.")),
    (r"\b40[137] Client Error|HTTP error 40[137]\b|\b407 Proxy", "the index refuses access", _CREDENTIALS),
    (
        r"\b404 Client Error",
        "the index has no uv",
        message("Name an index that has it (`UV_DEFAULT_INDEX` or pip's settings), or install uv in an earlier step."),
    ),
    (r"connection broken|Max retries exceeded|timed out|\b5\d\d (?:Server )?[Ee]rror", "the index cannot be reached", _UNREACHABLE),
    (
        "DO NOT MATCH THE HASHES",
        "the index has another file of that version than this release of uv-system-sync pins",
        message("Find out why the index has another file, or install uv in an earlier step."),
    ),
    (
        "No matching distribution found|Could not find a version|Invalid requirement",
        "the index has no such version for this platform",
        message("Set {option} to a version that the index has, or install uv in an earlier step.", option=_VERSION),
    ),
)


class Provider:
    """Provides uv for a run whose environment is `environ`: the one on PATH, or one that pip installs below the folder `temp`."""

    def __init__(self, environ: Mapping[str, str], temp: str, start: Start) -> None:
        self._environ = environ
        self._temp = temp
        self._start = start

    def first(self) -> Uv:
        """Return a uv to begin with: the one on PATH, else one that is installed.

        Raise `InvalidInput` for an input `uv-version` that is no version, and `UvUnavailable` if there is no uv.
        """
        wanted = checked(inputs.text(self._environ, "uv-version"))
        try:
            found = on_path(self._environ.get("PATH", ""))
            uv = self._uv(found) if found else None
            if uv is not None:
                if wanted:
                    uv.require()
                return uv
        except UvUnavailable:
            if not wanted:
                raise
        return self._install(wanted)

    def suitable(self, uv: Uv, wanted: str, required: str) -> Uv:
        """Return `uv` if its version is `wanted`, which is the input `uv-version`, else one that is.

        Without that input, a uv that pip has installed has to be what the project has `required`; what is no version there,
        uv itself rejects.
        """
        specifier = wanted or (required if uv.folder and re.fullmatch(_SPECIFIER, required) else "")
        return uv if not specifier or satisfies(uv.version, specifier) else self._install(specifier)

    def _uv(self, program: str) -> Uv:
        # An earlier step of the job may have put one on PATH that is ours.
        is_ours = program.startswith(os.path.join(self._temp, _FOLDER))
        return Uv(program, self._environ, self._start, folder=os.path.dirname(program) if is_ours else "")

    def _install(self, specifier: str) -> Uv:
        """Have pip install uv, unless an earlier step of the job has, and return it.

        `specifier` is a version or a version specifier; empty means the version that is pinned by its hashes. pip is that of the
        Python that runs this, with the user's settings of pip, and those of uv for the index. Nothing goes into that Python.
        """
        folder = os.path.join(self._temp, f"{_FOLDER}{_key(specifier):08x}")
        if not os.path.isfile(_program(folder)):
            beside = f"{folder}-{os.urandom(8).hex()}"
            try:
                self._install_into(beside, specifier)
                folder = dependencies.renamed(beside, folder)
            except BaseException:
                dependencies.remove(beside)
                raise
        return self._uv(_program(folder))

    def _install_into(self, folder: str, specifier: str) -> None:
        arguments = _arguments(specifier, folder)
        completed = self._pip("--quiet", *arguments)
        if "(from versions: none)" in completed.output and "Retrying" not in completed.output:
            # pip reports what the index has answered only with everything else.
            completed = self._pip("-vv", "--retries", "0", *arguments)
            reported = re.findall(r"^ *(?:Could not fetch URL|ERROR: |Skipping link: none of).*", completed.output, re.MULTILINE)
            completed = completed._replace(output="\n".join(reported))
        if completed.returncode or not os.path.isfile(_program(folder)):
            raise self._failed(specifier, completed)

    def _pip(self, *arguments: str) -> Completed:
        """Run pip; without an installed one, run the wheel of it that ensurepip has."""
        python, env = (sys.executable, "-B", "-I"), _environment(self._environ, self._temp)
        completed = self._start(Command((*python, "-m", "pip", *arguments), env, self._temp))(None)
        if completed.returncode and "No module named pip" in completed.output:
            import glob
            import importlib.util

            spec = importlib.util.find_spec("ensurepip")
            pattern = os.path.join(glob.escape(os.path.dirname(spec.origin or "")), "_bundled", "pip-*.whl") if spec else ""
            for wheel in sorted(glob.glob(pattern))[-1:]:
                return self._start(Command((*python, os.path.join(wheel, "pip"), *arguments), env, self._temp))(None)
        return completed

    def _failed(self, specifier: str, completed: Completed) -> UvUnavailable:
        # pip lists every version that there is.
        output = re.sub(r"\(from versions: [^)]{100,}\)", "(from versions: …)", completed.output.strip())
        reason, hint = next(((why, hint) for pattern, why, hint in _REASONS if re.search(pattern, output)), ("", _UNREACHABLE))
        for secret in environment.secrets(self._environ):
            output = output.replace(secret, "***")
        return UvUnavailable(
            "pip could not install uv{version} (exit status {status}){reason}.",
            hint,
            words=without_credentials(output)[-_KEPT_CHARACTERS:],
            version=_with_operator(specifier),
            status=completed.returncode,
            reason=reason and f": {reason}",
        )


def on_path(search_path: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the absolute path of the uv on `search_path`, or None; raise `UvUnavailable` if what is there cannot be started."""
    found = paths.program("uv", search_path, windows=windows)
    if found is not None:
        return os.path.abspath(found)
    for folder in filter(None, search_path.split(os.pathsep)):
        path = os.path.join(folder, "uv.exe" if windows else "uv")
        if os.path.exists(path):
            raise UvUnavailable(
                "{path} is on PATH, but it is {what}.",
                "Remove it from PATH; in a workflow, {option} can ask for a uv.",
                path=path,
                what="a folder" if os.path.isdir(path) else "not executable",
                option=_VERSION,
            )
    return None


def checked(specifier: str) -> str:
    """Return `specifier` if it looks like a version or a version specifier (PEP 440); raise `InvalidInput` otherwise."""
    if specifier and not re.fullmatch(_SPECIFIER, specifier):
        raise InvalidInput(
            "{option} is {value!r}, which is neither a version nor a version specifier.",
            "Set it to a version such as `0.13.9`, a specifier such as `>=0.12`, or leave it empty for the uv on PATH or a recent one.",
            option=_VERSION,
            value=specifier,
        )
    return specifier


def satisfies(version: str, specifier: str) -> bool:
    """Return whether `version` is, or is in, `specifier`; what packaging cannot read is left to pip."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(_with_operator(specifier)).contains(version, prereleases=True)
    except InvalidSpecifier:
        return False


def _program(folder: str) -> str:
    return os.path.join(folder, "bin", "uv.exe" if os.name == "nt" else "uv")


def _key(specifier: str) -> int:
    # It only tells folders apart; importing hashlib takes long.
    if specifier:
        return binascii.crc32(_with_operator(specifier).encode())
    with open(os.path.join(REQUIREMENTS, "uv.txt"), "rb") as file:
        return binascii.crc32(file.read())


def _with_operator(specifier: str) -> str:
    # As uv itself reads `required-version` (astral-sh/uv, crates/uv-configuration/src/required_version.rs).
    return f"=={specifier}" if specifier[:1].isdigit() else specifier


def _arguments(specifier: str, folder: str) -> tuple[str, ...]:
    options = ("--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary", ":all:", "--no-compile")
    pinned = ("--require-hashes", "--requirement", os.path.join(REQUIREMENTS, "uv.txt"))
    return ("install", *options, "--target", folder, *([f"uv{_with_operator(specifier)}"] if specifier else pinned))


def _environment(environ: Mapping[str, str], temp: str) -> dict[str, str]:
    """Return what pip sees of `environ`: none of the runner's variables, and uv's settings for the index as pip's."""
    kept = {name: value for name, value in environment.for_uv(environ).items() if not name.startswith("UV_") and name not in _NOT_FOR_UV}
    # On the disk of `temp`, pip moves what it has unpacked instead of copying it.
    own = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore", "TMPDIR": temp}
    return {**kept, **dict(_settings(environ)), **own}


def _settings(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    index = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL")
    if index:
        yield "PIP_INDEX_URL", environment.with_credentials(index, environ)
    if environ.get("SSL_CERT_FILE") and not environ.get("PIP_CERT"):
        yield "PIP_CERT", environ["SSL_CERT_FILE"]
    if environ.get("UV_INSECURE_HOST"):
        yield "PIP_TRUSTED_HOST", environ["UV_INSECURE_HOST"]

"""Installs uv with pip, which uses the user's pip settings, and uv's settings for the index."""

from __future__ import annotations

import binascii
import os
import re
import sys
from typing import Callable, Iterator, Mapping, Sequence

from uv_system_sync import environment, inputs, paths
from uv_system_sync.errors import UvUnavailable
from uv_system_sync.process import Command, Completed, Start
from uv_system_sync.text import Message, Option, message
from uv_system_sync.uv import dependencies, retries

_OPTIONS = ("--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary", ":all:", "--no-compile")

# pip settings that are meant for other packages, or that change where or what pip installs.
_NOT_FOR_UV = (
    *("PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_EDITABLE", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN"),
    *("PIP_PYTHON", "PIP_PLATFORM", "PIP_PYTHON_VERSION", "PIP_IMPLEMENTATION", "PIP_ABI"),
)

_INSTALL = message("Install uv in an earlier step.")
_INDEX = message("Name an index that has it (`UV_DEFAULT_INDEX` or pip's settings), or install uv in an earlier step.")
# The only reason that is retried.
_UNREACHED = "the index cannot be reached"
_UNREACHABLE = message(
    "Check the address of the index (`UV_DEFAULT_INDEX` or pip's settings) and the network (`HTTPS_PROXY`),"
    " or install uv in an earlier step."
)
_CREDENTIALS = message("Add credentials for the index to `UV_DEFAULT_INDEX` or pip's settings.")
_CERTIFICATE = message("Set `SSL_CERT_FILE` to a file with the CA certificate of the index.")
_HASHES = message("Find out why the index has another file, or install uv in an earlier step.")
_VERSION = message(
    "Set {option}, or the project's `required-version`, to a version that the index has, or install uv in an earlier step.",
    option=Option("uv-version"),
)

_TRANSIENT = (
    r"[Cc]onnection (?:broken|reset)|Max retries exceeded|timed out|incomplete-download|not enough bytes"
    r"|\b5\d\d (?:Server )?[Ee]rror|\b(?:408|425|429) Client Error|HTTP error (?:408|425|429|5\d\d)\b"
)
# A pattern for pip's output, the reason and the next step; the first match counts. pip also reports that it found no version after it
# could not reach the index, so that reason comes last.
_REASONS: tuple[tuple[str, str, Message], ...] = (
    ("No module named pip", "this Python has no pip", _INSTALL),
    ("No space left on device", "the disk is full", message("Free some disk space.")),
    ("(?i)certificate.verify.failed", "the certificate of the index is not trusted", _CERTIFICATE),
    (r"\b40[137] Client Error|HTTP error 40[137]\b|\b407 Proxy", "the index refuses access", _CREDENTIALS),
    (r"\b404 Client Error", "the index has no uv", _INDEX),
    (_TRANSIENT, _UNREACHED, _UNREACHABLE),
    ("DO NOT MATCH THE HASHES", "the index has another file of that version than this release of uv-system-sync pins", _HASHES),
    (
        "No matching distribution found|Could not find a version|Invalid requirement",
        "the index has no such version for this platform",
        _VERSION,
    ),
)


class Pip:
    """The pip of the Python that runs this process, with the settings in `environ` and the working directory `temp`."""

    def __init__(self, environ: Mapping[str, str], temp: str, start: Start, sleep: Callable[[float], None]) -> None:
        self._environ = environ
        self._temp = temp
        self._start = start
        self._sleep = sleep

    def install_uv(self, requirement: Sequence[str], folder: str) -> str:
        """Install uv into a folder, unless an earlier step of the job has, and return the absolute path of the program.

        `requirement` has the arguments for `pip install`. The folder's path is `folder` followed by a checksum of them. pip does not
        install into the Python itself. Raise `UvUnavailable` if pip fails, and `RunnerUnusable` if the folder cannot be created.
        """
        folder += f"{_key(requirement):08x}"
        if not os.path.isfile(_program(folder)):
            beside = f"{folder}-{os.urandom(8).hex()}"
            try:
                os.mkdir(beside)
            except OSError as error:
                raise dependencies.unwritable(self._temp, error) from None
            try:
                self._try_to_install(beside, requirement)
                folder = dependencies.renamed(beside, folder)
            except BaseException:
                paths.remove_folder(beside)
                raise
        return _program(folder)

    def _try_to_install(self, folder: str, requirement: Sequence[str]) -> None:
        failed = self._install_into(folder, requirement)
        for wait in retries.waits(inputs.retries(inputs.text(self._environ, "retries"))):
            if failed is None or _reason(failed.output)[0] != _UNREACHED:
                break
            self._sleep(wait)
            failed = self._install_into(folder, requirement)
        if failed is not None:
            raise self._error(requirement, failed)

    def _install_into(self, folder: str, requirement: Sequence[str]) -> Completed | None:
        """Run pip; return its result if it failed, or None."""
        arguments = ("install", *_OPTIONS, "--target", folder, *requirement)
        completed = self._run("--quiet", *arguments)
        if "(from versions: none)" in completed.output and "Retrying" not in completed.output:
            # pip reports the response of the index only in its verbose output.
            completed = self._run("-vv", "--retries", "0", *arguments)
            reported = re.findall(r"^ *(?:Could not fetch URL|ERROR: |Skipping link: none of).*", completed.output, re.MULTILINE)
            completed = completed._replace(output="\n".join(reported))
        return completed if completed.returncode or not os.path.isfile(_program(folder)) else None

    def _run(self, *arguments: str) -> Completed:
        """Run the installed pip or, without one, the wheel of pip that ensurepip bundles."""
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

    def _error(self, requirement: Sequence[str], completed: Completed) -> UvUnavailable:
        # Leave out pip's list of all versions on the index.
        output = re.sub(r"\(from versions: [^)]{100,}\)", "(from versions: …)", completed.output.strip())
        reason, hint = _reason(output)
        name = requirement[0] if len(requirement) == 1 else "uv"
        because = f": {reason}" if reason else ""
        fact = "pip could not install {requirement} (exit status {status}){reason}."
        return UvUnavailable(fact, hint, words=output, requirement=name, status=completed.returncode, reason=because)


def _reason(output: str) -> tuple[str, Message]:
    """Return the reason why pip failed, which is empty if unknown, and the next step."""
    for pattern, reason, hint in _REASONS:
        if re.search(pattern, output):
            return reason, hint
    return "", _UNREACHABLE


def _program(folder: str) -> str:
    return os.path.join(folder, "bin", "uv.exe" if os.name == "nt" else "uv")


def _key(requirement: Sequence[str]) -> int:
    # The checksum only distinguishes folders; importing hashlib is slow.
    if len(requirement) == 1:
        return binascii.crc32(requirement[0].encode())
    with open(requirement[-1], "rb") as file:
        return binascii.crc32(file.read())


def _environment(environ: Mapping[str, str], temp: str) -> dict[str, str]:
    """Return the environment for pip: `environ` without the runner's variables, and with uv's settings for the index as pip settings."""
    kept = {name: value for name, value in environment.for_uv(environ).items() if not name.startswith("UV_") and name not in _NOT_FOR_UV}
    # On the same disk as the target folder, pip moves the unpacked files instead of copying them.
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

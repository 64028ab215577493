"""Tests of `diagnosis.messages`: each message of uv, as some version of uv prints it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import failure, place, write
from tests.support import options
from uv_system_sync.diagnosis import messages
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
from uv_system_sync.project.pyproject import Project

_PYPROJECT = """\
[project]
name = "sample"
requires-python = ">=3.13,!=3.14.0"

[tool.uv]
required-version = ">=0.14"
environments = ["sys_platform == 'darwin'"]
default-groups = ["docs"]
conflicts = []

[tool.uv.sources]
lib = { workspace = true }

[tool.uv.workspace]
members = ["one"]

[dependency-groups]
Lint = [{ include-group = "typing" }]

[tool.uv.dependency-groups]
old = { requires-python = "<3.12" }
"""
_LOCK = 'version = 1\nrequires-python = ">=3.13"\n[[package]]\nname = "alpha"\nversion = "1.0"\n'

_INCOMPATIBLE = "error: The requested interpreter resolved to Python 3.12.4, which is incompatible with the project's Python requirement: "

Expected = tuple[type[ActionError], dict[str, str], "tuple[str, int | None] | None"]

# The output, and the kind, some values and the place of the error: one entry for each row and each older wording.
MESSAGES: dict[str, tuple[str, Expected]] = {
    "argument": ("error: unexpected argument '--check' found\n\nUsage: uv sync\n", (InvalidInput, {"argument": "--check"}, None)),
    "argument-twice": (
        "error: the argument '--package <PACKAGE>' cannot be used multiple times\n",
        (InvalidInput, {"argument": "--package"}, None),
    ),
    "positional": ("error: unexpected argument 'foo' found\n\nUsage: uv sync\n", (InvalidInput, {"argument": "foo"}, None)),
    "contradicting-arguments": (
        "error: the argument '--no-dev' cannot be used with '--only-group <ONLY_GROUP>'\n\nUsage: uv\n",
        (InvalidInput, {"argument": "--no-dev", "other": "--only-group"}, None),
    ),
    "contradicting-variable": (
        "error: the argument `UV_OFFLINE` (environment variable) cannot be used with `--refresh`\n",
        (InvalidInput, {"argument": "UV_OFFLINE", "other": "--refresh"}, None),
    ),
    "invalid-value": (
        "error: invalid value 'x' for '--link-mode <LINK_MODE>'\n  [possible values: clone, copy]\n\nFor more information, try '--help'.\n",
        (InvalidInput, {"value": "x", "argument": "--link-mode", "reason": "possible values: clone, copy"}, None),
    ),
    "invalid-value-with-a-reason": (
        "error: invalid value 'x' for '--config-setting <C>': Invalid config setting: x (expected `KEY=VALUE`)\n\nFor more information\n",
        (InvalidInput, {"value": "x", "reason": "Invalid config setting: x (expected `KEY=VALUE`)"}, None),
    ),
    "missing-value": (
        "error: a value is required for '--cache-dir <CACHE_DIR>' but none was supplied\n",
        (InvalidInput, {"argument": "--cache-dir"}, None),
    ),
    "find-links": (
        "error: Failed to read `--find-links` directory: /a b\n  cause: No such file or directory (os error 2)\n",
        (InvalidInput, {"path": "/a b", "reason": "No such file or directory"}, None),
    ),
    "required-version": (
        "error: Required uv version `>=0.14` does not match the running version `0.13.9`. Update `uv`.\n",
        (UvUnavailable, {"required": ">=0.14", "uv": "0.13.9"}, ("pyproject.toml", 6)),
    ),
    "schema": (
        "error: The lockfile at `uv.lock` uses an unsupported schema version (v2, but only v1 is supported). Downgrade to\n",
        (UvUnavailable, {"schema": "2", "supported": "1"}, ("uv.lock", 1)),
    ),
    "variable": (
        "error: Failed to parse environment variable `UV_NO_BUILD` with invalid value `maybe`: expected a boolish value\n",
        (InvalidInput, {"name": "UV_NO_BUILD", "value": "maybe", "reason": "expected a boolish value"}, None),
    ),
    "no-lock": ("error: Unable to find lockfile at `uv.lock`, but `--locked` was provided.\n", (LockMissing, {}, ("pyproject.toml", None))),
    "malformed-lock": (
        (
            "  \u00d7 Failed to parse `uv.lock`\n  ╰─▶ TOML parse error at line 4, column 1\n       |\n     4 | [[package]]\n"
            "       | ^^^^^^^^^^^\n      data did not match any variant\n      of untagged enum\n  help: ask\n"
        ),
        (ProjectInvalid, {"name": "uv.lock", "reason": "data did not match any variant of untagged enum"}, ("uv.lock", 4)),
    ),
    "malformed-pyproject": (
        (
            "error: Failed to parse: `one/pyproject.toml`\n  Caused by: TOML parse error at line 2, column 8\n  |\n2 | name = 3\n"
            "  |        ^\ninvalid type.\n"
        ),
        (ProjectInvalid, {"name": "one/pyproject.toml", "column": "8", "reason": "invalid type"}, ("one/pyproject.toml", 2)),
    ),
    "undeclared-index": (
        (
            "error: Failed to generate package metadata for `sample==1 @ editable+.`\n  cause: Failed to parse entry: `lib`\n"
            "  cause: Package `lib` references an undeclared index: `nosuch`\n"
        ),
        (ProjectInvalid, {"name": "lib", "index": "nosuch"}, ("pyproject.toml", 12)),
    ),
    "malformed-requirement": (
        (
            "error: Failed to generate package metadata for `sample==1 @ editable+.`\n  cause: Invalid metadata format in: pyproject.toml\n"
            "  cause: TOML parse error at line 5, column 17\n           |\n         5 | dependencies = ['alpha<<2']\n"
            "           |                 ^^^^^^^^^^\n         no such comparison operator\n"
        ),
        (ProjectInvalid, {"name": "pyproject.toml", "reason": "no such comparison operator"}, ("pyproject.toml", 5)),
    ),
    "inconsistent-lock": (
        "error: Failed to parse `uv.lock`\n  Caused by: Dependency `alpha` has missing `source` field\n",
        (ProjectInvalid, {"reason": "Dependency `alpha` has missing `source` field"}, ("uv.lock", 1)),
    ),
    "missing-file": (
        (
            "error: Failed to download `alpha==1.0`\n  cause: Failed to read from the distribution cache\n"
            "  cause: failed to query metadata of file `/x/alpha.whl`: No such file or directory (os error 2)\n"
        ),
        (SyncFailed, {"name": "alpha", "path": "/x/alpha.whl"}, ("uv.lock", 4)),
    ),
    "conflict-in-a-member": (
        (
            "error: Failed to parse: one/pyproject.toml\n  cause: TOML parse error at line 5, column 9\n           |\n"
            "         5 | <<<<<<< HEAD\n           |         ^\n         key with no value, expected `=`\n"
        ),
        (ProjectInvalid, {"name": "one/pyproject.toml"}, ("one/pyproject.toml", 5)),
    ),
    "python-of-a-group": (
        f"{_INCOMPATIBLE}`>=3.9, <3.12` (from `tool.uv.dependency-groups.old.requires-python`).\n",
        (PythonRejected, {"name": "old", "requires": "<3.12"}, ("pyproject.toml", 21)),
    ),
    "python-of-groups": (
        (
            f"{_INCOMPATIBLE}`==3.7`.\nThe following `requires-python` declarations do not permit this version:\n"
            "- sample:other: <3.8\n- sample:old: <3.12\n"
        ),
        (PythonRejected, {"name": "other", "requires": "==3.7"}, ("pyproject.toml", None)),
    ),
    "requires-python": (
        f"{_INCOMPATIBLE}`>=3.13, !=3.14.0` (from `project.requires-python`)\n",
        (PythonRejected, {"requires": ">=3.13,!=3.14.0"}, ("pyproject.toml", 3)),
    ),
    "older-requires-python": (f"{_INCOMPATIBLE}`>=3.13`\n", (PythonRejected, {"requires": ">=3.13,!=3.14.0"}, ("pyproject.toml", 3))),
    "requires-python-of-a-member": (
        f"{_INCOMPATIBLE}`>=3.13` (from workspace member `one`'s `project.requires-python`).\n",
        (PythonRejected, {"requires": ">=3.13"}, ("uv.lock", 2)),
    ),
    "older-requires-python-of-a-member": (
        f"{_INCOMPATIBLE}`>=3.13`. However, a workspace member (`s`) supports Python >=3.8.\n",
        (PythonRejected, {"requires": ">=3.13"}, ("uv.lock", 2)),
    ),
    "requires-python-of-members": (
        f"{_INCOMPATIBLE}`>=3.13`.\nThe following `requires-python` declarations do not permit this version:\n- one: >=3.13\n- b: >3\n",
        (PythonRejected, {"requires": ">=3.13"}, ("uv.lock", 2)),
    ),
    "requires-python-of-the-lock": (
        "error: The current Python version (3.12.4) is not compatible with the locked Python requirement: `>=3.13`\n",
        (PythonRejected, {"requires": ">=3.13"}, ("uv.lock", 2)),
    ),
    "contradiction": (
        "error: Found conflicting Python requirements:\n- sample: >=3.13\n- sample:old: <3.12\n",
        (ProjectInvalid, {"one": "sample", "first": ">=3.13", "other": "sample:old", "second": "<3.12"}, ("pyproject.toml", 3)),
    ),
    **{
        name: (output, (InvalidInput, {"name": "two"}, None))
        for name, output in {
            "package-of-0.9": "error: Package `two` not found in workspace\n",
            "package": "error: The workspace does not have a member two: /src/sample\n",
            "package-frozen": "error: Could not find root package `two`\n",
        }.items()
    },
    "check": (
        "Would install 1 package\n + alpha==1.0\nerror: The environment is outdated; run `uv sync` to update the environment\n",
        (OutOfSync, {"planned": "1 to install"}, None),
    ),
    "environments": (
        "error: The current Python platform is not compatible with the lockfile's supported environments: `sys_platform == 'darwin'`\n",
        (
            PythonRejected,
            {"environments": "`sys_platform == 'darwin'`"},
            ("pyproject.toml", 7),
        ),
    ),
    "new-member-frozen": (
        "error: The lockfile at `uv.lock` needs to be updated, but `--frozen` was provided: Missing workspace member `new`.\n",
        (LockOutdated, {"name": "new"}, ("pyproject.toml", 15)),
    ),
    "default-group": (
        "error: Default group `docs` (from `tool.uv.default-groups`) is not defined in the project's `dependency-groups` table\n",
        (ProjectInvalid, {"name": "docs"}, ("pyproject.toml", 8)),
    ),
    "included-group": (
        "  \u00d7 Failed to read\n  ╰─▶ Failed to find group `typing` included by\n      `lint`\n",
        (ProjectInvalid, {"name": "typing", "including": "lint"}, ("pyproject.toml", 18)),
    ),
    "member-without-project": (
        "error: Workspace member `/src/four` is missing a `pyproject.toml` (matches: `*`)\n",
        (ProjectInvalid, {"folder": "/src/four"}, ("pyproject.toml", 15)),
    ),
    "conflicts": (
        "error: Groups `b` and `a` are incompatible with the conflicts: {`sample:b`, `sample:a`}\n",
        (InvalidInput, {"names": "`sample:b`, `sample:a`"}, ("pyproject.toml", 9)),
    ),
    "conflicting-packages": (
        "error: Package `one` and package `two` are incompatible with the declared conflicts: {one, two}\n",
        (InvalidInput, {"names": "one, two"}, ("pyproject.toml", 9)),
    ),
    "source-not-in-workspace": (
        (
            "  \u00d7 Failed to build\n  ╰─▶ `lib` references a workspace in `tool.uv.sources` (e.g., `lib = {\n"
            "      workspace = true }`), but is not a workspace member\n"
        ),
        (ProjectInvalid, {"name": "lib"}, ("pyproject.toml", 12)),
    ),
    "folder-not-found": (
        "error: Distribution not found at: file:///src/lib\n",
        (ProjectInvalid, {"address": "file:///src/lib"}, ("pyproject.toml", None)),
    ),
    "hash": (
        "  \u00d7 Failed to download `alpha==1.0`\n  ╰─▶ Hash mismatch for `alpha==1.0`\n\n      Expected:\n        sha256:0\n",
        (SyncFailed, {"name": "alpha", "release": "1.0"}, ("uv.lock", 4)),
    ),
    "no-binary": (
        (
            "error: Distribution `alpha==1.0 @ registry+x` can't be installed because it is marked as `--no-binary` but has no source"
            " distribution\n"
        ),
        (SyncFailed, {"name": "alpha", "release": "1.0"}, ("uv.lock", 4)),
    ),
    "offline": (
        "error: x\n  cause: Network connectivity is disabled, but the requested data wasn't found in the cache: https://h/a.whl\n",
        (SyncFailed, {"address": "https://h/a.whl"}, None),
    ),
    "older-offline": (
        "  \u00d7 x\n  ╰─▶ Network connectivity is disabled, but the requested data wasn't found in\n      the cache for: `https://h/a.whl`\n",
        (SyncFailed, {"address": "https://h/a.whl"}, None),
    ),
    "cache-in-use": (
        (
            "error: Could not acquire lock\n  cause: Could not create temporary file\n"
            '  cause: Permission denied (os error 13) at path "/x/.tmpVoff1i"\n'
        ),
        (RunnerUnusable, {"path": "/x/.tmpVoff1i", "reason": "Permission denied"}, None),
    ),
    "older-temporary-folder": (
        'error: No such file or directory (os error 2) at path "/x/.tmpHlPmi4"\n',
        (RunnerUnusable, {"path": "/x/.tmpHlPmi4", "reason": "No such file or directory"}, None),
    ),
    "read-only": (
        "error: Failed to install: a-1.whl (a==1)\n  cause: failed to create directory `/x`: Read-only file system (os error 30)\n",
        (RunnerUnusable, {"path": "/x", "reason": "Read-only file system"}, None),
    ),
    "disk-full": (
        "error: Failed to install: a-1.whl (a==1)\n  cause: failed to copy file from `/y` to `/x`: No space left on device (os error 28)\n",
        (RunnerUnusable, {"reason": "No space left on device"}, None),
    ),
    "cache": (
        "error: Failed to initialize cache at `/x`\n  cause: failed to create directory `/x`: Permission denied (os error 13)\n",
        (RunnerUnusable, {"path": "/x", "reason": "Permission denied"}, None),
    ),
    "damaged": (
        (
            "error: Failed to download `alpha==1.0`\n  cause: Failed to extract archive: /x/alpha-1.0-py3-none-any.whl\n"
            "  cause: ZIP file contains trailing contents after the end-of-central-directory record\n"
        ),
        (SyncFailed, {"name": "alpha", "release": "1.0"}, ("uv.lock", 4)),
    ),
    "older-damaged": (
        "  \u00d7 Failed to download `alpha==1.0`\n  ├─▶ Failed to extract archive\n  ╰─▶ unable to locate the end\n",
        (SyncFailed, {"name": "alpha", "release": "1.0"}, ("uv.lock", 4)),
    ),
    "older-cache": (
        "error: failed to create directory `/x`: Permission denied (os error 13)\n",
        (RunnerUnusable, {"path": "/x", "reason": "Permission denied"}, None),
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The root of a workspace with the settings that the messages are about."""
    return write(tmp_path, pyproject_toml=_PYPROJECT, uv_lock=_LOCK)


@pytest.mark.parametrize("name", MESSAGES)
def test_message_gives_an_error_with_its_values_and_place(project: Project, name: str) -> None:
    output, (kind, values, where) = MESSAGES[name]
    error = messages.find(failure(output, project))

    assert error is not None
    assert (kind, where) == (type(error), place(error, project))
    assert values.items() <= error.values.items()
    assert "{" not in str(error.hint)


def test_every_row_is_tested(project: Project) -> None:
    """Each row is the first to match some message. Messages without a row are about a path."""
    found = {messages.find(failure(output, project)).message.template for output, _ in MESSAGES.values()}  # type: ignore[union-attr]

    assert {*(row.message for row in messages.ROWS), "uv cannot use {path}: {reason}."} == found


@pytest.mark.parametrize("name", MESSAGES)
def test_message_that_a_build_prints_is_ignored(project: Project, name: str) -> None:
    output, _ = MESSAGES[name]

    assert messages.find(failure(f"error: Failed to build `x`\n  cause: x\n\n   [stderr]\n{output}", project)) is None


@pytest.mark.parametrize("cause", ["error decoding response body", "operation timed out", "Input/output error (os error 5)"])
def test_incomplete_download_is_not_a_damaged_file(project: Project, cause: str) -> None:
    """`network` explains it."""
    output = f"error: Failed to download `alpha==1.0`\n  cause: Failed to extract archive: a.whl\n  cause: I/O\n  cause: {cause}\n"

    assert messages.find(failure(output, project)) is None


def test_place_is_in_uv_toml_if_it_has_the_setting(tmp_path: Path) -> None:
    project = write(tmp_path, uv_toml='\nrequired-version = ">=0.14"\n')

    assert ("uv.toml", 2) == place(messages.find(failure(MESSAGES["required-version"][0], project)), project)


def test_options_are_values(project: Project) -> None:
    """The reporter decides how to write them."""
    error = messages.find(failure(MESSAGES["argument"][0], project))

    assert error is not None
    assert {"args", "uv-version"} <= {option.name for option in options(error)}

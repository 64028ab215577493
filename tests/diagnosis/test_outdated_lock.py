"""Saying why a lock is outdated, from the words of several versions of uv and the project's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET, step_inputs
from uv_system_sync.diagnosis import outdated_lock
from uv_system_sync.diagnosis.outdated_lock import Cause
from uv_system_sync.process import Completed
from uv_system_sync.project.pyproject import Project
from uv_system_sync.uv import arguments

_PYPROJECT = """\
[project]
name = "sample"
version = "1"
requires-python = ">=3.9"
dependencies = [
    "alpha; python_version > '3.8'",
    "beta",
]

[tool.uv]
resolution = "lowest"
"""
_LOCK = """\
version = 1

[[package]]
name = "alpha"
version = "1.0"
source = { registry = "https://one/simple" }

[[package]]
name = "sample"
version = "1"
source = { virtual = "." }

[package.metadata]
requires-dist = [{ name = "alpha" }, { name = "beta" }]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose files tell no difference."""
    (tmp_path / "uv.lock").write_text(_LOCK, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(_PYPROJECT, encoding="utf-8")
    return PROJECT._replace(directory=str(tmp_path), root=str(tmp_path))


def test_nothing_known(project: Project) -> None:
    """Where neither the files nor uv tell a reason, there is none."""
    assert outdated_lock.cause(project, "Resolved 3 packages in 1ms\nLockfile changes detected\n", {}) is None


def test_difference_comes_first(project: Project) -> None:
    """What the files tell is told before what uv says, and several differences are counted."""
    Path(project.pyproject).write_text(_PYPROJECT.replace('"beta"', '"gamma"'), encoding="utf-8")
    text = "pyproject.toml has `gamma` in `dependencies`, and uv.lock does not know it (and 1 more like it)"
    words = "Ignoring existing lockfile due to change in resolution mode: `highest` vs. `lowest`\n"

    assert Cause(text, project.pyproject, 7) == outdated_lock.cause(project, words, {})


# The texts of uv 0.5.31 to 0.13.9.
_RESOLVING = ("Ignoring", "Resolving despite", "DEBUG Ignoring", "DEBUG Resolving despite")


@pytest.mark.parametrize(
    ("reason", "text", "place"),
    [
        (
            "change in resolution mode: `highest` vs. `lowest`",
            "uv.lock was made with `resolution` highest, and it is lowest now",
            ("pyproject.toml", 11),
        ),
        (
            "change in pre-release mode: `if-necessary-or-explicit` vs. `allow`",
            "uv.lock was made with `prerelease` if-necessary-or-explicit, and it is allow now",
            ("uv.lock", 1),
        ),
        (
            "change in fork strategy: `requires-python` vs. `fewest`",
            "uv.lock was made with `fork-strategy` requires-python, and it is fewest now",
            ("uv.lock", 1),
        ),
        (
            "change in supported environments: `[]` vs. `[sys_platform == 'linux']`",
            "uv.lock was made with `environments` [], and it is [sys_platform == 'linux'] now",
            ("uv.lock", 1),
        ),
        (
            "addition of timestamp cutoff: `2024-01-01T00:00:00Z`",
            "`exclude-newer` was added after uv.lock was made (`2024-01-01T00:00:00Z`)",
            ("uv.lock", 1),
        ),
        (
            "addition of global exclude newer 2024-01-01T00:00:00Z",
            "`exclude-newer` was added after uv.lock was made (2024-01-01T00:00:00Z)",
            ("uv.lock", 1),
        ),
        (
            "change in Python requirement: `>=3.8` vs. `>=3.9`",
            "uv.lock was made with `requires-python` >=3.8, and it is >=3.9 now",
            ("pyproject.toml", 4),
        ),
        (
            "mismatched constraints:\n  Requested: {x}\n  Existing: {}",
            "uv.lock was made with other `constraint-dependencies` than there are now",
            ("uv.lock", 1),
        ),
        (
            "mismatched static metadata:\n  Requested: {x}\n  Existing: {}",
            "uv.lock was made with other `dependency-metadata` than there are now",
            ("uv.lock", 1),
        ),
        (
            'mismatched members:\n  Requested: {PackageName("a"), PackageName("b")}\n  Existing: {PackageName("b"), PackageName("c")}',
            "the workspace has a, and uv.lock does not know it; uv.lock has c, and the workspace does not have it any more",
            ("pyproject.toml", None),
        ),
        (
            (
                "mismatched requirements for: `sample==1`\n"
                '  Requested: {Requirement { name: PackageName("alpha"), marker: x, origin: None }, '
                'Requirement { name: PackageName("beta"), marker: true, origin: None }}\n'
                '  Existing: {Requirement { name: PackageName("alpha"), marker: true, origin: None }, '
                'Requirement { name: PackageName("beta"), marker: true, origin: None }}'
            ),
            "uv.lock knows the requirement of alpha with another marker or source",
            ("pyproject.toml", 6),
        ),
    ],
)
@pytest.mark.parametrize("resolving", _RESOLVING)
def test_reason(project: Project, resolving: str, reason: str, text: str, place: tuple[str, int | None]) -> None:
    """Each reason of uv's is told with the names that users know, where the setting is."""
    words = f"Using CPython 3.12.4\n{resolving} existing lockfile due to {reason}\nResolved 3 packages in 1ms\n"

    assert Cause(text, os.path.join(project.root, place[0]), place[1]) == outdated_lock.cause(project, words, {})


@pytest.mark.parametrize("name", ["`pyproject.toml`", "pyproject.toml"])
def test_settings_that_uv_ignores(project: Project, name: str) -> None:
    """A setting that this uv does not know comes before the reasons that follow from it."""
    words = (
        f"warning: Failed to parse {name} during settings discovery:\n  TOML parse error at line 11, column 1\n     |\n"
        "  11 | resolution = 3\n     | ^^^^^^\n  unknown field `future`, expected one of `required-version`, `offline`\n\n"
        "Ignoring existing lockfile due to change in resolution mode: `lowest` vs. `highest`\n"
    )

    assert Cause(
        "uv ignores all settings in pyproject.toml, because of line 11: unknown field `future`",
        project.pyproject,
        11,
        f"Correct it, or set `uv-version` to one that knows it, or run `uv lock` in {project.root} and commit uv.lock.",
    ) == outdated_lock.cause(project, words, {})


def test_no_python_requirement(project: Project) -> None:
    """Where nothing says `requires-python`, that is why two Pythons do not agree."""
    pyproject = Path(project.pyproject)
    pyproject.write_text(_PYPROJECT.replace('requires-python = ">=3.9"\n', ""), encoding="utf-8")
    words = "DEBUG Resolving despite existing lockfile due to change in Python requirement: `>=3.8` vs. `>=3.9`\n"

    assert Cause(
        "nothing says `requires-python`, so that uv takes that of the Python at hand: >=3.9 now, and >=3.8 before",
        str(pyproject),
        1,
        f"Add `requires-python` to `[project]`, run `uv lock` in {project.root} and commit uv.lock; `frozen: true` takes it as it is.",
    ) == outdated_lock.cause(project, words, {})


@pytest.mark.parametrize(
    "reason",
    [
        "`--upgrade`",
        "phases of the moon: `new` vs. `full`",
        "mismatched members:\n  Requested: {}\n  Existing: {}",
        "mismatched requirements for: `sample==1`\n  Requested: {}\n  Existing: {}",
        'mismatched requirements for: `other==1`\n  Requested: {Requirement { name: PackageName("alpha"), origin: None }}\n  Existing: {}',
        "mismatched something new:\n  Requested: {}\n  Existing: {}",
        "missing root package: `sample`",
    ],
)
def test_reason_that_is_not_known(project: Project, reason: str) -> None:
    """Nothing is made of a reason in no form that is known."""
    assert outdated_lock.cause(project, f"DEBUG Resolving despite existing lockfile due to {reason}\n", {}) is None


_MISSING = "DEBUG Resolving despite existing lockfile due to missing remote index: `alpha` `1.0` from `https://one/simple`\n"


@pytest.mark.parametrize(
    ("env", "settings", "now", "place"),
    [
        ({"UV_DEFAULT_INDEX": "https://two/simple"}, {}, "`UV_DEFAULT_INDEX` is https://two/simple", ("uv.lock", 6)),
        (
            {"UV_EXTRA_INDEX_URL": "https://three ", "UV_INDEX_URL": "https://two"},
            {},
            "`UV_INDEX_URL` is https://two and `UV_EXTRA_INDEX_URL` is https://three",
            ("uv.lock", 6),
        ),
        ({"UV_INDEX": " "}, {}, "uv is told of no other index than its default", ("uv.lock", 6)),
        ({}, {"pyproject.toml": '[[tool.uv.index]]\nurl = "https://two"\n'}, "pyproject.toml names https://two", ("pyproject.toml", 2)),
        ({}, {"pyproject.toml": '[tool.uv]\nindex-url = "https://two"\n'}, "pyproject.toml names https://two", ("pyproject.toml", 2)),
        (
            {},
            {"uv.toml": '\n[[index]]\nurl = "https://two"\n', "pyproject.toml": '[tool.uv]\nindex-url = "https://no"\n'},
            "uv.toml names https://two",
            ("uv.toml", 3),
        ),
        (
            {"UV_INDEX": "https://two"},
            {"uv.toml": 'index-url = "https://three"\n'},
            "`UV_INDEX` is https://two and uv.toml names https://three",
            ("uv.lock", 6),
        ),
        ({}, {"uv.toml": "index = [1, {url = 2}]\nindex-url = 3\n"}, "uv is told of no other index than its default", ("uv.lock", 6)),
    ],
)
def test_index(project: Project, env: dict[str, str], settings: dict[str, str], now: str, place: tuple[str, int]) -> None:
    """A lock of another index is told with both, and where one of them is written."""
    for name, text in settings.items():
        Path(project.root, name).write_text(text, encoding="utf-8")
    found = outdated_lock.cause(project, _MISSING, env)

    assert found is not None
    assert f"uv.lock has alpha 1.0 from https://one/simple, and {now}" == found.text
    assert (os.path.join(project.root, place[0]), place[1]) == (found.file, found.line)


# What `uv lock` would change.


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Resolved 3 packages in 1ms\nAdd alpha v1.0\n", "`uv lock` would add alpha 1.0."),
        ("Added alpha v1.0\nUpdated beta v1 -> v2\n", "`uv lock` would add alpha 1.0; update beta 1 -> 2."),
        (
            "Update alpha v1.0, v2.0 -> v2.0, v3.0.dev1\nRemove beta v1 (abcdef)\n",
            "`uv lock` would remove beta 1 (abcdef); update alpha 1.0, 2.0 -> 2.0, 3.0.dev1.",
        ),
        ("Resolved 3 packages in 1ms\nNo lockfile changes detected\n", "`uv lock` would add, remove and update no package."),
        ("Resolved 3 packages in 1ms\nLockfile changes detected\n", "`uv lock` would add, remove and update no package."),
        ("DEBUG Add alpha v1.0\n Add beta v1\nAdd ☃ v1\nAdd gamma 1.0\n", ""),
        (
            "".join(f"Add a{number} v1\n" for number in range(25)),
            f"`uv lock` would add {', '.join(f'a{number} 1' for number in range(20))} and 5 more.",
        ),
    ],
    ids=["add", "older", "several", "none", "other-lines", "unknown", "many"],
)
def test_changes(output: str, expected: str) -> None:
    """What uv says that it would change is told in one sentence."""
    assert expected == outdated_lock.changes(Completed(0, output))


def test_changes_of_a_dry_run_that_failed() -> None:
    """A uv that failed on the way has not said what would change."""
    assert "" == outdated_lock.changes(Completed(1, "Add alpha v1.0\n"))


def test_dry_run() -> None:
    """What is asked for is a dry run that asks no index, with the environment, the folder and the arguments of the sync."""
    inputs = step_inputs(args="--default-index https://one")
    sync = arguments.sync(inputs, PROJECT, TARGET, "/bin/uv", {"UV_CACHE_DIR": "/cache", "UV_FROZEN": "1"})
    dry_run = arguments.lock_dry_run(inputs, PROJECT, TARGET, "/bin/uv", {"UV_CACHE_DIR": "/cache", "UV_FROZEN": "1"})
    asked = "/bin/uv lock --dry-run --offline --python /opt/python/bin/python3 --default-index https://one"

    assert (asked.split(), sync.cwd) == (list(dry_run.argv), dry_run.cwd)
    assert {**sync.env, "RUST_LOG": "uv::commands::project::lock=debug,uv_lock=debug"} == dry_run.env

"""Finding the project's own rule that is broken, in the words of several versions of uv."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET, place, words
from uv_system_sync.diagnosis import rules
from uv_system_sync.errors import ActionError, InvalidInput, LockOutdated, ProjectInvalid, PythonRejected, UvUnavailable
from uv_system_sync.project.pyproject import Project

_PYPROJECT = """\
[project]
name = "sample"
requires-python = ">=3.9"

[tool.uv]
conflicts = []
default-groups = ["docs"]

[dependency-groups]
Lint = [{ include-group = "typing" }]

[tool.uv.dependency-groups]
Lint = { requires-python = "<3.12" }

[tool.uv.sources]
lib = { workspace = true }

[tool.uv.workspace]
members = ["one"]
"""
_ONE = (
    '[project]\nname = "One"\n[project.optional-dependencies]\nFast_Path = []\n[tool.uv.dependency-groups.old]\nrequires-python = "<3.8"\n'
)
_LOCK = 'version = 1\n[[package]]\nname = "one"\nsource = { editable = "one" }\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The root of a workspace with one member."""
    (tmp_path / "one").mkdir()
    for name, text in (("pyproject.toml", _PYPROJECT), ("one/pyproject.toml", _ONE), ("uv.lock", _LOCK)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return PROJECT._replace(directory=str(tmp_path), root=str(tmp_path))


def _broken(output: str, project: Project) -> ActionError | None:
    return rules.broken(output, project, TARGET, "0.13.9")


@pytest.mark.parametrize(
    ("output", "kind", "message", "where"),
    [
        pytest.param(
            "error: Groups `b`, `c` and `a` are incompatible with the conflicts: {`sample:b`, `sample:c`, `sample:a`}\n",
            InvalidInput,
            "`conflicts` in `[tool.uv]` allows only one of `sample:a`, `sample:b`, `sample:c`, and more than one is selected.",
            ("pyproject.toml", 6),
            id="conflict",
        ),
        pytest.param(
            "error: Package `one` and package `two` are incompatible with the declared conflicts: {one, two}\n",
            InvalidInput,
            "`conflicts` in `[tool.uv]` allows only one of one, two, and more than one is selected.",
            ("pyproject.toml", 6),
            id="conflict-of-packages",
        ),
        pytest.param(
            "error: Extra `fast-path` is not defined in the project's `optional-dependencies` table\n",
            InvalidInput,
            "What is selected defines no extra `fast-path`; the workspace's `One` does.",
            None,
            id="extra-of-another-member",
        ),
        pytest.param(
            "error: Group `docs` is not defined in any project's `dependency-groups` table\n",
            InvalidInput,
            "What is selected defines no group `docs`.",
            None,
            id="group-of-nobody",
        ),
        pytest.param(
            "error: The requested interpreter resolved to Python 3.12.4, which is incompatible with the project's Python requirement:"
            " `>=3.9, <3.12` (from `tool.uv.dependency-groups.lint.requires-python`).\n",
            PythonRejected,
            f"The group `lint` requires Python <3.12, and {TARGET.executable} is Python 3.12.4.",
            ("pyproject.toml", 13),
            id="group-for-another-python",
        ),
        pytest.param(
            "error: The requested interpreter resolved to Python 3.12.4, which is incompatible with the project's Python requirement:"
            " `==3.7`.\nThe following `requires-python` declarations do not permit this version:\n- one:old: <3.8\n- sample:lint: <3.12\n",
            PythonRejected,
            f"The group `old` requires Python <3.8, `lint` requires Python <3.12, and {TARGET.executable} is Python 3.12.4.",
            ("one/pyproject.toml", 5),
            id="groups-of-several-members-for-another-python",
        ),
        pytest.param(
            "error: Found conflicting Python requirements:\n- sample: >=3.9\n- sample:lint: <3.8\n",
            ProjectInvalid,
            "There is no Python for all that is selected: `sample` requires >=3.9, `sample:lint` requires <3.8.",
            ("pyproject.toml", 3),
            id="group-for-no-python",
        ),
        pytest.param(
            "  \u00d7 Failed to parse `uv.lock`\n  ╰─▶ TOML parse error at line 5, column 1\n       |\n     5 | [[package]]\n"
            "       | ^^^^^^^^^^^\n      data did not match any variant\n      of untagged enum\n  help: ask\n",
            ProjectInvalid,
            "uv cannot make sense of uv.lock: data did not match any variant of untagged enum (at line 5, column 1).",
            ("uv.lock", 5),
            id="lock-that-is-none",
        ),
        pytest.param(
            "error: Failed to parse: `one/pyproject.toml`\n  Caused by: TOML parse error at line 2, column 8\n  |\n2 | name = 3\n"
            "  |        ^\ninvalid type.\n",
            ProjectInvalid,
            "uv cannot make sense of one/pyproject.toml: invalid type (at line 2, column 8).",
            ("one/pyproject.toml", 2),
            id="pyproject-of-a-member-that-is-none",
        ),
        pytest.param(
            "error: The lockfile at `uv.lock` uses an unsupported schema version (v2, but only v1 is supported). Downgrade to\n",
            UvUnavailable,
            "uv.lock has the format 2, and uv 0.13.9 reads the format 1 only.",
            ("uv.lock", 1),
            id="lock-of-the-future",
        ),
        pytest.param(
            "error: Could not find root package `new`\n",
            LockOutdated,
            "uv.lock is outdated: the workspace has `new`, and uv.lock does not know it.",
            ("pyproject.toml", 19),
            id="new-member-and-frozen",
        ),
        pytest.param(
            "error: The lockfile at `uv.lock` needs to be updated, but `--frozen` was provided: Missing workspace member `new`.\n",
            LockOutdated,
            "uv.lock is outdated: the workspace has `new`, and uv.lock does not know it.",
            ("pyproject.toml", 19),
            id="new-member-and-frozen-of-today",
        ),
        pytest.param(
            "  ╰─▶ `lib` references a workspace in `tool.uv.sources` (e.g., `lib = {\n"
            "      workspace = true }`), but is not a workspace member\n",
            ProjectInvalid,
            "`[tool.uv.sources]` has `lib` from the workspace, which has no such member.",
            ("pyproject.toml", 16),
            id="source-that-is-no-member",
        ),
    ],
)
def test_rule(project: Project, output: str, kind: type[ActionError], message: str, where: tuple[str, int] | None) -> None:
    """Each rule is told with its values, where it is written."""
    error = _broken(f"Using CPython 3.12.4\nResolved 3 packages in 1ms\n{output}", project)

    assert error is not None
    assert (kind, message) == (type(error), error.message)
    assert ((f"{project.root}/{where[0]}", where[1]) if where else (None, None)) == place(error)


@pytest.mark.parametrize(
    "output",
    [
        "",
        "error: Failed to parse: `requirements.txt`\n",
        "error: Failed to build `sample`\n\n  [stderr]\n  error: Extra `x` is not defined in\n",
        "error: Failed to build\n\n         [stderr]\nconflicts: {`a`, `b`}\n",
        "conflicts: {`a`, `b`}\nerror: something else\n",
        "error: The resolved Python interpreter is incompatible with the project's Python requirement: `>=3.14`\n",
        "error: incompatible with the project's Python requirement: `<3.8` (from `tool.uv.dependency-groups.gone.requires-python`).\n",
    ],
)
def test_other_words(project: Project, output: str) -> None:
    """Nothing is made of words that say nothing of a rule."""
    assert _broken(output, project) is None


def test_next_step(project: Project) -> None:
    """What the next step names is what was found."""
    error = _broken("error: Extra `fast-path` is not defined in the `optional-dependencies` table for `sample`\n", project)

    assert error is not None
    assert (
        "Name the member in `packages`, or set `working-directory` to its folder, or take `fast-path` out of `extras`." == words(error)[1]
    )

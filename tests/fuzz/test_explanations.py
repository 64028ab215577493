"""Whatever uv, a build, a lock or a project contains, a failure is explained in bounded time with one error of one sentence."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.diagnosis import UV
from tests.fuzz import hostile
from tests.support import TARGET
from uv_system_sync.diagnosis import builds, explain, requirements
from uv_system_sync.errors import ProjectInvalid
from uv_system_sync.process import Completed
from uv_system_sync.project.lockfile import Lockfile
from uv_system_sync.project.pyproject import Project, read_or_empty

_TEMPLATES = (
    "error: Failed to build `{}`\n  cause: Call to `{}` failed (exit status: 1)\n\n  [stderr]\n  {}\n\nhint: {}\n",
    "error: Failed to build `{}==1.0`\n Failed to resolve requirements from `build-system.requires`\n cause: {} Failed to fetch: https://{}",
    "error: Distribution `{}==1.0 @ x` can't be installed because it is marked as `--no-build`: {}",
    "error: Distribution `alpha==1.0 @ {}` can't be installed because it doesn't have a source distribution or wheel: You're on L (`{}`)",
    "error: Failed to download `alpha==1.0`\n Failed to fetch: `https://{}`\n HTTP status client error ({}) for url ({})",
    "error: An index (https://{}) returned a {} 403 (",
    "error: No solution found when resolving dependencies: Because {} hint: {}",
    "error: `{} @ git+{}`\n Git operation failed {}",
    "error: Group `{}` is not defined in",
    "error: Package `{}` not found in workspace",
    "error: incompatible with the project's Python requirement (from `tool.uv.dependency-groups.{}.requires-python`)",
    "error: Failed to parse `uv.lock` error at line 1, column 1 {} ^^ {}",
    "error: conflicts: {{{}}}",
    "The lockfile at `uv.lock` needs to be updated, but `--locked` was provided. {} {}",
    "{}",
)


_OUTPUTS = st.builds(lambda template, words: template.format(*words), st.sampled_from(_TEMPLATES), st.tuples(*[hostile.text] * 4))

_PYPROJECT = hostile.toml_document(
    *("project", "project.name", "project.version", "project.dependencies", "project.optional-dependencies", "project.dynamic"),
    *("project.requires-python", "dependency-groups", "dependency-groups.dev", "tool.uv", "tool.uv.dev-dependencies", "tool.uv.index"),
    *("tool.uv.sources", "tool.uv.conflicts", "tool.uv.environments", "tool.uv.constraint-dependencies", "tool.uv.dependency-metadata"),
)
_PACKAGE = hostile.toml_document(
    *("version", "metadata", "metadata.requires-dist", "metadata.requires-dev", "metadata.requires-dev.dev", "wheels", "sdist"),
)
_LOCKS = st.one_of(
    _PACKAGE.map(lambda package: f'[[package]]\nname = "sample"\nsource = {{ editable = "." }}\n{package}'),
    hostile.toml_document("package", "package.source", "manifest", "manifest.members", "manifest.constraints", "options", "conflicts"),
    hostile.toml_document("requires-python", "supported-markers", "manifest.dependency-groups", "manifest.dependency-metadata"),
    hostile.text,
)


def _project(folder: str, pyproject: str, lock: str) -> Project:
    for name, text in (("pyproject.toml", pyproject), ("uv.lock", lock)):
        Path(folder, name).write_bytes(text.encode("utf-8", "replace"))
    return Project(folder, read_or_empty(str(Path(folder, "pyproject.toml"))), Lockfile(str(Path(folder, "uv.lock"))))


def _failure(project: Project, output: str, **env: str) -> explain.Failure:
    return explain.Failure(Completed(1, output), env, project, TARGET, UV, lambda: Completed(0, output))


@given(output=_OUTPUTS, pyproject=_PYPROJECT | hostile.text, lock=_LOCKS, url=hostile.text)
@example(output=_TEMPLATES[-2].format("x" * 2**18, ""), pyproject="", lock="", url="")
@example(output=hostile.MEGABYTES[0], pyproject="", lock="", url="")
def test_error_is_one_sentence_with_a_next_step(output: str, pyproject: str, lock: str, url: str) -> None:
    """The error has a hint, and its file belongs to the project."""
    with tempfile.TemporaryDirectory() as folder:
        error = explain.explain(_failure(_project(folder, pyproject, lock), output, UV_NO_BUILD=output, UV_DEFAULT_INDEX=url))

    assert str(error.hint)
    assert 1 == len(str(error.message).splitlines())
    assert error.file is None or error.file.startswith(folder) or isinstance(error, ProjectInvalid)


@given(pyproject=_PYPROJECT | hostile.text, lock=_LOCKS)
def test_differences_have_lines_that_exist(pyproject: str, lock: str) -> None:
    """Each line number exists in its file."""
    with tempfile.TemporaryDirectory() as folder:
        project = _project(folder, pyproject, lock)
        lines = len(project.pyproject.text.splitlines())
        found = [*requirements.differences(project)]

    assert all(item.place.line is None or 1 <= item.place.line <= lines for item in found)


@given(package=hostile.json_like("wheels", "sdist"), wheel=st.dictionaries(st.sampled_from(("url", "path", "filename")), hostile.text))
@example(package={}, wheel={"url": f"alpha-1.0-{'py3.' * 20}py3-none-any.whl"})
def test_wheels_are_one_clause(package: object, wheel: dict[str, str]) -> None:
    """Whatever wheels a lock has, the clause is empty or starts with the same words."""
    for table in (package if isinstance(package, dict) else {}, {"wheels": [wheel]}):
        clause = builds.locked_wheels(table, TARGET)
        assert clause is None or str(clause).startswith("uv.lock has ")


_STARTS = (
    *("Failed to build `", "An index (https://x) ", "Failed to fetch: `https://", "Distribution `a==1", "fatal error: a/", "Call to `"),
    *("command 'cc", "pkg-config", "Because ", "unable to execute 'cc", "`a` references a workspace in `tool.uv.sources` ", "[stderr] "),
    *(
        "Failed to parse `uv.lock` error at line 1, column 1 ",
        "No solution found when resolving",
        "`a @ git+b` ",
        "conflicts: {",
        "error: ",
    ),
)


@pytest.mark.parametrize("start", _STARTS)
@pytest.mark.parametrize("first", ["error: ", "error: Failed to build `a==1`\n[stderr]\n", ""])
def test_repeated_text_takes_no_longer_than_it_took_to_write(start: str, first: str, tmp_path: Path) -> None:
    """Output that a build repeats as often as it can is read in bounded time."""
    output = first + (start * (2**18 // len(start)))[: 2**18]
    begun = time.monotonic()
    explain.explain(_failure(_project(str(tmp_path), "", ""), output))

    assert time.monotonic() - begun < 5

"""Whatever uv, a build, a lock or a project say, the rooms that explain a failure make one short sentence of it, or nothing."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.support import PROJECT, TARGET
from uv_system_sync.diagnosis import builds, explain, network, outdated_lock, requirements, wheels
from uv_system_sync.process import Command, Completed
from uv_system_sync.project.pyproject import Project

_TEMPLATES = (
    "error: Failed to build `{}`\n  cause: Call to `{}` failed (exit status: 1)\n\n  [stderr]\n  {}\n\nhint: {}\n",
    "Failed to build `{}==1.0`\n Failed to resolve requirements from `build-system.requires`\n cause: {} Failed to fetch: https://{}",
    "error: Distribution `{}==1.0 @ x` can't be installed because it is marked as `--no-build`: {}",
    "error: Distribution `alpha==1.0 @ {}` can't be installed because it doesn't have a source distribution or wheel: You're on L (`{}`)",
    "Failed to download `alpha==1.0`\n Failed to fetch: `https://{}`\n HTTP status client error ({}) for url ({})",
    "An index (https://{}) returned a {} 403 (",
    "No solution found when resolving dependencies: Because {} hint: {}",
    "fatal error: {}.h command '{}cc' failed: No such file",
    "{}",
)
_REASONS = (
    "change in {}: `{}` vs. `{}`",
    "change in resolution mode: `{}` vs. `{}`",
    "change in Python requirement: `{}` vs. `{}`",
    "addition of timestamp cutoff: {}",
    "missing remote index: `{}` `{}` from `{}`",
    'mismatched members:\n  Requested: {{PackageName("{}")}}\n  Existing: {{{}}}',
    'mismatched requirements for: `sample=={}`\n  Requested: {{PackageName("{}") {} origin: }}\n  Existing: {{}}',
    "mismatched {}:\n",
)


def _filled(templates: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.builds(lambda template, words: template.format(*words), st.sampled_from(templates), st.tuples(*[hostile.text] * 4))


_PYPROJECT = hostile.toml_document(
    *("project", "project.name", "project.version", "project.dependencies", "project.optional-dependencies", "project.dynamic"),
    *("project.requires-python", "dependency-groups", "dependency-groups.dev", "tool.uv", "tool.uv.dev-dependencies", "tool.uv.index"),
)
_ENTRIES = ("name", "specifier", "extras", "marker", "url", "editable")
_PACKAGE = hostile.toml_document(
    *("version", "metadata", "metadata.requires-dist", "metadata.requires-dev", "metadata.requires-dev.dev", "wheels", "sdist"),
)
_LOCKS = st.one_of(
    _PACKAGE.map(lambda package: f'[[package]]\nname = "sample"\nsource = {{ editable = "." }}\n{package}'),
    hostile.toml_document("package", "package.source"),
    hostile.text,
)


def _project(folder: str, pyproject: str, lock: str) -> Project:
    for name, text in (("pyproject.toml", pyproject), ("uv.lock", lock)):
        Path(folder, name).write_bytes(text.encode("utf-8", "replace"))
    return PROJECT._replace(directory=folder, root=folder)


@given(pyproject=_PYPROJECT | hostile.text, lock=_LOCKS, reason=_filled(_REASONS), url=hostile.text)
@example(pyproject="", lock="", reason=_REASONS[-1].format("x" * 2**18), url="")
def test_stale(pyproject: str, lock: str, reason: str, url: str) -> None:
    """Whatever the files and the reason are, a cause has a clause and a place, and the lines of differences exist."""
    with tempfile.TemporaryDirectory() as folder:
        project = _project(folder, pyproject, lock)
        words = f"Resolving despite existing lockfile due to {reason}\n{reason}\nIgnoring existing lockfile due to {reason}"
        found = outdated_lock.cause(project, words, {"UV_DEFAULT_INDEX": url})
        lines = Path(project.pyproject).read_text(encoding="utf-8", errors="replace").splitlines()
        differences = requirements.differences(project)

    assert found is None or (found.text and found.file.startswith(folder))
    assert all(item.line is None or 1 <= item.line <= len(lines) for item in differences)


@given(output=_filled(_TEMPLATES), lock=_LOCKS)
@example(output=hostile.MEGABYTES[0], lock="")
def test_blame(output: str, lock: str) -> None:
    """Whatever uv prints, a fault is one sentence that can be shown, or there is none."""
    with tempfile.TemporaryDirectory() as folder:
        project = _project(folder, "", lock)
        attempt = explain.Attempt(Command(("uv",), {"UV_NO_BUILD": output}, "/"), Completed(1, output), "0.13.9", lambda: Completed(0, ""))
        error = explain.explain(attempt, project, TARGET)

    assert error.hint
    assert 1 == len(error.message.splitlines())
    assert len(error.text().encode("utf-16-le", "surrogatepass")) <= 2 * 4096


@given(package=hostile.json_like("wheels", "sdist"), wheel=st.dictionaries(st.sampled_from(("url", "path", "filename")), hostile.text))
@example(package={}, wheel={"url": f"alpha-1.0-{'py3.' * 20}py3-none-any.whl"})
def test_wheels(package: object, wheel: dict[str, str]) -> None:
    """Whatever a lock has for wheels, a short clause is made of it, or none."""
    for table in (package if isinstance(package, dict) else {}, {"wheels": [wheel]}):
        said = wheels.missing(table, TARGET)
        assert said == "" or said.startswith("uv.lock has ")


_STARTS = (
    "Failed to build `",
    "An index (https://x) ",
    "Failed to fetch: `https://",
    "Distribution `a==1",
    "mismatched a for: `b==",
    "fatal error: a/",
)


@pytest.mark.parametrize("start", [*_STARTS, "command 'cc", "pkg-config", "Call to `", "Because ", "unable to execute 'cc"])
def test_time(start: str, tmp_path: Path) -> None:
    """What a build repeats as often as it can takes no longer to read than it took to write."""
    output = (start * (2**18 // len(start)))[: 2**18]
    begun = time.monotonic()
    builds.find(f"Failed to build `a==1` [stderr]\n{output}", _project(str(tmp_path), "", ""), TARGET, {})
    network.fault(output)
    outdated_lock.cause(_project(str(tmp_path), "", ""), f"Ignoring existing lockfile due to {output}", {})

    assert time.monotonic() - begun < 5

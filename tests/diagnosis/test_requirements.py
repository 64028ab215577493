"""Tests of `diagnosis.requirements`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import write
from uv_system_sync.diagnosis import requirements
from uv_system_sync.project import pyproject
from uv_system_sync.project.pyproject import Project

_LOCK = """\
version = 1
requires-python = ">=3.8"

[[package]]
name = "sample"
version = "1.0"
source = { editable = "." }

[package.metadata]
requires-dist = [
    { name = "alpha", specifier = ">=1,<2" },
    { name = "beta", extras = ["b", "a"], marker = "python_full_version < '3.9'" },
    { name = "delta", editable = "libs/delta" },
    { name = "docs-tool", marker = "extra == 'docs'" },
    { name = "git-tool", git = "https://host/git-tool" },
    { name = "git-source", git = "https://host/git-source?branch=a%2Fb" },
]
provides-extras = ["docs", "all"]

[package.metadata.requires-dev]
dev = [{ name = "gamma" }, { name = "lint-tool" }, { name = "old" }]
lint = [{ name = "lint-tool" }]
"""

_SAME = """\
[project]
name = "Sample"
version = "1"
dependencies = [
    "Alpha<2,>=1.0",
    "beta[A,b]; python_version < '3.9'",
    "delta>=3",
    "git-tool @ git+https://host/git-tool",
    "git-source",
]

[project.optional-dependencies]
Docs = ['docs_tool'] # the tool
all = ["sample[docs]"]

[tool.uv]
dev-dependencies = ["old"]

[dependency-groups]
lint = ["lint-tool"]
dev = ["gamma", {include-group = "Lint"}]

[tool.uv.sources]
Git_Source = { git = "https://host/git-source", branch = "a/b" }
delta = { workspace = true }
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose uv.lock has all of its requirements, in another form."""
    return write(tmp_path, pyproject_toml=_SAME, uv_lock=_LOCK)


def _differences(project: Project, text: str) -> list[tuple[dict[str, object], int | None]]:
    """Return the values and the line of each difference, with `text` as the project's pyproject.toml."""
    Path(project.pyproject.path).write_text(text, encoding="utf-8")
    found = requirements.differences(pyproject.read(project.directory))
    return [(dict(item.clause.values), item.place.line) for item in found]


def test_another_form_is_not_a_difference(project: Project) -> None:
    assert [] == _differences(project, _SAME)


@pytest.mark.parametrize(
    ("old", "new", "line", "values"),
    [
        ('version = "1"', 'version = "2"', 3, {"now": "2", "before": "1.0"}),
        ("Alpha<2", "Alpha<3", 5, {"requirement": "Alpha<3,>=1.0", "table": "dependencies", "locked": "alpha>=1,<2"}),
        ("beta[A,b]", "beta[A]", 6, {"requirement": "beta[A]; python_version < '3.9'", "locked": "beta[a,b]"}),
        ("< '3.9'", "< '3.10'", 6, {"requirement": "beta[A,b]; python_version < '3.10'", "name": "beta"}),
        ("'docs_tool'", "'docs_tool; os_name == \"nt\"'", 13, {"name": "docs-tool", "table": "optional-dependencies.docs"}),
        ("'docs_tool'", "'docs_tool', \"x\"", 13, {"requirement": "x", "table": "optional-dependencies.docs"}),
        ("'docs_tool'", "", 13, {"requirement": "docs-tool", "table": "optional-dependencies.docs"}),
        ("Docs = ['docs_tool'] # the tool\n", "", 12, {"requirement": "docs-tool", "table": "optional-dependencies.docs"}),
        ('"gamma", ', "", 21, {"requirement": "gamma", "table": "dependency-groups.dev"}),
        ('dev-dependencies = ["old"]', "", 21, {"requirement": "old", "table": "dependency-groups.dev"}),
        ('Git_Source = { git = "https://host/git-source", branch = "a/b" }', "", 9, {"name": "git-source"}),
        ("delta = { workspace = true }\n", "", 7, {"name": "delta"}),
    ],
)
def test_difference_has_its_values_and_line(project: Project, old: str, new: str, line: int, values: dict[str, str]) -> None:
    """Requirements that uv.lock lacks, or has in addition, are found with their line in pyproject.toml."""
    assert old in _SAME
    [(found, where)] = _differences(project, _SAME.replace(old, new))

    assert line == where
    assert values.items() <= found.items()


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "sample"\ndynamic = ["version", "dependencies", "optional-dependencies"]\n\n'
        + _SAME[_SAME.index("[tool.uv]") :],
        _SAME[_SAME.index("[tool.uv]") :],
        "<<<<<<<",
    ],
    ids=["dynamic", "no project table", "not TOML"],
)
def test_dynamic_metadata_is_not_compared(project: Project, text: str) -> None:
    """Without static metadata, only groups are compared."""
    Path(project.pyproject.path).write_text(text, encoding="utf-8")

    assert [] == [*requirements.differences(project)]


def test_malformed_lock(tmp_path: Path) -> None:
    """Nothing is compared with a lock that cannot be read."""
    assert [] == [*requirements.differences(write(tmp_path, pyproject_toml=_SAME, uv_lock="<<<<<<<"))]


@pytest.mark.parametrize("text", ["no requirement!", "alpha>=x"])
def test_malformed_requirement_is_the_difference(project: Project, text: str) -> None:
    """An old uv ignores it."""
    values = {"file": "pyproject.toml", "requirement": text, "table": "dependency-groups.lint"}

    assert [(values, 20)] == _differences(project, _SAME.replace('["lint-tool"]', f'["lint-tool", "{text}"]'))


def test_groups_that_include_each_other(project: Project) -> None:
    """The recursion ends, and each group has the requirements of the other."""
    found = _differences(project, _SAME.replace('["lint-tool"]', '["lint-tool", {include-group = "dev"}]'))

    assert {"gamma"} == {values["requirement"] for values, _ in found}


def test_requirement_of_an_included_group(project: Project) -> None:
    """It is a single difference, on the line of the requirement."""
    text = _SAME.replace(
        "[dependency-groups]\nlint", '[dependency-groups]\nall = [{include-group = "lint"}, {include-group = "dev"}]\nlint'
    )

    assert [21] == [
        line
        for values, line in _differences(project, text.replace('["lint-tool"]', '["lint-tool", "new"]'))
        if values["requirement"] == "new"
    ]


def test_same_text_in_two_lists(project: Project) -> None:
    """The line is that of the list with the difference."""
    text = _SAME.replace('lint = ["lint-tool"]', 'lint = ["lint-tool", "Alpha<2,>=1.0"]')

    assert [20] == [line for _, line in _differences(project, text.replace(', {include-group = "Lint"}', ', "lint-tool"'))]


def test_own_differences_come_before_those_of_other_members(project: Project) -> None:
    """The place of a difference is in the file of its member."""
    delta = '[project]\nname = "delta"\ndependencies = ["x"]\n'
    lock = _LOCK + '\n[[package]]\nname = "delta"\nsource = { virtual = "libs/delta" }\n'
    text = _SAME.replace('version = "1"', 'version = "2"') + "\n[tool.uv.workspace]\nmembers = ['libs/*']\n"
    root = write(Path(project.directory), pyproject_toml=text, libs__delta__pyproject_toml=delta, uv_lock=lock)
    member = pyproject.read(f"{project.directory}/libs/delta")

    expected = [f"{project.directory}/pyproject.toml", f"{project.directory}/libs/delta/pyproject.toml"]
    assert expected == [item.place.file for item in requirements.differences(root)]
    assert expected[::-1] == [item.place.file for item in requirements.differences(member)]


def test_groups_of_a_root_that_is_not_a_package(tmp_path: Path) -> None:
    """They are compared with the groups in the manifest of uv.lock."""
    lock = 'version = 1\n[manifest]\nmembers = []\n[manifest.dependency-groups]\ndev = [{ name = "gamma" }]\n'
    project = write(tmp_path, pyproject_toml='[dependency-groups]\ndev = ["gamma", "delta"]\n', uv_lock=lock)

    assert ["delta"] == [item.clause.values["name"] for item in requirements.differences(project)]


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ("python_version < '3.9'", "python_full_version < '3.9'"),
        ("python_version > '3.8'", "python_full_version >= '3.9'"),
        ("platform_system == 'Windows'", "sys_platform == 'win32'"),
        ("os_name == 'nt'", "sys_platform == 'win32'"),
        ("python_version >= '3.8'", ""),
        ("sys_platform != 'none'", ""),
        ("implementation_name == 'pypy'", "platform_python_implementation == 'PyPy'"),
        ("sys_platform == 'linux'", "not a marker"),
    ],
)
def test_marker_in_another_form_is_not_a_difference(tmp_path: Path, now: str, before: str) -> None:
    """The same holds for markers that cannot be compared, or that are equal on every usual system."""
    assert [] == _of_markers(tmp_path, now, before)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ("python_version < '3.10'", "python_full_version < '3.9'"),
        ("sys_platform == 'linux'", "sys_platform == 'darwin'"),
        ("sys_platform == 'win32'", ""),
        ("", "sys_platform == 'win32'"),
    ],
)
def test_marker_with_another_meaning_is_a_difference(tmp_path: Path, now: str, before: str) -> None:
    assert ["alpha"] == _of_markers(tmp_path, now, before)


def _of_markers(folder: Path, now: str, before: str) -> list[object]:
    lock = f"""\
requires-python = ">=3.8"
[[package]]
name = "sample"
source = {{ virtual = "." }}
[package.metadata]
requires-dist = [{{ name = "alpha", marker = "{before}" }}]
"""
    text = f'[project]\nname = "sample"\ndependencies = ["alpha{";" if now else ""} {now}"]\n'
    return [item.clause.values["name"] for item in requirements.differences(write(folder, pyproject_toml=text, uv_lock=lock))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{ git = "https://host/x" }', ["alpha", "alpha"]),
        ('[{ git = "https://host/x", marker = "sys_platform == \'linux\'" }]', ["alpha", "alpha"]),
        ('{ git = "https://host/x", group = "lint" }', ["alpha"]),
        ('{ index = "other" }', []),
        ("3", []),
    ],
)
def test_source_that_the_lock_does_not_have(tmp_path: Path, source: str, expected: list[str]) -> None:
    """Neither another index counts, nor a list that the source is not for."""
    lock = """\
[[package]]
name = "sample"
source = { virtual = "." }
[package.metadata]
requires-dist = [{ name = "alpha" }]
[package.metadata.requires-dev]
lint = [{ name = "alpha" }]
"""
    text = f"""\
[project]
name = "sample"
dependencies = ["alpha"]
[dependency-groups]
lint = ["alpha"]
[tool.uv.sources]
alpha = {source}
"""
    found = requirements.differences(write(tmp_path, pyproject_toml=text, uv_lock=lock))

    assert expected == [item.clause.values["name"] for item in found]

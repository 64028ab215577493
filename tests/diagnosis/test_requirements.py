"""Comparing what a project requires with what its lock has noted of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import PROJECT
from uv_system_sync.diagnosis import requirements
from uv_system_sync.diagnosis.requirements import Difference
from uv_system_sync.project.pyproject import Project

_LOCK = """\
version = 1

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
    { name = "sample", extras = ["docs"], marker = "extra == 'all'" },
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
]

[project.optional-dependencies]
Docs = ['docs_tool'] # the tool
all = ["sample[docs]"]

[tool.uv]
dev-dependencies = ["old"]

[dependency-groups]
lint = ["lint-tool"]
dev = ["gamma", {include-group = "Lint"}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose lock knows all of it, in other words."""
    (tmp_path / "uv.lock").write_text(_LOCK, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(_SAME, encoding="utf-8")
    return PROJECT._replace(directory=str(tmp_path), root=str(tmp_path))


def test_no_difference(project: Project) -> None:
    """What the lock has in its own notation is no difference."""
    assert [] == requirements.differences(project)


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ('version = "1"', 'version = "2"', 3, "pyproject.toml has the version 2, and uv.lock has 1.0"),
        ("Alpha<2", "Alpha<3", 5, "pyproject.toml has `Alpha<3,>=1.0` in `dependencies`, and uv.lock knows it as `alpha>=1,<2`"),
        (
            "beta[A,b]",
            "beta[A]",
            6,
            "pyproject.toml has `beta[A]; python_version < '3.9'` in `dependencies`, and uv.lock knows it as `beta[a,b]`",
        ),
        ("'docs_tool'", "'docs_tool', \"x\"", 12, "pyproject.toml has `x` in `optional-dependencies.docs`, and uv.lock does not know it"),
        (
            "'docs_tool'",
            "",
            12,
            "uv.lock knows `docs-tool` from `optional-dependencies.docs`, and pyproject.toml does not have it any more",
        ),
        (
            "Docs = ['docs_tool'] # the tool\n",
            "",
            11,
            "uv.lock knows `docs-tool` from `optional-dependencies.docs`, and pyproject.toml does not have it any more",
        ),
        ('"gamma", ', "", 20, "uv.lock knows `gamma` from `dependency-groups.dev`, and pyproject.toml does not have it any more"),
        (
            'dev-dependencies = ["old"]',
            "",
            20,
            "uv.lock knows `old` from `dependency-groups.dev`, and pyproject.toml does not have it any more",
        ),
    ],
)
def test_one_difference(project: Project, old: str, new: str, line: int, text: str) -> None:
    """What the lock does not know, knows differently or knows in vain is told with its line."""
    assert old in _SAME
    Path(project.pyproject).write_text(_SAME.replace(old, new), encoding="utf-8")

    assert [Difference(text, project.pyproject, line)] == requirements.differences(project)


@pytest.mark.parametrize(
    "dynamic",
    [
        'dynamic = ["version", "dependencies", "optional-dependencies"]\n',
        'dynamic = ["dependencies", "optional-dependencies", "version"]\n',
    ],
)
def test_dynamic(project: Project, dynamic: str) -> None:
    """What only a build can tell is not compared."""
    groups = _SAME[_SAME.index("[tool.uv]") :]
    Path(project.pyproject).write_text(f'[project]\nname = "sample"\n{dynamic}\n{groups}', encoding="utf-8")

    assert [] == requirements.differences(project)


def test_no_project_table(project: Project) -> None:
    """What only an older build backend can tell is not compared, either."""
    Path(project.pyproject).write_text(_SAME[_SAME.index("[tool.uv]") :], encoding="utf-8")

    assert [] == requirements.differences(project)


def test_same_text_twice(project: Project) -> None:
    """Of two lists with the same text, the line is in the one that differs."""
    text = _SAME.replace('lint = ["lint-tool"]', 'lint = ["lint-tool", "Alpha<2,>=1.0"]').replace(
        ', {include-group = "Lint"}', ', "lint-tool"'
    )
    Path(project.pyproject).write_text(text, encoding="utf-8")

    assert [19] == [item.line for item in requirements.differences(project)]


def test_member(project: Project) -> None:
    """A member of the workspace has its differences in its own file, and the one that the step is for comes first."""
    folder = Path(project.root, "libs", "delta")
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "delta"\ndependencies = ["x"]\n', encoding="utf-8")
    Path(project.lock).write_text(_LOCK + '\n[[package]]\nname = "delta"\nsource = { virtual = "libs/delta" }\n', encoding="utf-8")
    Path(project.pyproject).write_text(_SAME.replace('version = "1"', 'version = "2"'), encoding="utf-8")
    root = Difference("pyproject.toml has the version 2, and uv.lock has 1.0", project.pyproject, 3)
    delta = Difference(
        "libs/delta/pyproject.toml has `x` in `dependencies`, and uv.lock does not know it", str(folder / "pyproject.toml"), 3
    )

    assert [root, delta] == requirements.differences(project)
    assert [delta, root] == requirements.differences(project._replace(directory=str(folder)))


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml"])
def test_unreadable(project: Project, name: str) -> None:
    """What cannot be parsed is for uv to complain of."""
    Path(project.root, name).write_text("<<<<<<<", encoding="utf-8")

    assert [] == requirements.differences(project)


@pytest.mark.parametrize("text", ["no requirement!", "alpha>=x"])
def test_malformed_requirement(project: Project, text: str) -> None:
    """A requirement that is none is for uv to complain of."""
    Path(project.pyproject).write_text(_SAME.replace('["lint-tool"]', f'["lint-tool", "{text}"]'), encoding="utf-8")

    assert [] == requirements.differences(project)


def test_group_that_includes_itself(project: Project) -> None:
    """Groups that include each other come to an end."""
    Path(project.pyproject).write_text(_SAME.replace('["lint-tool"]', '["lint-tool", {include-group = "dev"}]'), encoding="utf-8")

    assert {"`gamma`"} == {item.text.split(" has ")[1].split(" ")[0] for item in requirements.differences(project)}

"""Tests of `diagnosis.settings`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import write
from uv_system_sync.diagnosis import settings

_PYPROJECT = """\
[project]
name = "sample"

[tool.uv]
resolution = "lowest"
prerelease = "allow"
fork-strategy = "fewest"
exclude-newer = "2030-01-01"
constraint-dependencies = ["Beta<9", "delta_x >= 1.0; sys_platform == 'linux'"]
override-dependencies = ["git-tool @ git+https://host/git-tool"]
build-constraint-dependencies = ["setuptools<90"]
exclude-dependencies = ["gamma"]
environments = ["platform_system == 'Linux'"]
required-environments = ["sys_platform == 'linux'"]
conflicts = [[{ extra = "docs" }, { package = "one", group = "Lint" }]]
dependency-metadata = [{ name = "No_Such" }]

[tool.uv.workspace]
members = ["one"]
"""
# Members can have conflicts of their own; their other settings do not count.
_ONE = '[project]\nname = "one"\n[tool.uv]\nresolution = "highest"\nconflicts = [[{ extra = "a" }, { extra = "b" }]]\n'
_LOCK = """\
version = 1
supported-markers = ["sys_platform == 'linux'"]
required-markers = ["sys_platform == 'linux'"]
conflicts = [
    [{ package = "sample", extra = "docs" }, { package = "one", group = "lint" }],
    [{ package = "one", extra = "a" }, { package = "one", extra = "b" }],
    [{ package = "sample", group = "includes-one" }, { package = "sample", extra = "docs" }],
]

[options]
resolution-mode = "lowest"
prerelease-mode = "allow"
fork-strategy = "fewest"
exclude-newer = "2029-01-01T00:00:00Z"

[manifest]
members = ["one", "sample"]
constraints = [{ name = "beta", specifier = "<9" }, { name = "delta-x", marker = "sys_platform == 'linux'", specifier = ">=1" }]
overrides = [{ name = "git-tool", git = "https://host/git-tool" }]
build-constraints = [{ name = "setuptools", specifier = "<90" }]
excludes = ["gamma"]

[[manifest.dependency-metadata]]
name = "no-such"

[[package]]
name = "one"
source = { virtual = "one" }

[[package]]
name = "sample"
source = { virtual = "." }
"""
_SET = [
    line for line in _PYPROJECT.splitlines() if " = [" in line or line.startswith(("resolution", "prerelease", "fork", "exclude-newer"))
][:-1]


def _different(folder: Path, pyproject: str, lock: str = _LOCK, **files: str) -> list[tuple[object, str, int | None]]:
    found = settings.differences(write(folder, pyproject_toml=pyproject, uv_lock=lock, one__pyproject_toml=_ONE, **files))
    return [(clause.values["setting"], Path(place.file).name, place.line) for clause, place in found]


def test_same_settings_in_another_form(tmp_path: Path) -> None:
    """Another order, case or form is no difference, nor is another date or what uv adds to conflicts."""
    assert [] == _different(tmp_path, _PYPROJECT)


@pytest.mark.parametrize("line", _SET, ids=lambda line: line.partition(" = ")[0])
def test_setting_that_was_removed(tmp_path: Path, line: str) -> None:
    """The setting is named; its place is uv.lock."""
    lock = _LOCK.replace('    [{ package = "one", extra = "a" }, { package = "one", extra = "b" }],\n', "")
    one = _ONE[: _ONE.index("conflicts")]
    found = settings.differences(write(tmp_path, pyproject_toml=_PYPROJECT.replace(f"{line}\n", ""), one__pyproject_toml=one, uv_lock=lock))

    assert [line.partition(" = ")[0]] == [clause.values["setting"] for clause, _ in found]


@pytest.mark.parametrize("line", _SET, ids=lambda line: line.partition(" = ")[0])
def test_setting_that_was_added(tmp_path: Path, line: str) -> None:
    """The setting is named on its line."""
    lock = _LOCK[_LOCK.index("[[package]]") :]
    text = f'[project]\nname = "sample"\n[tool.uv]\n{line}\n[tool.uv.workspace]\nmembers = ["one"]\n'
    found = _different(tmp_path, text, f"version = 1\n{lock}")

    assert [(line.partition(" = ")[0], "pyproject.toml", 4)] == found


@pytest.mark.parametrize(
    ("old", "new", "setting"),
    [
        ('"lowest"', '"lowest-direct"', "resolution"),
        ("Beta<9", "Beta<8", "constraint-dependencies"),
        ("delta_x >= 1.0; sys_platform == 'linux'", "delta_x >= 1.0", "constraint-dependencies"),
        ('extra = "docs"', 'extra = "other"', "conflicts"),
        ("environments = [\"platform_system == 'Linux'\"]", "environments = ['a', 'b']", "environments"),
    ],
)
def test_setting_that_was_changed(tmp_path: Path, old: str, new: str, setting: str) -> None:
    """The setting is named."""
    assert [setting] == [name for name, _, _ in _different(tmp_path, _PYPROJECT.replace(old, new, 1))]


def test_uv_toml_hides_some_settings_of_pyproject(tmp_path: Path) -> None:
    """How uv resolves is read from uv.toml, if there is one; what a workspace is, never."""
    uv_toml = 'resolution = "highest"\nprerelease = "allow"\nfork-strategy = "fewest"\nexclude-newer = "2030-01-01"\n'

    assert [("resolution", "uv.toml", 1), ("dependency-metadata", "pyproject.toml", 16)] == _different(
        tmp_path, _PYPROJECT, uv_toml=uv_toml
    )


def test_default_that_is_set(tmp_path: Path) -> None:
    """A setting at its default is the same as one that is not set."""
    text = '[project]\nname = "sample"\n[tool.uv]\nresolution = "highest"\nprerelease = "if-necessary"\n'

    assert [] == _different(tmp_path, text, "version = 1\n")

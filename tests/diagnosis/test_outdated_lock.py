"""Tests of `diagnosis.outdated_lock`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import failure, place, write
from uv_system_sync.diagnosis import outdated_lock
from uv_system_sync.errors import ActionError, LockOutdated, SyncFailed
from uv_system_sync.process import Completed
from uv_system_sync.project.pyproject import Project

_PYPROJECT = """\
[project]
name = "sample"
version = "1"
requires-python = ">=3.9"
dependencies = ["beta"]

[tool.uv]
resolution = "highest"
"""
_LOCK = """\
version = 1
requires-python = ">=3.9"

[[package]]
name = "alpha"
version = "1.0"
source = { registry = "https://one/simple" }

[[package]]
name = "sample"
version = "1"
source = { virtual = "." }

[package.metadata]
requires-dist = [{ name = "beta" }]
"""
_OUTDATED = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided. To update\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that matches its uv.lock."""
    return write(tmp_path, pyproject_toml=_PYPROJECT, uv_lock=_LOCK)


def _outdated(project: Project, output: str = "", dry_run: str | None = None, env: dict[str, str] | None = None) -> ActionError:
    error = outdated_lock.outdated(failure(output + _OUTDATED, project, dry_run=dry_run, env=env))
    assert isinstance(error, LockOutdated)
    return error


@pytest.mark.parametrize("output", [_OUTDATED, _OUTDATED.removeprefix("error: ")], ids=["0.13", "0.8"])
def test_outdated_lock_without_a_known_cause(project: Project, output: str) -> None:
    """The error is on the first line of uv.lock, and the next step is to lock."""
    error = outdated_lock.outdated(failure(output, project))

    assert isinstance(error, LockOutdated)
    assert ("", ("uv.lock", 1)) == (error.values["cause"], place(error, project))
    assert "uv lock" in str(error.hint)


@pytest.mark.parametrize("output", ["error: no space left\n", f"error: Failed to build `x`\n\n   [stderr]\n{_OUTDATED}"])
def test_lock_that_uv_does_not_call_outdated(project: Project, output: str) -> None:
    """Quoted text does not count, and no dry run is started."""

    def fail() -> Completed:
        raise AssertionError

    assert outdated_lock.outdated(failure(output, project)._replace(lock_dry_run=fail)) is None


def test_first_difference_is_the_cause(project: Project) -> None:
    """Differences in requirements come before those in settings, and are counted."""
    text = _PYPROJECT.replace('"beta"', '"gamma"').replace("highest", "lowest")
    project = write(Path(project.root), pyproject_toml=text, uv_lock=_LOCK)
    error = _outdated(project)

    assert "`gamma`" in str(error.values["cause"])
    assert "(and 1 more)" in str(error.values["cause"])
    assert ("pyproject.toml", 5) == place(error, project)


@pytest.mark.parametrize(
    ("old", "new", "fragments", "where"),
    [
        pytest.param('"highest"', '"lowest"', ("`resolution` highest", "lowest now"), ("pyproject.toml", 8), id="setting"),
        pytest.param(">=3.9", ">=3.10", (">=3.9,", ">=3.10 now"), ("pyproject.toml", 4), id="requires-python"),
        pytest.param(
            'requires-python = ">=3.9"\n',
            "",
            ("nothing sets", ">=3.12 now", ">=3.9 before"),
            ("pyproject.toml", 1),
            id="no requires-python",
        ),
    ],
)
def test_setting_that_differs_is_the_cause(
    project: Project, old: str, new: str, fragments: tuple[str, ...], where: tuple[str, int]
) -> None:
    """The error has both values and is on the line of the current one."""
    project = write(Path(project.root), pyproject_toml=_PYPROJECT.replace(old, new), uv_lock=_LOCK)
    error = _outdated(project)

    assert [] == [text for text in fragments if text not in str(error.values["cause"])]
    assert where == place(error, project)


@pytest.mark.parametrize(
    ("requires", "locked"),
    [("~=3.9", ">=3.9, <4"), ("<4,>=3.9", ">=3.9, <4"), ("==3.12.*", "==3.12.*"), (">=3.9.0", ">=3.9"), ("x", ">=3")],
)
def test_requires_python_in_another_form_is_not_a_cause(project: Project, requires: str, locked: str) -> None:
    """The same versions can be written in several ways."""
    text, lock = _PYPROJECT.replace(">=3.9", requires), _LOCK.replace(">=3.9", locked)

    assert "" == _outdated(write(Path(project.root), pyproject_toml=text, uv_lock=lock)).values["cause"]


@pytest.mark.parametrize("name", ["`pyproject.toml`", "pyproject.toml"])
def test_settings_that_uv_ignores_are_the_cause(project: Project, name: str) -> None:
    """A setting that this uv does not know comes before the differences that it causes."""
    warning = (
        f"warning: Failed to parse {name} during settings discovery:\n  TOML parse error at line 8, column 1\n     |\n"
        "   8 | resolution = 3\n     | ^^^^^^\n  unknown field `future`, expected one of `required-version`, `offline`\n\n"
    )
    error = _outdated(project, warning)

    assert str(error.values["cause"]).endswith("unknown field `future`")
    assert ("pyproject.toml", 8) == place(error, project)
    assert "uv_version" in error.values


def test_requires_python_of_several_members_is_not_compared(project: Project) -> None:
    """uv.lock has their intersection."""
    lock = _LOCK.replace(">=3.9", ">=3.9, <4") + '[[package]]\nname = "one"\nversion = "1"\nsource = { virtual = "one" }\n'
    lock = lock.replace("\n[[package]]", '\n[manifest]\nmembers = ["one", "sample"]\n\n[[package]]', 1)
    one = '[project]\nname = "one"\nversion = "1"\nrequires-python = "<4"\n'

    assert "" == _outdated(write(Path(project.root), pyproject_toml=_PYPROJECT, one__pyproject_toml=one, uv_lock=lock)).values["cause"]


def test_index_that_differs_is_the_cause(project: Project) -> None:
    """The error has both addresses and its own next step."""
    error = _outdated(project, env={"UV_DEFAULT_INDEX": "https://two/simple"})

    assert "alpha 1.0 from https://one/simple, but `UV_DEFAULT_INDEX` is https://two/simple" in str(error.values["cause"])
    assert "frozen" in error.values


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Resolved 3 packages in 1ms\nAdd alpha v1.0\n", "add alpha 1.0"),
        ("Added alpha v1.0\nUpdated beta v1 -> v2\n", "add alpha 1.0; update beta 1 -> 2"),
        (
            "Update alpha v1.0, v2.0 -> v2.0, v3.0.dev1\nRemove beta v1 (abcdef)\n",
            "remove beta 1 (abcdef); update alpha 1.0, 2.0 -> 2.0, 3.0.dev1",
        ),
        ("Resolved 3 packages in 1ms\nNo lockfile changes detected\n", "keep all packages and versions"),
        ("Resolved 3 packages in 1ms\nLockfile changes detected\n", "keep all packages and versions"),
        ("".join(f"Add a{number} v1\n" for number in range(25)), f"add {', '.join(f'a{number} 1' for number in range(20))} and 5 more"),
    ],
    ids=["add", "older", "several", "none", "none of a newer one", "many"],
)
def test_changes_are_one_sentence(project: Project, output: str, expected: str) -> None:
    assert f" `uv lock` would {expected}." == str(_outdated(project, dry_run=output).values["changes"])


@pytest.mark.parametrize(
    "completed", [Completed(1, "Add alpha v1.0\n"), Completed(0, "DEBUG Add alpha v1.0\n Add beta v1\nAdd ☃ v1\nAdd gamma 1.0\n")]
)
def test_changes_that_are_unknown(project: Project, completed: Completed) -> None:
    """A failed dry run and unrelated lines are ignored."""
    error = outdated_lock.outdated(failure(_OUTDATED, project)._replace(lock_dry_run=lambda: completed))

    assert error is not None
    assert "" == error.values["changes"]


_NO_SOLUTION = """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because there are no versions of delta and your project depends
      on delta, we can conclude that your project's requirements are
      unsatisfiable.

      hint: something
"""


def test_requirement_that_cannot_be_satisfied(project: Project) -> None:
    """The error has the cause and its line, because uv resolves only if the lock is outdated."""
    known = write(Path(project.root), pyproject_toml=_PYPROJECT.replace('"beta"', '"beta", "delta"'), uv_lock=_LOCK)
    error = outdated_lock.unsolvable(failure(_NO_SOLUTION, known))

    assert isinstance(error, SyncFailed)
    assert "delta: " == error.values["subject"]
    assert str(error.values["reason"]).endswith("requirements are unsatisfiable.")
    assert "`delta`" in str(error.values["because"])
    assert ("pyproject.toml", 5) == place(error, known)


def test_requirement_that_cannot_be_satisfied_for_an_unknown_cause(project: Project) -> None:
    """The error still mentions that the lock is outdated, and a long reason is cut."""
    error = outdated_lock.unsolvable(failure(f"error: No solution found when resolving: Because a {'x' * 5000}", project))

    assert error is not None
    assert "uv.lock is outdated" in str(error.values["because"])
    assert len(str(error.message)) < 800


_SETTINGS = """\
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

[tool.uv.workspace]
members = ["one"]
"""
# uv reads `conflicts` of members, but not their other settings.
_ONE = """\
[project]
name = "one"
[dependency-groups]
includes-one = [{ include-group = "lint" }]
[tool.uv]
resolution = "highest"
conflicts = [[{ extra = "a" }, { extra = "b" }]]
"""
_SETTINGS_LOCK = """\
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

[[package]]
name = "one"
source = { virtual = "one" }

[[package]]
name = "sample"
source = { virtual = "." }
"""
_SET = [
    line for line in _SETTINGS.splitlines() if " = [" in line or line.startswith(("resolution", "prerelease", "fork", "exclude-newer"))
][:-1]


def _different(folder: Path, pyproject: str, lock: str = _SETTINGS_LOCK, **files: str) -> list[tuple[object, str, int | None]]:
    found = outdated_lock.setting_differences(write(folder, pyproject_toml=pyproject, uv_lock=lock, one__pyproject_toml=_ONE, **files))
    return [(clause.values["setting"], Path(place.file).name, place.line) for clause, place, _ in found]


def test_same_settings_in_another_form(tmp_path: Path) -> None:
    """Order, case and form make no difference, nor do dates without a time and the conflicts that uv adds."""
    assert [] == _different(tmp_path, _SETTINGS)


@pytest.mark.parametrize("line", _SET, ids=lambda line: line.partition(" = ")[0])
def test_setting_that_was_removed(tmp_path: Path, line: str) -> None:
    one = _ONE[: _ONE.index("conflicts")]
    text = _SETTINGS.replace(f"{line}\n", "")
    found = outdated_lock.setting_differences(write(tmp_path, pyproject_toml=text, one__pyproject_toml=one, uv_lock=_SETTINGS_LOCK))

    assert [line.partition(" = ")[0]] == [clause.values["setting"] for clause, *_ in found]


@pytest.mark.parametrize("line", _SET, ids=lambda line: line.partition(" = ")[0])
def test_setting_that_was_added(tmp_path: Path, line: str) -> None:
    """The place is the line of the setting."""
    lock = _SETTINGS_LOCK[_SETTINGS_LOCK.index("[[package]]") :]
    text = f'[project]\nname = "sample"\n[tool.uv]\n{line}\n[tool.uv.workspace]\nmembers = ["one"]\n'
    found = _different(tmp_path, text, f"version = 1\n{lock}")

    assert [(line.partition(" = ")[0], "pyproject.toml", 4)] == found


@pytest.mark.parametrize(
    ("old", "new", "setting"),
    [
        ('"lowest"', '"lowest-direct"', "resolution"),
        ("Beta<9", "Beta<8", "constraint-dependencies"),
        ("delta_x >= 1.0; sys_platform == 'linux'", "delta_x >= 1.0", "constraint-dependencies"),
        ("sys_platform == 'linux'\"]", "sys_platform == 'win32'\"]", "constraint-dependencies"),
        ("environments = [\"platform_system == 'Linux'\"]", "environments = ['a', 'b']", "environments"),
        ("environments = [\"platform_system == 'Linux'\"]", "environments = [\"platform_system == 'Darwin'\"]", "environments"),
        ('"2030-01-01"', '"2030-01-01T00:00:00Z"', "exclude-newer"),
        ('extra = "docs"', 'extra = "doc"', "conflicts"),
    ],
)
def test_setting_that_was_changed(tmp_path: Path, old: str, new: str, setting: str) -> None:
    assert [setting] == [name for name, _, _ in _different(tmp_path, _SETTINGS.replace(old, new, 1))]


@pytest.mark.parametrize(
    ("revision", "line", "locked", "is_different"),
    [
        (5, 'default-groups = ["dev", "lint"]', "", True),
        (5, "", 'default-groups = ["lint"]', True),
        (5, 'default-groups = ["dev"]', "", False),
        (5, 'default-groups = "all"', 'default-groups = "all"', False),
        (4, 'default-groups = ["dev", "lint"]', "", False),
    ],
)
def test_default_groups_are_in_locks_of_newer_versions(
    tmp_path: Path, revision: int, line: str, locked: str, *, is_different: bool
) -> None:
    text = f'[project]\nname = "sample"\n[tool.uv]\n{line}\n'
    lock = f'version = 1\nrevision = {revision}\n[[package]]\nname = "sample"\nsource = {{ virtual = "." }}\n{locked}\n'
    place = ("pyproject.toml", 4) if line else ("uv.lock", 1)

    assert ([("default-groups", *place)] if is_different else []) == _different(tmp_path, text, lock)


def test_uv_toml_hides_some_settings_of_pyproject(tmp_path: Path) -> None:
    """If there is a uv.toml, uv reads the resolver's settings from it, but the workspace's settings from pyproject.toml."""
    uv_toml = 'resolution = "highest"\nprerelease = "allow"\nfork-strategy = "fewest"\nexclude-newer = "2030-01-01"\n'

    assert [("resolution", "uv.toml", 1)] == _different(tmp_path, _SETTINGS, uv_toml=uv_toml)


def test_setting_at_its_default_is_the_same_as_none(tmp_path: Path) -> None:
    text = '[project]\nname = "sample"\n[tool.uv]\nresolution = "highest"\nprerelease = "if-necessary"\n'

    assert [] == _different(tmp_path, text, "version = 1\n")


_PACKAGE = '[[package]]\nname = "alpha"\nversion = "1.0"\nsource = { registry = "%s" }\n'
_INDEX_LOCK = "version = 1\n" + _PACKAGE % "https://one/simple"
_DEFAULT = 'index = [{url = "https://two", default = true}]\n'


@pytest.mark.parametrize(
    ("env", "files", "now", "where"),
    [
        ({"UV_DEFAULT_INDEX": "https://two/simple"}, {}, "`UV_DEFAULT_INDEX` is https://two/simple", ("uv.lock", 5)),
        (
            {"UV_EXTRA_INDEX_URL": "https://three ", "UV_INDEX_URL": "https://two"},
            {},
            "`UV_INDEX_URL` is https://two and `UV_EXTRA_INDEX_URL` is https://three",
            ("uv.lock", 5),
        ),
        ({}, {"pyproject_toml": f"[tool.uv]\n{_DEFAULT}"}, "pyproject.toml has https://two", ("pyproject.toml", 2)),
        ({}, {"pyproject_toml": '[tool.uv]\nindex-url = "https://two"\n'}, "pyproject.toml has https://two", ("pyproject.toml", 2)),
        ({}, {"uv_toml": f"\n{_DEFAULT}", "pyproject_toml": '[tool.uv]\nindex-url = "x"\n'}, "uv.toml has https://two", ("uv.toml", 2)),
        (
            {"UV_INDEX": "https://two"},
            {"uv_toml": 'index-url = "https://three"\n'},
            "`UV_INDEX` is https://two and uv.toml has https://three",
            ("uv.lock", 5),
        ),
    ],
)
def test_locked_index_that_is_not_set(tmp_path: Path, env: dict[str, str], files: dict[str, str], now: str, where: tuple[str, int]) -> None:
    """The place is the line of the setting, if there is one."""
    project = write(tmp_path, **{"uv_lock": _INDEX_LOCK, **files})
    found = outdated_lock.because(failure("", project, env=env))

    assert found is not None
    assert ("alpha", "1.0", now) == tuple(found.clause.values[name] for name in ("name", "release", "now"))
    assert where == (Path(found.place.file).name, found.place.line)


@pytest.mark.parametrize(
    ("locked", "env"),
    [
        pytest.param("https://one/simple", {"UV_DEFAULT_INDEX": "https://one/simple/"}, id="slash"),
        pytest.param("https://one/simple/", {"UV_DEFAULT_INDEX": "https://one/simple"}, id="slash in the lock"),
        pytest.param("https://one/simple", {"UV_DEFAULT_INDEX": "name=https://user:word@one/simple"}, id="name and credentials"),
        pytest.param(
            "https://one/simple", {"UV_INDEX": "https://two https://one/simple", "UV_DEFAULT_INDEX": "https://three"}, id="second"
        ),
        pytest.param("https://one/simple", {"UV_INDEX": "https://two"}, id="perhaps the default index of uv"),
        pytest.param("https://one/links", {"UV_FIND_LINKS": "https://one/links", "UV_DEFAULT_INDEX": "https://two"}, id="links"),
        pytest.param("wheels", {"UV_DEFAULT_INDEX": "https://two"}, id="folder"),
        pytest.param("", {"UV_DEFAULT_INDEX": "https://two"}, id="no index"),
    ],
)
def test_locked_index_that_is_set(tmp_path: Path, locked: str, env: dict[str, str]) -> None:
    """It may be set in another form, or may be the default index."""
    assert outdated_lock.because(failure("", write(tmp_path, uv_lock="version = 1\n" + _PACKAGE % locked), env=env)) is None


def test_malformed_settings(tmp_path: Path) -> None:
    """Values that are not addresses are ignored."""
    project = write(tmp_path, uv_toml="index = [1, {url = 2}]\nindex-url = 3\nfind-links = 4\n", uv_lock=_INDEX_LOCK)

    assert outdated_lock.because(failure("", project, env={"UV_DEFAULT_INDEX": "https://one/simple"})) is None

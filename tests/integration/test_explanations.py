"""A failed sync with the real uv is explained in its annotation: the kind of error, the location, the values and the next step."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.index import Index, status
from tests.support.layouts import everything
from tests.support.projects import Project, Wheel, since, write_index
from tests.support.remote import locked_remote
from tests.support.step import Outcome, Runner
from tools.shared.pythons import Python, found
from tools.shared.wheels import file_name, wheel
from uv_system_sync.diagnosis import outdated_lock, requirements
from uv_system_sync.project import pyproject

_OLDEST_AND_NEWEST = pytest.mark.parametrize("python", dict.fromkeys([found()[0], found()[-1]]), ids=lambda python: python.minor)


def _assert_explained(outcome: Outcome, slug: str, place: tuple[Path, int | None] | None, *fragments: str) -> None:
    """Assert that a step failed with one annotation of this kind at this location, containing these texts, and set no outputs."""
    assert (1, 1, False) == (outcome.returncode, len(outcome.errors), outcome.published), outcome.log
    properties, _, text = outcome.errors[0].partition("::")
    expected = [f"title={slug}"]
    if place:
        file, line = place
        expected += [f"file={file}", *([f"line={line}"] if line else [])]
    assert ",".join(expected) == properties
    assert [] == [fragment for fragment in fragments if fragment not in text], text


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


# An outdated lock.

_NO_CHANGE = "keep all packages and versions"


def test_requirement_of_an_included_group_is_shown_on_its_own_line(ci: Runner, project: Project) -> None:
    """Other groups that include the group make no difference."""
    _edit(project.pyproject, "dev = ['gamma']", "dev = ['gamma', {include-group = 'lint'}]")
    project.lock()
    _edit(project.pyproject, "lint = ['lint-tool']", "lint = [\n    'lint-tool',\n    'beta',\n]")

    _assert_explained(ci.sync(), "lock-outdated", (project.pyproject, 14), "`beta` in `dependency-groups.lint`", _NO_CHANGE)


_CHANGES: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "added": (
        "dependencies = ['alpha<2']",
        "dependencies = [\n    'alpha<2',\n    'delta>=1',\n]",
        7,
        (
            "`delta>=1`",
            "add delta 1.0",
        ),
    ),
    "removed": (
        "dependencies = ['alpha<2']",
        "dependencies = []",
        5,
        (
            "`alpha<2`",
            "remove alpha 1.0, beta 1.0",
        ),
    ),
    "bound": (
        "'alpha<2'",
        "'Alpha >= 2'",
        5,
        (
            "`Alpha >= 2`",
            "`alpha<2`",
            "update alpha 1.0 -> 2.0",
        ),
    ),
    "several": (
        "['alpha<2']",
        "['alpha>1', 'delta', 'gamma']",
        5,
        (
            "`alpha>1`",
            "2 more",
            "add delta 1.0; update alpha 1.0 -> 2.0",
        ),
    ),
    "extra": (
        "docs = ['docs-tool']",
        "docs = ['docs-tool']\nMore_Docs = ['delta']",
        9,
        (
            "optional-dependencies.more-docs",
            "add delta 1.0",
        ),
    ),
    "group": (
        "dev = ['gamma']",
        "dev = ['gamma', 'lint-tool>=1']",
        11,
        (
            "`lint-tool>=1`",
            "dependency-groups.dev",
            _NO_CHANGE,
        ),
    ),
    "requires-python": (
        'requires-python = ">=3.8"',
        'requires-python = ">=3.8.1"',
        4,
        (
            ">=3.8,",
            ">=3.8.1",
            _NO_CHANGE,
        ),
    ),
    "version": (
        'version = "0.1"',
        'version = "0.2"',
        3,
        (
            "version 0.2",
            "update sample-project 0.1 -> 0.2",
        ),
    ),
    "marker": (
        "'alpha<2'",
        "'alpha<2; sys_platform!=\"win32\"'",
        5,
        (
            "alpha with a different marker",
            _NO_CHANGE,
        ),
    ),
    "setting": (
        "[[tool.uv.index]]",
        '[tool.uv]\nresolution = "lowest"\n\n[[tool.uv.index]]',
        19,
        (
            "highest",
            "lowest",
            _NO_CHANGE,
        ),
    ),
    "constraint": (
        "[[tool.uv.index]]",
        '[tool.uv]\nconstraint-dependencies = ["beta<9"]\n\n[[tool.uv.index]]',
        19,
        (
            "`constraint-dependencies`",
            _NO_CHANGE,
        ),
    ),
    "conflicts": (
        "[[tool.uv.index]]",
        '[tool.uv]\nconflicts = [[{extra = "docs"}, {group = "lint"}]]\n\n[[tool.uv.index]]',
        19,
        (
            "`conflicts`",
            _NO_CHANGE,
        ),
    ),
}


@pytest.mark.parametrize("name", _CHANGES)
def test_outdated_lock_is_explained_by_its_cause_and_the_change(ci: Runner, project: Project, name: str) -> None:
    """Whatever is missing from uv.lock is named, with its line and the change that locking would make; no file is modified."""
    old, new, line, fragments = _CHANGES[name]
    Wheel("delta", "1.0").write(project.folder / "wheels")
    write_index(project.folder / "wheels")
    _edit(project.pyproject, old, new)
    before = everything(project.folder)

    _assert_explained(ci.sync(), "lock-outdated", (project.pyproject, line), *fragments, "Run `uv lock` and commit uv.lock.")

    assert before == everything(project.folder)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("conflicts = [[{extra = 'docs'}, {group = 'lint'}]]", "conflicts = [[{extra = 'docs'}, {group = 'dev'}]]"),
        pytest.param(
            "constraint-dependencies = [\"beta<9; python_version >= '3.9'\"]",
            "constraint-dependencies = [\"beta<9; python_version >= '3.10'\"]",
        ),
        pytest.param("environments = [\"sys_platform == 'linux'\"]", "environments = [\"sys_platform == 'linux' or os_name == 'nt'\"]"),
        pytest.param("default-groups = ['dev']", "default-groups = ['lint']", marks=since("0.13.9", "`default-groups` in uv.lock")),
    ],
    ids=lambda text: text.partition(" ")[0],
)
def test_setting_that_has_another_value_is_the_cause(ci: Runner, project: Project, before: str, after: str) -> None:
    """A different spelling of the same value in uv.lock is not reported."""
    _edit(project.pyproject, "[[tool.uv.index]]", f"[tool.uv]\n{before}\n\n[[tool.uv.index]]")
    project.lock()
    _edit(project.pyproject, before, after)

    _assert_explained(ci.sync(), "lock-outdated", (project.pyproject, 19), f"`{before.partition(' ')[0]}` has changed", _NO_CHANGE)


def test_setting_that_was_removed_is_the_cause(ci: Runner, project: Project) -> None:
    """A lock that was created with `exclude-newer` is outdated once the setting is gone."""
    _edit(project.folder / "uv.lock", "\n[[package]]", '\n[options]\nexclude-newer = "2030-01-01T00:00:00Z"\n\n[[package]]')

    _assert_explained(ci.sync(), "lock-outdated", (project.folder / "uv.lock", 1), "`exclude-newer`", "not set")


def _workspace(project: Project) -> Path:
    """Make `project` the root of a workspace with one locked member, and return the member's pyproject.toml."""
    _edit(project.pyproject, "[[tool.uv.index]]", '[tool.uv.workspace]\nmembers = ["libs/*"]\n\n[[tool.uv.index]]')
    member = project.folder / "libs" / "member" / "pyproject.toml"
    member.parent.mkdir(parents=True)
    member.write_text('[project]\nname = "member"\nversion = "1"\ndependencies = [\n    "beta",\n]\n', encoding="utf-8")
    project.lock()
    return member


@_OLDEST_AND_NEWEST
def test_outdated_lock_of_a_member_is_shown_in_that_member(ci: Runner, project: Project) -> None:
    """The annotation is in the pyproject.toml that changed."""
    member = _workspace(project)
    _edit(member, '    "beta",\n', '    "beta",\n    "lint-tool",\n')

    _assert_explained(ci.sync(), "lock-outdated", (member, 6), "libs/member/pyproject.toml", "`lint-tool`", _NO_CHANGE)


_MANY = """\
[project]
name = "Many.Forms"
version = "1.0.0"
requires-python = "~=3.8"
dependencies = [
    "Alpha >= 1.0.0, < 2",
    "beta==1.*; python_version < '3.9' or sys_platform == 'win32'",
    "beta>=1; python_version >= '3.9' and sys_platform != 'win32'",
    "delta[extra_one] ~= 1.0",
    "gamma!=0.9 ; extra == 'never'",
    "member>=1",
]

[project.optional-dependencies]
Docs_Tools = ["docs_tool"]
all = ["many-forms[docs-tools]", "lint.tool>=0.5"]
none = []

[dependency-groups]
Dev = ["gamma", {include-group = "lint"}]
lint = ["lint-tool>=1; python_version >= '3.9'", {include-group = "base"}]
base = ["beta", "beta"]
empty = []

[tool.uv]
dev-dependencies = ["docs-tool"]
constraint-dependencies = ["Beta<9; python_version>='3.9'", "delta>=0.1"]
environments = ["platform_system == 'Linux'", "sys_platform == 'win32'"]
conflicts = [[{extra = "docs-tools"}, {group = "base"}]]
resolution = "highest"

[tool.uv.sources]
member = {workspace = true}

[tool.uv.workspace]
members = ["member"]

[[tool.uv.index]]
url = "wheels"
default = true
"""


@since("0.6.0", "`provides-extras` in uv.lock")
def test_lock_that_was_just_made_has_no_differences(project: Project) -> None:
    """No way of writing requirements makes a fresh lock look different from its project."""
    Wheel("delta", "1.0").write(project.folder / "wheels")
    project.pyproject.write_text(_MANY, encoding="utf-8")
    (project.folder / "member").mkdir()
    member = '[project]\nname = "member"\nversion = "1"\ndependencies = ["alpha"]\n'
    (project.folder / "member" / "pyproject.toml").write_text(member, encoding="utf-8")
    project.lock()

    read = pyproject.read(str(project.folder))
    assert ([], []) == ([*requirements.differences(read)], [*outdated_lock.setting_differences(read)])


def test_new_member_is_among_the_changes(ci: Runner, project: Project) -> None:
    member = _workspace(project)
    other = project.folder / "libs" / "other" / "pyproject.toml"
    other.parent.mkdir()
    other.write_text(member.read_text(encoding="utf-8").replace("member", "other"), encoding="utf-8")

    _assert_explained(ci.sync(), "lock-outdated", (project.folder / "uv.lock", 1), "`uv lock` would add other 1.")


# Indexes and their contents.


@pytest.fixture
def remote(tmp_path: Path, target: Path, index: Index) -> Runner:
    """A runner with an empty cache, in a checkout whose lock was made with `index` as the default index from the environment."""
    return locked_remote(tmp_path, target, index)


@pytest.fixture
def mirror(tmp_path: Path, index: Index) -> Iterator[Index]:
    """Another index with the same packages."""
    del tmp_path
    with Index(index.folder).served() as served:
        yield served


def test_index_of_a_variable_that_differs_from_the_lock(remote: Runner, index: Index, mirror: Index) -> None:
    """When a variable sets another index than the lock's, both addresses are shown, without credentials."""
    remote.environ["UV_DEFAULT_INDEX"] = mirror.url.replace("//", "//user:hunter22@")

    outcome = remote.sync()

    lines = (remote.cwd / "uv.lock").read_text(encoding="utf-8").splitlines()
    place = (remote.cwd / "uv.lock", lines.index(f'source = {{ registry = "{index.url}" }}') + 1)
    _assert_explained(outcome, "lock-outdated", place, f"alpha 1.0 from {index.url}", f"`UV_DEFAULT_INDEX` is {mirror.url}", _NO_CHANGE)
    assert "hunter22" not in outcome.errors[0]


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.toml"])
def test_index_of_the_settings_that_differs_from_the_lock(remote: Runner, index: Index, mirror: Index, name: str) -> None:
    """When the settings name another index than the lock's, the annotation is on the line of that setting."""
    del remote.environ["UV_DEFAULT_INDEX"]
    file = remote.cwd / name
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f'[[{"tool.uv." * (name != "uv.toml")}index]]\nurl = "{mirror.url}"\ndefault = true\n')
    line = file.read_text(encoding="utf-8").splitlines().index(f'url = "{mirror.url}"') + 1

    _assert_explained(remote.sync(), "lock-outdated", (file, line), f"alpha 1.0 from {index.url}", f"{name} has {mirror.url}")


_FAULTS = {
    401: ("401 Unauthorized", "Set credentials that {} accepts in `UV_INDEX_<NAME>_USERNAME`"),
    403: ("403 Forbidden", "Set credentials that {} accepts in `UV_INDEX_<NAME>_USERNAME`"),
    404: ("404 Not Found", "if {} no longer has that file, run `uv lock`"),
    500: ("500 Internal Server Error", "ask the operator of {}."),
}


@pytest.mark.parametrize("code", _FAULTS)
def test_index_that_refuses_a_file(remote: Runner, index: Index, code: int) -> None:
    """The file, its address and the HTTP status are named, and each status has its own next step."""
    reason, hint = _FAULTS[code]
    name = file_name("alpha", "1.0")
    for asked in (name, f"{name}.metadata"):
        index.misbehave(asked, status(code))

    fact = f"alpha 1.0 could not be fetched from http://127.0.0.1:{index.port}/files/{name}: {reason}."
    _assert_explained(remote.sync(retries="0"), "sync-failed", None, fact, hint.format(f"127.0.0.1:{index.port}"))


def test_index_that_refuses_a_new_dependency(remote: Runner, index: Index) -> None:
    """The error names both the index and the outdated lock, on the line of the dependency."""
    file = remote.cwd / "pyproject.toml"
    _edit(file, '"alpha"', '"alpha",\n    "delta"')
    index.misbehave("delta", status(401))

    fragments = f"delta could not be fetched from {index.url}: 401.", "uv.lock is outdated", "`delta`", f"127.0.0.1:{index.port} accepts"
    _assert_explained(remote.sync(), "sync-failed", (file, 6), *fragments)


def test_new_dependency_that_no_index_has(remote: Runner) -> None:
    """A dependency that does not exist is named on its line, together with the outdated lock."""
    file = remote.cwd / "pyproject.toml"
    _edit(file, '"alpha"', '"alpha",\n    "delta"')

    fragments = "delta was not found in the package registry", "uv.lock is outdated: pyproject.toml has `delta` in `dependencies`"
    _assert_explained(remote.sync(), "sync-failed", (file, 6), *fragments)


def test_index_that_does_not_answer(remote: Runner, index: Index) -> None:
    """The error names the file, its address, the reason and possible causes."""
    address = f"http://127.0.0.1:{index.port}/files/{file_name('alpha', '1.0')}"
    ended = Index(index.folder)
    with ended.served():
        pass
    file = remote.cwd / "uv.lock"
    file.write_text(file.read_text(encoding="utf-8").replace(str(index.port), str(ended.port)), encoding="utf-8")

    fact = f"alpha 1.0 could not be fetched from {address.replace(str(index.port), str(ended.port))}: the connection was refused."
    _assert_explained(remote.sync(frozen="true", retries="0"), "sync-failed", None, fact, f"can reach 127.0.0.1:{ended.port} ")


def test_file_with_another_hash(remote: Runner, index: Index) -> None:
    """A file whose hash differs from the lock is reported on the line of its package in uv.lock."""
    (index.folder / file_name("alpha", "1.0")).write_bytes(wheel("alpha", "1.0", {"alpha.py": "changed = 1"}))

    line = (remote.cwd / "uv.lock").read_text(encoding="utf-8").splitlines().index('name = "alpha"') + 1
    _assert_explained(remote.sync(), "sync-failed", (remote.cwd / "uv.lock", line), "alpha 1.0", "hash")


# Builds, and packages that have neither a usable wheel nor a build.

_BACKEND = """
import sys

def build_wheel(*arguments, **settings):
    print("building 'native' extension")
    print("native.c:1:10: fatal error: openssl/ssl.h: No such file or directory", file=sys.stderr)
    print("compilation terminated.", file=sys.stderr)
    sys.exit("error: command '/usr/bin/gcc' failed with exit code 1")

build_editable = build_wheel
"""
_BUILD_SYSTEM = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def _source(folder: Path, name: str, version: str) -> None:
    """Write a source distribution whose build fails into `folder`."""
    files = {
        "pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n{_BUILD_SYSTEM}',
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
        "backend.py": _BACKEND,
    }
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))


def _native(project: Project, *tags: str, source: bool) -> int:
    """Make `project` depend on a locked package with wheels of `tags` and optionally a source; return its line in uv.lock."""
    for tag in tags:
        (project.folder / "wheels" / f"native-1.0-{tag}.whl").write_bytes(wheel("native", "1.0", {}))
    if source:
        _source(project.folder / "wheels", "native", "1.0")
    _edit(project.pyproject, "'alpha<2'", "'native'")
    project.lock()
    lines = (project.folder / "uv.lock").read_text(encoding="utf-8").splitlines()
    return lines.index('name = "native"') + 1


_HEADER = "the system package that provides the header `openssl/ssl.h`"
_WHEELS = ("cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp39-cp39-win_amd64")
_LOCKED_WHEELS = "wheels of it for cp38, cp39 on manylinux_2_17_x86_64, win_amd64, but none for {} on linux-" + os.uname().machine
_QUOTED = """\
native.c:1:10: fatal error: openssl/ssl.h: No such file or directory
compilation terminated.
error: command '/usr/bin/gcc' failed with exit code 1"""


def _tag(python: Python) -> str:
    return f"cp{python.minor.replace('.', '')}"


def test_failed_build_of_a_package_without_a_wheel(ci: Runner, project: Project, python: Python) -> None:
    """The error names the package, its wheels in uv.lock, the missing tag and the last lines of the build backend."""
    _native(project, *_WHEELS, source=True)

    fragments = "native 1.0 could not be built", "`backend.build_wheel` failed", _LOCKED_WHEELS.format(_tag(python)), "lock that version"
    _assert_explained(ci.sync(), "sync-failed", None, *fragments, _HEADER, _QUOTED)


def test_failed_build_of_the_project(ci: Runner, project: Project) -> None:
    """The failure is reported on the line of `build-backend`, and no other version is suggested."""
    text = project.pyproject.read_text(encoding="utf-8")
    rest = text[text.index("[[tool.uv.index]]") :]
    project.pyproject.write_text(text[: text.index("[build-system]")] + _BUILD_SYSTEM + rest, encoding="utf-8")
    (project.folder / "backend.py").write_text(_BACKEND, encoding="utf-8")

    line = project.pyproject.read_text(encoding="utf-8").splitlines().index('build-backend = "backend"') + 1
    outcome = ci.sync()
    fragments = "sample-project could not be built", "`backend.build_editable` failed", _HEADER, _QUOTED
    _assert_explained(outcome, "sync-failed", (project.pyproject, line), *fragments)
    assert "wheel" not in outcome.errors[0]


def test_package_without_a_wheel_for_this_python_and_without_a_source(ci: Runner, project: Project, python: Python) -> None:
    """The annotation is on the package's line in uv.lock and lists the locked wheels."""
    line = _native(project, *_WHEELS, source=False)

    fragments = "native 1.0 has no wheel", "no source distribution", _LOCKED_WHEELS.format(_tag(python)), "`exclude:`"
    _assert_explained(ci.sync(), "sync-failed", (project.folder / "uv.lock", line), *fragments)


@_OLDEST_AND_NEWEST
def test_package_without_a_wheel_for_this_platform(ci: Runner, project: Project, python: Python) -> None:
    """The error also gives uv's name for this platform."""
    line = _native(project, "cp37-abi3-win32", "cp37-abi3-macosx_11_0_arm64", source=False)

    fragments = "cp37-abi3 on macosx_11_0_arm64, win32", f"none for {_tag(python)} on linux-{os.uname().machine}", "This system is "
    _assert_explained(ci.sync(), "sync-failed", (project.folder / "uv.lock", line), *fragments)


@since("0.6.5", "`UV_NO_BUILD_PACKAGE`")
def test_build_that_is_not_allowed(ci: Runner, project: Project, python: Python) -> None:
    """The error names the package and the variable that forbids building it."""
    line = _native(project, *_WHEELS, source=True)
    ci.environ["UV_NO_BUILD_PACKAGE"] = "native"

    fragments = "native 1.0", "`UV_NO_BUILD_PACKAGE` is native", _LOCKED_WHEELS.format(_tag(python))
    _assert_explained(ci.sync(), "sync-failed", (project.folder / "uv.lock", line), *fragments)


def test_file_that_is_damaged(ci: Runner, project: Project, tmp_path: Path) -> None:
    """The error does not point to the network."""
    ci.sync(only_groups="lint")
    ci.environ["UV_CACHE_DIR"] = str(tmp_path / "empty")
    (project.folder / "wheels" / file_name("alpha", "1.0")).write_bytes(b"not a zip")

    line = (project.folder / "uv.lock").read_text(encoding="utf-8").splitlines().index('name = "alpha"') + 1
    _assert_explained(ci.sync(), "sync-failed", (project.folder / "uv.lock", line), "alpha 1.0 is damaged", "`uv cache clean alpha`")


def test_file_that_is_not_there(ci: Runner, project: Project, tmp_path: Path) -> None:
    """The file may be missing because .gitignore excludes it."""
    ci.sync(only_groups="lint")
    ci.environ["UV_CACHE_DIR"] = str(tmp_path / "empty")
    wheel_file = project.folder / "wheels" / file_name("alpha", "1.0")
    wheel_file.unlink()

    line = (project.folder / "uv.lock").read_text(encoding="utf-8").splitlines().index('name = "alpha"') + 1
    _assert_explained(ci.sync(), "sync-failed", (project.folder / "uv.lock", line), "alpha 1.0", str(wheel_file), ".gitignore")


def test_lock_that_was_edited(ci: Runner, project: Project) -> None:
    """The line that uv rejects is quoted."""
    _edit(project.folder / "uv.lock", '{ name = "beta" }', '{ name = "other" }')

    _assert_explained(ci.sync(), "project-invalid", (project.folder / "uv.lock", 1), "Dependency `other`", "run `uv lock`")


@pytest.mark.parametrize("text", ["alpha<<2", "alpha; foo == 1", "alpha = 1"])
def test_requirement_that_is_malformed(ci: Runner, project: Project, text: str) -> None:
    """An old uv ignores the requirement and reports uv.lock as outdated."""
    _edit(project.pyproject, "['alpha<2']", f"['{text}']")

    outcome = ci.sync()
    slug = "project-invalid" if "title=project-invalid" in outcome.errors[0] else "lock-outdated"
    _assert_explained(outcome, slug, (project.pyproject, 5), text)


def test_index_that_is_not_defined(ci: Runner, project: Project) -> None:
    """The annotation is on the line of the source."""
    _edit(project.pyproject, "[[tool.uv.index]]", '[tool.uv.sources]\nalpha = { index = "nosuch" }\n\n[[tool.uv.index]]')

    _assert_explained(ci.sync(), "project-invalid", (project.pyproject, 19), "alpha", "nosuch", "`[[tool.uv.index]]`")


def test_wheel_that_is_not_allowed(ci: Runner, project: Project) -> None:
    """A package without a source whose wheels are forbidden is reported on its line in uv.lock."""
    ci.environ["UV_NO_BINARY_PACKAGE"] = "alpha"

    line = (project.folder / "uv.lock").read_text(encoding="utf-8").splitlines().index('name = "alpha"') + 1
    _assert_explained(ci.sync(), "sync-failed", (project.folder / "uv.lock", line), "alpha 1.0", "`UV_NO_BINARY_PACKAGE`")

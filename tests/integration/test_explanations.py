"""A failed sync says what to change, from its first line on: the real uv fails, and the annotation is read as a stranger would."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.index import Index, status
from tests.support.layouts import everything
from tests.support.projects import Project, Wheel, since, write_index
from tests.support.step import Outcome, Runner, runner
from tools.shared.pythons import Python, found
from tools.shared.uv import UV
from tools.shared.wheels import file_name, wheel
from uv_system_sync.diagnosis import requirements
from uv_system_sync.project import pyproject as project_room

_OLDEST_AND_NEWEST = pytest.mark.parametrize("python", dict.fromkeys([found()[0], found()[-1]]), ids=lambda python: python.minor)
_LOCK_IT = "Run `uv lock` and commit uv.lock."


def _told(outcome: Outcome) -> list[str]:
    """Return the lines of the one annotation of a step that failed and handed nothing on."""
    assert (1, 1, False) == (outcome.returncode, len(outcome.errors), bool(outcome.env or outcome.paths or outcome.outputs)), outcome.log
    return outcome.errors[0].splitlines()


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


# A lock that is outdated.

_CHANGES = {
    "added": (
        ("dependencies = ['alpha<2']", "dependencies = [\n    'alpha<2',\n    'delta>=1',\n]"),
        (7, "pyproject.toml has `delta>=1` in `dependencies`, and uv.lock does not know it", "add delta 1.0"),
    ),
    "removed": (
        ("dependencies = ['alpha<2']", "dependencies = []"),
        (
            5,
            "uv.lock knows `alpha<2` from `dependencies`, and pyproject.toml does not have it any more",
            "remove alpha 1.0, beta 1.0",
        ),
    ),
    "bound": (
        ("'alpha<2'", "'Alpha >= 2'"),
        (5, "pyproject.toml has `Alpha >= 2` in `dependencies`, and uv.lock knows it as `alpha<2`", "update alpha 1.0 -> 2.0"),
    ),
    "several": (
        ("dependencies = ['alpha<2']", "dependencies = ['alpha>1', 'delta', 'gamma']"),
        (
            5,
            "pyproject.toml has `alpha>1` in `dependencies`, and uv.lock knows it as `alpha<2` (and 2 more like it)",
            "add delta 1.0; update alpha 1.0 -> 2.0",
        ),
    ),
    "extra": (
        ("docs = ['docs-tool']", "docs = ['docs-tool']\nMore_Docs = ['delta']"),
        (9, "pyproject.toml has `delta` in `optional-dependencies.more-docs`, and uv.lock does not know it", "add delta 1.0"),
    ),
    "group": (
        ("dev = ['gamma']", "dev = ['gamma', 'lint-tool>=1']"),
        (
            11,
            "pyproject.toml has `lint-tool>=1` in `dependency-groups.dev`, and uv.lock does not know it",
            "add, remove and update no package",
        ),
    ),
    "requires-python": (
        ('requires-python = ">=3.8"', 'requires-python = ">=3.8.1"'),
        (4, "uv.lock was made with `requires-python` >=3.8, and it is >=3.8.1 now", "add, remove and update no package"),
    ),
    "version": (
        ('version = "0.1"', 'version = "0.2"'),
        (3, "pyproject.toml has the version 0.2, and uv.lock has 0.1", "update sample-project 0.1 -> 0.2"),
    ),
    "marker": (
        ("'alpha<2'", "'alpha<2; sys_platform!=\"none\"'"),
        (5, "uv.lock knows the requirement of alpha with another marker or source", "add, remove and update no package"),
    ),
    "setting": (
        ("[[tool.uv.index]]", '[tool.uv]\nresolution = "lowest"\n\n[[tool.uv.index]]'),
        (19, "uv.lock was made with `resolution` highest, and it is lowest now", "add, remove and update no package"),
    ),
    "constraint": (
        ("[[tool.uv.index]]", '[tool.uv]\nconstraint-dependencies = ["beta<9"]\n\n[[tool.uv.index]]'),
        (19, "uv.lock was made with other `constraint-dependencies` than there are now", "add, remove and update no package"),
    ),
}


@pytest.mark.parametrize("name", _CHANGES)
def test_an_outdated_lock(ci: Runner, project: Project, name: str) -> None:
    """What a lock does not know is named, with its line and what locking anew would change; no file is touched."""
    (old, new), (line, cause, change) = _CHANGES[name]
    Wheel("delta", "1.0").write(project.folder / "wheels")
    write_index(project.folder / "wheels")
    _edit(project.pyproject, old, new)
    before = everything(project.folder)

    told = _told(ci.sync())

    assert [
        f"title=lock-outdated,file={project.pyproject},line={line}::uv.lock is outdated: {cause}. `uv lock` would {change}.",
        _LOCK_IT,
    ] == told[:2]
    assert before == everything(project.folder)


def _workspace(project: Project) -> Path:
    """Make `project` the root of a workspace with one locked member, and return the member's pyproject.toml."""
    _edit(project.pyproject, "[[tool.uv.index]]", '[tool.uv.workspace]\nmembers = ["libs/*"]\n\n[[tool.uv.index]]')
    member = project.folder / "libs" / "member" / "pyproject.toml"
    member.parent.mkdir(parents=True)
    member.write_text('[project]\nname = "member"\nversion = "1"\ndependencies = [\n    "beta",\n]\n', encoding="utf-8")
    project.lock()
    return member


@_OLDEST_AND_NEWEST
def test_a_member_that_changed(ci: Runner, project: Project) -> None:
    """What a lock does not know of a member of the workspace is shown in that member."""
    member = _workspace(project)
    _edit(member, '    "beta",\n', '    "beta",\n    "lint-tool",\n')

    cause = "libs/member/pyproject.toml has `lint-tool` in `dependencies`, and uv.lock does not know it"
    assert [
        f"title=lock-outdated,file={member},line=6::uv.lock is outdated: {cause}. `uv lock` would add, remove and update no package.",
        _LOCK_IT,
    ] == _told(ci.sync())[:2]


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

[tool.uv.sources]
member = {workspace = true}

[tool.uv.workspace]
members = ["member"]

[[tool.uv.index]]
url = "wheels"
default = true
"""


@since("0.6.0", "`provides-extras` in uv.lock")
def test_a_lock_that_is_not_outdated(project: Project) -> None:
    """However a project writes what it requires, a lock that the real uv has just made of it knows all of it."""
    Wheel("delta", "1.0").write(project.folder / "wheels")
    project.pyproject.write_text(_MANY, encoding="utf-8")
    (project.folder / "member").mkdir()
    member = '[project]\nname = "member"\nversion = "1"\ndependencies = ["alpha"]\n'
    (project.folder / "member" / "pyproject.toml").write_text(member, encoding="utf-8")
    project.lock()

    assert [] == requirements.differences(project_room.read(str(project.folder)))


def test_a_new_member(ci: Runner, project: Project) -> None:
    """A member that a lock does not know is named, and shown where the members are."""
    member = _workspace(project)
    other = project.folder / "libs" / "other" / "pyproject.toml"
    other.parent.mkdir()
    other.write_text(member.read_text(encoding="utf-8").replace("member", "other"), encoding="utf-8")

    cause = "the workspace has other, and uv.lock does not know it"
    assert [
        f"title=lock-outdated,file={project.pyproject},line=19::uv.lock is outdated: {cause}. `uv lock` would add other 1.",
        _LOCK_IT,
    ] == _told(ci.sync())[:2]


# An index, and what it has.


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index that has alpha."""
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / file_name("alpha", "1.0")).write_bytes(wheel("alpha", "1.0", {"alpha.py": ""}))
    with Index(folder).served() as served:
        yield served


@pytest.fixture
def remote(tmp_path: Path, target: Path, index: Index) -> Runner:
    """A runner in a checkout whose lock was made with `index` as the default index of its variables, and no cache."""
    folder = tmp_path / "remote"
    folder.mkdir()
    text = '[project]\nname = "remote"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["alpha"]\n'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    lock(folder, UV_DEFAULT_INDEX=index.url)
    ci = runner(tmp_path / "remote-runner", folder).setup_python(target)
    # The action's own wheels are there before an index of ours is.
    (ci.folder / "temp").mkdir()
    ci.sync(check="true")
    ci.environ.update(UV_DEFAULT_INDEX=index.url, UV_CACHE_DIR=str(tmp_path / "cache"), UV_HTTP_RETRIES="0")
    return ci


def lock(folder: Path, **variables: str) -> None:
    """Make uv.lock in `folder` with the real uv."""
    environ = {**{key: value for key, value in os.environ.items() if not key.startswith("UV_")}, "UV_PYTHON_PREFERENCE": "system"}
    command = [str(UV), "lock", "--quiet", "--no-cache", "--python", sys.executable]
    subprocess.run(command, cwd=folder, check=True, env={**environ, **variables})


@pytest.fixture
def mirror(tmp_path: Path, index: Index) -> Iterator[Index]:
    """Another index with the same packages."""
    del tmp_path
    with Index(index.folder).served() as served:
        yield served


def _mirrored(index: Index, now: str) -> str:
    return f"uv.lock is outdated: uv.lock has alpha 1.0 from {index.url}, and {now}. `uv lock` would add, remove and update no package."


def test_an_index_of_a_variable(remote: Runner, index: Index, mirror: Index) -> None:
    """A lock of another index than a variable names is told with both addresses, less what is secret in them."""
    remote.environ["UV_DEFAULT_INDEX"] = mirror.url.replace("//", "//user:hunter22@")

    outcome = remote.sync()

    lines = (remote.cwd / "uv.lock").read_text(encoding="utf-8").splitlines()
    line = lines.index(f'source = {{ registry = "{index.url}" }}') + 1
    assert [
        f"title=lock-outdated,file={remote.cwd}/uv.lock,line={line}::" + _mirrored(index, f"`UV_DEFAULT_INDEX` is {mirror.url}"),
        (
            "Lock with the index that this step uses, or leave the variable unset here, so that both are the same; run `uv lock` with it"
            " and commit uv.lock. `frozen: true` takes the files from where uv.lock says."
        ),
    ] == _told(outcome)[:2]
    assert "hunter22" not in outcome.errors[0]


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.toml"])
def test_an_index_of_the_settings(remote: Runner, index: Index, mirror: Index, name: str) -> None:
    """A lock of another index than the settings name is shown where they name it."""
    del remote.environ["UV_DEFAULT_INDEX"]
    file = remote.cwd / name
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f'[[{"tool.uv." * (name != "uv.toml")}index]]\nurl = "{mirror.url}"\ndefault = true\n')
    line = file.read_text(encoding="utf-8").splitlines().index(f'url = "{mirror.url}"') + 1

    told = _told(remote.sync())[0]

    assert f"title=lock-outdated,file={file},line={line}::" + _mirrored(index, f"{name} names {mirror.url}") == told


_CREDENTIALS = (
    "Give the step credentials that {} accepts: `UV_INDEX_<NAME>_USERNAME` and `UV_INDEX_<NAME>_PASSWORD`, from secrets,"
    " for the index that `[[tool.uv.index]]` calls so."
)
_FAULTS = {
    401: ("401 Unauthorized", _CREDENTIALS),
    403: ("403 Forbidden", _CREDENTIALS),
    404: (
        "404 Not Found",
        (
            "Check the address of the index (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`);"
            " if {} does not have that file any more, run `uv lock` and commit uv.lock."
        ),
    ),
    500: ("500 Internal Server Error", "Run the job again; if it fails again, ask who runs {}."),
}


@pytest.mark.parametrize("code", _FAULTS)
def test_an_index_that_refuses(remote: Runner, index: Index, code: int) -> None:
    """A file that an index does not hand out is named with its address and the status, and each status has its next step."""
    reason, hint = _FAULTS[code]
    name = file_name("alpha", "1.0")
    for asked in (name, f"{name}.metadata"):
        index.misbehave(asked, status(code))

    address = f"http://127.0.0.1:{index.port}/files/{name}"
    assert [
        f"title=sync-failed::alpha 1.0 could not be fetched from {address}: {reason}.",
        hint.format(f"127.0.0.1:{index.port}"),
    ] == _told(remote.sync())[:2]


def test_an_index_that_refuses_a_new_dependency(remote: Runner, index: Index) -> None:
    """Where uv asks an index for what the lock does not know, both are told, and the line is that of the dependency."""
    file = remote.cwd / "pyproject.toml"
    _edit(file, '"alpha"', '"alpha",\n    "delta"')
    index.misbehave("delta", status(401))

    assert [
        (
            f"title=sync-failed,file={file},line=6::delta could not be fetched from {index.url}: 401. uv resolves because uv.lock is"
            " outdated: pyproject.toml has `delta` in `dependencies`, and uv.lock does not know it."
        ),
        _CREDENTIALS.format(f"127.0.0.1:{index.port}"),
    ] == _told(remote.sync())[:2]


def test_an_index_that_does_not_have_a_new_dependency(remote: Runner) -> None:
    """A dependency that no index has is named, and shown where it is."""
    file = remote.cwd / "pyproject.toml"
    _edit(file, '"alpha"', '"alpha",\n    "delta"')

    assert (
        f"title=sync-failed,file={file},line=6::delta: uv finds no versions that fit together. Because delta was not found in the package"
        " registry and your project depends on delta, we can conclude that your project's requirements are unsatisfiable."
        " uv resolves because uv.lock is outdated: pyproject.toml has `delta` in `dependencies`, and uv.lock does not know it."
    ) == _told(remote.sync())[0]


def test_an_index_that_is_not_there(remote: Runner, index: Index) -> None:
    """An index that nobody answers for is named with what was to come from it, and what could be wrong."""
    address = f"http://127.0.0.1:{index.port}/files/{file_name('alpha', '1.0')}"
    ended = Index(index.folder)
    with ended.served():
        pass
    file = remote.cwd / "uv.lock"
    file.write_text(file.read_text(encoding="utf-8").replace(str(index.port), str(ended.port)), encoding="utf-8")

    host = f"127.0.0.1:{ended.port}"
    assert [
        (
            f"title=sync-failed::alpha 1.0 could not be fetched from {address.replace(str(index.port), str(ended.port))}:"
            " the connection was refused."
        ),
        (
            f"Check that the runner reaches {host} (its network, `HTTPS_PROXY`), and that it is the right index"
            " (`UV_DEFAULT_INDEX`, `[[tool.uv.index]]`); then run the job again."
        ),
    ] == _told(remote.sync(frozen="true"))[:2]


# Builds, and what there is instead.

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
    """Have `project` depend on a locked package with wheels of `tags`, and perhaps a source; return its line in uv.lock."""
    for tag in tags:
        (project.folder / "wheels" / f"native-1.0-{tag}.whl").write_bytes(wheel("native", "1.0", {}))
    if source:
        _source(project.folder / "wheels", "native", "1.0")
    _edit(project.pyproject, "'alpha<2'", "'native'")
    project.lock()
    lines = (project.folder / "uv.lock").read_text(encoding="utf-8").splitlines()
    return lines.index('name = "native"') + 1


_HEADER = (
    "Install the package of the system that has the header `openssl/ssl.h` in an earlier step (its name often ends in `-dev` or `-devel`)."
)
_WHEELS = ("cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp39-cp39-win_amd64")
_BACKEND_SAID = (
    "uv said: native.c:1:10: fatal error: openssl/ssl.h: No such file or directory",
    "compilation terminated.",
    "error: command '/usr/bin/gcc' failed with exit code 1",
)


def _tag(python: Python) -> str:
    return f"cp{python.minor.replace('.', '')}"


def test_a_build_for_want_of_a_wheel(ci: Runner, project: Project, python: Python) -> None:
    """A package whose build fails is named with the wheels that there are, what it lacks, and what its backend said last."""
    _native(project, *_WHEELS, source=True)

    assert [
        (
            "title=sync-failed::native 1.0 could not be built: Call to `backend.build_wheel` failed (exit status: 1). It is built from"
            " source: uv.lock has wheels of it for cp38 to cp39 on manylinux_2_17_x86_64, win_amd64;"
            f" none for {_tag(python)} on linux-{os.uname().machine}."
        ),
        f"{_HEADER} Or lock a version of it that has a wheel for this Python, or take a Python that it has one for.",
        *_BACKEND_SAID,
    ] == _told(ci.sync())


def test_a_build_of_the_project(ci: Runner, project: Project) -> None:
    """A project whose own build fails is shown where it names its backend."""
    text = project.pyproject.read_text(encoding="utf-8")
    rest = text[text.index("[[tool.uv.index]]") :]
    project.pyproject.write_text(text[: text.index("[build-system]")] + _BUILD_SYSTEM + rest, encoding="utf-8")
    (project.folder / "backend.py").write_text(_BACKEND, encoding="utf-8")

    line = project.pyproject.read_text(encoding="utf-8").splitlines().index('build-backend = "backend"') + 1
    assert [
        (
            f"title=sync-failed,file={project.pyproject},line={line}::"
            "sample-project could not be built: Call to `backend.build_editable` failed (exit status: 1)."
        ),
        _HEADER,
        *_BACKEND_SAID,
    ] == _told(ci.sync())


def test_no_wheel_for_this_python(ci: Runner, project: Project, python: Python) -> None:
    """A package with neither a wheel for this Python nor a source is named with the wheels that there are, where the lock has it."""
    line = _native(project, *_WHEELS, source=False)

    assert [
        (
            f"title=sync-failed,file={project.folder}/uv.lock,line={line}::native 1.0 has no wheel for this Python and platform, and no"
            " source to build it from. uv.lock has wheels of it for cp38 to cp39 on manylinux_2_17_x86_64, win_amd64;"
            f" none for {_tag(python)} on linux-{os.uname().machine}."
        ),
        "Leave this Python or platform out of the matrix (`exclude:`), or lock a version that has a wheel for it.",
    ] == _told(ci.sync())[:2]


@_OLDEST_AND_NEWEST
def test_no_wheel_for_this_platform(ci: Runner, project: Project, python: Python) -> None:
    """A package with no wheel for this platform is named with what uv says that this system is, too."""
    line = _native(project, "cp37-abi3-win32", "cp37-abi3-macosx_11_0_arm64", source=False)

    told = _told(ci.sync())[0]

    assert re.sub(r"(?<=This system is )\w+", "…", told) == (
        f"title=sync-failed,file={project.folder}/uv.lock,line={line}::native 1.0 has no wheel for this Python and platform, and no"
        " source to build it from. uv.lock has wheels of it for cp37-abi3 on macosx_11_0_arm64, win32;"
        f" none for {_tag(python)} on linux-{os.uname().machine}. This system is …."
    )


@since("0.6.5", "`UV_NO_BUILD_PACKAGE`")
def test_a_build_that_is_not_allowed(ci: Runner, project: Project, python: Python) -> None:
    """A package that would have to be built, where that is not allowed, is named with what does not allow it."""
    line = _native(project, *_WHEELS, source=True)
    ci.environ["UV_NO_BUILD_PACKAGE"] = "native"

    assert [
        (
            f"title=sync-failed,file={project.folder}/uv.lock,line={line}::native 1.0 has no wheel that can be used here, and must not be"
            " built: `UV_NO_BUILD_PACKAGE` is native. uv.lock has wheels of it for cp38 to cp39 on manylinux_2_17_x86_64, win_amd64;"
            f" none for {_tag(python)} on linux-{os.uname().machine}."
        ),
        "Allow to build it, or take a Python that it has a wheel for, or lock a version that has one for this Python.",
    ] == _told(ci.sync())[:2]

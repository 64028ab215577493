"""Every kind of project that uv knows, through the real step, with plain uv as the measure; and what is said of one that is misused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.kinds import (
    LOCAL,
    Kind,
    archive,
    changed,
    changes,
    dynamic,
    installed,
    names,
    nothing,
    package,
    plainly,
    project,
    removed,
    repository,
    revision,
    sample,
    served,
    skip_unless_newer_than,
    sourced,
    version_of_uv,
    wheel,
)
from tests.support.step import runner
from tools.shared.pythons import Python, found
from tools.shared.uv import is_at_least

MEMBERS = '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/out*"]\n'
WORKSPACE = {
    **package("one", "two", "alpha<2", folder="packages/one", layout="src", more="[tool.uv.sources]\ntwo = { workspace = true }\n"),
    **package("two", folder="packages/two", more='[dependency-groups]\nlint = ["lint-tool"]\n[project.optional-dependencies]\nx = []\n'),
    **package("three", folder="packages/.three"),
}
VIRTUAL_ROOT = {"pyproject.toml": f'{MEMBERS}[dependency-groups]\ndev = ["gamma"]\n{LOCAL}', **WORKSPACE}
ROOT = {**WORKSPACE, **package("root", "one", layout="src", more=f"{MEMBERS}{LOCAL}[tool.uv.sources]\none = {{ workspace = true }}\n")}
ONE_AND_TWO = "alpha 1.0, beta 1.0, one 1.0 -e ./packages/one, two 1.0 -e ./packages/two"
MEMBERS_AND_DEV = "alpha 1.0, beta 1.0, gamma 1.0, one 1.0 -e ./packages/one, three 1.0 -e ./packages/.three, two 1.0 -e ./packages/two"
IN_ONE = {"working_directory": "packages/one", "no_dev": "true"}
NESTED = {
    "pyproject.toml": '[tool.uv.workspace]\nmembers = ["**"]\nexclude = ["inner*"]\n',
    **package("inner", "leaf", folder="inner", more=f"{MEMBERS}{LOCAL}[tool.uv.sources]\nleaf = {{ workspace = true }}\n"),
    **package("leaf", folder="inner/packages/leaf"),
    **package("alone", "gamma", folder="inner/packages/out/alone", more=LOCAL),
}

GROUPS = '[dependency-groups]\ndev = ["gamma"]\ndocs = ["docs-tool"]\nlint = ["lint-tool", {include-group = "DOCS"}]\n'
GROUP_PYTHON = '[tool.uv.dependency-groups]\ndocs = { requires-python = ">=3.8.1" }\nold = { requires-python = "<3.9" }\n'
CONFLICTING = (
    '[project.optional-dependencies]\nold = ["alpha<2"]\nnew = ["alpha>=2"]\n'
    '[dependency-groups]\npast = ["alpha<2"]\nfuture = ["alpha>=2"]\n'
    f"{LOCAL}conflicts = [[{{ extra = 'old' }}, {{ extra = 'new' }}, {{ group = 'past' }}, {{ group = 'future' }}]]\n"
)
NAMES = {
    **package(
        "My_Sample.Project",
        "Lib.One",
        more='[project.optional-dependencies]\nFast_Path = ["Docs_Tool"]\nall = ["my-sample-project[fast-path]"]\n'
        f'[dependency-groups]\n"Type.Check" = ["Lint.Tool"]\nall = ["gamma"]\n{MEMBERS}{LOCAL}'
        '[tool.uv.sources]\n"lib_ONE" = { workspace = true }\n',
    ),
    **package("Lib_One", folder="packages/one"),
}
SELECTING = (
    "conflicts = []\noverride-dependencies = ['beta<2']\nconstraint-dependencies = ['alpha<2']\n"
    "environments = [\"sys_platform == 'linux'\", \"sys_platform == 'darwin'\"]\n"
)
SDIST, WHEEL = "lib-1.0.tar.gz", "lib-3.0-py3-none-any.whl"
PLAIN = {"pyproject.toml": project("sample", "alpha<2") + LOCAL}


KINDS = [
    Kind("virtual root", VIRTUAL_ROOT, MEMBERS_AND_DEV),
    Kind("virtual root, all packages", VIRTUAL_ROOT, MEMBERS_AND_DEV, {"all_packages": "true"}),
    Kind("virtual root, no editable", VIRTUAL_ROOT, MEMBERS_AND_DEV.replace("-e", "@"), {"no_editable": "true"}),
    Kind("virtual root, no install project", VIRTUAL_ROOT, MEMBERS_AND_DEV, {"no_install_project": "true"}),
    Kind("several members", VIRTUAL_ROOT, ONE_AND_TWO, {"packages": "one, TWO", "no_dev": "true"}, since="0.9.8"),
    Kind("member", VIRTUAL_ROOT, "two 1.0 -e ./packages/two", {"working_directory": "packages/two", "extras": "x", "no_dev": "true"}),
    Kind(
        "member, its group",
        VIRTUAL_ROOT,
        "lint-tool 1.0, two 1.0 -e ./packages/two",
        {"working_directory": "packages/two", "groups": "lint", "no_dev": "true"},
    ),
    Kind("member with a lock of its own", {**VIRTUAL_ROOT, "packages/one/uv.lock": "["}, ONE_AND_TWO, IN_ONE),
    Kind("hidden member", VIRTUAL_ROOT, "three 1.0 -e ./packages/.three", {"working_directory": "packages/.three", "no_dev": "true"}),
    Kind("hidden member by name", VIRTUAL_ROOT, "three 1.0 -e ./packages/.three", {"packages": "three", "no_dev": "true"}),
    Kind("root package", ROOT, ONE_AND_TWO.replace("two 1.0", "root 1.0 -e ., two 1.0")),
    Kind("root package, no install project", ROOT, ONE_AND_TWO, {"no_install_project": "true"}),
    Kind("root package, no workspace", ROOT, "alpha 1.0, beta 1.0", {"args": "--no-install-workspace"}),
    Kind("nested workspace", NESTED, "leaf 1.0 -e ./inner/packages/leaf", {"working_directory": "inner/packages/leaf"}, locked="inner"),
    Kind(
        "below an excluded folder",
        NESTED,
        "alone 1.0 -e ./inner/packages/out/alone, gamma 1.0",
        {"working_directory": "inner/packages/out/alone"},
        locked="inner/packages/out/alone",
    ),
    Kind("conflicting extra", sample(CONFLICTING), "alpha 2.0, beta 1.0, sample 1.0 -e .", {"extras": "new"}),
    Kind("conflicting group", sample(CONFLICTING), "alpha 1.0, beta 1.0, sample 1.0 -e .", {"groups": "past"}),
    # Older versions of uv install what is dynamic anew in every sync.
    Kind("dynamic version", dynamic("version", "gamma", version="3.4.post1"), "gamma 1.0, sample 3.4.post1 -e .", since="0.8.12"),
    Kind("dynamic dependencies", dynamic("dependencies", metadata="Requires-Dist: gamma\n"), "gamma 1.0, sample 1.0 -e .", since="0.8.12"),
    Kind(
        "dynamic extras",
        dynamic("optional-dependencies", metadata="Provides-Extra: more\nRequires-Dist: gamma ; extra == 'more'\n"),
        "gamma 1.0, sample 1.0 -e .",
        {"extras": "more"},
        since="0.8.12",
    ),
    Kind("no build system", PLAIN, "alpha 1.0, beta 1.0"),
    Kind("package = false", sample(f"{LOCAL}package = false\n", "gamma"), "gamma 1.0"),
    Kind(
        "no project table",
        {"pyproject.toml": GROUPS + LOCAL},
        "docs-tool 1.0, gamma 1.0, lint-tool 1.0",
        {"groups": "lint"},
        since="0.11.8",
    ),
    Kind("src layout", package("sample", "gamma", layout="src", more=LOCAL), "gamma 1.0, sample 1.0 -e ."),
    Kind("default groups", sample(f"{GROUPS}{LOCAL}default-groups = ['docs']\n"), "docs-tool 1.0, sample 1.0 -e ."),
    Kind(
        "default groups are all",
        sample(f"{GROUPS}{LOCAL}default-groups = 'all'\n"),
        "docs-tool 1.0, lint-tool 1.0, sample 1.0 -e .",
        {"no_dev": "true"},
        since="0.6.8",
    ),
    Kind("included group", sample(GROUPS + LOCAL), "docs-tool 1.0, gamma 1.0, lint-tool 1.0, sample 1.0 -e .", {"groups": "lint"}),
    Kind(
        "group for some Pythons",
        sample(GROUPS + "old = []\n" + LOCAL + GROUP_PYTHON),
        "docs-tool 1.0, gamma 1.0, sample 1.0 -e .",
        {"groups": "docs"},
        since="0.7.14",
    ),
    Kind("legacy dev-dependencies", sample(f"{LOCAL}dev-dependencies = ['gamma']\n"), "gamma 1.0, sample 1.0 -e ."),
    Kind(
        "names to normalize",
        NAMES,
        "docs-tool 1.0, lib-one 1.0 -e ./packages/one, lint-tool 1.0, my-sample-project 1.0 -e .",
        {"extras": "fast.path", "groups": "TYPE_check"},
    ),
    Kind("names to normalize, a member's", NAMES, "lib-one 1.0 -e ./packages/one", {"packages": "LIB.one"}),
    Kind(
        "names that are all",
        NAMES,
        "docs-tool 1.0, gamma 1.0, lib-one 1.0 -e ./packages/one, my-sample-project 1.0 -e .",
        {"extras": "all", "groups": "all"},
    ),
    sourced("path", "{ path = '../libs/lib' }", "1.0 @ ./libs/lib"),
    sourced("editable path", "{ path = '../libs/lib', editable = true }", "1.0 -e ./libs/lib"),
    sourced("editable path, no editable", "{ path = '../libs/lib', editable = true }", "1.0 @ ./libs/lib", no_editable="true"),
    sourced("path of an archive", "{ path = 'wheels/lib-1.0.tar.gz' }", "1.0 @ ./app/wheels/lib-1.0.tar.gz", archive),
    sourced(
        "sources with markers",
        "[{ path = '../libs/lib', marker = \"python_version < '3.9'\" }, { path = '../libs/newer', marker = \"python_version >= '3.9'\" }]",
        "2.0 @ ./libs/newer",
    ),
    sourced("git", "{ git = '{checkout}/libs/lib' }", "1.0 @ ./libs/lib", lambda checkout: repository(checkout / "libs" / "lib")),
    sourced(
        "git, a folder of a tag",
        "{ git = '{checkout}/libs', subdirectory = 'newer', tag = 'v2' }",
        "2.0 @ ./libs",
        lambda checkout: repository(checkout / "libs"),
    ),
    sourced("url of an archive", f"{{ url = '{{address}}/{SDIST}' }}", f"1.0 @ http://127.0.0.1:PORT/{SDIST}", archive),
    sourced("url of a wheel", f"{{ url = '{{address}}/{WHEEL}' }}", f"3.0 @ http://127.0.0.1:PORT/{WHEEL}", wheel),
    Kind("source distribution", sample(LOCAL, "lib"), "lib 1.0, sample 1.0 -e .", prepare=archive),
    Kind("settings that select", sample(LOCAL + SELECTING, "alpha"), "alpha 1.0, beta 1.0, sample 1.0 -e ."),
    Kind(
        "required environments",
        sample(f"{LOCAL}required-environments = [\"sys_platform == 'linux'\"]\n", "gamma"),
        "gamma 1.0, sample 1.0 -e .",
        since="0.6.1",
    ),
    *(Kind(f"lock of revision {number}", PLAIN, "alpha 1.0, beta 1.0", adapt=revision(number)) for number in range(6)),
]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of the newest CPython for all of these tests, because a new one has to compile its library first."""
    return found()[-1].copy(tmp_path_factory.mktemp("hostedtoolcache") / "x64")


@pytest.fixture
def target(python: Python, installation: Path) -> Iterator[Path]:
    """The installation, after the test as it was before it."""
    folders = [installation / "bin", installation / "lib" / f"python{python.minor}" / "site-packages"]
    before = {path for folder in folders for path in folder.iterdir()}
    yield installation
    for path in {path for folder in folders for path in folder.iterdir()} - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_installed_as_plain_uv_does(kind: Kind, tmp_path: Path, target: Path) -> None:
    """A project of any kind is installed once, can be imported, is checked to be in sync, and is what plain uv installs."""
    skip_unless_newer_than(kind.since)
    checkout = tmp_path / "checkout"
    check = {"check": "true"} if is_at_least("0.6.10") else {}
    ci = runner(tmp_path / "runner", checkout).setup_python(target)
    with served(checkout / kind.locked / "wheels") as address:
        kind.write(checkout, target / "bin" / "python3", address)
        first, again, checked = ci.sync(**kind.inputs), ci.sync(**kind.inputs), ci.sync(**check, **kind.inputs)
        plain = plainly(checkout, target / "bin" / "python3", tmp_path / "plain", kind.inputs)

    assert kind.installed == installed(first, checkout)
    assert kind.installed == plain
    assert (kind.installed, kind.installed) == (installed(again, checkout), installed(checked, checkout))
    assert [(name, "installed") for name in names(first)] == [(change["name"], change["action"]) for change in changes(first)]
    assert (["false", "[]"], ["false", "[]"]) == tuple(
        [outcome.outputs["changed"], outcome.outputs["changes"]] for outcome in (again, checked)
    )
    assert "" == ci.next_step(first, "python", "-I", "-c", f"import {', '.join(name.replace('-', '_') for name in names(first))}")


def test_scripts_of_members(tmp_path: Path, target: Path) -> None:
    """The scripts of a workspace's members are on PATH in the next step."""
    checkout = Kind("", VIRTUAL_ROOT, "").write(tmp_path / "checkout", target / "bin" / "python3")
    ci = runner(tmp_path / "runner", checkout).setup_python(target)

    assert "three 1.0\n" == ci.next_step(ci.sync(), "three")


SELECT_ONE = (
    "Select one, by its name. A group that is selected by default is left out by `--no-group` in `args`, and `dev` by `no-dev: true`."
)
TOO_MANY = (
    "title=invalid-input,file={checkout}/pyproject.toml,line=23::`conflicts` in `[tool.uv]` allows only one of `sample:future`,"
    f" `sample:past`, `sample[new]`, `sample[old]`, and more than one is selected.\n{SELECT_ONE}"
)
OTHER_MEMBER = (
    "title=invalid-input::What is selected defines no {0} `{1}`; the workspace's `two` does.\n"
    "Name the member in `packages`, or set `working-directory` to its folder, or take `{1}` out of `{0}s`."
)
REJECTED = (
    "title=python-rejected,file={checkout}/pyproject.toml,line=%s::The group %s, and {python} is Python {version}.\n"
    "Leave this platform or version out of the matrix (`exclude:`), leave out the group (`no-dev: true` leaves out `dev`),"
    " or widen its `requires-python` and run `uv lock`."
)
GROUPED = sample(GROUPS + "old = []\n" + LOCAL + GROUP_PYTHON)
NEWER = Kind("", PLAIN, "", adapt=lambda lock: lock.replace("version = 1\n", "version = 2\n", 1))
GIT = sourced("", "{ git = '{checkout}/libs/lib' }", "", lambda checkout: repository(checkout / "libs" / "lib"))


@pytest.mark.parametrize(
    ("kind", "change", "expected"),
    [
        pytest.param(
            Kind("", VIRTUAL_ROOT, "", {"packages": "four"}),
            nothing,
            "title=invalid-input::`packages` holds `four`, which the project does not define; it defines `one`, `three`, `two`.\n"
            "Correct `packages` in the step, or define `four` in the project and run `uv lock`.",
            id="a member that there is not",
        ),
        pytest.param(
            Kind("", VIRTUAL_ROOT, "", {"packages": "one", "groups": "lint"}),
            nothing,
            OTHER_MEMBER.format("group", "lint"),
            id="another's group",
        ),
        pytest.param(
            Kind("", VIRTUAL_ROOT, "", {"working_directory": "packages/one", "extras": "x"}, since="0.6.0"),
            nothing,
            OTHER_MEMBER.format("extra", "x"),
            id="another's extra",
        ),
        pytest.param(
            Kind("", NAMES, "", {"extras": "slow"}),
            nothing,
            "title=invalid-input::`extras` holds `slow`, which the project does not define; it defines `all`, `fast-path`.\n"
            "Correct `extras` in the step, or define `slow` in the project and run `uv lock`.",
            id="an extra that there is not",
        ),
        pytest.param(
            Kind("", dynamic("optional-dependencies"), "", {"extras": "more"}, since="0.6.0"),
            nothing,
            "title=invalid-input::What is selected defines no extra `more`.\n"
            "Correct `extras` in the step, or define `more` in the project and run `uv lock`.",
            id="an extra that the backend does not know",
        ),
        pytest.param(Kind("", sample(CONFLICTING), "", {"extras": "old new"}), nothing, TOO_MANY, id="two extras that conflict"),
        pytest.param(Kind("", sample(CONFLICTING), "", {"all_extras": "true"}), nothing, TOO_MANY, id="all extras, and two conflict"),
        pytest.param(Kind("", sample(CONFLICTING), "", {"groups": "past future"}), nothing, TOO_MANY, id="two groups that conflict"),
        pytest.param(
            Kind("", sample(CONFLICTING), "", {"groups": "past", "extras": "new"}),
            nothing,
            TOO_MANY,
            id="a group and an extra that conflict",
        ),
        pytest.param(
            Kind("", GROUPED, "", {"groups": "old"}, since="0.7.14"),
            nothing,
            REJECTED % ("24", "`old` requires Python <3.9"),
            id="a group for another Python",
        ),
        pytest.param(
            Kind("", GROUPED, "", {"groups": "old"}, since="0.7.14"),
            changed("pyproject.toml", ">=3.8", ">=3.9"),
            "title=project-invalid,file={checkout}/pyproject.toml,line=3::There is no Python for all that is selected:"
            " `sample` requires >=3.9, `sample:old` requires <3.9.\n"
            "Select no group that contradicts the project, or correct `[tool.uv.dependency-groups]` and run `uv lock`.",
            id="a group for no Python",
        ),
        pytest.param(
            NEWER,
            nothing,
            "title=uv-unavailable,file={checkout}/uv.lock,line=1::uv.lock has the format 2, and uv {uv} reads the format 1 only.\n"
            "Set `uv-version` to one that the project accepts, or leave it empty and let setup-uv choose,"
            " or run `uv lock` with uv {uv}.",
            id="a lock of the future",
        ),
        pytest.param(
            Kind("", PLAIN, ""),
            changed("pyproject.toml", "no-index", "default-groups = ['docs']\nno-index"),
            "title=project-invalid,file={checkout}/pyproject.toml,line=9::`default-groups` names `docs`,"
            " which `[dependency-groups]` does not define.\n"
            "Correct `default-groups`, or define the group, and run `uv lock`.",
            id="a default group that there is not",
        ),
        pytest.param(
            Kind("", GROUPED, "", since="0.7.14"),
            changed("pyproject.toml", "DOCS", "typing"),
            "title=project-invalid,file={checkout}/pyproject.toml,line=16::The group `lint` includes `typing`,"
            " which `[dependency-groups]` does not define.\n"
            "Correct what it includes, or define that group, and run `uv lock`.",
            id="an included group that there is not",
        ),
        pytest.param(
            Kind("", PLAIN, ""),
            changed("pyproject.toml", "['alpha<2']", "[3]"),
            "title=project-invalid,file={checkout}/pyproject.toml,line=4::uv cannot make sense of pyproject.toml:"
            " invalid type: integer `3`, expected a string (at line 4, column 17).\nCorrect {checkout}/pyproject.toml.",
            id="a setting of the wrong type",
        ),
        pytest.param(
            Kind("", {"pyproject.toml": f"{project('sample')}{LOCAL}resolution = 'lowest'\n"}, ""),
            changed("pyproject.toml", "no-index", "of-the-future = 3\nno-index"),
            "title=lock-outdated,file={checkout}/pyproject.toml,line=9::uv.lock is outdated: uv ignores all settings in pyproject.toml,"
            " because of line 9: unknown field `of-the-future`. `uv lock` would add, remove and update no package.\n"
            "Correct it, or set `uv-version` to one that knows it, or run `uv lock` and commit uv.lock.",
            id="a setting that this uv does not know",
        ),
        pytest.param(
            sourced("", "{ path = '../libs/lib' }", ""),
            removed("libs"),
            "title=project-invalid,file={checkout}/app/pyproject.toml::A package is to come from file://{checkout}/libs/lib,"
            " and nothing is there.\n"
            "Check it out in an earlier step, or correct `[tool.uv.sources]` and run `uv lock`.",
            id="a path with nothing there",
        ),
        pytest.param(
            Kind("", ROOT, ""),
            removed("packages/one"),
            "title=project-invalid,file={checkout}/pyproject.toml,line=21::`[tool.uv.sources]` has `one` from the workspace,"
            " which has no such member.\n"
            "Add it to `members` in `[tool.uv.workspace]`, or correct its source, and run `uv lock`.",
            id="a member that is gone",
        ),
        pytest.param(
            Kind("", VIRTUAL_ROOT, ""),
            lambda checkout: shutil.copytree(checkout / "wheels", checkout / "packages" / "four"),
            "title=project-invalid,file={checkout}/pyproject.toml,line=2::{checkout}/packages/four is a member of the workspace,"
            " and has no pyproject.toml.\nRemove the folder, or leave it out with `exclude` in `[tool.uv.workspace]`.",
            id="a member without pyproject.toml",
        ),
        pytest.param(
            Kind("", {"pyproject.toml": GROUPS + LOCAL}, "", adapt=lambda lock: re.sub('">=3[^"]*"', '">=3.7"', lock), since="0.11.8"),
            nothing,
            "title=lock-outdated,file={checkout}/pyproject.toml,line=1::uv.lock is outdated: nothing says `requires-python`, so that uv"
            " takes that of the Python at hand: >={minor} now, and >=3.7 before. `uv lock` would add, remove and update no package.\n"
            "Add `requires-python` to `[project]`, run `uv lock` and commit uv.lock; `frozen: true` takes it as it is.",
            id="no requires-python",
        ),
    ],
)
def test_what_is_misused_is_explained(kind: Kind, change: Callable[[Path], object], expected: str, tmp_path: Path, target: Path) -> None:
    """What a kind of project makes possible to get wrong is told with its value, its place and the next step, and nothing is installed."""
    skip_unless_newer_than(kind.since)
    python = target / "bin" / "python3"
    checkout = kind.write(tmp_path / "checkout", python)
    change(checkout)
    before = sorted(target.rglob("*.dist-info"))
    outcome = runner(tmp_path / "runner", checkout).setup_python(target).sync(**kind.inputs)
    version = found()[-1]
    facts = {"checkout": checkout, "python": python, "version": version.version, "minor": version.minor, "uv": version_of_uv()}

    assert (1, False) == (outcome.returncode, outcome.published), outcome.log
    assert [expected.format(**facts)] == [error.partition("\nuv said: ")[0] for error in outcome.errors]
    assert before == sorted(target.rglob("*.dist-info"))

"""Every kind of project that uv supports, installed by the step and by plain uv; and the errors for invalid projects."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    # Older versions of uv reinstall dynamic projects in every sync.
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
    """One installation of the newest CPython for all these tests, because a new one would first compile its standard library."""
    return found()[-1].copy(tmp_path_factory.mktemp("hostedtoolcache") / "x64")


@pytest.fixture
def target(python: Python, installation: Path) -> Iterator[Path]:
    """The installation; packages that a test adds are removed afterwards."""
    folders = [installation / "bin", installation / "lib" / f"python{python.minor}" / "site-packages"]
    before = {path for folder in folders for path in folder.iterdir()}
    yield installation
    for path in {path for folder in folders for path in folder.iterdir()} - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_installed_once_and_as_by_plain_uv(kind: Kind, tmp_path: Path, target: Path) -> None:
    """The result can be imported, and a check finds nothing to do."""
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


def test_scripts_of_members_are_on_path_in_later_steps(tmp_path: Path, target: Path) -> None:
    checkout = Kind("", VIRTUAL_ROOT, "").write(tmp_path / "checkout", target / "bin" / "python3")
    ci = runner(tmp_path / "runner", checkout).setup_python(target)

    assert "three 1.0\n" == ci.next_step(ci.sync(), "three")


GROUPED = sample(GROUPS + "old = []\n" + LOCAL + GROUP_PYTHON)
NEWER = Kind("", PLAIN, "", adapt=lambda lock: lock.replace("version = 1\n", "version = 2\n", 1))
GIT = sourced("", "{ git = '{checkout}/libs/lib' }", "", lambda checkout: repository(checkout / "libs" / "lib"))


@dataclass(frozen=True)
class Wrong:
    """A kind of project that `change` makes invalid, and the expected error: slug, file with line, and facts in the text."""

    kind: Kind
    slug: str
    place: str
    facts: tuple[str, ...]
    change: Callable[[Path], object] = nothing


_CONFLICT = ("`conflicts`", "`sample:future`", "`sample:past`", "`sample[new]`", "`sample[old]`")


def _conflict(**inputs: str) -> Wrong:
    return Wrong(Kind("", sample(CONFLICTING), "", inputs), "invalid-input", "pyproject.toml:23", _CONFLICT)


WRONG = {
    "a member that does not exist": Wrong(Kind("", VIRTUAL_ROOT, "", {"packages": "four"}), "invalid-input", "", ("`packages`", "`four`")),
    "a group of another member": Wrong(
        Kind("", VIRTUAL_ROOT, "", {"packages": "one", "groups": "lint"}), "invalid-input", "", ("`lint`", "`two`")
    ),
    "an extra of another member": Wrong(
        Kind("", VIRTUAL_ROOT, "", {"working_directory": "packages/one", "extras": "x"}, since="0.6.0"),
        "invalid-input",
        "",
        ("`x`", "`two`"),
    ),
    # Older versions of uv accept an extra that does not exist.
    "an extra that does not exist": Wrong(
        Kind("", NAMES, "", {"extras": "slow"}, since="0.6.0"), "invalid-input", "", ("`extras`", "`slow`")
    ),
    "an extra that the backend does not know": Wrong(
        Kind("", dynamic("optional-dependencies"), "", {"extras": "more"}, since="0.6.0"), "invalid-input", "", ("`extras`", "`more`")
    ),
    "two extras that conflict": _conflict(extras="old new"),
    "all extras, of which two conflict": _conflict(all_extras="true"),
    "two groups that conflict": _conflict(groups="past future"),
    "a group and an extra that conflict": _conflict(groups="past", extras="new"),
    "a group for another Python": Wrong(
        Kind("", GROUPED, "", {"groups": "old"}, since="0.7.14"),
        "python-rejected",
        "pyproject.toml:24",
        ("`old`", "<3.9", "{python}", "{version}"),
    ),
    "a group for no Python": Wrong(
        Kind("", GROUPED, "", {"groups": "old"}, since="0.7.14"),
        "project-invalid",
        "pyproject.toml:3",
        ("`sample`", ">=3.9", "`sample:old`", "<3.9"),
        changed("pyproject.toml", ">=3.8", ">=3.9"),
    ),
    "a lock of a later uv": Wrong(NEWER, "uv-unavailable", "uv.lock:1", ("{uv}",)),
    "a default group that does not exist": Wrong(
        Kind("", PLAIN, ""),
        "project-invalid",
        "pyproject.toml:9",
        ("default-groups", "docs"),
        changed("pyproject.toml", "no-index", "default-groups = ['docs']\nno-index"),
    ),
    "an included group that does not exist": Wrong(
        Kind("", GROUPED, "", since="0.7.14"),
        "project-invalid",
        "pyproject.toml:16",
        ("group lint", "typing"),
        changed("pyproject.toml", "DOCS", "typing"),
    ),
    "a setting of the wrong type": Wrong(
        Kind("", PLAIN, ""), "project-invalid", "pyproject.toml:4", ("integer `3`",), changed("pyproject.toml", "['alpha<2']", "[3]")
    ),
    "a setting that this uv does not know": Wrong(
        Kind("", {"pyproject.toml": f"{project('sample')}{LOCAL}resolution = 'lowest'\n"}, ""),
        "lock-outdated",
        "pyproject.toml:9",
        ("line 9", "`of-the-future`"),
        changed("pyproject.toml", "no-index", "of-the-future = 3\nno-index"),
    ),
    "a path that does not exist": Wrong(
        sourced("", "{ path = '../libs/lib' }", ""), "project-invalid", "app/pyproject.toml", ("{checkout}/libs/lib",), removed("libs")
    ),
    "a member that was deleted": Wrong(
        Kind("", ROOT, ""), "project-invalid", "pyproject.toml:21", ("one", "[tool.uv.sources]"), removed("packages/one")
    ),
    "a member without pyproject.toml": Wrong(
        Kind("", VIRTUAL_ROOT, ""),
        "project-invalid",
        "pyproject.toml:2",
        ("{checkout}/packages/four",),
        lambda checkout: shutil.copytree(checkout / "wheels", checkout / "packages" / "four"),
    ),
    "no requires-python": Wrong(
        Kind("", {"pyproject.toml": GROUPS + LOCAL}, "", adapt=lambda lock: re.sub('">=3[^"]*"', '">=3.7"', lock), since="0.11.8"),
        "lock-outdated",
        "pyproject.toml:1",
        ("`requires-python`", ">={minor}", ">=3.7"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_project_or_selection_is_an_error_with_its_place_and_nothing_is_installed(name: str, tmp_path: Path, target: Path) -> None:
    wrong = WRONG[name]
    skip_unless_newer_than(wrong.kind.since)
    python = target / "bin" / "python3"
    checkout = wrong.kind.write(tmp_path / "checkout", python)
    wrong.change(checkout)
    before = sorted(target.rglob("*.dist-info"))
    outcome = runner(tmp_path / "runner", checkout).setup_python(target).sync(**wrong.kind.inputs)
    newest = found()[-1]
    values = {"checkout": checkout, "python": python, "version": newest.version, "minor": newest.minor, "uv": version_of_uv()}

    assert (1, 1, False) == (outcome.returncode, len(outcome.errors), outcome.published), outcome.log
    properties, _, text = outcome.errors[0].partition("::")
    file, _, line = wrong.place.partition(":")
    place = [*([f"file={checkout}/{file}"] if file else []), *([f"line={line}"] if line else [])]
    assert ",".join([f"title={wrong.slug}", *place]) == properties
    # Without uv's own output.
    shown = text.partition("\nuv's output ends with: ")[0]
    assert [] == [fact for fact in wrong.facts if fact.format(**values) not in shown], text
    assert before == sorted(target.rglob("*.dist-info"))

"""Comparing what was installed before and after, and describing what the step hands on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET
from uv_system_sync import environment
from uv_system_sync.report import Change, Package, Report, compare, installed, result

_PACKAGES = (Package("alpha", "2.0"), Package("sample", "0.1", url="file:///src/sample", editable=True))
_CHANGES = (
    Change("alpha", "updated", "2.0", "1.0"),
    Change("beta", "removed", None, "1.0"),
    Change("sample", "installed", "0.1", None),
)


def _report(packages: tuple[Package, ...] = _PACKAGES, changes: tuple[Change, ...] = _CHANGES) -> Report:
    return Report(TARGET, PROJECT, "0.13.9", packages, changes, seconds=1.23456)


def _install(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).mkdir(parents=True)
    return str(folder)


def _direct_url(folder: Path, text: str) -> tuple[Package, ...]:
    _install(folder, "alpha-1.0.dist-info")
    (folder / "alpha-1.0.dist-info" / "direct_url.json").write_text(text, encoding="utf-8")
    return installed([str(folder)])


def test_installed(tmp_path: Path) -> None:
    """The installed packages are those with a .dist-info folder, sorted by name."""
    folder = _install(tmp_path, "gamma-1.0.dist-info", "alpha-2.0.1rc1.dist-info", "beta-1!3.0+cu.121.dist-info")

    assert (Package("alpha", "2.0.1rc1"), Package("beta", "1!3.0+cu.121"), Package("gamma", "1.0")) == installed([folder])


@pytest.mark.parametrize("name", ["My_Package", "my.package", "MY__PACKAGE", "my-package", "my-_.package"])
def test_installed_name(tmp_path: Path, name: str) -> None:
    """Names are normalized, however the installer spelled the folder."""
    assert (Package("my-package", "1.0"),) == installed([_install(tmp_path, f"{name}-1.0.dist-info")])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("alpha", id="a-package-s-modules"),
        pytest.param("alpha-1.0.egg-info", id="egg-info"),
        pytest.param("alpha-1.0.data", id="data"),
        pytest.param("alpha-1.0.dist-info.tmp", id="another-ending"),
        pytest.param("alpha.dist-info", id="no-version"),
        pytest.param("~lpha-1.0.dist-info", id="left-by-an-interrupted-pip"),
    ],
)
def test_not_installed(tmp_path: Path, name: str) -> None:
    """Nothing else in the folder is a package."""
    assert () == installed([_install(tmp_path, name)])


def test_installed_nowhere(tmp_path: Path) -> None:
    """A folder that does not exist yet has nothing installed."""
    assert () == installed([str(tmp_path / "missing")])


def test_installed_in_two_folders(tmp_path: Path) -> None:
    """Pure and compiled packages may have folders of their own; the first one wins, as it does on import."""
    pure = _install(tmp_path / "pure", "alpha-1.0.dist-info", "gamma-1.0.dist-info")
    compiled = _install(tmp_path / "compiled", "alpha-2.0.dist-info", "beta-1.0.dist-info")

    assert (Package("alpha", "1.0"), Package("beta", "1.0"), Package("gamma", "1.0")) == installed([pure, compiled])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            '{"url": "file:///src/alpha", "dir_info": {"editable": true}}',
            Package("alpha", "1.0", "file:///src/alpha", editable=True),
            id="editable",
        ),
        pytest.param(
            '{"url": "file:///src/alpha", "dir_info": {}}', Package("alpha", "1.0", "file:///src/alpha", editable=False), id="folder"
        ),
        pytest.param(
            '{"url": "https://example.com/a.git", "vcs_info": {"vcs": "git"}}',
            Package("alpha", "1.0", "https://example.com/a.git", editable=False),
            id="repository",
        ),
        pytest.param("", Package("alpha", "1.0"), id="empty-file"),
        pytest.param("[]", Package("alpha", "1.0"), id="not-an-object"),
        pytest.param("{}", Package("alpha", "1.0"), id="no-url"),
        pytest.param('{"url": "file:///src/alpha", "dir_info": null}', Package("alpha", "1.0"), id="no-information"),
    ],
)
def test_direct_installs(tmp_path: Path, text: str, expected: Package) -> None:
    """A package that did not come from an index says where it came from, as far as it can be read."""
    assert (expected,) == _direct_url(tmp_path, text)


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        pytest.param(Package("a", "1"), {"name": "a", "version": "1"}, id="from-an-index"),
        pytest.param(
            Package("a", "1", url="file:///a", editable=False),
            {"name": "a", "version": "1", "url": "file:///a", "editable": False},
            id="direct",
        ),
    ],
)
def test_package_as_json(package: Package, expected: dict[str, object]) -> None:
    """Only direct installs have a URL, and they say whether they are editable."""
    assert expected == package.as_json()


def test_compare_nothing() -> None:
    """Two equal sets have no change between them."""
    assert () == compare(_PACKAGES, _PACKAGES)


def test_compare() -> None:
    """Every change is one of three, and they are sorted by name."""
    before = (Package("beta", "1.0"), Package("alpha", "1.0"), Package("gamma", "1.0"))
    after = (Package("gamma", "1.0"), Package("sample", "0.1"), Package("alpha", "2.0"))

    assert _CHANGES == compare(before, after)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(Package("a", "1", url="file:///a", editable=False), id="from-a-folder"),
        pytest.param(Package("a", "1", url="file:///b", editable=True), id="as-editable"),
    ],
)
def test_compare_origins(after: Package) -> None:
    """The same version from elsewhere is an update."""
    before = Package("a", "1", url="file:///b", editable=False)

    assert (Change("a", "updated", "1", "1"),) == compare([before], [after])


@pytest.mark.parametrize(
    ("packages", "changes", "expected"),
    [
        pytest.param(_PACKAGES, _CHANGES, "2 packages: 1 installed, 1 updated, 1 removed in 1.2 s", id="everything"),
        pytest.param(_PACKAGES, (), "2 packages: nothing changed in 1.2 s", id="nothing"),
        pytest.param(_PACKAGES[:1], _CHANGES[1:2] * 2, "1 package: 2 removed in 1.2 s", id="one-package"),
        pytest.param((), (), "0 packages: nothing changed in 1.2 s", id="no-package"),
    ],
)
def test_sentence(packages: tuple[Package, ...], changes: tuple[Change, ...], expected: str) -> None:
    """One line says what there is, what changed and how long it took."""
    assert expected == _report(packages, changes).sentence()


_JSON_PACKAGES = [
    {"name": "alpha", "version": "2.0"},
    {"name": "sample", "version": "0.1", "url": "file:///src/sample", "editable": True},
]
_JSON_CHANGES = [
    {"name": "alpha", "action": "updated", "version": "2.0", "previous": "1.0"},
    {"name": "beta", "action": "removed", "version": None, "previous": "1.0"},
    {"name": "sample", "action": "installed", "version": "0.1", "previous": None},
]


def test_report_as_json() -> None:
    """The report's file has all of it, under names that do not change."""
    expected = {
        "schema": 1,
        "python": {
            "version": "3.12.4",
            "implementation": "cpython",
            "executable": "/opt/python/bin/python3",
            "environment": "/opt/python",
        },
        "uv": "0.13.9",
        "project": {"name": "sample", "directory": "/src/sample"},
        "packages": _JSON_PACKAGES,
        "changes": _JSON_CHANGES,
        "seconds": 1.235,
    }

    assert expected == _report().as_json()


def test_outputs() -> None:
    """The outputs are text, and the arrays among them JSON on one line."""
    outputs = _report().outputs()
    arrays = {name: json.loads(outputs.pop(name)) for name in ("packages", "changes")}
    expected = {
        "python-version": "3.12.4",
        "python-path": "/opt/python/bin/python3",
        "environment": "/opt/python",
        "package-count": "2",
        "changed": "true",
        "uv-version": "0.13.9",
    }

    assert (expected, {"packages": _JSON_PACKAGES, "changes": _JSON_CHANGES}) == (outputs, arrays)


def test_outputs_without_changes() -> None:
    """A sync that changed nothing says so in a word and in an empty array."""
    outputs = _report((), ()).outputs()

    assert ("false", "[]", "[]", "0") == tuple(outputs[name] for name in ("changed", "changes", "packages", "package-count"))


def test_outputs_are_single_lines() -> None:
    """Whatever a package's URL holds, an array stays one line of ASCII."""
    packages = (Package("a", "1", url="file:///\n\u2028::error::☃", editable=False),)
    text = _report(packages).outputs()["packages"]

    assert (True, True, '[{"name":"a","version":"1","url":"file:///\\n\\u2028::error::\\u2603","editable":false}]') == (
        text.isascii(),
        text.isprintable(),
        text,
    )


def test_result() -> None:
    """Later steps get the target's variables and folders, the outputs, and the report as a file."""
    report = _report()
    step = result(report, "# Markdown\n")

    assert environment.for_later_steps(TARGET) == step.env
    assert ("/opt/python/bin",) == step.paths
    assert report.outputs() == step.outputs
    assert "# Markdown\n" == step.summary
    assert (report.as_json(), "\n") == (json.loads(step.report), step.report[-1])
    assert step.report.startswith('{\n  "schema": 1,\n')

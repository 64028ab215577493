"""Reading what is installed, comparing it, and holding it against what uv says."""

from __future__ import annotations

from pathlib import Path

import pytest

from uv_system_sync.interpreter.site_packages import Change, Package, compare, contradictions, of_others, packages, unknown


def _install(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return str(folder)


def _direct_url(folder: Path, text: str) -> tuple[Package, ...]:
    _install(folder, "alpha-1.0.dist-info")
    (folder / "alpha-1.0.dist-info" / "direct_url.json").write_text(text, encoding="utf-8")
    return packages([str(folder)])


def test_installed(tmp_path: Path) -> None:
    """The installed packages are those with a .dist-info folder, sorted by name."""
    folder = _install(tmp_path, "gamma-1.0.dist-info", "alpha-2.0.1rc1.dist-info", "beta-1!3.0+cu.121.dist-info")

    assert (Package("alpha", "2.0.1rc1"), Package("beta", "1!3.0+cu.121"), Package("gamma", "1.0")) == packages([folder])


@pytest.mark.parametrize("name", ["My_Package", "my.package", "MY__PACKAGE", "my-package", "my-_.package"])
def test_installed_name(tmp_path: Path, name: str) -> None:
    """Names are normalized, however the installer spelled the folder."""
    assert (Package("my-package", "1.0"),) == packages([_install(tmp_path, f"{name}-1.0.dist-info")])


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
    assert () == packages([_install(tmp_path, name)])


def test_installed_nowhere(tmp_path: Path) -> None:
    """A folder that does not exist yet has nothing installed."""
    assert () == packages([str(tmp_path / "missing")])


def test_installed_in_two_folders(tmp_path: Path) -> None:
    """Pure and compiled packages may have folders of their own; the first one wins, as it does on import."""
    pure = _install(tmp_path / "pure", "alpha-1.0.dist-info", "gamma-1.0.dist-info")
    compiled = _install(tmp_path / "compiled", "alpha-2.0.dist-info", "beta-1.0.dist-info")

    assert (Package("alpha", "1.0"), Package("beta", "1.0"), Package("gamma", "1.0")) == packages([pure, compiled])


@pytest.mark.parametrize(
    ("installer", "expected"),
    [
        pytest.param("uv", (), id="uv"),
        pytest.param("pip\n", (), id="pip"),
        pytest.param("brew\n", (Package("alpha", "1.0"),), id="another"),
        pytest.param("", (Package("alpha", "1.0"),), id="nobody"),
        pytest.param("\udcff", (Package("alpha", "1.0"),), id="garbage"),
        pytest.param(None, (Package("alpha", "1.0"),), id="not-said"),
    ],
)
def test_installed_by_others(tmp_path: Path, installer: str | None, expected: tuple[Package, ...]) -> None:
    """What neither uv nor pip says it has installed is somebody else's."""
    folder = _install(tmp_path, "alpha-1.0.dist-info")
    if installer is not None:
        (tmp_path / "alpha-1.0.dist-info" / "INSTALLER").write_text(installer, encoding="utf-8", errors="surrogateescape")

    assert expected == of_others([folder], (3, 12))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PyGObject-3.42.2.egg-info", (Package("pygobject", "3.42.2"),)),
        ("my_package-1.0-py3.12.egg-info", (Package("my-package", "1.0"),)),
        ("my_package-1.0-py3.12-linux-x86_64.egg-info", (Package("my-package", "1.0"),)),
        ("alpha.egg-info", ()),
        ("alpha-1.0.egg", ()),
    ],
)
def test_installed_by_others_as_an_egg(tmp_path: Path, name: str, expected: tuple[Package, ...]) -> None:
    """What has an .egg-info, as folder or as file, is no installer's of today."""
    (tmp_path / "folder" / name).mkdir(parents=True)
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / name).touch()

    assert [expected, expected] == [of_others([str(tmp_path / kind)], (3, 12)) for kind in ("folder", "file")]


def test_installed_by_others_nowhere(tmp_path: Path) -> None:
    """Nobody has installed anything in a folder that is not there."""
    assert () == of_others([str(tmp_path / "gone")], (3, 12))


@pytest.mark.parametrize(("version", "expected"), [((3, 11), ()), ((3, 12), ("setuptools", "wheel"))])
def test_installed_by_others_and_left_alone(tmp_path: Path, version: tuple[int, int], expected: tuple[str, ...]) -> None:
    """What uv never removes is not counted, which since 3.12 is pip and uv alone."""
    folder = _install(tmp_path, *(f"{name}-1.0.dist-info" for name in ("pip", "setuptools", "uv", "wheel")))

    assert expected == tuple(package.name for package in of_others([folder], version))


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
        pytest.param(
            '{"url": "https://example.com/a.git", "vcs_info": {"vcs": "git", "commit_id": "a1b2c3"}}',
            Package("alpha", "1.0", "https://example.com/a.git", editable=False, commit="a1b2c3"),
            id="commit-of-a-repository",
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
        pytest.param(
            Package("a", "1", url="https://a.git", editable=False, commit="a1b2c3", built_from="{}"),
            {"name": "a", "version": "1", "url": "https://a.git", "editable": False, "commit": "a1b2c3"},
            id="from-a-repository",
        ),
    ],
)
def test_package_as_json(package: Package, expected: dict[str, object]) -> None:
    """Only direct installs have a URL, and they say whether they are editable."""
    assert expected == package.as_json()


def test_compare_nothing() -> None:
    """Two equal sets have no change between them."""
    same = (Package("alpha", "2.0"), Package("sample", "0.1", url="file:///src/sample", editable=True))

    assert () == compare(same, same)


@pytest.mark.parametrize(("commit", "built_from"), [("d4e5f6", "one time"), ("a1b2c3", "another time")])
def test_compare_what_was_built_anew(commit: str, built_from: str) -> None:
    """A package of the same version and address that was built anew was updated."""
    before = Package("alpha", "1.0", "https://a.git", editable=False, commit="a1b2c3", built_from="one time")
    after = before._replace(commit=commit, built_from=built_from)

    assert (Change("alpha", "updated", "1.0", "1.0"),) == compare((before,), (after,))


def test_note_of_uv(tmp_path: Path) -> None:
    """What uv notes of a package that it has built is kept to compare."""
    _install(tmp_path, "alpha-1.0.dist-info")
    (tmp_path / "alpha-1.0.dist-info" / "uv_cache.json").write_text('{"timestamp": 1}', encoding="utf-8")
    (package,) = _direct_url(tmp_path, '{"url": "file:///src/alpha"}')

    assert '{"timestamp": 1}' == package.built_from


def test_compare() -> None:
    """Every change is one of three, and they are sorted by name."""
    before = (Package("beta", "1.0"), Package("alpha", "1.0"), Package("gamma", "1.0"))
    after = (Package("gamma", "1.0"), Package("sample", "0.1"), Package("alpha", "2.0"))
    expected = (
        Change("alpha", "updated", "2.0", "1.0"),
        Change("beta", "removed", None, "1.0"),
        Change("sample", "installed", "0.1", None),
    )

    assert expected == compare(before, after)


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


_FOUND = (Package("alpha", "1.0"), Package("beta-two", "2.0+cu121"))


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("", id="nothing-said"),
        pytest.param("Installed 2 packages in 1ms\n + alpha==1.0\n + beta-two==2.0+cu121\n", id="installed"),
        pytest.param(" - alpha==0.9\n + alpha==1.0\n", id="updated"),
        pytest.param(" + alpha==1.0\n - alpha==0.9\n", id="updated-in-the-other-order"),
        pytest.param(" ~ alpha==1.0\n", id="reinstalled"),
        pytest.param(" - gamma==1.0\n", id="removed"),
        pytest.param(" + alpha==1.0 (from file:///src/alpha)\n", id="from-elsewhere"),
        pytest.param(" + alpha==1\n", id="a-version-in-another-spelling"),
        pytest.param(" + beta-two==2+cu121\n", id="a-local-version-in-another-spelling"),
        pytest.param("+ gamma==1.0\n  + gamma==1.0\n * gamma==1.0\n + gamma 1.0\n + gamma\n", id="lines-that-uv-does-not-write"),
        pytest.param("warning: would say + gamma==1.0\n", id="in-the-middle-of-a-line"),
    ],
)
def test_no_contradiction(output: str) -> None:
    """What uv says and what is on the disk agree, and what is not understood says nothing."""
    assert [] == contradictions(output, _FOUND)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param(" + gamma==1.0\n", ["gamma 1.0 (found: None)"], id="missing"),
        pytest.param(" + alpha==2.0\n", ["alpha 2.0 (found: 1.0)"], id="another-version"),
        pytest.param(" - alpha==1.0\n + alpha==2.0\n", ["alpha 2.0 (found: 1.0)"], id="not-updated"),
        pytest.param(" ~ gamma==1.0\n", ["gamma 1.0 (found: None)"], id="not-reinstalled"),
        pytest.param(" - alpha==1.0\n", ["alpha removed (found: 1.0)"], id="removed-and-still-there"),
        pytest.param(" + alpha==one\n", ["alpha one (found: 1.0)"], id="not-a-version"),
        pytest.param(" + beta-two==2.0\n", ["beta-two 2.0 (found: 2.0+cu121)"], id="another-local-version"),
        pytest.param(
            " - beta-two==2.0+cu121\n - alpha==1.0\n + gamma==3.0\n - delta==1.0\n",
            ["gamma 3.0 (found: None)", "alpha removed (found: 1.0)", "beta-two removed (found: 2.0+cu121)"],
            id="several",
        ),
    ],
)
def test_contradictions(output: str, expected: list[str]) -> None:
    """What uv says it has done and the disk does not bear out is told package by package, with what is there."""
    assert expected == contradictions(output, _FOUND)


def test_contradictions_in_order() -> None:
    """What was not removed is told in alphabetical order, however uv ordered it."""
    names = [f"name-{number}" for number in range(9)]
    output = "".join(f" - {name}==1.0\n" for name in reversed(names))

    assert [f"{name} removed (found: 1.0)" for name in names] == contradictions(output, [Package(name, "1.0") for name in names])


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        pytest.param('[{"name": "alpha", "version": "1.0"}]', [], id="the-same"),
        pytest.param('[{"name": "alpha", "version": "1"}]', [], id="another-spelling"),
        pytest.param("[]", [], id="less"),
        pytest.param('[{"name": "alpha", "version": "2.0"}]', ["alpha 2.0"], id="another-version"),
        pytest.param('Using Python\n[{"name": "beta", "version": "x y"}]', ["beta x y"], id="more"),
        pytest.param("error: no such command", [], id="no-list"),
        pytest.param("[1]", [], id="another-list"),
        pytest.param("[{}]", [], id="no-names"),
    ],
)
def test_unknown(listed: str, expected: list[str]) -> None:
    """What uv lists and is not installed where one looks is told, and what is no list tells nothing."""
    assert expected == unknown(listed, (Package("alpha", "1.0"),))

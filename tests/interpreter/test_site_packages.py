"""Tests of `interpreter.site_packages`."""

from __future__ import annotations

from pathlib import Path

import pytest

from uv_system_sync.interpreter.site_packages import Change, Package, compare, contradictions, dist_infos, only_audited, packages


def _install(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return str(folder)


def _direct_url(folder: Path, text: str) -> tuple[Package, ...]:
    _install(folder, "alpha-1.0.dist-info")
    (folder / "alpha-1.0.dist-info" / "direct_url.json").write_text(text, encoding="utf-8")
    return packages(dist_infos([str(folder)]))


def test_packages_are_those_with_a_dist_info_folder_sorted_by_name(tmp_path: Path) -> None:
    folder = _install(tmp_path, "gamma-1.0.dist-info", "alpha-2.0.1rc1.dist-info", "beta-1!3.0+cu.121.dist-info")

    assert (Package("alpha", "2.0.1rc1"), Package("beta", "1!3.0+cu.121"), Package("gamma", "1.0")) == packages(dist_infos([folder]))


@pytest.mark.parametrize("name", ["My_Package", "my.package", "MY__PACKAGE", "my-package", "my-_.package"])
def test_names_of_packages_are_normalized(tmp_path: Path, name: str) -> None:
    assert (Package("my-package", "1.0"),) == packages(dist_infos([_install(tmp_path, f"{name}-1.0.dist-info")]))


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
def test_other_names_are_not_packages(tmp_path: Path, name: str) -> None:
    assert () == packages(dist_infos([_install(tmp_path, name)]))


def test_a_missing_folder_has_no_packages(tmp_path: Path) -> None:
    assert () == packages(dist_infos([str(tmp_path / "missing")]))


def test_the_first_of_two_folders_takes_precedence(tmp_path: Path) -> None:
    """Import has the same order if pure and compiled packages are in different folders."""
    pure = _install(tmp_path / "pure", "alpha-1.0.dist-info", "gamma-1.0.dist-info")
    compiled = _install(tmp_path / "compiled", "alpha-2.0.dist-info", "beta-1.0.dist-info")

    assert (Package("alpha", "1.0"), Package("beta", "1.0"), Package("gamma", "1.0")) == packages(dist_infos([pure, compiled]))


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
        pytest.param("[" * 100_000, Package("alpha", "1.0"), id="nested-too-deeply"),
    ],
)
def test_the_origin_of_a_direct_install_is_read(tmp_path: Path, text: str, expected: Package) -> None:
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
def test_json_of_a_package_has_the_fields_that_are_set(package: Package, expected: dict[str, object]) -> None:
    assert expected == package.as_json()


def test_equal_sets_have_no_changes() -> None:
    same = (Package("alpha", "2.0"), Package("sample", "0.1", url="file:///src/sample", editable=True))

    assert () == compare(same, same)


def test_the_uv_cache_file_of_a_built_package_is_read(tmp_path: Path) -> None:
    _install(tmp_path, "alpha-1.0.dist-info")
    (tmp_path / "alpha-1.0.dist-info" / "uv_cache.json").write_text('{"timestamp": 1}', encoding="utf-8")
    (package,) = _direct_url(tmp_path, '{"url": "file:///src/alpha"}')

    assert '{"timestamp": 1}' == package.built_from


def test_changes_are_of_three_kinds_and_sorted_by_name() -> None:
    before = (Package("beta", "1.0"), Package("alpha", "1.0"), Package("gamma", "1.0"))
    after = (Package("gamma", "1.0"), Package("sample", "0.1"), Package("alpha", "2.0"))
    expected = (
        Change("alpha", "updated", "2.0", "1.0"),
        Change("beta", "removed", None, "1.0"),
        Change("sample", "installed", "0.1", None),
    )

    assert expected == compare(before, after)


_BUILT = Package("a", "1", url="file:///a", editable=False, commit="a1b2c3", built_from="one time")


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(_BUILT._replace(url="file:///b"), id="from-elsewhere"),
        pytest.param(_BUILT._replace(editable=True), id="as-editable"),
        pytest.param(_BUILT._replace(commit="d4e5f6"), id="from-another-commit"),
        pytest.param(_BUILT._replace(built_from="another time"), id="from-changed-files"),
    ],
)
def test_the_same_version_with_another_origin_is_an_update(after: Package) -> None:
    assert (Change("a", "updated", "1", "1"),) == compare([_BUILT], [after])


_FOUND = (Package("alpha", "1.0"), Package("beta-two", "2.0+cu121"))


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("", id="no-output"),
        pytest.param("Installed 2 packages in 1ms\n + alpha==1.0\n + beta-two==2.0+cu121\n", id="installed"),
        pytest.param(" - alpha==0.9\n + alpha==1.0\n", id="updated"),
        pytest.param(" + alpha==1.0\n - alpha==0.9\n", id="updated-in-the-other-order"),
        pytest.param(" ~ alpha==1.0\n", id="reinstalled"),
        pytest.param(" - gamma==1.0\n", id="removed"),
        pytest.param(" + alpha==1.0 (from file:///src/alpha)\n", id="from-elsewhere"),
        pytest.param(" + alpha==1\n", id="a-version-in-another-spelling"),
        pytest.param(" + beta-two==2+cu121\n", id="a-local-version-in-another-spelling"),
        pytest.param("+ gamma==1.0\n  + gamma==1.0\n * gamma==1.0\n + gamma 1.0\n + gamma\n", id="lines-that-uv-does-not-write"),
        pytest.param("warning: would add + gamma==1.0\n", id="in-the-middle-of-a-line"),
    ],
)
def test_output_that_agrees_with_the_disk_or_has_other_lines_is_not_a_contradiction(output: str) -> None:
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
def test_contradictions_name_the_installed_version_and_removals_come_last(output: str, expected: list[str]) -> None:
    assert expected == contradictions(output, _FOUND)


def test_contradicted_removals_are_sorted() -> None:
    names = [f"name-{number}" for number in range(9)]
    output = "".join(f" - {name}==1.0\n" for name in reversed(names))

    assert [f"{name} removed (found: 1.0)" for name in names] == contradictions(output, [Package(name, "1.0") for name in names])


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param("Resolved 3 packages in 2ms\nAudited 2 packages in 0.04ms\n", True, id="older-uv"),
        pytest.param("Resolved 2 packages in 2ms\nChecked 1 package in 0.04ms\n", True, id="newer-uv"),
        pytest.param("Resolved 2 packages in 2ms\nInstalled 1 package in 3ms\n ~ alpha==1.0\n", False, id="reinstalled"),
        pytest.param("", False, id="quiet"),
    ],
)
def test_only_the_audit_line_of_uv_means_that_nothing_changed(output: str, expected: bool) -> None:  # noqa: FBT001 - a value
    assert expected == only_audited(output)

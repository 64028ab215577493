"""Tests of `interpreter.externally_managed`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import TARGET, options, step_inputs, touch
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter.externally_managed import of_other_installers, unknown
from uv_system_sync.interpreter.site_packages import Package
from uv_system_sync.interpreter.target import Target, require_usable
from uv_system_sync.text import Option


def _nothing() -> str:
    return "[]"


@pytest.fixture
def managed(tmp_path: Path) -> Target:
    """An externally managed target."""
    file = tmp_path / "EXTERNALLY-MANAGED"
    file.write_text("[externally-managed]\nError=Use apt.\n", encoding="utf-8")
    return _with_packages(tmp_path / "lib" / "site-packages")._replace(prefix=str(tmp_path), externally_managed=str(file))


def _with_packages(folder: Path) -> Target:
    """Return a target whose packages are in `folder`."""
    return TARGET._replace(scripts=str(folder.parent / "bin"), site_packages=(str(folder),))


@pytest.fixture
def shared(managed: Target) -> Target:
    """An externally managed target, with packages of the operating system in the folder that uv installs into."""
    site_packages = Path(managed.site_packages[0])
    touch(site_packages, "beta-2.0.dist-info/RECORD", "alpha-1.0.egg-info/PKG-INFO", "gamma-3.0.dist-info/RECORD", "pip-1.dist-info/RECORD")
    (site_packages / "gamma-3.0.dist-info" / "INSTALLER").write_text("pip", encoding="utf-8")
    return managed


def _accept(target: Target, pip_list: Callable[[], str] = _nothing, **inputs: str) -> None:
    require_usable(target, step_inputs(**inputs), pip_list)


def _error(target: Target, pip_list: Callable[[], str] = _nothing, **inputs: str) -> PythonUnsuitable:
    with pytest.raises(PythonUnsuitable) as caught:
        _accept(target, pip_list, **inputs)
    assert target == caught.value.values["target"]
    return caught.value


_DEBIAN = """\
[externally-managed]
Error=To install Python packages, try apt install
 python3-xyz.

 Otherwise,
 create a virtual environment.
Error-de=Etwas anderes.
"""
_NO_EXPLANATION = "(no explanation)"


@pytest.mark.parametrize(
    ("content", "explanation"),
    [
        pytest.param(
            _DEBIAN, "To install Python packages, try apt install python3-xyz. Otherwise, create a virtual environment.", id="lines"
        ),
        pytest.param("[externally-managed]\nError=Managed by uv.\n", "Managed by uv.", id="one-line"),
        pytest.param("[externally-managed]\nerror: %(home)s ☃\n", "%(home)s ☃", id="another-spelling"),
        pytest.param("[externally-managed]\n", _NO_EXPLANATION, id="no-text"),
        pytest.param("", _NO_EXPLANATION, id="empty-file"),
        pytest.param("[externally-managed]\nError=Something.\n\nAnother=else\n", "Something.", id="another-key-after-an-empty-line"),
        pytest.param("[externally-managed]\nError=a\nError=b\n", "a", id="twice"),
        pytest.param("[externally-managed\nError", _NO_EXPLANATION, id="garbage"),
        pytest.param("[externally-managed]\nError=\udcfc\n", _NO_EXPLANATION, id="another-encoding"),
    ],
)
def test_an_externally_managed_python_is_rejected_with_its_explanation_on_one_line(managed: Target, content: str, explanation: str) -> None:
    Path(str(managed.externally_managed)).write_text(content, encoding="utf-8", errors="surrogateescape")
    error = _error(managed)

    assert (managed.externally_managed, explanation) == (error.values["path"], error.values["explanation"])
    assert {Option("python"), Option("allow-externally-managed", "true")} == options(error)


def test_a_check_of_an_externally_managed_python_needs_the_same_inputs_as_a_sync(managed: Target) -> None:
    assert _error(managed).values == _error(managed, check="true").values
    _accept(managed, allow_externally_managed="true", check="true")
    _accept(managed, allow_externally_managed="true")


def test_an_exact_sync_that_would_remove_packages_of_the_system_is_rejected(shared: Target) -> None:
    error = _error(shared, allow_externally_managed="true")

    assert "alpha 1.0, beta 2.0" == error.values["packages"]
    assert {Option("inexact", "true"), Option("python")} == options(error)


def test_the_error_names_at_most_twenty_packages_of_the_system(shared: Target) -> None:
    touch(Path(shared.site_packages[0]), *(f"package-{number:02}.dist-info/RECORD" for number in range(30)))
    packages = str(_error(shared, allow_externally_managed="true").values["packages"])

    assert packages.startswith("alpha 1.0, beta 2.0, package 00, ")
    assert packages.endswith("package 17 and 12 more")


@pytest.mark.parametrize("inputs", [{"inexact": "true"}, {"check": "true"}], ids=["inexact", "check"])
def test_a_sync_that_removes_nothing_accepts_packages_of_the_system(shared: Target, inputs: dict[str, str]) -> None:
    require_usable(shared, step_inputs(allow_externally_managed="true", **inputs), _nothing)


def test_after_an_unfinished_sync_packages_without_installer_are_accepted(shared: Target) -> None:
    touch(Path(shared.site_packages[0]), ".uv-system-sync-unfinished")
    _accept(shared, allow_externally_managed="true")


def test_a_python_that_is_not_externally_managed_may_lose_packages_of_other_installers(shared: Target) -> None:
    _accept(shared._replace(externally_managed=None))


@pytest.mark.parametrize("version", ["1.0", "1.0.0"])
def test_packages_that_uv_finds_where_it_installs_are_accepted(managed: Target, version: str) -> None:
    touch(Path(managed.site_packages[0]), "alpha-1.0.dist-info/RECORD")
    (Path(managed.site_packages[0]) / "alpha-1.0.dist-info" / "INSTALLER").write_text("uv", encoding="utf-8")
    pip_list = f'Using Python 3.12.4 environment at: /usr\n[{{"name": "alpha", "version": "{version}"}}]\n'

    _accept(managed, lambda: pip_list, allow_externally_managed="true")


def test_packages_that_uv_finds_elsewhere_are_rejected(managed: Target) -> None:
    """An exact sync would remove these packages of the operating system."""
    pip_list = '[{"name": "python-apt", "version": "2.6.0"}, {"name": "six", "version": "1.16.0"}]'
    error = _error(managed, lambda: pip_list, allow_externally_managed="true")

    assert "python-apt 2.6.0, six 1.16.0" == error.values["packages"]
    assert managed.site_packages[0] in str(error.message)


def test_a_missing_folder_has_no_packages_of_other_installers(tmp_path: Path) -> None:
    assert [] == of_other_installers(_with_packages(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("installer", "expected"),
    [
        pytest.param("uv", [], id="uv"),
        pytest.param("pip\n", [], id="pip"),
        pytest.param("brew\n", ["alpha 1.0"], id="another"),
        pytest.param("", ["alpha 1.0"], id="empty"),
        pytest.param("\udcff", ["alpha 1.0"], id="garbage"),
        pytest.param(None, ["alpha 1.0"], id="no-file"),
    ],
)
def test_packages_without_uv_or_pip_as_installer_are_listed(tmp_path: Path, installer: str | None, expected: list[str]) -> None:
    (tmp_path / "alpha-1.0.dist-info").mkdir()
    if installer is not None:
        (tmp_path / "alpha-1.0.dist-info" / "INSTALLER").write_text(installer, encoding="utf-8", errors="surrogateescape")

    assert expected == of_other_installers(_with_packages(tmp_path))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PyGObject-3.42.2.egg-info", ["pygobject 3.42.2"]),
        ("my_package-1.0-py3.12.egg-info", ["my-package 1.0"]),
        ("my_package-1.0-py3.12-linux-x86_64.egg-info", ["my-package 1.0"]),
        ("alpha.egg-info", []),
        ("alpha-1.0.egg", []),
    ],
)
def test_packages_with_egg_info_are_listed(tmp_path: Path, name: str, expected: list[str]) -> None:
    """.egg-info may be a folder or a file."""
    (tmp_path / "folder" / name).mkdir(parents=True)
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / name).touch()

    assert [expected, expected] == [of_other_installers(_with_packages(tmp_path / kind)) for kind in ("folder", "file")]


@pytest.mark.parametrize(("version", "expected"), [("3.11.9", []), ("3.12.0", ["setuptools", "wheel"])])
def test_packages_that_uv_never_removes_are_not_listed(tmp_path: Path, version: str, expected: list[str]) -> None:
    touch(tmp_path, *(f"{name}-1.0.dist-info/RECORD" for name in ("pip", "setuptools", "uv", "wheel")))
    found = of_other_installers(_with_packages(tmp_path)._replace(version=version))

    assert expected == [name.partition(" ")[0] for name in found]


@pytest.mark.parametrize(
    ("pip_list", "expected"),
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
def test_packages_that_only_uv_lists_are_unknown(pip_list: str, expected: list[str]) -> None:
    assert expected == unknown(pip_list, (Package("alpha", "1.0"),))

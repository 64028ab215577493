"""Tests of `interpreter.checks`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import TARGET, options, step_inputs, touch, write_program
from tools.shared import ROOT
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import checks
from uv_system_sync.interpreter.target import Target
from uv_system_sync.text import Option

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has owners and permissions")
root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become another user")

_NOBODY = 65534
# Of no user on any system.
_UNKNOWN = 54321


def _nothing() -> str:
    return "[]"


def _installed(prefix: Path) -> Target:
    """Make an installation in `prefix`, and return it as a target."""
    touch(prefix, "bin/python3")
    return TARGET._replace(
        executable=str(prefix / "bin" / "python3"),
        prefix=str(prefix),
        scripts=str(prefix / "bin"),
        site_packages=(str(prefix / "lib" / "site-packages"),),
    )


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A target that can be synced into."""
    return _installed(tmp_path / "my ☃ python")


@pytest.fixture
def managed(target: Target, tmp_path: Path) -> Target:
    """A target that something else manages."""
    file = tmp_path / "EXTERNALLY-MANAGED"
    file.write_text("[externally-managed]\nError=Use apt.\n", encoding="utf-8")
    return target._replace(externally_managed=str(file))


@pytest.fixture
def shared(managed: Target) -> Target:
    """A managed target, with packages of the operating system where uv installs."""
    site_packages = Path(managed.site_packages[0])
    touch(site_packages, "beta-2.0.dist-info/RECORD", "alpha-1.0.egg-info/PKG-INFO", "gamma-3.0.dist-info/RECORD", "pip-1.dist-info/RECORD")
    (site_packages / "gamma-3.0.dist-info" / "INSTALLER").write_text("pip", encoding="utf-8")
    return managed


def _accept(target: Target, pip_list: Callable[[], str] = _nothing, **inputs: str) -> None:
    checks.require(target, step_inputs(**inputs), pip_list, windows=False)


def _error(target: Target, pip_list: Callable[[], str] = _nothing, *, windows: bool = False, **inputs: str) -> PythonUnsuitable:
    with pytest.raises(PythonUnsuitable) as caught:
        checks.require(target, step_inputs(**inputs), pip_list, windows=windows)
    return caught.value


def test_a_python_of_the_users_own_is_accepted(target: Target) -> None:
    """What is installed there is not asked for, which takes time."""
    _accept(target, lambda: pytest.fail("uv was asked"))


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
        pytest.param("[another-section]\nError=Something.\n", _NO_EXPLANATION, id="another-section"),
        pytest.param("", _NO_EXPLANATION, id="empty-file"),
        pytest.param("Error=Something.\n", _NO_EXPLANATION, id="no-section"),
        pytest.param("[externally-managed]\nError=a\nError=b\n", _NO_EXPLANATION, id="twice"),
        pytest.param("[externally-managed\nError", _NO_EXPLANATION, id="garbage"),
        pytest.param("[externally-managed]\nError=\udcfc\n", _NO_EXPLANATION, id="another-encoding"),
    ],
)
def test_a_managed_python_is_rejected_with_its_explanation_on_one_line(managed: Target, content: str, explanation: str) -> None:
    Path(str(managed.externally_managed)).write_text(content, encoding="utf-8", errors="surrogateescape")
    error = _error(managed)

    assert (managed.executable, managed.externally_managed, explanation) == tuple(
        error.values[name] for name in ("executable", "path", "explanation")
    )
    assert {Option("python"), Option("allow-externally-managed", "true")} == options(error)


def test_a_check_of_a_managed_python_needs_the_same_inputs_as_a_sync(managed: Target) -> None:
    assert _error(managed).values == _error(managed, check="true").values
    _accept(managed, allow_externally_managed="true", check="true")
    _accept(managed, allow_externally_managed="true")


def test_an_exact_sync_that_would_remove_packages_of_the_system_is_rejected(shared: Target) -> None:
    error = _error(shared, allow_externally_managed="true")

    assert {"executable": shared.executable, "path": shared.externally_managed, "packages": "alpha 1.0, beta 2.0"}.items() <= (
        error.values.items()
    )
    assert {Option("inexact", "true"), Option("python")} == options(error)


def test_of_many_packages_of_the_system_twenty_are_named(shared: Target) -> None:
    touch(Path(shared.site_packages[0]), *(f"package-{number:02}.dist-info/RECORD" for number in range(30)))
    packages = str(_error(shared, allow_externally_managed="true").values["packages"])

    assert packages.startswith("alpha 1.0, beta 2.0, package 00, ")
    assert packages.endswith("package 17 and 12 more")


@pytest.mark.parametrize("inputs", [{"inexact": "true"}, {"check": "true"}], ids=["inexact", "check"])
def test_a_sync_that_removes_nothing_may_be_beside_packages_of_the_system(shared: Target, inputs: dict[str, str]) -> None:
    checks.require(shared, step_inputs(allow_externally_managed="true", **inputs), _nothing, windows=False)


def test_after_an_unfinished_sync_packages_without_installer_are_not_the_systems(shared: Target) -> None:
    touch(Path(shared.site_packages[0]), ".uv-system-sync-unfinished")
    _accept(shared, allow_externally_managed="true")


def test_in_an_unmanaged_python_packages_of_other_installers_may_be_removed(shared: Target) -> None:
    _accept(shared._replace(externally_managed=None))


@pytest.mark.parametrize("version", ["1.0", "1.0.0"])
def test_packages_that_uv_finds_where_it_installs_are_accepted(managed: Target, version: str) -> None:
    touch(Path(managed.site_packages[0]), "alpha-1.0.dist-info/RECORD")
    (Path(managed.site_packages[0]) / "alpha-1.0.dist-info" / "INSTALLER").write_text("uv", encoding="utf-8")
    pip_list = f'Using Python 3.12.4 environment at: /usr\n[{{"name": "alpha", "version": "{version}"}}]\n'

    _accept(managed, lambda: pip_list, allow_externally_managed="true")


def test_packages_that_uv_finds_elsewhere_are_rejected(managed: Target) -> None:
    """An exact sync would remove those of the operating system."""
    pip_list = '[{"name": "python-apt", "version": "2.6.0"}, {"name": "six", "version": "1.16.0"}]'
    error = _error(managed, lambda: pip_list, allow_externally_managed="true")

    assert {
        "executable": managed.executable,
        "folder": managed.site_packages[0],
        "packages": "python-apt 2.6.0, six 1.16.0",
    } == error.values


@pytest.mark.parametrize("separator", ["\n", "\r", os.pathsep], ids=["line-feed", "carriage-return", "path-separator"])
def test_a_prefix_that_is_no_single_entry_of_path_is_rejected(target: Target, separator: str) -> None:
    error = _error(target._replace(prefix=f"/opt/a{separator}b"))

    assert f"/opt/a{separator}b" == error.values["prefix"]
    assert "\n" not in str(error.message)


@pytest.mark.parametrize(
    ("windows", "others", "found"),
    [
        pytest.param(False, (), "", id="nothing-there"),
        pytest.param(False, ("bin/python3",), "bin/python3", id="another-one-there"),
        pytest.param(False, ("bin/python3.12",), "", id="only-its-full-name-there"),
        pytest.param(True, ("bin/python3",), "", id="another-systems-there"),
        pytest.param(True, ("python.exe",), "python.exe", id="another-one-there-on-windows"),
    ],
)
def test_an_interpreter_that_uv_would_not_find_in_its_prefix_is_rejected(
    tmp_path: Path, others: tuple[str, ...], found: str, *, windows: bool
) -> None:
    prefix, executable = tmp_path / "usr", str(tmp_path / "custom-python")
    touch(tmp_path, "custom-python", *(f"usr/{name}" for name in others))
    values = _error(TARGET._replace(executable=executable, prefix=str(prefix)), windows=windows).values

    assert (executable, str(prefix)) == (values["executable"], values["prefix"])
    assert (str(prefix / found) if found else "no interpreter") == values["found"]


@posix
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda other, own: other.symlink_to(own.name), id="link"),
        pytest.param(lambda other, own: shutil.copy(own, other), id="copy"),
    ],
)
def test_another_name_of_the_interpreter_that_uv_would_find_is_accepted(target: Target, make: Callable[[Path, Path], object]) -> None:
    other = Path(target.prefix, "bin", "python3.12")
    make(other, Path(target.executable))
    _accept(target._replace(executable=str(other)))


def test_another_interpreter_beside_the_one_that_uv_would_find_is_rejected(target: Target) -> None:
    other = write_program(Path(target.prefix, "bin", "python3.12"), "print('another one')")
    values = _error(target._replace(executable=str(other))).values

    assert (str(other), target.executable) == (values["executable"], values["found"])


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _values_as(uid: int, target: Target, **inputs: bool) -> dict[str, str]:
    """Return the values of the error that the user `uid` gets, or this one if the tests are not run by root; empty without an error."""
    script = f"""
import json, os, pwd, sys
sys.path.insert(0, {str(ROOT / "src")!r})
from uv_system_sync.interpreter import checks
from uv_system_sync.errors import ActionError
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter.target import Target
target, inputs = json.loads(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid({uid})
values = {{}}
try:
    checks.require(Target(**target), Inputs(python="", python_source="", **inputs), str)
except ActionError as error:
    values = error.values
print(json.dumps(values))
"""
    command = [sys.executable, "-B", "-I", "-S", "-c", script, json.dumps([target._asdict(), inputs])]
    values: dict[str, str] = json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
    return values


def _name(uid: int) -> str:
    import pwd

    return pwd.getpwuid(uid).pw_name


@posix
@pytest.mark.parametrize("existing", ["lib/site-packages", "lib", ""], ids=["site-packages", "above-site-packages", "prefix"])
def test_a_folder_for_packages_that_is_not_writable_is_rejected_with_its_owner(reachable: Path, existing: str) -> None:
    target = _installed(reachable / "python")
    folder = Path(target.prefix, existing)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o555)
    values = _values_as(_NOBODY, target)
    folder.chmod(0o755)
    user = _name(_NOBODY if os.geteuid() == 0 else os.geteuid())

    assert str(folder) == values["folder"]
    assert f" {_name(os.getuid())}, " in values["owner"]
    assert values["owner"].endswith(f" {user}")


@posix
def test_a_folder_for_scripts_that_is_not_writable_is_rejected(reachable: Path) -> None:
    target = _installed(reachable / "python")
    Path(target.site_packages[0]).mkdir(parents=True)
    for path in Path(target.prefix).rglob("*"):
        path.chmod(0o777)
    Path(target.scripts).chmod(0o555)

    assert target.scripts == _values_as(_NOBODY, target)["folder"]


@posix
def test_a_check_needs_no_permission_to_write(reachable: Path) -> None:
    target = _installed(reachable / "python")
    Path(target.prefix).chmod(0o555)

    assert {} == _values_as(_NOBODY, target, check=True)


@root
def test_users_without_a_name_are_called_by_their_number(reachable: Path) -> None:
    target = _installed(reachable / "python")
    os.chown(target.prefix, _UNKNOWN, -1)
    owner = _values_as(_UNKNOWN + 1, target)["owner"]

    assert f" user {_UNKNOWN}, " in owner
    assert owner.endswith(f" user {_UNKNOWN + 1}")

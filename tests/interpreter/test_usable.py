"""Tests of `interpreter.target.require_usable`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import TARGET, step_inputs, touch
from tools.shared import ROOT
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter.target import Target, require_usable

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has owners and permissions")
root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become another user")

_NOBODY = 65534
# No system has a user with this number.
_UNKNOWN = 54321


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


def test_a_python_that_the_user_owns_is_accepted_without_asking_uv(target: Target) -> None:
    """Asking uv for the installed packages is slow."""
    require_usable(target, step_inputs(), lambda: pytest.fail("uv was asked"))


@pytest.mark.parametrize("separator", ["\n", "\r", os.pathsep], ids=["line-feed", "carriage-return", "path-separator"])
def test_a_prefix_that_cannot_be_one_entry_of_path_is_rejected(target: Target, separator: str) -> None:
    with pytest.raises(PythonUnsuitable) as caught:
        require_usable(target._replace(prefix=f"/opt/a{separator}b"), step_inputs(), str)

    assert repr(f"/opt/a{separator}b") in str(caught.value.message)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user can reach, unlike the folders of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _values_as(uid: int, target: Target, **inputs: bool) -> dict[str, str]:
    """Return the values of the error that the user `uid`, or this user if it is not root, gets; empty if there is no error."""
    script = f"""
import json, os, pwd, sys
sys.path.insert(0, {str(ROOT / "src")!r})
from uv_system_sync.errors import ActionError
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter.target import Target, require_usable
target, inputs = json.loads(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid({uid})
values = {{}}
try:
    require_usable(Target(**target), Inputs(python="", python_source="", **inputs), str)
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
def test_the_error_for_a_folder_of_packages_that_is_not_writable_names_its_owner(reachable: Path, existing: str) -> None:
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
def test_a_scripts_folder_that_is_not_writable_is_rejected(reachable: Path) -> None:
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
def test_users_without_a_name_are_shown_by_their_number(reachable: Path) -> None:
    target = _installed(reachable / "python")
    os.chown(target.prefix, _UNKNOWN, -1)
    owner = _values_as(_UNKNOWN + 1, target)["owner"]

    assert f" user {_UNKNOWN}, " in owner
    assert owner.endswith(f" user {_UNKNOWN + 1}")


@pytest.mark.parametrize(
    ("recorded", "actual", "is_usable"),
    [
        *[("version = 3.12.4", "3.12.4", True), ("version_info=3.12.4", "3.12.4", True), (" version\t=\t3.12 ", "3.12.4", True)],
        *[("version = 3.12.4", "3.12.4+", True), ("version = 3.13.0", "3.13.0rc1", True), ("version = 3.13.0rc1", "3.13.0rc1", True)],
        *[("version = 3.12.3", "3.12.4", False), ("version = 3.11", "3.12.4", False), ("version = 3.12.4.1", "3.12.4", False)],
        *[("version = 3.13.0rc1", "3.13.0", False), ("version = 3.12.4\nversion_info = 3.12.3", "3.12.4", False)],
        # uv cannot parse these versions, and ignores them.
        *[("version = 3.12.3.final.0", "3.12.4", True), ("version = none\nversion = 3.12.3", "3.12.4", True), ("version", "3.12.4", True)],
    ],
)
def test_an_environment_is_rejected_if_uv_considers_it_one_of_another_python(
    target: Target, recorded: str, actual: str, *, is_usable: bool
) -> None:
    Path(target.prefix, "pyvenv.cfg").write_text(f"home = /x\n{recorded}\n", encoding="utf-8")
    virtual = target._replace(virtual=True, version=actual)

    if is_usable:
        require_usable(virtual, step_inputs(), str)
    else:
        with pytest.raises(PythonUnsuitable) as caught:
            require_usable(virtual, step_inputs(), str)
        assert (recorded.rsplit(maxsplit=1)[-1], actual) == (caught.value.values["recorded"], caught.value.values["version"])

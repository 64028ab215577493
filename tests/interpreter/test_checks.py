"""Refusing a Python that must not, or cannot, be synced into."""

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

from tests.support import TARGET, step_inputs, touch, words, write_program
from tools.shared import ROOT
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.interpreter import checks
from uv_system_sync.interpreter.target import Target

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has owners and permissions")
root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become somebody else")

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
    """Give a target that can be synced into."""
    return _installed(tmp_path / "my ☃ python")


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Give the path of a marker that is not written yet."""
    return tmp_path / "EXTERNALLY-MANAGED"


def _refused(target: Target, *, windows: bool = False, **inputs: str) -> tuple[str, str]:
    with pytest.raises(PythonUnsuitable) as caught:
        checks.require(target, step_inputs(**inputs), _nothing, windows=windows)
    return words(caught.value)


def test_accepted(target: Target) -> None:
    """A Python of the user's own is synced into."""
    checks.require(target, step_inputs(), _nothing, windows=False)


_DEBIAN = """\
[externally-managed]
Error=To install Python packages system-wide, try apt install
 python3-xyz, where xyz is the package you are trying to
 install.

 If you wish to install a non-Debian-packaged Python package,
 create a virtual environment, which is 100% safe.
Error-de=Etwas anderes.
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            _DEBIAN,
            "To install Python packages system-wide, try apt install python3-xyz, where xyz is the package you are trying to install."
            " If you wish to install a non-Debian-packaged Python package, create a virtual environment, which is 100% safe.",
            id="several-lines",
        ),
        pytest.param(
            "[externally-managed]\nError=This Python installation is managed by uv and should not be modified.\n",
            "This Python installation is managed by uv and should not be modified.",
            id="uv",
        ),
        pytest.param("[externally-managed]\nerror: %(home)s ☃\n", "%(home)s ☃", id="another-spelling"),
        pytest.param("[externally-managed]\n", "nothing more", id="no-words"),
        pytest.param("[another-section]\nError=Something.\n", "nothing more", id="another-section"),
        pytest.param("", "nothing more", id="empty-file"),
        pytest.param("Error=Something.\n", "nothing more", id="no-section"),
        pytest.param("[externally-managed]\nError=a\nError=b\n", "nothing more", id="twice"),
        pytest.param("[externally-managed\nError", "nothing more", id="garbage"),
    ],
)
def test_externally_managed(target: Target, marker: Path, text: str, said: str) -> None:
    """A Python that something else manages is refused, which uv would not do, with what its marker says, on one line."""
    marker.write_text(text, encoding="utf-8")
    message = f"{target.executable} is externally managed (PEP 668). Its marker, {marker}, says: {said}"
    hint = (
        "Use actions/setup-python, set `python` to a virtual environment or,"
        " where breaking what manages it does not matter, set `allow-externally-managed: true`."
    )

    assert (message, hint) == _refused(target._replace(marker=str(marker)))


@pytest.fixture
def managed(target: Target, marker: Path) -> Target:
    """Give a target that its system manages, with packages of the system where others go."""
    site_packages = Path(target.site_packages[0])
    touch(site_packages, "beta-2.0.dist-info/RECORD", "alpha-1.0.egg-info/PKG-INFO", "gamma-3.0.dist-info/RECORD", "pip-1.dist-info/RECORD")
    (site_packages / "gamma-3.0.dist-info" / "INSTALLER").write_text("pip", encoding="utf-8")
    return target._replace(marker=str(marker))


def test_managed_with_packages_where_others_go(managed: Target) -> None:
    """An exact sync is refused where it would remove what the system has installed, which uv would not do."""
    message = (
        f"{managed.executable} is externally managed ({managed.marker}), and of the packages there that neither uv nor pip has installed"
        " an exact sync would remove what is not in uv.lock: alpha 1.0, beta 2.0."
    )
    hint = "Set `inexact: true` to keep what is not in uv.lock, or set `python` to a virtual environment."

    assert (message, hint) == _refused(managed, allow_externally_managed="true")


def test_managed_with_many_packages_where_others_go(managed: Target) -> None:
    """Of many packages, twenty are named."""
    touch(Path(managed.site_packages[0]), *(f"package-{number:02}.dist-info/RECORD" for number in range(30)))

    assert _refused(managed, allow_externally_managed="true")[0].endswith(
        ": alpha 1.0, beta 2.0, " + ", ".join(f"package {n:02}" for n in range(18)) + " and 12 more."
    )


@pytest.mark.parametrize("inputs", [{"inexact": "true"}, {"check": "true"}], ids=["inexact", "check"])
def test_managed_and_nothing_is_removed(managed: Target, inputs: dict[str, str]) -> None:
    """A sync that removes nothing may have the packages of others beside its own."""
    checks.require(managed, step_inputs(allow_externally_managed="true", **inputs), _nothing, windows=False)


@pytest.mark.parametrize("version", ["1.0", "1.0.0"])
def test_managed_and_known_to_uv(target: Target, marker: Path, version: str) -> None:
    """What uv lists is that Python's when it is where others go, however its version is spelled."""
    touch(Path(target.site_packages[0]), "alpha-1.0.dist-info/RECORD")
    (Path(target.site_packages[0]) / "alpha-1.0.dist-info" / "INSTALLER").write_text("uv", encoding="utf-8")
    listed = f'Using Python 3.12.4 environment at: /usr\n[{{"name": "alpha", "version": "{version}"}}]\n'

    checks.require(target._replace(marker=str(marker)), step_inputs(allow_externally_managed="true"), lambda: listed, windows=False)


def test_managed_and_known_to_uv_by_other_folders(target: Target, marker: Path) -> None:
    """An exact sync is refused where uv takes the system's own packages for some that it may remove."""
    managed = target._replace(marker=str(marker))
    listed = '[{"name": "python-apt", "version": "2.6.0"}, {"name": "six", "version": "1.16.0"}]'
    with pytest.raises(PythonUnsuitable) as caught:
        checks.require(managed, step_inputs(allow_externally_managed="true"), lambda: listed, windows=False)
    message = (
        f"uv takes what is not in {target.site_packages[0]} for packages of {target.executable} that it may remove:"
        " python-apt 2.6.0, six 1.16.0."
    )
    hint = "Its cache is from when `DEB_PYTHON_INSTALL_LAYOUT` was set. Run `uv cache clean`, or set `UV_CACHE_DIR` to another folder."

    assert (message, hint) == words(caught.value)


def test_managed_and_not_ended(managed: Target) -> None:
    """After a sync that has not ended, packages that nobody is noted in are not taken for the system's."""
    touch(Path(managed.site_packages[0]), ".uv-system-sync-unfinished")
    checks.require(managed, step_inputs(allow_externally_managed="true"), _nothing, windows=False)


def test_not_managed_with_packages_of_others(managed: Target) -> None:
    """In a Python that nothing manages, an exact sync removes what is not in the lock, whoever has installed it."""
    checks.require(managed._replace(marker=None), step_inputs(), _nothing, windows=False)


def test_marker_in_another_encoding(target: Target, marker: Path) -> None:
    """A marker that cannot be read marks all the same."""
    marker.write_bytes(b"[externally-managed]\nError=\xfc\n")

    assert _refused(target._replace(marker=str(marker)))[0].endswith(f"Its marker, {marker}, says: nothing more")


def test_marker_and_check(target: Target, marker: Path) -> None:
    """A check of such a Python is refused like a sync, so that both need the same inputs."""
    assert _refused(target._replace(marker=str(marker)), check="true") == _refused(target._replace(marker=str(marker)))


def test_externally_managed_and_allowed(target: Target, marker: Path) -> None:
    """Who says that breaking it does not matter gets it."""
    checks.require(target._replace(marker=str(marker)), step_inputs(allow_externally_managed="true"), _nothing, windows=False)


@pytest.mark.parametrize("end", ["\n", "\r"], ids=["line-feed", "carriage-return"])
def test_path_with_a_line_break(target: Target, end: str) -> None:
    """A path that would be two lines of GITHUB_PATH is refused."""
    prefix = f"/opt/a{end}b"
    expected = (f"{prefix!r} holds a line break, which GITHUB_PATH cannot carry.", "Move this Python to a path without one.")

    assert expected == _refused(target._replace(prefix=prefix))


def test_path_with_a_separator(target: Target) -> None:
    """A path that would be two entries of PATH is refused."""
    prefix = f"/opt/a{os.pathsep}b"
    expected = (f"{prefix} holds a `{os.pathsep}`, which PATH cannot carry.", "Move this Python to a path without one.")

    assert expected == _refused(target._replace(prefix=prefix))


_NAME_IT = "Name the Python that uv would use there, or make a virtual environment of the one that you mean."


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
def test_interpreter_that_uv_would_not_find(tmp_path: Path, others: tuple[str, ...], found: str, *, windows: bool) -> None:
    """An interpreter that is not its prefix's own is refused, because uv goes by the prefix alone."""
    prefix = tmp_path / "usr"
    touch(tmp_path, "custom-python", *(f"usr/{name}" for name in others))
    place = str(tmp_path / "custom-python")
    message = f"{place} is installed in {prefix}, where uv would use {prefix / found if found else 'no interpreter'}."

    assert (message, _NAME_IT) == _refused(TARGET._replace(executable=place, prefix=str(prefix)), windows=windows)


@posix
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda other, own: other.symlink_to(own.name), id="link"),
        pytest.param(lambda other, own: shutil.copy(own, other), id="copy"),
    ],
)
def test_other_name_of_the_interpreter_that_uv_would_find(target: Target, make: Callable[[Path, Path], object]) -> None:
    """Another name of the very interpreter that uv would use is as good."""
    other = Path(target.prefix, "bin", "python3.12")
    make(other, Path(target.executable))
    checks.require(target._replace(executable=str(other)), step_inputs(), _nothing, windows=False)


def test_other_interpreter_beside_the_one_that_uv_would_find(target: Target) -> None:
    """Another interpreter in the same folder is not the one that uv would use."""
    other = write_program(Path(target.prefix, "bin", "python3.12"), "print('another one')")
    message = f"{other} is installed in {target.prefix}, where uv would use {target.executable}."

    assert (message, _NAME_IT) == _refused(target._replace(executable=str(other)))


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Give a folder that every user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _ask_as(uid: int, target: Target, **inputs: str) -> str:
    """Return what is said of `target` to the user `uid`, where the tests are root's, or else to whoever runs them."""
    asked = f"""
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
try:
    checks.require(Target(**target), Inputs(python="", python_source="", working_directory="", **inputs), str)
except ActionError as error:
    print(error.message, error.hint, sep="\\n")
"""
    command = [sys.executable, "-B", "-I", "-S", "-c", asked, json.dumps([target._asdict(), inputs])]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def _name(uid: int) -> str:
    import pwd

    return pwd.getpwuid(uid).pw_name


_OWN_IT = "Let the step's user own this Python, or set `python` to a virtual environment of theirs."


@posix
@pytest.mark.parametrize(
    ("made", "told"),
    [
        pytest.param("lib/site-packages", "lib/site-packages", id="site-packages"),
        pytest.param("lib", "lib", id="above-site-packages"),
        pytest.param("", "", id="prefix"),
    ],
)
def test_not_writable(reachable: Path, made: str, told: str) -> None:
    """A Python that the step's user may not write to is refused before anything is built for it, and its owner is named."""
    target = _installed(reachable / "python")
    folder = Path(target.prefix, made)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o555)
    said = _ask_as(_NOBODY, target)
    folder.chmod(0o755)
    who = _name(_NOBODY if os.geteuid() == 0 else os.geteuid())

    assert (
        f"The step may not write to {Path(target.prefix, told)}, which belongs to {_name(os.getuid())}; it runs as {who}.\n{_OWN_IT}\n"
        == said
    )


@posix
def test_scripts_that_are_not_writable(reachable: Path) -> None:
    """The folder that scripts go into has to be writable too."""
    target = _installed(reachable / "python")
    Path(target.site_packages[0]).mkdir(parents=True)
    for path in Path(target.prefix).rglob("*"):
        path.chmod(0o777)
    Path(target.scripts).chmod(0o555)
    said = _ask_as(_NOBODY, target)

    assert said.startswith(f"The step may not write to {target.scripts}, which belongs to {_name(os.getuid())}; ")


@posix
def test_check_of_what_is_not_writable(reachable: Path) -> None:
    """A check changes nothing, so it may look at a Python that it may not write to."""
    target = _installed(reachable / "python")
    Path(target.prefix).chmod(0o555)

    assert "" == _ask_as(_NOBODY, target, check="true")


@root
def test_unknown_users(reachable: Path) -> None:
    """Users that the system does not know, as in a container, are told by their numbers."""
    target = _installed(reachable / "python")
    os.chown(target.prefix, _UNKNOWN, -1)
    said = _ask_as(_UNKNOWN + 1, target)

    assert (
        f"The step may not write to {target.prefix}, which belongs to user {_UNKNOWN}; it runs as user {_UNKNOWN + 1}."
        == said.splitlines()[0]
    )

"""Values of `python` and `pythonLocation`: each real layout is either accepted as the intended Python or rejected."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import struct
import subprocess
import textwrap
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support import program
from tests.support.failures import assert_failed
from tests.support.layouts import (
    bound_by_permissions,
    install,
    older_than_supported,
    permissions_bind,
    virtual_environment,
)
from tests.support.projects import CAN_CHECK, Project, Wheel
from tests.support.step import Outcome, Runner
from tools.shared.pythons import Python, found
from tools.shared.uv import UV

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

Listing = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Site:
    """Where a layout is built: an installation `prefix` of `python`, and an empty `folder` next to it."""

    python: Python
    prefix: Path
    folder: Path

    @property
    def stdlib(self) -> Path:
        """The folder of the installation's standard library."""
        return self.prefix / "lib" / self.python.stdlib.name

    @property
    def site_packages(self) -> Path:
        """The folder where packages are installed."""
        return self.stdlib / "site-packages"


class Accepted(NamedTuple):
    """An input that names a Python, and the expected prefix."""

    python: str | Path
    environment: Path


class Rejected(NamedTuple):
    """An input that names no usable Python, the kind of error, and the values named in it."""

    python: str | Path
    slug: str
    values: tuple[object, ...] = ()


@pytest.fixture
def site(tmp_path: Path, python: Python, target: Path) -> Site:
    """A site with an installation made by setup-python."""
    (tmp_path / "elsewhere").mkdir()
    return Site(python, target, tmp_path / "elsewhere")


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that runs the step when the target cannot or must not run it."""
    return found()[-1].copy(tmp_path_factory.mktemp("starter") / "python")


@pytest.fixture
def other_ci(bare_ci: Runner, starter: Path) -> Runner:
    """A runner whose `python` is not the target."""
    bare_ci.search_path = f"{starter}/bin:{bare_ci.search_path}"
    return bare_ci


# Accepted.


def _in(prefix: Path, python: str | Path = "") -> Accepted:
    """Expect `python`, or the prefix itself, to name the Python in `prefix`."""
    return Accepted(python or prefix, prefix)


def _linked(link: Path, path: Path) -> Path:
    link.symlink_to(path)
    return link


def _shim(site: Site) -> Path:
    interpreter = shlex.quote(str(site.prefix / "bin" / "python3"))
    return program(site.folder / "shims" / "python3", "#!/bin/sh", f'exec {interpreter} "$@"')


def _framework(site: Site) -> Accepted:
    if site.python.implementation != "cpython":
        pytest.skip("only CPython has framework builds")
    versions = site.folder / "Versions" / site.python.minor
    versions.mkdir(parents=True)
    for name in ("bin", "lib"):
        (site.prefix / name).rename(versions / name)
        (site.prefix / name).symlink_to(versions / name)
    return _in(site.prefix)


def _files_instead_of_links(site: Site) -> Accepted:
    for name in ("python", "python3"):
        (site.prefix / "bin" / name).unlink()
        os.link(site.prefix / "bin" / site.python.program, site.prefix / "bin" / name)
    return _in(site.prefix)


def _venv(site: Site, *options: str) -> Path:
    return virtual_environment(site.prefix, site.folder / "venv", *options)


def _venv_of_uv(site: Site) -> Path:
    subprocess.run([UV, "venv", "--quiet", "--python", site.prefix / "bin" / "python3", site.folder / "venv"], check=True)
    return site.folder / "venv"


def _venv_of_a_managed_python(site: Site) -> Accepted:
    (site.stdlib / "EXTERNALLY-MANAGED").touch()
    return _in(_venv(site))


_ACCEPTED: dict[str, dict[str, Callable[[Site], Accepted]]] = {
    "a prefix such as /usr/local": {
        "prefix": lambda site: _in(site.prefix),
        "prefix with a slash": lambda site: _in(site.prefix, f"{site.prefix}/"),
        "prefix among blanks": lambda site: _in(site.prefix, f"  {site.prefix}\n"),
        "prefix with dots": lambda site: _in(site.prefix, f"{site.prefix}/lib/..//./"),
        "python": lambda site: _in(site.prefix, site.prefix / "bin" / "python"),
        "python3": lambda site: _in(site.prefix, site.prefix / "bin" / "python3"),
        "python with its minor version": lambda site: _in(site.prefix, site.prefix / "bin" / site.python.program),
        "relative path": lambda site: _in(site.prefix, os.path.relpath(site.prefix, site.prefix.parents[3] / "checkout")),
        "files instead of links": _files_instead_of_links,
    },
    "a linked prefix": {
        "link to the prefix": lambda site: _in(_linked(site.folder / "current", site.prefix)),
        "link to the interpreter": lambda site: _in(site.prefix, _link_to_the_interpreter(site)),
        "link with another name": lambda site: _in(site.prefix, _linked(site.folder / "my-python", site.prefix / "bin" / "python3")),
    },
    "a framework build, whose folders are links": {"framework": _framework},
    "the shim of a version manager": {"shim": lambda site: _in(site.prefix, _shim(site))},
    "a prefix with spaces and letters of any script": {
        "odd letters": lambda site: _in(site.python.copy(site.folder / "Łódź's 東京 $HOME `x` [*]"))
    },
    "a virtual environment": {
        "venv": lambda site: _in(_venv(site)),
        "venv with copies": lambda site: _in(_venv(site, "--copies")),
        "python of a venv": lambda site: _in(_venv(site), site.folder / "venv" / "bin" / "python"),
        "python of a venv with copies": lambda site: _in(
            _venv(site, "--copies"), site.folder / "venv" / "bin" / f"python{site.python.minor}"
        ),
        "link to a venv": lambda site: _in(_linked(site.folder / "current", _venv(site))),
        "venv of a linked prefix": lambda site: _in(
            virtual_environment(_linked(site.folder / "current", site.prefix), site.folder / "venv")
        ),
        "venv of a managed Python": _venv_of_a_managed_python,
    },
    "a virtual environment with system packages": {"venv with system packages": lambda site: _in(_venv(site, "--system-site-packages"))},
    "a virtual environment that uv made": {
        "venv of uv": lambda site: _in(_venv_of_uv(site)),
        "python of a venv of uv": lambda site: _in(_venv_of_uv(site), site.folder / "venv" / "bin" / "python3"),
    },
    "setup-python's tool cache": {"prefix": lambda site: _in(site.prefix), "files instead of links": _files_instead_of_links},
}


def _link_to_the_interpreter(site: Site) -> Path:
    return _linked(site.folder / "python3", site.prefix / "bin" / site.python.program)


def _layouts(names: Mapping[str, Collection[str]]) -> list[ParameterSet]:
    """Return the layouts in `_ACCEPTED` whose keys are in `names` as parameters, with the values of `names` as their IDs."""
    return [
        pytest.param(layout, marks=pytest.mark.layout(name), id=title)
        for name, titles in names.items()
        for title, layout in _ACCEPTED[name].items()
        if title in titles
    ]


def synced(ci: Runner, outcome: Outcome) -> tuple[str, str]:
    """Return the prefix in the step's outputs, and the prefix of `python` in the next step."""
    assert 0 == outcome.returncode, outcome.log
    return outcome.outputs["environment"], ci.next_step(outcome, "python", "-c", "import sys, alpha; print(sys.prefix)").strip()


@pytest.mark.parametrize("layout", _layouts({name: titles for name, titles in _ACCEPTED.items() if name != "setup-python's tool cache"}))
def test_a_python_that_the_input_names_is_synced_and_is_that_of_the_next_step(
    other_ci: Runner, site: Site, layout: Callable[[Site], Accepted]
) -> None:
    accepted = layout(site)

    outcome = other_ci.sync(python=str(accepted.python))

    assert (str(accepted.environment), str(accepted.environment)) == synced(other_ci, outcome)


@pytest.mark.parametrize(
    "layout",
    _layouts(
        {
            "a framework build, whose folders are links": {"framework"},
            "setup-python's tool cache": {"prefix", "files instead of links"},
            "a virtual environment": {"venv with copies"},
            "a virtual environment that uv made": {"venv of uv"},
        }
    ),
)
def test_a_python_that_pythonlocation_names_runs_the_step_and_is_synced(
    bare_ci: Runner, site: Site, layout: Callable[[Site], Accepted]
) -> None:
    accepted = layout(site)
    bare_ci.setup_python(accepted.environment)

    outcome = bare_ci.sync()

    assert (str(accepted.environment), str(accepted.environment)) == synced(bare_ci, outcome)


@pytest.mark.layout("a prefix such as /usr/local")
@pytest.mark.parametrize("python", found(), ids=lambda python: python.minor)
def test_every_supported_version_is_synced_by_its_prefix(other_ci: Runner, python: Python, target: Path) -> None:
    outcome = other_ci.sync(python=str(target))

    assert (str(target), str(target)) == synced(other_ci, outcome)
    assert python.version == outcome.outputs["python-version"]


def test_the_folder_of_a_link_to_the_interpreter_is_not_put_on_path(other_ci: Runner, site: Site) -> None:
    """The folder contains other programs."""
    outcome = other_ci.sync(python=str(_link_to_the_interpreter(site)))

    assert [f"{site.prefix}/bin"] == outcome.paths


# Rejected.


def _not_found(path: str | Path, *values: object) -> Rejected:
    return Rejected(path, "python-not-found", (path, *values))


def _unsuitable(path: str | Path, *values: object) -> Rejected:
    return Rejected(path, "python-unsuitable", (path, *values))


def _part(prefix: Path, part: str) -> Rejected:
    """Return the rejection of a `part` of an installation; the error names the installation."""
    (prefix / part).mkdir(parents=True, exist_ok=True)
    return _not_found(f"{prefix}/{part}", f"`{prefix}`")


def _program(site: Site, *lines: str) -> Path:
    return program(site.folder / "python3", *lines)


def _folder_of_texts(site: Site) -> Rejected:
    (site.folder / "bin").mkdir()
    for name in ("README.md", "python.txt", "bin/python3"):
        (site.folder / name).write_text("No Python.\n", encoding="utf-8")
    return _not_found(site.folder)


def _text_file(site: Site) -> Rejected:
    text = site.folder / "python3"
    text.write_text("No Python.\n", encoding="utf-8")
    return _unsuitable(text, "Permission denied")


def _missing_library(site: Site) -> Rejected:
    other = site.folder / "python3"
    output = f"{other}: error while loading shared libraries: libpython3.12.so.1.0: cannot open shared object file"
    program(other, "#!/bin/sh", f"echo {shlex.quote(output)} >&2", "exit 127")
    return _unsuitable(other, 127, output)


def _another_architecture(site: Site) -> Rejected:
    binary = program(site.folder / "python3")
    # An ELF header with a machine type that does not exist.
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    binary.write_bytes(ident + struct.pack("<HHIQQQIHHHHHH", 2, 0xFEED, 1, 0x400000, 64, 0, 0, 64, 56, 0, 64, 0, 0))
    return _unsuitable(binary, "Exec format error")


def _another_c_library(site: Site) -> Rejected:
    binary = site.prefix / "bin" / site.python.program
    content, count = re.subn(rb"(/lib\w*/ld)-[^\0]+", lambda match: match[1].ljust(len(match[0]), b"x"), binary.read_bytes(), count=1)
    if not count:
        pytest.skip("the Pythons here are linked statically")
    binary.write_bytes(content)
    return _unsuitable(site.prefix, site.prefix / "bin" / "python3", "its C library")


def _dangling_link(site: Site) -> Rejected:
    link, gone = site.folder / "python3", site.folder / "gone" / "python3"
    link.symlink_to(gone)
    return _unsuitable(link, gone)


def _venv_without_its_python(site: Site) -> Rejected:
    base = site.python.copy(site.folder / "base")
    environment = virtual_environment(base, site.folder / "venv")
    shutil.rmtree(base)
    return _unsuitable(environment, environment / "bin" / "python3", base / "bin" / "python3")


def _another_interpreter_of_the_prefix(site: Site) -> Rejected:
    oldest, minor = found()[0], site.python.minor
    if oldest.minor == minor:
        pytest.skip("needs another Python to share the prefix with")
    both = oldest.copy(site.folder / "both")
    site.python.copy(site.folder / "other")
    shutil.copytree(site.folder / "other" / "lib", both / "lib", symlinks=True, dirs_exist_ok=True)
    named = both / "bin" / site.python.program
    shutil.copy2(site.folder / "other" / "bin" / site.python.program, named)
    return _unsuitable(named, both, f"{both}/bin/python3.")


def _prefix_without_python(site: Site) -> Rejected:
    (site.prefix / "bin" / "python").unlink()
    # The starter's Python is first on PATH.
    return _unsuitable(site.prefix, "<starter>/bin/python,", f"{site.prefix}/bin/python3", f"{site.prefix}/bin/python ")


def _prefix_with_another_python(site: Site) -> Rejected:
    python = site.prefix / "bin" / "python"
    python.unlink()
    program(python, "#!/bin/sh", "exit 0")
    return _unsuitable(site.prefix, f"{python},", f"{site.prefix}/bin/python3")


def _managed(site: Site, declaration: str, *explanation: str) -> Rejected:
    file = site.stdlib / "EXTERNALLY-MANAGED"
    file.write_text(declaration, encoding="utf-8")
    return _unsuitable(site.prefix, f"{site.prefix}/bin/python3", file, *explanation, "`allow-externally-managed: true`")


def _managed_by_a_distribution(site: Site) -> Rejected:
    declaration = """\
        [externally-managed]
        Error=To install Python packages system-wide, try apt install
         python3-xyz, where xyz is the package you are trying to
         install.

         See /usr/share/doc/python3.11/README.venv for more information.
        """
    explanation = (
        "To install Python packages system-wide, try apt install python3-xyz, where xyz is the package you are trying to install."
        " See /usr/share/doc/python3.11/README.venv for more information."
    )
    return _managed(site, textwrap.dedent(declaration), explanation)


def _managed_by_uv(site: Site) -> Rejected:
    explanation = "This Python installation is managed by uv and should not be modified."
    return _managed(site, f"[externally-managed]\nError={explanation}\n", explanation)


def _declaration_with_signs_of_its_format(site: Site) -> Rejected:
    explanation = "100 % managed, by %(nobody)s and {nobody}."
    return _managed(site, f"[externally-managed]\nError-de=Finger weg.\nError={explanation}\n", explanation)


_REJECTED: dict[str, Callable[[Site], Rejected]] = {
    "nothing": lambda _: Rejected("", "python-not-found", ("pythonLocation",)),
    "blanks": lambda _: Rejected(" \t\n ", "python-not-found", ("pythonLocation",)),
    "missing path": lambda site: _not_found(site.folder / "python3"),
    "path with a missing parent": lambda site: _not_found(site.folder / "not" / "there" / "bin" / "python3"),
    # PATH does not decide where to install.
    "name that is not on PATH": lambda _: _not_found("python3.99"),
    "path below a file": lambda site: _not_found(site.prefix / "bin" / "python3" / "bin"),
    "bin": lambda site: _part(site.prefix, "bin"),
    "bin with a slash": lambda site: _part(site.prefix, "bin/"),
    "lib": lambda site: _part(site.prefix, "lib"),
    "standard library": lambda site: _part(site.prefix, f"lib/{site.stdlib.name}"),
    "site-packages": lambda site: _part(site.prefix, f"lib/{site.stdlib.name}/site-packages"),
    "package": lambda site: _part(site.prefix, f"lib/{site.stdlib.name}/site-packages/package"),
    "include": lambda site: _part(site.prefix, "include"),
    "bin of a venv": lambda site: _part(_venv(site), "bin"),
    "folder of prefixes": lambda site: _not_found(site.prefix.parents[1]),
    "empty folder": lambda site: _not_found(site.folder),
    "folder of texts": _folder_of_texts,
    "checkout": lambda site: _not_found(site.folder.parent / "checkout"),
    "text file": _text_file,
    "text file that may be started": lambda site: _unsuitable(_program(site, "No Python."), "Exec format error"),
    "program that prints a text": lambda site: _unsuitable(_program(site, "#!/bin/sh", "echo 'I am a teapot.'"), 0, "I am a teapot."),
    "program that prints JSON": lambda site: _unsuitable(_program(site, "#!/bin/sh", """echo '{"version": "1"}'"""), 0, '{"version": "1"}'),
    "program that fails": lambda site: _unsuitable(_program(site, "#!/bin/sh", "exit 3"), 3),
    "missing library": _missing_library,
    "script without its interpreter": lambda site: _unsuitable(_program(site, f"#!{site.folder}/gone/sh"), "its first line"),
    "another architecture": _another_architecture,
    "another C library": _another_c_library,
    "dangling link": _dangling_link,
    "venv without its Python": _venv_without_its_python,
    "another interpreter of the prefix": _another_interpreter_of_the_prefix,
    "prefix without python": _prefix_without_python,
    "prefix with another python": _prefix_with_another_python,
    "prefix with a colon": lambda site: _unsuitable(site.python.copy(site.folder / "C:" / "Python"), f"`{os.pathsep}`"),
    "managed by a distribution": _managed_by_a_distribution,
    "managed by uv": _managed_by_uv,
    "declaration with signs of its format": _declaration_with_signs_of_its_format,
    "empty declaration": lambda site: _managed(site, ""),
    "declaration that is no INI file": lambda site: _managed(site, "Keep out!\n"),
}


@pytest.fixture
def files(site: Site, project: Project, starter: Path, listing: Callable[[Path], Listing]) -> Callable[[], dict[str, Listing]]:
    """A function that lists every file of the site, the project and the Python that runs the step."""
    return lambda: {str(folder): listing(folder) for folder in (site.folder, site.prefix.parents[2], project.folder, starter)}


@pytest.mark.parametrize("layout", _REJECTED.values(), ids=_REJECTED)
def test_what_is_no_python_to_sync_into_is_rejected_and_unchanged(
    other_ci: Runner, site: Site, starter: Path, layout: Callable[[Site], Rejected], files: Callable[[], dict[str, Listing]]
) -> None:
    rejected = layout(site)
    before = files()

    outcome = other_ci.sync(python=str(rejected.python))

    values = [str(value).replace("<starter>", str(starter)) for value in rejected.values]
    assert_failed(outcome, rejected.slug, *values)
    assert before == files()


@pytest.mark.parametrize("part", ["bin", "gone"])
def test_a_wrong_python_location_is_the_source_that_the_error_names(
    other_ci: Runner, site: Site, part: str, files: Callable[[], dict[str, Listing]]
) -> None:
    other_ci.environ["pythonLocation"] = f"{site.prefix}/{part}"
    before = files()

    outcome = other_ci.sync()

    assert_failed(outcome, "python-not-found", "`pythonLocation`", f"{site.prefix}/{part},")
    assert before == files()


def test_an_exact_sync_does_not_remove_packages_of_the_system(
    other_ci: Runner, site: Site, files: Callable[[], dict[str, Listing]]
) -> None:
    """Arch, Alpine and Homebrew install their packages in the same folder as everyone else's."""
    declaration = site.stdlib / "EXTERNALLY-MANAGED"
    declaration.write_text("[externally-managed]\nError=Use pacman.\n", encoding="utf-8")
    install(Wheel("of-the-system", "1.0"), site.site_packages)
    before = files()

    exact = other_ci.sync(python=str(site.prefix), allow_externally_managed="true")

    assert_failed(exact, "python-unsuitable", f"{site.prefix}/bin/python3", declaration, "of-the-system 1.0", "`inexact: true`")
    assert before == files()

    inexact = other_ci.sync(python=str(site.prefix), allow_externally_managed="true", inexact="true")

    assert (str(site.prefix), str(site.prefix)) == synced(other_ci, inexact)
    assert "of-the-system 1.0" in inexact.log


def _as_on_debian_11(site: Site) -> str:
    """Change the standard library to match Debian before Python 3.10, where sysconfig ignores the layout; return the packages folder."""
    folder = f"local/lib/python{site.python.minor}/dist-packages"
    site_py = f'def getsitepackages(prefixes=None):\n    return [os.path.join(sys.prefix, "{folder}")]\n\n\ndef addsitepackages('
    scheme = {"purelib": f"$base/{folder}", "platlib": f"$base/{folder}", "scripts": "$base/local/bin"}
    for file, old, new in (
        ("site.py", "def addsitepackages(", site_py),
        ("distutils/command/install.py", "class install(", f'INSTALL_SCHEMES["unix_prefix"].update({scheme})\n\n\nclass install('),
    ):
        path = site.stdlib / file
        text = path.read_text(encoding="utf-8")
        # All copies share this file.
        path.unlink()
        path.write_text(text.replace(f"\n{old}", f"\n{new}", 1), encoding="utf-8")
    return f"{site.prefix}/{folder}"


@pytest.mark.layout("Debian's own Python before 3.10")
@pytest.mark.parametrize("python", [python for python in found() if python.minor in ("3.8", "3.9")], ids=lambda python: python.minor)
def test_before_3_10_packages_go_where_the_distributions_distutils_has_them(other_ci: Runner, site: Site) -> None:
    folder = _as_on_debian_11(site)

    # An older uv would look for build requirements in its environment; Debian's distutils has an exception for that, this copy does not.
    outcome = other_ci.sync(python=str(site.prefix), no_install_project="true")

    assert (str(site.prefix), str(site.prefix)) == synced(other_ci, outcome)
    assert f"{folder}/alpha.py\n" == other_ci.next_step(outcome, "python", "-c", "import alpha; print(alpha.__file__)")
    assert [f"{site.prefix}/bin", f"{site.prefix}/local/bin"] == outcome.paths
    assert "alpha 1.0\n" == other_ci.next_step(outcome, "alpha")


needs_an_old_python = pytest.mark.skipif(older_than_supported() is None, reason="needs a CPython 3.6 or 3.7")


@pytest.fixture
def old(tmp_path: Path) -> tuple[str, Path]:
    """The version and the prefix of a CPython that is too old."""
    python = older_than_supported()
    assert python is not None
    return python.version, python.copy(tmp_path / "old")


@needs_an_old_python
@pytest.mark.parametrize("name", ["", "bin/python3"])
def test_a_python_before_3_8_is_rejected_with_its_version(
    other_ci: Runner, old: tuple[str, Path], name: str, listing: Callable[[Path], Listing]
) -> None:
    version, prefix = old
    before = listing(prefix)

    assert_failed(other_ci.sync(python=str(prefix / name)), "python-unsuitable", f"{prefix}/bin/python3", version, "3.8")
    assert before == listing(prefix)


@needs_an_old_python
def test_a_python_before_3_8_that_runs_the_step_prints_an_error(
    bare_ci: Runner, old: tuple[str, Path], listing: Callable[[Path], Listing]
) -> None:
    """It cannot parse newer syntax and would print a traceback."""
    version, prefix = old
    before = listing(prefix)

    outcome = bare_ci.setup_python(prefix).sync()

    assert_failed(outcome, "python-unsuitable", f"{prefix}/bin/python)", version.rpartition(".")[0], "3.8")
    assert before == listing(prefix)


needs_permissions = pytest.mark.skipif(not permissions_bind(), reason="root ignores permissions, and there is no setpriv to change that")


@needs_permissions
@pytest.mark.parametrize(
    "folder", [pytest.param("lib/{}/site-packages", id="site-packages"), pytest.param("bin", id="the folder of scripts")]
)
def test_a_folder_that_is_read_only_is_an_error_with_its_owner(
    other_ci: Runner, site: Site, starter: Path, folder: str, files: Callable[[], dict[str, Listing]]
) -> None:
    path = site.prefix / folder.format(site.stdlib.name)
    path.chmod(0o555)
    before = files()

    outcome = bound_by_permissions(other_ci, starter).sync(python=str(site.prefix))

    assert_failed(outcome, "python-unsuitable", f"{path} ", f" {path.owner()}")
    assert before == files()


@CAN_CHECK
@needs_permissions
def test_a_check_needs_no_permission_to_write(other_ci: Runner, site: Site, starter: Path) -> None:
    other_ci.sync(python=str(site.prefix))
    for folder in (site.site_packages, site.prefix / "bin"):
        folder.chmod(0o555)

    outcome = bound_by_permissions(other_ci, starter).sync(python=str(site.prefix), check="true")

    assert 0 == outcome.returncode, outcome.log


@needs_permissions
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_prefix_of_another_user_is_an_error_with_both_users(
    other_ci: Runner, site: Site, starter: Path, files: Callable[[], dict[str, Listing]]
) -> None:
    """A user without a name is shown by number."""
    subprocess.run(["chown", "--recursive", "54321", site.prefix], check=True)
    before = files()

    outcome = bound_by_permissions(other_ci, starter).sync(python=str(site.prefix))

    assert_failed(outcome, "python-unsuitable", site.site_packages, "user 54321", " root")
    assert before == files()

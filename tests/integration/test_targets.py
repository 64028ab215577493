"""What `python` and `pythonLocation` may be: layouts built for real, each accepted as the Python that was meant, or refused untouched."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import struct
import subprocess
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support import program
from tests.support.layouts import (
    bound_by_permissions,
    install,
    laid_out,
    older_than_supported,
    permissions_bind,
    spelled,
    virtual_environment,
)
from tests.support.projects import CAN_CHECK, Project, Wheel
from tests.support.step import Outcome, Runner
from tools.shared.pythons import Python, found
from tools.shared.uv import UV

Listing = dict[str, tuple[int, int]]

_FIND = "Name an interpreter, or the folder above its `bin`; in a container, as the container sees it."
_NAME = "Name the interpreter itself, or the prefix that it is installed in (`python -c 'import sys; print(sys.prefix)'`)."
_RUNS = "Name a Python that runs on this machine; `<interpreter> -c 'import sys; print(sys.prefix)'` has to work in a step."
_ANEW = "Make the environment anew with a Python that is there, or name that Python itself."
_UV_WOULD = "Name the Python that uv would use there, or make a virtual environment of the one that you mean."
_NEWER = "Set `python-version` of actions/setup-python to a newer one, or leave this one out of the matrix."
_MANAGED = (
    "Use actions/setup-python, set `python` to a virtual environment or,"
    " where breaking what manages it does not matter, set `allow-externally-managed: true`."
)
_UNSET = (
    "`pythonLocation` is not set and the input `python` is empty, so there is no Python to install into.\n"
    "Run actions/setup-python before this step or, with `update-environment: false` or in a container,"
    " set `python` to an interpreter or a prefix such as /usr/local."
)


@dataclass(frozen=True)
class Site:
    """Where a layout is built: an installation `prefix` of `python`, and an empty `folder` beside it."""

    python: Python
    prefix: Path
    folder: Path

    @property
    def stdlib(self) -> Path:
        """The folder of the installation's standard library."""
        return self.prefix / "lib" / f"python{self.python.minor}"

    @property
    def site_packages(self) -> Path:
        """The folder that packages go into."""
        return self.stdlib / "site-packages"


@dataclass(frozen=True)
class Accepted:
    """What names a Python, and the prefix that is meant."""

    python: str | Path
    environment: Path


@dataclass(frozen=True)
class Refused:
    """What does not name a Python to sync into, and the error's title and whole text."""

    python: str | Path
    title: str
    text: str


@pytest.fixture
def site(tmp_path: Path, python: Python, target: Path) -> Site:
    """A site with the installation that setup-python has made."""
    (tmp_path / "elsewhere").mkdir()
    return Site(python, target, tmp_path / "elsewhere")


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that runs the step when the target cannot, or is not to."""
    return found()[-1].copy(tmp_path_factory.mktemp("starter") / "python")


@pytest.fixture
def other_ci(bare_ci: Runner, starter: Path) -> Runner:
    """A runner whose `python` is another one than the target."""
    bare_ci.search_path = f"{starter}/bin:{bare_ci.search_path}"
    return bare_ci


# What is accepted.


def _the_prefix(site: Site) -> Accepted:
    return Accepted(site.prefix, site.prefix)


def _the_prefix_with_a_slash(site: Site) -> Accepted:
    return Accepted(f"{site.prefix}/", site.prefix)


def _the_prefix_among_blanks(site: Site) -> Accepted:
    return Accepted(f"  {site.prefix}\n", site.prefix)


def _the_prefix_by_a_crooked_path(site: Site) -> Accepted:
    return Accepted(f"{site.prefix}/lib/..//./", site.prefix)


def _the_interpreter_python(site: Site) -> Accepted:
    return Accepted(site.prefix / "bin" / "python", site.prefix)


def _the_interpreter_python3(site: Site) -> Accepted:
    return Accepted(site.prefix / "bin" / "python3", site.prefix)


def _the_interpreter_with_its_minor_version(site: Site) -> Accepted:
    return Accepted(site.prefix / "bin" / f"python{site.python.minor}", site.prefix)


def _a_relative_path(site: Site) -> Accepted:
    return Accepted(os.path.relpath(site.prefix, site.prefix.parents[3] / "checkout"), site.prefix)


def _a_linked_prefix(site: Site) -> Accepted:
    (site.folder / "current").symlink_to(site.prefix)
    return Accepted(site.folder / "current", site.folder / "current")


def _a_linked_interpreter_elsewhere(site: Site) -> Accepted:
    (site.folder / "python3").symlink_to(site.prefix / "bin" / f"python{site.python.minor}")
    return Accepted(site.folder / "python3", site.prefix)


def _a_linked_interpreter_with_another_name(site: Site) -> Accepted:
    (site.folder / "my-python").symlink_to(site.prefix / "bin" / "python3")
    return Accepted(site.folder / "my-python", site.prefix)


def _a_shim_of_a_version_manager(site: Site) -> Accepted:
    interpreter = shlex.quote(str(site.prefix / "bin" / "python3"))
    return Accepted(program(site.folder / "shims" / "python3", "#!/bin/sh", f'exec {interpreter} "$@"'), site.prefix)


def _spaces_and_letters_of_any_script(site: Site) -> Accepted:
    prefix = site.python.copy(site.folder / "Łódź's 東京 $HOME `x` [*]")
    return Accepted(prefix, prefix)


def _a_framework_whose_folders_are_links(site: Site) -> Accepted:
    versions = site.folder / "Versions" / site.python.minor
    versions.mkdir(parents=True)
    for name in ("bin", "lib"):
        (site.prefix / name).rename(versions / name)
        (site.prefix / name).symlink_to(versions / name)
    return Accepted(site.prefix, site.prefix)


def _an_interpreter_that_is_a_file_of_its_own(site: Site) -> Accepted:
    for name in ("python", "python3"):
        (site.prefix / "bin" / name).unlink()
        os.link(site.prefix / "bin" / f"python{site.python.minor}", site.prefix / "bin" / name)
    return Accepted(site.prefix, site.prefix)


def _a_virtual_environment_with_links(site: Site) -> Accepted:
    environment = virtual_environment(site.prefix, site.folder / "venv")
    return Accepted(environment, environment)


def _a_virtual_environment_with_copies(site: Site) -> Accepted:
    environment = virtual_environment(site.prefix, site.folder / "venv", "--copies")
    return Accepted(environment, environment)


def _a_virtual_environment_by_its_python(site: Site) -> Accepted:
    environment = virtual_environment(site.prefix, site.folder / "venv")
    return Accepted(environment / "bin" / "python", environment)


def _a_virtual_environment_by_its_python_with_copies(site: Site) -> Accepted:
    environment = virtual_environment(site.prefix, site.folder / "venv", "--copies")
    return Accepted(environment / "bin" / f"python{site.python.minor}", environment)


def _a_virtual_environment_with_system_site_packages(site: Site) -> Accepted:
    environment = virtual_environment(site.prefix, site.folder / "venv", "--system-site-packages")
    return Accepted(environment, environment)


def _a_linked_virtual_environment(site: Site) -> Accepted:
    virtual_environment(site.prefix, site.folder / "venv")
    (site.folder / "current").symlink_to(site.folder / "venv")
    return Accepted(site.folder / "current", site.folder / "current")


def _a_virtual_environment_of_a_linked_prefix(site: Site) -> Accepted:
    (site.folder / "current").symlink_to(site.prefix)
    environment = virtual_environment(site.folder / "current", site.folder / "venv")
    return Accepted(environment, environment)


def _a_virtual_environment_that_uv_made(site: Site) -> Accepted:
    subprocess.run([UV, "venv", "--quiet", "--python", site.prefix / "bin" / "python3", site.folder / "venv"], check=True)
    return Accepted(site.folder / "venv", site.folder / "venv")


def _a_virtual_environment_that_uv_made_by_its_python(site: Site) -> Accepted:
    environment = _a_virtual_environment_that_uv_made(site).environment
    return Accepted(environment / "bin" / "python3", environment)


def _a_virtual_environment_of_a_marked_python(site: Site) -> Accepted:
    (site.stdlib / "EXTERNALLY-MANAGED").touch()
    return _a_virtual_environment_with_links(site)


ACCEPTED = (
    *laid_out(
        "a prefix such as /usr/local",
        _the_prefix,
        _the_prefix_with_a_slash,
        _the_prefix_among_blanks,
        _the_prefix_by_a_crooked_path,
        _the_interpreter_python,
        _the_interpreter_python3,
        _the_interpreter_with_its_minor_version,
        _a_relative_path,
        _an_interpreter_that_is_a_file_of_its_own,
    ),
    *laid_out(
        "a linked prefix",
        _a_linked_prefix,
        _a_linked_interpreter_elsewhere,
        _a_linked_interpreter_with_another_name,
    ),
    *laid_out("a framework build, whose folders are links", _a_framework_whose_folders_are_links),
    *laid_out("the shim of a version manager", _a_shim_of_a_version_manager),
    *laid_out("a prefix with spaces and letters of any script", _spaces_and_letters_of_any_script),
    *laid_out(
        "a virtual environment",
        _a_virtual_environment_with_links,
        _a_virtual_environment_with_copies,
        _a_virtual_environment_by_its_python,
        _a_virtual_environment_by_its_python_with_copies,
        _a_linked_virtual_environment,
        _a_virtual_environment_of_a_linked_prefix,
        _a_virtual_environment_of_a_marked_python,
    ),
    *laid_out("a virtual environment with system packages", _a_virtual_environment_with_system_site_packages),
    *laid_out("a virtual environment that uv made", _a_virtual_environment_that_uv_made, _a_virtual_environment_that_uv_made_by_its_python),
)


def meant(ci: Runner, outcome: Outcome) -> tuple[str, str]:
    """Return the prefix that the step says it has synced, and the one of `python` in the next step."""
    assert 0 == outcome.returncode, outcome.log
    return outcome.outputs["environment"], ci.next_step(outcome, "python", "-c", "import sys, alpha; print(sys.prefix)").strip()


@pytest.mark.parametrize("layout", ACCEPTED)
def test_a_python_that_is_named(other_ci: Runner, site: Site, layout: Callable[[Site], Accepted]) -> None:
    """`python` may name a Python in any of these ways, and the next step's `python` is that one."""
    accepted = layout(site)

    outcome = other_ci.sync(python=str(accepted.python))

    assert (str(accepted.environment), str(accepted.environment)) == meant(other_ci, outcome)


@pytest.mark.parametrize(
    "layout",
    [
        *laid_out("a framework build, whose folders are links", _a_framework_whose_folders_are_links),
        *laid_out("setup-python's tool cache", _the_prefix, _an_interpreter_that_is_a_file_of_its_own),
        *laid_out("a virtual environment", _a_virtual_environment_with_copies),
        *laid_out("a virtual environment that uv made", _a_virtual_environment_that_uv_made),
    ],
)
def test_a_python_that_runs_the_step(bare_ci: Runner, site: Site, layout: Callable[[Site], Accepted]) -> None:
    """`pythonLocation` may be any of these, and the Python there runs the step itself."""
    accepted = layout(site)
    bare_ci.setup_python(accepted.environment)

    outcome = bare_ci.sync()

    assert (str(accepted.environment), str(accepted.environment)) == meant(bare_ci, outcome)


@pytest.mark.layout("a prefix such as /usr/local")
@pytest.mark.parametrize("python", found(), ids=lambda python: python.minor)
def test_every_python_by_its_prefix(other_ci: Runner, python: Python, target: Path) -> None:
    """Every minor version of CPython that is supported can be named, whichever runs the step."""
    outcome = other_ci.sync(python=str(target))

    assert (str(target), str(target)) == meant(other_ci, outcome)
    assert python.version == outcome.outputs["python-version"]


def test_a_folder_with_a_link_is_not_put_on_path(other_ci: Runner, site: Site) -> None:
    """Later steps get the prefix's programs, and not those that happen to lie beside a link to its interpreter."""
    outcome = other_ci.sync(python=str(_a_linked_interpreter_elsewhere(site).python))

    assert [f"{site.prefix}/bin"] == outcome.paths


# What is refused.


def _nothing(_: Site) -> Refused:
    return Refused("", "python-not-found", _UNSET)


def _blanks(_: Site) -> Refused:
    return Refused(" \t\n ", "python-not-found", _UNSET)


def _a_missing_path(site: Site) -> Refused:
    path = site.folder / "python3"
    return Refused(path, "python-not-found", f"`python` is {path}, which does not exist.\n{_FIND}")


def _a_path_with_a_missing_parent(site: Site) -> Refused:
    path = site.folder / "not" / "there" / "bin" / "python3"
    return Refused(path, "python-not-found", f"`python` is {path}, which does not exist.\n{_FIND}")


def _a_command(_: Site) -> Refused:
    return Refused("python3", "python-not-found", f"`python` is python3, which does not exist.\n{_FIND}")


def _a_path_below_a_file(site: Site) -> Refused:
    path = site.prefix / "bin" / "python3" / "bin"
    return Refused(path, "python-not-found", f"`python` is {path}, which does not exist.\n{_FIND}")


def _part(site: Site, part: str) -> Refused:
    """Return the refusal of a `part` of the installation, which names the installation."""
    path = f"{site.prefix}/{part}"
    return Refused(
        path, "python-not-found", f"`python` is {path}, which is a folder without a Python of its own.\nDid you mean `{site.prefix}`?"
    )


def _the_folder_bin(site: Site) -> Refused:
    return _part(site, "bin")


def _the_folder_bin_with_a_slash(site: Site) -> Refused:
    return _part(site, "bin/")


def _the_folder_lib(site: Site) -> Refused:
    return _part(site, "lib")


def _the_standard_library(site: Site) -> Refused:
    return _part(site, f"lib/python{site.python.minor}")


def _the_folder_site_packages(site: Site) -> Refused:
    return _part(site, f"lib/python{site.python.minor}/site-packages")


def _a_package(site: Site) -> Refused:
    (site.site_packages / "package").mkdir()
    return _part(site, f"lib/python{site.python.minor}/site-packages/package")


def _the_folder_include(site: Site) -> Refused:
    (site.prefix / "include" / f"python{site.python.minor}").mkdir(parents=True)
    return _part(site, "include")


def _the_folder_bin_of_a_virtual_environment(site: Site) -> Refused:
    environment = virtual_environment(site.prefix, site.folder / "venv")
    return _part(replace(site, prefix=environment), "bin")


def _a_folder_of_several_prefixes(site: Site) -> Refused:
    tool = site.prefix.parents[1]
    another = site.python.copy(tool / "3.99.0" / "x64")
    text = f"`python` is {tool}, which is a folder without a Python of its own.\nIt holds several; name one of them: "
    return Refused(tool, "python-not-found", f"{text}`{site.prefix}`, `{another}`.")


def _a_folder_of_one_prefix(site: Site) -> Refused:
    tool = site.prefix.parents[1]
    text = f"`python` is {tool}, which is a folder without a Python of its own.\nDid you mean `{site.prefix}`?"
    return Refused(tool, "python-not-found", text)


def _a_folder_right_above_one_prefix(site: Site) -> Refused:
    version = site.prefix.parent
    text = f"`python` is {version}, which is a folder without a Python of its own.\nDid you mean `{site.prefix}`?"
    return Refused(version, "python-not-found", text)


def _an_empty_folder(site: Site) -> Refused:
    return Refused(site.folder, "python-not-found", f"`python` is {site.folder}, which is a folder without a Python of its own.\n{_NAME}")


def _a_folder_of_texts(site: Site) -> Refused:
    (site.folder / "bin").mkdir()
    for name in ("README.md", "python.txt", "bin/python3"):
        (site.folder / name).write_text("No Python.\n", encoding="utf-8")
    return _an_empty_folder(site)


def _the_checkout(site: Site) -> Refused:
    checkout = site.folder.parent / "checkout"
    return Refused(checkout, "python-not-found", f"`python` is {checkout}, which is a folder without a Python of its own.\n{_NAME}")


def _a_text_file(site: Site) -> Refused:
    text = site.folder / "python3"
    text.write_text("No Python.\n", encoding="utf-8")
    return Refused(text, "python-unsuitable", f"{text} does not start: Permission denied.\n{_RUNS}")


def _a_text_file_that_may_be_started(site: Site) -> Refused:
    text = program(site.folder / "python3", "No Python.")
    return Refused(text, "python-unsuitable", f"{text} does not start: Exec format error.\n{_RUNS}")


def _a_program_that_prints_something_else(site: Site) -> Refused:
    other = program(site.folder / "python3", "#!/bin/sh", "echo 'I am a teapot.'")
    said = "I am a teapot."
    return Refused(other, "python-unsuitable", f"{other} does not answer like a Python (exit status 0). It said: {said}\n{_RUNS}")


def _a_program_that_prints_json_of_something_else(site: Site) -> Refused:
    other = program(site.folder / "python3", "#!/bin/sh", """echo '{"version": "latest"}'""")
    said = '{"version": "latest"}'
    return Refused(other, "python-unsuitable", f"{other} does not answer like a Python (exit status 0). It said: {said}\n{_RUNS}")


def _a_program_that_prints_nothing_and_fails(site: Site) -> Refused:
    other = program(site.folder / "python3", "#!/bin/sh", "exit 3")
    return Refused(other, "python-unsuitable", f"{other} does not answer like a Python (exit status 3). It said: nothing\n{_RUNS}")


def _a_program_whose_library_is_missing(site: Site) -> Refused:
    other = site.folder / "python3"
    said = f"{other}: error while loading shared libraries: libpython3.12.so.1.0: cannot open shared object file: No such file or directory"
    program(other, "#!/bin/sh", f"echo {shlex.quote(said)} >&2", "exit 127")
    return Refused(other, "python-unsuitable", f"{other} does not answer like a Python (exit status 127). It said: {said}\n{_RUNS}")


def _a_script_whose_interpreter_is_missing(site: Site) -> Refused:
    script = program(site.folder / "python3", f"#!{site.folder}/gone/bin/sh", "exit 0")
    return Refused(
        script,
        "python-unsuitable",
        f"{script} does not start: it is a script for {site.folder}/gone/bin/sh, which does not exist.\n{_RUNS}",
    )


def _a_program_of_another_architecture(site: Site) -> Refused:
    binary = program(site.folder / "python3")
    # An ELF header for a machine that nobody has.
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    binary.write_bytes(ident + struct.pack("<HHIQQQIHHHHHH", 2, 0xFEED, 1, 0x400000, 64, 0, 0, 64, 56, 0, 64, 0, 0))
    return Refused(binary, "python-unsuitable", f"{binary} does not start: Exec format error.\n{_RUNS}")


def _a_program_of_another_c_library(site: Site) -> Refused:
    binary = site.prefix / "bin" / f"python{site.python.minor}"
    content, count = re.subn(rb"(/lib\w*/ld)-[^\0]+", lambda match: match[1].ljust(len(match[0]), b"x"), binary.read_bytes(), count=1)
    if not count:
        pytest.skip("the Pythons here are linked statically")
    binary.write_bytes(content)
    python = site.prefix / "bin" / "python3"
    reason = "it is built for another C library (its loader is missing)"
    return Refused(site.prefix, "python-unsuitable", f"{python} does not start: {reason}.\n{_RUNS}")


def _a_dangling_link(site: Site) -> Refused:
    link, gone = site.folder / "python3", site.folder / "gone" / "python3"
    link.symlink_to(gone)
    return Refused(link, "python-unsuitable", f"`python` is {link}, and {link} leads to {gone}, which does not exist.\n{_ANEW}")


def _a_virtual_environment_whose_python_is_gone(site: Site) -> Refused:
    base = site.python.copy(site.folder / "base")
    environment = virtual_environment(base, site.folder / "venv")
    shutil.rmtree(base)
    text = f"`python` is {environment}, and {environment}/bin/python3 leads to {base}/bin/python3, which does not exist.\n{_ANEW}"
    return Refused(environment, "python-unsuitable", text)


def _another_interpreter_of_the_prefix(site: Site) -> Refused:
    oldest, minor = found()[0], site.python.minor
    if oldest.minor == minor:
        pytest.skip("needs another Python to share the prefix with")
    oldest.copy(site.folder / "both")
    site.python.copy(site.folder / "other")
    shutil.copytree(site.folder / "other" / "lib", site.folder / "both" / "lib", symlinks=True, dirs_exist_ok=True)
    named = site.folder / "both" / "bin" / f"python{minor}"
    shutil.copy2(site.folder / "other" / "bin" / f"python{minor}", named)
    both = site.folder / "both"
    return Refused(named, "python-unsuitable", f"{named} is installed in {both}, where uv would use {both}/bin/python3.\n{_UV_WOULD}")


def _a_prefix_without_python(site: Site) -> Refused:
    (site.prefix / "bin" / "python").unlink()
    # The starter's is the first on PATH.
    text = f"not {site.prefix}/bin/python3.\nMake {site.prefix}/bin/python that interpreter, for example with a symbolic link."
    return Refused(site.prefix, "python-unsuitable", f"`python` in the next step would be <starter>/bin/python, {text}")


def _a_prefix_whose_python_is_another(site: Site) -> Refused:
    python = site.prefix / "bin" / "python"
    python.unlink()
    program(python, "#!/bin/sh", "exit 0")
    text = f"`python` in the next step would be {python}, not {site.prefix}/bin/python3."
    return Refused(site.prefix, "python-unsuitable", f"{text}\nMake {python} that interpreter, for example with a symbolic link.")


def _a_prefix_with_a_colon(site: Site) -> Refused:
    prefix = site.python.copy(site.folder / "C:" / "Python")
    text = f"{prefix} holds a `{os.pathsep}`, which PATH cannot carry.\nMove this Python to a path without one."
    return Refused(prefix, "python-unsuitable", text)


def _marked(site: Site, marker: str, words: str) -> Refused:
    file = site.stdlib / "EXTERNALLY-MANAGED"
    file.write_text(marker, encoding="utf-8")
    text = f"{site.prefix}/bin/python3 is externally managed (PEP 668). Its marker, {file}, says: {words}"
    return Refused(site.prefix, "python-unsuitable", f"{text}\n{_MANAGED}")


def _a_python_that_its_distribution_manages(site: Site) -> Refused:
    marker = """\
        [externally-managed]
        Error=To install Python packages system-wide, try apt install
         python3-xyz, where xyz is the package you are trying to
         install.

         If you wish to install a non-Debian-packaged Python package,
         create a virtual environment using python3 -m venv path/to/venv.

         See /usr/share/doc/python3.11/README.venv for more information.
        """
    words = (
        "To install Python packages system-wide, try apt install python3-xyz, where xyz is the package you are trying to install."
        " If you wish to install a non-Debian-packaged Python package, create a virtual environment using"
        " python3 -m venv path/to/venv. See /usr/share/doc/python3.11/README.venv for more information."
    )
    return _marked(site, textwrap.dedent(marker), words)


def _a_python_that_uv_manages(site: Site) -> Refused:
    words = "This Python installation is managed by uv and should not be modified."
    return _marked(site, f"[externally-managed]\nError={words}\n", words)


def _a_marker_in_other_words(site: Site) -> Refused:
    words = "100 % managed, by %(nobody)s."
    return _marked(site, f"[externally-managed]\nError-de=Finger weg.\nError={words}\n", words)


def _an_empty_marker(site: Site) -> Refused:
    return _marked(site, "", "nothing more")


def _a_marker_that_is_no_ini_file(site: Site) -> Refused:
    return _marked(site, "Keep out!\n", "nothing more")


REFUSED = (
    _nothing,
    _blanks,
    _a_missing_path,
    _a_path_with_a_missing_parent,
    _a_command,
    _a_path_below_a_file,
    _the_folder_bin,
    _the_folder_bin_with_a_slash,
    _the_folder_lib,
    _the_standard_library,
    _the_folder_site_packages,
    _a_package,
    _the_folder_include,
    _the_folder_bin_of_a_virtual_environment,
    _a_folder_of_several_prefixes,
    _a_folder_of_one_prefix,
    _a_folder_right_above_one_prefix,
    _an_empty_folder,
    _a_folder_of_texts,
    _the_checkout,
    _a_text_file,
    _a_text_file_that_may_be_started,
    _a_program_that_prints_something_else,
    _a_program_that_prints_json_of_something_else,
    _a_program_that_prints_nothing_and_fails,
    _a_program_whose_library_is_missing,
    _a_script_whose_interpreter_is_missing,
    _a_program_of_another_architecture,
    _a_program_of_another_c_library,
    _a_dangling_link,
    _a_virtual_environment_whose_python_is_gone,
    _another_interpreter_of_the_prefix,
    _a_prefix_without_python,
    _a_prefix_whose_python_is_another,
    _a_prefix_with_a_colon,
    _a_python_that_its_distribution_manages,
    _a_python_that_uv_manages,
    _a_marker_in_other_words,
    _an_empty_marker,
    _a_marker_that_is_no_ini_file,
)


@pytest.fixture
def untouched(site: Site, project: Project, listing: Callable[[Path], Listing]) -> Callable[[], dict[str, Listing]]:
    """A function that tells every file of the site and of the project."""

    def tell() -> dict[str, Listing]:
        return {str(folder): listing(folder) for folder in (site.folder, site.prefix.parents[2], project.folder)}

    return tell


@pytest.mark.parametrize("layout", REFUSED, ids=spelled)
def test_what_is_no_python_to_sync_into(
    other_ci: Runner, site: Site, starter: Path, layout: Callable[[Site], Refused], untouched: Callable[[], dict[str, Listing]]
) -> None:
    """What is named by mistake is refused in one error that says what it is and what to do, and nothing is touched."""
    refused = layout(site)
    before = untouched()

    outcome = other_ci.sync(python=str(refused.python))

    assert [f"title={refused.title}::{refused.text}".replace("<starter>", str(starter))] == outcome.errors, outcome.log
    assert (1, False) == (outcome.returncode, outcome.published)
    assert before == untouched()


@pytest.mark.parametrize(
    ("part", "advice"),
    [
        pytest.param("bin", "which is a folder without a Python of its own.\nDid you mean `{}`?", id="a part of the prefix"),
        pytest.param("gone", f"which does not exist.\n{_FIND}", id="a missing folder"),
    ],
)
def test_a_python_location_that_is_wrong(
    other_ci: Runner, site: Site, part: str, advice: str, untouched: Callable[[], dict[str, Listing]]
) -> None:
    """A wrong `pythonLocation` is called that, because nobody has set `python`."""
    other_ci.environ["pythonLocation"] = f"{site.prefix}/{part}"
    before = untouched()

    outcome = other_ci.sync()

    assert [f"title=python-not-found::`pythonLocation` is {site.prefix}/{part}, {advice.format(site.prefix)}"] == outcome.errors
    assert (1, False, before) == (outcome.returncode, outcome.published, untouched())


def test_a_command_of_that_name_is_not_looked_for(other_ci: Runner, site: Site, starter: Path) -> None:
    """`python: python3` is a path like any other: what is on PATH is no answer to where to install."""
    before = sorted(starter.rglob("*"))

    outcome = other_ci.sync(python="python3")

    assert [f"title=python-not-found::`python` is python3, which does not exist.\n{_FIND}"] == outcome.errors
    assert before == sorted(starter.rglob("*"))
    assert not list(site.prefix.rglob("alpha*"))


def test_a_managed_python_with_packages_of_its_system(other_ci: Runner, site: Site, untouched: Callable[[], dict[str, Listing]]) -> None:
    """Where a system has its own packages in the folder that others go to, as Arch, Alpine and Homebrew do, no sync removes them."""
    (site.stdlib / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=Use pacman.\n", encoding="utf-8")
    install(Wheel("of-the-system", "1.0"), site.site_packages)
    before = untouched()

    exact = other_ci.sync(python=str(site.prefix), allow_externally_managed="true")

    text = (
        f"{site.prefix}/bin/python3 is externally managed ({site.stdlib}/EXTERNALLY-MANAGED), and of the packages there that neither uv"
        " nor pip has installed an exact sync would remove what is not in uv.lock: of-the-system 1.0."
    )
    hint = "Set `inexact: true` to keep what is not in uv.lock, or set `python` to a virtual environment."
    assert [f"title=python-unsuitable::{text}\n{hint}"] == exact.errors
    assert (1, False, before) == (exact.returncode, exact.published, untouched())

    inexact = other_ci.sync(python=str(site.prefix), allow_externally_managed="true", inexact="true")

    assert (str(site.prefix), str(site.prefix)) == meant(other_ci, inexact)
    assert "\nKept, although not in uv.lock: of-the-system 1.0\n" in inexact.log


def _as_on_debian_11(site: Site) -> str:
    """Change the standard library as Debian has it before Python 3.10, where sysconfig does not know it; return where packages go then."""
    folder = f"local/lib/python{site.python.minor}/dist-packages"
    site_py = f'def getsitepackages(prefixes=None):\n    return [os.path.join(sys.prefix, "{folder}")]\n\n\ndef addsitepackages('
    scheme = {"purelib": f"$base/{folder}", "platlib": f"$base/{folder}", "scripts": "$base/local/bin"}
    for file, old, new in (
        ("site.py", "def addsitepackages(", site_py),
        ("distutils/command/install.py", "class install(", f'INSTALL_SCHEMES["unix_prefix"].update({scheme})\n\n\nclass install('),
    ):
        path = site.stdlib / file
        text = path.read_text(encoding="utf-8")
        # All copies share one file.
        path.unlink()
        path.write_text(text.replace(f"\n{old}", f"\n{new}", 1), encoding="utf-8")
    return f"{site.prefix}/{folder}"


@pytest.mark.layout("Debian's own Python before 3.10")
@pytest.mark.parametrize("python", [python for python in found() if python.minor in ("3.8", "3.9")], ids=lambda python: python.minor)
def test_a_python_whose_distribution_has_changed_distutils(other_ci: Runner, site: Site) -> None:
    """Before 3.10, packages go where distutils says, and that is where they are looked for."""
    folder = _as_on_debian_11(site)

    # What an older uv builds with would be looked for in its environment, where Debian's distutils has an exception that this one has not.
    outcome = other_ci.sync(python=str(site.prefix), no_install_project="true")

    assert (str(site.prefix), str(site.prefix)) == meant(other_ci, outcome)
    assert f"{folder}/alpha.py\n" == other_ci.next_step(outcome, "python", "-c", "import alpha; print(alpha.__file__)")
    assert [f"{site.prefix}/bin", f"{site.prefix}/local/bin"] == outcome.paths
    assert "alpha 1.0\n" == other_ci.next_step(outcome, "alpha")


needs_an_old_python = pytest.mark.skipif(older_than_supported() is None, reason="needs a CPython 3.6 or 3.7")


@pytest.fixture
def old() -> Python:
    """A CPython that is too old."""
    python = older_than_supported()
    assert python is not None
    return python


@needs_an_old_python
@pytest.mark.parametrize("name", ["", "bin/python3"])
def test_a_python_that_is_too_old(other_ci: Runner, tmp_path: Path, old: Python, name: str, listing: Callable[[Path], Listing]) -> None:
    """A Python older than 3.8 can say what it is, and is refused with its version."""
    prefix = old.copy(tmp_path / "old")
    before = listing(prefix)

    outcome = other_ci.sync(python=str(prefix / name))

    text = f"{prefix}/bin/python3 is Python {old.version}, and the oldest that uv-system-sync supports is 3.8.\n{_NEWER}"
    assert [f"title=python-unsuitable::{text}"] == outcome.errors
    assert (1, False, before) == (outcome.returncode, outcome.published, listing(prefix))


@needs_an_old_python
def test_a_python_that_is_too_old_to_run_the_step(bare_ci: Runner, tmp_path: Path, old: Python, listing: Callable[[Path], Listing]) -> None:
    """A Python older than 3.8 that runs the step itself says so in an annotation, not in a traceback."""
    prefix = old.copy(tmp_path / "old")
    before = listing(prefix)

    outcome = bare_ci.setup_python(prefix).sync()

    minor = old.minor
    text = f"`python` on PATH is Python {minor} ({prefix}/bin/python), and uv-system-sync runs on 3.8 or newer."
    assert [f"title=python-unsuitable::{text}\nSet `python-version` of actions/setup-python to 3.8 or newer."] == outcome.errors
    assert (1, False, before) == (outcome.returncode, outcome.published, listing(prefix))


needs_permissions = pytest.mark.skipif(
    not permissions_bind(), reason="permissions do not bind root, and there is no setpriv to change that"
)


@needs_permissions
@pytest.mark.parametrize(
    "folder", [pytest.param("lib/python{}/site-packages", id="site-packages"), pytest.param("bin", id="the folder of scripts")]
)
def test_a_folder_that_is_read_only(
    other_ci: Runner, site: Site, starter: Path, folder: str, untouched: Callable[[], dict[str, Listing]]
) -> None:
    """A Python that the step may not install into is refused before uv starts, with the folder and whose it is."""
    path = site.prefix / folder.format(site.python.minor)
    path.chmod(0o555)
    before, user = untouched(), path.owner()

    outcome = bound_by_permissions(other_ci, starter).sync(python=str(site.prefix))

    text = f"The step may not write to {path}, which belongs to {user}; it runs as {user}."
    hint = "Let the step's user own this Python, or set `python` to a virtual environment of theirs."
    assert [f"title=python-unsuitable::{text}\n{hint}"] == outcome.errors
    assert (1, False, before) == (outcome.returncode, outcome.published, untouched())


@CAN_CHECK
@needs_permissions
def test_a_folder_that_is_read_only_can_be_checked(other_ci: Runner, site: Site, starter: Path) -> None:
    """`check: true` needs no permission to write, because it writes nothing."""
    other_ci.sync(python=str(site.prefix))
    for folder in (site.site_packages, site.prefix / "bin"):
        folder.chmod(0o555)

    outcome = bound_by_permissions(other_ci, starter).sync(python=str(site.prefix), check="true")

    assert 0 == outcome.returncode, outcome.log


@needs_permissions
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_prefix_of_another_user(other_ci: Runner, site: Site, starter: Path, untouched: Callable[[], dict[str, Listing]]) -> None:
    """A Python that belongs to somebody else is refused with both names; a number stands for a user without one."""
    subprocess.run(["chown", "--recursive", "54321", site.prefix], check=True)
    before = untouched()

    outcome = bound_by_permissions(other_ci, starter).sync(python=str(site.prefix))

    text = f"The step may not write to {site.site_packages}, which belongs to user 54321; it runs as root."
    hint = "Let the step's user own this Python, or set `python` to a virtual environment of theirs."
    assert [f"title=python-unsuitable::{text}\n{hint}"] == outcome.errors
    assert (1, False, before) == (outcome.returncode, outcome.published, untouched())

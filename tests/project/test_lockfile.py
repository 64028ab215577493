"""Reading uv.lock, lazily and only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from uv_system_sync.errors import ProjectInvalid
from uv_system_sync.project.lockfile import Lockfile
from uv_system_sync.project.toml import Place

_TEXT = """\
version = 1

[[package]]
name = "alpha"
version = "1.0"

[[package]]
name = "alpha"
version = "2.0"
source = { registry = "wheels" }

[[package]]
name = "one"
version = "0.1"
source = { editable = "packages/one" }

[[package]]
name = "outside"
version = "0.1"
source = { directory = "../outside" }

[[package]]
name = "root"
source = { virtual = "." }

[[package]]
name = "deleted"
source = { directory = "deleted" }
"""


def _lock(folder: Path, text: str = _TEXT) -> Lockfile:
    folder.mkdir(exist_ok=True)
    path = folder / "uv.lock"
    path.write_text(text, encoding="utf-8")
    return Lockfile(str(path))


def test_packages_from_source_are_those_that_may_have_to_be_built(tmp_path: Path) -> None:
    """Packages from folders are built in every run, and a package with a wheel for every Python is never built."""
    text = (
        _TEXT
        + """
[[package]]
name = "slow"
version = "1"
source = { registry = "x" }
sdist = { url = "slow-1.tar.gz" }

[package.optional-dependencies]
more = [{ name = "alpha" }]

[[package]]
name = "pure"
source = { registry = "x" }
sdist = { url = "pure-1.tar.gz" }
wheels = [{ url = "pure-1-py3-none-any.whl" }]

[[package]]
name = "in-a-folder"
source = { registry = "wheels" }
sdist = { path = "in_a_folder-1.tar.gz" }

[[package]]
name = "direct"
source = { url = "https://example.com/direct.zip" }

[[package]]
name = "repository"
source = { git = "https://example.com/repository" }
"""
    )
    lock = _lock(tmp_path, text)

    assert ["slow", "direct", "repository"] == [entry["name"] for entry in lock.from_source(lambda _: False)]
    assert ["slow", "pure", "direct", "repository"] == [entry["name"] for entry in lock.from_source(lambda _: True)]
    assert [] == _lock(tmp_path / "bad", f"{text}sdist = {{{{").from_source(lambda _: False)


def test_packages_are_found_by_name_and_version(tmp_path: Path) -> None:
    lock = _lock(tmp_path)

    assert {"alpha", "one", "outside", "root", "deleted"} == lock.names()
    assert {"name": "alpha", "version": "2.0", "source": {"registry": "wheels"}} == lock.package("alpha", "2.0")
    assert {} == lock.package("alpha", "3.0")
    assert None is lock.error


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param('wheels = [{ url = "https://files/a/alpha.whl" }]', "https://files/a/alpha.whl", id="one-wheel"),
        pytest.param('source = { url = "https://files/alpha.tar.gz" }', "https://files/alpha.tar.gz", id="direct"),
        pytest.param(
            'sdist = { url = "https://files:8/a/alpha.tar.gz" }\nwheels = [{ url = "https://files:8/b" }]', "https://files:8", id="several"
        ),
        pytest.param('source = { registry = "wheels" }\nwheels = [{ path = "alpha.whl" }, 1]', "", id="folder"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_address_of_a_package_is_that_of_its_file_or_else_of_its_host(tmp_path: Path, files: str, expected: str) -> None:
    lock = _lock(tmp_path, f'[[package]]\nname = "alpha"\nversion = "1"\n{files}\n')

    assert (expected, "") == (lock.address_of("alpha", "1"), lock.address_of("alpha", "2"))


def test_the_place_of_a_package_is_the_line_of_its_first_name(tmp_path: Path) -> None:
    lock = _lock(tmp_path)

    assert [Place(lock.path, 4), Place(lock.path, 13), Place(lock.path, None)] == [*map(lock.place_of, ("alpha", "one", "beta"))]


def test_a_dependency_is_not_the_place_of_a_package(tmp_path: Path) -> None:
    text = '[[package]]\nname = "alpha"\ndependencies = [\n    { name = "beta" },\n]\n\n[[package]]\nname = "beta"\n'
    lock = _lock(tmp_path, text)

    assert lock.document.text.splitlines().index('name = "beta"') + 1 == lock.place_of("beta").line


def test_members_are_the_packages_whose_folder_has_a_pyproject(tmp_path: Path) -> None:
    root = tmp_path / "root"
    lock = _lock(root)
    for folder in (root, root / "packages" / "one", tmp_path / "outside"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pyproject.toml").touch()
    expected = {str(root / "packages" / "one"): "one", str(tmp_path / "outside"): "outside", str(root): "root"}

    assert {f"{folder}/pyproject.toml": name for folder, name in expected.items()} == {
        Path(file).as_posix(): package["name"] for file, package in lock.members()
    }


@pytest.mark.parametrize("text", ["package = 1\n", "package = [1]\n", '[[package]]\nsource = { editable = "a\\u0000b" }\n', ""])
def test_an_unusual_lock_has_no_members_and_no_error(tmp_path: Path, text: str) -> None:
    lock = _lock(tmp_path, text)

    assert ([], None) == (list(lock.members()), lock.error)


@pytest.mark.parametrize("text", [None, "version = 1\n<<<<<<< HEAD\n"], ids=["missing", "malformed"])
def test_a_lock_that_cannot_be_read_has_an_error_and_no_packages(tmp_path: Path, text: str | None) -> None:
    lock = Lockfile(str(tmp_path / "uv.lock")) if text is None else _lock(tmp_path, text)

    assert (set(), {}, []) == (lock.names(), lock.document.data, list(lock.members()))
    assert isinstance(lock.error, ProjectInvalid)
    assert lock.path == lock.error.file


def test_the_file_is_read_when_it_is_first_needed_and_once(tmp_path: Path) -> None:
    lock = _lock(tmp_path, "version = 1\n")
    assert str(tmp_path / "uv.lock") == lock.path
    Path(lock.path).write_text('[[package]]\nname = "alpha"\n', encoding="utf-8")

    assert {"alpha"} == lock.names()
    Path(lock.path).unlink()
    assert ({"alpha"}, None) == (lock.names(), lock.error)

"""Real Pythons to install into, projects to install, and a runner."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.index import Index
from tests.support.projects import Project
from tests.support.step import Runner, runner
from tools.shared.pythons import Python, found
from tools.shared.wheels import file_name, wheel

Listing = dict[str, tuple[int, int]]


@pytest.fixture(autouse=True)
def _place(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Record the Python and the layout of each test in the report of the run."""
    if "python" in request.fixturenames:
        record_property("python", request.getfixturevalue("python").name)
    for mark in request.node.iter_markers("layout"):
        record_property("layout", mark.args[0])


@pytest.fixture
def python() -> Python:
    """The newest CPython found, for tests that do not depend on the version."""
    return found()[-1]


@pytest.fixture
def target(python: Python, tmp_path: Path) -> Path:
    """A separate installation of `python`."""
    return python.copy(tmp_path / "hostedtoolcache" / "Python" / python.version / "x64")


@pytest.fixture
def site_packages(python: Python, target: Path) -> Path:
    """The folder where packages of `target` are installed."""
    return target / "lib" / python.stdlib.name / "site-packages"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index that serves alpha."""
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / file_name("alpha", "1.0")).write_bytes(wheel("alpha", "1.0", {"alpha.py": ""}))
    with Index(folder).served() as served:
        yield served


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A locked project."""
    return Project(tmp_path / "checkout").write().lock()


@pytest.fixture
def ci(tmp_path: Path, project: Project, target: Path) -> Runner:
    """A runner in the project's checkout, after setup-python has set up `target`."""
    return runner(tmp_path / "runner", project.folder).setup_python(target)


@pytest.fixture
def bare_ci(tmp_path: Path, project: Project) -> Runner:
    """A runner in the project's checkout, with no Python set up."""
    return runner(tmp_path / "runner", project.folder)


@pytest.fixture
def listing() -> Callable[[Path], Listing]:
    """A function that returns every file of a folder with its size and time of change, except byte code."""

    def files(folder: Path) -> Listing:
        paths = [Path(root, name) for root, _, names in os.walk(folder) if not root.endswith("__pycache__") for name in names]
        return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths}

    return files

"""A container engine with the base images that `make compatibility` creates, and a project to build images from."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import docker_examples, uv_wheels
from tests.support.index import Index
from tests.support.projects import Project
from tools.compatibility import base_images, engines
from tools.compatibility.engines import Engine
from tools.shared.act import Act
from tools.shared.pythons import found


@dataclass(frozen=True)
class Containers:
    """Builds images from `context` in `engine`, and starts containers, which share this machine's network."""

    engine: Engine
    context: Path

    @property
    def uncached(self) -> tuple[str, ...]:
        """The option for a build that mounts a stage: Podman 4.3 cannot mount a cached stage (containers/buildah#4375)."""
        return ("--no-cache",) if self.engine.name == "podman" and self.engine.is_older_than("4.4") else ()

    def build(self, tag: str, dockerfile: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Build the text of a `dockerfile` with further `options`; standard error is merged into standard output."""
        command = ["build", "--network=host", *base_images.NEVER_PULL[self.engine.name], "--tag", tag, *options, "--file", "-", "."]
        return self._client(*command, given=dockerfile)

    def start(self, image: str, *words: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run a container of `image` with its default command, or with `words` as its command."""
        return self._client("run", "--rm", "--network=host", *options, image, *words)

    def packages(self, image: str) -> set[str]:
        """Return the packages installed in the Python of `image`."""
        code = "import importlib.metadata as m; print(*(d.metadata['Name'] for d in m.distributions()))"
        return {*self.start(image, "-c", code, options=("--entrypoint=python",)).stdout.split()}

    def _client(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.engine.client, *arguments],
            cwd=self.context,
            env=self.engine.environ,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine that the environment names."""
    name, socket = os.environ.get("CONTAINER_ENGINE", ""), os.environ.get("DOCKER_HOST", "")
    if not name:
        pytest.skip("`make compatibility STAGES=containers` runs it, with container engines")
    return engines.at(name, socket.removeprefix("unix://"))


@pytest.fixture(autouse=True)
def _place(request: pytest.FixtureRequest, engine: Engine, record_property: Callable[[str, object], None]) -> None:
    """Record what the test covers in the report of the run, and skip the test if there is no image for it."""
    base = request.getfixturevalue("base")
    for mark in request.node.iter_markers("container"):
        record_property("container", f"{engine.name}: {mark.args[0].format(base=base)}")
    if base not in request.getfixturevalue("bases"):
        pytest.skip(f"there is no base image {base}")


@pytest.fixture
def base() -> str:
    """The base image of the examples."""
    return docker_examples.SLIM


@pytest.fixture(scope="session")
def index(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with this checkout's command and its dependencies, the pinned uv, and the packages of the project."""
    folder = tmp_path_factory.mktemp(engine.name) / "index"
    uv_wheels.link(folder, [uv_wheels.wheel(), uv_wheels.wheel(platform="musllinux_1_1_x86_64"), *uv_wheels.own()])
    # The Python that downloaded the other wheels does not need tomli, so it has not downloaded it.
    docker_examples.write_installed("tomli", folder)
    docker_examples.write_wheels(folder)
    with Index(folder).served() as served:
        yield served


@pytest.fixture(scope="session")
def bases(engine: Engine, index: Index) -> frozenset[str]:
    """The available base images, after pip and uv in them have been configured to use the index."""
    there = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    names = [base.name for base in base_images.BASES if base.name in {name.removeprefix(base_images.REGISTRY) for name in there}]
    for name in names:
        dockerfile = f"FROM {base_images.REGISTRY}{name}\nENV PIP_INDEX_URL={index.url} UV_DEFAULT_INDEX={index.url}\n"
        built = Containers(engine, index.folder).build(base_images.REGISTRY + name, dockerfile)
        assert 0 == built.returncode, built.stdout
    return frozenset(names)


@pytest.fixture
def project(tmp_path: Path, index: Index) -> Project:
    """A locked project with the files of the examples."""
    return docker_examples.write_project(tmp_path / "app", index)


@pytest.fixture
def containers(engine: Engine, project: Project) -> Containers:
    """Builds images of the project."""
    return Containers(engine, project.folder)


@pytest.fixture
def act(tmp_path: Path) -> Act:
    """An act whose jobs run in containers without access to its Python."""
    return Act(tmp_path / "act", (found()[-1],)).prepare()

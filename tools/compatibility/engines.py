"""Runs the container engines that Debian packages, each with its own socket and storage, in namespaces that end with the engine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

from tools.compatibility import debian_packages

# The engine runs in these namespaces, so that its processes and mounts, and those of its containers, end with it.
_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")

# Seconds that an engine gets to start, and to stop. Docker waits 15 seconds for its containers.
_LONGEST = 30

# runc instead of crun, which does not start where both versions of cgroups are mounted. No ulimits, because conmon does not start where
# it would have to raise a limit without CAP_SYS_RESOURCE.
_PODMAN = """\
[containers]
netns = "host"
default_ulimits = []
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


@dataclass(frozen=True)
class Engine:
    """A container engine at `socket`, with its `client` program and the environment `variables` of the client."""

    name: str
    socket: str
    client: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the client, and of other programs that use the engine."""
        return {**os.environ, **self.variables, "DOCKER_HOST": f"unix://{self.socket}"}

    def run(self, *arguments: str) -> str:
        """Run the client and return what it prints; raise `OSError` if it fails."""
        return debian_packages.run(self.client, *arguments, environ=self.environ).strip()

    @property
    def version(self) -> str:
        """The engine's version."""
        return self.run("version", "--format", "{{.Server.Version}}").partition("+")[0]

    def is_older_than(self, version: str) -> bool:
        """Return whether the engine is older than `version`."""
        return Version(self.version) < Version(version)


def at(name: str, socket: str) -> Engine:
    """Return the engine at `socket`; `name` is `docker` or `podman`."""
    if name == "podman":
        return Engine(name, socket, "podman", {"CONTAINER_HOST": f"unix://{socket}"})
    return Engine(name, socket, _docker_client(), {"DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"})


@contextmanager
def docker(storage: Path) -> Iterator[Engine]:
    """Run dockerd with its images in `storage`, without a bridge and without iptables rules: containers use the host's network."""
    debian_packages.require({"dockerd": "docker.io", "unshare": "util-linux"})
    with _folder() as folder:
        engine = at("docker", f"{folder}/docker.sock")
        command = ["dockerd", "--host", f"unix://{engine.socket}", "--data-root", str(storage), "--exec-root", f"{folder}/exec"]
        command += ["--pidfile", f"{folder}/pid", "--bridge", "none", "--iptables=false", "--ip6tables=false"]
        with running(engine, [*command, "--ip-forward=false", "--ip-masq=false"], folder, storage):
            yield engine


@contextmanager
def podman(storage: Path) -> Iterator[Engine]:
    """Run Podman's service with its images in `storage`; containers use the host's network."""
    debian_packages.require({"podman": "podman", "runc": "runc", "conmon": "conmon", "unshare": "util-linux"})
    with _folder() as folder:
        engine = at("podman", f"{folder}/podman.sock")
        (folder / "containers.conf").write_text(_PODMAN, encoding="utf-8")
        command = ["podman", "--root", str(storage), "--storage-driver", "overlay"]
        command += [f"--runroot={folder}/run", f"--tmpdir={folder}/engine"]
        with running(engine, [*command, "system", "service", "--time=0", f"unix://{engine.socket}"], folder, storage):
            yield engine


Start = Callable[[Path], AbstractContextManager[Engine]]
ENGINES: Mapping[str, Start] = {"docker": docker, "podman": podman}


@contextmanager
def _folder() -> Iterator[Path]:
    """Create a folder for a socket, whose path must be short (unix(7)), and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        yield Path(folder)


def _docker_client() -> str:
    """Return the docker client on PATH that has the version of dockerd: other clients may lack BuildKit."""
    version = debian_packages.run("dockerd", "--version").split()[2]
    folders = os.environ.get("PATH", "").split(os.pathsep)
    for client in filter(None, (shutil.which("docker", path=folder) for folder in folders)):
        if debian_packages.run(client, "--version").split()[2] == version:
            return client
    raise OSError(f"no docker on PATH has the version of dockerd, {version}")


@contextmanager
def running(engine: Engine, command: list[str], folder: Path, storage: Path, longest: float = _LONGEST) -> Iterator[None]:
    """Start `command` and wait until `engine` answers; on exit, stop it with everything it has started, and remove its `storage`.

    The engine gets `longest` seconds to start, and the same time to stop before it is killed. Raise `OSError` if it does not start.
    """
    shutil.rmtree(storage, ignore_errors=True)
    log = storage.with_suffix(".log")
    environ = {**os.environ, "CONTAINERS_CONF": f"{folder}/containers.conf"}
    with log.open("wb") as output:
        # In a new session, so that Ctrl-C does not reach the engine directly.
        process = subprocess.Popen(
            [*_NAMESPACES, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environ, start_new_session=True
        )
    try:
        _wait(engine, process, log, time.monotonic() + longest)
        yield
    finally:
        _stop(process, longest)
        if storage.exists():
            shutil.rmtree(storage)


def _wait(engine: Engine, process: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    while True:
        with suppress(OSError):
            engine.run("version")
            return
        if process.poll() is not None or time.monotonic() >= deadline:
            output = " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-500:]
            raise OSError(f"{engine.name} does not start: {output or 'no output'}")
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes], longest: float) -> None:
    """Send SIGTERM to the engine, the only child of `process`, then kill `process`; the kernel ends all that is left in its namespaces."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if process.poll() is None:
        for child in children.read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGTERM)
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(longest)
        finally:
            # Also if a second Ctrl-C interrupts the wait.
            process.kill()
            process.wait()

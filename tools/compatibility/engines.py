"""Container engines from Debian's packages, each with a socket and a storage of its own, in namespaces that end with it."""

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

# The processes and mounts of the engine and of its containers are in these namespaces, so that all of them end with the engine.
_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")

# Docker waits 15 seconds for its containers.
_LONGEST = 30

# crun does not start with both versions of cgroups mounted, and conmon not where a limit is to be raised without CAP_SYS_RESOURCE.
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
    """A container engine at `socket`, and the client that speaks to it, a program with variables."""

    name: str
    socket: str
    client: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The variables of its client, and of other programs that use the engine."""
        return {**os.environ, **self.variables, "DOCKER_HOST": f"unix://{self.socket}"}

    def run(self, *arguments: str) -> str:
        """Run the client and return what it prints; raise `OSError` if it fails."""
        return debian_packages.run(self.client, *arguments, environ=self.environ).strip()

    @property
    def version(self) -> str:
        """Its version."""
        return self.run("version", "--format", "{{.Server.Version}}").partition("+")[0]

    def is_older_than(self, version: str) -> bool:
        """Return whether it is older than `version`."""
        return Version(self.version) < Version(version)


def at(name: str, socket: str) -> Engine:
    """Return the engine that is called `name`, `docker` or `podman`, at `socket`."""
    if name == "podman":
        return Engine(name, socket, "podman", {"CONTAINER_HOST": f"unix://{socket}"})
    return Engine(name, socket, _docker_client(), {"DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"})


@contextmanager
def docker(storage: Path) -> Iterator[Engine]:
    """Run Docker's engine with its images in `storage`, without bridges and rules for packets: containers share the host's network."""
    debian_packages.require({"dockerd": "docker.io", "unshare": "util-linux"})
    with _folder() as folder:
        engine = at("docker", f"{folder}/docker.sock")
        command = ["dockerd", "--host", f"unix://{engine.socket}", "--data-root", str(storage), "--exec-root", f"{folder}/exec"]
        command += ["--pidfile", f"{folder}/pid", "--bridge", "none", "--iptables=false", "--ip6tables=false"]
        with running(engine, [*command, "--ip-forward=false", "--ip-masq=false"], folder, storage):
            yield engine


@contextmanager
def podman(storage: Path) -> Iterator[Engine]:
    """Run Podman's service with its images in `storage`; containers share the host's network."""
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
    """Make a folder for a socket, whose path may not be long (unix(7)), and remove it."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        yield Path(folder)


def _docker_client() -> str:
    """Return the client that belongs to the engine: others may lack BuildKit."""
    version = debian_packages.run("dockerd", "--version").split()[2]
    folders = os.environ.get("PATH", "").split(os.pathsep)
    for client in filter(None, (shutil.which("docker", path=folder) for folder in folders)):
        if debian_packages.run(client, "--version").split()[2] == version:
            return client
    raise OSError(f"no docker on PATH has the version of dockerd, {version}")


@contextmanager
def running(engine: Engine, command: list[str], folder: Path, storage: Path, longest: float = _LONGEST) -> Iterator[None]:
    """Start `command` and wait until `engine` answers; in the end, stop it with all that it has started, and remove its `storage`.

    It has so many seconds, `longest`, to start, and to stop before it is killed.
    """
    shutil.rmtree(storage, ignore_errors=True)
    log = storage.with_suffix(".log")
    environ = {**os.environ, "CONTAINERS_CONF": f"{folder}/containers.conf"}
    with log.open("wb") as output:
        # In a session of its own, so that Ctrl-C stops it only through us.
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
        try:
            engine.run("version")
        except OSError:
            if process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            words = " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-500:]
            raise OSError(f"{engine.name} does not start: {words or 'it prints nothing'}") from None
        return


def _stop(process: subprocess.Popen[bytes], longest: float) -> None:
    """Ask the engine, the only child of `process`, to end; after that, or if it does not, the kernel ends all that is left of it."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if process.poll() is None:
        for child in children.read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGTERM)
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(longest)
        finally:
            # Also when a second Ctrl-C ends the wait.
            process.kill()
            process.wait()

"""Sets up everything that is measured in one folder, isolated from the machine: a Python, the action, wheels, and locked projects."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generated_wheels, index_server
from tools.shared import ROOT
from tools.shared.action_steps import copy_action, inherited, setup_python
from tools.shared.pythons import Python, found
from tools.shared.uv import UV, uv_output

# A package without a wheel, and the seconds that its build takes.
SLOW = "bench-slow"
_SLOW_SECONDS = 20

PYPROJECT = """\
[project]
name = "benchmark"
version = "1.0"
requires-python = ">=3.8"
dependencies = [
{dependencies}]

[tool.uv]
package = false

[[tool.uv.index]]
url = "{url}"
default = true
"""


@dataclass(frozen=True)
class Testbed:
    """A folder with everything that is measured: a copy of `python`, the action, and an index, which listens on `port`."""

    folder: Path
    python: Python
    port: int

    @property
    def base(self) -> Path:
        """The installation that all prefixes are copied from."""
        return self.folder / "python"

    @property
    def action(self) -> Path:
        """The checkout of the action."""
        return self.folder / "action"

    @property
    def url(self) -> str:
        """The URL of the index."""
        return f"http://127.0.0.1:{self.port}/simple/"

    def prefix(self, folder: Path) -> Path:
        """Make `folder` a copy of the installation, with hard links to the files of its library, and return it."""
        shutil.copytree(self.base / "lib", folder / "lib", symlinks=True, copy_function=os.link)
        # Not links, because uv queries an interpreter again if its file changes, even its link count.
        shutil.copytree(self.base / "bin", folder / "bin", symlinks=True)
        return folder

    def environ(self, prefix: Path, home: Path, *, uv: bool = True) -> dict[str, str]:
        """Return the environment of a program, with the variables that actions/setup-python exports for the Python in `prefix`.

        `home` is created if it does not exist. Without `uv`, no uv is on PATH.
        """
        home.mkdir(parents=True, exist_ok=True)
        programs = self.folder / "programs"
        if not programs.is_dir():
            programs.mkdir()
            (programs / "uv").symlink_to(UV)
        path = [f"{prefix}/bin", str(prefix), "/usr/bin", "/bin"]
        if uv:
            # First, because Flask's lock installs another version of uv into the prefix.
            path.insert(0, str(programs))
        exported = {"PATH": os.pathsep.join(path), **setup_python(prefix)}
        return {"HOME": str(home), "LANG": "C.UTF-8", "UV_DEFAULT_INDEX": self.url, "UV_CACHE_DIR": str(home / "uv"), **exported}


@contextmanager
def opened(folder: Path, count: int, python: Python, action: Path = ROOT, *, seed: int = 4) -> Iterator[Testbed]:
    """Create a testbed in `folder` with `count` generated wheels, and serve its index while the context lasts."""
    index = folder / "wheels"
    index.mkdir(parents=True)
    for wheel in generated_wheels.generated(count):
        wheel.write(index, seed)
    generated_wheels.write_source(index, SLOW, _SLOW_SECONDS)
    own_wheels(index, python)
    copy_action(folder / "action", action)
    copy_python(python, folder / "python")
    with index_server.served(index) as port:
        yield Testbed(folder, python, port)


def pins(count: int) -> dict[str, str]:
    """Return the names and versions of the first `count` generated wheels."""
    return {wheel.name: wheel.version for wheel in generated_wheels.generated(count)}


def project(bed: Testbed, folder: Path, locked: Mapping[str, str]) -> Path:
    """Create a project in `folder` with a uv.lock of exactly the `locked` packages, and return `folder`."""
    folder.mkdir(parents=True)
    dependencies = "".join(f'    "{name}=={version}",\n' for name, version in locked.items())
    (folder / "pyproject.toml").write_text(PYPROJECT.format(dependencies=dependencies, url=bed.url), encoding="utf-8")
    environ = bed.environ(bed.base, bed.folder / "home")
    uv_output("lock", "--quiet", "--python", executable(bed.base), folder=folder, environ=environ)
    return folder


def export(bed: Testbed, folder: Path, *options: str) -> None:
    """Export the uv.lock in `folder` to requirements.txt, with hashes."""
    command = ("export", "--locked", "--quiet", "--no-header", "--no-annotate", "--no-emit-project", *options)
    target = ("--python", executable(bed.base), "--output-file", "requirements.txt")
    uv_output(*command, *target, folder=folder, environ=machine())


def executable(prefix: Path) -> str:
    """Return the path of the interpreter in `prefix`."""
    return str(prefix / "bin" / "python")


def default_python(minor: str = "") -> Python:
    """Return the newest CPython on the machine, or the one with the minor version `minor`, such as `3.12`."""
    pythons = {python.minor: python for python in found()}
    if minor and minor not in pythons:
        raise SystemExit(f"CPython {minor} was not found, only {', '.join(pythons)}.")
    return pythons[minor] if minor else found()[-1]


def network() -> dict[str, str]:
    """Return the variables that configure how uv and pip on this machine reach an index."""
    return inherited("PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")


def pip_network() -> dict[str, str]:
    """Return the variables that configure how pip on this machine reaches an index. An index set for uv only is used for pip, too."""
    found = inherited("PIP_")
    if index := found.get("UV_DEFAULT_INDEX") or found.get("UV_INDEX_URL"):
        found.setdefault("PIP_INDEX_URL", index)
    return {name: value for name, value in found.items() if not name.startswith("UV_")}


def machine() -> dict[str, str]:
    """Return this process's environment without the variables that select a Python or a project, to set up what is measured."""
    removed = ("PYTHON", "VIRTUAL_ENV", "UV_PYTHON", "UV_PROJECT")
    return {name: value for name, value in os.environ.items() if not name.startswith(removed)}


def own_wheels(folder: Path, python: Python) -> None:
    """Download the wheels of uv, and of the action's own dependencies for `python`, from the machine's index into `folder`."""
    command = [str(UV.parent / "python"), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--python-version", python.minor, "-d", str(folder)]
    for name in ("action", "uv"):
        requirements = ROOT / "requirements" / f"{name}.txt"
        subprocess.run([*command, "-r", str(requirements)], check=True, stderr=subprocess.DEVNULL)


def own_pip(prefix: Path) -> None:
    """Replace the pip in `prefix` with the version locked in requirements/bench.txt."""
    locked = (ROOT / "requirements" / "bench.txt").read_text(encoding="utf-8")
    found = re.search(r"^pip==[^\n\\]*(?:\\\n[^\n\\]*)*", locked, re.MULTILINE)
    if found is None:
        raise ValueError("requirements/bench.txt does not lock pip.")
    requirements = prefix.with_name("pip.txt")
    requirements.write_text(f"{found.group()}\n", encoding="utf-8")
    command = ("pip", "install", "--quiet", "--no-config", "--compile-bytecode", "--python", executable(prefix), "--require-hashes")
    uv_output(*command, "--requirements", requirements, environ=machine())


def copy_python(python: Python, folder: Path) -> None:
    """Copy `python` to `folder`, and compile its standard library as an installer does."""
    python.copy_to_file_system(folder)
    command = [executable(folder), "-I", "-S", "-m", "compileall", "-q", "-j", "0", str(folder / "lib")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def empty(folder: Path) -> Path:
    """Create `folder`, or remove everything in it, and return it."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder

"""Sets up what is measured: a Python, the action, wheels, projects with a lock; all of it in one folder, and nothing of the machine's."""

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

# A package without a wheel, and how long it takes to build.
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
    """A folder with everything that is measured: the Python that is copied for each contender, and the port of the index."""

    folder: Path
    python: Python
    port: int

    @property
    def base(self) -> Path:
        """The installation that prefixes are copies of."""
        return self.folder / "python"

    @property
    def action(self) -> Path:
        """The action's checkout."""
        return self.folder / "action"

    @property
    def host(self) -> str:
        """The root of the index."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The index's address."""
        return f"{self.host}/simple/"

    def prefix(self, folder: Path) -> Path:
        """Make `folder` an installation of its own, which shares its library's files with the others, and return it."""
        shutil.copytree(self.base, folder, symlinks=True, copy_function=os.link, ignore=lambda path, _: ["bin"] * (Path(path) == self.base))
        # uv queries an interpreter again when its file has changed, and one more link to it is a change.
        shutil.copytree(self.base / "bin", folder / "bin", symlinks=True)
        return folder

    def environ(self, prefix: Path, home: Path, *, uv: bool = True) -> dict[str, str]:
        """Return what every program sees: a home of its own, and the Python in `prefix` as actions/setup-python leaves it.

        Unless `uv`, there is none on PATH.
        """
        home.mkdir(parents=True, exist_ok=True)
        # First, because Flask's lock has a uv of its own, which is another version.
        programs = self.folder / "programs"
        if not programs.is_dir():
            programs.mkdir()
            (programs / "uv").symlink_to(UV)
        path = [*([str(programs)] if uv else []), f"{prefix}/bin", str(prefix), "/usr/bin", "/bin"]
        exported = {"PATH": os.pathsep.join(path), **setup_python(prefix)}
        return {"HOME": str(home), "LANG": "C.UTF-8", "UV_DEFAULT_INDEX": self.url, "UV_CACHE_DIR": str(home / "uv"), **exported}


@contextmanager
def opened(folder: Path, count: int, python: Python, action: Path = ROOT, *, seed: int = 4) -> Iterator[Testbed]:
    """Make a testbed in `folder` with `count` wheels, and serve them as long as the context lasts."""
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
    """Return the names and versions of the first `count` wheels."""
    return {wheel.name: wheel.version for wheel in generated_wheels.generated(count)}


def project(bed: Testbed, folder: Path, locked: Mapping[str, str]) -> Path:
    """Make `folder` a project with a uv.lock of exactly those packages, and return it."""
    folder.mkdir(parents=True)
    dependencies = "".join(f'    "{name}=={version}",\n' for name, version in locked.items())
    (folder / "pyproject.toml").write_text(PYPROJECT.format(dependencies=dependencies, url=bed.url), encoding="utf-8")
    environ = bed.environ(bed.base, bed.folder / "home")
    uv_output("lock", "--quiet", "--python", executable(bed.base), folder=folder, environ=environ)
    return folder


def export(bed: Testbed, folder: Path, *options: str) -> None:
    """Write what the uv.lock in `folder` locks as requirements.txt, with hashes."""
    command = ("export", "--locked", "--quiet", "--no-header", "--no-annotate", "--no-emit-project", *options)
    target = ("--python", executable(bed.base), "--output-file", "requirements.txt")
    uv_output(*command, *target, folder=folder, environ=machine())


def executable(prefix: Path) -> str:
    """Return the interpreter in `prefix`."""
    return str(prefix / "bin" / "python")


def default_python(minor: str = "") -> Python:
    """Return the newest CPython of the machine, or that of the version `minor`."""
    pythons = {python.minor: python for python in found()}
    if minor and minor not in pythons:
        raise SystemExit(f"There is no CPython {minor} here, only {', '.join(pythons)}.")
    return pythons[minor] if minor else found()[-1]


def network() -> dict[str, str]:
    """Return the variables that configure how uv and pip reach an index from this machine."""
    return inherited("PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")


def pip_network() -> dict[str, str]:
    """Return the variables that configure how pip reaches the index of this machine, uv's among them as pip's."""
    found = inherited("PIP_")
    index = found.pop("UV_DEFAULT_INDEX", "") or found.pop("UV_INDEX_URL", "")
    return {**({"PIP_INDEX_URL": index} if index else {}), **{name: value for name, value in found.items() if not name.startswith("UV_")}}


def machine() -> dict[str, str]:
    """Return the environment to set something up in: the machine's, with its caches and its indexes, and no Python of its own."""
    removed = ("PYTHON", "VIRTUAL_ENV", "UV_PYTHON", "UV_PROJECT")
    return {name: value for name, value in os.environ.items() if not name.startswith(removed)}


def own_wheels(folder: Path, python: Python) -> None:
    """Put the wheels that the action itself needs on `python`, and uv's, into `folder`, from the machine's index."""
    command = [str(UV.parent / "python"), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--python-version", python.minor, "-d", str(folder)]
    for name in ("action", "uv"):
        requirements = ROOT / "requirements" / f"{name}.txt"
        subprocess.run([*command, "-r", str(requirements)], check=True, stderr=subprocess.DEVNULL)


def own_pip(prefix: Path) -> None:
    """Put the pip that requirements/bench.txt locks into `prefix`, instead of the one that its Python came with."""
    locked = (ROOT / "requirements" / "bench.txt").read_text(encoding="utf-8")
    found = re.search(r"^pip==[^\n\\]*(?:\\\n[^\n\\]*)*", locked, re.MULTILINE)
    if found is None:
        raise ValueError("requirements/bench.txt locks no pip.")
    requirements = prefix.with_name("pip.txt")
    requirements.write_text(f"{found.group()}\n", encoding="utf-8")
    command = ("pip", "install", "--quiet", "--no-config", "--compile-bytecode", "--python", executable(prefix), "--require-hashes")
    uv_output(*command, "--requirements", requirements, environ=machine())


def copy_python(python: Python, folder: Path) -> None:
    """Make `folder` a copy of `python` whose standard library is compiled, as an installer leaves it."""
    python.copy_to_file_system(folder)
    command = [executable(folder), "-I", "-S", "-m", "compileall", "-q", "-j", "0", str(folder / "lib")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def empty(folder: Path) -> Path:
    """Make `folder` an empty folder and return it."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder

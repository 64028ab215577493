"""Writes projects of every kind that uv knows, from text, with packages whose build needs nothing but themselves."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.projects import WHEELS, Wheel
from tests.support.step import Outcome
from tools.shared.uv import UV, UV_VERSION, is_at_least

Files = dict[str, str]

# Where a project's wheels and sdists are; a member of a workspace has the root's.
LOCAL = '\n[tool.uv]\nno-index = true\nfind-links = ["wheels"]\n'

# A build backend that needs no other. What differs between packages is written above it.
_BACKEND = """
import os, pathlib, zipfile

def _wheel(folder, files):
    info = MODULE + "-" + VERSION + ".dist-info/"
    entry_points = "[console_scripts]\\n" + MODULE + " = " + MODULE + ":main\\n"
    files.update({info + "METADATA": METADATA, info + "WHEEL": WHEEL, info + "entry_points.txt": entry_points})
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in [*files, info + "RECORD"])
    name = MODULE + "-" + VERSION + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return name

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, {MODULE + ".py": pathlib.Path(WHERE, MODULE + ".py").read_text()})

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, {"_" + MODULE + ".pth": str(pathlib.Path(WHERE).resolve())})
"""
_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def package(  # noqa: PLR0913 - that is how many things differ between packages
    name: str,
    *dependencies: str,
    more: str = "",
    folder: str = "",
    layout: str = "",
    version: str = "1.0",
    dynamic: str = "",
    metadata: str = "",
) -> Files:
    """Return the files of a package in `folder`, whose pyproject.toml ends with `more`; a `dynamic` field is set by its backend.

    Its one module is beside pyproject.toml, or in the folder `layout`, and has a `main`, which is its script.
    """
    module = re.sub("[-.]", "_", name).lower()
    requires = "".join(f"Requires-Dist: {dependency}\n" for dependency in dependencies)
    constants = {
        "MODULE": module,
        "VERSION": version,
        "WHERE": layout or ".",
        "WHEEL": _WHEEL,
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}{metadata}",
    }
    build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {
        "pyproject.toml": f"{project(name, *dependencies, version=version, dynamic=dynamic)}\n{build}\n{more}",
        "backend.py": "".join(f"{key} = {value!r}\n" for key, value in constants.items()) + _BACKEND,
        os.path.join(layout, f"{module}.py"): f"def main():\n    print({name!r}, {version!r})\n",
    }
    return {os.path.join(folder, path): content for path, content in files.items()}


def project(name: str, *dependencies: str, version: str = "1.0", dynamic: str = "") -> str:
    """Return a `[project]` table; it is all that there is of a project that is no package."""
    fixed = f"dynamic = [{dynamic!r}]" if dynamic else ""
    number = "" if dynamic == "version" else f"version = {version!r}"
    return f'[project]\nname = {name!r}\nrequires-python = ">=3.8"\ndependencies = {list(dependencies)!r}\n{number}\n{fixed}\n'


def nothing(_: Path) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Kind:
    """A kind of project: its `files`, what of it is installed for `inputs`, and the oldest uv that knows it.

    `prepare` gets the checkout before it is locked, which is in the folder `locked`; `adapt` makes of a lock what another uv would write.
    """

    name: str
    files: Files
    installed: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    since: str = "0.5.31"
    prepare: Callable[[Path], object] = nothing
    adapt: Callable[[str], str] = str
    locked: str = "."

    def write(self, checkout: Path, python: Path, address: str = "") -> Path:
        """Write the project in `checkout`, lock it with `python`, and return its folder; its wheels are served at `{address}`."""
        for wheel in WHEELS:
            wheel.write(checkout / self.locked / "wheels")
        for path, content in self.files.items():
            file = checkout / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content.replace("{checkout}", checkout.as_uri()).replace("{address}", address), encoding="utf-8")
        self.prepare(checkout)
        uv(checkout / self.locked, "lock", "--python", str(python))
        lock = checkout / self.locked / "uv.lock"
        lock.write_text(self.adapt(lock.read_text(encoding="utf-8")), encoding="utf-8")
        return checkout


def uv(folder: Path, *arguments: str, **variables: str) -> str:
    """Return what plain uv prints in `folder`."""
    command = [str(UV), *arguments, "--quiet"]
    environ = {**os.environ, "UV_PYTHON_PREFERENCE": "system", "UV_PYTHON_DOWNLOADS": "never", **variables}
    done = subprocess.run(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)} in {folder}: {done.stdout}")
    return done.stdout


def version_of_uv() -> str:
    """Return the version of the uv that is tested."""
    return ".".join(map(str, UV_VERSION))


def skip_unless_newer_than(version: str) -> None:
    """Skip the test unless the tested uv is `version` or newer."""
    if not is_at_least(version):
        pytest.skip(f"uv {version} or newer")


def plainly(checkout: Path, python: Path, environment: Path, inputs: Mapping[str, str]) -> str:
    """Return what plain `uv sync --locked` installs for `inputs`, in a new virtual `environment` of `python`."""
    names = {"extras": "--extra", "groups": "--group", "packages": "--package"}
    given = {key: value for key, value in inputs.items() if key not in ("working_directory", "args")}
    flags = [
        word
        for key, value in given.items()
        for name in (re.split(r"[,\s]+", value) if key in names else [""])
        for word in _flag(key, name, names)
    ]
    folder = checkout / inputs.get("working_directory", ".")
    uv(folder, "venv", "--no-project", "--python", str(python), str(environment))
    uv(folder, "sync", "--locked", *flags, *inputs.get("args", "").split(), UV_PROJECT_ENVIRONMENT=str(environment))
    folders = environment.glob("lib/python*/site-packages/*.dist-info")
    found = [(folder.name[: -len(".dist-info")].rpartition("-"), folder / "direct_url.json") for folder in folders]
    return described([_package(name, version, direct) for (name, _, version), direct in found], checkout)


def _flag(key: str, name: str, names: Mapping[str, str]) -> list[str]:
    return [names[key], name] if name else [f"--{key.replace('_', '-')}"]


def _package(name: str, version: str, direct: Path) -> dict[str, object]:
    found: dict[str, object] = {"name": re.sub("[-_.]+", "-", name).lower(), "version": version}
    if direct.exists():
        origin = json.loads(direct.read_text(encoding="utf-8"))
        found.update(url=origin["url"], editable=origin.get("dir_info", {}).get("editable", False))
    return found


def installed(outcome: Outcome, checkout: Path) -> str:
    """Return what the output `packages` has, less pip."""
    assert 0 == outcome.returncode, outcome.log
    return described(json.loads(outcome.outputs["packages"]), checkout)


def described(packages: list[dict[str, object]], checkout: Path) -> str:
    """Return a line on `packages` less pip, such as `one 1.0, two 2.0 @ ./copied, three 3.0 -e ./linked`."""
    ours = sorted((package for package in packages if package["name"] != "pip"), key=lambda package: str(package["name"]))
    return ", ".join(_described(package, checkout) for package in ours)


def _described(package: dict[str, object], checkout: Path) -> str:
    name, version, url = (str(package.get(key, "")) for key in ("name", "version", "url"))
    where = re.sub(r":\d+/", ":PORT/", url.replace(checkout.as_uri(), "."))
    return f"{name} {version}" + f" {'-e' if package.get('editable') else '@'} {where}" * bool(url)


def sdist(path: Path, files: Files) -> None:
    """Write `files` as the source distribution `path`."""
    name = path.name[: -len(".tar.gz")]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for inner, content in files.items():
            entry = tarfile.TarInfo(f"{name}/{inner}")
            entry.size = len(content.encode())
            archive.addfile(entry, io.BytesIO(content.encode()))


def repository(folder: Path) -> str:
    """Make `folder` a git repository of what is in it, and return its commit."""

    def git(*arguments: str) -> str:
        who = ("-c", "user.name=tests", "-c", "user.email=tests@example.com", "-c", "commit.gpgsign=false")
        return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "as it is")
    git("tag", "v2")
    return git("rev-parse", "HEAD")


def sourced(name: str, source: str, lib: str, prepare: Callable[[Path], object] = nothing, **inputs: str) -> Kind:
    """Return a project that takes `lib` from `source`, and two versions of `lib` that it may take, outside of its folder."""
    files = {
        **package("lib", folder="libs/lib"),
        **package("lib", folder="libs/newer", version="2.0"),
        **package("sample", "lib", folder="app", more=f"{LOCAL}[tool.uv.sources]\nlib = {source}\n"),
    }
    given = {"working_directory": "app", **inputs}
    sample = "sample 1.0 @ ./app" if inputs else "sample 1.0 -e ./app"
    return Kind(name, files, f"lib {lib}, {sample}", given, prepare=prepare, locked="app")


def archive(checkout: Path) -> None:
    """Put a source distribution beside the wheels of the project."""
    for folder in (checkout, checkout / "app"):
        information = {"PKG-INFO": "Metadata-Version: 2.2\nName: lib\nVersion: 1.0\n"}
        sdist(folder / "wheels" / "lib-1.0.tar.gz", {**package("lib"), **information})


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files in `folder` on the loopback address, and return where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def wheel(checkout: Path) -> None:
    """Put a wheel of `lib` beside those of the project in `app`."""
    Wheel("lib", "3.0").write(checkout / "app" / "wheels")


def revision(number: int) -> Callable[[str], str]:
    """Return what gives a lock the revision `number`, or none for 0."""
    line = f"revision = {number}\n" if number else ""
    return lambda lock: re.sub(r"\Aversion = 1\n(revision = \d+\n)?", f"version = 1\n{line}", lock)


def dynamic(field: str, *dependencies: str, metadata: str = "", version: str = "1.0") -> Files:
    """Return a package of whose metadata only its build backend knows the `field`."""
    return package("sample", *dependencies, dynamic=field, metadata=metadata, version=version, more=LOCAL)


def sample(more: str, *dependencies: str) -> Files:
    """Return a package whose pyproject.toml ends with `more`."""
    return package("sample", *dependencies, more=more)


def changed(path: str, old: str, new: str) -> Callable[[Path], None]:
    """Return what puts `new` in the place of `old` in the file `path` of a checkout."""

    def change(checkout: Path) -> None:
        text = (checkout / path).read_text(encoding="utf-8")
        assert old in text
        (checkout / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def removed(path: str) -> Callable[[Path], None]:
    """Return what removes the folder `path` of a checkout."""
    return lambda checkout: shutil.rmtree(checkout / path)


def names(outcome: Outcome) -> list[str]:
    """Return the names of what is installed, less pip."""
    return [package["name"] for package in json.loads(outcome.outputs["packages"]) if package["name"] != "pip"]


def changes(outcome: Outcome) -> list[dict[str, str]]:
    """Return what a step changed."""
    found: list[dict[str, str]] = json.loads(outcome.outputs["changes"])
    return found

"""Writes projects of every kind that uv supports, with packages that need no other packages to be built."""

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

# The settings for the folder with a project's wheels and sdists. Members of a workspace use those of the root.
LOCAL = '\n[tool.uv]\nno-index = true\nfind-links = ["wheels"]\n'

# A build backend without dependencies. The constants that differ between packages are written above it.
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


def package(  # noqa: PLR0913 - so many things differ between packages
    name: str,
    *dependencies: str,
    more: str = "",
    folder: str = "",
    layout: str = "",
    version: str = "1.0",
    dynamic: str = "",
    metadata: str = "",
) -> Files:
    """Return the files of a package in `folder`. `more` is the end of its pyproject.toml; its backend sets the `dynamic` field.

    Its only module is beside pyproject.toml, or in the folder `layout`. Its `main` is a script.
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
    """Return a `[project]` table, which is the whole pyproject.toml of a project that is not a package."""
    fixed = f"dynamic = [{dynamic!r}]" if dynamic else ""
    number = "" if dynamic == "version" else f"version = {version!r}"
    return f'[project]\nname = {name!r}\nrequires-python = ">=3.8"\ndependencies = {list(dependencies)!r}\n{number}\n{fixed}\n'


def nothing(_: Path) -> None:
    """Do nothing, as the `prepare` of a kind."""


@dataclass(frozen=True)
class Kind:
    """A kind of project: its `files`, the packages `installed` for `inputs` (see `described`), and the oldest uv that supports it.

    `locked` is the folder to lock. `prepare` is called with the checkout before that; `adapt` changes the lock to that of another uv.
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
        """Write the project to `checkout`, lock it with `python`, and return `checkout`. `address` replaces `{address}` in its files."""
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
    """Run uv in `folder`, and return its output."""
    command = [str(UV), *arguments, "--quiet"]
    environ = {**os.environ, "UV_PYTHON_PREFERENCE": "system", "UV_PYTHON_DOWNLOADS": "never", **variables}
    done = subprocess.run(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)} in {folder}: {done.stdout}")
    return done.stdout


def version_of_uv() -> str:
    """Return the version of the tested uv."""
    return ".".join(map(str, UV_VERSION))


def skip_unless_newer_than(version: str) -> None:
    """Skip the test unless the tested uv is `version` or newer."""
    if not is_at_least(version):
        pytest.skip(f"uv {version} or newer")


def plainly(checkout: Path, python: Path, environment: Path, inputs: Mapping[str, str]) -> str:
    """Return the packages that `uv sync --locked` itself installs for `inputs`, in a new virtual `environment` of `python`."""
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
    """Return the output `packages` as one line, without pip."""
    assert 0 == outcome.returncode, outcome.log
    return described(json.loads(outcome.outputs["packages"]), checkout)


def described(packages: list[dict[str, object]], checkout: Path) -> str:
    """Return `packages` as one line, without pip, such as `one 1.0, two 2.0 @ ./copied, three 3.0 -e ./linked`."""
    ours = sorted((package for package in packages if package["name"] != "pip"), key=lambda package: str(package["name"]))
    return ", ".join(_described(package, checkout) for package in ours)


def _described(package: dict[str, object], checkout: Path) -> str:
    name, version, url = (str(package.get(key, "")) for key in ("name", "version", "url"))
    if not url:
        return f"{name} {version}"
    source = re.sub(r":\d+/", ":PORT/", url.replace(checkout.as_uri(), "."))
    return f"{name} {version} {'-e' if package.get('editable') else '@'} {source}"


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
    """Make `folder` a git repository with all of its files, and return the commit."""

    def git(*arguments: str) -> str:
        who = ("-c", "user.name=tests", "-c", "user.email=tests@example.com", "-c", "commit.gpgsign=false")
        return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "as it is")
    git("tag", "v2")
    return git("rev-parse", "HEAD")


def sourced(name: str, source: str, lib: str, prepare: Callable[[Path], object] = nothing, **inputs: str) -> Kind:
    """Return a project that takes `lib` from `source`, together with two versions of `lib` outside of its folder."""
    files = {
        **package("lib", folder="libs/lib"),
        **package("lib", folder="libs/newer", version="2.0"),
        **package("sample", "lib", folder="app", more=f"{LOCAL}[tool.uv.sources]\nlib = {source}\n"),
    }
    given = {"working_directory": "app", **inputs}
    sample = "sample 1.0 @ ./app" if inputs else "sample 1.0 -e ./app"
    return Kind(name, files, f"lib {lib}, {sample}", given, prepare=prepare, locked="app")


def archive(checkout: Path) -> None:
    """Write a source distribution of `lib` beside the wheels of the project."""
    for folder in (checkout, checkout / "app"):
        information = {"PKG-INFO": "Metadata-Version: 2.2\nName: lib\nVersion: 1.0\n"}
        sdist(folder / "wheels" / "lib-1.0.tar.gz", {**package("lib"), **information})


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files in `folder` on the loopback address, and provide the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def wheel(checkout: Path) -> None:
    """Write a wheel of `lib` beside the other wheels of the project in `app`."""
    Wheel("lib", "3.0").write(checkout / "app" / "wheels")


def revision(number: int) -> Callable[[str], str]:
    """Return a function that sets the revision of a lock to `number`, or removes it for 0."""
    line = f"revision = {number}\n" if number else ""
    return lambda lock: re.sub(r"\Aversion = 1\n(revision = \d+\n)?", f"version = 1\n{line}", lock)


def dynamic(field: str, *dependencies: str, metadata: str = "", version: str = "1.0") -> Files:
    """Return the files of a package whose `field` only its build backend knows."""
    return package("sample", *dependencies, dynamic=field, metadata=metadata, version=version, more=LOCAL)


def sample(more: str, *dependencies: str) -> Files:
    """Return the files of a package whose pyproject.toml ends with `more`."""
    return package("sample", *dependencies, more=more)


def changed(path: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a function that replaces `old` with `new` in the file `path` of a checkout."""

    def change(checkout: Path) -> None:
        text = (checkout / path).read_text(encoding="utf-8")
        assert old in text
        (checkout / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def removed(path: str) -> Callable[[Path], None]:
    """Return a function that removes the folder `path` of a checkout."""
    return lambda checkout: shutil.rmtree(checkout / path)


def names(outcome: Outcome) -> list[str]:
    """Return the names of the installed packages, without pip."""
    return [package["name"] for package in json.loads(outcome.outputs["packages"]) if package["name"] != "pip"]


def changes(outcome: Outcome) -> list[dict[str, str]]:
    """Return the output `changes` of a step."""
    found: list[dict[str, str]] = json.loads(outcome.outputs["changes"])
    return found

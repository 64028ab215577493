"""Which packages uv has to build, and the cache key for their wheels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import TARGET, step_inputs
from tests.uv import Starter
from uv_system_sync.interpreter.target import Target
from uv_system_sync.process import Command, Completed, Finish
from uv_system_sync.project.lockfile import Lockfile
from uv_system_sync.project.pyproject import Project
from uv_system_sync.project.toml import Document
from uv_system_sync.uv import builds
from uv_system_sync.uv.builds import Machine, Wanted
from uv_system_sync.uv.client import Uv

_LOCK = """\
version = 1

[[package]]
name = "sample"
version = "1.0"
source = { virtual = "." }

[[package]]
name = "pure"
version = "1.0"
source = { registry = "https://example.com/simple" }
sdist = { url = "https://example.com/pure-1.0.tar.gz", hash = "sha256:01" }
wheels = [
    { url = "https://example.com/pure-1.0-py3-none-any.whl", hash = "sha256:02" },
]

[[package]]
name = "native"
version = "2.0"
source = { registry = "https://example.com/simple" }
sdist = { url = "https://example.com/native-2.0.tar.gz", hash = "sha256:03" }
wheels = [
    { url = "https://example.com/native-2.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", hash = "sha256:04" },
    { url = "https://example.com/native-2.0-cp310-abi3-win_amd64.whl#x", hash = "sha256:05" },
]

[[package]]
name = "slow"
version = "3.0"
source = { registry = "https://example.com/simple" }
sdist = { url = "https://example.com/slow-3.0.tar.gz", hash = "sha256:06" }

[[package]]
name = "wheels-only"
version = "3.0"
source = { registry = "https://example.com/simple" }
wheels = [
    { url = "https://example.com/wheels_only-3.0-cp27-cp27m-win32.whl", hash = "sha256:07" },
]

[[package]]
name = "lib"
version = "4.0"
source = { git = "https://example.com/lib?rev=v1#0123456789" }
"""

# What uv prints for a sync with nothing installed.
_ALL = " + pure==1.0\n + native==2.0\n + slow==3.0\n + lib @ git+https://example.com/lib@0123456789\n"

_HOSTED = {"RUNNER_ENVIRONMENT": "github-hosted", "ImageOS": "ubuntu24"}


class _Uv(Starter):
    """A uv that creates a cache folder like the real one, and prints what it would install."""

    def __init__(self, printed: str = _ALL, cache_format: str = "sdists-v11", tags: str = "cp312-cp312-manylinux_2_36_x86_64") -> None:
        super().__init__(*[Completed(0, tags)], *[Completed(int(not printed), printed)])
        self._format = cache_format

    def start(self, command: Command) -> Finish:
        """Create the cache folder of a dry run."""
        if "--dry-run" in command.argv and self._format:
            os.makedirs(os.path.join(command.env["UV_CACHE_DIR"], self._format))
        return super().start(command)


def _wanted(  # noqa: PLR0913 - that is how many things decide
    folder: Path,
    uv: _Uv | None = None,
    *,
    target: Target = TARGET,
    environ: Mapping[str, str] = _HOSTED,
    lock: str = _LOCK,
    settings: Mapping[str, Any] | None = None,
    release: str = "",
    inputs: Mapping[str, str] = {},
) -> Wanted | None:
    uv = uv or _Uv()
    (folder / "uv.lock").write_text(lock, encoding="utf-8")
    (folder / "os-release").write_text(release, encoding="utf-8")
    document = Document(str(folder / "pyproject.toml"), "", {"tool": {"uv": settings or {}}})
    project = Project(str(folder), document, Lockfile(str(folder / "uv.lock")))
    machine = Machine({"RUNNER_TEMP": str(folder), **environ}, uv.start, str(folder / "os-release"))
    return builds.wanted(step_inputs(**inputs), project, target, Uv("/bin/uv", {}, uv.start), machine)


def _key(folder: Path, uv: _Uv | None = None, **different: Any) -> str:
    wanted = _wanted(folder, uv, **different)
    assert wanted is not None
    return wanted.key


def test_packages_without_a_wheel_for_the_python_are_wanted(tmp_path: Path) -> None:
    """They are source distributions on an index and Git repositories. The temporary cache for the dry run is removed."""
    wanted = _wanted(tmp_path)

    assert wanted is not None
    assert ["native 2.0", "slow 3.0", "lib 4.0"] == wanted.packages
    assert wanted.key.startswith("uv-system-sync-built-cpython-3.12.4-linux-x86_64-")
    assert str(tmp_path) == os.path.dirname(wanted.folder)
    assert ["os-release", "uv.lock"] == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize("tag", ["cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64", "cp310-abi3-win_amd64"])
def test_a_package_with_a_wheel_of_one_of_the_tags_is_not_built(tmp_path: Path, tag: str) -> None:
    wanted = _wanted(tmp_path, _Uv(tags=f"cp399-cp399-any\n{tag}\n"))

    assert wanted is not None
    assert ["slow 3.0", "lib 4.0"] == wanted.packages


@pytest.mark.parametrize(
    ("printed", "packages"),
    [(" + slow==3.0\n", ["slow 3.0"]), (" ~ slow==3.0\n + native==1.0\n", ["slow 3.0"]), ("", ["native 2.0", "slow 3.0", "lib 4.0"])],
)
def test_only_what_uv_would_install_is_wanted(tmp_path: Path, printed: str, packages: list[str]) -> None:
    """If the dry run fails, all packages that may have to be built are wanted."""
    wanted = _wanted(tmp_path, _Uv(printed))

    assert wanted is not None
    assert packages == wanted.packages


@pytest.mark.parametrize("printed", ["Audited 3 packages in 1ms\n", " - slow==3.0\n", " + pure==1.0\n"])
def test_nothing_is_wanted_if_nothing_has_to_be_built(tmp_path: Path, printed: str) -> None:
    assert None is _wanted(tmp_path, _Uv(printed))


def test_the_key_changes_with_each_thing_that_decides_a_build(tmp_path: Path) -> None:
    base = _key(tmp_path)
    keys = [
        _key(tmp_path, lock=_LOCK.replace("sha256:06", "sha256:ff")),
        _key(tmp_path, lock=_LOCK.replace("#0123456789", "#f")),
        _key(tmp_path, _Uv(" + slow==3.0\n")),
        _key(tmp_path, _Uv(tags="cp312-cp312t-manylinux_2_36_x86_64")),
        _key(tmp_path, _Uv(tags="cp312-cp312-musllinux_1_2_x86_64")),
        _key(tmp_path, _Uv(cache_format="sdists-v12")),
        _key(tmp_path, target=TARGET._replace(version="3.12.5")),
        _key(tmp_path, target=TARGET._replace(implementation="pypy")),
        _key(tmp_path, environ={**_HOSTED, "ImageOS": "ubuntu26"}),
        _key(tmp_path, release="ID=debian\nVERSION_ID=13\n"),
        _key(tmp_path, release="ID=debian\nVERSION_ID=12\n"),
        _key(tmp_path, inputs={"cache_suffix": "2"}),
    ]

    assert len(keys) + 1 == len({base, *keys})


def test_the_key_is_the_same_whatever_else_changes(tmp_path: Path) -> None:
    """These are other packages, the name of the image's release, and the order of the lock."""
    first, *blocks = _LOCK.split("[[package]]")
    reordered = "[[package]]".join([first, *reversed([f"{block.rstrip()}\n\n" for block in blocks])])
    other = '\n[[package]]\nname = "other"\nversion = "1"\nsource = { registry = "x" }\nsdist = { url = "o", hash = "1" }\n'
    keys = {_key(tmp_path), _key(tmp_path, lock=_LOCK + other), _key(tmp_path, lock=reordered), _key(tmp_path, release="PRETTY_NAME=x\n")}

    assert 1 == len(keys)


@pytest.mark.parametrize(
    ("environ", "settings", "args"),
    [
        ({"UV_NO_BINARY_PACKAGE": "Pure other"}, {}, ""),
        ({}, {"no-binary-package": ["pure"]}, ""),
        ({}, {}, "--no-binary-package pure"),
        ({}, {}, "--no-binary-package=pure"),
        ({"UV_NO_BINARY": "1"}, {}, ""),
        ({}, {"no-binary": True}, ""),
        ({}, {}, "--no-binary"),
    ],
)
def test_a_package_whose_wheels_are_not_to_be_used_is_built(
    tmp_path: Path, environ: dict[str, str], settings: dict[str, object], args: str
) -> None:
    tags = "cp311-cp311-manylinux2014_x86_64\npy3-none-any"
    wanted = _wanted(tmp_path, _Uv(" + pure==1.0\n", tags=tags), environ={**_HOSTED, **environ}, settings=settings, inputs={"args": args})

    assert wanted is not None
    assert ["pure 1.0"] == wanted.packages


@pytest.mark.parametrize("lock", ["", "[[package]]\n", _LOCK.replace("sdist", "x").replace("git", "x"), "[[package]]\nsdist = {{\n"])
def test_uv_is_not_started_for_a_lock_of_wheels_or_a_malformed_lock(tmp_path: Path, lock: str) -> None:
    uv = _Uv()

    assert (None, []) == (_wanted(tmp_path, uv, lock=lock), uv.commands)


def test_no_wheels_are_kept_for_a_python_whose_tags_are_unknown(tmp_path: Path) -> None:
    assert None is _wanted(tmp_path, _Uv(tags=""))

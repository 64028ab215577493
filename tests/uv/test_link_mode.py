"""Whether uv can link files from its cache into a Python."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET, step_inputs
from uv_system_sync.uv import arguments, link_mode

_MEMORY = Path("/dev/shm")  # noqa: S108 - another file system than that of the tests' own folder, and not used for its contents

elsewhere = pytest.mark.skipif(
    not _MEMORY.is_dir() or _MEMORY.stat().st_dev == Path(__file__).stat().st_dev, reason="there is no second file system at hand"
)


def test_one_file_system(tmp_path: Path) -> None:
    """On one file system uv decides itself, even while neither folder is there yet."""
    assert {} == link_mode.variables({"UV_CACHE_DIR": str(tmp_path / "a" / "cache")}, str(tmp_path / "b" / "site-packages"))


@elsewhere
def test_two_file_systems(tmp_path: Path) -> None:
    """Between two file systems uv copies, without trying anything else first."""
    assert {"UV_LINK_MODE": "copy"} == link_mode.variables({"UV_CACHE_DIR": str(_MEMORY / "cache")}, str(tmp_path / "site-packages"))


@elsewhere
@pytest.mark.parametrize("mode", ["symlink", "copy", "hardlink"])
def test_the_users_own_mode(tmp_path: Path, mode: str) -> None:
    """Who has named a mode gets that one."""
    environ = {"UV_CACHE_DIR": str(_MEMORY / "cache"), "UV_LINK_MODE": mode}

    assert {} == link_mode.variables(environ, str(tmp_path))
    assert (
        mode
        == arguments.sync(step_inputs(), PROJECT, TARGET._replace(site_packages=(str(tmp_path),)), "/bin/uv", environ).env["UV_LINK_MODE"]
    )


@elsewhere
@pytest.mark.parametrize(
    ("environ", "windows"),
    [
        pytest.param({"XDG_CACHE_HOME": "/dev/shm/x"}, False, id="xdg"),  # noqa: S108 - as above
        pytest.param({"HOME": "/dev/shm/x"}, False, id="home"),  # noqa: S108 - as above
        pytest.param({"LOCALAPPDATA": "/dev/shm/x", "HOME": "/"}, True, id="windows"),  # noqa: S108 - as above
    ],
)
def test_the_default_cache(tmp_path: Path, environ: dict[str, str], *, windows: bool) -> None:
    """Without `UV_CACHE_DIR`, the cache is where uv has it on each system."""
    assert {"UV_LINK_MODE": "copy"} == link_mode.variables(environ, str(tmp_path), windows=windows)


@pytest.mark.parametrize("windows", [True, False])
def test_no_cache_that_is_known(tmp_path: Path, *, windows: bool) -> None:
    """Where the cache is not known, uv decides itself."""
    assert {} == link_mode.variables({}, str(tmp_path), windows=windows)


@elsewhere
@pytest.mark.skipif(os.name == "nt", reason="POSIX has the second file system that is used here")
def test_the_cache_of_uv(tmp_path: Path) -> None:
    """The folder that is looked at is the one that uv itself names."""
    import subprocess

    from tests.support.projects import UV

    home = _MEMORY / "uv-system-sync-links"
    home.mkdir(exist_ok=True)
    try:
        environ = {"HOME": str(home)}
        said = subprocess.run([UV, "cache", "dir"], env=environ, check=True, capture_output=True, text=True).stdout.strip()
        assert (
            link_mode.variables({"UV_CACHE_DIR": said}, str(tmp_path))
            == link_mode.variables(environ, str(tmp_path))
            == {"UV_LINK_MODE": "copy"}
        )
    finally:
        shutil.rmtree(home)

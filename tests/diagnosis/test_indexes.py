"""Tests of `diagnosis.indexes`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.diagnosis import failure, write
from uv_system_sync.diagnosis import indexes

_PACKAGE = '[[package]]\nname = "alpha"\nversion = "1.0"\nsource = { registry = "%s" }\n'
_LOCK = "version = 1\n" + _PACKAGE % "https://one/simple"
_DEFAULT = 'index = [{url = "https://two", default = true}]\n'


@pytest.mark.parametrize(
    ("env", "files", "now", "where"),
    [
        ({"UV_DEFAULT_INDEX": "https://two/simple"}, {}, "`UV_DEFAULT_INDEX` is https://two/simple", ("uv.lock", 5)),
        (
            {"UV_EXTRA_INDEX_URL": "https://three ", "UV_INDEX_URL": "https://two"},
            {},
            "`UV_INDEX_URL` is https://two and `UV_EXTRA_INDEX_URL` is https://three",
            ("uv.lock", 5),
        ),
        ({}, {"pyproject_toml": f"[tool.uv]\n{_DEFAULT}"}, "pyproject.toml has https://two", ("pyproject.toml", 2)),
        ({}, {"pyproject_toml": '[tool.uv]\nindex-url = "https://two"\n'}, "pyproject.toml has https://two", ("pyproject.toml", 2)),
        ({}, {"uv_toml": f"\n{_DEFAULT}", "pyproject_toml": '[tool.uv]\nindex-url = "x"\n'}, "uv.toml has https://two", ("uv.toml", 2)),
        (
            {"UV_INDEX": "https://two"},
            {"uv_toml": 'index-url = "https://three"\n'},
            "`UV_INDEX` is https://two and uv.toml has https://three",
            ("uv.lock", 5),
        ),
        ({}, {"uv_lock": _LOCK.replace("https://one/simple", "wheels")}, "no other index than the default is set", ("uv.lock", 5)),
    ],
)
def test_index_that_is_not_set(tmp_path: Path, env: dict[str, str], files: dict[str, str], now: str, where: tuple[str, int]) -> None:
    """The package, its address in uv.lock and what is set now are values; the place is that of the setting, if there is one."""
    project = write(tmp_path, **{"uv_lock": _LOCK, **files})
    found = indexes.difference(failure("", project, env=env))

    assert found is not None
    clause, place = found
    assert ("alpha", "1.0", now) == tuple(clause.values[name] for name in ("name", "release", "now"))
    assert where == (os.path.relpath(place.file, project.root), place.line)


@pytest.mark.parametrize(
    ("locked", "env"),
    [
        pytest.param("https://one/simple", {"UV_DEFAULT_INDEX": "https://one/simple/"}, id="slash"),
        pytest.param("https://one/simple", {"UV_DEFAULT_INDEX": "name=https://user:word@one/simple"}, id="name and credentials"),
        pytest.param(
            "https://one/simple", {"UV_INDEX": "https://two https://one/simple", "UV_DEFAULT_INDEX": "https://three"}, id="second"
        ),
        pytest.param("https://one/simple", {"UV_INDEX": "https://two"}, id="perhaps the default index of uv"),
        pytest.param("wheels", {"UV_FIND_LINKS": "./wheels/"}, id="folder"),
        pytest.param("", {"UV_DEFAULT_INDEX": "https://two"}, id="no index"),
    ],
)
def test_index_that_is_set(tmp_path: Path, locked: str, env: dict[str, str]) -> None:
    """An index that is set in another form, or that may be the default, is no difference."""
    assert indexes.difference(failure("", write(tmp_path, uv_lock="version = 1\n" + _PACKAGE % locked), env=env)) is None


def test_settings_that_are_malformed(tmp_path: Path) -> None:
    """What is no address is ignored."""
    project = write(tmp_path, uv_toml="index = [1, {url = 2}]\nindex-url = 3\nfind-links = 4\n", uv_lock=_LOCK)

    assert indexes.difference(failure("", project, env={"UV_DEFAULT_INDEX": "https://one/simple"})) is None

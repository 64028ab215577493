"""The cache of built wheels between jobs, with the real uv, an index of source distributions, and a stand-in for actions/cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import kinds
from tests.support.index import Index, status
from tests.support.projects import since
from tests.support.step import Outcome, Runner, runner
from tools.shared.pythons import found
from tools.shared.uv import UV
from tools.shared.wheels import file_name, wheel

_EXTRA = '[project.optional-dependencies]\nmore = ["slower"]\n'
_SAYS_WHAT_IT_WOULD_INSTALL = since("0.6.17", "`uv sync --frozen --dry-run`")


def _sdist(folder: Path, name: str, version: str = "1.0") -> Path:
    files = kinds.package(name, version=version)
    information = f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n"
    kinds.sdist(folder / f"{name}-{version}.tar.gz", {**files, "PKG-INFO": information})
    return folder / f"{name}-{version}.tar.gz"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with slow and slower, which must be built, and alpha and beta, which have wheels."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("slow", "slower"):
        _sdist(folder, name)
    for name in ("alpha", "beta"):
        (folder / file_name(name, "1.0")).write_bytes(wheel(name, "1.0", {f"{name}.py": ""}))
    with Index(folder).served() as served:
        yield served


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """The storage of actions/cache: a folder for each key."""
    return tmp_path / "cache"


@pytest.fixture
def hosted(tmp_path: Path, index: Index, target: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A GitHub-hosted runner in a checkout that needs slow and alpha."""
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    folder = tmp_path / "built"
    folder.mkdir()
    ci = runner(tmp_path / "built-runner", folder).setup_python(target)
    ci.environ["NO_COLOR"] = "1"
    _write(ci, index, "slow", "alpha")
    _prepare(ci)
    ci.environ.update(RUNNER_ENVIRONMENT="github-hosted", UV_DEFAULT_INDEX=index.url, XDG_CACHE_HOME=str(tmp_path / "xdg"))
    return ci


def _prepare(ci: Runner) -> None:
    """Install the action's own packages; the index of these tests does not have them."""
    own = {name: value for name, value in ci.environ.items() if name not in ("UV_DEFAULT_INDEX", "XDG_CACHE_HOME")}
    replace(ci, environ=own).sync(check="true")


def _write(ci: Runner, index: Index, *dependencies: str, more: str = "") -> None:
    """Write a project with `dependencies` and lock it."""
    text = f"{kinds.project('sample', *dependencies)}[tool.uv]\npackage = false\n{more}"
    (ci.cwd / "pyproject.toml").write_text(text, encoding="utf-8")
    environ = {**{key: value for key, value in os.environ.items() if not key.startswith("UV_")}, "UV_PYTHON_PREFERENCE": "system"}
    command = [str(UV), "lock", "--quiet", "--no-cache", "--python", sys.executable]
    subprocess.run(command, cwd=ci.cwd, check=True, env={**environ, "UV_DEFAULT_INDEX": index.url})


def _job(ci: Runner, cache: Path, /, **inputs: str) -> Outcome:
    """Run the action in a new job on a machine with no packages installed and an empty cache."""
    prefix = Path(ci.environ["pythonLocation"])
    for folder in prefix.glob("lib/python*/site-packages"):
        for path in folder.iterdir():
            if path.name.partition("-")[0].removesuffix(".py") in ("slow", "slower", "alpha", "beta", "lib"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(ci.environ["XDG_CACHE_HOME"], ignore_errors=True)
    outcome = ci.job(cache, **inputs)
    assert 0 == outcome.returncode, outcome.log
    return outcome


def _built(outcome: Outcome) -> list[str]:
    return re.findall(r"^ +Built (\S+)==", outcome.log, re.MULTILINE)


def _keys(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir()) if cache.is_dir() else []


def _files(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if not path.is_dir())


def test_what_one_job_has_built_the_next_one_finds(hosted: Runner, cache: Path) -> None:
    """The entry holds the built wheel and no downloads, and is hardly larger than that wheel."""
    first, second = _job(hosted, cache), _job(hosted, cache)
    (kept,) = (path for path in _files(cache) if path.suffix == ".whl")

    assert (["slow"], "false") == (_built(first), first.outputs["cache-hit"])
    assert ([], "true") == (_built(second), second.outputs["cache-hit"]), second.log
    assert "slow-1.0-py3-none-any.whl" == kept.name
    assert sum(path.stat().st_size for path in _files(cache)) < 2 * kept.stat().st_size + 1000
    assert ["alpha", "slow"] == kinds.names(second)
    assert 1 == len(_keys(cache))
    assert "" == hosted.next_step(second, "python", "-c", "import slow, alpha")


def test_the_key_changes_with_what_is_built_and_with_nothing_else(hosted: Runner, cache: Path, index: Index) -> None:
    _job(hosted, cache)
    _write(hosted, index, "slow", "alpha", "beta")
    unrelated = _job(hosted, cache)
    suffix = _job(hosted, cache, cache_suffix="libfoo-2")
    _write(hosted, index, "slow", "slower")
    more = _job(hosted, cache)

    assert ("true", []) == (unrelated.outputs["cache-hit"], _built(unrelated))
    assert ("false", ["slow"]) == (suffix.outputs["cache-hit"], _built(suffix))
    assert ("false", ["slow", "slower"]) == (more.outputs["cache-hit"], sorted(_built(more)))
    assert (3, True) == (len(_keys(cache)), any(key.endswith("-libfoo-2") for key in _keys(cache)))


def test_every_python_of_a_matrix_has_an_entry(hosted: Runner, cache: Path, tmp_path: Path) -> None:
    """The version in .python-version makes no difference."""
    (hosted.cwd / ".python-version").write_text(f"{found()[-1].minor}\n", encoding="utf-8")
    pythons = found()[-3:]
    for python in pythons:
        _prepare(hosted.setup_python(python.copy(tmp_path / "matrix" / python.version / "x64")))
        _job(hosted, cache)

    assert [python.version for python in pythons] == [re.split("-", key)[5] for key in _keys(cache)]
    assert "true" == _job(hosted, cache).outputs["cache-hit"]


@pytest.mark.skipif(len(found()) < 2, reason="needs two CPythons")
def test_a_package_is_built_where_it_has_no_wheel_for_the_python(hosted: Runner, cache: Path, index: Index, tmp_path: Path) -> None:
    """The target can be a different Python from the one that runs the action."""
    older, newest = found()[-2:]
    tag = "cp" + newest.minor.replace(".", "")
    _sdist(index.folder, "lib")
    (index.folder / f"lib-1.0-{tag}-{tag}-manylinux1_x86_64.whl").write_bytes(wheel("lib", "1.0", {"lib.py": ""}))
    _write(hosted, index, "lib")
    fits, other = _job(hosted, cache), _job(hosted, cache, python=str(older.copy(tmp_path / "other")))

    assert ("", []) == (fits.outputs["cache-hit"], _built(fits))
    assert ("false", ["lib"]) == (other.outputs["cache-hit"], _built(other))


def test_where_every_package_has_a_wheel_nothing_is_kept(hosted: Runner, cache: Path, index: Index) -> None:
    _write(hosted, index, "alpha")
    outcome = _job(hosted, cache, cache="true")

    assert ("", []) == (outcome.outputs["cache-hit"], _keys(cache))


@_SAYS_WHAT_IT_WOULD_INSTALL
def test_where_no_package_without_a_wheel_is_selected_nothing_is_kept(hosted: Runner, cache: Path, index: Index) -> None:
    """A package that is only required on another system does not count either."""
    _write(hosted, index, "alpha", "slow; sys_platform == 'win32'", more=_EXTRA)

    assert ("", []) == (_job(hosted, cache).outputs["cache-hit"], _keys(cache))
    assert ("false", 1) == (_job(hosted, cache, extras="more").outputs["cache-hit"], len(_keys(cache)))


@pytest.mark.parametrize(
    ("environ", "inputs"),
    [
        ({"RUNNER_ENVIRONMENT": "self-hosted"}, {}),
        ({}, {"cache": "false"}),
        ({"UV_NO_CACHE": "1"}, {"cache": "true"}),
        ({}, {"cache": "true", "args": "--no-cache"}),
        ({"UV_CACHE_DIR": "own"}, {}),
    ],
)
def test_nothing_is_kept_where_that_is_not_wanted(hosted: Runner, cache: Path, environ: dict[str, str], inputs: dict[str, str]) -> None:
    hosted.environ.update(environ)
    outcome = _job(hosted, cache, **inputs)

    assert ("", ["slow"], []) == (outcome.outputs["cache-hit"], _built(outcome), _keys(cache))


def test_a_cache_of_the_users_own_is_left_alone(hosted: Runner, cache: Path, tmp_path: Path, listing: Callable[[Path], object]) -> None:
    """Wheels are cached all the same if the `cache` input asks for it."""
    own = tmp_path / "own"
    hosted.environ["UV_CACHE_DIR"] = str(own)
    _job(hosted, cache, cache="false")
    before = listing(own)
    outcome = _job(hosted, cache, cache="true")
    sdists = [path for path in listing(own) if "/sdists-" in path]  # type: ignore[attr-defined]  # a mapping

    assert ("false", ["slow"]) == (outcome.outputs["cache-hit"], _built(outcome))
    assert set(before) <= set(listing(own))  # type: ignore[call-overload]  # a mapping
    assert [] != sdists


def test_a_package_that_is_to_be_built_although_it_has_a_wheel_is_kept(hosted: Runner, cache: Path, index: Index) -> None:
    _sdist(index.folder, "beta")
    _write(hosted, index, "beta", more='no-binary-package = ["Beta"]\n')
    first, second = _job(hosted, cache), _job(hosted, cache)

    assert (["beta"], "false", [], "true") == (_built(first), first.outputs["cache-hit"], _built(second), second.outputs["cache-hit"])


def test_a_package_from_git_is_kept(hosted: Runner, cache: Path, tmp_path: Path, index: Index) -> None:
    repository = tmp_path / "repository"
    for path, content in kinds.package("lib").items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(content, encoding="utf-8")
    kinds.repository(repository)
    _write(hosted, index, "lib", more=f'[tool.uv.sources]\nlib = {{ git = "{repository.as_uri()}" }}\n')
    first, second = _job(hosted, cache), _job(hosted, cache)

    assert ("false", "true", []) == (first.outputs["cache-hit"], second.outputs["cache-hit"], _built(second))
    assert ["lib"] == kinds.names(second)


def test_after_a_failure_nothing_is_kept(hosted: Runner, cache: Path, index: Index) -> None:
    """A workflow that continues after the failure would otherwise save an incomplete entry under the key of the complete one."""
    index.misbehave(file_name("alpha", "1.0"), status(404))
    hosted.environ["UV_CONCURRENT_DOWNLOADS"] = "1"
    outcome = hosted.job(cache)

    assert (1, False) == (outcome.returncode, outcome.published)
    assert [] == [*(hosted.folder / "temp").glob("uv-system-sync-built-*")]


def test_a_check_keeps_nothing(hosted: Runner, cache: Path) -> None:
    _job(hosted, cache, cache="false")
    outcome = hosted.job(cache, check="true", cache="true")

    assert [] == _keys(cache)
    assert "" == outcome.outputs.get("cache-hit", "")


def _only_wheel(cache: Path) -> Path:
    return next(path for path in _files(cache) if path.suffix == ".whl")


def _cut(cache: Path) -> None:
    path = _only_wheel(cache)
    path.write_bytes(path.read_bytes()[:100])


def _flip(cache: Path) -> None:
    path = _only_wheel(cache)
    content = bytearray(path.read_bytes())
    content[content.index(b"def main")] ^= 1
    path.write_bytes(content)


def _other_name(cache: Path) -> None:
    _only_wheel(cache).write_bytes(wheel("evil", "1.0", {"evil.py": ""}))


def _other_version(cache: Path) -> None:
    _only_wheel(cache).write_bytes(wheel("slow", "2.0", {"slow.py": ""}))


def _rename(cache: Path) -> None:
    path = _only_wheel(cache)
    path.write_bytes(wheel("evil", "1.0", {"evil.py": ""}))
    path.rename(path.with_name(file_name("evil", "1.0")))


def _link(cache: Path) -> None:
    path = _only_wheel(cache)
    outside = cache.parent / path.name
    outside.write_bytes(wheel("slow", "1.0", {"slow.py": "evil = True\n"}))
    path.unlink()
    path.symlink_to(outside)


def _folder_link(cache: Path) -> None:
    path = _only_wheel(cache).parent
    outside = cache.parent / "outside"
    path.rename(outside)
    path.symlink_to(outside)


def _hash_again(cache: Path) -> None:
    """Recompute the hashes, as an attacker who forges an entry would."""
    folder = next(cache.iterdir())
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "hashes.json"]
    hashes = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    (folder / "hashes.json").write_text(json.dumps(hashes), encoding="utf-8")


def _foreign(cache: Path) -> None:
    folder = next(cache.iterdir())
    (folder / "simple-v1" / "index").mkdir(parents=True)
    (folder / "simple-v1" / "index" / "slow.rkyv").write_bytes(b"evil")


@pytest.mark.parametrize("is_hashed", [False, True], ids=["by-accident", "with-hashes-that-fit"])
@pytest.mark.parametrize(
    "damage", [_cut, _flip, _other_name, _other_version, _rename, _link, _folder_link, _foreign], ids=lambda damage: damage.__name__
)
def test_what_no_job_has_left_in_the_cache_is_not_used(
    hosted: Runner, cache: Path, damage: Callable[[Path], None], *, is_hashed: bool
) -> None:
    """The package is built again, and a notice names the problem and the cache entry to delete."""
    _job(hosted, cache)
    damage(cache)
    if is_hashed:
        _hash_again(cache)
    outcome = _job(hosted, cache)

    assert ("false", ["slow"]) == (outcome.outputs["cache-hit"], _built(outcome)), outcome.log
    assert ["cache-unusable"] == re.findall(r"^::notice title=([\w-]+)::", outcome.log, re.MULTILINE)
    assert _keys(cache)[0] in outcome.log
    assert "slow 1.0\n" == hosted.next_step(outcome, "python", "-c", "import slow; slow.main()")


def test_hashes_of_sources_that_cannot_be_read_are_as_none(hosted: Runner, cache: Path) -> None:
    """Unreadable hashes count as missing: the package is built again."""
    _job(hosted, cache)
    for path in cache.rglob("revision.http"):
        path.write_bytes(b"\xff" * 100)
    outcome = _job(hosted, cache)

    assert (["slow"], "slow 1.0\n") == (_built(outcome), hosted.next_step(outcome, "python", "-c", "import slow; slow.main()"))


def test_a_failure_of_actions_cache_is_a_notice(hosted: Runner) -> None:
    first = hosted.sync()
    earlier = {f"steps.sync.outputs.{name}": value for name, value in first.outputs.items()}
    outcome = hosted.resume({**earlier, "steps.cache.outputs.cache-hit": "", "steps.cache.outcome": "failure"})

    assert (0, "false") == (outcome.returncode, outcome.outputs["cache-hit"])
    assert ["cache-unusable"] == re.findall(r"^::notice title=([\w-]+)::", outcome.log, re.MULTILINE)


def test_the_first_step_hands_on_nothing_but_what_the_next_ones_need(hosted: Runner) -> None:
    first = hosted.sync()

    assert ({"cache-key", "cache-path"}, {}, [], "") == (set(first.outputs), first.env, first.paths, first.summary)
    assert [] == [*Path(hosted.environ["pythonLocation"]).rglob("slow*")]
    assert str(hosted.folder / "temp") == os.path.dirname(first.outputs["cache-path"])

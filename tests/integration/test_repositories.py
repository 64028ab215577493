"""A Git dependency that cannot be fetched is explained with the repository, the reason and the next step."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.index import Index, status
from tests.support.step import Runner, runner
from tools.shared.uv import UV

# The first request that git makes to an HTTP server.
_FIRST = "refs?service=git-upload-pack"


def _git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Tests", "-c", "user.email=tests@example.com")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Git repository with the project `delta`."""
    folder = tmp_path / "delta"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "delta"\nversion = "1.0"\n', encoding="utf-8")
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "All of it")
    return folder


@pytest.fixture
def ci(tmp_path: Path, repository: Path, target: Path) -> Runner:
    """A runner in a checkout whose lock has a commit of `repository` that is not in any cache."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    commit = _git(repository, "rev-parse", "HEAD")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "sample"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["delta"]\n'
        f'[tool.uv.sources]\ndelta = {{ git = "{repository.as_uri()}", rev = "{commit}" }}\n',
        encoding="utf-8",
    )
    command = [str(UV), "lock", "--quiet", "--python", sys.executable]
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "UV_PYTHON_PREFERENCE": "system"})
    ci = runner(tmp_path / "runner", folder).setup_python(target)
    # The runtime dependencies are installed before the cache is replaced.
    ci.sync(check="true")
    ci.environ["UV_CACHE_DIR"] = str(tmp_path / "cache")
    return ci


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Index]:
    """A server without any repository."""
    with Index(tmp_path).served() as served:
        yield served


def _replace(ci: Runner, old: str, new: str) -> None:
    for name in ("pyproject.toml", "uv.lock"):
        file = ci.cwd / name
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _assert_explained(ci: Runner, address: str, reason: str, hint: str) -> None:
    """Assert that a sync fails with an error on the line of delta in uv.lock, containing the address, the reason and the next step."""
    outcome = ci.sync()
    line = (ci.cwd / "uv.lock").read_text(encoding="utf-8").splitlines().index('name = "delta"') + 1
    fact, advice, *_ = outcome.errors[0].splitlines()

    assert fact.startswith(f"title=sync-failed,file={ci.cwd}/uv.lock,line={line}::delta ")
    assert f"{address}: {reason}." in fact
    assert hint in advice
    assert not outcome.published


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *((code, ("git has no access to it, or it does not exist", "Give git credentials that {} accepts")) for code in (401, 403, 404)),
        (500, ("the server reported an error", "ask the operator of {}.")),
    ],
)
def test_repository_that_is_refused(ci: Runner, repository: Path, server: Index, code: int, expected: tuple[str, str]) -> None:
    """Each status has its own reason and next step."""
    reason, hint = expected
    host = f"127.0.0.1:{server.port}"
    server.misbehave(_FIRST, status(code))
    _replace(ci, repository.as_uri(), f"http://{host}/org/private")

    _assert_explained(ci, f"http://{host}/org/private", reason, hint.format(host))


def test_server_that_does_not_answer(ci: Runner, repository: Path, tmp_path: Path) -> None:
    """The error names possible network problems."""
    gone = Index(tmp_path)
    with gone.served():
        host = f"127.0.0.1:{gone.port}"
    _replace(ci, repository.as_uri(), f"http://{host}/org/private")

    _assert_explained(ci, f"http://{host}/org/private", "the connection failed", f"can reach {host} ")


def test_commit_that_is_gone(ci: Runner, repository: Path) -> None:
    """A locked commit disappears from its repository after a force push, for example."""
    _replace(ci, _git(repository, "rev-parse", "HEAD"), "0123456789" * 4)

    _assert_explained(ci, repository.as_uri(), "it does not have the locked commit", "run `uv lock`")


def test_repository_that_is_gone(ci: Runner, repository: Path) -> None:
    """The repository is no longer at the address in uv.lock."""
    repository.rename(repository.with_name("elsewhere"))

    _assert_explained(ci, repository.as_uri(), "the repository does not exist", "Correct its address")


def test_machine_without_git(ci: Runner, repository: Path, target: Path) -> None:
    """The reason is that git is not installed."""
    ci.search_path = os.pathsep.join([str(ci.folder / "uv"), str(target / "bin")])

    _assert_explained(ci, repository.as_uri(), "`git` is not on PATH", "Install git")

"""A package from a Git repository that cannot be had is told with the repository, the reason and the next step."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.index import Index, status
from tests.support.step import Outcome, Runner, runner
from tools.shared.uv import UV

# What git asks first of a repository that is served by HTTP.
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
    """A runner in a checkout whose lock has a commit of `repository`, with no cache of it."""
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
    # The action's own wheels are there before there is another cache.
    ci.sync(check="true")
    ci.environ["UV_CACHE_DIR"] = str(tmp_path / "cache")
    return ci


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Index]:
    """A server that has no repository."""
    with Index(tmp_path).served() as served:
        yield served


def _replace(ci: Runner, old: str, new: str) -> None:
    for name in ("pyproject.toml", "uv.lock"):
        file = ci.cwd / name
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _told(ci: Runner, outcome: Outcome) -> list[str]:
    """Return the first two lines of the error, less what every one of them has."""
    line = (ci.cwd / "uv.lock").read_text(encoding="utf-8").splitlines().index('name = "delta"') + 1
    place = f"title=sync-failed,file={ci.cwd}/uv.lock,line={line}::delta could not be fetched from the Git repository "
    told = outcome.errors[0]
    assert (place, False) == (told[: len(place)], outcome.published)
    return told[len(place) :].splitlines()[:2]


_PRIVATE = "git may not read it, or it does not exist"
_CREDENTIALS = (
    "Give git credentials that {} accepts in an earlier step, from secrets: the job's own token reads the job's own repository alone."
    " Or correct the address in pyproject.toml."
)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        *((code, (f"{_PRIVATE}.", _CREDENTIALS)) for code in (401, 403, 404)),
        (500, ("the server has failed.", "Run the job again; if it fails again, ask who runs {}.")),
    ],
)
def test_a_repository_that_is_refused(ci: Runner, repository: Path, server: Index, code: int, said: tuple[str, str]) -> None:
    """A server that does not hand a repository out is named, and each status has its next step."""
    reason, hint = said
    host = f"127.0.0.1:{server.port}"
    server.misbehave(_FIRST, status(code))
    _replace(ci, repository.as_uri(), f"http://{host}/org/private")

    assert [f"http://{host}/org/private: {reason}", hint.format(host)] == _told(ci, ci.sync())


def test_a_server_that_is_not_there(ci: Runner, repository: Path, tmp_path: Path) -> None:
    """A server that nobody answers for is named, and what could be wrong."""
    gone = Index(tmp_path)
    with gone.served():
        host = f"127.0.0.1:{gone.port}"
    _replace(ci, repository.as_uri(), f"http://{host}/org/private")

    hint = f"Check that the runner reaches {host} (its network, `HTTPS_PROXY`); then run the job again."
    assert [f"http://{host}/org/private: the connection failed.", hint] == _told(ci, ci.sync())


def test_a_commit_that_is_gone(ci: Runner, repository: Path) -> None:
    """A locked commit that the repository does not have, as after a forced push, is told as that."""
    _replace(ci, _git(repository, "rev-parse", "HEAD"), "0123456789" * 4)

    hint = "Restore the branch or tag that had it, or run `uv lock` and commit uv.lock."
    assert [f"{repository.as_uri()}: it does not have the commit that is locked.", hint] == _told(ci, ci.sync())


def test_a_repository_that_is_gone(ci: Runner, repository: Path) -> None:
    """A repository that is not where the lock says is told as that."""
    repository.rename(repository.with_name("elsewhere"))

    assert [f"{repository.as_uri()}: there is no such repository.", "Correct its address in pyproject.toml."] == _told(ci, ci.sync())


def test_no_git(ci: Runner, repository: Path, target: Path) -> None:
    """A machine without git is told to have none."""
    ci.search_path = os.pathsep.join([str(ci.folder / "uv"), str(target / "bin")])

    assert [f"{repository.as_uri()}: there is no `git` on PATH.", "Install git in an earlier step."] == _told(ci, ci.sync())

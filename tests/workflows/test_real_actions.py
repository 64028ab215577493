"""Whole workflows with GitHub's real actions; `REAL_ACTIONS` names a folder with their repositories, such as `actions/cache`."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support import github_actions, kinds
from tests.support.documents import CHECKOUT, SETUP_PYTHON
from tests.support.index import Index
from tools.shared.act import Act, Job
from tools.shared.pythons import Python, found

_REPOSITORIES = os.environ.get("REAL_ACTIONS", "")
_NAMES = ("actions/checkout", "actions/setup-python", "actions/cache", "actions/upload-artifact", "actions/download-artifact")

pytestmark = [
    pytest.mark.skipif(not _REPOSITORIES, reason="`make real-actions` runs it, with the repositories of GitHub's actions"),
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to run GitHub's actions"),
]


@cache
def _is_there(name: str) -> bool:
    """Return whether the repository `name` exists with all its files, or with sources from which the missing program can be built."""
    repository = Path(_REPOSITORIES, name)
    return repository.is_dir() and (github_actions.has_every_file(repository) or github_actions.can_be_built(name))


def _needs(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    missing = [name for name in names if not _is_there(name)]
    skipped = pytest.mark.skipif(bool(missing), reason=f"REAL_ACTIONS has no {', '.join(missing)}, or there is no npm to build it")
    return lambda test: skipped(pytest.mark.actions(*names)(test))


@pytest.fixture(autouse=True)
def _actions(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Record the actions and versions that each test uses in the report of the run."""
    for mark in request.node.iter_markers("actions"):
        record_property("action", " and ".join(map(_versioned, mark.args)))


def _versioned(name: str) -> str:
    command = ["git", "-C", str(Path(_REPOSITORIES, name)), "describe", "--tags", "--always", "--match=v*.*.*"]
    return f"{name} {subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()}"


_BUILT = f"""\
name: Test
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy: {{max-parallel: 1, matrix: {{turn: [1, 2], python: VERSIONS}}}}
    steps:
      - uses: {CHECKOUT}
      - uses: {SETUP_PYTHON}
        with: {{python-version: "${{{{ matrix.python }}}}"}}
      # Jobs in act share the Python, and a temporary folder of their own each would be another entry of the cache.
      - run: rm -rf "FOLDER" && mkdir "FOLDER" && python -m pip uninstall -y -q slow
      - uses: org/uv-system-sync@v1
        id: sync
        with: {{cache: "true"}}
        env: {{RUNNER_TEMP: "FOLDER"}}
      - run: python -c "import slow"
"""


@pytest.fixture
def pythons() -> tuple[Python, ...]:
    """The three newest CPythons, or all of them if there are fewer."""
    return found()[-3:]


@pytest.fixture
def real(request: pytest.FixtureRequest, tmp_path: Path, pythons: tuple[Python, ...]) -> Act:
    """An act with checkouts of the available actions; actions that must be built are only included for the tests that need them."""
    needed = {name for mark in request.node.iter_markers("actions") for name in mark.args}
    names = [name for name in _NAMES if name in needed or (_is_there(name) and github_actions.has_every_file(Path(_REPOSITORIES, name)))]
    checkouts = {name: github_actions.checkout(Path(_REPOSITORIES, name), name, tmp_path / name.replace("/", "-")) for name in names}
    act = Act(tmp_path / "act", pythons, checkouts).prepare()
    (act.folder / "bin" / "node").symlink_to(str(shutil.which("node")))
    return act


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with slow, which must be built."""
    folder, information = tmp_path / "index", {"PKG-INFO": "Metadata-Version: 2.2\nName: slow\nVersion: 1.0\n"}
    kinds.sdist(folder / "slow-1.0.tar.gz", {**kinds.package("slow"), **information})
    with Index(folder).served() as served:
        yield served


def _run_built(act: Act, workspace: Path, *arguments: str) -> list[Job]:
    temp = act.folder / "temp"
    versions = str([python.minor for python in act.pythons])
    text = _BUILT.replace("VERSIONS", versions).replace("FOLDER", str(temp))
    (workspace / ".github" / "workflows" / "test.yml").write_text(text, encoding="utf-8")
    return act.run(workspace, ".github/workflows/test.yml", "--cache-server-path", str(act.folder / "cache-server"), *arguments)


@pytest.fixture
def built(workspace: Path, index: Index) -> Path:
    """A repository whose project needs slow, with a Python version pinned for local use."""
    settings = f'[tool.uv]\npackage = false\nindex = [{{ url = "{index.url}", default = true }}]\n'
    (workspace / "pyproject.toml").write_text(kinds.project("sample", "slow") + settings, encoding="utf-8")
    kinds.uv(workspace, "lock", "--no-cache")
    (workspace / ".python-version").write_text(f"{found()[-1].minor}\n", encoding="utf-8")
    return workspace


@_needs("actions/setup-python", "actions/cache")
def test_a_wheel_that_was_built_is_restored_in_the_next_job_of_the_same_python(real: Act, built: Path) -> None:
    jobs = _run_built(real, built)

    assert ["success"] * len(jobs) == [job.result for job in jobs]
    assert {("1", "false", True), ("2", "true", False)} == {
        (str(job.matrix["turn"]), job.outputs("sync")["cache-hit"], "Built" in job.log) for job in jobs
    }
    assert 2 * len(real.pythons) == len(jobs)


@_needs("actions/cache")
def test_without_a_cache_server_the_wheel_is_built(real: Act, built: Path) -> None:
    """In this case, actions/cache prints a warning."""
    jobs = _run_built(real, built, "--no-cache-server", "--matrix", "turn:1", "--matrix", f"python:{real.pythons[-1].minor}")

    assert [("success", "false", True)] == [(job.result, job.outputs("sync")["cache-hit"], "[warning]" in job.log) for job in jobs]


@pytest.fixture
def server(workspace: Path, tmp_path: Path) -> Iterator[str]:
    """A local server that has the workspace as the branch `main` of `org/sample`, without authentication."""
    folder = tmp_path / "served"
    commit = [*("-c", "user.name=a", "-c", "user.email=a@b.invalid"), "commit", "--quiet", "--message=Add"]
    for arguments in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], commit):
        subprocess.run(["git", *arguments], cwd=workspace, check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", workspace, folder / "org" / "sample"], check=True)
    subprocess.run(["git", "update-server-info"], cwd=folder / "org" / "sample", check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@_needs("actions/checkout", "actions/setup-python")
def test_what_the_real_checkout_has_checked_out_is_installed(real: Act, workspace: Path, server: str) -> None:
    """The full history is fetched, because this server only provides static files and cannot serve a shallow clone."""
    path = workspace / ".github" / "workflows" / "quickstart.yml"
    inputs = f"{{github-server-url: '{server}', repository: org/sample, ref: refs/heads/main, fetch-depth: 0, token: none}}"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(f"(- uses: {CHECKOUT}).*", rf"\1\n        with: {inputs}", text), encoding="utf-8")
    (job,) = real.run(workspace, ".github/workflows/quickstart.yml", "--no-skip-checkout")

    assert ("success", True) == (job.result, f"{server}/org/sample" in job.log), job.log


@_needs("actions/setup-python")
def test_the_quick_start(real: Act, workspace: Path) -> None:
    (job,) = real.run(workspace, ".github/workflows/quickstart.yml")

    assert "success" == job.result, job.log


@_needs("actions/upload-artifact", "actions/download-artifact")
def test_the_reports_of_a_matrix_reach_the_job_that_compares_them(real: Act, workspace: Path) -> None:
    path = workspace / ".github" / "workflows" / "matrix-report.yml"
    names = ", ".join(f'"{python.minor}"' for python in real.pythons)
    text = path.read_text(encoding="utf-8").replace('"3.11", "3.12", "3.13", "3.14", "3.15"', names)
    path.write_text(text.replace("3.11, 3.12, 3.13, 3.14, 3.15", names.replace('"', "")), encoding="utf-8")
    port = _free_port()
    server = [
        "--artifact-server-path",
        str(real.folder / "artifacts"),
        "--artifact-server-addr",
        "127.0.0.1",
        "--artifact-server-port",
        port,
    ]
    with github_actions.artifact_service(int(port)) as address:
        *jobs, report = real.run(workspace, ".github/workflows/matrix-report.yml", *server, ACTIONS_RUNTIME_URL=address)

    assert ["success"] * (len(real.pythons) + 1) == [job.result for job in (*jobs, report)], [job.log for job in (*jobs, report)]
    assert all(python.version in report.summary("report") for python in real.pythons)


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])

"""The archive that a runner downloads for `uses:`, which GitHub creates with `git archive`."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.uv_wheels import PINNED
from tests.workflows.conftest import without_uv, workflow
from tools.shared import ROOT
from tools.shared.act import Act
from tools.shared.pythons import found

# The files that the actions need, and those that `pip install` of the archive also needs.
_NEEDED = ("action.yml", "report/action.yml", "requirements/action.txt", "requirements/action-files.txt", "requirements/uv.txt", "src")
_FOR_PIP = {"LICENSE", "README.md", "pyproject.toml"}


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def archive() -> bytes:
    """The archive of the last commit."""
    return _git("archive", "--worktree-attributes", "--format=tar.gz", "HEAD")


@pytest.fixture
def names(archive: bytes) -> set[str]:
    """The paths of the archive's files."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {member.name for member in opened if member.isfile()}


def test_it_has_what_the_actions_need_and_what_installing_it_needs(names: set[str]) -> None:
    needed = _git("ls-tree", "-r", "-z", "--name-only", "HEAD", *_NEEDED).decode().strip("\0").split("\0")

    assert {*needed, *_FOR_PIP} == names
    assert set(_NEEDED) - {"src"} <= names


def test_it_is_small(archive: bytes) -> None:
    assert len(archive) < 150_000


def test_both_actions_run_from_it(act: Act, workspace: Path, archive: bytes) -> None:
    """There is no uv on PATH, so all parts of the archive are used."""
    shutil.rmtree(act.action)
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        opened.extractall(act.action)  # noqa: S202 - our own
    steps = """\
      - uses: org/uv-system-sync@v1
        id: sync
      - run: python -c "import alpha"
      - run: mkdir -p reports/one && cp "$REPORT" reports/one
        env: {REPORT: "${{ steps.sync.outputs.report }}"}
      - uses: org/uv-system-sync/report@v1
        id: report
        with: {folder: reports}
"""
    (job,) = act.run(workspace, workflow(workspace, steps, found()[-1].minor), **without_uv(act, PINNED))

    assert ("success", PINNED) == (job.result, job.outputs("sync")["uv-version"]), job.log
    assert ["one"] == [each["name"] for each in json.loads(job.outputs("report")["report"])["jobs"]]

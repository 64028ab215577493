"""Faults in the middle of a workflow, and their effect on later steps and on the next use of the action."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflows.conftest import workflow
from tools.shared.act import Act, Job
from tools.shared.pythons import found

_MINE = '"$RUNNER_TEMP/mine"'
_LATER = 'run: echo "[${UV_PROJECT_ENVIRONMENT-unset}] [${EVIL-unset}]"'

# A uv that kills its parent step with SIGKILL and continues without it.
_KILLING = f"""\
      - run: |
          mkdir {_MINE}
          printf '#!/bin/sh\\nif [ "$1" = sync ]; then kill -9 $PPID; sleep 1; fi\\nexec "%s" "$@"\\n' "$STANDIN_UV" > {_MINE}/uv
          chmod +x {_MINE}/uv
          echo {_MINE} >> "$GITHUB_PATH"
"""


# A build backend that looks for the runner's files in the environments of its ancestor processes.
_THIEF = """\
import os

pid = os.getppid()
while pid > 1:
    variables = dict(item.split("=", 1) for item in open(f"/proc/{pid}/environ").read().split("\\0") if "=" in item)
    if "GITHUB_ENV" in variables:
        open(variables["GITHUB_ENV"], "a").write("EVIL=1\\n")
        open(variables["GITHUB_OUTPUT"], "a").write("packages=evil\\n")
        break
    pid = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
raise SystemExit("done")
"""


def _run(act: Act, workspace: Path, steps: str) -> Job:
    (job,) = act.run(workspace, workflow(workspace, steps, found()[-1].minor))
    return job


def _titles(job: Job) -> list[str]:
    return [properties.get("title", "") for properties, _ in job.annotations("error")]


def test_a_step_that_is_killed_alone(act: Act, workspace: Path) -> None:
    """A step that is killed while its uv continues sets no outputs, and the next step waits for that uv and succeeds."""
    steps = f"""\
{_KILLING}\
      - uses: org/uv-system-sync@v1
        continue-on-error: true
      - {_LATER}
      - run: ln -sf "$STANDIN_UV" {_MINE}/uv
      - uses: org/uv-system-sync@v1
      - run: python -c "import alpha"
"""
    job = _run(act, workspace, steps)

    assert ("success", []) == (job.result, _titles(job))
    assert "[unset] [unset]\n" in job.log
    assert "Waiting for another process to finish its sync of " in job.log


def test_a_python_that_a_killed_sync_has_left_broken(act: Act, workspace: Path) -> None:
    """Packages that an interrupted sync left broken are reinstalled, with a notice."""
    steps = """\
      - uses: org/uv-system-sync@v1
      - run: |
          cd "$(python -c "import sysconfig; print(sysconfig.get_path('purelib'))")"
          rm beta.py alpha-*.dist-info/METADATA
          touch .uv-system-sync-unfinished
      - uses: org/uv-system-sync@v1
        id: sync
      - run: python -c "import alpha, beta"
"""
    job = _run(act, workspace, steps)
    ((properties, message),) = job.annotations("notice")

    assert ("success", {"title": "packages-repaired"}) == (job.result, properties), job.log
    assert "alpha (it has no METADATA), beta (" in message
    assert "alpha" in job.summary("sync")


def test_packages_that_cannot_be_had(act: Act, workspace: Path) -> None:
    """A sync whose packages are unavailable gives one error and sets no outputs; the next sync, with the packages available, succeeds."""
    steps = f"""\
      - run: mv wheels gone
      - uses: org/uv-system-sync@v1
        continue-on-error: true
        env: {{UV_CACHE_DIR: "${{{{ runner.temp }}}}/cache"}}
      - {_LATER}
      - run: mv gone wheels
      - uses: org/uv-system-sync@v1
      - run: python -c "import alpha"
"""
    job = _run(act, workspace, steps)

    assert ("success", ["sync-failed"]) == (job.result, _titles(job)), job.log
    assert "[unset] [unset]\n" in job.log


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the build looks for the runner's files in /proc")
def test_a_build_that_steals_into_the_files_of_the_runner(act: Act, workspace: Path) -> None:
    """A build that finds the runner's files through another process and writes to them changes nothing for later steps."""
    pyproject = workspace / "pyproject.toml"
    document = pyproject.read_text().replace('requires = ["uv_build"]', "requires = []")
    pyproject.write_text(document.replace('build-backend = "uv_build"', 'build-backend = "thief"\nbackend-path = ["."]'))
    (workspace / "thief.py").write_text(_THIEF)
    steps = f"""\
      - uses: org/uv-system-sync@v1
        id: sync
        continue-on-error: true
      - {_LATER}
      - run: echo "[$PACKAGES]"
        env: {{PACKAGES: "${{{{ steps.sync.outputs.packages }}}}"}}
"""
    job = _run(act, workspace, steps)

    assert ["runner-unusable"] == _titles(job), job.log
    assert "[unset] [unset]\n" in job.log
    assert job.log.endswith("[]\n")

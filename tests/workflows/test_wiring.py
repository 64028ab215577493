"""The wiring of action.yml: which steps run, and what of them later steps see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflows.conftest import workflow
from tools.shared.act import Act
from tools.shared.pythons import found


@pytest.mark.parametrize("version", ["", "0.13.9"])
def test_uv_is_installed_when_it_is_missing_or_asked_for(act: Act, workspace: Path, version: str) -> None:
    """Without a uv on PATH, or with `uv-version`, setup-uv runs, and the outputs describe its cache."""
    step = f'      - uses: org/uv-system-sync@v1\n        id: sync\n        with: {{uv-version: "{version}"}}\n'

    (job,) = act.run(workspace, workflow(workspace, step, found()[-1].minor))

    assert "success" == job.result, job.log
    assert "false" == job.outputs("sync")["cache-hit"]


def test_a_uv_on_path_is_used(act: Act, workspace: Path) -> None:
    """With a uv on PATH and no `uv-version`, setup-uv does not run."""
    steps = """\
      - run: mkdir "$RUNNER_TEMP/mine" && cp "$STANDIN_UV" "$RUNNER_TEMP/mine/uv" && echo "$RUNNER_TEMP/mine" >> "$GITHUB_PATH"
      - uses: org/uv-system-sync@v1
        id: sync
"""

    (job,) = act.run(workspace, workflow(workspace, steps, found()[-1].minor))

    assert "success" == job.result, job.log
    assert "" == job.outputs("sync")["cache-hit"]
    assert "uv-bin" not in job.log


def test_a_failure_stops_the_job_and_leaves_nothing_behind(act: Act, workspace: Path) -> None:
    """When the step fails, it annotates the workflow once, and a step that runs nevertheless sees nothing of it."""
    steps = """\
      - uses: org/uv-system-sync@v1
        id: sync
        with: {groups: nope}
      - if: always()
        run: echo "[${UV_PROJECT_ENVIRONMENT-unset}] [$PACKAGES]"
        env: {PACKAGES: "${{ steps.sync.outputs.packages }}"}
"""

    (job,) = act.run(workspace, workflow(workspace, steps, found()[-1].minor))

    assert "failure" == job.result
    assert [
        (
            {"title": "invalid-input"},
            (
                "`groups` holds `nope`, which the project does not define; it defines `dev`, `lint`, `tests`.\n"
                "Correct `groups` in the step, or define `nope` in the project and run `uv lock`."
            ),
        )
    ] == job.annotations("error")
    assert job.log.endswith("[unset] []\n")


def test_a_uv_that_cannot_be_installed_is_one_clear_error(act: Act, workspace: Path) -> None:
    """When setup-uv fails, the step has one error with what to do, instead of using another uv."""
    step = "      - uses: org/uv-system-sync@v1\n        with: {uv-version: none}\n"

    (job,) = act.run(workspace, workflow(workspace, step, found()[-1].minor))

    assert "failure" == job.result
    assert [
        (
            {"title": "uv-unavailable"},
            (
                "astral-sh/setup-uv could not install uv; its part of the log says why.\n"
                "Correct `uv-version` or the network, or install uv in an earlier step and leave `uv-version` empty."
            ),
        )
    ] == job.annotations("error")


def test_build_output_is_no_workflow_command(act: Act, workspace: Path) -> None:
    """What a build prints is shown, and none of it becomes a variable, an annotation or a PATH entry."""
    pyproject = workspace / "pyproject.toml"
    document = pyproject.read_text().replace('requires = ["uv_build"]', "requires = []")
    pyproject.write_text(document.replace('build-backend = "uv_build"', 'build-backend = "noisy"\nbackend-path = ["."]'))
    (workspace / "noisy.py").write_text(
        "print('::error::from the build', flush=True)\nprint('::add-mask::alpha', flush=True)\nraise SystemExit('::warning::no')\n"
    )
    steps = """\
      - uses: org/uv-system-sync@v1
        continue-on-error: true
      - run: echo alpha
"""

    (job,) = act.run(workspace, workflow(workspace, steps, found()[-1].minor))

    assert "::error::from the build" in job.log
    ((properties, _),) = job.annotations("error")
    assert properties["title"].startswith("sync-failed")
    assert [] == job.annotations("warning")
    assert job.log.endswith("alpha\n")

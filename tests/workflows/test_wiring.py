"""The wiring of action.yml: which uv the step uses, and which parts of it later steps see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import kinds
from tests.support.index import Index
from tests.support.uv_wheels import PINNED
from tests.workflows.conftest import without_uv, workflow
from tools.compatibility import uvs
from tools.shared.act import Act, Job
from tools.shared.pythons import found
from tools.shared.uv import UV

_OLDER = uvs.locked()[-2]

_LATER = """\
      - if: always()
        run: |
          echo "[$(command -v uv || echo no uv) $(command -v uvx || echo no uvx)] [${UV_PROJECT_ENVIRONMENT-unset}] [$PACKAGES]"
          uv --version || true
        env: {PACKAGES: "${{ steps.sync.outputs.packages }}"}
"""


def _run(act: Act, workspace: Path, steps: str, **variables: str) -> Job:
    (job,) = act.run(workspace, workflow(workspace, steps, found()[-1].minor), **variables)
    return job


@pytest.mark.parametrize(("asked", "version"), [("", PINNED), (f"<{PINNED}", _OLDER)])
def test_without_a_uv_pip_installs_one_for_the_job(act: Act, workspace: Path, asked: str, version: str) -> None:
    """The same uv is used by this step and by later steps."""
    step = f'      - uses: org/uv-system-sync@v1\n        id: sync\n        with: {{uv-version: "{asked}"}}\n'
    job = _run(act, workspace, f"{step}{_LATER}", **without_uv(act, PINNED, _OLDER))
    installed = re.search(r"\[(/\S+)/uv (/\S+)/uvx\]", job.log)

    assert ("success", version) == (job.result, job.outputs("sync")["uv-version"]), job.log
    assert installed is not None, job.log
    assert (True, installed[1]) == ("/uv-system-sync-uv-" in installed[1], installed[2])
    assert f"\nuv {version} " in job.log


def test_wheels_that_had_to_be_built_are_asked_for_and_the_second_step_does_the_rest(act: Act, workspace: Path, tmp_path: Path) -> None:
    """The outputs and variables are the same as when a single step does everything."""
    folder, information = tmp_path / "index", {"PKG-INFO": "Metadata-Version: 2.2\nName: slow\nVersion: 1.0\n"}
    kinds.sdist(folder / "slow-1.0.tar.gz", {**kinds.package("slow"), **information})
    step = '      - uses: org/uv-system-sync@v1\n        id: sync\n        with: {cache: "true"}\n'
    with Index(folder).served() as index:
        settings = f'[tool.uv]\npackage = false\nindex = [{{ url = "{index.url}", default = true }}]\n'
        (workspace / "pyproject.toml").write_text(kinds.project("sample", "slow") + settings, encoding="utf-8")
        kinds.uv(workspace, "lock", "--no-cache")
        job = _run(act, workspace, f"{step}{_LATER}      - run: python -c 'import slow'\n")
    asked = re.search(r"^/\S+/uv-system-sync-built-\w+ under uv-system-sync-built-\S+$", job.log, re.MULTILINE)

    assert ("success", True) == (job.result, asked is not None), job.log
    assert ("false", "true") == (job.outputs("sync")["cache-hit"], job.outputs("sync")["changed"])
    assert '{"name":"slow","version":"1.0"}' in job.outputs("sync")["packages"]
    assert job.log.count(job.outputs("sync")["packages"]) == 1
    assert str(act.location(act.pythons[-1])) == job.env("sync")["UV_PROJECT_ENVIRONMENT"]


def test_a_uv_on_path_is_used(act: Act, workspace: Path) -> None:
    """The versions that pip would find make no difference."""
    job = _run(act, workspace, f"      - uses: org/uv-system-sync@v1\n{_LATER}", PIP_NO_INDEX="1")

    assert ("success", True) == (job.result, f"[{act.uv} no uvx] " in job.log), job.log


def test_a_uv_that_was_installed_is_not_for_later_steps_after_a_failure(act: Act, workspace: Path) -> None:
    step = "      - uses: org/uv-system-sync@v1\n        id: sync\n        with: {groups: nope}\n"
    job = _run(act, workspace, f"{step}{_LATER}", **without_uv(act, PINNED))

    assert ("failure", ["invalid-input"]) == (job.result, [properties["title"] for properties, _ in job.annotations("error")]), job.log
    assert "\n[no uv no uvx] [unset] []\n" in f"\n{job.log}"


def test_a_uv_that_cannot_be_installed_is_one_error(act: Act, workspace: Path) -> None:
    """A uv on PATH does not help if another version was requested."""
    settings = without_uv(act)
    act.uv.symlink_to(UV.resolve())
    job = _run(act, workspace, '      - uses: org/uv-system-sync@v1\n        with: {uv-version: "<0.1"}\n', **settings)
    ((properties, message),) = job.annotations("error")

    assert ("failure", "uv-unavailable") == (job.result, properties["title"])
    assert "<0.1" in message


def test_a_failure_stops_the_job_and_leaves_nothing_behind(act: Act, workspace: Path) -> None:
    """A failed step writes one annotation, and a later step with `if: always()` sees no outputs or variables of it."""
    steps = """\
      - uses: org/uv-system-sync@v1
        id: sync
        with: {groups: nope}
      - if: always()
        run: echo "[${UV_PROJECT_ENVIRONMENT-unset}] [$PACKAGES]"
        env: {PACKAGES: "${{ steps.sync.outputs.packages }}"}
"""

    job = _run(act, workspace, steps)

    assert "failure" == job.result
    ((properties, message),) = job.annotations("error")
    assert ("invalid-input", True) == (properties["title"], "`nope`" in message)
    assert job.log.endswith("[unset] []\n")


def test_build_output_is_no_workflow_command(act: Act, workspace: Path) -> None:
    """The log shows a build's output, but the runner takes no variable, annotation or PATH entry from it."""
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

    job = _run(act, workspace, steps)

    assert "::error::from the build" in job.log
    ((properties, _),) = job.annotations("error")
    assert properties["title"].startswith("sync-failed")
    assert [] == job.annotations("warning")
    assert job.log.endswith("alpha\n")

"""The jobs of the self-test in act, with separate Pythons; other systems, containers and setup-uv are left to GitHub's runners."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import debian, program
from tests.support.uv_wheels import PINNED
from tests.workflows.conftest import without_uv
from tools.compatibility import uvs
from tools.shared import ROOT
from tools.shared.act import Act, Job
from tools.shared.pythons import Python, found

_WORKFLOW = ".github/workflows/selftest.yml"
_OLDER = uvs.locked()[-2]
_IMAGES = ("ubuntu-26.04", "ubuntu-24.04")

pytestmark = pytest.mark.skipif(len(found()) < 2, reason="there is only one CPython, and the self-test sets two up")


@pytest.fixture
def pythons() -> tuple[Python, ...]:
    """The two newest CPythons found."""
    return found()[-2:]


@pytest.fixture
def act(tmp_path: Path, pythons: tuple[Python, ...]) -> Act:
    """An act with programs that GitHub's images also have: pipx, and bash as a stand-in for PowerShell."""
    setup_uv = tmp_path / "setup-uv"
    program(setup_uv / "bin" / "uv", "#!/bin/sh", 'exec "$STANDIN_UV" "$@"')
    head = "name: setup-uv\ndescription: A uv on PATH.\nruns:\n  using: composite\n  steps:\n"
    (setup_uv / "action.yml").write_text(f'{head}    - {{shell: sh, run: echo "{setup_uv}/bin" >>"$GITHUB_PATH"}}\n', encoding="utf-8")
    act = Act(tmp_path / "act", pythons, {"astral-sh/setup-uv": setup_uv}).prepare()
    program(act.folder / "bin" / "pipx", "#!/bin/sh", "shift 2", 'exec "$STANDIN_UV" "$@"')
    return act


@pytest.fixture
def repository(tmp_path: Path, pythons: tuple[Python, ...]) -> Path:
    """A copy of the repository whose self-test uses the Pythons found here instead of those in GitHub's images."""
    folder, (older, newest) = tmp_path / "repository", (python.minor for python in pythons)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    text = (folder / _WORKFLOW).read_text(encoding="utf-8")
    text = text.replace('"3.11"', f'"{older}"').replace('"3.13"', f'"{newest}"').replace('"0.12.4"', f'"{_OLDER}"')
    text = text.replace("            3.14\n            3.12\n", f"            {newest}\n            {older}\n")
    text = text.replace(">=3.14", f">={newest}").replace("Python 3.12.", f"Python {older}.").replace("shell: pwsh", "shell: bash")
    (folder / _WORKFLOW).write_text(text, encoding="utf-8")
    return folder


def _run(act: Act, repository: Path, job: str, *matrix: str, **variables: str) -> list[Job]:
    """Run `job` and the jobs it needs, and return the job for each combination of its `matrix`."""
    arguments = [word for image in _IMAGES for word in ("--platform", f"{image}=-self-hosted")]
    arguments += [word for part in matrix for word in ("--matrix", part)]
    jobs = act.run(repository, _WORKFLOW, "--job", job, *arguments, **variables)
    return [one for one in jobs if one.name == job]


def test_the_action_after_setup_uv_in_every_shell(act: Act, repository: Path) -> None:
    act.uv.unlink()
    (job,) = _run(act, repository, "hosted", "os:ubuntu-26.04", f"python:{act.pythons[-1].minor}")

    assert "success" == job.result, job.log
    # With bash, sh, the stand-in for PowerShell, Python, and `uv run`.
    assert 5 == job.log.count(", 5 packages\n"), job.log


def test_the_input_python(act: Act, repository: Path) -> None:
    (job,) = _run(act, repository, "explicit-python", "os:ubuntu-latest")

    assert "success" == job.result, job.log


def test_a_uv_that_the_action_installs(act: Act, repository: Path) -> None:
    (job,) = _run(act, repository, "installs-uv", "os:ubuntu-latest", "uv-version:<0.13", **without_uv(act, PINNED, _OLDER))

    assert "success" == job.result, job.log


def test_a_step_that_fails_has_its_reason_and_later_steps_get_nothing(act: Act, repository: Path) -> None:
    jobs = _run(act, repository, "fails")
    if not debian.marker(debian.PYTHON).is_file():
        jobs = [job for job in jobs if job.matrix["case"] != "a Python of the operating system"]

    assert 4 <= len(jobs)
    assert {job.matrix["case"]: "success" for job in jobs} == {job.matrix["case"]: job.result for job in jobs}, [job.log for job in jobs]


def test_a_wheel_that_had_to_be_built(act: Act, repository: Path) -> None:
    """The second job is left out: jobs share a Python here, so it would find the package already installed."""
    path = repository / _WORKFLOW
    # If UV_CACHE_DIR is set, no wheels are cached.
    path.write_text(path.read_text(encoding="utf-8").replace("cache-suffix:", 'cache: "true"\n          cache-suffix:'), encoding="utf-8")
    (job,) = _run(act, repository, "built-wheels", "os:ubuntu-latest", "restored:false")

    assert ("success", "false") == (job.result, job.outputs("sync")["cache-hit"]), job.log

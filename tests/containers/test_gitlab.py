"""The GitLab example, run by gitlab-ci-local in a real container engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.docker_examples import SLIM
from tests.support.projects import Project
from tools.compatibility.engines import Engine

_PROGRAM = os.environ.get("GITLAB_CI_LOCAL", "")


@pytest.mark.container("examples/docker/gitlab-ci.yml")
@pytest.mark.skipif(not _PROGRAM, reason="there is no gitlab-ci-local, which `make compatibility` installs by npm")
def test_the_job_installs_what_is_locked(engine: Engine, project: Project, tmp_path: Path) -> None:
    """The job is run exactly as in the example."""
    shutil.copy2(project.folder / "gitlab-ci.yml", project.folder / ".gitlab-ci.yml")
    for arguments in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "t"]):
        subprocess.run(["git", *arguments], cwd=project.folder, check=True)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / engine.name).symlink_to(str(shutil.which(engine.client)))
    options = ["--network=host", f"--helper-image={SLIM}", f"--default-image={SLIM}", "--pull-policy=if-not-present"]
    completed = subprocess.run(
        [Path(_PROGRAM).with_name("node"), _PROGRAM, *options, f"--container-executable={engine.name}", f"--home={tmp_path}", "test"],
        cwd=project.folder,
        env={**engine.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )

    assert 0 == completed.returncode, completed.stdout
    assert "pytest 9.0" in completed.stdout
    assert " + alpha==1.0" in completed.stdout

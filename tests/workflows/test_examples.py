"""Every workflow in examples/ does what it shows, from checkout to the last step."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import kinds
from tests.support.index import Index
from tests.support.projects import Project, Wheel
from tools.shared import ROOT
from tools.shared.act import Act, Job
from tools.shared.pythons import found
from tools.shared.uv import UV


def run(act: Act, workspace: Path, example: str, *arguments: str) -> list[Job]:
    """Run an example with the newest Python found instead of the one it names, and assert that every job succeeds."""
    path = workspace / ".github" / "workflows" / f"{example}.yml"
    path.write_text(path.read_text().replace('python-version: "3.13"', f'python-version: "{found()[-1].minor}"'))
    jobs = act.run(workspace, f".github/workflows/{example}.yml", *arguments)

    assert {"success"} == {job.result for job in jobs}, jobs[0].log
    return jobs


def plain(log: str) -> str:
    """Return `log` without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", log)


def test_quickstart(act: Act, workspace: Path) -> None:
    """After the single step, `pytest` is available."""
    (job,) = run(act, workspace, "quickstart")

    assert job.log.endswith("pytest 9.0\n")


def test_matrix(act: Act, workspace: Path) -> None:
    """Each job of a matrix installs the lock into its own Python, although the repository pins a different one."""
    path = workspace / ".github" / "workflows" / "matrix.yml"
    versions = [python.minor for python in act.pythons]
    path.write_text(path.read_text().replace('["3.11", "3.12", "3.13", "3.14", "3.15"]', json.dumps(versions)))
    (workspace / ".python-version").write_text("3.7\n", encoding="utf-8")

    jobs = run(act, workspace, "matrix")

    assert sorted(versions) == sorted(job.matrix["python"] for job in jobs)
    for python in act.pythons:
        (job,) = (job for job in jobs if job.matrix["python"] == python.minor)
        assert f"\nPython {python.version}\n" in job.log
        assert python.version == job.outputs("sync")["python-version"]


@pytest.mark.skipif(len(found()) < 2, reason="a single artifact loses its name, and a matrix has several")
def test_matrix_report(act: Act, workspace: Path) -> None:
    """The last job lists every job of the matrix in one table, including the job whose Python is unavailable."""
    path = workspace / ".github" / "workflows" / "matrix-report.yml"
    versions = [python.minor for python in act.pythons]
    text = path.read_text().replace('["3.11", "3.12", "3.13", "3.14", "3.15"]', json.dumps([*versions, "3.99"]))
    path.write_text(text.replace('"3.11, 3.12, 3.13, 3.14, 3.15"', f'"{", ".join([*versions, "3.99"])}"'))

    *_, report = act.run(workspace, ".github/workflows/matrix-report.yml")

    assert "success" == report.result, report.log
    jobs = json.loads(report.outputs("report")["report"])["jobs"]
    assert [*((version, "success") for version in versions), ("3.99", "missing")] == [(job["name"], job["outcome"]) for job in jobs]


def test_extras_and_groups(act: Act, workspace: Path) -> None:
    """The named extra and groups are installed, the group `dev` is not."""
    (job,) = run(act, workspace, "extras-and-groups")

    assert "docs-tool" in job.log
    assert "lint_tool 9.0" in job.log
    assert "+ pytest==" not in plain(job.log)


def test_lint(act: Act, workspace: Path) -> None:
    """Only the packages of the named group are installed."""
    (job,) = run(act, workspace, "lint")

    assert ["lint-tool==9.0"] == re.findall(r"\+ (\S+==\S+)", plain(job.log))
    assert job.log.endswith("lint_tool 9.0\n")


def test_monorepo(act: Act, workspace: Path) -> None:
    """A folder with its own lock and a workspace member are installed separately."""
    tool = workspace / "tools" / "release"
    Wheel("release-notes", "9.0", scripts=("release-notes",)).write(tool / "wheels")
    Project(tool, "release", ("release-notes",)).write().lock()
    settings = '\n[tool.uv.workspace]\nmembers = ["server"]\n'
    root = Project(workspace, settings=settings).write()
    server = Project(workspace / "server", "server", ("gamma",), extras={}, groups={}).write().pyproject
    server.write_text(server.read_text().partition("[[tool.uv.index]]")[0])
    root.lock()

    standalone, member = sorted(run(act, workspace, "monorepo"), key=lambda job: job.name, reverse=True)

    assert standalone.log.endswith("release_notes 9.0\n")
    assert " + server==0.1 " in plain(member.log)


def test_explicit_python(act: Act, workspace: Path) -> None:
    """With `update-environment: false`, later steps still use the Python named in `python`."""
    (job,) = run(act, workspace, "explicit-python")

    assert job.log.endswith("pytest 9.0\n")


def test_container(act: Act, workspace: Path) -> None:
    """A prefix is enough without setup-python. act has no containers here, so the prefix is a copy on this machine."""
    path = workspace / ".github" / "workflows" / "container.yml"
    image, prefix = "    container: python:3.13-slim\n", "python: /usr/local\n"
    assert image in path.read_text()
    assert prefix in path.read_text()
    path.write_text(path.read_text().replace(image, "").replace(prefix, f"python: {act.location(found()[-1])}\n"))

    (job,) = run(act, workspace, "container")

    assert job.log.endswith("pytest 9.0\n")


def test_self_hosted(act: Act, workspace: Path) -> None:
    """The lock is installed into the job's virtual environment, and the shared Python in the tool cache does not change."""
    shared = act.location(found()[-1])
    before = sorted(path.name for path in (shared / "bin").iterdir())

    (job,) = run(act, workspace, "self-hosted")

    assert job.log.endswith("pytest 9.0\n")
    assert before == sorted(path.name for path in (shared / "bin").iterdir())


@pytest.fixture
def private_index(workspace: Path) -> Iterator[Index]:
    """The project's packages come from an index that requires a name and a password."""
    with Index(workspace / "wheels", credentials="ci:correct horse").served() as index:
        pyproject = workspace / "pyproject.toml"
        private = f'[[tool.uv.index]]\nname = "private"\nurl = "{index.url}"\ndefault = true\n'
        pyproject.write_text(pyproject.read_text().partition("[[tool.uv.index]]")[0] + private)
        credentials = {"UV_INDEX_PRIVATE_USERNAME": "ci", "UV_INDEX_PRIVATE_PASSWORD": "correct horse"}
        subprocess.run([UV, "lock", "--quiet"], cwd=workspace, check=True, env={**os.environ, **credentials})
        yield index


def test_private_index(act: Act, workspace: Path, private_index: Index) -> None:
    """The step's credentials reach uv, and the log does not show the password."""
    private_index.asked.clear()

    (job,) = run(act, workspace, "private-index", "--var", "INDEX_USERNAME=ci", "--secret", "INDEX_PASSWORD=correct horse")

    assert "/files/pytest-9.0-py3-none-any.whl" in private_index.asked
    assert job.log.endswith("pytest 9.0\n")
    assert "correct horse" not in job.log


@pytest.mark.usefixtures("private_index")
def test_private_index_without_the_secret(act: Act, workspace: Path) -> None:
    """Without the secret, the step's only error names what is missing."""
    path = ".github/workflows/private-index.yml"
    text = (workspace / path).read_text().replace("3.13", found()[-1].minor)
    (workspace / path).write_text(text)

    (job,) = act.run(workspace, path, "--var", "INDEX_USERNAME=ci")

    ((properties, message),) = job.annotations("error")
    assert "sync-failed" == properties["title"]
    assert "could not be fetched from http://127.0.0.1:" in message
    assert "401" in message
    assert "`UV_INDEX_<NAME>_PASSWORD`" in message


def test_reusable_workflow_caller(act: Act, workspace: Path) -> None:
    """A workflow that calls the reusable workflow by its path gets the group and the Python it asks for."""
    (job,) = run(act, workspace, "reusable-workflow-caller")

    assert f"\nPython {found()[-1].version} at {act.location(found()[-1])}," in f"\n{job.log}"
    assert "+ lint-tool==9.0" in plain(job.log)
    assert job.log.endswith("pytest 9.0\n")


def test_reusable_workflow(act: Act, workspace: Path) -> None:
    """A caller that names no groups gets the default groups."""
    caller = workspace / ".github" / "workflows" / "reusable-workflow-caller.yml"
    caller.write_text(caller.read_text().replace("      groups: lint\n", ""))

    (job,) = run(act, workspace, "reusable-workflow-caller")

    assert "+ lint-tool==9.0" not in plain(job.log)
    assert job.log.endswith("pytest 9.0\n")


def test_outputs(act: Act, workspace: Path) -> None:
    """The outputs can be used in expressions and as variables in later steps."""
    python = found()[-1]

    (job,) = run(act, workspace, "outputs")

    assert f"\n5 packages in Python {python.version}, at {act.location(python)}\n" in job.log
    assert "\nchanged\n" in job.log
    assert "pytest 9.0\npytest 9\n" in job.log
    assert f".mypy_cache under mypy-Linux-{python.version}-" in job.log
    assert job.log.endswith("\n9.0\n")


def test_built_wheels(act: Act, workspace: Path, tmp_path: Path) -> None:
    """The built wheel is cached under a key that ends with the suffix."""
    folder, information = tmp_path / "index", {"PKG-INFO": "Metadata-Version: 2.2\nName: slow\nVersion: 1.0\n"}
    kinds.sdist(folder / "slow-1.0.tar.gz", {**kinds.package("slow"), **information})
    with Index(folder).served() as index:
        settings = f'[tool.uv]\npackage = false\nindex = [{{ url = "{index.url}", default = true }}]\n'
        (workspace / "pyproject.toml").write_text(kinds.project("sample", "slow") + settings, encoding="utf-8")
        kinds.uv(workspace, "lock", "--no-cache")
        (job,) = run(act, workspace, "built-wheels")

    assert re.search(r"^\S+ under uv-system-sync-built-\S+-libpq-17$", job.log, re.MULTILINE), job.log
    assert job.log.endswith("Restored from the cache - false\n")


def test_lowest_versions(act: Act, workspace: Path) -> None:
    """The project in the comment, locked with the documented command, has its requirement's lowest version and an unchanged checkout."""
    comment = (
        (ROOT / "examples" / "lowest-versions.yml")
        .read_text(encoding="utf-8")
        .partition("pyproject.toml there:\n")[2]
        .partition("\njobs:")[0]
    )
    index = '\n[[tool.uv.index]]\nname = "local"\nurl = "../wheels"\ndefault = true\n'
    (workspace / "uv.lock").unlink()
    Project(workspace, dependencies=("alpha",), extras={}, groups={"dev": ["pytest"]}).write().lock()
    (workspace / "lowest").mkdir()
    (workspace / "lowest" / "pyproject.toml").write_text(re.sub("^#(?:   )?", "", comment, flags=re.MULTILINE) + index, encoding="utf-8")
    subprocess.run([UV, "lock", "--quiet", "--directory", "lowest"], cwd=workspace, check=True)

    # One after the other, because jobs in act share a Python.
    newest, lowest = (plain(run(act, workspace, "lowest-versions", "--matrix", f"folder:{folder}")[0].log) for folder in (".", "lowest"))

    assert (["2.0"], ["1.0"]) == (re.findall(r"\+ alpha==(\S+)", newest), re.findall(r"\+ alpha==(\S+)", lowest))
    assert lowest.endswith("pytest 9.0\n")


def test_every_example_is_tested() -> None:
    """Every example has a test named after it."""
    tested = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}

    assert {example.stem for example in (ROOT / "examples").glob("*.yml")} <= tested

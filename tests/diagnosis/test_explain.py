"""Tests of `diagnosis.explain`: the order of the explanations, what is removed from errors, and the text of each kind of error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis import failure, place, write
from tests.diagnosis.test_messages import MESSAGES
from uv_system_sync.diagnosis import explain
from uv_system_sync.errors import ActionError, LockOutdated, ProjectInvalid, PythonRejected, SyncFailed
from uv_system_sync.project.pyproject import Project

_PYPROJECT = '[project]\nname = "sample"\nrequires-python = ">=3.9"\n'
_OUTDATED = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that accepts the target Python."""
    return write(tmp_path, pyproject_toml=_PYPROJECT)


def _explain(output: str, project: Project) -> ActionError:
    return explain.explain(failure(output, project))


@pytest.mark.parametrize("output", [_OUTDATED, *(output for output, _ in MESSAGES.values())], ids=["outdated", *MESSAGES])
def test_malformed_lock_comes_first(tmp_path: Path, output: str) -> None:
    """The error is on the malformed line, whatever uv prints."""
    project = write(tmp_path, uv_lock="version = 1\n<<<<<<< HEAD\n")
    error = _explain(output, project)

    assert isinstance(error, ProjectInvalid)
    assert ("uv.lock", 2) == place(error, project)
    assert "uv lock" in str(error.hint)


@pytest.mark.parametrize("quoted", [_OUTDATED, *(output for output, _ in MESSAGES.values())], ids=["outdated", *MESSAGES])
def test_build_cannot_choose_the_error(project: Project, quoted: str) -> None:
    """A message of uv in the output of a failed build does not change the explanation."""
    error = _explain(f"error: Failed to build `alpha==1.0`\n  cause: Call to `x` failed (exit status: 1)\n\n   [stderr]\n{quoted}", project)

    assert isinstance(error, SyncFailed)
    assert "alpha 1.0" == error.values["package"]


_CHOSEN = [_OUTDATED, "error: Failed to fetch: https://evil/x\n  cause: dns error\n", *(output for output, _ in MESSAGES.values())]
# Places where uv quotes text that a build chose: the name of a wheel, the marker of a requirement, an invalid requirement, and a log.
_WITHIN = {
    "wheel": (
        "error: Failed to build `alpha==1.0`\n  cause: Built wheel has an invalid filename\n  cause: The wheel filename `{}` is invalid\n"
    ),
    "marker": (
        "error: Failed to build `alpha==1.0`\n  cause: Failed to resolve requirements from `build-system.requires`\n"
        "  cause: No solution found when resolving: `f==1 ; platform_version != '{}'`\n"
        "  cause: Because there is no version of f{{'{}'}}==1\n"
    ),
    "requirement": (
        "  \u00d7 Failed to build `alpha==1.0`\n  ├─▶ The build backend returned an error\n"
        "  ╰─▶ Call to `backend.get_requires_for_build_wheel` failed: Expected one of `@`, found `n`\n"
        "      {}\n      ^ at line 1 (exit status: 0)\n"
    ),
    "streamed": (
        "DEBUG {}\nerror: Failed to build `alpha==1.0`\n  cause: The build backend returned an error\n"
        "  cause: Call to `backend.build_wheel` failed (exit status: 3)\n"
    ),
}


@pytest.mark.parametrize("within", _WITHIN)
@pytest.mark.parametrize("chosen", _CHOSEN, ids=["outdated", "unreached", *MESSAGES])
def test_text_within_a_message_of_uv_cannot_choose_the_error(project: Project, within: str, chosen: str) -> None:
    """Quoted text is indented, and streamed lines begin with `DEBUG`."""
    template = _WITHIN[within]
    quoted = chosen.rstrip("\n").replace("\n", "\nDEBUG " if within == "streamed" else "\n         ")
    error = _explain(template.format(*[quoted] * template.count("{}")), project)

    assert (SyncFailed, "alpha 1.0") == (type(error), error.values["package"])
    assert "evil" not in str(error.values.get("host", ""))


def test_build_requirements_that_cannot_be_fetched_are_about_the_package_to_build(project: Project) -> None:
    output = (
        "error: Failed to build `alpha==1.0`\n  cause: Failed to resolve requirements from `build-system.requires`\n"
        "  cause: Failed to fetch: `https://host/simple/nosuch/`\n  cause: dns error\n"
    )

    assert "alpha 1.0" == _explain(output, project).values["package"]


@pytest.mark.parametrize("credentials", ["user:hunter2", "hunter2", "user:p@ss'`\"hunter2"])
def test_credentials_are_removed(project: Project, credentials: str) -> None:
    """Neither the values nor uv's output keep the credentials in an address."""
    output = f"error: Failed to fetch: `https://{credentials}@host/simple/alpha/`\n  Caused by: HTTP status client error (401 Unauthorized)"
    error = _explain(output, project)

    assert "https://host/simple/alpha/" in str(error.message)
    assert "hunter2" not in f"{error.message} {error.hint} {error.values} {error.words}"


def test_message_is_one_line(tmp_path: Path) -> None:
    """Values with several lines become one line; uv's output keeps its lines."""
    project = write(tmp_path, pyproject_toml='[project]\nname = "sample"\nrequires-python = """\n>=3.13\n"""\n')
    output = "error: The 3.12.4 is incompatible with the project's Python requirement:\n`>=3.13`"
    error = _explain(output, project)

    assert 1 == len(str(error.message).splitlines())
    assert (PythonRejected, output) == (type(error), error.words)


def test_unknown_message(project: Project) -> None:
    """The error has the exit status and uv's output."""
    error = _explain("error: no space left\n  Caused by: {☃}\n", project)

    assert (SyncFailed, 2, "error: no space left\n  Caused by: {☃}") == (type(error), error.values["status"], error.words)


def test_failed_install_may_have_a_corrupt_cache(project: Project) -> None:
    assert "uv cache clean" in str(_explain("error: Failed to install: alpha-1.0-py3-none-any.whl (alpha==1.0)", project).hint)


def test_dry_run_that_cannot_be_started(project: Project) -> None:
    """The lock is outdated all the same."""
    assert LockOutdated is type(_explain(_OUTDATED, project))


_OTHERS = {
    "outdated": _OUTDATED,
    "group": "error: Group `x` is not defined in the project's `dependency-groups` table\n",
    "build": "error: Failed to build `native==1.0`\n  cause: Call to `b.c` failed (exit status: 1)\n\n   [stderr]\n   fatal error: x.h\n",
    "no-wheel": "error: Distribution `native==1.0 @ x` can't be installed because it doesn't have a source distribution or wheel\n",
    "no-build": "error: Distribution `native==1.0 @ x` can't be installed because it is marked as `--no-build` but has no\n",
    "git": (
        "error: Failed to download and build `lib @ git+https://host/lib@1`\n"
        "  cause: Git operation failed\n  cause: Authentication failed\n"
    ),
    "network": "error: Failed to fetch: https://host/simple/x/\n  cause: dns error\n",
    "no-solution": "error: No solution found when resolving:\n  cause: Because x was not found and you require x, no.\n",
    "unknown": "error: something new\n",
}


def _rendered(name: str, project: Project) -> str:
    error = _explain({**_OTHERS, **{key: output for key, (output, _) in MESSAGES.items()}}[name], project)
    text = f"[{error.slug}] {error.message}\n  {error.hint}\n"
    return text.replace(project.root, "/src")


def test_errors_read_as_in_the_snapshot(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """errors.txt has every error. To update it, delete it and run the test; then review the diff."""
    monkeypatch.chdir(project.root)
    lock = 'version = 1\n[[package]]\nname = "native"\nversion = "1.0"\nwheels = [{ path = "native-1.0-cp39-cp39-win_amd64.whl" }]\n'
    project = write(Path(project.root), pyproject_toml=_PYPROJECT, uv_lock=lock)
    snapshot = Path(__file__).with_name("errors.txt")
    text = "\n".join(f"{name}\n  {_rendered(name, project)}" for name in [*_OTHERS, *MESSAGES])
    if not snapshot.exists():
        snapshot.write_text(text, encoding="utf-8")
        pytest.fail("errors.txt was written; run the test again")

    assert snapshot.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        (
            "Resolved 2 packages\nerror: Something new\n  cause: of a kind\n\nhint: try\n",
            2,
            "(exit status 2): Something new cause: of a kind.",
        ),
        ("  \u00d7 Something new\n  ╰─▶ of a kind.\n  help: try\n", 1, "(exit status 1): Something new of a kind."),
        ("Resolved 2 packages\n", 2, "uv ended with exit status 2."),
        ("Resolved 2 packages\n", -9, "uv was terminated by signal 9."),
    ],
    ids=["error", "tree", "no words", "signal"],
)
def test_failure_without_another_explanation_has_uvs_own_error(tmp_path: Path, text: str, status: int, expected: str) -> None:
    failed = failure(text, write(tmp_path))
    error = explain.explain(failed._replace(completed=failed.completed._replace(returncode=status)))

    assert expected in str(error.message)

"""Saying why uv refused, and where the reason is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support import TARGET, place, words
from uv_system_sync.diagnosis import explain
from uv_system_sync.errors import (
    ActionError,
    InvalidInput,
    LockOutdated,
    OutOfSync,
    ProjectInvalid,
    PythonRejected,
    SyncFailed,
    UvUnavailable,
)
from uv_system_sync.process import Command, Completed
from uv_system_sync.project.pyproject import Project

_OUTDATED_LOCK = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.\n"
_OUTDATED_ENVIRONMENT = (
    "Would install 1 package\n + alpha==1.0\nerror: The environment is outdated; run `uv sync` to update the environment\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a project on disk whose `requires-python` is on line 3."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "sample"\nrequires-python = ">=3.9"\n', encoding="utf-8")
    (tmp_path / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    return Project(directory=str(tmp_path), root=str(tmp_path), name="sample", requires_python=">=3.9")


def _attempt(output: str, dry_run: Completed | None = None, **env: str) -> explain.Attempt:
    """Return a sync that failed with `output`; no `dry_run` is a uv that does not start."""

    def ask() -> Completed:
        if dry_run is None:
            raise FileNotFoundError
        return dry_run

    return explain.Attempt(Command(("uv",), env, "/"), Completed(2, output), "0.13.9", ask)


def _explain(output: str, project: Project, *, python: str = "3.12.4") -> ActionError:
    return explain.explain(_attempt(output), project, TARGET._replace(version=python))


def test_outdated_lock(project: Project) -> None:
    """A lock that does not match is to be locked anew, where it is, even if nothing else is known."""
    error = _explain(_OUTDATED_LOCK, project)
    expected = ("uv.lock is outdated.", f"Run `uv lock` in {project.root} and commit uv.lock.")

    assert (LockOutdated, expected, (project.lock, 1)) == (type(error), words(error), place(error))
    assert _OUTDATED_LOCK.strip() == error.words


@pytest.mark.parametrize(
    ("dry_run", "expected"),
    [
        pytest.param(
            Completed(0, "Add alpha v1.0\nRemove beta v2.0\n"),
            "uv.lock is outdated. `uv lock` would add alpha 1.0; remove beta 2.0.",
            id="changes",
        ),
        pytest.param(Completed(2, "error: unexpected argument\n"), "uv.lock is outdated.", id="refused"),
        pytest.param(Completed(0, "\x00 nothing that is known"), "uv.lock is outdated.", id="unknown"),
        pytest.param(
            Completed(1, "DEBUG Resolving despite existing lockfile due to change in resolution mode: `a` vs. `b`\n"),
            "uv.lock is outdated: uv.lock was made with `resolution` a, and it is b now.",
            id="reason-of-one-that-failed",
        ),
    ],
)
def test_outdated_lock_with_a_dry_run(project: Project, dry_run: Completed, expected: str) -> None:
    """What uv would change is told where uv tells it, and nothing is made of what is not understood."""
    error = explain.explain(_attempt(_OUTDATED_LOCK, dry_run), project, TARGET)

    assert expected == error.message


def test_no_dry_run_of_another_failure(project: Project) -> None:
    """Only where the lock is outdated, uv is asked what it would lock."""
    asked: list[str] = []

    def ask() -> Completed:
        asked.append("once")
        return Completed(0, "")

    explain.explain(_attempt("error: no space left")._replace(lock_dry_run=ask), project, TARGET)

    assert [] == asked


def test_credentials(project: Project) -> None:
    """Neither what the action says nor what it quotes has the credentials of an address."""
    output = "error: Failed to fetch: `https://user:hunter2@host/simple/alpha/`\n  Caused by: HTTP status client error (401 Unauthorized)"
    error = _explain(output, project)

    assert "alpha could not be fetched from https://host/simple/alpha/: 401 Unauthorized." == error.message
    assert "hunter2" not in error.text()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(
            "https://host/simple/beta/",
            (" uv resolves because uv.lock is outdated: pyproject.toml has the version 2, and uv.lock has 1.", "pyproject.toml", 3),
            id="list",
        ),
        pytest.param("https://host/beta-1.0.tar.gz", ("", None, None), id="file"),
    ],
)
def test_network_and_an_outdated_lock(project: Project, address: str, expected: tuple[str, str | None, int | None]) -> None:
    """Where uv had to ask what there is, it resolved, and why it did is told; a file that is locked is no reason to."""
    Path(project.pyproject).write_text('[project]\nname = "sample"\nversion = "2"\n', encoding="utf-8")
    lock = 'version = 1\n[[package]]\nname = "sample"\nversion = "1"\nsource = { virtual = "." }\n'
    Path(project.lock).write_text(lock, encoding="utf-8")
    error = _explain(f"error: Failed to fetch: `{address}`\n  Caused by: dns error\n", project)
    because, name, line = expected

    assert error.message.partition("the name of the host is not known.")[2] == because
    assert (name and os.path.join(project.root, name), line) == place(error)


def test_one_line(project: Project) -> None:
    """A message is one line, whatever lines the files and programs that it quotes have."""
    Path(project.lock).write_text('version = 1\nrequires-python = """\n>=3.13\n"""\n', encoding="utf-8")
    error = _explain("error: incompatible", project)

    assert "uv.lock requires Python >=3.13 , and /opt/python/bin/python3 is Python 3.12.4." == error.message


def test_outdated_environment(project: Project) -> None:
    """A check that found differences quotes them."""
    error = _explain(_OUTDATED_ENVIRONMENT, project)
    expected = (
        "`check: true`, and the environment is not what uv.lock says.",
        "Run the step without `check: true` to install what is missing and remove what is not in the lock.",
    )

    assert (OutOfSync, expected, (None, None)) == (type(error), words(error), place(error))
    assert _OUTDATED_ENVIRONMENT.strip() == error.words


def test_malformed_lock(project: Project) -> None:
    """A lock that cannot be parsed is shown on its line, whatever uv made of it."""
    Path(project.lock).write_text("version = 1\n<<<<<<< HEAD\n", encoding="utf-8")
    error = _explain("error: Failed to parse `uv.lock`", project, python="3.8.1")
    expected = ("uv.lock is not valid TOML: Invalid statement (at line 2, column 1).", f"Correct {project.lock}.")

    assert (ProjectInvalid, expected, (project.lock, 2)) == (type(error), words(error), place(error))


def test_rejected_python(project: Project) -> None:
    """A Python that the project excludes is shown where the project excludes it."""
    error = _explain("error: incompatible", project, python="3.8.18")
    expected = (
        "pyproject.toml requires Python >=3.9, and /opt/python/bin/python3 is Python 3.8.18.",
        (
            "Give actions/setup-python a `python-version` that the project accepts, leave this version out of the matrix (`exclude:`),"
            " or widen `requires-python` and run `uv lock`."
        ),
    )

    assert (PythonRejected, expected, (project.pyproject, 3)) == (type(error), words(error), place(error))


@pytest.mark.parametrize(
    ("requires", "python"),
    [
        pytest.param(">=3.9", "3.9.0", id="the-oldest"),
        pytest.param(">=3.14", "3.14.0rc1", id="release-candidate-of-the-oldest"),
        pytest.param(">=3.14", "3.14.0a1+", id="development-build"),
        pytest.param("==3.12.*", "3.12.4+local", id="local-build"),
        pytest.param(">3", "3.12.4", id="only-a-major-version"),
        pytest.param("", "3.12.4", id="anything"),
        pytest.param("three or so", "3.12.4", id="not-a-specifier"),
        pytest.param(None, "2.7.18", id="nothing-required"),
    ],
)
def test_accepted_python(project: Project, requires: str | None, python: str) -> None:
    """A failure for another reason is not blamed on a Python that the project accepts."""
    error = _explain("error: no space left", project._replace(requires_python=requires), python=python)

    assert SyncFailed is type(error)


@pytest.mark.parametrize(
    ("requires", "python"),
    [
        pytest.param("<3.14", "3.14.0rc1", id="release-candidate-of-the-first-too-new"),
        pytest.param(">=3.9,!=3.12.4", "3.12.4", id="left-out"),
        pytest.param("~=3.11.0", "3.12.4", id="another-minor-version"),
    ],
)
def test_other_rejected_pythons(project: Project, requires: str, python: str) -> None:
    """Every way to exclude a Python is recognised."""
    error = _explain("error: incompatible", project._replace(requires_python=requires), python=python)

    assert PythonRejected is type(error)


def test_python_that_the_lock_rejects(project: Project) -> None:
    """A Python that only the lock excludes, as that of a member whose workspace is stricter, is shown in the lock."""
    Path(project.lock).write_text('version = 1\nrequires-python = ">=3.13"\n', encoding="utf-8")
    error = _explain("error: incompatible", project)
    expected = (
        "uv.lock requires Python >=3.13, and /opt/python/bin/python3 is Python 3.12.4.",
        (
            "Give actions/setup-python a `python-version` that the project accepts, leave this version out of the matrix (`exclude:`),"
            " or widen `requires-python` and run `uv lock`."
        ),
    )

    assert (PythonRejected, expected, (project.lock, 2)) == (type(error), words(error), place(error))


def test_python_that_the_lock_accepts(project: Project) -> None:
    """A lock that accepts the Python, too, is not to blame."""
    Path(project.lock).write_text('version = 1\nrequires-python = ">=3.12"\n', encoding="utf-8")

    assert SyncFailed is type(_explain("error: no space left", project))


_OTHER_UV = "error: Required uv version `>=0.14` does not match the running version `0.13.9`. Update `uv` by running `uv self update`.\n"
_OTHER_PLATFORM = (
    "error: The current Python platform is not compatible with the lockfile's supported environments: `sys_platform == 'darwin'`\n"
)


@pytest.fixture
def member(tmp_path: Path) -> Project:
    """Give a member of a workspace on disk, whose settings are those of the workspace's root."""
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    return Project(directory=str(root / "member"), root=str(root), name="member", requires_python=None)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"pyproject.toml": '[tool.uv]\nrequired-version = ">=0.14"\n'}, ("pyproject.toml", 2), id="in-pyproject-toml"),
        pytest.param({"pyproject.toml": "", "uv.toml": '\n\nrequired-version = ">=0.14"\n'}, ("uv.toml", 3), id="in-uv-toml"),
        pytest.param(
            {"pyproject.toml": '[tool.uv]\nrequired-version = ">=0.13"\n', "uv.toml": 'required-version = ">=0.14"\n'},
            ("uv.toml", 1),
            id="in-both",
        ),
    ],
)
def test_other_uv(member: Project, files: dict[str, str], expected: tuple[str, int]) -> None:
    """A uv that the project does not accept is shown where the workspace says which it accepts."""
    for name, text in files.items():
        Path(member.root, name).write_text(text, encoding="utf-8")
    error = _explain(_OTHER_UV, member)
    said = (
        "The project requires uv >=0.14, and this is uv 0.13.9.",
        "Set `uv-version` to one that the project accepts, or leave it empty and let setup-uv choose, or change `required-version`.",
    )

    assert (UvUnavailable, said, (os.path.join(member.root, expected[0]), expected[1])) == (type(error), words(error), place(error))


_ENVIRONMENTS = "[tool.uv]\nenvironments = [\"sys_platform == 'darwin'\"]\n"


def test_other_platform(member: Project) -> None:
    """A platform that the lock was not made for is shown where the workspace says which ones there are."""
    path = Path(member.root, "pyproject.toml")
    path.write_text(_ENVIRONMENTS, encoding="utf-8")
    error = _explain(_OTHER_PLATFORM, member)
    expected = (
        f"The project is locked for `sys_platform == 'darwin'`, and /opt/python/bin/python3 is Python 3.12.4 on {sys.platform}.",
        "Leave this platform or version out of the matrix (`exclude:`), or widen `environments` and run `uv lock`.",
    )

    assert (PythonRejected, expected, (str(path), 2)) == (type(error), words(error), place(error))


def test_other_platform_beside_uv_toml(member: Project) -> None:
    """What uv reads in pyproject.toml alone is shown there, although there is a uv.toml."""
    path = Path(member.root, "pyproject.toml")
    path.write_text(_ENVIRONMENTS, encoding="utf-8")
    path.with_name("uv.toml").write_text("offline = true\n", encoding="utf-8")

    assert (str(path), 2) == place(_explain(_OTHER_PLATFORM, member))


@pytest.mark.parametrize("output", [_OTHER_UV, _OTHER_PLATFORM], ids=["uv", "platform"])
def test_setting_that_is_nowhere(project: Project, output: str) -> None:
    """Where the line is not found, the file is named all the same."""
    error = _explain(output, project)

    assert (str(Path(project.root, "pyproject.toml")), None) == place(error)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param("error: unexpected argument '--check' found\n\nUsage: uv sync\n", "uv 0.13.9 does not take `--check`.", id="unknown"),
        pytest.param(
            "error: the argument '--package <PACKAGE>' cannot be used multiple times\n",
            "uv 0.13.9 does not take `--package` more than once.",
            id="only-once",
        ),
    ],
)
def test_unknown_argument(project: Project, output: str, expected: str) -> None:
    """What this uv cannot be told, an older one perhaps, is named."""
    error = _explain(output, project)

    assert (InvalidInput, (expected, "Correct `args` in the step, or set `uv-version` to one that takes it.")) == (
        type(error),
        words(error),
    )


def test_broken_rule(project: Project) -> None:
    """A rule of the project's own that is broken is told, with uv's words."""
    output = "error: Default group `docs` (from `tool.uv.default-groups`) is not defined in the project's `dependency-groups` table\n"
    error = _explain(output, project)

    assert (ProjectInvalid, "`default-groups` names `docs`, which `[dependency-groups]` does not define.", output.strip()) == (
        type(error),
        error.message,
        error.words,
    )


def test_malformed_lock_beside_another_reason(project: Project) -> None:
    """A lock that cannot be parsed comes before every reason that would have to be read from it."""
    Path(project.lock).write_text("<<<<<<< HEAD\n", encoding="utf-8")

    assert [ProjectInvalid] * 2 == [type(_explain(output, project)) for output in (_OTHER_UV, _OTHER_PLATFORM)]


def test_any_other_failure(project: Project) -> None:
    """What uv alone can explain is told in its words."""
    error = _explain("\nerror: no space left\n  Caused by: ☃\n\n", project)
    expected = ("uv ended with exit status 2.", "Read what uv said last; the step's log has all of it.")

    assert (SyncFailed, expected, (None, None)) == (type(error), words(error), place(error))
    assert "error: no space left\n  Caused by: ☃" == error.words


def test_failed_install(project: Project) -> None:
    """Where uv could not install what it had, its cache may be why."""
    error = _explain("error: Failed to install: alpha-1.0-py3-none-any.whl (alpha==1.0)", project)

    assert "If it fails again, its cache may be corrupt: run `uv cache clean`." in error.hint


def test_build_words(project: Project) -> None:
    """What the backend of a failed build said last is quoted, and not what uv says around it."""
    output = "error: Failed to build `alpha==1.0`\n  cause: x\n    [stderr]\n      one\n        two\nhint: x\n"

    assert "one\n  two" == _explain(output, project).words


def test_long_output(project: Project) -> None:
    """Of a long output the error has the end, where the reason is."""
    error = _explain("x" * 5000 + "\nthe reason\n", project)

    assert f"… {'x' * 2489}\nthe reason" == error.words


def test_output_that_just_fits(project: Project) -> None:
    """An output that can be shown whole is not marked as cut."""
    assert "x" * 2500 == _explain("x" * 2500, project).words


# How an error is shown.


def _units(text: str) -> int:
    """Count as .NET does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_text() -> None:
    """An annotation has the fact, the next step and then uv's words, marked as such."""
    assert "It failed.\nTry again." == SyncFailed("It failed.", "Try again.").text()
    assert "It failed.\nTry again.\nuv said: no" == SyncFailed("It failed.", "Try again.", words="no").text()


@pytest.mark.parametrize("letter", ["x", "☃", "😀"])
def test_text_of_many_words(letter: str) -> None:
    """Of more words than the runner shows, the annotation has the end, and is as long as it may be."""
    text = SyncFailed("It failed.", "Try again.", words=letter * 5000 + "the reason").text()

    assert text.startswith(f"It failed.\nTry again.\nuv said: … {letter}")
    assert text.endswith(f"{letter}the reason")
    assert _units(text) in (4095, 4096)


def test_text_of_a_long_message() -> None:
    """A message that is longer than what the runner shows leaves room for the next step, and none for words."""
    text = SyncFailed("x" * 5000, "Try again.", words="no").text()

    assert f"{'x' * 4083} …\nTry again." == text
    assert 4096 == _units(text)

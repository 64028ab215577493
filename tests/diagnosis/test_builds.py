"""Finding what is at fault, and what helps, in the words of several versions of uv."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET
from uv_system_sync.diagnosis import builds, git
from uv_system_sync.diagnosis.builds import Fault
from uv_system_sync.project.pyproject import Project

_LOCK = """\
version = 1

[[package]]
name = "native"
version = "1.0"
source = { registry = "https://host/simple" }
wheels = [{ url = "https://host/native-1.0-cp39-cp39-win_amd64.whl" }]

[[package]]
name = "sample"
version = "1"
source = { editable = "." }
"""
_HAS = "uv.lock has wheels of it for cp39 on win_amd64; none for cp312 on linux-x86_64"
_NO_WHEEL = "Lock a version of it that has a wheel for this Python, or take a Python that it has one for."


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that has locked a wheel for another Python."""
    (tmp_path / "uv.lock").write_text(_LOCK, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "Sample"\n[build-system]\nbuild-backend = "x"\n', encoding="utf-8")
    return PROJECT._replace(directory=str(tmp_path), root=str(tmp_path))


_OLD_BUILD = """\
   Building native==1.0
  \u00d7 Failed to build `native==1.0`
  ├─▶ The build backend returned an error
  ╰─▶ Call to `backend.build_wheel` failed (exit status: 1)

      [stdout]
      building 'native' extension

      [stderr]
      {0}
        indented

      hint: This error likely indicates that you need to install a library
      that provides "openssl/ssl.h" for `native@1.0`
  help: `native` (v1.0) was included because `s` (v1) depends on `native`
"""
_NEW_BUILD = """\
   Building native==1.0
error: Failed to build `native==1.0`
  cause: The build backend returned an error
  cause: Call to `backend.build_wheel` failed (exit status: 1)

         [stdout]
         building 'native' extension

         [stderr]
         {0}
           indented

hint: `native` (v1.0) was included because `s` (v1) depends on `native`
"""


_OLD_GIT = """\
  \u00d7 Failed to download and build `lib @
  │ git+https://host/lib@183121f7`
  ├─▶ Git operation failed
  ╰─▶ process didn't exit successfully: `/usr/bin/git fetch` (exit status: 128)
      --- stderr
      fatal: could not read Username for 'https://host': terminal
      prompts disabled

  help: `lib` was included because `sample` (v1.0) depends on `lib`
"""
_NEW_GIT = """\
error: Failed to download and build `lib @ git+https://host/lib@183121f7`
  cause: Git operation failed
  cause: process didn't exit successfully: `/usr/bin/git fetch` (exit status: 128)
         --- stderr
         fatal: could not read Username for 'https://host': terminal prompts disabled

hint: `lib` was included because `sample` (v1.0) depends on `lib`
"""


@pytest.mark.parametrize("output", [_OLD_GIT, _NEW_GIT], ids=["0.7", "0.13"])
def test_git(project: Project, output: str) -> None:
    """A repository that cannot be had is told with what git said, and not as a failed build."""
    Path(project.lock).write_text('version = 1\n\n[[package]]\nname = "lib"\n', encoding="utf-8")
    found = git.fault(builds.flat(output))

    assert found is not None
    assert Fault(found.message, found.hint, file=project.lock, line=4) == builds.find(output, project, TARGET, {})
    assert "https://host/lib: git may not read it, or it does not exist." in found.message


@pytest.mark.parametrize("output", [_OLD_BUILD, _NEW_BUILD], ids=["0.5", "0.13"])
def test_build(project: Project, output: str) -> None:
    """A failed build is told with its package, the wheels that there are and what the backend said last."""
    message = f"native 1.0 could not be built: Call to `backend.build_wheel` failed (exit status: 1). It is built from source: {_HAS}."

    assert Fault(message, _NO_WHEEL, "the reason\n  indented") == builds.find(output.format("the reason"), project, TARGET, {})


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("x.c:1:10: fatal error: Python.h: No such file or directory", "The headers of this Python are missing: "),
        ("x.c:1:10: fatal error: 'python3.12/Python.h' file not found", "The headers of this Python are missing: "),
        (
            "x.c:1:10: fatal error: openssl/ssl.h: No such file or directory",
            "Install the package of the system that has the header `openssl/ssl.h`",
        ),
        ("x.c:1:10: fatal error: 'libpq-fe.h' file not found", "Install the package of the system that has the header `libpq-fe.h`"),
        (
            "x.c(1): fatal error C1083: Cannot open include file: 'zlib.h': No such file",
            "Install the package of the system that has the header `zlib.h`",
        ),
        ("error: command 'gcc' failed: No such file or directory", "Install a compiler in an earlier step: there is no `gcc`."),
        (
            "error: command '/usr/bin/x86_64-linux-gnu-g++' failed: No such file",
            "Install a compiler in an earlier step: there is no `/usr/bin/x86",
        ),
        ("unable to execute 'clang': No such file or directory", "Install a compiler in an earlier step: there is no `clang`."),
        ("error: Microsoft Visual C++ 14.0 or greater is required.", "Install Microsoft's C++ Build Tools"),
        ("error: can't find Rust compiler", "Install Rust "),
        ("Cargo, the Rust package manager, is not installed or is not on PATH.", "Install Rust "),
        ("/bin/sh: 1: cargo: not found", "Install Rust "),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'cargo'", "Install Rust "),
        ("/bin/sh: 1: pkg-config: not found", "Install `pkg-config` "),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'pkg-config'", "Install `pkg-config` "),
        ("ModuleNotFoundError: No module named 'distutils'", "Its build needs `distutils`"),
    ],
)
def test_known_help(project: Project, words: str, hint: str) -> None:
    """What is known to help with what a build says is told before the wheels."""
    found = builds.find(_NEW_BUILD.format(words), project, TARGET, {})

    assert found is not None
    assert hint == found.hint[: len(hint)]
    assert found.hint.endswith(" Or lock a version of it that has a wheel for this Python, or take a Python that it has one for.")


@pytest.mark.parametrize("words", ["a.h", "the fatal error was in my head", "error: command 'gcc' failed with exit code 1", "{0} {"])
def test_unknown_help(project: Project, words: str) -> None:
    """Nothing is advised for what is not known."""
    found = builds.find(_NEW_BUILD.replace("{0}", words), project, TARGET, {})

    assert found is not None
    assert found.hint == _NO_WHEEL


def test_build_where_a_wheel_may_fit(project: Project) -> None:
    """Why a package is built that has a wheel for this Python is not known, and not told."""
    found = builds.find(_NEW_BUILD, project, TARGET._replace(version="3.9.1", platform="win-amd64"), {})

    assert found is not None
    assert ("native 1.0 could not be built: Call to `backend.build_wheel` failed (exit status: 1).", "") == (found.message, found.hint)


def test_build_of_a_member(project: Project) -> None:
    """A failed build of the project's own is shown where it names its backend."""
    output = "error: Failed to build `sample @ file:///src/sample`\n  cause: Failed to run `/bin/python`\n"

    assert Fault("sample could not be built.", "", "", project.pyproject, 4) == builds.find(output, project, TARGET, {})


def test_build_requirement_that_is_not_there(project: Project) -> None:
    """What a build requires and no index has is told, and it is no reason to lock."""
    output = """\
  \u00d7 Failed to build `sample @ file:///src/sample`
  ├─▶ Failed to resolve requirements from `build-system.requires`
  ├─▶ No solution found when resolving: `nosuch`
  ╰─▶ Because nosuch was not found in the package registry and you require
      nosuch, we can conclude that your requirements are unsatisfiable.
"""
    message = (
        "sample could not be built: what its build requires cannot be had: No solution found when resolving: `nosuch` Because nosuch was"
        " not found in the package registry and you require nosuch, we can conclude that your requirements are unsatisfiable."
    )

    assert Fault(message, "", "", project.pyproject, 4) == builds.find(output, project, TARGET, {})


def test_build_requirement_that_cannot_be_fetched(project: Project) -> None:
    """Where the network keeps what a build requires away, the next step is the network's."""
    output = (
        "error: Failed to build `sample @ file:///src/sample`\n  cause: Failed to resolve requirements from `build-system.requires`\n"
        "  cause: Failed to fetch: https://host/simple/nosuch/\n  cause: dns error\n"
    )
    found = builds.find(output, project, TARGET, {})

    assert found is not None
    assert found.hint.startswith("Check that the runner reaches host ")
    assert not found.resolving


_CANNOT = "error: Distribution `native==1.0 @ registry+https://host/simple` can't be installed because it "


def test_no_wheel(project: Project) -> None:
    """A package without a wheel and without a source is told with the wheels that there are, and what uv says this system is."""
    output = (
        f"{_CANNOT}doesn't have a source distribution or wheel for the current platform\n\nhint: You're on Linux (`musllinux_1_2_x86_64`),"
        " but `native` (v1.0) only has wheels for the following platform: `win_amd64`\n"
    )
    message = (
        "native 1.0 has no wheel for this Python and platform, and no source to build it from."
        f" {_HAS}. This system is musllinux_1_2_x86_64."
    )
    hint = "Leave this Python or platform out of the matrix (`exclude:`), or lock a version that has a wheel for it."

    assert Fault(message, hint, "", project.lock, 4) == builds.find(output, project, TARGET, {})


@pytest.mark.parametrize(
    ("reason", "env", "why"),
    [
        ("is marked as `--no-build` but has no binary distribution", {"UV_NO_BUILD": "1"}, "`UV_NO_BUILD` is 1"),
        (
            "is marked as both `--no-binary` and `--no-build`",
            {"UV_NO_BUILD": "1", "UV_NO_BINARY_PACKAGE": "native"},
            "`UV_NO_BUILD` is 1 and `UV_NO_BINARY_PACKAGE` is native",
        ),
        ("is marked as `--no-build` but has no binary distribution", {}, "a setting of uv (`no-build`) says so"),
    ],
)
def test_no_build(project: Project, reason: str, env: dict[str, str], why: str) -> None:
    """A package that would have to be built where it must not is told with what forbids it."""
    found = builds.find(_CANNOT + reason + "\n", project, TARGET, env)

    assert found is not None
    assert f"native 1.0 has no wheel that can be used here, and must not be built: {why}. {_HAS}." == found.message


def test_no_solution(project: Project) -> None:
    """A resolution that fails is told with the package that it fails for, and that uv had to resolve."""
    output = """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because there are no versions of delta and your project depends
      on delta, we can conclude that your project's requirements are
      unsatisfiable.

      hint: something
"""
    message = (
        "delta: uv finds no versions that fit together. Because there are no versions of delta and your project depends on delta,"
        " we can conclude that your project's requirements are unsatisfiable."
    )

    assert Fault(message, resolving=True) == builds.find(output, project, TARGET, {})


def test_long_reason(project: Project) -> None:
    """A long reason is cut; the log has all of it."""
    found = builds.find(f"No solution found when resolving dependencies: Because alpha {'x' * 5000}", project, TARGET, {})

    assert found is not None
    assert len(found.message) < 700
    assert found.message.endswith("x …")


@pytest.mark.parametrize("output", ["", "error: no space left on device", f"{_CANNOT}is too heavy", "Failed to build", "[stderr]\nno"])
def test_nothing_known(project: Project, output: str) -> None:
    """Nothing is blamed for what is in no form that is known."""
    assert builds.find(output, project, TARGET, {}) is None

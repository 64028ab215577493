"""Tests of `diagnosis.builds`."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from tests.diagnosis import failure, place, write
from tests.support import TARGET, options, step_inputs
from uv_system_sync.diagnosis import builds
from uv_system_sync.project.pyproject import Project
from uv_system_sync.text import Message, Option

_LOCK = """\
version = 1

[[package]]
name = "native"
version = "1.0"
source = { registry = "https://host/simple" }
wheels = [{ url = "https://host/native-1.0-cp39-cp39-win_amd64.whl" }]

[[package]]
name = "source-only"
version = "1.0"
source = { registry = "https://host/simple" }

[[package]]
name = "sample"
version = "1"
source = { editable = "." }
"""
_OLD_BUILD = """\
   Building native==1.0
  \u00d7 Failed to build `native==1.0`
  ├─▶ The build backend returned an error
  ╰─▶ Call to `backend.build_wheel` failed (exit status: 1)

      [stderr]
      {0}

      hint: This error likely indicates that you need to install a library
"""
_NEW_BUILD = """\
   Building native==1.0
error: Failed to build `native==1.0`
  cause: The build backend returned an error
  cause: Call to `backend.build_wheel` failed (exit status: 1)

         [stderr]
         {0}

hint: `native` (v1.0) was included because `s` (v1) depends on `native`
"""
_CANNOT = "error: Distribution `native==1.0 @ registry+https://host/simple` can't be installed because it "


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose uv.lock has a wheel for another Python."""
    text = '[project]\nname = "Sample"\n[build-system]\nbuild-backend = "x"\n'
    return write(tmp_path, pyproject_toml=text, uv_lock=_LOCK)


@pytest.mark.parametrize("output", [_OLD_BUILD, _NEW_BUILD], ids=["0.5", "0.13"])
def test_failed_build_is_explained_by_its_hook_and_the_wheels(project: Project, output: str) -> None:
    """The error names the package, the hook that failed and the wheels in uv.lock, and quotes the end of the build's output."""
    error = builds.failed_build(failure(output.format("the reason"), project))

    assert error is not None
    assert ("native 1.0", "the reason") == (error.values["package"], error.words)
    for text in ("Call to `backend.build_wheel` failed (exit status: 1)", "cp39 on win_amd64, but none for cp312 on linux-x86_64"):
        assert text in str(error.message)
    assert "lock that version, or use a Python" in str(error.hint)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("x.c:1:10: fatal error: Python.h: No such file or directory", "headers of this Python"),
        ("x.c:1:10: fatal error: 'python3.12/Python.h' file not found", "headers of this Python"),
        ("x.c:1:10: fatal error: openssl/ssl.h: No such file or directory", "header `openssl/ssl.h`"),
        ("x.c:1:10: fatal error: 'libpq-fe.h' file not found", "header `libpq-fe.h`"),
        ("x.c(1): fatal error C1083: Cannot open include file: 'zlib.h': No such file", "header `zlib.h`"),
        ("error: command 'gcc' failed: No such file or directory", "a compiler: `gcc`"),
        ("error: command '/usr/bin/x86_64-linux-gnu-g++' failed: No such file", "a compiler: `/usr/bin/x86"),
        ("unable to execute 'clang': No such file or directory", "a compiler: `clang`"),
        ("error: Microsoft Visual C++ 14.0 or greater is required.", "Microsoft's C++ Build Tools"),
        ("error: can't find Rust compiler", "install Rust "),
        ("Cargo, the Rust package manager, is not installed or is not on PATH.", "install Rust "),
        ("/bin/sh: 1: cargo: not found", "install Rust "),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'cargo'", "install Rust "),
        ("/bin/sh: 1: pkg-config: not found", "install `pkg-config`"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'pkg-config'", "install `pkg-config`"),
        ("Error: pg_config executable not found.", "`pg_config`"),
        ("ModuleNotFoundError: No module named 'distutils'", "`distutils`"),
        ("ModuleNotFoundError: No module named 'numpy'", "`numpy`"),
        ("import flit_core as backend\n  ModuleNotFoundError: No module named 'flit_core'", "imports `flit_core`"),
        (
            "import flit_core.build as backend\n  ModuleNotFoundError: No module named 'flit_core.build'",
            "`flit_core.build`, does not exist",
        ),
        ("error in demjson setup command: use_2to3 is invalid.", "`use_2to3`"),
        ("Exception: you need a C compiler to build uWSGI", "C compiler"),
        ("x.c:1:2: error: 'PyLongObject' {aka 'struct _longobject'} has no member named 'ob_digit'", "does not compile"),
        ("x.c:1:2: error: implicit declaration of function '_PyUnicode_Ready'", "does not compile"),
    ],
)
def test_known_output_of_a_build_has_its_hint(project: Project, words: str, hint: str) -> None:
    """The hint comes before the advice about wheels."""
    error = builds.failed_build(failure(_NEW_BUILD.format(words), project))

    assert error is not None
    assert hint in str(error.hint).partition(" If another version")[0]


@pytest.mark.parametrize(
    "words",
    [
        "a.h",
        "the fatal error was in my head",
        "error: command 'gcc' failed with exit code 1",
        "ModuleNotFoundError: No module named 'numpy.core'",
        "{0} {",
    ],
)
def test_unknown_output_of_a_build_has_the_advice_about_wheels(project: Project, words: str) -> None:
    error = builds.failed_build(failure(_NEW_BUILD.replace("{0}", words), project))

    assert error is not None
    assert str(error.hint).startswith("If another version has a wheel for this Python, ")


def test_failed_build_names_the_exception_that_ends_its_traceback(project: Project) -> None:
    printed = 'Traceback (most recent call last):\n     File "a.py", line 1, in b\n   flit.ConfigError: no description'

    error = builds.failed_build(failure(_NEW_BUILD.format(printed), project))

    assert error is not None
    assert "Call to `backend.build_wheel` failed (exit status: 1): flit.ConfigError: no description." in str(error.message)


@pytest.mark.parametrize("printed", ["error: no compiler", "Traceback (most recent call last):\n   x: y\n   and more", "Traceback: x"])
def test_failed_build_names_no_exception_if_its_output_ends_with_something_else(project: Project, printed: str) -> None:
    error = builds.failed_build(failure(_NEW_BUILD.format(printed), project))

    assert error is not None
    assert "failed (exit status: 1). " in str(error.message)


def test_package_that_has_no_wheel_in_the_lock_at_all(project: Project) -> None:
    """The hint does not suggest another Python, because uv.lock has no wheel for any."""
    error = builds.failed_build(failure(_NEW_BUILD.replace("native", "source-only"), project))

    assert error is not None
    assert str(error.hint).endswith("lock that version.")


def test_package_that_was_built_although_it_has_a_wheel_for_this_python(project: Project) -> None:
    """Neither sentence mentions wheels: `no-binary` is the reason."""
    lock = _LOCK.replace("native-1.0-cp39-cp39-win_amd64.whl", "native-1.0-py3-none-any.whl")
    error = builds.failed_build(failure(_NEW_BUILD, write(Path(project.root), uv_lock=lock)))

    assert error is not None
    assert "wheel" not in f"{str(error.message).replace('build_wheel', '')} {error.hint}"


@pytest.mark.parametrize(
    ("tag", "implementation", "expected"),
    [
        ("py3-none-any", "cpython", True),
        ("cp312-cp312-linux_x86_64", "cpython", True),
        ("cp39-abi3-linux_x86_64", "cpython", True),
        ("cp313-cp313-linux_x86_64", "cpython", False),
        ("cp312-cp312-win_amd64", "cpython", False),
        ("cp312-cp312-linux_x86_64", "pypy", False),
        ("pp312-pypy312_pp73-linux_x86_64", "pypy", True),
        ("cp312-cp312t-linux_x86_64", "cpython", False),
    ],
)
def test_wheel_for_the_target_is_recognised_by_its_tags(tag: str, implementation: str, expected: bool) -> None:  # noqa: FBT001 - a value
    target = TARGET._replace(implementation=implementation, platform=sysconfig.get_platform())

    assert expected == builds.has_wheel(_package(tag.replace("linux_x86_64", sysconfig.get_platform().replace("-", "_"))), target)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("cp315-cp315t", True), ("cp315-cp315", False), ("cp312-abi3", False), ("cp315-abi3t", True), ("py3-none", True)],
)
def test_a_free_threaded_python_takes_no_wheels_that_need_the_gil(tag: str, expected: bool) -> None:  # noqa: FBT001 - a value
    """Their stable ABI is `abi3t` (PEP 703, PEP 803)."""
    platform = sysconfig.get_platform()
    target = TARGET._replace(version="3.15.2", free_threaded=True, platform=platform)

    assert expected == builds.has_wheel(_package(f"{tag}-{platform.replace('-', '_')}"), target)


def test_the_missing_wheel_of_a_free_threaded_python_has_its_own_tag() -> None:
    package = _package(*(f"{tag}-plan9_x86_64" for tag in ("cp313-cp313", "cp313-cp313t", "cp313-abi3", "cp315-abi3t")))
    clause = builds.locked_wheels(package, TARGET._replace(version="3.14.1", free_threaded=True))

    assert clause is not None
    assert ("cp313, cp313t, cp313-abi3, cp315-abi3t", "cp314t") == (clause.values["pythons"], clause.values["python"])


@pytest.mark.parametrize(
    "first",
    [
        "Failed to build `sample @ file:///src/sample`\n  cause: Call to `x.prepare_metadata_for_build_editable` failed (exit status: 1)",
        "Failed to build `sample @ file:///src/sample`\n  cause: Call to `x.get_requires_for_build_wheel` failed (exit status: 1)",
        "Failed to generate package metadata for `sample==1 @ editable+.`\n  cause: Call to `x.y` failed (exit status: 1)",
    ],
)
def test_failed_build_of_the_project_is_on_the_line_of_its_backend(project: Project, first: str) -> None:
    """Whichever hook fails, the hint suggests no other version."""
    error = builds.failed_build(failure(f"error: {first}\n", project))

    assert ("pyproject.toml", 4) == place(error, project)
    assert error is not None
    assert "Call to `x." in str(error.message)
    assert "wheel for" not in str(error.hint)


@pytest.mark.parametrize("words", ["No module named 'distutils'", "use_2to3 is invalid", "x.c:1: error: 'a' has no member named 'b'"])
def test_hint_suggests_no_other_version_of_the_project(project: Project, words: str) -> None:
    output = f"error: Failed to build `sample @ file:///src/sample`\n  cause: Call to `x.y` failed\n\n         [stderr]\n         {words}\n"
    error = builds.failed_build(failure(output, project))

    assert error is not None
    assert "Lock" not in str(error.hint)


def test_project_that_must_not_be_built_has_the_error_in_its_own_file(project: Project) -> None:
    """The hint suggests no other version of it."""
    output = "error: Distribution `sample==1 @ editable+.` can't be installed because it is marked as `--no-build` but has no binary\n"
    error = builds.no_distribution(failure(output, project)._replace(inputs=step_inputs(args="--no-build")))

    assert ("pyproject.toml", None) == place(error, project)
    assert error is not None
    assert Option("no-install-project", "true") in options(error)
    assert ("`--no-build` is among the arguments", False) == (error.values["why"], "lock" in str(error.hint))


def test_metadata_that_cannot_be_generated_has_uvs_causes(project: Project) -> None:
    """No build ran, so there is no output to quote."""
    output = "error: Failed to generate package metadata for `sample==1 @ editable+.`\n  cause: Failed to parse entry: `a`\n  cause: New\n"
    error = builds.failed_build(failure(output, project))

    assert error is not None
    assert "could not be built: Failed to parse entry: `a` cause: New." in str(error.message)


def test_build_requirement_that_does_not_exist(project: Project) -> None:
    """The error has the reason of the resolver."""
    output = """\
  \u00d7 Failed to build `sample @ file:///src/sample`
  ├─▶ Failed to resolve requirements from `build-system.requires`
  ├─▶ No solution found when resolving: `nosuch`
  ╰─▶ Because nosuch was not found in the package registry and you require
      nosuch, we can conclude that your requirements are unsatisfiable.
"""
    error = builds.failed_build(failure(output, project))

    assert ("pyproject.toml", 4) == place(error, project)
    assert error is not None
    assert "Because nosuch was not found in the package registry" in str(error.message)


def test_build_requirement_that_cannot_be_fetched(project: Project) -> None:
    """The error has the address, the reason and the next step of a failed fetch."""
    output = (
        "error: Failed to build `sample @ file:///src/sample`\n  cause: Failed to resolve requirements from `build-system.requires`\n"
        "  cause: Failed to fetch: https://host/simple/nosuch/\n  cause: dns error\n"
    )
    error = builds.failed_build(failure(output, project))

    assert error is not None
    reason = error.values["cause"]
    assert isinstance(reason, Message)
    values = {"address": "https://host/simple/nosuch/", "reason": "the host name could not be resolved"}
    assert values == reason.values
    assert "host" == error.values["host"]


def test_package_without_a_wheel_and_without_a_source(project: Project) -> None:
    """The error is on the line of the package in uv.lock, and has uv's tag for this system."""
    output = (
        f"{_CANNOT}doesn't have a source distribution or wheel for the current platform\n\nhint: You're on Linux (`musllinux_1_2_x86_64`),"
        " but `native` (v1.0) only has wheels for the following platform: `win_amd64`\n"
    )
    error = builds.no_distribution(failure(output, project))

    assert ("uv.lock", 4) == place(error, project)
    assert error is not None
    assert ("native", "1.0") == (error.values["package"], error.values["release"])
    for text in ("cp39 on win_amd64", "This system is musllinux_1_2_x86_64."):
        assert text in str(error.message)


@pytest.mark.parametrize(
    ("reason", "env", "why"),
    [
        ("is marked as `--no-build` but has no binary distribution", {"UV_NO_BUILD": "1"}, "`UV_NO_BUILD` is 1"),
        (
            "is marked as both `--no-binary` and `--no-build`",
            {"UV_NO_BUILD": "1", "UV_NO_BINARY_PACKAGE": "native"},
            "`UV_NO_BUILD` is 1 and `UV_NO_BINARY_PACKAGE` is native",
        ),
        ("is marked as `--no-build` but has no binary distribution", {}, "`no-build` is set in uv's settings"),
    ],
)
def test_package_that_must_not_be_built(project: Project, reason: str, env: dict[str, str], why: str) -> None:
    """The error names the setting that forbids it."""
    error = builds.no_distribution(failure(f"{_CANNOT}{reason}\n", project, env=env))

    assert error is not None
    assert why == error.values["why"]


@pytest.mark.parametrize("output", ["", "error: no space left", f"{_CANNOT}is too heavy", "error: Failed to build", "[stderr]\nno"])
def test_other_messages_are_not_about_builds(project: Project, output: str) -> None:
    assert (None, None) == (builds.no_distribution(failure(output, project)), builds.failed_build(failure(output, project)))


def _package(*tags: str) -> dict[str, object]:
    return {"wheels": [{"url": f"https://host/files/alpha-1.0-{tag}.whl", "hash": "sha256:0"} for tag in tags]}


@pytest.mark.parametrize(
    ("tag", "pythons", "platforms"),
    [
        ("cp311-cp311-plan9_x86_64", "cp311", "plan9_x86_64"),
        ("cp313-abi3-plan9_x86_64", "cp313-abi3", "plan9_x86_64"),
        ("pp310-pypy310_pp73-plan9_x86_64", "pp310", "plan9_x86_64"),
        ("py2.py3-none-any", "py2, py3", "any"),
    ],
)
def test_wheels_are_listed_by_their_tags(tag: str, pythons: str, platforms: str) -> None:
    """The tags in uv.lock and those of the target are values."""
    clause = builds.locked_wheels(_package(tag), TARGET)

    assert clause is not None
    assert {"pythons": pythons, "platforms": platforms, "python": "cp312", "platform": "linux-x86_64"} == clause.values


@pytest.mark.parametrize(("implementation", "python"), [("pypy", "pp312"), ("graalpy", "Python 3.12")])
def test_implementation_is_named_by_its_tag_if_it_has_one(implementation: str, python: str) -> None:
    clause = builds.locked_wheels(_package("cp310-cp310-win32"), TARGET._replace(implementation=implementation))

    assert clause is not None
    assert python == clause.values["python"]


def test_many_wheels() -> None:
    """Legacy aliases of a platform are left out, and a long list is cut."""
    tags = [f"cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.manylinux2014_x86_64" for minor in (8, 9, 10)]
    tags += [f"cp37-abi3-macosx_{number}_0_arm64" for number in range(11, 25)]
    clause = builds.locked_wheels(_package(*tags), TARGET)

    assert clause is not None
    assert "cp38, cp39, cp310, cp37-abi3" == clause.values["pythons"]
    assert f"{', '.join(f'macosx_{number}_0_arm64' for number in range(11, 23))} and 3 more" == clause.values["platforms"]


@pytest.mark.parametrize(
    "package",
    [{"wheels": []}, {"wheels": 1}, {"wheels": [1, {}, {"url": "https://[/"}, {"url": "alpha.whl"}, {"path": 3}]}],
    ids=["none", "no list", "nonsense"],
)
def test_package_without_wheels(package: dict[str, object]) -> None:
    """Malformed entries are not wheels."""
    clause = builds.locked_wheels(package, TARGET)

    assert clause is not None
    assert {} == clause.values


@pytest.mark.parametrize(
    "wheel",
    [
        {"url": "https://host/a%2Bb/alpha-1.0%2Blocal-py3-none-any.whl#sha256=0"},
        {"path": "..\\wheels\\alpha-1.0-py3-none-any.whl"},
        {"filename": "alpha-1.0-1-py3-none-any.whl", "url": "https://host/1"},
    ],
    ids=["url", "path", "filename"],
)
def test_file_name_of_a_wheel_is_found(wheel: dict[str, str]) -> None:
    """The tags come from the file name, in whatever form uv.lock has the location of the wheel."""
    clause = builds.locked_wheels({"wheels": [wheel]}, TARGET)

    assert clause is not None
    assert ("py3", "any") == (clause.values["pythons"], clause.values["platforms"])

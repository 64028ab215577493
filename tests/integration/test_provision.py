"""A runner without uv: the real pip installs the real uv from a local index, and later steps can use it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.test_faults import ONLY_ROOT, small_disk
from tests.support import index, program, uv_wheels
from tests.support.index import Index
from tests.support.layouts import everything, virtual_environment
from tests.support.projects import CAN_CHECK, Project
from tests.support.step import Outcome, Runner
from tests.support.uv_wheels import PINNED
from tools.compatibility import uvs
from tools.shared.pythons import Python, found
from tools.shared.uv import UV, is_at_least
from tools.shared.wheels import file_name, wheel

# Older than the pinned version, and still supported.
_OLDER = uvs.locked()[-2]

OLDEST_AND_NEWEST = pytest.mark.parametrize("python", dict.fromkeys([found()[0], found()[-1]]), ids=lambda python: python.minor)


@pytest.fixture
def wheels(tmp_path: Path) -> Iterator[Index]:
    """An index with the pinned uv, an older one, and the action's own dependencies."""
    with Index(uv_wheels.link(tmp_path / "index", [uv_wheels.wheel(), uv_wheels.wheel(_OLDER), *uv_wheels.own()])).served() as served:
        yield served


@pytest.fixture
def bare(ci: Runner, wheels: Index) -> Runner:
    """A runner without uv whose pip uses only this index."""
    (ci.folder / "uv" / "uv").unlink()
    ci.environ.update({"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_INDEX_URL": wheels.url})
    return ci


def _folders(ci: Runner) -> list[Path]:
    """Return the folders that uv has been installed into, complete or incomplete."""
    return [*(ci.folder / "temp").glob("uv-system-sync-uv-*")]


def _version(ci: Runner, outcome: Outcome) -> str:
    return ci.next_step(outcome, "uv", "--version").split()[1]


def _error(outcome: Outcome) -> str:
    """Return the only error of a step that sets no outputs."""
    (error,) = outcome.errors
    assert (1, False) == (outcome.returncode, outcome.published), outcome.log
    return error


def _failure(ci: Runner, outcome: Outcome) -> str:
    """Return the text of the only error of a step that could not install uv and left no files of it."""
    error = _error(outcome)
    assert (True, []) == (error.startswith("title=uv-unavailable::"), _folders(ci)), error
    return error


@OLDEST_AND_NEWEST
def test_later_steps_get_the_python_and_the_pinned_uv(bare: Runner, target: Path, python: Python) -> None:
    outcome = bare.sync()

    assert (0, PINNED) == (outcome.returncode, outcome.outputs["uv-version"]), outcome.log
    (folder,) = _folders(bare)
    assert [f"{folder}/bin", f"{target}/bin"] == outcome.paths
    assert (PINNED, PINNED) == (_version(bare, outcome), bare.next_step(outcome, "uvx", "--version").split()[1])
    assert f"{target} {python.version}\n" == bare.next_step(
        outcome, "python", "-c", "import sys, alpha; print(sys.prefix, sys.version.split()[0])"
    )


def test_a_second_use_in_the_job_starts_no_pip(bare: Runner, wheels: Index) -> None:
    """The first use may have succeeded or failed."""
    failed = bare.sync(groups="nope")
    (folder,) = _folders(bare)
    wheels.asked.clear()
    second = bare.sync()
    third = bare.sync()

    assert ([], [], [folder]) == (failed.paths, wheels.asked, _folders(bare))
    assert [(0, PINNED, f"{folder}/bin")] * 2 == [
        (outcome.returncode, outcome.outputs["uv-version"], outcome.paths[0]) for outcome in (second, third)
    ]
    bare.search_path = os.pathsep.join([*reversed(second.paths), bare.search_path])
    assert f"{folder}/bin" == bare.sync().paths[0]


@CAN_CHECK
@OLDEST_AND_NEWEST
def test_nothing_goes_into_the_target_not_even_byte_code(bare: Runner, target: Path, wheels: Index) -> None:
    """The step runs as a check, so that it changes nothing there itself."""
    before = everything(target)
    outcome = bare.sync(check="true")

    assert ("title=out-of-sync", True) == (outcome.errors[0].partition("::")[0], "/simple/uv/" in wheels.asked)
    assert before == everything(target)
    assert 1 == len(_folders(bare))


# The version to install.


@pytest.mark.parametrize(
    ("inputs", "version"),
    [
        ({"uv_version": _OLDER}, _OLDER),
        ({"uv_version": f"<{PINNED}"}, _OLDER),
        ({"uv_version": f">={_OLDER}, <{PINNED}"}, _OLDER),
        ({"uv_version": f"~={PINNED}"}, PINNED),
    ],
)
def test_the_input_decides_which_one_is_installed(bare: Runner, inputs: dict[str, str], version: str) -> None:
    outcome = bare.sync(**inputs)

    assert (0, version) == (outcome.returncode, outcome.outputs.get("uv-version")), outcome.log
    assert (version, 1) == (_version(bare, outcome), len(_folders(bare)))


@pytest.mark.parametrize("file", ["pyproject.toml", "uv.toml"])
@pytest.mark.parametrize("required", [_OLDER, f"<{PINNED}"])
def test_the_project_decides_which_one_is_installed_without_the_input(bare: Runner, project: Project, file: str, required: str) -> None:
    if file == "uv.toml":
        # uv.toml overrides the settings in pyproject.toml.
        settings = project.pyproject.read_text().partition("[[tool.uv.index]]")[2]
        (project.folder / file).write_text(f'required-version = "{required}"\n[[index]]{settings}')
    else:
        with project.pyproject.open("a") as document:
            document.write(f'\n[tool.uv]\nrequired-version = "{required}"\n')
    outcome = bare.sync()

    assert (0, _OLDER) == (outcome.returncode, outcome.outputs.get("uv-version")), outcome.log
    assert _OLDER == _version(bare, outcome)


def test_what_two_projects_of_a_job_require_may_differ(bare: Runner, project: Project) -> None:
    """The uv of the first project is on PATH by then, and must not be used for the second."""
    first = bare.sync()
    bare.search_path = os.pathsep.join([*reversed(first.paths), bare.search_path])
    with project.pyproject.open("a") as document:
        document.write(f'\n[tool.uv]\nrequired-version = "{_OLDER}"\n')
    second = bare.sync()

    assert (PINNED, _OLDER) == (first.outputs["uv-version"], second.outputs.get("uv-version")), second.log
    assert _OLDER == _version(bare, second)


@pytest.mark.parametrize("matches", [True, False])
def test_the_uv_on_path_is_used_if_it_is_as_asked_for(ci: Runner, bare: Runner, wheels: Index, *, matches: bool) -> None:
    (ci.folder / "uv" / "uv").symlink_to(UV)
    operator = ">=" if is_at_least(PINNED) == matches else "<"
    outcome = bare.sync(uv_version=f"{operator}{PINNED}")

    assert (0, matches) == (outcome.returncode, "/simple/uv/" not in wheels.asked), outcome.log
    assert len(outcome.paths) == (1 if matches else 2)
    assert outcome.outputs["uv-version"] == _version(bare, outcome)


# The index.


_ADDRESS = "http://me:s3%2Fcret@{host}/simple"


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"UV_DEFAULT_INDEX": _ADDRESS}, id="default-index"),
        pytest.param({"UV_INDEX_URL": _ADDRESS}, id="index-url"),
        pytest.param(
            {"UV_DEFAULT_INDEX": "my-own=http://{host}/simple", "UV_INDEX_MY_OWN_USERNAME": "me", "UV_INDEX_MY_OWN_PASSWORD": "s3/cret"},
            id="named",
        ),
        pytest.param({"PIP_INDEX_URL": _ADDRESS}, id="of-pip"),
    ],
)
@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_the_users_own_index_is_asked_with_the_users_credentials(
    bare: Runner, wheels: Index, variables: dict[str, str], *, is_right: bool
) -> None:
    wheels.credentials = "me:s3/cret" if is_right else "me:other"
    bare.environ["PIP_INDEX_URL"] = "http://127.0.0.1:9/simple"
    bare.environ.update({name: value.format(host=f"127.0.0.1:{wheels.port}") for name, value in variables.items()})
    # The lock was created with the project's own index.
    outcome = bare.sync(frozen="true")
    shown = "\n".join(line for line in outcome.log.splitlines() if not line.startswith("::add-mask::"))

    assert [] == [secret for secret in ("s3/cret", "s3%2Fcret") if secret in shown + outcome.summary]
    if is_right:
        assert (0, PINNED) == (outcome.returncode, outcome.outputs.get("uv-version")), outcome.log
    else:
        assert "the index refuses access" in _failure(bare, outcome)


# Failures.


def _status(code: int) -> Callable[[Index], None]:
    return lambda served: served.misbehave("uv", index.status(code))


def _file_status(code: int) -> Callable[[Index], None]:
    return lambda served: served.misbehave(uv_wheels.wheel().name, index.status(code))


def _other_file(served: Index) -> None:
    """Serve a different file, and its hash."""
    path = served.folder / uv_wheels.wheel().name
    path.unlink()
    shutil.copy(uv_wheels.wheel(_OLDER), path)


def _for_another_platform(served: Index) -> None:
    for path in served.folder.iterdir():
        path.rename(path.with_name(re.sub(r"-py3-none-.*", "-py3-none-win32.whl", path.name)))


def _without_uv(served: Index) -> None:
    for path in served.folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("prepare", "inputs", "reason"),
    [
        pytest.param(_status(401), {}, "the index refuses access", id="401"),
        pytest.param(_status(403), {}, "the index refuses access", id="403"),
        pytest.param(_file_status(403), {}, "the index refuses access", id="403-for-the-file"),
        pytest.param(_status(503), {}, "the index cannot be reached", id="503"),
        pytest.param(_without_uv, {}, "the index has no uv", id="index-without-uv"),
        pytest.param(lambda _: None, {"uv_version": "0.0.0"}, "the index has no such version for this platform", id="no-such-version"),
        pytest.param(lambda _: None, {"uv_version": ">=99"}, "the index has no such version for this platform", id="no-version-in-it"),
        pytest.param(lambda _: None, {"uv_version": "0.13.x"}, "the index has no such version for this platform", id="no-version-at-all"),
        pytest.param(_for_another_platform, {}, "the index has no such version for this platform", id="no-wheel-for-the-platform"),
        pytest.param(_other_file, {}, "the index has another file", id="other-hash"),
    ],
)
@OLDEST_AND_NEWEST
def test_a_failure_of_pip_is_one_error_with_the_reason(
    bare: Runner, wheels: Index, prepare: Callable[[Index], None], inputs: dict[str, str], reason: str
) -> None:
    bare.environ["PIP_RETRIES"] = "0"
    prepare(wheels)
    error = _failure(bare, bare.sync(retries="0", **inputs))

    assert f": {reason}" in error


def test_an_index_that_is_not_there_is_one_error(bare: Runner) -> None:
    """Users configure pip's retries themselves."""
    bare.environ.update({"PIP_INDEX_URL": "http://me:s3cret@127.0.0.1:9/simple", "PIP_RETRIES": "1"})
    outcome = bare.sync()
    masked, _, shown = outcome.log.partition("\n")

    assert ("::add-mask::s3cret", False) == (masked, "s3cret" in shown)
    assert ": the index cannot be reached" in _failure(bare, outcome)


@ONLY_ROOT
def test_a_full_disk_is_one_error_and_the_next_use_succeeds(bare: Runner) -> None:
    with small_disk(bare.folder / "temp", "12m") as disk:
        assert ": the disk is full" in _failure(bare, bare.sync())
        subprocess.run(["mount", "-o", "remount,size=256m", disk], check=True)
        outcome = bare.sync()

    assert (0, PINNED) == (outcome.returncode, outcome.outputs.get("uv-version")), outcome.log


def test_settings_of_pip_for_other_packages_change_nothing(bare: Runner, tmp_path: Path) -> None:
    """A job may set them for its own `pip install`."""
    elsewhere = tmp_path / "elsewhere"
    places = dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_LOG"), str(elsewhere))
    places["PIP_LOG"] = str(tmp_path / "pip.log")
    others = dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN", "PIP_PRE", "PIP_UPGRADE", "PIP_COMPILE"), "1")
    bare.environ.update({**places, **others, "PIP_CONSTRAINT": "constraints.txt", "PIP_NO_BINARY": ":all:", "PIP_PLATFORM": "win32"})
    outcome = bare.sync()

    assert (0, PINNED, False) == (outcome.returncode, outcome.outputs.get("uv-version"), elsewhere.exists()), outcome.log


# A Python without pip.


@pytest.fixture
def without_pip(bare: Runner, target: Path, tmp_path: Path) -> Runner:
    """A runner whose first Python on PATH is a virtual environment without pip."""
    environment = virtual_environment(target, tmp_path / "environment")
    bare.search_path = f"{environment}/bin:{bare.search_path}"
    bare.environ["pythonLocation"] = str(environment)
    return bare


@OLDEST_AND_NEWEST
def test_without_a_pip_the_wheel_of_ensurepip_is_used_and_not_installed(
    without_pip: Runner, tmp_path: Path, target: Path, python: Python
) -> None:
    if not [*(target / "lib" / f"python{python.minor}" / "ensurepip" / "_bundled").glob("pip-*.whl")]:
        pytest.skip("the ensurepip of this Python bundles no wheel, as that of Debian")
    outcome = without_pip.sync()

    assert (0, PINNED) == (outcome.returncode, outcome.outputs.get("uv-version")), outcome.log
    assert [] == [*(tmp_path / "environment").rglob("pip*")]
    assert PINNED == _version(without_pip, outcome)


def test_without_a_pip_and_an_ensurepip_there_is_one_error(without_pip: Runner, target: Path, python: Python) -> None:
    shutil.rmtree(target / "lib" / f"python{python.minor}" / "ensurepip")

    assert ": this Python has no pip" in _failure(without_pip, without_pip.sync())


# A `uv` on PATH that is not uv.


def _make_folder(path: Path) -> None:
    path.mkdir()


def _make_text(path: Path) -> None:
    path.touch(mode=0o644)


def _make_another_program(path: Path) -> None:
    program(path, "#!/bin/sh", "echo Usage: uv '[options]'")


def _make_old(path: Path) -> None:
    program(path, "#!/bin/sh", "test $1 = --version && echo uv 0.4.30")


@pytest.mark.parametrize("make", [_make_folder, _make_text, _make_another_program, _make_old])
@pytest.mark.parametrize("version", ["", f">={_OLDER}"], ids=["not-asked-for", "asked-for"])
def test_what_is_called_uv_on_path_and_cannot_be_used_is_one_error_unless_another_is_asked_for(
    bare: Runner, make: Callable[[Path], None], version: str
) -> None:
    path = bare.folder / "uv" / "uv"
    make(path)
    outcome = bare.sync(uv_version=version)

    if version:
        assert (0, PINNED) == (outcome.returncode, outcome.outputs.get("uv-version")), outcome.log
    else:
        error = _failure(bare, outcome)
        assert (True, True) == (str(path) in error, "`uv-version`" in error)


@pytest.mark.parametrize("version", ["latest", "banana"])
def test_a_version_that_is_none_is_one_error(bare: Runner, wheels: Index, version: str) -> None:
    error = _error(bare.sync(uv_version=version))

    assert (True, True, []) == (error.startswith("title=invalid-input::"), repr(version) in error, wheels.asked)


# The action's own dependencies, which uv takes from its cache.

_EVIL = "import os\nos.environ['EVIL'] = print('EVIL', flush=True) or '1'\n"


def _own(folder: Path) -> Path:
    """Return the one folder below `folder` with the toolkit modules that the action uses in every run."""
    (found,) = {file.parent for file in folder.rglob("actions_toolkit/file_command.py")}
    return found


@pytest.fixture
def cached(ci: Runner, tmp_path: Path) -> Path:
    """A uv cache with the action's own dependencies, after a job has ended."""
    ci.environ["UV_CACHE_DIR"] = str(tmp_path / "own-cache")
    outcome = ci.sync()
    assert 0 == outcome.returncode, outcome.log
    return tmp_path / "own-cache"


def _assert_not_run(outcome: Outcome, name: str) -> None:
    error = _error(outcome)
    assert ("title=runner-unusable", True) == (error.partition("::")[0], f"actions_toolkit/{name} " in error)
    assert not [line for line in outcome.log.splitlines() if line == "EVIL"]


# A pure Python module, and an extension module, which takes precedence.
_HOSTILE = ["file_command.py", "file_command.abi3.so"]


@pytest.mark.parametrize("name", _HOSTILE)
def test_code_that_a_build_of_another_job_has_put_into_the_cache_of_uv_is_not_run(ci: Runner, cached: Path, name: str) -> None:
    """Each module is compared with the wheels of this release; uv does not verify again what it has already unpacked."""
    shutil.rmtree(ci.folder / "temp")
    file = _own(cached) / name
    file.unlink(missing_ok=True)
    file.write_text(_EVIL, encoding="utf-8")

    _assert_not_run(ci.sync(), name)


@pytest.mark.parametrize("name", _HOSTILE)
def test_code_that_an_earlier_step_has_put_among_the_packages_of_the_action_is_not_run(ci: Runner, cached: Path, name: str) -> None:
    del cached
    file = _own(ci.folder / "temp") / name
    file.unlink(missing_ok=True)
    file.write_text(_EVIL, encoding="utf-8")

    _assert_not_run(ci.sync(), name)


def test_byte_code_of_the_packages_of_the_action_is_not_run_and_none_is_left(ci: Runner, cached: Path, python: Python) -> None:
    del cached
    module = _own(ci.folder / "temp") / "file_command.py"
    assert [] == [*module.parent.parent.rglob("*.pyc")]
    # Its time and size match the source, which Python requires before it uses byte code.
    state, source = module.stat(), module.read_text(encoding="utf-8")
    module.write_text(_EVIL.ljust(len(source)), encoding="utf-8")
    os.utime(module, ns=(state.st_atime_ns, state.st_mtime_ns))
    interpreter = python.prefix / "bin" / python.program
    subprocess.run([interpreter, "-I", "-m", "py_compile", module], check=True)
    assert [module.parent / "__pycache__"] == [path.parent for path in module.parent.rglob("*.pyc")]
    module.write_text(source, encoding="utf-8")
    os.utime(module, ns=(state.st_atime_ns, state.st_mtime_ns))

    outcome = ci.sync()

    assert (0, False) == (outcome.returncode, "EVIL" in outcome.log), outcome.log


def test_packages_in_the_cache_of_uv_need_no_network(ci: Runner, cached: Path) -> None:
    del cached
    shutil.rmtree(ci.folder / "temp")
    ci.environ["UV_OFFLINE"] = "1"

    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log


# Locked packages that contain a `uv`.

_OTHER_UV = "#!/bin/sh\necho EVIL >&2\nexit 1\n"


def _with_uv(project: Project, name: str) -> None:
    """Make `project` lock a package `name` that installs its own `uv`."""
    path = project.folder / "wheels" / file_name(name, "1.0")
    path.write_bytes(wheel(name, "1.0", {f"{name}_a.py": "", f"{name}-1.0.data/scripts/uv": _OTHER_UV}))
    text = project.pyproject.read_text(encoding="utf-8")
    project.pyproject.write_text(text.replace("'alpha<2'", f"'alpha<2', '{name}'"), encoding="utf-8")
    project.lock()


@pytest.mark.parametrize("name", ["uv", "other"])
def test_the_uv_of_a_locked_package_is_for_later_steps_and_not_for_the_action(
    ci: Runner, project: Project, target: Path, name: str
) -> None:
    _with_uv(project, name)
    first = ci.sync()
    ci.search_path = os.pathsep.join([*reversed(first.paths), ci.search_path])
    second = ci.sync()

    assert ((0, 0), first.outputs["uv-version"]) == ((first.returncode, second.returncode), second.outputs["uv-version"]), second.log
    assert ("false", _OTHER_UV) == (second.outputs["changed"], (target / "bin" / "uv").read_text(encoding="utf-8"))
    assert f"{target}/bin/uv\n" == ci.next_step(second, "sh", "-c", "command -v uv")


def test_without_another_uv_on_path_the_pinned_one_is_installed_instead_of_that_of_a_locked_package(
    bare: Runner, project: Project, target: Path
) -> None:
    """Before that, a uv that the user has installed into the target is used."""
    shutil.copy(UV, target / "bin" / "uv")
    _with_uv(project, "other")
    first = bare.sync()
    own = _folders(bare)
    bare.search_path = os.pathsep.join([*reversed(first.paths), bare.search_path])
    second = bare.sync()

    assert ((0, 0), [], PINNED) == ((first.returncode, second.returncode), own, second.outputs["uv-version"]), second.log
    assert (f"{target}/bin", 1) == (second.paths[-1], len(_folders(bare)))

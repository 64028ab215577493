"""Variables set by earlier steps: uv and builds do not see variables that would change what is installed, but see those they need."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.layouts import watched_build
from tests.support.projects import Project
from tests.support.step import Runner, runner
from tools.shared import ROOT
from tools.shared.pythons import Python
from tools.shared.uv import UV, UV_VERSION
from uv_system_sync.environment import decide

Installed = dict[str, Any]


def plain_uv(ci: Runner, target: Path, **variables: str) -> int:
    """Return the exit status of a careful `uv sync`: the Python is named, and Python downloads are disabled."""
    environ = {"HOME": os.environ["HOME"], "PATH": ci.search_path, "UV_PROJECT_ENVIRONMENT": str(target), "UV_PYTHON_DOWNLOADS": "never"}
    command = [str(UV), "sync", "--locked", "--offline", "--python", f"{target}/bin/python3"]
    return subprocess.run(command, cwd=ci.cwd, env={**environ, **variables}, capture_output=True, check=False).returncode


def installed(target: Path) -> Installed:
    """Return the distributions in `target` except pip, each with its direct_url.json if it has one."""
    folders = [folder for folder in target.glob("lib/python*/site-packages/*.dist-info") if not folder.name.startswith("pip-")]
    direct = {folder.name.removesuffix(".dist-info"): folder / "direct_url.json" for folder in folders}
    return {name: json.loads(file.read_text(encoding="utf-8")) if file.exists() else None for name, file in direct.items()}


@pytest.fixture
def locked(project: Project) -> Installed:
    """The packages that the project's lock installs."""
    link = {"url": project.folder.as_uri(), "dir_info": {"editable": True}}
    return {"alpha-1.0": None, "beta-1.0": None, "gamma-1.0": None, "sample_project-0.1": link}


# These exclude packages or change how packages are installed.
_OTHERS = {
    "UV_NO_DEFAULT_GROUPS": "1",
    "UV_NO_DEV": "1",
    "UV_NO_EDITABLE": "1",
    "UV_NO_GROUP": "dev",
    "UV_NO_INSTALLER_METADATA": "1",
    "UV_NO_INSTALL_LOCAL": "1",
    "UV_NO_INSTALL_PROJECT": "1",
    "UV_NO_INSTALL_WORKSPACE": "1",
    "UV_ONLY_INSTALL_LOCAL": "1",
    "UV_ONLY_INSTALL_PROJECT": "1",
    "UV_ONLY_INSTALL_WORKSPACE": "1",
}

# These are meant for another project, Python or lock.
_ELSEWHERE = {
    "UV_CONFIG_FILE": "/not/there/uv.toml",
    "UV_EXCLUDE_NEWER": "2006-01-01T00:00:00Z",
    "UV_FORK_STRATEGY": "fewest",
    "UV_MANAGED_PYTHON": "1",
    "UV_PRERELEASE": "allow",
    "UV_PROJECT": "/not/there",
    "UV_PYTHON_PREFERENCE": "only-managed",
    "UV_RESOLUTION": "lowest",
    "UV_WORKING_DIR": "/not/there",
    "UV_WORKING_DIRECTORY": "/not/there",
}

# uv cannot parse these values: before doing anything, it also parses some variables of other commands.
_UNREADABLE = (
    "UV_AMD_GPU_ARCHITECTURE",
    "UV_CUDA_DRIVER_VERSION",
    "UV_DEV",
    "UV_FROZEN",
    "UV_INIT_BARE",
    "UV_INIT_BUILD_BACKEND",
    "UV_ISOLATED",
    "UV_LOCKED",
    "UV_NO_CONFIG",
    "UV_NO_ENV_FILE",
    "UV_NO_MANAGED_PYTHON",
    "UV_NO_PROGRESS",
    "UV_NO_SOURCES",
    "UV_NO_SYNC",
    "UV_NO_SYSTEM_CONFIG",
    "UV_PREVIEW",
    "UV_PYTHON_DOWNLOADS",
    "UV_PYTHON_INSTALL_BIN",
    "UV_PYTHON_INSTALL_REGISTRY",
    "UV_PYTHON_NO_REGISTRY",
    "UV_RUN_RECURSION_DEPTH",
    "UV_RUN_RLIMIT_NOFILE",
    "UV_SHOW_RESOLUTION",
    "UV_UPLOAD_HTTP_TIMEOUT",
    "UV_VENV_CLEAR",
    "UV_VENV_RELOCATABLE",
    "UV_VENV_SEED",
)

HOSTILE = {**_OTHERS, **_ELSEWHERE, **dict.fromkeys(_UNREADABLE, "perhaps")}


@pytest.mark.parametrize(
    ("variable", "result"),
    [
        *(pytest.param(name, "another set", id=f"{name} installs another set") for name in _OTHERS),
        *(pytest.param(name, "failure", id=f"{name} fails") for name in (*_ELSEWHERE, *_UNREADABLE)),
    ],
)
def test_a_variable_that_changes_what_plain_uv_installs_does_not_change_what_the_action_installs(
    ci: Runner, target: Path, locked: Installed, variable: str, result: str
) -> None:
    ci.environ[variable] = HOSTILE[variable]

    status = plain_uv(ci, target, **{variable: HOSTILE[variable]})
    plain = "failure" if status else "the lock" if installed(target) == locked else "another set"
    outcome = ci.sync()

    # An older uv may not know a variable or may give it another meaning.
    assert result == plain or UV_VERSION < (0, 13)
    assert 0 == outcome.returncode, outcome.log
    assert locked == installed(target)


def test_without_these_variables_plain_uv_installs_the_same_set(ci: Runner, target: Path, locked: Installed) -> None:
    """So the tests above do show the effect of the variables."""
    assert 0 == plain_uv(ci, target)
    assert locked == installed(target)
    assert ci.is_as_locked()


def _known_to_uv() -> list[str]:
    """Return the names of all variables that uv reads."""
    lines = (ROOT / "tests" / "data" / "uv-environment.txt").read_text(encoding="utf-8").splitlines()
    return [name for line in lines if line.startswith("UV") for name in line.split()[:1]]


def test_all_variables_at_once_change_nothing(tmp_path: Path, target: Path, python: Python) -> None:
    """The checkout is pinned to another Python, and variables of pip and Python are set too."""
    project = Project(tmp_path / "pinned", settings='[tool.uv]\npython-preference = "only-managed"\n').write().lock()
    (project.folder / ".python-version").write_text("3.7\n", encoding="utf-8")
    poison = tmp_path / "poison"
    poison.mkdir()
    for name in ("sitecustomize.py", "usercustomize.py", "json.py", "os.py"):
        (poison / name).write_text("raise RuntimeError('poisoned')\n", encoding="utf-8")
    watched_build(project, tmp_path / "notes")
    ci = runner(tmp_path / "pinned-runner", project.folder).setup_python(target)
    ci.environ.update({name: "perhaps" for name in _known_to_uv() if not decide(name).kept})
    ci.environ.update(HOSTILE)
    ci.environ.update(
        UV_PYTHON="3.7",
        UV_SYSTEM_PYTHON="1",
        UV_PROJECT_ENVIRONMENT=str(tmp_path / "another"),
        UV_VARIABLE_OF_TOMORROW="1",
        PYTHONHOME=str(poison),
        PYTHONPATH=str(poison),
        PYTHONSTARTUP=str(poison / "json.py"),
        PYTHONUSERBASE=str(poison),
        VIRTUAL_ENV=str(tmp_path / "another"),
        CONDA_PREFIX=str(tmp_path / "another"),
        PIP_REQUIRE_VIRTUALENV="1",
        PIP_TARGET=str(tmp_path / "another"),
        PIP_PREFIX=str(tmp_path / "another"),
        PIP_NO_INDEX="1",
    )

    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    link = {"url": project.folder.as_uri(), "dir_info": {"editable": True}}
    assert {"alpha-1.0": None, "beta-1.0": None, "gamma-1.0": None, "sample_project-0.1": link} == installed(target)
    assert (str(target), python.version) == (outcome.outputs["environment"], outcome.outputs["python-version"])
    assert not (tmp_path / "another").exists()


def test_settings_of_the_user_that_change_how_packages_are_built_are_named_in_the_log(ci: Runner, project: Project, tmp_path: Path) -> None:
    """These settings are not ignored, because uv also reads them for the index and for credentials."""
    watched_build(project, tmp_path / "notes")
    backend = project.folder / "backend.py"
    seen = "    pathlib.Path(NOTES, 'settings').write_text(json.dumps(config_settings))\n    info ="
    backend.write_text(backend.read_text(encoding="utf-8").replace("    info =", seen, 1), encoding="utf-8")
    file = tmp_path / "config" / "uv" / "uv.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[config-settings]\nchanged = "yes"\n', encoding="utf-8")
    ci.environ.update(XDG_CONFIG_HOME=str(tmp_path / "config"), UV_NO_BUILD_ISOLATION="1", UV_BUILD_CONSTRAINT="/not/there")

    outcome = ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert '{"changed": "yes"}' == (tmp_path / "notes" / "settings").read_text(encoding="utf-8")
    line = next(line for line in outcome.log.splitlines() if line.startswith("Besides the inputs and the project"))
    assert line.endswith(f": {file}")
    # The build environment is isolated.
    environ = json.loads((tmp_path / "notes" / "environ").read_text(encoding="utf-8"))
    assert "builds-v" in environ["PATH"]


# Variables that uv sees.


@pytest.fixture
def ready_ci(ci: Runner, tmp_path: Path) -> Runner:
    """A runner with the action's own dependencies, as after an earlier step of the job, and with an empty cache."""
    ci.sync(check="true")
    ci.environ["UV_CACHE_DIR"] = str(tmp_path / "cache")
    return ci


def _module(target: Path) -> Path:
    (module,) = target.glob("lib/python*/site-packages/alpha.py")
    return module


def test_uv_uses_the_cache_that_is_set(ready_ci: Runner, tmp_path: Path) -> None:
    outcome = ready_ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert 1 == len(list((tmp_path / "cache").rglob("alpha.py")))


@pytest.mark.parametrize(("mode", "links"), [("hardlink", 2), ("copy", 1)])
def test_uv_uses_the_link_mode_that_is_set(ready_ci: Runner, target: Path, mode: str, links: int) -> None:
    ready_ci.environ["UV_LINK_MODE"] = mode

    outcome = ready_ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert links == _module(target).stat().st_nlink


_MEMORY = Path("/dev/shm")  # noqa: S108 - another file system; what is made there has a random name


@pytest.mark.skipif(not _MEMORY.is_dir(), reason="there is no second file system at hand")
def test_a_cache_on_another_file_system_may_be_used(ready_ci: Runner, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_MEMORY) as elsewhere:
        ready_ci.environ["UV_CACHE_DIR"] = elsewhere
        outcome = ready_ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert 1 == _module(target).stat().st_nlink


@pytest.mark.parametrize(("variables", "compiled"), [({}, []), ({"UV_COMPILE_BYTECODE": "1"}, ["alpha"])], ids=["unset", "set"])
def test_uv_compiles_byte_code_if_that_is_set(ready_ci: Runner, target: Path, variables: dict[str, str], compiled: list[str]) -> None:
    ready_ci.environ.update(variables)

    outcome = ready_ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert compiled == [file.name.partition(".")[0] for file in _module(target).parent.glob("__pycache__/alpha.*.pyc")]


def test_uv_is_offline_if_that_is_set(ready_ci: Runner, project: Project) -> None:
    document = project.pyproject.read_text(encoding="utf-8").replace('requires = ["uv_build"]', 'requires = ["not-there"]')
    project.pyproject.write_text(document.replace('build-backend = "uv_build"\n', "").replace("default = true\n", ""), encoding="utf-8")
    ready_ci.environ["UV_OFFLINE"] = "1"

    outcome = ready_ci.sync(frozen="true")

    assert 1 == outcome.returncode
    assert "not-there" in outcome.errors[0]
    assert "network was disabled" in outcome.errors[0]


# Variables that builds see.


def _seen_by_a_build(ci: Runner, project: Project, tmp_path: Path, **inputs: str) -> dict[str, str]:
    watched_build(project, tmp_path / "notes")
    outcome = ci.sync(**inputs)
    assert 0 == outcome.returncode, outcome.log
    seen: dict[str, str] = json.loads((tmp_path / "notes" / "environ").read_text(encoding="utf-8"))
    return seen


def test_a_build_sees_what_it_and_uv_need(ci: Runner, project: Project, target: Path, tmp_path: Path) -> None:
    """Builds see indexes, credentials, network settings, library paths and the user's own variables."""
    kept = {
        "UV_DEFAULT_INDEX": (project.folder / "wheels").as_uri(),
        "UV_INDEX_URL": (project.folder / "wheels").as_uri(),
        "UV_EXTRA_INDEX_URL": (project.folder / "wheels").as_uri(),
        "UV_INDEX_PRIVATE_USERNAME": "somebody",
        "UV_INDEX_PRIVATE_PASSWORD": "secret",
        "UV_OFFLINE": "1",
        "UV_HTTP_TIMEOUT": "7",
        "UV_KEYRING_PROVIDER": "disabled",
        "UV_CONCURRENT_BUILDS": "1",
        "LD_LIBRARY_PATH": f"{target}/lib",
        "PKG_CONFIG_PATH": f"{target}/lib/pkgconfig",
        "pythonLocation": str(target),
        "GITHUB_WORKSPACE": str(project.folder),
        "CFLAGS": "-O2",
        "MY_TOKEN": "secret",
    }
    ci.sync(check="true")
    ci.environ.update(kept)

    seen = _seen_by_a_build(ci, project, tmp_path, frozen="true")

    assert kept == {name: seen.get(name) for name in kept}


def test_a_build_sees_neither_files_nor_tokens_nor_inputs_of_the_runner(ci: Runner, project: Project, tmp_path: Path) -> None:
    """Nor do they see tokens that only other uv commands use."""
    hidden = [
        *("ACTIONS_RUNTIME_TOKEN", "ACTIONS_RUNTIME_URL", "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL"),
        *("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"),
        *("INPUT_TOKEN", "UV_PUBLISH_TOKEN", "UV_GITHUB_TOKEN"),
    ]
    ci.environ.update(dict.fromkeys(hidden, "hidden"), GITHUB_STATE=str(tmp_path / "state"))

    seen = _seen_by_a_build(ci, project, tmp_path)

    files = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
    assert [] == sorted(name for name in seen if name in files or name.startswith(("ACTIONS_", "INPUT_", "UV_SYSTEM_SYNC_")))
    assert "hidden" not in seen.values()

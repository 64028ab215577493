"""What earlier steps exported: what would change the set of packages is kept from uv, and what uv needs reaches it."""

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
    """Return how the best line of shell ends: one that names the Python, and lets uv download none."""
    environ = {"HOME": os.environ["HOME"], "PATH": ci.search_path, "UV_PROJECT_ENVIRONMENT": str(target), "UV_PYTHON_DOWNLOADS": "never"}
    command = [str(UV), "sync", "--locked", "--offline", "--python", f"{target}/bin/python3"]
    return subprocess.run(command, cwd=ci.cwd, env={**environ, **variables}, capture_output=True, check=False).returncode


def installed(target: Path) -> Installed:
    """Return what is in `target`, less pip: each distribution, and where it comes from if it was installed from there directly."""
    folders = [folder for folder in target.glob("lib/python*/site-packages/*.dist-info") if not folder.name.startswith("pip-")]
    direct = {folder.name.removesuffix(".dist-info"): folder / "direct_url.json" for folder in folders}
    return {name: json.loads(file.read_text(encoding="utf-8")) if file.exists() else None for name, file in direct.items()}


@pytest.fixture
def locked(project: Project) -> Installed:
    """What the lock of the project says."""
    link = {"url": project.folder.as_uri(), "dir_info": {"editable": True}}
    return {"alpha-1.0": None, "beta-1.0": None, "gamma-1.0": None, "sample_project-0.1": link}


# What takes packages away, or installs them in another way.
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

# What is meant for another project, another Python or another lock.
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

# What uv cannot read: it reads some variables of its other commands, too, before it does anything.
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
    ("variable", "verdict"),
    [
        *(pytest.param(name, "installs another set", id=f"{name} installs another set") for name in _OTHERS),
        *(pytest.param(name, "fails", id=f"{name} fails") for name in (*_ELSEWHERE, *_UNREADABLE)),
    ],
)
def test_a_variable_of_an_earlier_step(ci: Runner, target: Path, locked: Installed, variable: str, verdict: str) -> None:
    """A variable that an earlier step exported for itself leads plain uv astray; the action installs the same set with it as without."""
    ci.environ[variable] = HOSTILE[variable]

    status = plain_uv(ci, target, **{variable: HOSTILE[variable]})
    plain = "fails" if status else "installs the lock" if installed(target) == locked else "installs another set"
    outcome = ci.sync()

    # To an older uv, a variable may mean nothing yet, or something else.
    assert verdict == plain or UV_VERSION < (0, 13)
    assert 0 == outcome.returncode, outcome.log
    assert locked == installed(target)


def test_a_sync_without_them(ci: Runner, target: Path, locked: Installed) -> None:
    """Without any of these variables plain uv installs the same set, so that it is the variables that the tests above see."""
    assert 0 == plain_uv(ci, target)
    assert locked == installed(target)
    assert ci.is_as_locked()


def _known_to_uv() -> list[str]:
    """Return the names of all variables that uv reads."""
    lines = (ROOT / "tests" / "data" / "uv-environment.txt").read_text(encoding="utf-8").splitlines()
    return [name for line in lines if line.startswith("UV") for name in line.split()[:1]]


def test_everything_that_an_earlier_step_could_export(tmp_path: Path, target: Path, python: Python) -> None:
    """All that uv is not to see may be set at once, in a checkout that wants another Python, beside what pip and Python read."""
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


# What is kept.


@pytest.fixture
def ready_ci(ci: Runner, tmp_path: Path) -> Runner:
    """A runner with the action's own wheels, as after an earlier step of the job, and then an empty cache."""
    ci.sync(check="true")
    ci.environ["UV_CACHE_DIR"] = str(tmp_path / "cache")
    return ci


def _module(target: Path) -> Path:
    (module,) = target.glob("lib/python*/site-packages/alpha.py")
    return module


def test_the_cache_is_the_one_that_is_named(ready_ci: Runner, tmp_path: Path) -> None:
    """UV_CACHE_DIR reaches uv: what was installed is there afterwards."""
    outcome = ready_ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert 1 == len(list((tmp_path / "cache").rglob("alpha.py")))


@pytest.mark.parametrize(("mode", "links"), [("hardlink", 2), ("copy", 1)])
def test_files_get_there_as_they_are_told_to(ready_ci: Runner, target: Path, mode: str, links: int) -> None:
    """UV_LINK_MODE reaches uv: files of the environment are those of the cache, or not."""
    ready_ci.environ["UV_LINK_MODE"] = mode

    outcome = ready_ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert links == _module(target).stat().st_nlink


_MEMORY = Path("/dev/shm")  # noqa: S108 - another file system; what is made there has a random name


@pytest.mark.skipif(not _MEMORY.is_dir(), reason="there is no second file system at hand")
def test_a_cache_on_another_file_system(ready_ci: Runner) -> None:
    """Where files cannot be linked they are copied without a warning, which plain uv would give; elsewhere uv decides itself."""
    here = ready_ci.sync()
    with tempfile.TemporaryDirectory(dir=_MEMORY) as elsewhere:
        ready_ci.environ["UV_CACHE_DIR"] = elsewhere
        there = ready_ci.sync(args="--reinstall")
        warned = ready_ci.sync(args="--reinstall --link-mode hardlink")

    assert [0, 0, 0] == [outcome.returncode for outcome in (here, there, warned)]
    assert ["ailed to hardlink files" in outcome.log for outcome in (here, there, warned)] == [False, False, True]


@pytest.mark.parametrize(("variables", "compiled"), [({}, []), ({"UV_COMPILE_BYTECODE": "1"}, ["alpha"])], ids=["unset", "set"])
def test_byte_code_is_made_when_it_is_asked_for(ready_ci: Runner, target: Path, variables: dict[str, str], compiled: list[str]) -> None:
    """UV_COMPILE_BYTECODE reaches uv: there is byte code after the step, before anything was imported."""
    ready_ci.environ.update(variables)

    outcome = ready_ci.sync()

    assert 0 == outcome.returncode, outcome.log
    assert compiled == [file.name.partition(".")[0] for file in _module(target).parent.glob("__pycache__/alpha.*.pyc")]


def test_uv_stays_offline(ready_ci: Runner, project: Project) -> None:
    """UV_OFFLINE reaches uv: what would need an index fails at once and says why."""
    document = project.pyproject.read_text(encoding="utf-8").replace('requires = ["uv_build"]', 'requires = ["not-there"]')
    project.pyproject.write_text(document.replace('build-backend = "uv_build"\n', "").replace("default = true\n", ""), encoding="utf-8")
    ready_ci.environ["UV_OFFLINE"] = "1"

    outcome = ready_ci.sync(frozen="true")

    assert 1 == outcome.returncode
    assert "not-there" in outcome.errors[0]
    assert "network was disabled" in outcome.errors[0]


# What builds see.


def _seen_by_a_build(ci: Runner, project: Project, tmp_path: Path, **inputs: str) -> dict[str, str]:
    watched_build(project, tmp_path / "notes")
    outcome = ci.sync(**inputs)
    assert 0 == outcome.returncode, outcome.log
    seen: dict[str, str] = json.loads((tmp_path / "notes" / "environ").read_text(encoding="utf-8"))
    return seen


def test_a_build_sees_what_it_and_uv_need(ci: Runner, project: Project, target: Path, tmp_path: Path) -> None:
    """Indexes, credentials, the network's settings, libraries and a user's own variables reach builds."""
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


def test_a_build_sees_nothing_of_the_runner(ci: Runner, project: Project, tmp_path: Path) -> None:
    """The runner's command files, its tokens and all inputs are kept from builds, and so are the tokens of uv's other commands."""
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

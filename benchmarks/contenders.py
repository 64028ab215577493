"""Knows the contenders: how each is set up, what it locks, and the commands by which it installs into a given Python."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import testbed
from benchmarks.runs import ActionRun, sync, sync_variables, timed
from benchmarks.testbed import Testbed
from tools.shared import ROOT
from tools.shared.action_steps import copy_action, steps
from tools.shared.uv import UV

Commands = Sequence[Sequence[str]]

# What each contender locks: a folder with this name in every project.
KINDS = ("uv", "pip", "pipenv", "poetry", "pdm")


@dataclass(frozen=True)
class Place:
    """A contender's own folder, Python, home and caches, and the checkouts that it installs, before and after an update."""

    bed: Testbed
    folder: Path
    checkouts: Mapping[str, Path]
    options: Sequence[str] = ()
    loopback: bool = True

    @property
    def prefix(self) -> Path:
        """The installation to install into."""
        return self.folder / "python"

    @property
    def python(self) -> str:
        """The interpreter of that."""
        return testbed.executable(self.prefix)

    @property
    def tools(self) -> Path:
        """The folder with the programs of the other contenders."""
        return self.folder / "tools" / "bin"

    def made(self) -> Place:
        """Make the Python, and return this place."""
        self.bed.prefix(self.prefix)
        return self

    def environ(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a command, where `variables` are the contender's own settings."""
        environ = {
            **self.bed.environ(self.prefix, self.folder / "home"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        if self.loopback:
            return {**environ, "PIP_INDEX_URL": self.bed.url, **variables}
        # The lock names its own index, which the configuration of this machine may replace.
        del environ["UV_DEFAULT_INDEX"]
        return {**environ, **testbed.network(), **variables}

    @property
    def site_packages(self) -> Path:
        """The folder that packages go into."""
        return self.prefix / "lib" / f"python{self.bed.python.minor}" / "site-packages"

    def make_tools(self) -> None:
        """Put the other contenders into a virtual environment of the very Python that they have to install into."""
        target = self.folder / "tools"
        if not target.is_dir():
            environ = testbed.machine()
            subprocess.run([str(UV), "venv", "--quiet", "--no-config", "--python", self.python, str(target)], env=environ, check=True)
            requirements = ("--require-hashes", "--no-deps", "--requirements", str(ROOT / "requirements" / "bench.txt"))
            command = [str(UV), "pip", "install", "--quiet", "--no-config", "--compile-bytecode", "--python", str(self.tools / "python")]
            subprocess.run([*command, *requirements], env=environ, check=True)


@dataclass(frozen=True)
class Contender:
    """One way to install what is locked: `commands` for a place and a checkout, with the environment variables `settings`.

    `most` is the largest number of packages that it is given.
    """

    name: str
    kind: str
    commands: Callable[[Place, Path], Commands]
    settings: Callable[[Place], Mapping[str, str]] = lambda _: {}
    changed: tuple[str, ...] = ("site-packages", "bin")
    needs_tools: bool = False
    most: int = 1_000
    real: bool = True
    note: str = ""

    def run(self, place: Place, checkout: Path) -> float:
        """Install what `checkout` has locked, and return the wall time."""
        environ = place.environ(self.settings(place))
        return sum(timed(command, environ, checkout / self.kind) for command in self.commands(place, checkout / self.kind))

    def ready(self, place: Place) -> None:
        """Make what the contender needs, and is not measured."""
        if self.needs_tools:
            place.make_tools()

    def target(self, place: Place) -> Path:
        """Return the folder that packages go into."""
        return place.site_packages

    def cache(self, place: Place) -> Path:
        """Return the folder with all that the contender keeps for the next time."""
        return place.folder / "home"

    def clean(self, place: Place) -> None:
        """Remove what does not outlive a job."""


@dataclass(frozen=True)
class Venv(Contender):
    """`uv sync` into a virtual environment of its own."""

    changed: tuple[str, ...] = ("venv",)

    def target(self, place: Place) -> Path:
        """Return the folder that packages go into."""
        return place.folder / "venv" / "lib" / f"python{place.bed.python.minor}" / "site-packages"


@dataclass(frozen=True)
class Action(Contender):
    """The action, as action.yml starts it; `first` in a job if so, and on a `new` machine without the byte code of an earlier run."""

    first: bool = False
    new: bool = False

    def run(self, place: Place, checkout: Path) -> float:
        """Run all steps and return the sum of their wall times."""
        return self._run(place, checkout / self.kind).run()

    def clean(self, place: Place) -> None:
        """Remove the action's own wheels, which are below the runner's temporary folder, and its byte code."""
        action = place.folder / "action"
        if not action.is_dir():
            copy_action(action, place.bed.action)
        if self.first:
            testbed.empty(place.folder / "runner" / "temp")
        if self.new:
            for folder in [*action.rglob("__pycache__")]:
                shutil.rmtree(folder)

    def _run(self, place: Place, checkout: Path) -> ActionRun:
        inputs = {"all-groups": "true", "no-install-project": "true"} if place.options else {}
        action = place.folder / "action"
        return ActionRun(action, place.prefix, checkout, place.folder / "runner", place.environ({}), steps(inputs, action))


def _export(place: Place) -> tuple[str, ...]:
    project = ("--no-emit-project",)
    return (str(UV), "export", "--locked", "--quiet", "--no-header", "--no-annotate", *project, *_groups(place), "--python", place.python)


def _groups(place: Place) -> tuple[str, ...]:
    return tuple(option for option in place.options if option != "--no-install-project")


def _uv_sync(place: Place, _: Path) -> Commands:
    return [(*sync(place.prefix), *place.options)]


def _export_and_install(place: Place, _: Path) -> Commands:
    install = (str(UV), "pip", "install", "--quiet", "--python", place.python, "--requirements", "-")
    return [("/bin/sh", "-c", f"{shlex.join(_export(place))} | {shlex.join(install)}")]


def _pip(place: Place, *options: str) -> Commands:
    return [(place.python, "-m", "pip", "install", "--quiet", "--require-hashes", *options, "-r", "requirements.txt")]


def _prefix_settings(place: Place) -> Mapping[str, str]:
    return sync_variables(place.prefix)


# Without the first, `pdm use` makes a virtual environment.
PDM = {"PDM_USE_VENV": "false", "PDM_IGNORE_ACTIVE_VENV": "1", "PDM_CHECK_UPDATE": "0"}

ACTION = "uv-system-sync"
LIMIT = "uv sync --locked"
PIP = "pip install --require-hashes"

CONTENDERS: tuple[Contender, ...] = (
    Action(ACTION, "uv", lambda *_: (), note="a later use in the job: its own wheels are in the runner's temporary folder"),
    Action(f"{ACTION}, first in the job", "uv", lambda *_: (), first=True, note="its own wheels come from uv's cache"),
    Action(f"{ACTION}, new machine", "uv", lambda *_: (), first=True, new=True, note="and there is no byte code of its own modules"),
    Contender(LIMIT, "uv", _uv_sync, _prefix_settings, note="into the same prefix: the limit"),
    Venv(
        "uv sync, venv plus PATH",
        "uv",
        _uv_sync,
        lambda place: {"UV_PROJECT_ENVIRONMENT": str(place.folder / "venv"), "UV_PYTHON_DOWNLOADS": "never"},
        note="makes the virtual environment where it is not there; the line for PATH is free",
    ),
    Contender("uv export, uv pip install", "uv", _export_and_install, note="through a pipe"),
    Contender("uv pip sync", "pip", lambda place, _: [(str(UV), "pip", "sync", "--quiet", "--python", place.python, "requirements.txt")]),
    Contender(PIP, "pip", lambda place, _: _pip(place), note="compiles byte code, as is its default"),
    Contender(f"{PIP} --no-compile", "pip", lambda place, _: _pip(place, "--no-compile"), most=200),
    Contender(
        "pipenv sync --system",
        "pipenv",
        lambda place, _: [(str(place.tools / "pipenv"), "sync", "--system")],
        lambda _: {"PIPENV_IGNORE_VIRTUALENVS": "1", "PIPENV_NOSPIN": "1"},
        needs_tools=True,
        most=200,
        real=False,
    ),
    Contender(
        "poetry install",
        "poetry",
        lambda place, _: [(str(place.tools / "poetry"), "install", "--no-interaction", "--no-root")],
        lambda _: {"POETRY_VIRTUALENVS_CREATE": "false"},
        needs_tools=True,
        most=200,
        real=False,
        note="installs into the Python that its own virtual environment was made from, which is the target",
    ),
    Contender(
        "pdm sync",
        "pdm",
        lambda place, _: [(str(place.tools / "pdm"), "sync", "--global", "--project", ".")],
        lambda _: PDM,
        needs_tools=True,
        most=200,
        real=False,
        note="`pdm use` has named the target beforehand",
    ),
)

"""The contenders: the commands and settings with which each installs a locked project, and the Python that it installs into."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import testbed
from benchmarks.runs import ActionRun, timed
from benchmarks.testbed import Testbed
from tools.shared.action_steps import copy_action, steps
from tools.shared.runner_files import read_outputs
from tools.shared.uv import UV

_CACHE = {"cache": "true"}

Commands = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Project:
    """A project in `folder` with a uv.lock, and a requirements.txt with the same packages.

    `pins` maps the locked packages to their versions; if empty, it is filled with what the first contender installs. `{}` in `title` stands
    for the number of packages. With `loopback`, the packages come from the benchmark's index, else from the machine's configured index.
    """

    title: str
    folder: Path
    pins: dict[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    loopback: bool = True


@dataclass
class Place:
    """A folder for contenders that share a Python, a home folder and caches. `state` names what is installed at the moment."""

    bed: Testbed
    folder: Path
    project: Project
    state: str = ""

    @property
    def prefix(self) -> Path:
        """The prefix of the Python to install into."""
        return self.folder / "python"

    @property
    def home(self) -> Path:
        """The home folder, which contains all caches."""
        return self.folder / "home"

    @property
    def python(self) -> str:
        """The interpreter in `prefix`."""
        return testbed.executable(self.prefix)

    def environ(self, variables: Mapping[str, str], *, uv: bool = True) -> dict[str, str]:
        """Return the environment of a command, including `variables`; without `uv`, no uv is on PATH."""
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        environ = {**self.bed.environ(self.prefix, self.home, uv=uv), **pip}
        if self.project.loopback:
            return {**environ, "PIP_INDEX_URL": self.bed.url, **variables}
        # The lock names its own index, which this machine's configuration may replace.
        del environ["UV_DEFAULT_INDEX"]
        return {**environ, **testbed.network(), **variables}


@dataclass(frozen=True)
class Contender:
    """A way to install a locked project.

    Contenders of the same `group` share a place. A contender that is not `installing` only takes part with nothing to do.
    """

    name: str
    commands: Callable[[Place], Commands]
    settings: Callable[[Place], Mapping[str, str]] = lambda _: {}
    group: str = "uv"
    installing: bool = True
    note: str = ""

    def run(self, place: Place) -> float:
        """Install the locked packages, and return the wall time in seconds."""
        environ = place.environ(self.settings(place))
        return sum(timed(command, environ, place.project.folder) for command in self.commands(place))

    def clean(self, place: Place) -> None:
        """Prepare a sample, outside the measured time."""

    def environment(self, place: Place) -> Path:
        """Return the prefix of the environment to install into."""
        return place.prefix

    def packages(self, place: Place) -> Path:
        """Return the site-packages of the environment."""
        return self.environment(place) / "lib" / f"python{place.bed.python.minor}" / "site-packages"

    def changed(self, place: Place) -> Sequence[Path]:
        """Return the folders that an installation changes."""
        return (self.packages(place), place.prefix / "bin")


@dataclass(frozen=True)
class SetupUv(Contender):
    """Installs into a virtual environment, which it recreates."""

    def environment(self, place: Place) -> Path:
        """Return the prefix of the environment to install into."""
        return place.folder / ".venv"

    def changed(self, place: Place) -> Sequence[Path]:
        """Return the folders that an installation changes."""
        return (self.environment(place),)


@dataclass(frozen=True)
class Action(Contender):
    """The steps of action.yml. If `new`, each sample starts like a new machine."""

    commands: Callable[[Place], Commands] = lambda _: ()
    new: bool = True
    # The index of a uv that pip installs, `loopback` or `machine`; if empty, uv is on PATH.
    uv_index: str = ""

    def run(self, place: Place) -> float:
        """Run all steps and return the sum of their wall times in seconds."""
        action = self._action(place)
        seconds = action.run()
        if bool(self.uv_index) != any((action.runner / "temp").glob("uv-system-sync-uv-*")):
            raise RuntimeError(f"{self.name} did not use the uv {'that pip installs' if self.uv_index else 'on PATH'}.")
        return seconds

    def clean(self, place: Place) -> None:
        """Copy the action for the first sample; if `new`, remove everything that a new machine does not have."""
        action = self._action(place)
        if not action.action.is_dir():
            copy_action(action.action, place.bed.action)
        if self.new:
            action.forget_machine()
            shutil.rmtree(place.home / ".cache" / "pip", ignore_errors=True)

    def _action(self, place: Place) -> ActionRun:
        own = place.folder / re.sub(r"\W", "-", self.name)
        inputs = {"no-install-project": "true"} if place.project.options else {}
        environ = place.environ({}, uv=not self.uv_index)
        if self.uv_index == "machine":
            loopback = ("PIP_CONFIG_FILE", "PIP_INDEX_URL", "UV_DEFAULT_INDEX")
            environ = {name: value for name, value in environ.items() if name not in loopback} | testbed.pip_network()
        return ActionRun(own / "action", place.prefix, place.project.folder, own / "runner", environ, steps(inputs, place.bed.action))


@dataclass(frozen=True)
class CachedAction(Action):
    """The steps of action.yml in a job that restores the wheels built by the first job. actions/cache itself is not measured."""

    def run(self, place: Place) -> float:
        """Run the step that requests the cache and the step that syncs, and return the sum of their wall times in seconds."""
        entry = place.folder / "entry"
        is_hit = entry.is_dir()
        request = replace(self._action(place), steps=steps(_CACHE, place.bed.action))
        seconds = request.run()
        outputs = read_outputs(request.runner / "output")
        if is_hit:
            shutil.copytree(entry, outputs["cache-path"])
        earlier = {f"steps.sync.outputs.{name}": value for name, value in outputs.items()}
        earlier |= {"steps.cache.outputs.cache-hit": str(is_hit).lower(), "steps.cache.outcome": "success"}
        resume = [step for step in steps(_CACHE, place.bed.action, earlier) if step.name == "resume"]
        seconds += replace(request, steps=resume).run()
        if not is_hit:
            shutil.copytree(outputs["cache-path"], entry)
        return seconds


def _sync(place: Place) -> Commands:
    return [(str(UV), "sync", "--locked", "--python", place.python, *place.project.options)]


def _setup_uv(place: Place) -> Commands:
    venv = (str(UV), "venv", "--clear", "--python", place.python, str(place.folder / ".venv"))
    return [venv, (str(UV), "sync", "--locked", *place.project.options)]


def _sync_into(environment: str) -> Callable[[Place], Mapping[str, str]]:
    return lambda place: {"UV_PROJECT_ENVIRONMENT": str(place.folder / environment), "UV_PYTHON_DOWNLOADS": "never"}


def _pip_sync(place: Place) -> Commands:
    return [(str(UV), "pip", "sync", "--quiet", "--python", place.python, "requirements.txt")]


def _pip(place: Place) -> Commands:
    return [(place.python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements.txt")]


NEW = Action(
    "uv-system-sync, new machine",
    note="no byte code of the action's modules, and its dependencies not yet in the runner's temporary folder, as on a hosted runner",
)
LATER = Action("uv-system-sync, later use in a job", new=False, note="byte code and dependencies exist from an earlier use")
LIMIT = Contender("uv sync --locked", _sync, _sync_into("python"), note="into the same prefix: the lower limit")
SETUP_UV = SetupUv(
    "setup-uv's commands",
    _setup_uv,
    _sync_into(".venv"),
    group="venv",
    note="always recreates the environment; not the action itself, see above",
)
PIP = Contender("pip install --require-hashes", _pip, group="pip", note="compiles byte code, which is its default")
BARE = Contender(
    "python -I -S -c pass",
    lambda place: [(place.python, "-I", "-S", "-c", "pass")],
    installing=False,
    note="a bare start of the interpreter: the unit of own work",
)

# OWN for own work, COMPARED for the comparison with competitors, NO_UV and NO_UV_HERE for the cost of a missing uv.
OWN = (NEW, LATER, LIMIT, BARE)
COMPARED = (NEW, LATER, LIMIT, SETUP_UV, Contender("uv pip sync", _pip_sync), PIP, BARE)
NO_UV = Action("uv-system-sync, new machine, no uv on PATH", uv_index="loopback", note="pip installs uv from the benchmark's index")
NO_UV_HERE = Action(f"{NO_UV.name}, this machine's index", uv_index="machine", note="pip installs uv from the machine's configured index")
CACHED = CachedAction(
    "uv-system-sync, new machine, built wheels restored",
    note="both steps of action.yml, without the time of the runner and of actions/cache",
)
BUILDING = (NEW, CACHED, LIMIT)
CONTENDERS: Sequence[Contender] = (*COMPARED[:-1], NO_UV, NO_UV_HERE, CACHED, BARE)

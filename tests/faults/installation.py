"""Manages the Python to sync into, every state in which a sync starts, and the files expected afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checkouts import Project
from tests.support.index import Index
from tests.support.step import Runner, runner
from tools.shared.pythons import Python
from tools.shared.uv import UV

# The project that is installed first, and the project of the disturbed sync.
KINDS = {"fresh": ("", "2.0"), "upgrade": ("1.0", "2.0"), "downgrade": ("2.0", "1.0")}
LINK_MODES = ("hardlink", "copy")

# Files that an installer writes about itself; only their presence is compared.
_OWN_FILES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}

Contents = dict[str, str]


@dataclass(frozen=True)
class Start:
    """The state before a sync, the project to sync, and how its files are installed."""

    project: Project
    kind: str
    links: str

    @property
    def before(self) -> str:
        """The version that is installed, or an empty string."""
        return KINDS[self.kind][0]

    @property
    def version(self) -> str:
        """The version to install."""
        return KINDS[self.kind][1]

    @property
    def checkout(self) -> Path:
        """The folder of the project to sync."""
        return self.project.checkout(self.version)


@dataclass
class Installation:
    """A Python in `folder`, the projects to sync into it, and a runner for the action."""

    folder: Path
    python: Python
    action: Path
    long: Project
    quick: Project
    index: Index
    ci: Runner = field(init=False)
    expected: dict[tuple[Project, str], Contents] = field(default_factory=dict)

    @property
    def prefix(self) -> Path:
        """Where the Python is installed."""
        return self.folder / "python"

    @property
    def site_packages(self) -> Path:
        """Where its packages are installed."""
        return self.prefix / "lib" / f"python{self.python.minor}" / "site-packages"

    @property
    def changed(self) -> tuple[Path, Path]:
        """The folders that a sync changes."""
        return self.site_packages, self.prefix / "bin"

    @property
    def own(self) -> Path:
        """The folder of the current try, empty at first."""
        return self.folder / "try"

    @property
    def cache(self) -> Path:
        """A uv cache for the current try, always at the same path, because uv writes absolute links into it."""
        return self.own / "cache"

    @property
    def warm_cache(self) -> Path:
        """A uv cache with everything that the long project needs."""
        return self.folder / "warm-cache"

    def prepare(self) -> Installation:
        """Create the Python, and record its files before and after each kind of sync."""
        self.python.copy_to_file_system(self.prefix)
        # Every sync keeps pip, and restoring pip takes longer than restoring a whole small project.
        shutil.rmtree(self.site_packages)
        self.site_packages.mkdir()
        self._prepare_runner()
        for project in (self.long, self.quick):
            self._keep(project, "")
            for version in ("1.0", "2.0"):
                self.own.mkdir()
                self.go_back(project, "")
                self._install(project, version)
                self.expected[project, version] = self.contents()
                self._keep(project, version)
                if project is self.quick:
                    shutil.copytree(self.cache, self.folder / f"cache-{version}", symlinks=True)
                shutil.rmtree(self.own)
            self.go_back(project, "")
        return self

    def go_back(self, project: Project, version: str) -> None:
        """Restore the state with `version` of `project` installed, or with nothing installed."""
        for number, folder in enumerate(self.changed):
            shutil.rmtree(folder)
            shutil.copytree(self.kept(project, version, number), folder, symlinks=True)
        shutil.rmtree(self.ci.folder / "temp", ignore_errors=True)
        shutil.copytree(self.folder / "temp", self.ci.folder / "temp", copy_function=os.link)

    def kept(self, project: Project, version: str, number: int) -> Path:
        """Return where a copy of changed folder `number` is kept, as it is with `version` installed or with nothing installed."""
        return self.folder / "kept" / f"{project.folder.name}-{version or 'bare'}" / str(number)

    def fill_cache(self, version: str) -> None:
        """Give the current try the uv cache from after a sync of the quick project."""
        shutil.copytree(self.folder / f"cache-{version}", self.cache, symlinks=True)

    def contents(self) -> Contents:
        """Return a hash of every file that a sync may change, except byte code."""
        paths = [Path(root, name) for folder in self.changed for root, _, names in os.walk(folder) for name in names]
        return {str(path.relative_to(self.prefix)): _hash(path) for path in paths if path.suffix != ".pyc"}

    def _prepare_runner(self) -> None:
        self.ci = runner(self.folder / "runner", self.long.checkout("1.0")).setup_python(self.prefix)
        self.ci.environ["GITHUB_ACTION_PATH"] = str(self.action)
        # The action's own wheels come from the machine's cache; a check installs nothing else.
        self.ci.sync(check="true")
        shutil.copytree(self.ci.folder / "temp", self.folder / "temp")

    def _install(self, project: Project, version: str) -> None:
        cache = self.warm_cache if project is self.long else self.cache
        environ = {**os.environ, "UV_CACHE_DIR": str(cache), "UV_PROJECT_ENVIRONMENT": str(self.prefix), "UV_PYTHON_DOWNLOADS": "never"}
        command = [str(UV), "sync", "--locked", "--quiet", "--python", str(self.prefix / "bin" / "python3")]
        subprocess.run(command, cwd=project.checkout(version), env=environ, check=True)

    def _keep(self, project: Project, version: str) -> None:
        for number, folder in enumerate(self.changed):
            shutil.copytree(folder, self.kept(project, version, number), symlinks=True)


def _hash(path: Path) -> str:
    if path.name in _OWN_FILES and path.parent.suffix == ".dist-info":
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()

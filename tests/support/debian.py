"""Gives a test an overlay of this machine's /usr, which it can change without changing the machine."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_USR = Path("/usr")
PYTHON = _USR / "bin" / "python3"
PYPY = _USR / "bin" / "pypy3"

# Below /usr: where apt installs Python packages, and where Debian's Python installs all others.
OF_APT = "lib/python3/dist-packages"
BESIDE = f"local/lib/{PYTHON.resolve().name}/dist-packages"


@dataclass(frozen=True)
class Usr:
    """An overlay of /usr. Its changes are in the folder `upper`, where a test can also prepare them."""

    folder: Path

    @property
    def upper(self) -> Path:
        """The folder of everything that differs from the machine."""
        return self.folder / "upper"

    @property
    def command(self) -> tuple[str, ...]:
        """The prefix for commands that run with the overlay as /usr."""
        options = f"lowerdir={_USR},upperdir={self.upper},workdir={self.folder / 'work'}"
        mount = f'mount -t overlay overlay -o {shlex.quote(options)} {_USR} && exec "$@"'
        return ("unshare", "--mount", "sh", "-c", mount, "sh")

    def path(self, name: str) -> Path:
        """Return the path of `name` in this /usr, which the machine must not have, and create its parent folders."""
        path = self.upper / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def new(self) -> list[str]:
        """Return the files that the machine does not have, except byte code."""
        return [name for name in self._files() if not os.path.lexists(_USR / name)]

    def lost(self) -> list[str]:
        """Return the files of the machine that were deleted or replaced."""
        return [name for name in self._files() if os.path.lexists(_USR / name)]

    def _files(self) -> list[str]:
        paths = (path for path in self.upper.rglob("*") if "__pycache__" not in path.parts and not stat.S_ISDIR(path.lstat().st_mode))
        return sorted(str(path.relative_to(self.upper)) for path in paths)


def usr(folder: Path) -> Usr:
    """Create an overlay of /usr whose changes are in `folder`."""
    for name in ("upper", "work"):
        (folder / name).mkdir(parents=True)
    return Usr(folder)


def marker(python: Path) -> Path:
    """Return the path of Debian's EXTERNALLY-MANAGED file for `python` (PEP 668)."""
    return _USR / "lib" / python.resolve().name / "EXTERNALLY-MANAGED"


def why_not() -> str:
    """Return why a test cannot use Debian's Python in an overlay of /usr, or an empty string."""
    if not marker(PYTHON).is_file() or not (_USR / OF_APT).is_dir():
        return "/usr/bin/python3 is not Debian's, or has no EXTERNALLY-MANAGED"
    if any(_USR.glob("local/bin/python*")):
        return "/usr/local, where Debian's Python has its scripts, has another Python"
    return _why_no_usr()


@cache
def _why_no_usr() -> str:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "only root can mount an overlay over /usr, and only with `unshare`"
    with tempfile.TemporaryDirectory() as temp:
        command = usr(Path(temp)).command
        completed = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    return f"no overlay can be mounted over /usr: {completed.stderr.strip()}" if completed.returncode else ""

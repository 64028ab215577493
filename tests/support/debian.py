"""Lends a test the machine's own /usr, to change as it likes: the machine keeps what it has."""

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

# Where apt installs packages, and where Debian's Python installs those of anybody else, below /usr.
OF_APT = "lib/python3/dist-packages"
BESIDE = f"local/lib/{PYTHON.resolve().name}/dist-packages"


@dataclass(frozen=True)
class Usr:
    """A /usr of one's own: what is changed there is in the folder `upper`, and in `upper` one may change it beforehand."""

    folder: Path

    @property
    def upper(self) -> Path:
        """The folder of everything that is other than on the machine."""
        return self.folder / "upper"

    @property
    def command(self) -> tuple[str, ...]:
        """The words that start the words after them where this is /usr."""
        options = f"lowerdir={_USR},upperdir={self.upper},workdir={self.folder / 'work'}"
        mount = f'mount -t overlay overlay -o {shlex.quote(options)} {_USR} && exec "$@"'
        return ("unshare", "--mount", "sh", "-c", mount, "sh")

    def path(self, name: str) -> Path:
        """Return where `name` of this /usr is, or can be made, as long as the machine has none."""
        path = self.upper / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def new(self) -> list[str]:
        """Return the files that the machine does not have, byte code aside."""
        return [name for name in self._files() if not os.path.lexists(_USR / name)]

    def lost(self) -> list[str]:
        """Return what of the machine's is not there any more, or another file now."""
        return [name for name in self._files() if os.path.lexists(_USR / name)]

    def _files(self) -> list[str]:
        paths = (path for path in self.upper.rglob("*") if "__pycache__" not in path.parts and not stat.S_ISDIR(path.lstat().st_mode))
        return sorted(str(path.relative_to(self.upper)) for path in paths)


def usr(folder: Path) -> Usr:
    """Make a /usr of one's own whose changes are kept in `folder`."""
    for name in ("upper", "work"):
        (folder / name).mkdir(parents=True)
    return Usr(folder)


def marker(python: Path) -> Path:
    """Return the file EXTERNALLY-MANAGED of Debian for `python`."""
    return _USR / "lib" / python.resolve().name / "EXTERNALLY-MANAGED"


def why_not() -> str:
    """Return why a test cannot have Debian's Python in a /usr of its own, or nothing."""
    if not marker(PYTHON).is_file() or not (_USR / OF_APT).is_dir():
        return "/usr/bin/python3 is not Debian's, or has no EXTERNALLY-MANAGED"
    if any(_USR.glob("local/bin/python*")):
        return "another Python is in /usr/local, where Debian's has its scripts"
    return _why_no_usr()


@cache
def _why_no_usr() -> str:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "only root can mount something over /usr, for itself alone, and with `unshare`"
    with tempfile.TemporaryDirectory() as temp:
        command = usr(Path(temp)).command
        completed = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    return f"nothing can be mounted over /usr: {completed.stderr.strip()}" if completed.returncode else ""

"""Stand-ins for container images: a root with its own files and this machine's system folders, in which programs can run."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

# This machine's folders that every root has, where they exist, mounted read-only.
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64")
_DEVICES = ("dev/null", "dev/random", "dev/urandom", "dev/zero")

_OWN_NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount")


class Mount(NamedTuple):
    """A file or folder of this machine, mounted at `target` in an image."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Image:
    """An image: its files in `folder`, apart from those of the system, and how its programs are run."""

    folder: Path
    environ: Mapping[str, str]
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    @classmethod
    def bare(cls, folder: Path, **environ: str) -> Image:
        """Create an image in the new `folder` that has nothing but the system."""
        for name in ("usr/local", "dev", "proc", "etc", "home", "tmp"):
            (folder / name).mkdir(parents=True)
        (folder / "etc" / "passwd").write_text("root:x:0:0:root:/home:/bin/sh\n", encoding="utf-8")
        for name in _DEVICES:
            (folder / name).touch()
        for system in (Path("/", name) for name in _SYSTEM if name != "usr"):
            if system.is_symlink():
                (folder / system.name).symlink_to(system.readlink())
            elif system.is_dir():
                (folder / system.name).mkdir()
        return cls(folder, {"HOME": "/home", **environ})

    def path(self, path: str) -> Path:
        """Return the path on this machine of `path` in the image, which may be relative to the working directory of the image."""
        return self.folder / os.path.normpath(os.path.join(self.workdir, path)).lstrip("/")

    def start(self) -> subprocess.CompletedProcess[str]:
        """Run the entrypoint and the command of the image."""
        return self.run(*self.entrypoint, *self.command)

    def run(self, *words: str, mounts: Collection[Mount] = ()) -> subprocess.CompletedProcess[str]:
        """Run the command `words` in the image as its user, with additional `mounts`, and return its output, with stderr in stdout.

        Every user of the image owns all of its files: an unprivileged namespace can map only the user of this machine.
        """
        root = self.folder.with_name(f"{self.folder.name}.root")
        root.mkdir(exist_ok=True)
        user, _, group = self.user.partition(":")
        # A process in a changed root cannot create a user namespace (user_namespaces(7)), so one `unshare` does both.
        inside = ["unshare", "--user", f"--map-user={user}", f"--map-group={group}", "--root", str(root), "--wd", self.workdir]
        variables = [f"{name}={value}" for name, value in self.environ.items()]
        script = ["umask 022", *self._mount_all(root, mounts), f"exec {shlex.join([*inside, '/usr/bin/env', '-i', *variables, *words])}"]
        return subprocess.run(
            [*_OWN_NAMESPACES, "sh", "-euc", "\n".join(script)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    def _mount_all(self, root: Path, mounts: Collection[Mount]) -> Iterator[str]:
        """Yield the commands that mount everything in `root`."""
        system = [name for name in _SYSTEM if (self.folder / name).is_dir() and not (self.folder / name).is_symlink()]
        own = [Mount(self.folder, "", writable=True), *(Mount(Path("/", name), name) for name in system)]
        own += [Mount(self.path("/usr/local"), "usr/local", writable=True)]
        own += [Mount(Path("/", name), name, writable=True) for name in ("proc", *_DEVICES)]
        for source, target, writable in (*own, *mounts):
            place = str(root / target.lstrip("/"))
            yield shlex.join(["mount", "--rbind", str(source), place])
            if not writable:
                yield shlex.join(["mount", "--options", "remount,bind,ro", place])


def missing() -> str:
    """Return why images cannot run on this machine, or an empty string."""
    script = "mount --rbind /usr /usr && unshare --user --map-user=1000 --root / true"
    try:
        completed = subprocess.run([*_OWN_NAMESPACES, "sh", "-c", script], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no unshare, which makes namespaces"
    return f"this machine allows no namespaces: {completed.stderr.strip()}" if completed.returncode else ""

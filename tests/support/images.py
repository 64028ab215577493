"""Stands for images of containers: files of their own in a root that has the rest from this machine, and programs that run in it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

# What every root has of this machine, as far as it is there, and may not change.
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64")
_DEVICES = ("dev/null", "dev/random", "dev/urandom", "dev/zero")

_OWN_NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount")


class Mount(NamedTuple):
    """A file or folder of this machine that an image has at `target`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Image:
    """The files of an image in `folder`, those of the system aside, and how its programs are run."""

    folder: Path
    environ: Mapping[str, str]
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    @classmethod
    def bare(cls, folder: Path, **environ: str) -> Image:
        """Make an image of the system alone in the new `folder`."""
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
        """Return where this machine has `path` of the image, which may be relative to its working directory."""
        return self.folder / os.path.normpath(os.path.join(self.workdir, path)).lstrip("/")

    def start(self) -> subprocess.CompletedProcess[str]:
        """Do what a container of the image does."""
        return self.run(*self.entrypoint, *self.command)

    def run(self, *words: str, mounts: Collection[Mount] = ()) -> subprocess.CompletedProcess[str]:
        """Run a program of the image as its user, with further `mounts`; both its streams are one.

        To everybody in it, the image's files are their own: this machine's user is the only one that a namespace
        may have without privileges.
        """
        root = self.folder.with_name(f"{self.folder.name}.root")
        root.mkdir(exist_ok=True)
        user, _, group = self.user.partition(":")
        # Nobody may enter a namespace from within another root (user_namespaces(7)), so that both are done at once.
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
        """Yield the commands that put everything in its place in `root`."""
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
    """Return why no image can be run on this machine, or nothing."""
    script = "mount --rbind /usr /usr && unshare --user --map-user=1000 --root / true"
    try:
        completed = subprocess.run([*_OWN_NAMESPACES, "sh", "-c", script], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no unshare, which makes namespaces"
    return f"this machine allows no namespaces: {completed.stderr.strip()}" if completed.returncode else ""

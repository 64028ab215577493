"""Installs a Debian of another release, or for another processor, in a folder, and runs programs with that folder as their root."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tools.compatibility import debian_packages, integration
from tools.compatibility.outcomes import Unavailable
from tools.shared import ROOT
from tools.shared.action_steps import inherited

# The programs that this module starts, and their packages.
NEEDED = {"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "git": "git"}

# The programs that tests start, besides Python. The packages are only unpacked, because their scripts may be for another processor.
_PACKAGES = ("base-files", "bash", "coreutils", "dash", "findutils", "grep", "libc-bin", "mount", "sed", "util-linux")

# This machine's users, and the files that configure how it reaches an index.
_CONFIGURATION = ("/etc/group", "/etc/hosts", "/etc/passwd", "/etc/pip.conf", "/etc/resolv.conf", "/etc/uv/uv.toml")
_OF_THE_USER = (".config/pip/pip.conf", ".config/uv/uv.toml", ".pip/pip.conf")

# Runs in new namespaces, so that all mounts and processes end with it. pivot_root instead of chroot, because some tests need further
# namespaces, which cannot be created in a chroot.
_ENTER = """
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
if [ -n "$2" ]; then
    mount -t binfmt_misc binfmt_misc proc/sys/fs/binfmt_misc
    printf %s "$2" >proc/sys/fs/binfmt_misc/register
fi
pivot_root . .machine
cd /src
umount -l /.machine
shift 2
exec env -i "$@"
"""

# The header of arm64 programs and the mask of its significant bits (Linux, Documentation/admin-guide/binfmt-misc.rst). `F` opens the
# emulator immediately, so it need not exist in the root.
_FOREIGN = r":arm64:M::\x7fELF\x02\x01\x01{zeros}\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff{ones}\xfe\xff\xff\xff:{emulator}:FP"
_VERSION = """
import platform, sys
print(platform.python_implementation(), ".".join(map(str, getattr(sys, "pypy_version_info", sys.version_info)[:3])))
"""
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


class Root(NamedTuple):
    """A Debian file system in `folder`. `emulator` is the program that runs its programs, if they are for another processor."""

    folder: Path
    emulator: str = ""

    def command(self, *words: str, **environ: str) -> list[str]:
        """Return the command that runs `words` in /src of this root, with `environ` and the variables that configure an index."""
        variables = {"HOME": "/root", "LANG": "C.UTF-8", "PATH": _PATH, **inherited("PIP_"), **environ}
        namespaces = ["--mount", "--pid", "--fork", "--kill-child"]
        binary_format = ""
        if self.emulator:
            # Since Linux 6.7, a binary format can be registered for one user namespace only.
            namespaces += ["--user", "--map-root-user"]
            binary_format = _FOREIGN.format(zeros=r"\x00" * 9, ones=r"\x00" + r"\xff" * 8, emulator=self.emulator)
        shell = ("sh", "-c", _ENTER, "sh", str(self.folder), binary_format)
        return ["unshare", *namespaces, *shell, *(f"{name}={value}" for name, value in variables.items()), *words]


def debian_sid(folder: Path, *packages: str, architecture: str = "", emulator: str = "") -> Root:
    """Return the Debian sid in `folder`, with `packages`; make it if it does not exist."""
    if os.geteuid() != 0:
        raise Unavailable("only root can install a Debian in a folder and run programs there; run it as root")
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        options = ["--quiet", "--variant=extract", '--aptopt=Acquire::Check-Valid-Until "false"']
        options += [f"--include={','.join((*_PACKAGES, *packages))}", *([f"--architectures={architecture}"] if architecture else [])]
        debian_packages.run("mmdebstrap", *options, "sid", str(partial), debian_packages.mirror())
        for name in (".machine", "src"):
            (partial / name).mkdir()
        partial.rename(folder)
    _configure(folder)
    return Root(folder, emulator)


def put_project(root: Root, python: str, platform: str) -> str:
    """Copy this project's working tree to /src in `root`, with a `.venv` for `python`, such as 3.14; return its interpreter.

    The packages of the `.venv` are installed from outside the root, for uv's `platform`: an emulated pip takes minutes.
    """
    source = root.folder / "src"
    shutil.rmtree(source, ignore_errors=True)
    for name in debian_packages.run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=ROOT).split("\0"):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    venv = source / ".venv"
    site_packages = integration.install(venv / "lib" / f"python{python}" / "site-packages", platform, "action", "dev", python=python)
    for package in (ROOT / ".venv").glob("lib/python*/site-packages/pip*"):
        shutil.copytree(package, site_packages / package.name)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(f"/usr/bin/python{python}")
    (venv / "bin" / "uv").symlink_to(f"../lib/python{python}/site-packages/bin/uv")
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
    return "/src/.venv/bin/python"


def version(root: Root, interpreter: str) -> str:
    """Return the implementation and version of `interpreter` in `root`, such as `CPython 3.14.2`; raise `OSError` if it does not start."""
    completed = subprocess.run(
        root.command(interpreter, "-c", _VERSION), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
    )
    if completed.returncode:
        raise OSError(f"{interpreter} does not start: {completed.stderr.strip()[-300:]}")
    return completed.stdout.strip()


def _configure(folder: Path) -> None:
    """Copy the files with this machine's users and network configuration into the root `folder`."""
    named = [value for value in inherited("PIP_CERT", "PIP_CLIENT_CERT", "PIP_CONFIG_FILE").values() if os.path.isabs(value)]
    paths = {path: folder / path.lstrip("/") for path in (*_CONFIGURATION, *named)}
    paths |= {os.path.join(Path.home(), name): folder / "root" / name for name in _OF_THE_USER}
    for path, copy in paths.items():
        if os.path.isdir(path):
            shutil.copytree(path, copy, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        elif os.path.exists(path):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)

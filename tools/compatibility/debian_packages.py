"""Debian's packages from the mirror that this machine's own apt uses: programs that a stage needs, sources, and file systems."""

from __future__ import annotations

import platform
import shlex
import shutil
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from tools.compatibility.proofs import Unavailable

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


def require(programs: Mapping[str, str]) -> None:
    """Raise `Unavailable` unless this is Debian and all `programs`, each with the package that has it, are on PATH."""
    if platform.freedesktop_os_release().get("ID") != "debian":
        raise Unavailable("this system is not Debian, whose packages it needs")
    missing = {program: package for program, package in programs.items() if shutil.which(program) is None}
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise Unavailable(f"there is no {', '.join(sorted(missing))}: apt-get install --no-install-recommends {packages}")


def release() -> str:
    """Return the name of this machine's release."""
    return platform.freedesktop_os_release()["VERSION_CODENAME"]


def mirror() -> str:
    """Return the mirror that this machine's release comes from."""
    (found,) = {site for site, suite, _ in sources() if suite == release()}
    return found


def sources() -> list[tuple[str, str, str]]:
    """Return the mirror, the suite and the component of each source of packages of this machine's apt."""
    output = run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    return [(site, suite, component) for site, suite, component in map(str.split, output.splitlines())]


def download(package: str, suite: str, folder: Path) -> Path:
    """Return the upstream archive of the source `package` in `suite`, which is downloaded into `folder` if it is not there yet."""
    if not (found := [*folder.glob(f"{package}_*.orig.tar.*z")]):
        state = folder / f"apt-{suite}"
        (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (state / "sources.list").write_text(f"deb-src [signed-by={_KEYS}] {mirror()} {suite} main\n", encoding="utf-8")
        apt = ["apt-get", "-o", f"Dir::Etc::SourceList={state}/sources.list", "-o", "Dir::Etc::SourceParts=-"]
        apt += ["-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::Cache={state}", "-o", "APT::Sandbox::User=root", "--quiet=2"]
        run(*apt, "update")
        run(*apt, "source", "--download-only", "--tar-only", package, folder=folder)
        found = [*folder.glob(f"{package}_*.orig.tar.*z")]
    return found[0]


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack what is in the only folder of `archive` into a new folder below `folder`, and return that."""
    target = folder / archive.name.partition("_")[0]
    target.mkdir(parents=True)
    run("tar", "--extract", f"--file={archive}", f"--directory={target}", "--strip-components=1")
    return target


def file_system(archive: Path, *packages: str) -> Path:
    """Make the `archive` of a minimal installation of this machine's release with further `packages`, if it is not there, and return it."""
    if not archive.exists():
        partial = archive.with_name(f"partial-{archive.name}")
        lines = [f"deb {' '.join(source)}" for source in sources()]
        include = f"--include={','.join(packages)}"
        run("mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", include, release(), str(partial), *lines)
        partial.rename(archive)
    return archive


def packages_of(files: Collection[str]) -> list[str]:
    """Return the installed packages that own `files`."""
    # Without the merge of /lib into /usr, which dpkg does not know of.
    patterns = [f"*/{Path(file).name}" for file in files]
    owners = run("dpkg-query", "--search", *patterns).splitlines()
    paths = {str(Path(file).resolve()) for file in files}
    return sorted({owner.partition(":")[0] for owner in owners if str(Path(owner.rpartition(": ")[2]).resolve()) in paths})


def run(*command: str, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Run `command` and return what it prints; raise `OSError` with the end of its output if it fails."""
    completed = subprocess.run(
        command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if completed.returncode:
        raise OSError(f"{shlex.join(command)} failed: {' '.join(completed.stdout.split())[-500:]}")
    return completed.stdout

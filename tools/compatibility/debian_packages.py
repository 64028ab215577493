"""Uses Debian's packages, from the mirror of this machine's apt, as programs, sources and file systems for the stages."""

from __future__ import annotations

import platform
import shlex
import shutil
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from tools.compatibility.outcomes import Unavailable

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


def require(programs: Mapping[str, str]) -> None:
    """Raise `Unavailable` unless this system is Debian and all `programs` are on PATH; the values are the packages to install."""
    if platform.freedesktop_os_release().get("ID") != "debian":
        raise Unavailable("Debian's packages are required, and this system is not Debian")
    missing = {program: package for program, package in programs.items() if shutil.which(program) is None}
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise Unavailable(f"not on PATH: {', '.join(sorted(missing))}; run apt-get install --no-install-recommends {packages}")


def release() -> str:
    """Return the code name of this machine's Debian release, such as `bookworm`."""
    return platform.freedesktop_os_release()["VERSION_CODENAME"]


def mirror() -> str:
    """Return the URL of the mirror that this machine's apt uses for its own release."""
    (found,) = {site for site, suite, _ in sources() if suite == release()}
    return found


def sources() -> list[tuple[str, str, str]]:
    """Return the mirror, suite and component of each package source that this machine's apt has configured."""
    output = run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    return [(site, suite, component) for site, suite, component in map(str.split, output.splitlines())]


def download(package: str, suite: str, folder: Path) -> Path:
    """Return the upstream archive of the source `package` in `suite`; download it into `folder` unless it is there."""
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
    """Unpack the content of the only top-level folder of `archive` into a new folder below `folder`, and return that folder."""
    target = folder / archive.name.partition("_")[0]
    target.mkdir(parents=True)
    run("tar", "--extract", f"--file={archive}", f"--directory={target}", "--strip-components=1")
    return target


def file_system(archive: Path, *packages: str) -> Path:
    """Return `archive`, a minimal installation of this machine's Debian release plus `packages`; make it if it does not exist."""
    if not archive.exists():
        partial = archive.with_name(f"partial-{archive.name}")
        lines = [f"deb {' '.join(source)}" for source in sources()]
        include = f"--include={','.join(packages)}"
        run("mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", include, release(), str(partial), *lines)
        partial.rename(archive)
    return archive


def packages_of(files: Collection[str]) -> list[str]:
    """Return the installed packages that own `files`."""
    # Search by file name: dpkg may know a library in /usr/lib under its path in /lib.
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

"""Writes requirements/action-files.txt: the hashes of the files in the wheels of action.txt. Run with `python -m tools.action_files`."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import tomli

from tools.shared import ROOT
from tools.shared.uv import LOCKED_UV

REQUIREMENTS = ROOT / "requirements" / "action.txt"
FILES = REQUIREMENTS.with_name("action-files.txt")


def wheels(requirements: str) -> Iterator[bytes]:
    """Yield the content of the wheels that the hash-locked `requirements` allow, from the index that uv uses."""
    hashes = set(re.findall(r"--hash=(sha256:\w+)", requirements))
    dependencies = [line.strip() for line in re.findall(r"^[a-z][^\\]*", requirements, re.MULTILINE)]
    # Requirements of the locked packages that the action does not install: their markers are never true.
    excluded = ["requests ; python_version < '3'", "pygithub ; python_version < '3'"]
    project = f'[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.8"\ndependencies = {dependencies!r}\n'
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(f"{project}[tool.uv]\noverride-dependencies = {excluded!r}\n", encoding="utf-8")
        subprocess.run([LOCKED_UV, "lock", "--quiet"], cwd=folder, check=True)
        lock = tomli.loads(Path(folder, "uv.lock").read_text(encoding="utf-8"))
    for wheel in (wheel for package in lock["package"] for wheel in package.get("wheels", ())):
        # The only compiled package is tomli, which is not needed on Python 3.11 and newer.
        if wheel["hash"] not in hashes or re.search("-cp31[1-9]", wheel["url"]):
            continue
        with urllib.request.urlopen(wheel["url"]) as response:  # noqa: S310 - the address is the index's, and the hash is checked
            content = response.read()
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != wheel["hash"]:
            raise SystemExit(f"{wheel['url']} does not have the hash {wheel['hash']}")
        yield content


def lines(wheel: bytes) -> Iterator[str]:
    """Yield a line with the hash and path of each file in `wheel`, except its metadata, which nothing imports."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for name in archive.namelist():
            folder = name.partition("/")[0]
            if folder.endswith(".data"):
                raise SystemExit(f"{name} would be installed outside site-packages")
            if not name.endswith("/") and not folder.endswith(".dist-info"):
                yield f"{hashlib.sha256(archive.read(name)).hexdigest()} {name}\n"


def main() -> None:
    """Write requirements/action-files.txt, sorted by path."""
    text = REQUIREMENTS.read_text(encoding="utf-8")
    found = {line for wheel in wheels(text) for line in lines(wheel)}
    header = "".join(f"# {name}\n" for name in re.findall(r"^[a-z-]+==\S+", text, re.MULTILINE))
    FILES.write_text(header + "".join(sorted(found, key=lambda line: line.split()[::-1])), encoding="utf-8")
    sys.stdout.write(f"{FILES.name} has {len(found)} files\n")


if __name__ == "__main__":
    main()

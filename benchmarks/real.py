"""Gets the lock of a real project, as it is published in its source distribution, from the machine's index."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import locks, testbed
from benchmarks.contenders import LIMIT, Contender, Place
from benchmarks.measure import BEFORE, Entry, packages
from benchmarks.testbed import Testbed
from tools.shared.uv import UV

NAME, VERSION = "flask", "3.1.3"
_HASH = "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb"

TITLE = f"the lock of Flask {VERSION}, all its groups"

_OPTIONS = ("--all-groups", "--no-install-project")


def entries(bed: Testbed, chosen: Sequence[Contender], log: Callable[[str], None]) -> Iterator[Entry]:
    """Yield the contenders with the real lock, each with its caches filled; what plain uv installs is what all have to."""
    folder = bed.folder / "real"
    _download(folder)
    expected: dict[str, dict[str, str]] = {}
    for contender in sorted(chosen, key=lambda one: one.name != LIMIT):
        log(f"{TITLE}: setting up {contender.name}")
        place = Place(bed, folder / contender.name.replace(" ", "-"), {BEFORE: folder}, _OPTIONS, loopback=False).made()
        if not (folder / "pip").is_dir():
            locks.export(place, folder / "uv", folder / "pip", ("--all-groups",))
        entry = Entry(contender, place, expected)
        entry.prime()
        expected.setdefault(BEFORE, packages(contender.target(place)))
        yield entry


def _download(folder: Path) -> None:
    """Unpack the source distribution as the checkout of uv below `folder`."""
    folder.mkdir()
    (folder / "source.txt").write_text(f"{NAME}=={VERSION} --hash=sha256:{_HASH}\n", encoding="utf-8")
    command = (str(UV.parent / "python"), "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", NAME, "--require-hashes")
    subprocess.run([*command, "-r", "source.txt", "-d", "."], cwd=folder, env=testbed.machine(), check=True, stderr=subprocess.DEVNULL)
    with tarfile.open(folder / f"{NAME}-{VERSION}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    (folder / f"{NAME}-{VERSION}").rename(folder / "uv")

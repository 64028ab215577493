"""Downloads a real project with its lock: the source distribution of Flask."""

from __future__ import annotations

import subprocess
import tarfile

from benchmarks import testbed
from benchmarks.contenders import Project
from benchmarks.testbed import Testbed
from tools.shared.uv import UV

NAME, VERSION = "flask", "3.1.3"
_HASH = "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb"


def project(bed: Testbed) -> Project:
    """Return the project of Flask, from the machine's index. Its default groups have nearly everything that its developers need."""
    folder = bed.folder / "real"
    folder.mkdir()
    (folder / "source.txt").write_text(f"{NAME}=={VERSION} --hash=sha256:{_HASH}\n", encoding="utf-8")
    command = (str(UV.parent / "python"), "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", NAME, "--require-hashes")
    subprocess.run([*command, "-r", "source.txt", "-d", "."], cwd=folder, env=testbed.machine(), check=True, stderr=subprocess.DEVNULL)
    with tarfile.open(folder / f"{NAME}-{VERSION}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    checkout = folder / f"{NAME}-{VERSION}"
    testbed.export(bed, checkout)
    return Project(f"the lock of Flask {VERSION} ({{}} packages)", checkout, {}, ("--no-install-project",), loopback=False)

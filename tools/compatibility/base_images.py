"""Builds the base images that the examples name: the Python images of Docker's library, and those of AWS Lambda.

They imitate what an installation sees of the published images: where Python is, what is installed beside it, the environment variables,
the users, and what is missing.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tools.compatibility import debian_packages, musl
from tools.compatibility.engines import Engine
from tools.shared.pythons import Python, found

_PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"

# The end of each Dockerfile in docker-library/python.
_LIBRARY = f"""\
FROM base
ENV PATH={_PATH} LANG=C.UTF-8
COPY python /usr/local
RUN ldconfig 2>/dev/null || true
CMD ["python3"]
"""

# From aws/aws-lambda-base-images (Dockerfile.python3.13). Its entrypoint script runs the same module, through an emulator of the service
# unless the variable with the service's address is set.
_LAMBDA = """\
FROM base
ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin LANG=en_US.UTF-8 TZ=:/etc/localtime
ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib
ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime
COPY python /var/lang
COPY lambda-entrypoint.sh /
WORKDIR /var/task
ENTRYPOINT ["/lambda-entrypoint.sh"]
"""
_ENTRYPOINT = '#!/bin/sh\nexec /var/lang/bin/python -m awslambdaric "$1"\n'

# The registry and namespace of image names that have neither.
REGISTRY = "docker.io/library/"

# Options that keep a build from pulling images. Docker needs none: BuildKit does not pull an image that exists locally.
NEVER_PULL: Mapping[str, tuple[str, ...]] = {"docker": (), "podman": ("--pull=never",)}


class Base(NamedTuple):
    """A base image: `root` makes the archive of its file system in a folder, `prepare` fills the build context of `dockerfile`."""

    name: str
    root: Callable[[Path], Path]
    prepare: Callable[[Path, Path], object]
    dockerfile: str = _LIBRARY

    def make(self, work: Path, engine: Engine) -> None:
        """Build the image in `engine`, reusing archives and contexts in the folder `work`; raise `OSError` if that fails."""
        archive = self.root(work)
        context = work / "contexts" / self.name.replace(":", "-")
        if not (context / "Dockerfile").exists():
            shutil.rmtree(context, ignore_errors=True)
            context.mkdir(parents=True)
            self.prepare(work, context)
            # Written last, so that a context with a Dockerfile is complete.
            (context / "Dockerfile").write_text(self.dockerfile.replace("FROM base", f"FROM {archive.stem}"), encoding="utf-8")
        imported = engine.run("images", "--format", "{{.Repository}}").splitlines()
        if archive.stem not in [name.removeprefix(REGISTRY) for name in imported]:
            engine.run("import", str(archive), f"{REGISTRY}{archive.stem}:latest")
        engine.run("build", "--network=host", *NEVER_PULL[engine.name], "--tag", f"{REGISTRY}{self.name}", str(context))


def _newest() -> Python:
    """Return the newest CPython on this machine, which takes the place of the version that the examples name."""
    return found()[-1]


def _debian(work: Path) -> Path:
    return debian_packages.file_system(work / "debian-slim.tar", *_libraries(_newest()))


def _debian_with_python(work: Path) -> Path:
    return debian_packages.file_system(work / "debian.tar", *_libraries(_newest()), "python3")


def _libraries(python: Python) -> list[str]:
    """Return the Debian packages of the libraries that the standard library of `python` is linked with, except those of tkinter."""
    extensions = [path for path in (python.stdlib / "lib-dynload").glob("*.so") if not path.name.startswith("_tkinter")]
    lines = debian_packages.run("ldd", *map(str, extensions)).splitlines()
    paths = {line.split()[2] for line in lines if "=> /" in line}
    return debian_packages.packages_of([path for path in paths if not Path(path).is_relative_to(python.prefix)])


def _alpine(work: Path) -> Path:
    """Return the archive of a file system with busybox, musl and nothing else; make it if it does not exist."""
    archive = work / "alpine.tar"
    if not archive.exists():
        debian_packages.require({"busybox": "busybox-static", "musl-gcc": "musl-tools"})
        root = work / "alpine"
        shutil.rmtree(root, ignore_errors=True)
        for name in ("bin", "dev", "etc", "lib", "proc", "root", "sbin", "sys", "tmp", "usr/bin", "usr/lib", "usr/sbin", "var"):
            (root / name).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        (root / "etc" / "passwd").write_text(
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n", encoding="utf-8"
        )
        (root / "etc" / "group").write_text("root:x:0:\nnobody:x:65534:\n", encoding="utf-8")
        shutil.copy2(str(shutil.which("busybox")), root / "bin" / "busybox")
        for applet in debian_packages.run("busybox", "--list-full").splitlines():
            if applet != "bin/busybox":
                (root / applet).symlink_to("/bin/busybox")
        loader = next(Path("/lib").glob("ld-musl-*.so.1"))
        shutil.copy2(loader, root / "lib" / loader.name)
        debian_packages.run("tar", "--create", f"--file={archive}.partial", f"--directory={root}", ".")
        Path(f"{archive}.partial").rename(archive)
    return archive


def _with_newest(_: Path, context: Path) -> None:
    python = _newest().copy_to_file_system(context / "python")
    pip = python / "bin" / "pip"
    pip.write_text('#!/bin/sh\nexec python -m pip "$@"\n', encoding="utf-8")
    pip.chmod(0o755)


def _with_musl(work: Path, context: Path) -> None:
    shutil.copytree(musl.cpython(work.parent / "musl"), context / "python", symlinks=True)


def _with_runtime(work: Path, context: Path) -> None:
    _with_newest(work, context)
    (site_packages,) = (context / "python" / "lib").glob("python3*/site-packages")
    # The client of the Lambda service, as in the published image.
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=:all:", f"--python-version={_newest().minor}"]
    debian_packages.run(*command, f"--target={site_packages}", "--platform=manylinux2014_x86_64", "awslambdaric")
    script = context / "lambda-entrypoint.sh"
    script.write_text(_ENTRYPOINT, encoding="utf-8")
    script.chmod(0o755)


BASES = (
    Base("python:3.13-slim", _debian, _with_newest),
    # The image without `-slim` also has Debian's own Python.
    Base("python:3.13", _debian_with_python, _with_newest),
    Base("python:3.13-alpine", _alpine, _with_musl),
    Base("lambda:3.13", _debian, _with_runtime, _LAMBDA),
)

"""Builds the example images, and runs jobs in containers, with each container engine that Debian packages."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tools.compatibility import debian_packages
from tools.compatibility.base_images import BASES, Base
from tools.compatibility.engines import ENGINES, Engine, Start
from tools.compatibility.outcomes import Result, Unavailable, of_report
from tools.shared import ROOT

# gitlab-ci-local runs GitLab jobs. It fails with older versions of Node.
_GITLAB = ("gitlab-ci-local@4.75.1", "node@24.21.0")


def run(work: Path, starts: Mapping[str, Start] = ENGINES, bases: Iterable[Base] = BASES) -> Iterator[Result]:
    """Yield the results of the container tests with each engine in `starts`.

    An engine that does not start, and each image in `bases` that cannot be built, yields a result with the reason.
    """
    for name, start in starts.items():
        yield from _with_engine(name, start, bases, work)


def _with_engine(name: str, start: Start, bases: Iterable[Base], work: Path) -> Iterator[Result]:
    try:
        with start(work / name) as engine:
            for base in bases:
                if missing := made(base, engine, work):
                    yield missing
            yield from _tests(engine, work)
    except (Unavailable, OSError) as problem:
        yield _missing(name, problem)


def made(base: Base, engine: Engine, work: Path) -> Result | None:
    """Build the image `base`; return a result with the reason if that fails, else None."""
    try:
        base.make(work, engine)
    except (Unavailable, OSError) as problem:
        return _missing(f"{engine.name}: base image {base.name}", problem)
    return None


def _tests(engine: Engine, work: Path) -> Iterator[Result]:
    """Run the container tests with `engine` and yield their results."""
    environ = {**engine.environ, "CONTAINER_ENGINE": engine.name}
    try:
        environ["GITLAB_CI_LOCAL"] = str(_gitlab(work))
    except (Unavailable, OSError) as problem:
        yield _missing(f"{engine.name}: gitlab-ci-local", problem)
    report = work / f"{engine.name}.xml"
    report.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "pytest", "tests/containers", f"--junitxml={report}"], cwd=ROOT, env=environ, check=False)
    (uv,) = re.findall(r"^uv==(\S+)", (ROOT / "requirements" / "uv.txt").read_text(encoding="utf-8"), re.MULTILINE)
    yield from of_report(report.read_text(encoding="utf-8"), {"container": None}, uv, f"{engine.name} {engine.version}")


def _gitlab(work: Path) -> Path:
    """Return the path of gitlab-ci-local, in the same folder as its Node; npm installs both below `work` if they are missing."""
    program = work / "npm" / "node_modules" / ".bin" / "gitlab-ci-local"
    if not program.with_name("node").exists():
        debian_packages.require({"npm": "npm", "rsync": "rsync"})
        debian_packages.run("npm", "install", "--no-fund", "--no-audit", "--prefix", str(work / "npm"), *_GITLAB)
    return program


def _missing(subject: str, problem: Exception) -> Result:
    return Result("container", subject, "skipped" if isinstance(problem, Unavailable) else "failed", detail=str(problem))

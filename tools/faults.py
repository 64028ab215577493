"""Kills syncs at many points, runs them again, and prints what was broken then, for the action and for plain uv (Linux only)."""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

from tests.support import index
from tests.support.layouts import before_the_step
from tests.support.projects import UV
from tests.support.pythons import ROOT, Python, found
from tests.support.step import Outcome, runner

PYPROJECT = """\
[project]
name = "swept"
version = "1.0"
requires-python = ">=3.8"
dependencies = [{dependencies}]

[tool.uv]
package = false

[[tool.uv.index]]
url = "../wheels"
format = "flat"
default = true
"""

WHEELS = 30
MODULES = (20, 60)

# What is synced first, and what the sync that is killed is of.
KINDS = {"fresh": (None, "2.0"), "upgrade": ("1.0", "2.0"), "downgrade": ("2.0", "1.0")}
LINK_MODES = ("hardlink", "copy")

# What an installer writes about itself; that it is there counts, its bytes do not.
_OWN_WORDS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}

# How long anything may take that has to happen, in seconds.
_PATIENCE = 60

# Found below a process that is to be killed, so that nothing of it goes on.
_TRACK = "UV_SYSTEM_SYNC_FAULTS_TRACK"

Contents = dict[str, str]
Submit = Callable[[Callable[[], Outcome]], Future[Outcome]]


@dataclass
class Counts:
    """What came of a number of tries."""

    tries: int = 0
    killed: int = 0
    in_uv: int = 0
    told: int = 0
    told_in_uv: int = 0
    failed: int = 0
    broken: int = 0
    missing: int = 0
    different: int = 0
    orphaned: int = 0
    extra: int = 0

    def add(self, other: Counts) -> None:
        """Add another number of tries."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def compare(self, expected: Contents, actual: Contents) -> None:
        """Count how `actual` files differ from what was `expected`."""
        missing = expected.keys() - actual.keys()
        different = [name for name in expected.keys() & actual.keys() if expected[name] != actual[name]]
        extra = actual.keys() - expected.keys()
        self.missing += len(missing)
        self.different += len(different)
        self.extra += len(extra)
        self.broken += bool(missing or different)
        self.orphaned += bool(extra)


@dataclass
class Bench:
    """One Python to kill syncs in, with what it is before and what it should be after."""

    folder: Path
    python: Python
    prefix: Path
    checkout: Path
    environ: dict[str, str]
    expected: Contents = field(default_factory=dict)

    @property
    def changed(self) -> tuple[Path, Path]:
        """The folders that a sync changes."""
        return self.prefix / "lib" / f"python{self.python.minor}" / "site-packages", self.prefix / "bin"

    def keep(self) -> None:
        """Keep those folders as they are now, to go back to them."""
        for number, folder in enumerate(self.changed):
            shutil.copytree(folder, self.folder / f"before-{number}", symlinks=True)

    def go_back(self) -> None:
        """Make those folders what they were when they were kept."""
        for number, folder in enumerate(self.changed):
            shutil.rmtree(folder)
            shutil.copytree(self.folder / f"before-{number}", folder, symlinks=True)

    def contents(self) -> Contents:
        """Return a hash of every file there, byte code aside."""
        paths = [Path(root, name) for folder in self.changed for root, _, names in os.walk(folder) for name in names]
        return {str(path.relative_to(self.prefix)): _hash(path) for path in paths if path.suffix != ".pyc"}


def _hash(path: Path) -> str:
    if path.name in _OWN_WORDS and path.parent.suffix == ".dist-info":
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The project.


def write_project(folder: Path, generator: random.Random) -> None:
    """Write wheels of two versions, and a locked project for each, into `folder`."""
    (folder / "wheels").mkdir()
    sizes = {f"package{number:02}": generator.randint(*MODULES) for number in range(WHEELS)}
    for version in ("1.0", "2.0"):
        for name, size in sizes.items():
            packed = index.wheel(name, version, dict(_modules(name, version, size, generator)), scripts=(name,) if size % 3 == 0 else ())
            (folder / "wheels" / index.file_name(name, version)).write_bytes(packed)
    for version in ("1.0", "2.0"):
        (folder / version).mkdir()
        dependencies = ", ".join(f'"{name}=={version}"' for name in sizes)
        (folder / version / "pyproject.toml").write_text(PYPROJECT.format(dependencies=dependencies), encoding="utf-8")
        command = [str(UV), "lock", "--quiet", "--offline", "--no-python-downloads", "--python", sys.executable]
        subprocess.run(command, cwd=folder / version, check=True, env={**os.environ, "UV_CACHE_DIR": str(folder / "cache")})


def _modules(name: str, version: str, size: int, generator: random.Random) -> Iterator[tuple[str, str]]:
    yield f"{name}/__init__.py", f"__version__ = {version!r}\n\n\ndef main():\n    print(__version__)\n"
    for number in range(1, size):
        # Every other module has another name in another version.
        stem = f"module{number:02}" if number % 2 else f"module{number:02}_of_{version[0]}"
        lines = generator.randint(1, 60)
        yield f"{name}/part{number % 4}/{stem}.py", f"# {version}\n" + "".join(f"X{line} = {generator.random()}\n" for line in range(lines))


# Processes.


def _below(pid: int) -> list[int]:
    """Return the processes that `pid` has started, and theirs."""
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
    return [process for child in children for process in (child, *_below(child))]


def _is_sync(pid: int) -> bool:
    with suppress(OSError):
        return b"\0sync\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _kill_all(pid: int, track: str) -> bool:
    """Kill `pid` and all below it at once; return whether a sync of uv was among them."""
    victims = [pid, *_below(pid)]
    in_uv = any(_is_sync(victim) for victim in victims)
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    # What was started between looking and killing.
    while left := _tracked(track):
        for victim in left:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        time.sleep(0.002)
    return in_uv


def _tracked(track: str) -> list[int]:
    wanted, found_here = f"{_TRACK}={track}".encode(), []
    for entry in os.listdir("/proc"):
        # Those of a process that has ended are empty.
        with suppress(OSError):
            if entry.isdigit() and wanted in Path("/proc", entry, "environ").read_bytes():
                found_here.append(int(entry))
    return found_here


# The two that are compared.


class Action:
    """The action's step."""

    name = "uv-system-sync"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._note = bench.folder / "pid"
        self._ci = runner(bench.folder / "runner", bench.checkout).setup_python(bench.prefix)
        # The action's own wheels come from the cache that everybody has; a check installs nothing else.
        self._ci.environ["GITHUB_ACTION_PATH"] = bench.environ["GITHUB_ACTION_PATH"]
        self._ci.sync(check="true")
        self._ci.environ.update(bench.environ)
        before_the_step(self._ci, bench.prefix, f"echo $$ >{self._note}.partial; mv {self._note}.partial {self._note}")

    def again(self) -> bool:
        """Run it undisturbed and return whether it succeeded."""
        return self._ci.sync().returncode == 0

    def measure(self) -> float:
        """Run it undisturbed, and return how long it takes from the start of uv to its own end, in seconds."""
        with ThreadPoolExecutor() as pool:
            step, _, started = self._start(pool.submit, track="")
            if step.result(_PATIENCE).returncode:
                raise SystemExit(f"the undisturbed step failed:\n{step.result().log}")
            return time.monotonic() - started

    def kill(self, seconds: float) -> Counts:
        """Start it, kill it so many `seconds` after uv has begun, and return what was seen of it."""
        with ThreadPoolExecutor() as pool:
            track = os.urandom(8).hex()
            step, pid, started = self._start(pool.submit, track=track)
            time.sleep(max(0.0, started + seconds - time.monotonic()))
            in_uv = _kill_all(pid, track)
            error = step.exception(_PATIENCE)
            killed = error is not None or step.result().returncode < 0
        files = [self._ci.folder / name for name in ("env", "path", "output", "summary")]
        told = killed and any(file.stat().st_size for file in files)
        return Counts(killed=int(killed), in_uv=int(in_uv), told=int(told), told_in_uv=int(told and in_uv))

    def _start(self, submit: Submit, track: str) -> tuple[Future[Outcome], int, float]:
        """Start the step, and return it, its process and the time when it had started uv."""
        self._note.unlink(missing_ok=True)
        self._ci.environ[_TRACK] = track
        step = submit(self._ci.sync)
        while not self._note.exists() and not step.done():
            time.sleep(0.0005)
        pid = int(self._note.read_text(encoding="ascii"))
        while not step.done() and not any(_is_sync(process) for process in _below(pid)):
            time.sleep(0.0005)
        return step, pid, time.monotonic()


class PlainUv:
    """The three lines of shell that everyone knows."""

    name = "plain uv"

    def __init__(self, bench: Bench) -> None:
        self._command = [str(UV), "sync", "--locked", "--quiet", "--python", str(bench.prefix / "bin" / "python3")]
        self._bench = bench

    def again(self) -> bool:
        """Run it undisturbed and return whether it succeeded."""
        return self._start("").wait(_PATIENCE) == 0

    def measure(self) -> float:
        """Run it undisturbed, and return how long it takes, in seconds."""
        started = time.monotonic()
        if self._start("").wait(_PATIENCE):
            raise SystemExit("the undisturbed uv failed")
        return time.monotonic() - started

    def kill(self, seconds: float) -> Counts:
        """Start it, kill it after so many `seconds`, and return what was seen of it."""
        track = os.urandom(8).hex()
        started = time.monotonic()
        process = self._start(track)
        time.sleep(max(0.0, started + seconds - time.monotonic()))
        in_uv = process.poll() is None
        _kill_all(process.pid, track)
        killed = process.wait(_PATIENCE) < 0
        return Counts(killed=int(killed), in_uv=int(in_uv and killed))

    def _start(self, track: str) -> subprocess.Popen[bytes]:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("UV_")},
            **self._bench.environ,
            "UV_PROJECT_ENVIRONMENT": str(self._bench.prefix),
            "UV_PYTHON_DOWNLOADS": "never",
            _TRACK: track,
        }
        return subprocess.Popen(self._command, cwd=self._bench.checkout, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# The sweep.


def sweep(folder: Path, points: int, action: Path) -> dict[tuple[str, str, str], Counts]:
    """Kill so many syncs of each of the two, and return what came of them by kind, link mode and which of the two."""
    pythons = list(dict.fromkeys([found()[0], found()[-1]]))
    cells = [(python, kind, links) for python in pythons for kind in KINDS for links in LINK_MODES]
    counts: dict[tuple[str, str, str], Counts] = {}
    for number, (python, kind, links) in enumerate(cells):
        # Evenly, with the remainder in the first ones.
        share = points // len(cells) + (number < points % len(cells))
        environ = {"UV_LINK_MODE": links, "UV_CACHE_DIR": str(folder / "cache"), "GITHUB_ACTION_PATH": str(action)}
        bench = prepare(
            Bench(folder / f"bench-{number}", python, folder / f"bench-{number}" / "python", folder / KINDS[kind][1], environ), kind
        )
        for contender in (Action(bench), PlainUv(bench)):
            counted = _try_all(bench, contender, share)
            counts.setdefault((kind, links, contender.name), Counts()).add(counted)
            say(f"{python.version} {kind} {links} {contender.name}: {counted}")
        shutil.rmtree(bench.folder)
    return counts


def prepare(bench: Bench, kind: str) -> Bench:
    """Make the Python of `bench` what it is before a sync of that `kind`, and learn what it should be after."""
    # Copies share files with one below this repository, which may be on another file system.
    with tempfile.TemporaryDirectory(dir=ROOT / ".venv") as temp:
        shutil.copytree(bench.python.copy(Path(temp) / "python"), bench.prefix, symlinks=True)
    first, _ = KINDS[kind]
    if first is not None:
        PlainUv(Bench(bench.folder, bench.python, bench.prefix, bench.checkout.with_name(first), bench.environ)).measure()
    bench.keep()
    PlainUv(bench).measure()
    bench.expected = bench.contents()
    return bench


def _try_all(bench: Bench, contender: Action | PlainUv, points: int) -> Counts:
    lasting = []
    # The first one is slower than all that follow.
    for _ in range(2):
        bench.go_back()
        lasting.append(contender.measure())
    counts = Counts()
    for point in range(points):
        bench.go_back()
        counts.add(contender.kill(lasting[-1] * (point + 0.5) / points))
        counts.tries += 1
        if not contender.again():
            counts.failed += 1
        counts.compare(bench.expected, bench.contents())
    return counts


COLUMNS = ("tries", "killed", "in_uv", "told_in_uv", "told", "failed", "broken", "missing", "different", "orphaned", "extra")
HEADINGS = (
    *(
        "sync",
        "links",
        "by",
        "tries",
        "killed",
        "killed while uv ran",
        "runner files written then",
        "runner files written at all",
        "next run failed",
    ),
    *("broken after it", "files missing", "files different", "with orphans", "orphaned files"),
)


def table(counts: dict[tuple[str, str, str], Counts]) -> Iterator[str]:
    """Yield the lines of a Markdown table of `counts`, with a sum for each of the two."""
    yield _row(HEADINGS)
    yield _row("---" for _ in HEADINGS)
    for name in (Action.name, PlainUv.name):
        total = Counts()
        for (kind, links, by), counted in counts.items():
            if by == name:
                total.add(counted)
                yield _row((kind, links, by, *(getattr(counted, column) for column in COLUMNS)))
        yield _row(("all", "", name, *(getattr(total, column) for column in COLUMNS)))


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def say(text: str) -> None:
    """Print `text` at once, beside the table."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> int:
    """Run the sweep, and return 0 unless the action has left something broken or told the runner of a sync that was not over."""
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description=__doc__)
    parser.add_argument("--points", type=int, default=200, help="how many syncs of each of the two are killed (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=4, help="what the generated wheels depend on (default: %(default)s)")
    parser.add_argument("--action", type=Path, default=ROOT, help="the action's folder (default: this repository)")
    parser.add_argument("--folder", type=Path, help="where to work; a file system in memory, such as /dev/shm, is several times as fast")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="uv-system-sync-faults-", dir=options.folder) as temp:
        write_project(Path(temp), random.Random(options.seed))  # noqa: S311 - reproducible, not secret
        counts = sweep(Path(temp), options.points, options.action.resolve())
    sys.stdout.write("".join(f"{line}\n" for line in table(counts)))
    own = [counted for (_, _, by), counted in counts.items() if by == Action.name]
    return int(any(counted.broken or counted.failed or counted.told_in_uv for counted in own))


if __name__ == "__main__":
    sys.exit(main())

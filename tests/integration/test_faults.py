"""A fault during a sync gives one clear error, and the next run is complete: indexes, disks, the runner's files, uv and its cache."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support import index, program
from tests.support.index import Fault, Index
from tests.support.layouts import before_the_step, bound_by_permissions, permissions_bind
from tests.support.projects import since
from tests.support.step import Outcome, Runner, runner
from tools.shared.pythons import found
from tools.shared.uv import LOCKED_UV, UV, outlast_freshness
from tools.shared.wheels import file_name, wheel

# The marker beside the packages while a sync is unfinished.
LOCK_FILE = ".uv-system-sync-unfinished"

OLD = {"alpha": "1.0", "beta": "1.0", "bulky": "1.0"}
NEW = {"alpha": "2.0", "beta": "1.0", "bulky": "2.0"}

# Larger than all buffers between an index and uv together.
BULK = "# " + "bulk " * 100_000 + "\n"

# Timeout for every wait, in seconds.
PATIENCE = 20

PYTHON = found()[-1]

PYPROJECT = """\
[project]
name = "sample-project"
version = "0.1"
requires-python = ">=3.8"
dependencies = ["alpha", "bulky"]

[tool.uv]
package = false

[[tool.uv.index]]
url = "{url}"
default = true
"""


def bulky(version: str) -> bytes:
    """Return a large wheel."""
    return wheel("bulky", version, {"bulky/__init__.py": f"__version__ = {version!r}\n", "bulky/data.py": BULK})


FILE = file_name("bulky", "2.0")
WHEEL = bulky("2.0")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with two versions of what the project needs."""
    folder = tmp_path_factory.mktemp("index")
    for version in ("1.0", "2.0"):
        alpha = wheel("alpha", version, {"alpha.py": f"def main():\n    print({version!r})\n"}, requires=("beta",), scripts=("alpha",))
        (folder / file_name("alpha", version)).write_bytes(alpha)
        (folder / file_name("bulky", version)).write_bytes(bulky(version))
    (folder / file_name("beta", "1.0")).write_bytes(wheel("beta", "1.0", {"beta.py": ""}))
    with Index(folder).served() as serving:
        yield serving


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, served: Index) -> Path:
    """A project with two locks: `old.lock`, and `uv.lock` with newer versions."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "pyproject.toml").write_text(PYPROJECT.format(url=served.url), encoding="utf-8")
    environ = {**os.environ, "UV_CACHE_DIR": str(folder.with_name("locking-cache"))}
    command = [str(UV), "lock", "--quiet", "--no-python-downloads", "--python", sys.executable]
    subprocess.run([*command, "-P", "alpha==1.0", "-P", "bulky==1.0"], cwd=folder, check=True, env=environ)
    (folder / "uv.lock").rename(folder / "old.lock")
    subprocess.run(command, cwd=folder, check=True, env=environ)
    return folder


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, locked: Path) -> Path:
    """A folder with everything a job has after a sync of `old.lock`: `checkout`, `python`, and the runner's `temp`."""
    folder = tmp_path_factory.mktemp("job")
    shutil.copytree(locked, folder / "checkout")
    (folder / "checkout" / "uv.lock").write_bytes((locked / "old.lock").read_bytes())
    ci = runner(folder, folder / "checkout").setup_python(PYTHON.copy(folder / "python"))
    # With the shared cache, which has the action's own wheels.
    outcome = ci.sync(summary="false")
    assert 0 == outcome.returncode, outcome.log
    return folder


@pytest.fixture
def checkout(tmp_path: Path, locked: Path) -> Path:
    """A checkout of the project with its newer lock."""
    return Path(shutil.copytree(locked, tmp_path / "checkout"))


@pytest.fixture
def target(tmp_path: Path, job: Path) -> Path:
    """A separate Python with the packages of `old.lock`."""
    target = PYTHON.copy(tmp_path / "python")
    installed = job / "python" / "lib" / f"python{PYTHON.minor}" / "site-packages"
    shutil.copytree(installed, site_packages(target), dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "pip*"))
    shutil.copy2(job / "python" / "bin" / "alpha", target / "bin")
    return target


@pytest.fixture
def ci(tmp_path: Path, job: Path, checkout: Path, target: Path, served: Index) -> Iterator[Runner]:
    """A runner in the checkout whose cache has the action's own wheels and nothing else."""
    ci = runner(tmp_path / "runner", checkout).setup_python(target)
    shutil.copytree(job / "temp", tmp_path / "runner" / "temp", copy_function=os.link)
    ci.environ.update(UV_CACHE_DIR=str(tmp_path / "cache"), UV_HTTP_RETRIES="0", UV_HTTP_TIMEOUT="1")
    yield ci
    served.behave()


def site_packages(target: Path) -> Path:
    """Return the site-packages folder of `target`."""
    return target / "lib" / f"python{PYTHON.minor}" / "site-packages"


def contents(target: Path) -> dict[str, str]:
    """Return the hash of every file of `target` that a sync may change, except byte code and the lock file."""
    folders = (site_packages(target), target / "bin")
    paths = [Path(root, name) for folder in folders for root, _, names in os.walk(folder) for name in names]
    kept = [path for path in paths if path.name != LOCK_FILE and path.suffix != ".pyc" and path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def missing(target: Path) -> list[str]:
    """Return the files that RECORDs in `target` list but that do not exist; pip is skipped, because the copies of it have no scripts."""
    folder = site_packages(target)
    records = [record for record in folder.glob("*.dist-info/RECORD") if not record.parent.name.startswith("pip-")]
    rows = [row for record in records for row in csv.reader(record.read_text(encoding="utf-8").splitlines())]
    return [row[0] for row in rows if not row[0].endswith(".pyc") and not (folder / row[0]).exists()]


def packages(outcome: Outcome) -> dict[str, str]:
    """Return the installed versions, without pip, which every installation includes."""
    assert 0 == outcome.returncode, outcome.log
    return {package["name"]: package["version"] for package in json.loads(outcome.outputs["packages"]) if package["name"] != "pip"}


def title(outcome: Outcome) -> str:
    """Return the title of the only error of a step that failed without a traceback and set no outputs."""
    assert (1, 1, False, False) == (outcome.returncode, len(outcome.errors), outcome.published, "Traceback" in outcome.log), outcome.log
    return outcome.errors[0].partition("::")[0].partition(",")[0].removeprefix("title=")


def assert_complete(ci: Runner, target: Path) -> None:
    """Run the step and assert that everything in the newer lock is installed."""
    outcome = ci.sync()

    assert (NEW, []) == (packages(outcome), missing(target))
    installed = site_packages(target)
    assert ("2.0\n", BULK) == (ci.next_step(outcome, "alpha"), (installed / "bulky" / "data.py").read_text(encoding="utf-8"))
    assert not (installed / LOCK_FILE).exists()


# Indexes.


def _with_wrong_bytes() -> bytes:
    middle = len(WHEEL) // 2
    return WHEEL[:middle] + b"garbage" + WHEEL[middle + 7 :]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(index.status(404), "404", id="not found"),
        pytest.param(index.status(403), "403", id="forbidden"),
        pytest.param(index.status(500), "500", id="broken for good"),
        pytest.param(index.reset, "bulky", id="reset in the middle"),
        pytest.param(index.truncated, "bulky", id="truncated"),
        pytest.param(index.stalled, "UV_HTTP_TIMEOUT", id="stalled beyond the timeout"),
        pytest.param(index.other(bulky("2.0.1")), "Hash mismatch", id="other bytes than locked"),
    ],
)
def test_a_wheel_that_does_not_arrive_is_an_error_with_the_words_of_uv_and_nothing_changes(
    ci: Runner, target: Path, served: Index, fault: Fault, words: str
) -> None:
    before = contents(target)
    served.misbehave(FILE, fault)

    outcome = ci.sync(retries="0")

    assert "sync-failed" == title(outcome)
    assert words in outcome.errors[0]
    assert before == contents(target)
    outlast_freshness()
    served.behave()
    assert_complete(ci, target)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"no zip", id="not a zip"),
        pytest.param(WHEEL[:-100], id="without its end"),
        pytest.param(_with_wrong_bytes(), id="with a wrong checksum inside", marks=since("0.6.12", "checking the checksums in a wheel")),
    ],
)
def test_a_corrupt_wheel_with_the_hash_of_the_lock_is_an_error_and_nothing_changes(
    ci: Runner, checkout: Path, target: Path, served: Index, body: bytes
) -> None:
    lock = (checkout / "uv.lock").read_text(encoding="utf-8")
    good, bad = (hashlib.sha256(content).hexdigest() for content in (WHEEL, body))
    (checkout / "uv.lock").write_text(lock.replace(good, bad).replace(f"size = {len(WHEEL)}", f"size = {len(body)}"), encoding="utf-8")
    served.misbehave(FILE, index.other(body))
    before = contents(target)

    outcome = ci.sync()

    assert "sync-failed" == title(outcome)
    assert "bulky" in outcome.errors[0]
    assert before == contents(target)
    served.behave()
    (checkout / "uv.lock").write_text(lock, encoding="utf-8")
    assert_complete(ci, target)


@pytest.mark.parametrize(
    "fault",
    [pytest.param(index.status(500), id="500"), pytest.param(index.reset, id="reset"), pytest.param(index.truncated, id="truncated")],
)
def test_after_one_fault_of_an_index_uv_tries_again(ci: Runner, target: Path, served: Index, fault: Fault) -> None:
    ci.environ["UV_HTTP_RETRIES"] = "2"
    served.misbehave(FILE, fault, times=1)

    assert_complete(ci, target)
    assert served.asked.count(f"/files/{FILE}") > 1


def test_an_index_that_does_not_answer_is_an_error_with_its_address_and_nothing_changes(
    ci: Runner, checkout: Path, target: Path, served: Index
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    texts = {path: path.read_text(encoding="utf-8") for path in (checkout / "pyproject.toml", checkout / "uv.lock")}
    for path, text in texts.items():
        path.write_text(text.replace(f":{served.port}/", f":{closed}/"), encoding="utf-8")
    before = contents(target)

    outcome = ci.sync()

    assert "sync-failed" == title(outcome)
    assert f"http://127.0.0.1:{closed}/files/" in outcome.errors[0]
    assert before == contents(target)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    assert_complete(ci, target)


# Disks.


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk with `size` of space at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    mounting = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, text=True, check=False)
    if mounting.returncode:
        pytest.skip(f"no file system can be mounted here: {mounting.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def grow(disk: Path) -> None:
    """Enlarge a small `disk` until it has enough space for every test."""
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)


ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")


@ONLY_ROOT
@pytest.mark.parametrize("size", ["16k", "400k"])
def test_a_full_disk_of_the_python_is_an_error(ci: Runner, target: Path, size: str) -> None:
    with small_disk(site_packages(target), size) as disk:
        outcome = ci.sync()

        assert title(outcome) in ("sync-failed", "runner-unusable")
        assert "o space left on device" in outcome.errors[0]
        grow(disk)
        assert_complete(ci, target)


@ONLY_ROOT
@pytest.mark.parametrize("size", ["8k", "400k"])
def test_a_full_disk_of_the_cache_is_an_error_and_nothing_changes(ci: Runner, tmp_path: Path, target: Path, size: str) -> None:
    before = contents(target)
    with small_disk(tmp_path / "cache", size) as disk:
        outcome = ci.sync()

        # Not every older version of uv names the folder when unpacking a wheel there fails.
        assert title(outcome) == "runner-unusable" or (UV != LOCKED_UV and title(outcome) == "sync-failed")
        assert "o space left on device" in outcome.errors[0]
        assert before == contents(target)
        grow(disk)
        assert_complete(ci, target)


def use_temporary_folder(ci: Runner, folder: Path, *, with_wheels: bool) -> None:
    """Use `folder` as the runner's temporary folder, with or without the action's own wheels in it."""
    folder.mkdir(exist_ok=True)
    if with_wheels:
        shutil.copytree(ci.folder / "temp", folder, dirs_exist_ok=True)
    ci.environ["RUNNER_TEMP"] = str(folder)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "full").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@ONLY_ROOT
@pytest.mark.parametrize(
    ("with_wheels", "expected"),
    [
        pytest.param(False, {"runner-unusable", "uv-unavailable"}, id="before the action's own wheels are there"),
        pytest.param(True, {"runner-unusable"}, id="when the report is written"),
    ],
)
def test_a_full_disk_of_the_temporary_folder_is_an_error(
    ci: Runner, tmp_path: Path, target: Path, expected: set[str], *, with_wheels: bool
) -> None:
    if not with_wheels:
        # The action's own wheels come from the shared cache.
        ci.environ.pop("UV_CACHE_DIR")
    with small_disk(tmp_path / "temp", "4m") as disk:
        use_temporary_folder(ci, disk, with_wheels=with_wheels)
        fill(disk)

        outcome = ci.sync()

        assert title(outcome) in expected
        assert "o space left on device" in outcome.errors[0]
        (disk / "full").unlink()
        grow(disk)
        assert_complete(ci, target)


@pytest.mark.skipif(not permissions_bind(), reason="root may write everywhere here")
@pytest.mark.parametrize("with_wheels", [False, True], ids=["before the action's own wheels are there", "when the report is written"])
def test_a_temporary_folder_that_cannot_be_written_is_an_error_with_the_reason(
    ci: Runner, tmp_path: Path, target: Path, *, with_wheels: bool
) -> None:
    bound_by_permissions(ci, target)
    folder = tmp_path / "temp"
    use_temporary_folder(ci, folder, with_wheels=with_wheels)
    folder.chmod(0o555)

    outcome = ci.sync()

    assert "runner-unusable" == title(outcome)
    assert f"{folder}" in outcome.errors[0]
    assert "ermission denied" in outcome.errors[0]
    folder.chmod(0o755)
    ci.environ.pop("UV_CACHE_DIR")
    assert_complete(ci, target)


# The runner's files.


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        *((variable, "a folder") for variable in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")),
        ("GITHUB_OUTPUT", "below a folder that is missing"),
        ("GITHUB_STEP_SUMMARY", "below a file"),
    ],
)
def test_a_file_of_the_runner_that_cannot_be_written_is_an_error_that_names_it(
    ci: Runner, tmp_path: Path, target: Path, variable: str, kind: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    paths = {"a folder": "folder", "below a folder that is missing": "none/file", "below a file": "file/file"}
    ci.environ[variable] = str(tmp_path / paths[kind])

    outcome = ci.sync()

    assert "runner-unusable" == title(outcome)
    assert ci.environ[variable] in outcome.errors[0]
    assert "" == (tmp_path / "file").read_text(encoding="utf-8")
    del ci.environ[variable]
    assert_complete(ci, target)


@ONLY_ROOT
@pytest.mark.parametrize("variable", ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_file_of_the_runner_on_a_full_disk_is_an_error_that_names_it_and_stays_as_it_was(
    ci: Runner, tmp_path: Path, target: Path, variable: str
) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk:
        file = disk / "file"
        file.write_text("before\n", encoding="utf-8")
        # Fill the file's own block to its end, so that not even part of the new text fits.
        file.write_text("x" * 4095 + "\n", encoding="utf-8")
        fill(disk)
        ci.environ[variable] = str(file)

        outcome = ci.sync()

        assert "runner-unusable" == title(outcome)
        assert all(words in outcome.errors[0] for words in (str(file), "No space left on device"))
        assert "x" * 4095 + "\n" == file.read_text(encoding="utf-8")
        del ci.environ[variable]
        assert_complete(ci, target)


# File handles.


@pytest.mark.parametrize("handles", [4, 5, 8, 9, 12])
def test_a_machine_without_file_handles_is_an_error_with_the_reason(ci: Runner, target: Path, handles: int) -> None:
    before_the_step(ci, target, f"ulimit -n {handles}")

    outcome = ci.sync()

    assert "internal-error" != title(outcome)
    assert "oo many open files" in outcome.errors[0]
    (ci.folder / "shell" / "python").unlink()
    assert_complete(ci, target)


# uv itself.


def fake_uv(ci: Runner, tmp_path: Path, *lines: str) -> Path:
    """Put a `uv` that runs the shell `lines` first on the step's PATH, and return its path."""
    fake = program(tmp_path / "fake" / "uv", "#!/bin/sh", *lines)
    ci.search_path = os.pathsep.join([str(fake.parent), ci.search_path])
    return fake


def fake_sync(ci: Runner, tmp_path: Path, *lines: str) -> Path:
    """Put a `uv` first on the step's PATH that runs the shell `lines` for a sync and calls the real uv for every other command."""
    return fake_uv(ci, tmp_path, f'[ "$1" = sync ] || exec {shlex.quote(str(UV))} "$@"', *lines)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("echo 'yv 1.0'", id="another program"),
        pytest.param("exit 3", id="silent and failing"),
        pytest.param("kill -s SEGV $$", id="crashing"),
        pytest.param("printf '\\377\\376 uv\\n'", id="not text"),
        pytest.param("yes '::error ::injected' | head -c 1000000", id="a megabyte of commands"),
    ],
)
def test_another_program_with_the_name_uv_is_an_error_and_nothing_changes(ci: Runner, tmp_path: Path, target: Path, line: str) -> None:
    fake = fake_uv(ci, tmp_path, line)
    before = contents(target)

    outcome = ci.sync()

    assert "uv-unavailable" == title(outcome)
    assert str(fake) in outcome.errors[0]
    assert before == contents(target)
    fake.unlink()
    assert_complete(ci, target)


@pytest.mark.parametrize(
    "content", [pytest.param(b"", id="empty"), pytest.param(b"\x7fELF garbage", id="no program"), pytest.param(b"#!/none\n", id="no shell")]
)
def test_a_uv_that_does_not_start_is_an_error_that_names_it(ci: Runner, tmp_path: Path, target: Path, content: bytes) -> None:
    fake = fake_uv(ci, tmp_path)
    fake.write_bytes(content)

    outcome = ci.sync()

    assert "uv-unavailable" == title(outcome)
    assert str(fake) in outcome.errors[0]
    fake.unlink()
    assert_complete(ci, target)


def test_a_uv_that_crashes_is_an_error_with_the_number_of_the_signal_and_nothing_changes(ci: Runner, tmp_path: Path, target: Path) -> None:
    fake = fake_sync(ci, tmp_path, "kill -s SEGV $$")
    before = contents(target)

    outcome = ci.sync()

    assert "sync-failed" == title(outcome)
    assert f"signal {signal.SIGSEGV.value}" in outcome.errors[0]
    assert before == contents(target)
    fake.unlink()
    assert_complete(ci, target)


def test_a_uv_that_reports_what_it_has_not_done_is_an_error(ci: Runner, tmp_path: Path, target: Path) -> None:
    fake = fake_sync(ci, tmp_path, "echo ' + bulky==2.0'")

    outcome = ci.sync()

    assert "sync-failed" == title(outcome)
    assert "bulky 2.0 (found: 1.0)" in outcome.errors[0]
    fake.unlink()
    assert_complete(ci, target)


def test_a_uv_that_ignores_signals_is_killed_when_the_step_is_cancelled(ci: Runner, tmp_path: Path, target: Path) -> None:
    note = tmp_path / "pid"
    fake = fake_sync(ci, tmp_path, "trap '' TERM INT", f"echo $$ >{note}.partial; mv {note}.partial {note}", "while :; do sleep 0.2; done")
    before_the_step(ci, target, f"echo $$ >{tmp_path}/step")
    before = contents(target)

    with ThreadPoolExecutor() as pool:
        step = pool.submit(ci.sync)
        hanging = pid_in(note)
        os.kill(int((tmp_path / "step").read_text(encoding="utf-8")), signal.SIGTERM)
        outcome = step.result(PATIENCE)

    assert "cancelled" == title(outcome)
    with pytest.raises(ProcessLookupError):
        os.kill(hanging, 0)
    assert before == contents(target)
    fake.unlink()
    assert_complete(ci, target)


def pid_in(note: Path) -> int:
    """Wait for the file `note`, and return the process ID in it."""
    end = time.monotonic() + PATIENCE
    while not note.exists() and time.monotonic() < end:
        time.sleep(0.02)
    return int(note.read_text(encoding="utf-8"))


def test_the_next_run_waits_for_the_uv_of_a_step_that_was_killed(ci: Runner, tmp_path: Path, target: Path) -> None:
    note = tmp_path / "pid"
    fake = fake_sync(ci, tmp_path, f"echo $PPID >{note}.partial; mv {note}.partial {note}", "sleep 1", f'exec {shlex.quote(str(UV))} "$@"')

    with ThreadPoolExecutor() as pool:
        step = pool.submit(ci.sync)
        os.kill(pid_in(note), signal.SIGKILL)
        step.exception(PATIENCE)
    fake.unlink()
    outcome = ci.sync()

    assert f"Waiting for another process to finish its sync of {target}\n" in outcome.log
    assert (NEW, []) == (packages(outcome), missing(target))
    assert_complete(ci, target)


def test_of_two_steps_that_sync_one_python_one_waits_for_the_other(ci: Runner, tmp_path: Path, target: Path, job: Path) -> None:
    fake_sync(ci, tmp_path, "sleep 1", f'exec {shlex.quote(str(UV))} "$@"')
    other = Runner(tmp_path / "other", ci.cwd, ci.search_path, ci.environ)
    # Each runner writes its own script; a hard-linked script would be truncated for one runner while the other writes it.
    shutil.copytree(job / "temp", other.folder / "temp", copy_function=os.link, ignore=shutil.ignore_patterns("script.py"))

    with ThreadPoolExecutor() as pool:
        outcomes = [step.result(PATIENCE) for step in [pool.submit(each.sync) for each in (ci, other)]]

    assert [NEW, NEW] == [packages(outcome) for outcome in outcomes]
    assert 1 == sum(f"Waiting for another process to finish its sync of {target}\n" in outcome.log for outcome in outcomes)
    assert_complete(ci, target)


def test_endless_output_of_uv_is_not_kept_and_ends_when_the_step_is_cancelled(ci: Runner, tmp_path: Path, target: Path) -> None:
    line = "::error::" + "x" * 8192
    fake_sync(ci, tmp_path, f"echo $PPID >{tmp_path}/pid", f"exec yes {shlex.quote(line)}")
    before_the_step(ci, target, "ulimit -v 200000", "exec >/dev/null 2>&1")
    before = contents(target)

    with ThreadPoolExecutor() as pool:
        step = pool.submit(ci.sync)
        # By then, the output is about a gigabyte.
        time.sleep(1)
        os.kill(pid_in(tmp_path / "pid"), signal.SIGINT)
        outcome = step.result(PATIENCE)

    assert (1, False) == (outcome.returncode, outcome.published)
    assert before == contents(target)


# The clock.


def age(folder: Path, cache: Path, seconds: float) -> None:
    """Set the mtime of everything in `folder`, including `cache`, to `seconds` after the epoch.

    Files that came with the Python are unchanged: they are hard links shared with other tests.
    """
    cached = {path.lstat().st_ino for path in cache.rglob("*")}
    for root, folders, names in os.walk(folder):
        for path in (Path(root), *(Path(root, name) for name in (*folders, *names))):
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode) or status.st_nlink == 1 or status.st_ino in cached:
                os.utime(path, (seconds, seconds), follow_symlinks=False)


@pytest.mark.parametrize("year", [1971, 2100])
def test_files_from_the_distant_past_or_the_future_are_no_fault(ci: Runner, tmp_path: Path, target: Path, cache: Path, year: int) -> None:
    assert cache.is_relative_to(tmp_path)
    age(tmp_path, cache, (year - 1970) * 365.25 * 24 * 3600)

    assert_complete(ci, target)


# uv's cache.


def corrupt(cache: Path, pattern: str) -> int:
    """Replace the files below `cache` that match `pattern`, without changing their other hard links; return the number of files."""
    files = [path for path in cache.rglob(pattern) if path.is_file() and not path.is_symlink()]
    for path in files:
        path.unlink()
        path.write_bytes(b"\x00garbage\xff")
    return len(files)


@pytest.fixture
def cache(ci: Runner, tmp_path: Path) -> Path:
    """The runner's cache after a sync of another Python."""
    warm = runner(tmp_path / "warm", ci.cwd).setup_python(PYTHON.copy(tmp_path / "another"))
    shutil.copytree(ci.folder / "temp", warm.folder / "temp", copy_function=os.link)
    warm.environ.update({name: value for name, value in ci.environ.items() if name.startswith("UV_")})
    assert_complete(warm, tmp_path / "another")
    return tmp_path / "cache"


@pytest.mark.parametrize("pattern", ["wheels-v*/**/*.http", "interpreter-v*/**/*.msgpack"])
def test_uv_replaces_corrupt_metadata_in_its_cache(ci: Runner, target: Path, cache: Path, pattern: str) -> None:
    assert corrupt(cache, pattern) > 0

    assert_complete(ci, target)


@pytest.mark.parametrize("name", ["METADATA", "RECORD", "WHEEL"])
def test_a_corrupt_wheel_in_the_cache_is_an_error_with_the_words_of_uv(ci: Runner, target: Path, cache: Path, name: str) -> None:
    assert corrupt(cache, f"archive-v*/*/*.dist-info/{name}") > 0

    outcome = ci.sync()

    assert "sync-failed" == title(outcome)
    assert "Failed to install: " in outcome.errors[0]
    subprocess.run([UV, "cache", "clean", "--quiet", "--cache-dir", cache], check=True)
    assert_complete(ci, target)


@pytest.mark.xfail(strict=True, reason="uv does not verify what it installs from its cache, and neither do we", raises=AssertionError)
@pytest.mark.parametrize("gone", [False, True], ids=["other bytes", "missing"])
def test_a_module_that_is_corrupt_in_the_cache_is_not_handed_on(ci: Runner, target: Path, cache: Path, *, gone: bool) -> None:
    assert corrupt(cache, "archive-v*/**/data.py") == 1
    if gone:
        next(cache.glob("archive-v*/**/data.py")).unlink()

    outcome = ci.sync()

    module = site_packages(target) / "bulky" / "data.py"
    assert outcome.returncode or (module.exists() and BULK == module.read_text(encoding="utf-8", errors="replace"))

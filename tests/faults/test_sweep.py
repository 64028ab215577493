"""A short run of `make faults`, and tests that its harness detects what it should."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults import kills
from tests.faults.counts import Counts
from tests.faults.job import Fault, Job, Meant
from tests.faults.running import Running
from tests.faults.sweep import FAULTS, Plan, Size, Sweep, opened
from tests.faults.syncs import Action, PlainUv, Seen
from tests.faults.table import table
from tools.shared import ROOT
from tools.shared.pythons import found

SEED = 4


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    """A small project to kill, in the newest Python."""
    with opened(tmp_path_factory.mktemp("sweep"), found()[-1], ROOT, SEED, Size(wheels=6, modules=(3, 8))) as opened_sweep:
        yield opened_sweep


def wrong(counts: Counts) -> tuple[int, ...]:
    """Return the counts that should all be 0."""
    return (counts.broken, counts.written, counts.in_part, counts.tracebacks, counts.commands, counts.otherwise)


def only_try(sweep: Sweep, fault: Fault, sync: Action | PlainUv | None = None) -> Counts:
    """Try `fault` once, with the action by default."""
    return sweep.try_all(fault, sync or Action(), 1)


@pytest.mark.parametrize("fault", kills.FAULTS, ids=lambda fault: fault.name)
def test_a_killed_sync(sweep: Sweep, fault: Fault) -> None:
    """After each kind of kill, the next run restores everything, and later steps received nothing from the killed step."""
    counts = only_try(sweep, fault)

    assert (0,) * 6 == wrong(counts), counts.complaints
    assert 1 == counts.tries


# Faults that take long or need privileges are left to the full run; test_faults.py in the integration tests has all of them.
SHORT = (
    *("index answers 404", "wheel with the wrong hash", "corrupt wheel in uv's cache, then `uv cache clean`", "runner file missing"),
    *(
        "corrupt entry in the cache of built wheels",
        "hardly any file handles",
        "clock in the past",
        "uv crashes",
        "uv prints workflow commands",
        "a build writes to the runner's files",
    ),
)


@pytest.mark.parametrize("name", SHORT)
def test_a_disturbed_sync(sweep: Sweep, name: str) -> None:
    """A disturbed sync ends as expected, and the next run restores everything."""
    counts = only_try(sweep, next(fault for fault in FAULTS if fault.name == name))

    assert (0,) * 6 == wrong(counts), counts.complaints


# What the harness detects.


@contextmanager
def _half_installed(job: Job, _: random.Random) -> Iterator[Meant]:
    """Leave a package without a RECORD and without its modules, as a killed uv does."""
    name = job.start.project.names[0]
    record = job.installation.site_packages / f"{name}-{job.start.before}.dist-info" / "RECORD"
    installed = job.installation.site_packages / f"{name}-{job.start.version}.dist-info"
    record.parent.rename(installed)
    (installed / "RECORD").unlink()
    yield Meant.SURVIVES


HALF_INSTALLED = Fault("half installed", _half_installed, kind="upgrade", links="copy")


def test_plain_uv_that_leaves_a_package_broken(sweep: Sweep) -> None:
    """A package without a RECORD, which plain uv considers installed, counts as broken."""
    counts = only_try(sweep, HALF_INSTALLED, PlainUv())

    assert 0 < counts.missing
    assert 1 <= counts.broken


def test_the_action_that_does_not(sweep: Sweep) -> None:
    """The same package is intact after the action's sync, so the harness itself does not break it."""
    counts = only_try(sweep, HALF_INSTALLED)

    assert (1, (0,) * 6) == (counts.survived, wrong(counts)), counts.complaints


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("env",), (0, 1, 1, 0, 0, 0), id="one"),
        pytest.param(("env", "path", "output"), (0, 1, 0, 0, 0, 0), id="all"),
    ],
)
def test_a_runner_file_that_is_written_before_a_kill(sweep: Sweep, names: tuple[str, ...], expected: tuple[int, ...]) -> None:
    """If a step is killed while uv runs, anything already in the runner's files is counted, and so are files written only in part."""

    @contextmanager
    def inject(job: Job, _: random.Random) -> Iterator[Meant]:
        def disturb(running: Running) -> None:
            running.wait_for_uv()
            for name in names:
                (job.ci.folder / name).write_text("A=1\n", encoding="utf-8")
            running.kill_all()

        job.disturb = disturb
        yield Meant.KILLED

    assert expected == wrong(only_try(sweep, Fault("written and killed", inject, is_kill=True)))


def judged(meant: Meant, returncode: int, log: str, *written: str) -> tuple[int, ...]:
    """Return the counts that should all be 0, for a step that ended this way."""
    counts = Counts()
    counts.judge(meant, Seen(returncode, log, written))
    return wrong(counts)


ERROR = "::error title=sync-failed::uv ended.\n"


@pytest.mark.parametrize(
    ("meant", "returncode", "log", "written", "expected"),
    [
        pytest.param(Meant.FAILS, 1, ERROR, (), (0, 0, 0, 0, 0, 0), id="a failure as it should be"),
        pytest.param(
            Meant.FAILS,
            1,
            ERROR,
            ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT"),
            (0, 1, 0, 0, 0, 0),
            id="a failure that writes runner files",
        ),
        pytest.param(Meant.FAILS, 0, "", (), (0, 0, 0, 0, 0, 1), id="a success that should be a failure"),
        pytest.param(Meant.SURVIVES, 1, ERROR, (), (0, 0, 0, 0, 0, 1), id="a failure that should be a success"),
        pytest.param(Meant.FAILS, 1, "", (), (0, 0, 0, 0, 0, 1), id="a failure without an error"),
        pytest.param(Meant.FAILS, 1, ERROR * 2, (), (0, 0, 0, 0, 0, 1), id="a failure with two errors"),
        pytest.param(Meant.FAILS, -11, "", (), (0, 0, 0, 0, 0, 1), id="a step that crashes"),
        pytest.param(Meant.FAILS, 1, f"Traceback (most recent call last):\n{ERROR}", (), (0, 0, 0, 1, 0, 0), id="a traceback"),
        pytest.param(Meant.KILLED, 1, 'Traceback (most recent call last):\n  File "script.py"\n', (), (0, 0, 0, 1, 0, 1), id="one of ours"),
        pytest.param(Meant.KILLED, 1, "Traceback (most recent call last):\n  import abc\n", (), (0, 0, 0, 0, 0, 0), id="one of the start"),
        pytest.param(Meant.FAILS, 1, f"said ##[add-path]injected\n{ERROR}", (), (0, 0, 0, 0, 1, 0), id="a command from outside"),
        pytest.param(Meant.FAILS, 1, f"::group::uv sync\n::warning::Look\n{ERROR}", (), (0, 0, 0, 0, 1, 0), id="a command of nobody"),
    ],
)
def test_a_step_that_ends_so(meant: Meant, returncode: int, log: str, written: tuple[str, ...], expected: tuple[int, ...]) -> None:
    """Everything that a step must not do is counted, each under its own name."""
    assert expected == judged(meant, returncode, log, *written)


def test_a_table() -> None:
    """Every fault has a row, and the last row has the totals; cells for plain uv are empty where it was not tried."""
    one, other = Counts(tries=3, failed=2, survived=1), Counts(tries=4, failed=4, broken=1, written=2)
    results = {"one": {"uv-system-sync": one, "plain uv": Counts(tries=3, broken=1)}, "other": {"uv-system-sync": other}}

    rows = [line for line in table(results) if line.startswith(("| one", "| other", "| all"))]

    expected = ["| one | 3 | 2 / 1 | 0 | 0 | 0 | 0 | 3 | 1 |", "| other | 4 | 4 / 0 | 1 | 2 | 0 | 0 | - | - |"]
    assert [*expected, "| all | 7 | 6 / 1 | 1 | 2 | 0 | 0 | 3 | 1 |"] == rows


def test_a_plan_by_default() -> None:
    """By default, at least 1,000 faults are injected over two Pythons, 200 of them kills in the sweep, and the shares add up."""
    plan = Plan(points=200, tries=12, seed=SEED, only="", action=ROOT, pythons=2)
    shares = {fault.name: sum(plan.share(fault, number) for number in range(2)) for fault in FAULTS}

    assert 200 == sum(shares[fault.name] for fault in kills.SWEEP)
    assert 1000 <= sum(shares.values())

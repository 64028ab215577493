"""The job summary of a matrix."""

from __future__ import annotations

from dataclasses import replace

from tests.matrix.test_reports import PYTHON
from uv_system_sync.matrix.comparison import compared
from uv_system_sync.matrix.reports import Job, Python
from uv_system_sync.matrix.summary import render


def _job(name: str, **packages: str) -> Job:
    return Job(name, "success", replace(PYTHON, version=f"{name}.4"), "sample", packages)


def test_summary() -> None:
    """Jobs that are not compared come first, then the table of what differs, and folded away what is the same."""
    jobs = [
        Job("3.8", "failure", PYTHON, "sample", kind="lock-outdated", reason="uv.lock does not match."),
        Job("3.9", "failure", kind="python-not-found", reason="Where?"),
        _job("3.10", absent="1", same="1", twice="1.0"),
        _job("3.11", same="1", twice="2.0"),
        Job("3.12", "missing", reason="uv-system-sync-a.json is not valid JSON"),
        replace(_job("3.13", absent="1", same="1", twice="1.0"), python=Python("pypy", "3.11.9", "win-amd64")),
    ]
    expected = """\
### The packages of 6 jobs

6 jobs, 2 failed, 1 without a report: 3 packages, 2 not the same everywhere.

- **3.8** failed, in CPython 3.12.4, linux-x86_64: lock-outdated: uv.lock does not match.
- **3.9** failed: python-not-found: Where?
- **3.12** has no report: uv-system-sync-a.json is not valid JSON

| Package | 3.10<br>CPython 3.10.4, linux-x86_64 | 3.11<br>CPython 3.11.4, linux-x86_64 | 3.13<br>PyPy 3.11.9, win-amd64 |
| --- | --- | --- | --- |
| twice | 1.0 | **2.0** | 1.0 |
| absent | 1 | – | 1 |

<details>
<summary>1 package is the same in all 3 jobs</summary>

| Package | Version |
| --- | --- |
| same | 1 |

</details>
"""  # noqa: RUF001 - a dash

    assert expected == render(compared(jobs))


def test_no_differences() -> None:
    """Where nothing differs, a table has the Python and the platform of each job."""
    expected = """\
### The packages of 2 jobs

2 jobs: 2 packages, 0 not the same everywhere.

| Job | Python |
| --- | --- |
| 3.9 | CPython 3.9.4, linux-x86_64 |
| 3.10 | CPython 3.10.4, linux-x86_64 |

<details>
<summary>2 packages are the same in all 2 jobs</summary>

| Package | Version |
| --- | --- |
| a | 1 |
| b | 2 |

</details>
"""

    assert expected == render(compared([_job("3.9", a="1", b="2"), _job("3.10", a="1", b="2")]))


def test_nothing_succeeded() -> None:
    """Without a job to compare there is no table."""
    expected = """\
### The packages of 1 job

1 job, 1 without a report: 0 packages, 0 not the same everywhere.

- **a** has no report: b

"""

    assert expected == render(compared([Job("a", "missing", reason="b")]))


def test_realistic_size() -> None:
    """Twelve jobs with 300 packages that all differ are shown whole."""
    jobs = [_job(f"3.{job}", **{f"package-{number}": f"1.{number}.{job}" for number in range(300)}) for job in range(12)]
    text = render(compared(jobs))

    assert (300, False) == (text.count("\n| package-"), "more package" in text)


def test_limit() -> None:
    """More than the runner takes is cut in each part, and the summary says how much is missing."""
    same = dict.fromkeys((f"{'s' * 200}-{number:05}" for number in range(5000)), "1")
    names = [f"{'d' * 200}-{number:05}" for number in range(5000)]
    failed = [Job(f"{'f' * 200}-{number:05}", "missing", reason="none") for number in range(5000)]
    jobs = [_job("1", **same, **dict.fromkeys(names, "1")), _job("2", **same, **dict.fromkeys(names, "2"))]
    text = render(compared([*jobs, *failed]))

    assert len(text.encode()) < 1024 * 1024
    for start, noun in (("| sss", "packages"), ("| ddd", "packages"), ("- **fff", "jobs")):
        shown = text.count(f"\n{start}")
        assert 1000 < shown < 5000
        assert f"\n… and {5000 - shown:,} more {noun}, for which a job summary has no room.\n" in text


def test_limit_of_everything() -> None:
    """However many jobs there are, and whatever they say, the summary is small enough for the runner."""
    name, reason = "\U0001f600" * 255, "|" * 510
    compared_jobs = [replace(_job(f"{name}{number}", a=str(number), b="1"), project=name) for number in range(600)]
    failed = [Job(f"{name}{number}", "failure", PYTHON, kind=name, reason=reason) for number in range(600, 1200)]
    text = render(compared([*compared_jobs, *failed]))

    assert len(text.encode()) < 1024 * 1024
    assert "more job" in text
    assert "\n… and 1 more package, for which a job summary has no room.\n" in text

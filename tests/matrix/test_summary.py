"""The job summary of a matrix; tests/fuzz/test_matrix.py renders arbitrary text like GitHub."""

from __future__ import annotations

from tests.matrix import PYTHON
from uv_system_sync.matrix.comparison import compared
from uv_system_sync.matrix.reports import Job, Python
from uv_system_sync.matrix.summary import render
from uv_system_sync.reporting.runner_files import SUMMARY_LIMIT


def job(name: str, **packages: str) -> Job:
    """Return a successful job with these packages."""
    return Job(name, "success", PYTHON._replace(version=f"{name}.4"), "sample", packages)


def test_jobs_that_are_not_compared_come_first_then_differences_and_the_rest_is_collapsed() -> None:
    jobs = [
        Job("3.8", "failure", PYTHON, "sample", kind="lock-outdated", reason="uv.lock does not match."),
        Job("3.9", "failure", kind="python-not-found", reason="Where?"),
        job("3.10", absent="1", same="1", twice="1.0"),
        job("3.11", same="1", twice="2.0"),
        Job("3.12", "missing", reason="uv-system-sync-a.json is not valid JSON"),
        job("3.13", absent="1", same="1", twice="1.0")._replace(python=Python("3.11.9", "pypy", "win-amd64")),
    ]
    expected = """\
### The packages of 6 jobs

6 jobs, 2 failed, 1 without a report: 3 packages, 2 not the same in all jobs.

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


def test_builds_of_one_version_with_and_without_the_gil_look_different() -> None:
    jobs = [job("3.13", a="1"), Job("3.13t", "success", PYTHON._replace(version="3.13.4", free_threaded=True), "sample", {"a": "1"})]
    summary = render(compared(jobs))

    assert "| 3.13 | CPython 3.13.4, linux-x86_64 |\n| 3.13t | CPython 3.13.4t, linux-x86_64 |" in summary


def test_without_differences_a_table_has_the_python_and_the_platform_of_each_job() -> None:
    expected = """\
### The packages of 2 jobs

2 jobs: 2 packages, 0 not the same in all jobs.

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

    assert expected == render(compared([job("3.9", a="1", b="2"), job("3.10", a="1", b="2")]))


def test_without_a_job_that_succeeded_there_is_no_table() -> None:
    expected = """\
### The packages of 1 job

1 job, 1 without a report: 0 packages, 0 not the same in all jobs.

- **a** has no report: b
"""

    assert expected == render(compared([Job("a", "missing", reason="b")]))


def test_twelve_jobs_with_300_packages_that_differ_are_shown_whole() -> None:
    jobs = [job(f"3.{minor}", **{f"package-{number}": f"1.{number}.{minor}" for number in range(300)}) for minor in range(12)]
    text = render(compared(jobs))

    assert (300, False) == (text.count("\n| package-"), "more" in text)


def test_the_runner_takes_the_summary_of_as_many_jobs_as_a_matrix_may_have_and_it_counts_the_rest() -> None:
    names = [f"a-package-{number:05}" for number in range(10_000)]
    jobs = [job(f"{index}", **{f"b-{name}": f"{index}.0" for name in names[:500]}, **dict.fromkeys(names, "1.0")) for index in range(256)]
    failed = [Job(f"z{number:05}", "missing", reason="its artifact has no JSON file") for number in range(1500)]
    text = render(compared([*jobs, *failed]))

    assert len(text.encode()) < SUMMARY_LIMIT
    for start, shown, more in (("| a-package", 7500, 2500), ("| b-a-package", 58, 442), ("- **z", 1000, 500)):
        assert (shown, True) == (text.count(f"\n{start}"), f"\n… and {more:,} more\n" in text)

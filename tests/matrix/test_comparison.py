"""The comparison of the jobs of a matrix."""

from __future__ import annotations

import json

import pytest

from tests.matrix import PYTHON
from uv_system_sync.matrix.comparison import Matrix, Row, compared, natural
from uv_system_sync.matrix.reports import Job


def matrix(**packages: dict[str, str]) -> Matrix:
    """Return the comparison of successful jobs with these packages."""
    return compared([Job(name, "success", PYTHON, "sample", found) for name, found in packages.items()])


def test_every_package_of_any_job_has_its_version_in_each() -> None:
    rows = matrix(one={"beta": "1", "alpha": "1"}, two={"alpha": "2"}).differences

    assert (Row("alpha", {"one": "1", "two": "2"}), Row("beta", {"one": "1", "two": None})) == rows


def test_jobs_are_in_the_natural_order_of_their_names() -> None:
    names = ["3.9", "3.10", "3.13", "a-2", "a-10"]

    assert names == [job.name for job in matrix(**{name: {} for name in sorted(names)}).jobs]


@pytest.mark.parametrize("names", [["", "1", "a1", "1a", "a"], ["²", "٣", "9" * 200]], ids=["mixed", "other-digits"])
def test_any_two_names_can_be_compared(names: list[str]) -> None:
    assert sorted(names) == sorted(sorted(names, key=natural))


@pytest.mark.parametrize(
    ("versions", "different", "conflicting"),
    [
        pytest.param(("1", "1"), False, False, id="same"),
        pytest.param(("1", "2"), True, True, id="two-versions"),
        pytest.param(("1", None), True, False, id="absent"),
        pytest.param(("1", None, "2"), True, True, id="both"),
    ],
)
def test_a_missing_package_is_a_difference_and_two_versions_are_a_conflict(
    versions: tuple[str | None, ...], *, different: bool, conflicting: bool
) -> None:
    row = Row("alpha", dict(zip("abc", versions, strict=False)))

    assert (different, conflicting) == (row.different, row.conflicting)


def test_failed_and_missing_jobs_are_counted_and_not_compared() -> None:
    whole = compared([Job("a", "success", PYTHON, "", {"alpha": "1"}), Job("b", "failure", kind="sync-failed"), Job("c", "missing")])

    assert ((Row("alpha", {"a": "1"}),), ()) == (whole.same, whole.differences)
    assert "3 jobs, 1 failed, 1 without a report: 1 package, 0 not the same in all jobs" == whole.sentence()


def test_outputs_have_every_job_and_package_and_the_differences_by_themselves() -> None:
    jobs = [
        Job("3.9", "failure", None, "sample", kind="lock-outdated", reason="No."),
        Job("3.10", "success", PYTHON, "sample", {"alpha": "1", "beta": "1"}),
        Job("3.11", "success", PYTHON, "", {"alpha": "1"}),
        Job("3.12", "missing", reason="nothing"),
    ]
    outputs = compared(jobs).outputs()
    python = {"version": "3.12.4", "implementation": "cpython", "platform": "linux-x86_64", "free_threaded": False}
    error = {"kind": "lock-outdated", "message": "No."}
    beta = {"name": "beta", "versions": {"3.10": "1", "3.11": None}}

    assert ("true", [beta]) == (outputs["different"], json.loads(outputs["differences"]))
    assert {
        "schema": 1,
        "jobs": [
            {"name": "3.9", "outcome": "failure", "python": None, "project": "sample", "error": error},
            {"name": "3.10", "outcome": "success", "python": python, "project": "sample"},
            {"name": "3.11", "outcome": "success", "python": python, "project": None},
            {"name": "3.12", "outcome": "missing", "python": None, "project": None, "reason": "nothing"},
        ],
        "packages": [beta, {"name": "alpha", "versions": {"3.10": "1", "3.11": "1"}}],
        "omitted": {"jobs": 0, "packages": 0},
    } == json.loads(outputs["report"])


def test_an_output_is_one_line_of_ascii() -> None:
    outputs = matrix(**{"a\nb=c\u2028": {"x\r\ny": "é"}, "b": {}}).outputs()

    assert [] == [value for value in outputs.values() if not value.isascii() or not value.isprintable()]


def test_outputs_together_are_below_what_a_job_may_have_and_count_the_rest() -> None:
    many = {f"package-{number:05}": "1.0" for number in range(20_000)}
    failed = [Job(f"z-{number:05}", "failure", kind="sync-failed", reason="x" * 400) for number in range(1000)]
    outputs = compared([Job("one", "success", PYTHON, "", many), Job("two", "success", PYTHON), *failed]).outputs()
    report, differences = json.loads(outputs["report"]), json.loads(outputs["differences"])

    # GitHub takes 1 MB, and approximates the size in UTF-16.
    assert 900_000 < sum(len(f"{name}{value}".encode("utf-16-le")) for name, value in outputs.items()) < 1_000_000
    assert (20_000, 1002) == tuple(len(report[name]) + report["omitted"][name] for name in ("packages", "jobs"))
    assert [row["name"] for row in differences] == list(many)[: len(report["packages"])]


def test_after_a_row_that_does_not_fit_the_rest_is_omitted() -> None:
    report = json.loads(matrix(a={"a": "1", "b": "x" * 160_000, "c": "1"}).outputs()["report"])

    assert (["a"], 2) == ([row["name"] for row in report["packages"]], report["omitted"]["packages"])


def test_a_row_names_some_of_the_jobs_with_each_version() -> None:
    row = Row("alpha", {**dict.fromkeys("abcdef", "1"), "g": None})

    assert "alpha is 1 in a, b, c, d and 2 more; absent in g" == row.sentence()

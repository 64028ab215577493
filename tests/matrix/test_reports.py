"""What is read of the reports of a matrix."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from uv_system_sync.matrix.reports import Job, Python, natural, read

REPORT: dict[str, Any] = {
    "schema": 1,
    "outcome": "success",
    "python": {
        "version": "3.12.4",
        "implementation": "cpython",
        "platform": "linux-x86_64",
        "executable": "/p/python",
        "environment": "/p",
    },
    "uv": "0.13.9",
    "project": {"name": "sample", "directory": "/src/sample"},
    "packages": [{"name": "alpha", "version": "1.0"}],
    "changes": [],
}
FAILURE: dict[str, Any] = {
    "schema": 1,
    "outcome": "failure",
    "error": {"kind": "lock-outdated", "message": "uv.lock does not match.\nMore.", "hint": "Run `uv lock`."},
    "python": None,
    "uv": None,
    "project": None,
}
PYTHON = Python("cpython", "3.12.4", "linux-x86_64")


def hand_on(folder: Path, artifact: str, content: object, name: str = "uv-system-sync-0a.json") -> None:
    """Put `content`, as JSON unless it is text or bytes, into an artifact's folder, or beside those when `artifact` is empty."""
    (folder / artifact).mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode()
    (folder / artifact / name).write_bytes(data)


def test_successful_job(tmp_path: Path) -> None:
    """A job that succeeded has its Python, its project and its packages, and the name of its artifact."""
    hand_on(tmp_path, "linux", REPORT)

    assert (Job("linux", "success", PYTHON, "sample", {"alpha": "1.0"}),) == read(str(tmp_path))


def test_failed_job(tmp_path: Path) -> None:
    """A job that failed has its error's kind and first line."""
    hand_on(tmp_path, "linux", FAILURE)
    hand_on(tmp_path, "mac", {**FAILURE, "python": REPORT["python"], "project": REPORT["project"]})

    linux = Job("linux", "failure", kind="lock-outdated", reason="uv.lock does not match.")
    mac = Job("mac", "failure", PYTHON, "sample", kind="lock-outdated", reason="uv.lock does not match.")
    assert (linux, mac) == read(str(tmp_path))


def test_without_an_outcome(tmp_path: Path) -> None:
    """A report that does not say how the step came out is of one that succeeded."""
    hand_on(tmp_path, "linux", {key: value for key, value in REPORT.items() if key != "outcome"})

    assert ["success"] == [job.outcome for job in read(str(tmp_path))]


def test_order(tmp_path: Path) -> None:
    """Jobs are in the natural order of their names, which are those of the artifacts less what all of ours begin with."""
    for name in ("3.10", "3.9", "3.13", "a-2", "a-10"):
        hand_on(tmp_path, f"uv-system-sync-{name}", REPORT)

    assert ["3.9", "3.10", "3.13", "a-2", "a-10"] == [job.name for job in read(str(tmp_path))]


@pytest.mark.parametrize("names", [["", "1", "a1", "1a", "a"], ["²", "٣", "9" * 200]], ids=["mixed", "other-digits"])
def test_any_names_have_an_order(names: list[str]) -> None:
    """No two names are impossible to compare."""
    assert sorted(names) == sorted(sorted(names, key=natural))


def test_flat(tmp_path: Path) -> None:
    """Files in the folder itself are jobs by their own names, and what is there besides is none of ours."""
    hand_on(tmp_path, "", REPORT, "uv-system-sync-b.json")
    hand_on(tmp_path, "", REPORT, "mine.json")
    hand_on(tmp_path, "", "[]", "uv-system-sync-c.json")
    hand_on(tmp_path, "", "{}", "package.json")
    hand_on(tmp_path, "", "", "readme.txt")

    assert [("b", "success"), ("c", "missing"), ("mine", "success")] == [(job.name, job.outcome) for job in read(str(tmp_path))]


def test_several_reports_of_one_project(tmp_path: Path) -> None:
    """Each report in an artifact is a job, and the second of a name has a number."""
    hand_on(tmp_path, "linux", REPORT, "uv-system-sync-a.json")
    hand_on(tmp_path, "linux", REPORT, "uv-system-sync-b.json")

    assert ["linux", "linux (2)"] == [job.name for job in read(str(tmp_path))]


def test_several_projects(tmp_path: Path) -> None:
    """The projects of several reports in an artifact tell them apart."""
    for name in ("web", "api"):
        hand_on(tmp_path, "linux", {**REPORT, "project": {"name": name}}, f"uv-system-sync-{name}.json")

    assert ["linux (api)", "linux (web)"] == [job.name for job in read(str(tmp_path))]


def test_two_jobs_of_one_name(tmp_path: Path) -> None:
    """Artifacts whose names come to the same are both there, and the second has a number."""
    for name in ("3.9", "uv-system-sync-3.9", "3.9 (2)"):
        hand_on(tmp_path, name, REPORT)

    assert ["3.9", "3.9 (2)", "3.9 (2) (2)"] == [job.name for job in read(str(tmp_path))]


def test_report_below_the_artifact(tmp_path: Path) -> None:
    """A report is found at any depth of its artifact, beside files of others."""
    hand_on(tmp_path, "linux/temp/deep", REPORT)
    hand_on(tmp_path, "linux", "{}", "coverage.json")

    assert [("linux", "success")] == [(job.name, job.outcome) for job in read(str(tmp_path))]


def test_names_of_packages(tmp_path: Path) -> None:
    """Names of packages are normalized."""
    hand_on(tmp_path, "linux", {**REPORT, "packages": [{"name": "Ruamel.Yaml_x", "version": "1"}]})

    assert [{"ruamel-yaml-x": "1"}] == [job.packages for job in read(str(tmp_path))]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("", "is not valid JSON", id="empty"),
        pytest.param(b"\xff\xfe\x00", "is not valid JSON", id="bytes"),
        pytest.param("[" * 200_000, "is nested too deeply", id="deep"),
        pytest.param("[]", "is no report of schema 1", id="list"),
        pytest.param("null", "is no report of schema 1", id="null"),
        pytest.param('"schema"', "is no report of schema 1", id="text"),
        pytest.param("{}", "is no report of schema 1", id="foreign"),
        pytest.param({**REPORT, "schema": 2}, "has schema 2, and this version of the action reads schema 1", id="newer"),
        pytest.param({**REPORT, "schema": True}, "is no report of schema 1", id="true"),
        pytest.param('{"schema": %s}' % ("1" * 1_000_000), "has schema inf, and this version of the action reads schema 1", id="digits"),
        pytest.param({**REPORT, "outcome": "maybe"}, "is no report of schema 1", id="outcome"),
        pytest.param({**REPORT, "python": None}, "is no report of schema 1", id="success-without-python"),
        pytest.param({**REPORT, "packages": {"alpha": "1.0"}}, "is no report of schema 1", id="packages"),
        pytest.param({**REPORT, "packages": [{"name": "alpha"}]}, "is no report of schema 1", id="no-version"),
        pytest.param({**REPORT, "packages": [{"name": "a", "version": 1}]}, "is no report of schema 1", id="number"),
        pytest.param({**REPORT, "packages": [{"name": "a", "version": "1" * 256}]}, "is no report of schema 1", id="long"),
        pytest.param({**FAILURE, "error": None}, "is no report of schema 1", id="failure-without-error"),
        pytest.param({**FAILURE, "error": {"kind": "x", "message": 1}}, "is no report of schema 1", id="message"),
        pytest.param(" " * (8 * 1024 * 1024 + 1), "is larger than 8 MiB", id="huge"),
    ],
)
def test_no_report(tmp_path: Path, content: object, reason: str) -> None:
    """A job whose artifact has no report that can be read is missing, and the reason names the file."""
    hand_on(tmp_path, "linux", content)

    assert (Job("linux", "missing", reason=f"uv-system-sync-0a.json {reason}"),) == read(str(tmp_path))


def test_empty_artifact(tmp_path: Path) -> None:
    """A job whose artifact has nothing of the kind is missing."""
    (tmp_path / "linux").mkdir()

    assert (Job("linux", "missing", reason="its artifact has no file of JSON"),) == read(str(tmp_path))


def test_broken_report_beside_a_good_one(tmp_path: Path) -> None:
    """A broken file of ours is not forgotten because another one can be read."""
    hand_on(tmp_path, "linux", REPORT, "uv-system-sync-a.json")
    hand_on(tmp_path, "linux", "{", "uv-system-sync-b.json")

    reasons = [(job.name, job.reason) for job in read(str(tmp_path))]
    assert sorted([("linux (sample)", ""), ("linux", "uv-system-sync-b.json is not valid JSON")]) == sorted(reasons)


@pytest.mark.skipif(os.name == "nt", reason="only POSIX has named pipes")
def test_pipe(tmp_path: Path) -> None:
    """What is no file is not waited for."""
    (tmp_path / "linux").mkdir()
    os.mkfifo(tmp_path / "linux" / "a.json")

    assert ["a.json is not a file"] == [job.reason for job in read(str(tmp_path))]


def test_long_message(tmp_path: Path) -> None:
    """Of a message without an end, there is the beginning."""
    hand_on(tmp_path, "linux", {**FAILURE, "error": {"kind": "sync-failed", "message": "a" * 1000}})

    assert [f"{'a' * 510}…"] == [job.reason for job in read(str(tmp_path))]

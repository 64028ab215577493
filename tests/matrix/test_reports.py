"""Reading the reports of the jobs of a matrix; tests/fuzz/test_matrix.py reads arbitrary files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.matrix import FAILURE, PYTHON, REPORT, write_report
from uv_system_sync.matrix.reports import Job, read

FOREIGN = "is not a report of schema 1"


def test_a_job_that_succeeded_has_its_python_project_and_packages(tmp_path: Path) -> None:
    write_report(tmp_path, "linux", REPORT)

    assert [Job("linux", "success", PYTHON, "sample", {"alpha": "1.0"})] == read(str(tmp_path))


def test_a_job_that_failed_has_the_kind_and_the_first_line_of_its_error(tmp_path: Path) -> None:
    write_report(tmp_path, "linux", FAILURE)
    write_report(tmp_path, "mac", {**FAILURE, "python": REPORT["python"], "project": REPORT["project"]})

    linux = Job("linux", "failure", kind="lock-outdated", reason="uv.lock does not match.")
    mac = Job("mac", "failure", PYTHON, "sample", kind="lock-outdated", reason="uv.lock does not match.")
    assert [linux, mac] == read(str(tmp_path))


def test_a_python_is_free_threaded_only_if_its_report_says_so(tmp_path: Path) -> None:
    for name, value in {"a": True, "b": False, "c": "true"}.items():
        write_report(tmp_path, name, {**REPORT, "python": {**REPORT["python"], "free_threaded": value}})

    assert [True, False, False] == [job.python is not None and job.python.free_threaded for job in read(str(tmp_path))]


def test_a_report_without_an_outcome_is_of_a_job_that_succeeded(tmp_path: Path) -> None:
    write_report(tmp_path, "linux", {key: value for key, value in REPORT.items() if key != "outcome"})

    assert ["success"] == [job.outcome for job in read(str(tmp_path))]


def test_files_in_the_folder_itself_are_jobs_if_they_are_reports_or_named_like_reports(tmp_path: Path) -> None:
    write_report(tmp_path, "", REPORT, "uv-system-sync-b.json")
    write_report(tmp_path, "", REPORT, "mine.json")
    write_report(tmp_path, "", "[]", "uv-system-sync-c.json")
    write_report(tmp_path, "", "{}", "package.json")
    write_report(tmp_path, "", "", "readme.txt")

    assert [("mine", "success"), ("b", "success"), ("c", "missing")] == [(job.name, job.outcome) for job in read(str(tmp_path))]


def test_each_report_in_an_artifact_is_a_job_and_the_second_of_a_name_has_a_number(tmp_path: Path) -> None:
    write_report(tmp_path, "linux", REPORT, "uv-system-sync-a.json")
    write_report(tmp_path, "linux", REPORT, "uv-system-sync-b.json")

    assert ["linux", "linux (2)"] == [job.name for job in read(str(tmp_path))]


def test_jobs_of_several_projects_in_an_artifact_have_their_names(tmp_path: Path) -> None:
    for name in ("web", "api"):
        write_report(tmp_path, "linux", {**REPORT, "project": {"name": name}}, f"uv-system-sync-{name}.json")

    assert ["linux (api)", "linux (web)"] == [job.name for job in read(str(tmp_path))]


def test_artifacts_with_one_name_without_the_prefix_are_two_jobs(tmp_path: Path) -> None:
    for name in ("3.9", "uv-system-sync-3.9", "3.9 (2)"):
        write_report(tmp_path, name, REPORT)

    assert ["3.9", "3.9 (2)", "3.9 (3)"] == [job.name for job in read(str(tmp_path))]


def test_a_report_is_found_at_any_depth_beside_other_files(tmp_path: Path) -> None:
    write_report(tmp_path, "linux/temp/deep", REPORT)
    write_report(tmp_path, "linux", "{}", "coverage.json")

    assert [("linux", "success")] == [(job.name, job.outcome) for job in read(str(tmp_path))]


def test_names_of_packages_are_normalized(tmp_path: Path) -> None:
    write_report(tmp_path, "linux", {**REPORT, "packages": [{"name": "Ruamel.Yaml_x", "version": "1"}]})

    assert [{"ruamel-yaml-x": "1"}] == [job.packages for job in read(str(tmp_path))]


def test_seed_packages_that_are_not_in_the_lock_are_left_out(tmp_path: Path) -> None:
    packages = [{"name": name, "version": "1"} for name in ("alpha", "pip", "Setup_Tools")]
    write_report(tmp_path, "linux", {**REPORT, "packages": packages, "seeds": ["pip", "setup-tools", "wheel"]})

    assert [{"alpha": "1"}] == [job.packages for job in read(str(tmp_path))]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        *(("", "is not valid JSON"), (b"\xff\xfe\x00", "is not valid JSON")),
        pytest.param("[" * 200_000, "is nested too deeply", id="deep"),
        pytest.param(" " * (8 * 1024 * 1024 + 1), "is larger than 8 MiB", id="huge"),
        pytest.param({**REPORT, "schema": 2}, "has schema 2, and this version of the action reads schema 1", id="newer"),
        pytest.param('{"schema": %s}' % ("1" * 1_000_000), FOREIGN, id="digits"),
        *((content, FOREIGN) for content in ("[]", "null", '"schema"', "{}")),
        *(({**REPORT, name: value}, FOREIGN) for name, value in (("schema", True), ("outcome", "maybe"), ("python", None))),
        *(({**REPORT, "packages": packages}, FOREIGN) for packages in ({"alpha": "1.0"}, [{"name": "alpha"}])),
        *(({**REPORT, "packages": [{"name": "a", "version": version}]}, FOREIGN) for version in (1, "1" * 256)),
        *(({**REPORT, "seeds": seeds}, FOREIGN) for seeds in (1, [1])),
        *(({**FAILURE, "error": error}, FOREIGN) for error in (None, {"kind": "x", "message": 1})),
    ],
)
def test_a_job_without_a_report_that_can_be_read_is_missing_and_the_reason_names_the_file(
    tmp_path: Path, content: object, reason: str
) -> None:
    write_report(tmp_path, "linux", content)

    assert [Job("linux", "missing", reason=f"uv-system-sync-0a.json {reason}")] == read(str(tmp_path))


def test_a_job_with_an_empty_artifact_is_missing(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()

    assert [Job("linux", "missing", reason="its artifact has no JSON file")] == read(str(tmp_path))


def test_a_malformed_report_beside_a_valid_one_is_a_job(tmp_path: Path) -> None:
    write_report(tmp_path, "linux", REPORT, "uv-system-sync-a.json")
    write_report(tmp_path, "linux", "{", "uv-system-sync-b.json")

    reasons = [(job.name, job.reason) for job in read(str(tmp_path))]
    assert sorted([("linux (sample)", ""), ("linux", "uv-system-sync-b.json is not valid JSON")]) == sorted(reasons)


@pytest.mark.skipif(os.name == "nt", reason="only POSIX has named pipes")
def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    os.mkfifo(tmp_path / "linux" / "a.json")

    assert ["a.json is not a file"] == [job.reason for job in read(str(tmp_path))]


def test_a_very_long_message_is_cut(tmp_path: Path) -> None:
    write_report(tmp_path, "linux", {**FAILURE, "error": {"kind": "sync-failed", "message": "a" * 1000}})

    assert ["a" * 510] == [job.reason for job in read(str(tmp_path))]

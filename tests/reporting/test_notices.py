"""Notices on a sync that succeeded."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET
from uv_system_sync.interpreter.repair import Broken
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.project.pyproject import Project
from uv_system_sync.reporting import notices
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.report import Report, file_name
from uv_system_sync.reporting.reporter import Notice
from uv_system_sync.text import Message, Option

REPORT = Report(RunContext(), TARGET, PROJECT, (), ())


def found(report: Report, environ: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> list[Notice]:
    """Return the notices on `report`."""
    return list(notices.notices(report, outputs or {}, environ or {}))


def values(notice: Notice) -> dict[str, object]:
    """Return the values in `notice`, with those of a message in it."""
    inner = [value.values for value in notice.message.values.values() if isinstance(value, Message)]
    return {name: value for one in (notice.message.values, *inner) for name, value in one.items()}


def test_an_ordinary_sync_has_no_notice() -> None:
    changes = (Change("a", "installed", "1.0", None), Change("b", "updated", "2.0", "1.0"))

    assert [] == found(REPORT._replace(packages=(Package("a", "1.0"),), changes=changes), outputs={"packages": "[]"})


def test_repaired_packages_are_named_with_the_reason() -> None:
    (notice,) = found(REPORT._replace(repaired=(Broken("a", "/a", "no RECORD"), Broken("b", "/b", "no METADATA"))))

    assert ("packages-repaired", "a (no RECORD), b (no METADATA)") == (notice.title, values(notice)["packages"])


@pytest.mark.parametrize(
    "pin",
    [
        *("", "3", "3.12", "3.12.4", "cpython-3.12", "cpython@3.12.4", "cpython3.12"),
        # More than a version is not understood here.
        *(">=3.13", "==3.13.*", "3.13,<4", "/opt/other/bin/python3.13", "cpython", "cpython-3.13.0-linux-x86_64-gnu", "python3.13"),
        "my-environment-3.13",
    ],
)
def test_a_pin_that_the_target_satisfies_or_that_is_no_version_has_no_notice(pin: str) -> None:
    assert [] == found(REPORT._replace(project=PROJECT._replace(pinned=pin)), {"UV_PYTHON": pin})


@pytest.mark.parametrize(
    "pin", ["3.1", "3.13", "3.12.40", "3.12.4.1", "2", "3.12.5", "cpython-3.11", "cpython@3.1", "pypy3.12", "pypy@3.12"]
)
@pytest.mark.parametrize("source", [".python-version", "UV_PYTHON"])
def test_a_pin_of_another_version_has_a_notice(source: str, pin: str) -> None:
    project = PROJECT._replace(pinned=pin if source == ".python-version" else "")
    (notice,) = found(REPORT._replace(project=project), {"UV_PYTHON": pin} if source == "UV_PYTHON" else {})

    assert ("python-chosen", "3.12.4") == (notice.title, values(notice)["version"])
    assert f"{source} says {pin}" == values(notice)["reasons"]


@pytest.mark.parametrize(
    ("project", "environ", "named"),
    [
        pytest.param(PROJECT._replace(prefers_managed=True), {}, ["python-preference"], id="preference"),
        pytest.param(
            PROJECT._replace(pinned="3.9", prefers_managed=True),
            {"UV_PYTHON": "3.10"},
            [".python-version says 3.9", "UV_PYTHON says 3.10", "python-preference"],
            id="all",
        ),
    ],
)
def test_all_settings_for_another_python_are_in_one_notice(project: Project, environ: dict[str, str], named: list[str]) -> None:
    (notice,) = found(REPORT._replace(project=project), environ)
    reasons = str(values(notice)["reasons"]).split(" and ")

    assert "python-chosen" == notice.title
    assert all(name in reason for name, reason in zip(named, reasons, strict=True))


def removed(*names: str) -> Report:
    """Return the report of a sync that has removed version 1.0 of each of `names`."""
    return REPORT._replace(changes=tuple(Change(name, "removed", None, "1.0") for name in names))


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        pytest.param(["a"], "a 1.0", id="one"),
        pytest.param(["a", "b"], "a 1.0, b 1.0", id="two"),
        pytest.param(["a"] * 21, f"{', '.join(['a 1.0'] * 20)} and 1 more", id="many"),
    ],
)
def test_removed_packages_are_named_with_the_option_that_keeps_them(names: list[str], listed: str) -> None:
    (notice,) = found(removed(*names))

    assert ("packages-removed", listed) == (notice.title, values(notice)["packages"])
    assert Option("inexact", "true") in values(notice).values()


def test_packages_that_an_earlier_step_of_the_job_has_installed_are_removed_without_notice(tmp_path: Path) -> None:
    earlier = {"python": {"environment": TARGET.prefix}, "changes": [{"name": "ours", "action": "installed"}]}
    (tmp_path / file_name()).write_text(json.dumps(earlier), encoding="utf-8")
    (notice,) = found(removed("a", "ours", "b"), {"RUNNER_TEMP": str(tmp_path)})

    assert "a 1.0, b 1.0" == values(notice)["packages"]
    assert [] == found(removed("ours"), {"RUNNER_TEMP": str(tmp_path)})


LINK = Package("sample", "0.1", url="file:///src/sample", editable=True)


@pytest.fixture
def cached(tmp_path: Path) -> Report:
    """The report of a sync that has left a link in a Python of the tool cache `cache`."""
    prefix = tmp_path / "cache" / "Python" / "3.12.4" / "x64"
    prefix.mkdir(parents=True)
    return REPORT._replace(target=TARGET._replace(prefix=str(prefix)), packages=(Package("other", "1.0"), LINK))


def self_hosted(tmp_path: Path, **environ: str) -> dict[str, str]:
    """Return the variables of a self-hosted runner with the tool cache `cache`, changed as `environ` has it."""
    return {"RUNNER_ENVIRONMENT": "self-hosted", "RUNNER_TOOL_CACHE": str(tmp_path / "cache"), **environ}


def test_links_to_the_checkout_in_a_python_of_other_jobs_have_a_notice(tmp_path: Path, cached: Report) -> None:
    (notice,) = found(cached._replace(packages=(*cached.packages, LINK._replace(name="second"))), self_hosted(tmp_path))

    assert "shared-python" == notice.title
    assert (cached.target.prefix, "sample, second") == (values(notice)["prefix"], values(notice)["packages"])
    assert [Option("no-editable", "true"), Option("python")] == [it for it in values(notice).values() if isinstance(it, Option)]


@pytest.mark.parametrize(
    ("environ", "link"),
    [
        pytest.param({"RUNNER_TOOL_CACHE": "", "AGENT_TOOLSDIRECTORY": "{}/cache"}, None, id="by-its-older-name"),
        pytest.param(
            {"RUNNER_TOOL_CACHE": "{}/link"},
            "cache",
            id="by-a-link",
            marks=pytest.mark.skipif(os.name == "nt", reason="not everyone may create links on Windows"),
        ),
    ],
)
def test_the_tool_cache_is_found(tmp_path: Path, cached: Report, environ: dict[str, str], link: str | None) -> None:
    if link:
        (tmp_path / "link").symlink_to(link)
    environ = {name: value.format(tmp_path) for name, value in environ.items()}

    assert ["shared-python"] == [notice.title for notice in found(cached, self_hosted(tmp_path, **environ))]


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"RUNNER_ENVIRONMENT": "github-hosted"}, id="machine-of-this-job-only"),
        pytest.param({"RUNNER_ENVIRONMENT": ""}, id="unknown-machine"),
        pytest.param({"RUNNER_TOOL_CACHE": ""}, id="no-tool-cache"),
        pytest.param({"RUNNER_TOOL_CACHE": "/elsewhere"}, id="another-folder"),
        pytest.param({"RUNNER_TOOL_CACHE": "elsewhere"}, id="a-relative-folder"),
    ],
)
def test_what_no_other_job_gets_has_no_notice(
    tmp_path: Path, cached: Report, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A variable without a path does not mean the current folder.
    monkeypatch.chdir(tmp_path)

    assert [] == found(cached, self_hosted(tmp_path, **environ))


@pytest.mark.parametrize("prefix", ["cache-of-the-job", "elsewhere"])
def test_a_python_outside_the_tool_cache_has_no_notice(tmp_path: Path, cached: Report, prefix: str) -> None:
    (tmp_path / prefix).mkdir()
    report = cached._replace(target=TARGET._replace(prefix=str(tmp_path / prefix)))

    assert [] == found(report, self_hosted(tmp_path))


def test_copies_in_a_python_of_other_jobs_have_no_notice(tmp_path: Path, cached: Report) -> None:
    assert [] == found(cached._replace(packages=(LINK._replace(editable=False), Package("other", "1.0"))), self_hosted(tmp_path))


def test_an_output_that_is_too_long_has_a_notice() -> None:
    (notice,) = found(REPORT, outputs={"packages": "null", "changes": "[]"})

    assert ("output-omitted", "packages") == (notice.title, values(notice)["name"])


def test_notices_come_in_a_fixed_order(tmp_path: Path, cached: Report) -> None:
    report = cached._replace(
        project=PROJECT._replace(pinned="3.9"), changes=removed("a").changes, repaired=(Broken("b", "/b", "no RECORD"),)
    )

    assert ["packages-repaired", "python-chosen", "packages-removed", "shared-python", "output-omitted"] == [
        notice.title for notice in found(report, self_hosted(tmp_path), {"packages": "null"})
    ]

"""The notices on a successful sync."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support import PROJECT, TARGET, step_inputs
from uv_system_sync.errors import SyncFailed
from uv_system_sync.interpreter.repair import Broken
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.reporting import notices
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.report import Report, failure, file_name
from uv_system_sync.text import Option, by_name, message
from uv_system_sync.uv.built_wheels import BuiltWheels

REPORT = Report(RunContext(), TARGET, PROJECT, (), ())


def found(report: Report, environ: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Return the title and the values of each notice on `report`."""
    return [(notice.title, dict(notice.message.values)) for notice in notices.notices(report, outputs or {}, environ or {})]


def test_an_ordinary_sync_has_no_notice() -> None:
    changes = (Change("a", "installed", "1.0", None), Change("b", "updated", "2.0", "1.0"))

    assert [] == found(REPORT._replace(packages=(Package("a", "1.0"),), changes=changes), outputs={"packages": "[]"})


def test_an_unusable_cache_has_a_notice_with_the_reason() -> None:
    problem = message("it is full")
    context = RunContext()
    context.built_wheels = BuiltWheels("key", "/folder", was_restored=False)
    assert [] == found(REPORT._replace(context=context))

    context.built_wheels.problem = problem
    assert [("cache-unusable", {"problem": problem})] == found(REPORT._replace(context=context))


def test_repaired_packages_have_a_notice_with_the_reasons() -> None:
    broken = (Broken("a", "/a", "no RECORD"), Broken("b", "/b", "no METADATA"))

    assert [("packages-repaired", {"packages": "a (no RECORD), b (no METADATA)"})] == found(REPORT._replace(repaired=broken))


@pytest.mark.parametrize(
    "pin",
    [
        *("", "3", "3.12", "3.12.4"),
        # Anything but a plain version is ignored.
        *(">=3.13", "==3.13.*", "3.13,<4", "/opt/other/bin/python3.13", "pypy", "cpython-3.13.0-linux-x86_64-gnu", "python3.13"),
    ],
)
def test_a_pin_that_the_target_satisfies_or_that_is_not_a_version_has_no_notice(pin: str) -> None:
    assert [] == found(REPORT._replace(project=PROJECT._replace(pinned=pin)), {"UV_PYTHON": pin})


@pytest.mark.parametrize("pin", ["3.1", "3.13", "3.12.40", "3.12.4.1", "2", "3.12.5"])
def test_each_setting_that_requests_another_version_has_a_notice(pin: str) -> None:
    report = REPORT._replace(project=PROJECT._replace(pinned=pin, prefers_managed=True))

    assert [
        ("python-chosen", {"version": "3.12.4", "source": ".python-version", "wanted": pin}),
        ("python-chosen", {"version": "3.12.4", "source": "UV_PYTHON", "wanted": pin}),
        ("python-chosen", {"version": "3.12.4"}),
    ] == found(report, {"UV_PYTHON": pin})


def removed(*names: str) -> Report:
    """Return the report of a sync that removed version 1.0 of the packages `names`."""
    return REPORT._replace(changes=tuple(Change(name, "removed", None, "1.0") for name in names))


def test_removed_packages_have_a_notice_with_the_option_that_keeps_them() -> None:
    listed = f"{', '.join(['a 1.0'] * 20)} and 1 more"

    assert [("packages-removed", {"packages": listed, "inexact": Option("inexact", "true")})] == found(removed(*["a"] * 21))


def test_removed_packages_have_no_notice_if_the_user_asked_to_remove_them() -> None:
    context = RunContext()
    context.asked_to_remove = True

    assert [] == found(removed("a")._replace(context=context))


_FIRST = Report(RunContext(step_inputs(groups="docs"), TARGET, PROJECT), TARGET, PROJECT, (Package("ours", "1.0"),), ())
_INSTALLED = _FIRST._replace(changes=(Change("ours", "installed", "1.0", None),))


def after(earlier: Report | str, later: Report, temp: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the notices on `later` in a job whose previous step left the report `earlier`, which is text if the step failed."""
    text = earlier if isinstance(earlier, str) else json.dumps(earlier.as_json())
    (temp / file_name()).write_text(text, encoding="utf-8")
    return found(later, {"RUNNER_TEMP": str(temp)})


def test_removing_the_packages_of_another_selection_has_a_notice_with_both_selections(tmp_path: Path) -> None:
    later = removed("a", "ours", "b")._replace(context=RunContext(step_inputs(groups="lint")))
    undone = {"now": "groups lint", "before": "groups docs", "packages": "ours 1.0", "inexact": Option("inexact", "true")}

    removal, notice = after(_INSTALLED, later, tmp_path)

    assert ("packages-removed", "a 1.0, b 1.0") == (removal[0], removal[1]["packages"])
    assert ("earlier-step-undone", undone) == notice


def test_removing_the_packages_of_another_project_has_a_notice_with_both_folders(tmp_path: Path) -> None:
    other = PROJECT._replace(directory="/src/other")
    later = removed("ours")._replace(context=RunContext(step_inputs(groups="docs")), project=other)
    ((title, values),) = after(_INSTALLED, later, tmp_path)

    assert ("earlier-step-undone", "groups docs of /src/other", f"groups docs of {PROJECT.directory}") == (
        title,
        values["now"],
        values["before"],
    )


def test_removing_the_packages_of_the_same_selection_has_no_notice(tmp_path: Path) -> None:
    """The selection is the same, so uv.lock has changed."""
    assert [] == after(_INSTALLED, removed("ours")._replace(context=_FIRST.context), tmp_path)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (Change("ours", "installed", "1.0", None), "ours 1.0 (removed)"),
        (Change("ours", "updated", "1.0", "2.0"), "ours 1.0 (changed to 2.0)"),
        (Change("ours", "updated", "2.0", "1.0"), None),
        (Change("another", "installed", "1.0", None), None),
    ],
    ids=["gone", "changed", "updated by this step", "new"],
)
def test_packages_that_something_else_changed_between_two_steps_have_a_notice(tmp_path: Path, change: Change, shown: str | None) -> None:
    expected = [("changed-between-steps", {"prefix": TARGET.prefix, "packages": shown})] if shown else []

    assert expected == after(_FIRST, _FIRST._replace(changes=(change,)), tmp_path)


def test_packages_that_a_failed_or_interrupted_sync_may_have_changed_have_no_notice(tmp_path: Path) -> None:
    later = _FIRST._replace(changes=(Change("ours", "installed", "1.0", None),))

    assert [] == after(_FIRST, later._replace(was_unfinished=True), tmp_path)
    assert [] == after(failure(SyncFailed("x.", "y."), _FIRST.context, by_name), later, tmp_path)


LINK = Package("sample", "0.1", url="file:///src/sample", editable=True)


@pytest.fixture
def cached(tmp_path: Path) -> Report:
    """The report of a sync that installed an editable package into a Python of the tool cache `cache`."""
    prefix = tmp_path / "cache" / "Python" / "3.12.4" / "x64"
    prefix.mkdir(parents=True)
    return REPORT._replace(target=TARGET._replace(prefix=str(prefix)), packages=(Package("other", "1.0"), LINK))


def self_hosted(tmp_path: Path, **environ: str) -> dict[str, str]:
    """Return the variables of a self-hosted runner with the tool cache `cache`, updated with `environ`."""
    return {"RUNNER_ENVIRONMENT": "self-hosted", "RUNNER_TOOL_CACHE": str(tmp_path / "cache"), **environ}


def test_editable_packages_in_a_shared_python_have_a_notice(tmp_path: Path, cached: Report) -> None:
    options = {"no_editable": Option("no-editable", "true"), "python": Option("python")}
    report = cached._replace(packages=(*cached.packages, LINK._replace(name="second")))

    expected = [("shared-python", {"prefix": cached.target.prefix, "packages": "sample, second", **options})]
    assert expected == found(report, self_hosted(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="creating links needs a privilege on Windows")
def test_the_tool_cache_may_be_a_link(tmp_path: Path, cached: Report) -> None:
    (tmp_path / "link").symlink_to("cache")

    assert ["shared-python"] == [title for title, _ in found(cached, self_hosted(tmp_path, RUNNER_TOOL_CACHE=str(tmp_path / "link")))]


@pytest.mark.parametrize(
    "environ",
    [
        *({"RUNNER_ENVIRONMENT": "github-hosted"}, {"RUNNER_ENVIRONMENT": ""}),
        # An empty or relative path does not mean the current folder.
        *({"RUNNER_TOOL_CACHE": ""}, {"RUNNER_TOOL_CACHE": "/elsewhere"}, {"RUNNER_TOOL_CACHE": "elsewhere"}),
    ],
    ids=str,
)
def test_editable_packages_in_a_python_that_is_not_shared_have_no_notice(
    tmp_path: Path, cached: Report, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert [] == found(cached, self_hosted(tmp_path, **environ))


def test_a_python_outside_the_tool_cache_and_packages_that_are_not_editable_have_no_notice(tmp_path: Path, cached: Report) -> None:
    (tmp_path / "cache-of-the-job").mkdir()
    outside = cached._replace(target=TARGET._replace(prefix=str(tmp_path / "cache-of-the-job")))
    copies = cached._replace(packages=(LINK._replace(editable=False), Package("other", "1.0")))

    assert ([], []) == (found(outside, self_hosted(tmp_path)), found(copies, self_hosted(tmp_path)))


def test_an_output_that_is_too_long_has_a_notice() -> None:
    assert [("output-omitted", {"name": "packages"})] == found(REPORT, outputs={"packages": "null", "changes": "[]"})

"""Reading the reports of earlier steps."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET, step_inputs
from uv_system_sync.errors import SyncFailed
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.reporting import report
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.earlier import Earlier, changed, read
from uv_system_sync.reporting.report import Report, file_name
from uv_system_sync.text import by_name

_CONTEXT = RunContext(step_inputs(groups="docs", args="--index https://user:hunter22@host/simple"), TARGET, PROJECT, "0.13.9")
_CHANGES = (
    Change("alpha", "updated", "2.0", "1.0"),
    Change("beta", "removed", None, "1.0"),
    Change("sample", "installed", "0.1", None),
)
_REPORT = Report(_CONTEXT, TARGET, PROJECT, (Package("alpha", "2.0"), Package("kept", "3"), Package("sample", "0.1")), _CHANGES)
_READ = Earlier(
    TARGET.prefix,
    PROJECT.directory,
    "groups docs; --index https://host/simple",
    {"alpha": "2.0", "kept": "3", "sample": "0.1"},
    frozenset({"alpha", "sample"}),
    has_changed=True,
    has_failed=False,
)


def _earlier(folder: Path, *reports: object) -> list[Earlier]:
    """Write `reports`, as text or as JSON values, to `folder` in this order, and return what is read from them."""
    for number, found in enumerate(reports):
        path = folder / file_name()
        path.write_text(found if isinstance(found, str) else json.dumps(found), encoding="utf-8")
        os.utime(path, (number, number))
    return read(str(folder), TARGET.prefix)


def test_reports_are_read_from_the_oldest_to_the_newest(tmp_path: Path) -> None:
    folder = tmp_path / "a[b]*"
    folder.mkdir()
    texts = [{**_REPORT.as_json(), "selection": f"groups {number}"} for number in range(5)]

    assert [f"groups {number}" for number in range(5)] == [found.selection for found in _earlier(folder, *texts)]


def test_a_report_has_the_selection_and_the_installed_packages(tmp_path: Path) -> None:
    assert [_READ] == _earlier(tmp_path, _REPORT.as_json())


def test_the_report_of_a_failure_has_no_packages(tmp_path: Path) -> None:
    (found,) = _earlier(tmp_path, report.failure(SyncFailed("x.", "y."), _CONTEXT, by_name))

    assert Earlier(TARGET.prefix, _READ.directory, _READ.selection, {}, frozenset(), has_changed=True, has_failed=True) == found


def test_a_report_on_another_python_is_ignored(tmp_path: Path) -> None:
    elsewhere = _REPORT._replace(context=RunContext(target=TARGET._replace(prefix="/opt/other")))

    assert [] == _earlier(tmp_path, elsewhere.as_json(), report.failure(SyncFailed("x.", "y."), RunContext(), by_name))


def test_a_sync_that_changed_packages_or_failed_has_changed_its_environment(tmp_path: Path) -> None:
    same = _REPORT._replace(context=RunContext(target=TARGET._replace(prefix="/opt/same")), changes=())
    failed = report.failure(SyncFailed("x.", "y."), RunContext(target=TARGET._replace(prefix="/opt/failed")), by_name)
    _earlier(tmp_path, _REPORT.as_json(), same.as_json(), failed)

    assert {TARGET.prefix, "/opt/failed"} == changed(str(tmp_path))


def test_a_folder_without_reports_has_no_earlier_syncs(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps(_REPORT.as_json()), encoding="utf-8")

    assert [[]] * 3 == [read(folder, TARGET.prefix) for folder in (str(tmp_path), str(tmp_path / "missing"), "")]


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", "1", pytest.param("[" * 100_000, id="nested-too-deeply"), {"python": [], "changes": []}),
        *({"python": {"environment": TARGET.prefix}, "changes": changes} for changes in ([1], None)),
        {"python": {"environment": TARGET.prefix}, "changes": [], "project": 1},
    ],
)
def test_a_file_that_is_not_a_report_is_ignored(tmp_path: Path, content: object) -> None:
    assert [_READ] == _earlier(tmp_path, content, _REPORT.as_json())


def test_a_file_that_cannot_be_read_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "uv-system-sync-folder.json").mkdir()
    (tmp_path / "uv-system-sync-binary.json").write_bytes(b"\xff")

    assert [_READ] == _earlier(tmp_path, _REPORT.as_json())

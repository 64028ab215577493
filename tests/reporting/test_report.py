"""The record of a run: its report and its outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET, step_inputs
from uv_system_sync import environment
from uv_system_sync.errors import LockMissing
from uv_system_sync.interpreter.repair import Broken
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.project.lockfile import Lockfile
from uv_system_sync.reporting.context import RunContext, Timings
from uv_system_sync.reporting.report import OUTPUT_LIMIT, Report, failure, file_name
from uv_system_sync.text import Option, by_name
from uv_system_sync.uv.built_wheels import BuiltWheels

PACKAGES = (Package("alpha", "2.0"), Package("sample", "0.1", url="file:///src/sample", editable=True))
CHANGES = (
    Change("alpha", "updated", "2.0", "1.0"),
    Change("beta", "removed", None, "1.0"),
    Change("sample", "installed", "0.1", None),
)
JSON_PACKAGES = [
    {"name": "alpha", "version": "2.0"},
    {"name": "sample", "version": "0.1", "url": "file:///src/sample", "editable": True},
]
JSON_CHANGES = [
    {"name": "alpha", "action": "updated", "version": "2.0", "previous": "1.0"},
    {"name": "beta", "action": "removed", "version": None, "previous": "1.0"},
    {"name": "sample", "action": "installed", "version": "0.1", "previous": None},
]


def report(packages: tuple[Package, ...] = PACKAGES, changes: tuple[Change, ...] = CHANGES, seconds: float = 1.23456) -> Report:
    """Return the report of a sync that took twice `seconds`, half of them in uv."""
    context = RunContext(step_inputs(), TARGET, PROJECT, "0.13.9")
    times = iter([0.0, seconds, 2 * seconds])
    context.timings = Timings(lambda: next(times))
    for name in ("uv", "after"):
        context.timings.end(name)
    return Report(context, TARGET, PROJECT, packages, changes)


@pytest.mark.parametrize(
    ("packages", "changes", "seconds", "expected"),
    [
        pytest.param(PACKAGES, CHANGES, 1.0, "2 packages: 1 installed, 1 updated, 1 removed in 1.0 s", id="all-changes"),
        pytest.param(PACKAGES[:1], CHANGES[1:2] * 2, 83.26, "1 package: 2 removed in 83.3 s", id="one-package"),
        pytest.param((), (), 0.999, "0 packages: nothing changed in 999 ms", id="no-package"),
        pytest.param(PACKAGES, (), 0.0194, "2 packages: nothing changed in 19 ms", id="no-changes"),
    ],
)
def test_the_sentence_summarizes_a_sync(packages: tuple[Package, ...], changes: tuple[Change, ...], seconds: float, expected: str) -> None:
    assert expected == report(packages, changes, seconds).sentence()


def test_the_report_as_json() -> None:
    expected = {
        "schema": 1,
        "outcome": "success",
        **RunContext(step_inputs(), TARGET, PROJECT, "0.13.9").as_json(),
        "packages": JSON_PACKAGES,
        "seeds": [],
        "changes": JSON_CHANGES,
        "removed": ["beta"],
        "repaired": [{"name": "alpha", "reason": "it has no RECORD"}],
        "timings": {"uv": 1.235, "after": 1.235, "total": 2.469},
    }

    assert expected == report()._replace(repaired=[Broken("alpha", "/a", "it has no RECORD")]).as_json()


def test_seeds_are_the_seed_packages_that_are_not_locked(tmp_path: Path) -> None:
    lock = tmp_path / "uv.lock"
    lock.write_bytes(b'[[package]]\r\nname = "setuptools"\r\nversion = "1"\r\ndependencies = [\r\n{ name = "pip" },\r\n]\r\n')
    packages = tuple(Package(name, "1") for name in ("alpha", "pip", "setuptools", "uv"))
    done = report(packages, ())._replace(project=PROJECT._replace(lock=Lockfile(str(lock))))

    assert ["pip", "uv"] == done.as_json()["seeds"]


def test_outputs_are_text_and_arrays_are_json() -> None:
    outputs = report().outputs()
    arrays = {name: json.loads(outputs.pop(name)) for name in ("packages", "changes")}
    expected = {
        "python-version": "3.12.4",
        "python-path": "/opt/python/bin/python3",
        "environment": "/opt/python",
        "package-count": "2",
        "changed": "true",
        "uv-version": "0.13.9",
        "cache-hit": "",
    }

    assert (expected, {"packages": JSON_PACKAGES, "changes": JSON_CHANGES}) == (outputs, arrays)


@pytest.mark.parametrize(("was_restored", "hit"), [(True, "true"), (False, "false")])
def test_cache_hit_is_whether_built_wheels_were_restored(was_restored: bool, hit: str) -> None:  # noqa: FBT001 - a parameter of pytest
    done = report()
    done.context.built_wheels = BuiltWheels("key", "/folder", was_restored=was_restored)

    assert hit == done.outputs()["cache-hit"]


def test_an_array_is_one_line_of_ascii() -> None:
    outputs = report((Package("a", "1", url="file:///\n\u2028::error::☃", editable=False),), ()).outputs()

    assert '[{"name":"a","version":"1","url":"file:///\\n\\u2028::error::\\u2603","editable":false}]' == outputs["packages"]
    assert ("false", "[]") == (outputs["changed"], outputs["changes"])


def test_an_array_that_is_too_long_for_a_variable_is_null_and_the_other_outputs_are_set() -> None:
    fixed = len('[{"name":"","version":"1.0"}]')
    outputs = [report((Package("a" * (OUTPUT_LIMIT - fixed + more), "1.0"),), ()).outputs() for more in (0, 1)]

    assert [(OUTPUT_LIMIT, "1", "[]"), (len("null"), "1", "[]")] == [
        (len(found["packages"]), found["package-count"], found["changes"]) for found in outputs
    ]


def test_a_result_has_variables_and_paths_for_later_steps_and_the_report() -> None:
    done = report()._replace(target=TARGET._replace(virtual=True))
    result = done.result({"a": "b"}, "# Markdown\n", "/opt/uv/bin")

    assert environment.for_later_steps(TARGET.prefix, TARGET.executable, virtual=True) == result.env
    assert (("/opt/uv/bin", "/opt/python/bin"), {"a": "b"}, "# Markdown\n") == (result.paths, result.outputs, result.summary)
    assert ("success", "\n") == (json.loads(result.report)["outcome"], result.report[-1])
    assert ("/opt/python/bin",) == done.result({}, "", "").paths


def test_the_report_of_a_failure_has_the_error_and_the_known_facts_in_the_same_schema() -> None:
    error = LockMissing("There is no uv.lock in {directory}.", "Set {option}.", directory="/src", option=Option("working-directory"))
    expected = {
        "schema": 1,
        "outcome": "failure",
        **RunContext(target=TARGET).as_json(),
        "error": {"kind": "lock-missing", "message": "There is no uv.lock in /src.", "hint": "Set `working-directory`."},
    }

    assert expected == json.loads(failure(error, RunContext(target=TARGET), by_name))


def test_each_report_has_its_own_file_name() -> None:
    assert re.fullmatch(r"uv-system-sync-[0-9a-f]{16}\.json", file_name())
    assert file_name() != file_name()

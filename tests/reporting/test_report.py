"""Describing what a sync has done, and what the step hands on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET, step_inputs
from uv_system_sync import environment
from uv_system_sync.errors import LockMissing
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.reporting.report import Known, Report, earlier, failure, result

_PACKAGES = (Package("alpha", "2.0"), Package("sample", "0.1", url="file:///src/sample", editable=True))
_CHANGES = (
    Change("alpha", "updated", "2.0", "1.0"),
    Change("beta", "removed", None, "1.0"),
    Change("sample", "installed", "0.1", None),
)


def _report(packages: tuple[Package, ...] = _PACKAGES, changes: tuple[Change, ...] = _CHANGES) -> Report:
    return Report(TARGET, PROJECT, "0.13.9", packages, changes, timings={"uv": 1.23456})


@pytest.mark.parametrize(
    ("packages", "changes", "expected"),
    [
        pytest.param(_PACKAGES, _CHANGES, "2 packages: 1 installed, 1 updated, 1 removed in 1.2 s", id="everything"),
        pytest.param(_PACKAGES, (), "2 packages: nothing changed in 1.2 s", id="nothing"),
        pytest.param(_PACKAGES[:1], _CHANGES[1:2] * 2, "1 package: 2 removed in 1.2 s", id="one-package"),
        pytest.param((), (), "0 packages: nothing changed in 1.2 s", id="no-package"),
    ],
)
def test_sentence(packages: tuple[Package, ...], changes: tuple[Change, ...], expected: str) -> None:
    """One line says what there is, what changed and how long it took."""
    assert expected == _report(packages, changes).sentence()


@pytest.mark.parametrize(("seconds", "expected"), [(0.0194, "19 ms"), (0.999, "999 ms"), (1.0, "1.0 s"), (83.26, "83.3 s")])
def test_time(seconds: float, expected: str) -> None:
    """What takes less than a second is told in milliseconds."""
    assert f"2 packages: nothing changed in {expected}" == _report(changes=())._replace(timings={"uv": seconds}).sentence()


_JSON_PACKAGES = [
    {"name": "alpha", "version": "2.0"},
    {"name": "sample", "version": "0.1", "url": "file:///src/sample", "editable": True},
]
_JSON_CHANGES = [
    {"name": "alpha", "action": "updated", "version": "2.0", "previous": "1.0"},
    {"name": "beta", "action": "removed", "version": None, "previous": "1.0"},
    {"name": "sample", "action": "installed", "version": "0.1", "previous": None},
]


def test_report_as_json() -> None:
    """The report's file has all of it, under names that do not change."""
    expected = {
        "schema": 1,
        "outcome": "success",
        "python": {
            "version": "3.12.4",
            "implementation": "cpython",
            "platform": "linux-x86_64",
            "executable": "/opt/python/bin/python3",
            "environment": "/opt/python",
        },
        "uv": "0.13.9",
        "project": {"name": "sample", "directory": "/src/sample"},
        "packages": _JSON_PACKAGES,
        "changes": _JSON_CHANGES,
        "removed": ["beta"],
        "repaired": [],
        "timings": {"uv": 1.235},
    }

    assert expected == _report().as_json()


def test_outputs() -> None:
    """The outputs are text, and the arrays among them JSON on one line."""
    outputs = _report().outputs()
    arrays = {name: json.loads(outputs.pop(name)) for name in ("packages", "changes")}
    expected = {
        "python-version": "3.12.4",
        "python-path": "/opt/python/bin/python3",
        "environment": "/opt/python",
        "package-count": "2",
        "changed": "true",
        "uv-version": "0.13.9",
    }

    assert (expected, {"packages": _JSON_PACKAGES, "changes": _JSON_CHANGES}) == (outputs, arrays)


def test_outputs_without_changes() -> None:
    """A sync that changed nothing says so in a word and in an empty array."""
    outputs = _report((), ()).outputs()

    assert ("false", "[]", "[]", "0") == tuple(outputs[name] for name in ("changed", "changes", "packages", "package-count"))


def test_outputs_are_single_lines() -> None:
    """Whatever a package's URL holds, an array stays one line of ASCII."""
    packages = (Package("a", "1", url="file:///\n\u2028::error::☃", editable=False),)
    text = _report(packages).outputs()["packages"]

    assert (True, True, '[{"name":"a","version":"1","url":"file:///\\n\\u2028::error::\\u2603","editable":false}]') == (
        text.isascii(),
        text.isprintable(),
        text,
    )


def test_result() -> None:
    """Later steps get the target's variables and folders, the outputs, and the report as a file."""
    report = _report()
    step = result(report, report.outputs(), "# Markdown\n")

    assert environment.for_later_steps(TARGET.prefix, TARGET.executable, virtual=False) == step.env
    assert ("/opt/python/bin",) == step.paths
    assert report.outputs() == step.outputs
    assert "# Markdown\n" == step.summary
    assert (report.as_json(), "\n") == (json.loads(step.report), step.report[-1])
    assert step.report.startswith('{"schema": 1, ')


def _earlier(folder: Path, *reports: object) -> set[str]:
    """Write `reports`, each as text or as what an earlier step hands on, and return the names in those on the target."""
    for number, report in enumerate(reports):
        text = report if isinstance(report, str) else json.dumps(report)
        (folder / f"uv-system-sync-{number:016x}.json").write_text(text, encoding="utf-8")
    return earlier(str(folder), TARGET.prefix)


def test_earlier(tmp_path: Path) -> None:
    """What earlier steps of the job have installed or updated in this environment is known from their reports."""
    folder = tmp_path / "a[b]*"
    folder.mkdir()
    first, second = _report((), (Change("gamma", "installed", "1.0", None),)), _report()

    assert {"alpha", "gamma", "sample"} == _earlier(folder, first.as_json(), second.as_json())


def test_earlier_changes_of_nothing(tmp_path: Path) -> None:
    """What an earlier step has found, left alone or removed is not its own."""
    assert set() == _earlier(tmp_path, _report(changes=()).as_json(), _report(changes=_CHANGES[1:2]).as_json())


def test_earlier_in_another_environment(tmp_path: Path) -> None:
    """What was left in another environment says nothing of this one."""
    other = _report()._replace(target=TARGET._replace(prefix="/opt/other"))

    assert set() == _earlier(tmp_path, other.as_json())


def test_earlier_without_reports(tmp_path: Path) -> None:
    """The first step of a job knows of no packages, be there a folder or not."""
    (tmp_path / "other.json").write_text(json.dumps(_report().as_json()), encoding="utf-8")

    assert [set(), set(), set()] == [earlier(folder, TARGET.prefix) for folder in (str(tmp_path), str(tmp_path / "missing"), "")]


_ENVIRONMENT = {"environment": TARGET.prefix}


@pytest.mark.parametrize(
    "report",
    [
        pytest.param("", id="empty-file"),
        pytest.param("[]", id="a-list"),
        pytest.param("{}", id="nothing-in-it"),
        pytest.param("1", id="a-number"),
        pytest.param("null", id="null"),
        pytest.param({"python": _ENVIRONMENT}, id="no-changes"),
        pytest.param({"python": [], "changes": []}, id="no-python"),
        pytest.param({"python": _ENVIRONMENT, "changes": [1]}, id="changes-are-numbers"),
        pytest.param({"python": _ENVIRONMENT, "changes": None}, id="changes-are-null"),
    ],
)
def test_earlier_file_that_is_no_report(tmp_path: Path, report: object) -> None:
    """A file that somebody has changed is passed over, and does not hide the others."""
    assert {"alpha", "sample"} == _earlier(tmp_path, report, _report().as_json())


def test_earlier_file_that_cannot_be_read(tmp_path: Path) -> None:
    """What cannot be read is passed over."""
    (tmp_path / "uv-system-sync-folder.json").mkdir()
    (tmp_path / "uv-system-sync-binary.json").write_bytes(b"\xff")

    assert {"alpha", "sample"} == _earlier(tmp_path, _report().as_json())


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(Known(), "", id="nothing"),
        pytest.param(Known(target=TARGET), "Python 3.12.4 at /opt/python", id="the-python"),
        pytest.param(
            Known(step_inputs(groups="dev"), TARGET, PROJECT, "0.13.9"),
            "Python 3.12.4 at /opt/python, uv 0.13.9, uv.lock of sample: groups dev",
            id="everything",
        ),
        pytest.param(
            Known(step_inputs(), TARGET, PROJECT._replace(name=""), "0.13.9"),
            "Python 3.12.4 at /opt/python, uv 0.13.9, uv.lock of sample",
            id="a-project-without-a-name",
        ),
    ],
)
def test_known(known: Known, expected: str) -> None:
    """As much as is known of a run is one line."""
    assert expected == known.line()


def test_a_failure_as_json() -> None:
    """A run that failed leaves a file of the same schema, with the error and what was known by then."""
    error = LockMissing("There is no uv.lock in /src.", "Run `uv lock`.")
    expected = {
        "schema": 1,
        "outcome": "failure",
        "python": _report().as_json()["python"],
        "uv": None,
        "project": None,
        "error": {"kind": "lock-missing", "message": "There is no uv.lock in /src.", "hint": "Run `uv lock`."},
    }

    assert expected == json.loads(failure(error, Known(target=TARGET)))


def test_an_array_that_is_too_long() -> None:
    """An array that would not fit into a variable of a later step is null, and all the rest is there."""
    many = tuple(Package(f"package-{number}", "1.0") for number in range(4_000))
    outputs = _report(many, ()).outputs()

    assert ("null", "4000", "[]") == (outputs["packages"], outputs["package-count"], outputs["changes"])

"""What a user should know of a sync that succeeded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import PROJECT, TARGET
from uv_system_sync.interpreter.site_packages import Change, Package
from uv_system_sync.project.pyproject import Project
from uv_system_sync.reporting import notices
from uv_system_sync.reporting.notices import Notice
from uv_system_sync.reporting.report import Report


def _report(packages: tuple[Package, ...] = (), removed: tuple[str, ...] = (), prefix: str = TARGET.prefix) -> Report:
    """Return the report of a sync that left `packages`, and removed version 1.0 of each name in `removed`."""
    changes = tuple(Change(name, "removed", None, "1.0") for name in removed)
    return Report(TARGET._replace(prefix=prefix), PROJECT, "0.13.9", packages, changes, {"uv": 1.0})


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"name-{number:02}" for number in range(count))


def _disagreement(project: Project = PROJECT, **environ: str) -> list[Notice]:
    return list(notices.disagreement(TARGET, project, environ))


@pytest.mark.parametrize(
    "pin",
    [
        pytest.param("", id="nothing"),
        pytest.param("3", id="major"),
        pytest.param("3.12", id="minor"),
        pytest.param("3.12.4", id="micro"),
        pytest.param("cpython-3.12", id="implementation"),
        pytest.param("cpython@3.12.4", id="implementation-with-an-at-sign"),
        pytest.param("cpython3.12", id="implementation-without-a-sign"),
        pytest.param(">=3.13", id="range"),
        pytest.param("==3.13.*", id="wildcard"),
        pytest.param("3.13,<4", id="two-conditions"),
        pytest.param("/opt/other/bin/python3.13", id="path"),
        pytest.param("cpython", id="implementation-only"),
        pytest.param("cpython-3.13.0-linux-x86_64-gnu", id="whole-key"),
        pytest.param("python3.13", id="name-of-a-program"),
        pytest.param("my-environment-3.13", id="name-of-an-environment"),
    ],
)
def test_no_disagreement(pin: str) -> None:
    """A pin that the target satisfies is none to speak of, and neither is one that is no mere version."""
    assert [] == _disagreement(PROJECT._replace(pinned=pin), UV_PYTHON=pin)


@pytest.mark.parametrize(
    "pin", ["3.1", "3.13", "3.12.40", "3.12.4.1", "2", "3.12.5", "cpython-3.11", "cpython@3.1", "pypy3.12", "pypy@3.12"]
)
def test_disagreement_of_the_pin(pin: str) -> None:
    """A .python-version that names another version was not heeded, which is said."""
    expected = Notice("python-chosen", f"Python 3.12.4 was used, as the step was told, although .python-version says {pin}.")

    assert [expected] == _disagreement(PROJECT._replace(pinned=pin))


@pytest.mark.parametrize("pin", ["3.1", "3.13", "cpython-3.11"])
def test_disagreement_of_the_environment(pin: str) -> None:
    """A UV_PYTHON that names another version was not heeded, which is said."""
    expected = Notice("python-chosen", f"Python 3.12.4 was used, as the step was told, although UV_PYTHON says {pin}.")

    assert [expected] == _disagreement(UV_PYTHON=pin)


def test_disagreement_of_the_preference() -> None:
    """A project that prefers Pythons of uv's own got another one, which is said."""
    said = "`python-preference` prefers Pythons that uv has installed"
    expected = Notice("python-chosen", f"Python 3.12.4 was used, as the step was told, although {said}.")

    assert [expected] == _disagreement(PROJECT._replace(prefers_managed=True))


def test_disagreement_of_all() -> None:
    """Several settings that were not heeded are one notice."""
    others = ".python-version says 3.9 and UV_PYTHON says 3.10 and `python-preference` prefers Pythons that uv has installed"
    expected = Notice("python-chosen", f"Python 3.12.4 was used, as the step was told, although {others}.")

    assert [expected] == _disagreement(PROJECT._replace(pinned="3.9", prefers_managed=True), UV_PYTHON="3.10")


_KEEP = "Set `inexact: true` to keep what is not in the lock."


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        pytest.param(("a",), f"a 1.0, installed before this step, is not in uv.lock and was removed. {_KEEP}", id="one"),
        pytest.param(("a", "b"), f"a 1.0, b 1.0, installed before this step, are not in uv.lock and were removed. {_KEEP}", id="two"),
        pytest.param(
            _names(20),
            f"{', '.join(f'{name} 1.0' for name in _names(20))}, installed before this step, are not in uv.lock and were removed. {_KEEP}",
            id="as-many-as-are-listed",
        ),
        pytest.param(
            _names(22),
            f"{', '.join(f'{name} 1.0' for name in _names(20))} and 2 more, installed before this step,"
            f" are not in uv.lock and were removed. {_KEEP}",
            id="more-than-are-listed",
        ),
        pytest.param(
            ("a", "ours", "b"),
            f"a 1.0, b 1.0, installed before this step, are not in uv.lock and were removed. {_KEEP}",
            id="beside-our-own",
        ),
    ],
)
def test_removal(removed: tuple[str, ...], message: str) -> None:
    """What somebody else had installed and the sync has removed is named, with how to keep it."""
    assert [Notice("packages-removed", message)] == list(notices.removal(_report(removed=removed), {"ours"}))


def test_removal_of_our_own() -> None:
    """What an earlier sync of the job had installed is not missed."""
    assert [] == list(notices.removal(_report(removed=("ours",)), ["ours", "other"]))


def test_no_removal() -> None:
    """Packages that are new or were updated are no removals."""
    changes = (Change("a", "installed", "1.0", None), Change("b", "updated", "2.0", "1.0"))

    assert [] == list(notices.removal(_report()._replace(changes=changes), ()))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("locked",), "", id="nothing"),
        pytest.param(("a", "locked"), "Kept, although not in uv.lock: a 1.0", id="one"),
        pytest.param(("a", "b"), "Kept, although not in uv.lock: a 1.0, b 1.0", id="two"),
        pytest.param(_names(21), f"Kept, although not in uv.lock: {', '.join(f'{name} 1.0' for name in _names(20))} and 1 more", id="many"),
    ],
)
def test_leftover(names: tuple[str, ...], expected: str) -> None:
    """What an inexact sync has kept is one line."""
    assert expected == notices.leftover(_report(tuple(Package(name, "1.0") for name in names)), ["locked"])


_EDITABLE = Package("sample", "0.1", url="file:///src/sample", editable=True)


@pytest.fixture
def cached(tmp_path: Path) -> str:
    """Give the prefix of a Python in a tool cache."""
    prefix = tmp_path / "cache" / "Python" / "3.12.4" / "x64"
    prefix.mkdir(parents=True)
    return str(prefix)


def _environ(tmp_path: Path, **environ: str) -> dict[str, str]:
    """Return what a self-hosted runner, whose tool cache is in `tmp_path`, sets."""
    return {"RUNNER_ENVIRONMENT": "self-hosted", "RUNNER_TOOL_CACHE": str(tmp_path / "cache"), **environ}


@pytest.mark.parametrize(
    ("packages", "links"),
    [
        pytest.param((_EDITABLE,), "sample is installed there as a link", id="one"),
        pytest.param(
            (_EDITABLE, Package("other", "1.0"), _EDITABLE._replace(name="second")),
            "sample, second are installed there as links",
            id="two",
        ),
    ],
)
def test_persistence(tmp_path: Path, cached: str, packages: tuple[Package, ...], links: str) -> None:
    """A link to this job's checkout, in a Python that other jobs will get, is said with what to do about it."""
    expected = (
        f"{cached} is shared by the jobs of this runner, and {links} to this job's checkout."
        " Set `no-editable: true`, or set `python` to a virtual environment of the job."
    )

    assert [Notice("shared-python", expected)] == list(notices.persistence(_report(packages, prefix=cached), _environ(tmp_path)))


def test_persistence_in_the_agents_cache(tmp_path: Path, cached: str) -> None:
    """The tool cache may be known by its older name alone."""
    environ = {"RUNNER_ENVIRONMENT": "self-hosted", "RUNNER_TOOL_CACHE": "", "AGENT_TOOLSDIRECTORY": str(tmp_path / "cache")}

    assert ["shared-python"] == [notice.title for notice in notices.persistence(_report((_EDITABLE,), prefix=cached), environ)]


@pytest.mark.skipif(os.name == "nt", reason="not everyone may make links on Windows")
def test_persistence_behind_a_link(tmp_path: Path, cached: str) -> None:
    """A tool cache is the same one by another path."""
    (tmp_path / "link").symlink_to("cache")
    environ = _environ(tmp_path, RUNNER_TOOL_CACHE=str(tmp_path / "link"))

    assert ["shared-python"] == [notice.title for notice in notices.persistence(_report((_EDITABLE,), prefix=cached), environ)]


@pytest.mark.parametrize(
    ("packages", "environ"),
    [
        pytest.param((_EDITABLE,), {"RUNNER_ENVIRONMENT": "github-hosted"}, id="the-machine-is-thrown-away"),
        pytest.param((_EDITABLE,), {"RUNNER_ENVIRONMENT": ""}, id="unknown-machine"),
        pytest.param((_EDITABLE._replace(editable=False), Package("other", "1.0")), {}, id="no-links"),
        pytest.param((_EDITABLE,), {"RUNNER_TOOL_CACHE": ""}, id="no-tool-cache"),
        pytest.param((_EDITABLE,), {"RUNNER_TOOL_CACHE": "/elsewhere"}, id="another-folder"),
        pytest.param((_EDITABLE,), {"RUNNER_TOOL_CACHE": "elsewhere"}, id="a-relative-folder"),
    ],
)
def test_no_persistence(tmp_path: Path, cached: str, packages: tuple[Package, ...], environ: dict[str, str]) -> None:
    """Where nothing of this job stays behind for another one, nothing is said."""
    assert [] == list(notices.persistence(_report(packages, prefix=cached), _environ(tmp_path, **environ)))


def test_no_persistence_in_the_current_folder(tmp_path: Path, cached: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool cache without a name is not taken for the folder that the step runs in."""
    monkeypatch.chdir(tmp_path)

    assert [] == list(notices.persistence(_report((_EDITABLE,), prefix=cached), _environ(tmp_path, RUNNER_TOOL_CACHE="")))


def test_no_persistence_beside_the_cache(tmp_path: Path) -> None:
    """A folder whose name only begins like the tool cache's is not in it."""
    prefix = tmp_path / "cache-of-the-job"
    prefix.mkdir()

    assert [] == list(notices.persistence(_report((_EDITABLE,), prefix=str(prefix)), _environ(tmp_path)))


def test_omission() -> None:
    """An array that is too long for an output is said to be in the report's file."""
    expected = Notice(
        "output-omitted", "`packages` is too long for an output, and `null` instead. The file that the output `report` names has it."
    )

    assert [expected] == list(notices.omission({"packages": "null", "changes": "[]"}))

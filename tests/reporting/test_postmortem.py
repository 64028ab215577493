"""What a failed step leaves beyond its annotation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import TARGET
from tools.shared.runner_files import StepFiles
from uv_system_sync.errors import LockMissing
from uv_system_sync.reporting import postmortem, report, summary

_ERROR = LockMissing("There is no uv.lock in /src.", "Run `uv lock`.")
_KNOWN = report.Known(target=TARGET)


def test_leave(runner: StepFiles) -> None:
    """The job summary and the report's file tell of the failure; later steps get nothing."""
    postmortem.leave(_ERROR, _KNOWN, runner.environ)
    (left,) = runner.temp.iterdir()

    assert summary.render_failure(_ERROR, "Python 3.12.4 at /opt/python") == runner.summary.read_text(encoding="utf-8")
    assert json.loads(report.failure(_ERROR, _KNOWN)) == json.loads(left.read_text(encoding="utf-8"))
    assert runner.hand_nothing_on()


@pytest.mark.parametrize("wanted", ["false", "False", " FALSE "])
def test_no_summary(runner: StepFiles, wanted: str) -> None:
    """`summary: false` writes none of a failure either."""
    postmortem.leave(_ERROR, _KNOWN, {**runner.environ, "UV_SYSTEM_SYNC_SUMMARY": wanted})

    assert ("", 1) == (runner.summary.read_text(encoding="utf-8"), len(list(runner.temp.iterdir())))


@pytest.mark.parametrize("variable", ["RUNNER_TEMP", "GITHUB_STEP_SUMMARY"])
def test_nowhere_to_write(runner: StepFiles, tmp_path: Path, variable: str) -> None:
    """What cannot be written is left out without a word: the error has been told, and the rest is written."""
    for place in ("", str(tmp_path / "missing" / "file")):
        postmortem.leave(_ERROR, _KNOWN, {**runner.environ, variable: place})

    assert (2 * (variable != "RUNNER_TEMP"), variable != "GITHUB_STEP_SUMMARY") == (
        len(list(runner.temp.iterdir())),
        bool(runner.summary.read_text(encoding="utf-8")),
    )

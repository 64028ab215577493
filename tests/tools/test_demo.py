"""The output of the demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.demo import show_step
from tools.shared.act import Act

EVENT: dict[str, Any] = {
    "stage": "Main",
    "stepID": ["1"],
    "stepResult": "success",
    "executionTime": 2_500_000_000,
    "matrix": {"python": "3.9"},
}


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ("actions/setup-python@v6", "actions/setup-python (stand-in: tests/standins/setup-python)"),
        ("actions/checkout@v6", "actions/checkout (by act)"),
        ("org/uv-system-sync@v1", "org/uv-system-sync"),
        ("pytest", "pytest"),
    ],
)
def test_a_step_that_has_ended_is_shown_and_a_stand_in_is_named(capsys: pytest.CaptureFixture[str], step: str, shown: str) -> None:
    show_step(Act(Path("/act"), ()), {**EVENT, "step": step})

    assert f"  3.9   success after  2.5 s: {shown}\n" == capsys.readouterr().out


def test_the_real_action_is_no_stand_in(capsys: pytest.CaptureFixture[str]) -> None:
    act = Act(Path("/act"), (), {"actions/setup-python": Path("/real")})
    show_step(act, {**EVENT, "step": "actions/setup-python@v6", "stepResult": "skipped"})

    assert capsys.readouterr().out.endswith(": actions/setup-python\n")


@pytest.mark.parametrize("other", [{"stage": "Post"}, {"stepID": ["sync", "cache"]}], ids=["after-the-job", "inside-of-an-action"])
def test_other_events_are_not_shown(capsys: pytest.CaptureFixture[str], other: dict[str, Any]) -> None:
    show_step(Act(Path("/act"), ()), {**EVENT, "step": "x", **other})

    assert not capsys.readouterr().out

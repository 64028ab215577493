"""The changes that a dry run of uv prints."""

from __future__ import annotations

import pytest

from uv_system_sync.uv.output import Planned, planned


@pytest.mark.parametrize(
    ("output", "expected", "text"),
    [
        pytest.param("Would make no changes\n", Planned((), (), ()), "nothing to change", id="nothing"),
        pytest.param(" + a==1\n + b-c @ file:///x\n", Planned(("a", "b-c"), (), ()), "2 to install", id="installed"),
        pytest.param(" - a==1\n + a==2\n ~ b==1\n", Planned((), ("a", "b"), ()), "2 to update", id="updated"),
        pytest.param(" - a==1 (from file:///x)\n - b @ file:///b\n", Planned((), (), ("a 1", "b")), "2 to remove (a 1, b)", id="removed"),
        pytest.param(
            " + a==1\n - b==1\n + b==2\n - c==3\n",
            Planned(("a",), ("b",), ("c 3",)),
            "1 to install, 1 to update, 1 to remove (c 3)",
            id="all",
        ),
        pytest.param("   + a==1\n + A==1\n - \n+ b==1\n", Planned((), (), ()), "nothing to change", id="other-lines"),
    ],
)
def test_planned_changes_are_the_lines_that_uv_prints(output: str, expected: Planned, text: str) -> None:
    assert (expected, text) == (planned(output), str(planned(output)))

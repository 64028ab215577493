"""The budget of the action's own work."""

from __future__ import annotations

import pytest

from benchmarks import guard


@pytest.mark.parametrize(("starts", "growth", "good"), [(10.0, 1.5, [True, True]), (14.9, 2.2, [True, True]), (15.1, 2.3, [False, False])])
def test_the_guard_lets_half_as_much_again_pass(starts: float, growth: float, good: list[bool]) -> None:
    """A budget is exceeded when the value is more than half above it."""
    assert good == [within for _, within in guard.verdicts(starts, growth)]

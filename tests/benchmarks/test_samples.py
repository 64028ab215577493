"""Quartiles, and the format of times."""

from __future__ import annotations

import pytest

from benchmarks.samples import Summary, duration


def test_a_summary_is_the_median_and_the_quartiles() -> None:
    """The median of five samples is the middle one, and the quartiles are its neighbours."""
    assert Summary(5, 3.0, 2.0, 4.0) == Summary.of([5.0, 1.0, 3.0, 2.0, 4.0])
    assert Summary(1, 3.0, 3.0, 3.0) == Summary.of([3.0])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.00812, "8.12 ms"), (0.0624, "62.4 ms"), (0.2, "200 ms"), (1.5, "1.50 s"), (61.23, "61.2 s"), (0, "0 ms")]
)
def test_a_duration_has_three_digits(seconds: float, text: str) -> None:
    """Durations below a second are in milliseconds."""
    assert text == duration(seconds)

"""Medians, and how times are written."""

from __future__ import annotations

import pytest

from benchmarks.samples import Summary, duration


def test_a_summary_is_the_median_and_the_quartiles() -> None:
    """Of five samples, the middle one counts, and the ones beside it are the quartiles."""
    assert Summary(5, 3.0, 2.0, 4.0) == Summary.of([5.0, 1.0, 3.0, 2.0, 4.0])
    assert Summary(1, 3.0, 3.0, 3.0) == Summary.of([3.0])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.00812, "8.12 ms"), (0.0624, "62.4 ms"), (0.2, "200 ms"), (1.5, "1.50 s"), (61.23, "61.2 s"), (0, "0 ms")]
)
def test_a_duration_has_three_digits(seconds: float, text: str) -> None:
    """Durations are written in the unit that suits them."""
    assert text == duration(seconds)

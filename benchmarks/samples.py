"""Quartiles and tables of samples, and how to format them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """The number of samples, their median, and the lower and upper quartiles."""

    count: int
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Summary:
        """Summarize `samples`, which must not be empty."""
        if len(samples) == 1:
            return cls(1, samples[0], samples[0], samples[0])
        low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(len(samples), middle, low, high)

    @property
    def spread(self) -> float:
        """The interquartile range."""
        return self.high - self.low


@dataclass(frozen=True)
class Table:
    """The samples for one project, in seconds, by case and contender."""

    title: str
    samples: Mapping[str, Mapping[str, Sequence[float]]]

    def summary(self, case: str, contender: str) -> Summary | None:
        """Return the summary of the samples of `contender` for `case`, or None if it has none."""
        samples = self.samples.get(case, {}).get(contender)
        return Summary.of(samples) if samples else None


def duration(seconds: float) -> str:
    """Format `seconds` with two or three significant digits, in ms below one second."""
    return f"{_significant(seconds * 1000)} ms" if abs(seconds) < 1 else f"{_significant(seconds)} s"


def times(ratio: float) -> str:
    """Format `ratio` as a factor, with a multiplication sign."""
    return f"{_significant(ratio)} ×"  # noqa: RUF001 - a multiplication sign


def _significant(number: float) -> str:
    """Format `number` with three significant digits, but at most two decimals."""
    decimals = min(2, max(0, 2 - math.floor(math.log10(abs(number))))) if number else 0
    return f"{number:.{decimals}f}"

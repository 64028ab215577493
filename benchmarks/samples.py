"""Quartiles of samples, tables of them, and how they are written."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """The median of some samples, and the quartiles around it."""

    count: int
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Summary:
        """Summarize `samples`, of which there is at least one."""
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
    """The samples of one project by case and contender, in seconds."""

    title: str
    samples: Mapping[str, Mapping[str, Sequence[float]]]

    def summary(self, case: str, contender: str) -> Summary | None:
        """Return what `contender` takes for `case`, if it took part."""
        samples = self.samples.get(case, {}).get(contender)
        return Summary.of(samples) if samples else None


def duration(seconds: float) -> str:
    """Write `seconds` with two or three significant digits, in ms below a second."""
    return f"{_significant(seconds * 1000)} ms" if abs(seconds) < 1 else f"{_significant(seconds)} s"


def times(ratio: float) -> str:
    """Write how many times as much something is."""
    return f"{_significant(ratio)} ×"  # noqa: RUF001 - a multiplication sign


def _significant(number: float) -> str:
    """Write three significant digits, and no more than two behind the point."""
    decimals = min(2, max(0, 2 - math.floor(math.log10(abs(number))))) if number else 0
    return f"{number:.{decimals}f}"

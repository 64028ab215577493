"""Assertions on failed steps."""

from __future__ import annotations

from tests.support.step import Outcome


def assert_failed(outcome: Outcome, slug: str, *values: object) -> None:
    """Assert that the step has one error, with the title `slug` and each of `values` in its text, and that later steps get nothing."""
    assert 1 == len(outcome.errors), outcome.log
    (error,) = outcome.errors
    assert slug == error.removeprefix("title=").partition("::")[0].partition(",")[0]
    assert [] == [value for value in map(str, values) if value not in error], error
    assert (1, False) == (outcome.returncode, outcome.published)

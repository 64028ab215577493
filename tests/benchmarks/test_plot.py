"""The plots of the benchmark."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from benchmarks import plot


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_plot_is_well_formed_and_has_every_value(theme: str) -> None:
    """The plot is XML, whatever characters the names have, and shows each name with its value."""
    picture = ET.fromstring(plot.render("10 packages", {"cold & warm": {"a < b": 0.05, "uv-system-sync": 2.0}}, theme))  # noqa: S314 - our own
    texts = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}

    assert {"Cold & warm", "a < b", "50.0 ms", "uv-system-sync", "2.00 s"} <= texts


@pytest.mark.parametrize(
    ("most", "expected"), [(0.62, [0, 0.2, 0.4, 0.6, 0.8]), (15.3, [0, 5, 10, 15, 20]), (0.05, [0, 0.01, 0.02, 0.03, 0.04, 0.05])]
)
def test_a_plots_scale_is_linear_from_zero(most: float, expected: list[float]) -> None:
    """A scale has equidistant round numbers, from zero to at least the largest value."""
    assert expected == pytest.approx(plot.ticks(most))

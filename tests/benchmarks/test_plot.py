"""The plots of the benchmark."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from benchmarks import plot


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_plot_is_well_formed_and_has_every_value(theme: str) -> None:
    """The picture is XML, whatever the names hold, and shows each name with its value."""
    picture = ET.fromstring(plot.render("10 packages", {"cold & warm": {"a < b": 0.05, "uv-system-sync": 2.0}}, theme))  # noqa: S314 - our own
    texts = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}

    assert {"cold & warm", "a < b", "50.0 ms", "uv-system-sync", "2.00 s"} <= texts


def test_a_plots_scale_is_logarithmic() -> None:
    """The middle of the scale is the geometric mean of its ends."""
    assert 0.5 == pytest.approx(plot.position(0.1, 0.01, 1.0))

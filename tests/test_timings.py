"""The time that each part of a run takes."""

from __future__ import annotations

from uv_system_sync.timings import Phases


def test_phases() -> None:
    """Each part has the time since the one before, and a part that comes again the sum of its times."""
    times = iter([100.0, 101.0, 103.0, 106.0, 110.0])
    phases = Phases(lambda: next(times))
    for name in ("probe", "uv", "probe"):
        phases.end(name)

    assert ({"probe": 4.0, "uv": 2.0}, 10.0) == (phases.seconds, phases.total)

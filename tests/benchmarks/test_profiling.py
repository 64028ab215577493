"""The profile of a run."""

from __future__ import annotations

from benchmarks import profiling


def test_phases_add_up_to_the_whole() -> None:
    """The time before the first phase and the time between phases have their own rows."""
    phases = profiling.phases(0.5, {"plan": 0.125, "uv": 0.125, "total": 0.375})

    assert {"interpreter, first imports": 0.125, "plan": 0.125, "uv": 0.125, "not in a phase": 0.125} == phases


def test_imports_are_read_from_the_log() -> None:
    """Other lines between those of `-X importtime` are ignored, and the times of all steps are added up."""
    log = "import time: self [us] | cumulative | imported package\nimport time:      1500 |       2500 |   encodings.utf_8\nuv 0.1\n"

    assert {"encodings.utf_8": 0.003} == profiling.imports([log, log])


def test_a_phase_table_has_a_row_for_each_phase() -> None:
    """The cells of a phase are empty in a column that does not have it."""
    one = profiling.Costs([0.1], [0.01], {"plan": [0.03], "uv": [0.02]})
    other = profiling.Costs([0.2], [0.01], {"plan": [0.06]})

    rows = profiling.phase_table({"new machine": one, "later use": other})

    assert "| phase | new machine, ms | × bare | later use, ms | × bare |" == rows[0]  # noqa: RUF001 - a multiplication sign
    assert ["| plan | 30.0 | 3.00 | 60.0 | 6.00 |", "| uv | 20.0 | 2.00 |  |  |", "| **all** | 100.0 | 10.00 | 200.0 | 20.00 |"] == rows[
        2:5
    ]

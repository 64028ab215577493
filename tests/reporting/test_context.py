"""The facts about a run, and the durations of its parts."""

from __future__ import annotations

import pytest

from tests.support import PROJECT, TARGET, step_inputs
from uv_system_sync.project.toml import Document
from uv_system_sync.reporting.context import RunContext, Timings

WITHOUT_A_NAME = PROJECT._replace(pyproject=Document("/src/sample/pyproject.toml", "", {}))
PYTHON = {
    "version": "3.12.4",
    "free_threaded": False,
    "implementation": "cpython",
    "platform": "linux-x86_64",
    "executable": "/opt/python/bin/python3",
    "environment": "/opt/python",
}


def test_a_part_lasts_from_the_end_of_the_previous_one_and_repeated_parts_add_up() -> None:
    times = iter([100.0, 101.0, 103.0, 106.0])
    timings = Timings(lambda: next(times))
    for name in ("probe", "uv", "probe"):
        timings.end(name)

    assert [("probe", 4.0), ("uv", 2.0)] == [*timings.seconds.items()]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param(RunContext(), "", id="nothing"),
        pytest.param(RunContext(target=TARGET), "Python 3.12.4 at /opt/python", id="python"),
        pytest.param(RunContext(step_inputs(), TARGET, WITHOUT_A_NAME), "Python 3.12.4 at /opt/python, uv.lock of sample", id="no-name"),
        pytest.param(
            RunContext(step_inputs(groups="dev", frozen="true"), TARGET, PROJECT, "0.13.9"),
            "Python 3.12.4 at /opt/python, uv 0.13.9, uv.lock of sample: groups dev; frozen",
            id="everything",
        ),
    ],
)
def test_known_facts_are_one_line(context: RunContext, expected: str) -> None:
    assert expected == context.line()


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param(RunContext(), {"python": None, "uv": None, "project": None, "selection": None}, id="nothing"),
        pytest.param(RunContext(target=TARGET), {"python": PYTHON, "uv": None, "project": None, "selection": None}, id="python"),
        pytest.param(
            RunContext(step_inputs(groups="docs", args="--index https://me:hunter22@host/"), TARGET, PROJECT, "0.13.9"),
            {
                "python": PYTHON,
                "uv": "0.13.9",
                "project": {"name": "sample", "directory": "/src/sample"},
                "selection": "groups docs; --index https://host/",
            },
            id="everything",
        ),
    ],
)
def test_unknown_facts_are_none_in_a_report(context: RunContext, expected: dict[str, object]) -> None:
    assert {**expected, "retries": []} == context.as_json()

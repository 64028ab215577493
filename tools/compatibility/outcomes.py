"""The results of a stage, and the file that keeps them until the stage runs again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

Area = Literal["python", "layout", "system", "container", "uv", "action"]
Outcome = Literal["passed", "failed", "skipped"]


class Unavailable(Exception):
    """A stage cannot run on this machine. The message names what is missing and how to get it."""


@dataclass(frozen=True)
class Result:
    """The result for one `subject`, such as `CPython 3.14`, in one `area` of the page.

    `passed` is the number of tests that passed, `uv` the version of uv that they ran. `detail` has further versions, or why the
    subject failed or was skipped.
    """

    area: Area
    subject: str
    outcome: Outcome
    passed: int = 0
    uv: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Run:
    """The last run of a stage: its `date` in ISO 8601, its duration in `seconds`, and its results."""

    date: str
    seconds: int
    results: tuple[Result, ...]


def of_report(report: str, areas: Mapping[Area, str | None], uv: str = "", detail: str = "") -> list[Result]:
    """Return the results for `areas` from `report`, a JUnit XML report of pytest whose tests ran the version `uv` of uv.

    `areas` maps each area to the subject of all tests, or to None if the tests record their subject as a property with the name of the
    area (tests/integration/conftest.py). One failed test fails its subject. A subject whose tests were all skipped has no result.
    """
    outcomes: dict[tuple[Area, str], list[Outcome]] = {}
    for case in ET.fromstring(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        failed = case.find("failure") is not None or case.find("error") is not None
        if not failed and case.find("skipped") is not None:
            continue
        properties = {recorded.get("name"): recorded.get("value", "") for recorded in case.iter("property")}
        for area, subject in areas.items():
            if name := subject or properties.get(area):
                outcomes.setdefault((area, name), []).append("failed" if failed else "passed")
    return [
        Result(area, name, "failed" if "failed" in found else "passed", found.count("passed"), uv, detail)
        for (area, name), found in outcomes.items()
    ]


def read(path: Path) -> dict[str, Run]:
    """Return the last run of each stage, by the stage's name, from the file `path`; nothing if the file does not exist."""
    if not path.exists():
        return {}
    stages = json.loads(path.read_text(encoding="utf-8"))
    return {name: Run(run["date"], run["seconds"], tuple(Result(**result) for result in run["results"])) for name, run in stages.items()}


def write(path: Path, runs: Mapping[str, Run]) -> None:
    """Write `runs` to the file `path`, one value per line to keep diffs small."""
    path.write_text(json.dumps({name: asdict(run) for name, run in runs.items()}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

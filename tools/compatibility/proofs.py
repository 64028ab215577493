"""What a stage found out, and the file that keeps it until the stage runs again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args
from xml.etree import ElementTree as ET

Area = Literal["python", "layout", "system", "container", "uv", "action"]
Outcome = Literal["passed", "failed", "skipped"]


class Unavailable(Exception):
    """A stage cannot run on this machine; the text says what is missing and how to get it."""


@dataclass(frozen=True)
class Proof:
    """The outcome for one `subject`, such as `CPython 3.14`, in one `area` of the page.

    `passed` is the number of tests that passed, `uv` the version that they ran. `detail` has what else is to be known, such as the
    versions of an engine, or why it failed or was skipped.
    """

    area: Area
    subject: str
    outcome: Outcome
    passed: int = 0
    uv: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Run:
    """What a stage found when it last ran: on `date`, in ISO 8601, in so many `seconds`."""

    date: str
    seconds: int
    proofs: tuple[Proof, ...]


def cases(report: str) -> Iterator[tuple[Outcome, Mapping[str, str]]]:
    """Yield the outcome and the properties of each test in `report`, pytest's in the XML of JUnit."""
    for element in ET.fromstring(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        failed = element.find("failure") is not None or element.find("error") is not None
        properties = {item.get("name", ""): item.get("value", "") for item in element.iter("property")}
        yield "failed" if failed else "skipped" if element.find("skipped") is not None else "passed", properties


def of_report(report: str, areas: Mapping[Area, str | None], uv: str = "", detail: str = "") -> list[Proof]:
    """Return what `report`, pytest's in the XML of JUnit, has for each of `areas`, from tests with version `uv` of uv.

    The value of an area is its subject; None stands for the property of the area's name that tests record (tests/integration/conftest.py).
    One test that fails fails its subject; a subject whose tests were all skipped has no proof.
    """
    outcomes: dict[tuple[Area, str], list[Outcome]] = {}
    for outcome, properties in cases(report):
        for area, subject in areas.items():
            name = subject or properties.get(area, "")
            if name and outcome != "skipped":
                outcomes.setdefault((area, name), []).append(outcome)
    return [
        Proof(area, name, "failed" if "failed" in found else "passed", found.count("passed"), uv, detail)
        for (area, name), found in outcomes.items()
    ]


def read(path: Path) -> dict[str, Run]:
    """Return the runs of the stages in the file `path`, by the stage's name; none if there is no such file."""
    if not path.exists():
        return {}
    stages = json.loads(path.read_text(encoding="utf-8"))
    return {name: Run(run["date"], run["seconds"], tuple(Proof(**proof) for proof in run["proofs"])) for name, run in stages.items()}


def write(path: Path, runs: Mapping[str, Run]) -> None:
    """Write `runs` to the file `path`, so that a run of one stage is a small change."""
    path.write_text(json.dumps({name: asdict(run) for name, run in runs.items()}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def areas(proofs: Iterable[Proof]) -> dict[Area, list[Proof]]:
    """Return `proofs` by their area; every area is there."""
    found: dict[Area, list[Proof]] = {area: [] for area in get_args(Area)}
    for proof in proofs:
        found[proof.area].append(proof)
    return found

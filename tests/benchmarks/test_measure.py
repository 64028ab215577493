"""Measuring the contenders."""

from __future__ import annotations

from pathlib import Path

from benchmarks import testbed
from benchmarks.contenders import CONTENDERS, LATER, LIMIT, NEW, PIP, Contender, Place, Project
from benchmarks.measure import WARM, Entry, rounds
from tests.support import touch
from tools.shared import ROOT
from tools.shared.pythons import Python


def test_each_contender_has_a_name_of_its_own() -> None:
    """Results are stored by name."""
    assert len(CONTENDERS) == len({contender.name for contender in CONTENDERS})


def test_restoring_a_prefix_leaves_its_interpreter_alone(tmp_path: Path) -> None:
    """Scripts are restored or removed. The interpreter's file stays the same, with the same link count."""
    entry = _entry(LIMIT, tmp_path)
    programs = entry.place.prefix / "bin"
    entry.save("one")
    before = (programs / "python3.12").stat()
    (programs / "tool").unlink()
    (programs / "other").touch()
    entry.restore("one")

    assert ["python", "python3.12", "tool"] == sorted(path.name for path in programs.iterdir())
    assert before.st_ctime_ns == (programs / "python3.12").stat().st_ctime_ns


def test_a_new_machine_has_nothing_of_an_earlier_run(tmp_path: Path) -> None:
    """On a new machine, byte code, the runner's temporary folder and pip's cache are removed before a sample; otherwise they stay."""
    left = {}
    for action in (NEW, LATER):
        entry = _entry(action, tmp_path / action.name)
        (entry.place.bed.action / "src" / "package").mkdir(parents=True)
        for name in ("action.yml", "report/x", "requirements/x"):
            (entry.place.bed.action / name).parent.mkdir(exist_ok=True)
            (entry.place.bed.action / name).write_text((ROOT / "action.yml").read_text(encoding="utf-8"), encoding="utf-8")
        action.clean(entry.place)
        own = next(path.parent for path in entry.place.folder.glob("*/action"))
        made = [
            own / "action" / "src" / "package" / "__pycache__" / "one.pyc",
            own / "runner" / "temp" / "tool",
            entry.place.home / ".cache" / "pip" / "x",
        ]
        for path in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        action.clean(entry.place)
        left[action.name] = [path.exists() for path in made]

    assert {NEW.name: [False] * 3, LATER.name: [True] * 3} == left


def test_contenders_take_turns_and_slow_ones_skip_rounds() -> None:
    """Each round starts with a different contender. A contender over its budget still gets three samples."""
    order: list[str] = []

    class Recorded(Entry):
        def sample(self, case: str) -> float:
            order.append(f"{case} {self.contender.name}")
            return 100.0 if self.contender is PIP else 1.0

    place = Place(testbed.Testbed(Path(), Python("3.12.1", Path(), Path(), Path()), 0), Path(), Project("", Path()))
    samples = rounds([Recorded(LIMIT, place), Recorded(PIP, place)], WARM, 5, 10)

    assert {LIMIT.name: 5, PIP.name: 3} == {name: len(found) for name, found in samples.items()}
    assert [LIMIT.name, PIP.name, PIP.name, LIMIT.name] == [text.removeprefix(f"{WARM} ") for text in order[:4]]


def _entry(contender: Contender, folder: Path) -> Entry:
    python = Python("3.12.1", folder, folder, folder)
    place = Place(testbed.Testbed(folder, python, 0), folder / "place", Project("", folder))
    LIMIT.packages(place).mkdir(parents=True)
    touch(place.prefix / "bin", "python3.12", "tool")
    (place.prefix / "bin" / "python").symlink_to("python3.12")
    return Entry(contender, place)

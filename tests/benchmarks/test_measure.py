"""How contenders are measured."""

from __future__ import annotations

from pathlib import Path

from benchmarks import testbed
from benchmarks.contenders import CONTENDERS, Place
from benchmarks.measure import Entry
from tests.support import touch
from tools.shared.pythons import Python


def test_each_contender_has_a_name_of_its_own() -> None:
    """Results are kept by name."""
    assert len(CONTENDERS) == len({contender.name for contender in CONTENDERS})


def test_restoring_a_prefix_leaves_its_interpreter_alone(tmp_path: Path) -> None:
    """The scripts of a state come back and others go; the interpreter's file stays the very same, with no more links to it."""
    entry = _entry(tmp_path)
    programs = entry.place.prefix / "bin"
    entry.save("one")
    before = (programs / "python3.12").stat()
    (programs / "tool").unlink()
    (programs / "other").touch()
    entry.restore("one")

    assert ["python", "python3.12", "tool"] == sorted(path.name for path in programs.iterdir())
    assert before.st_ctime_ns == (programs / "python3.12").stat().st_ctime_ns


def _entry(folder: Path) -> Entry:
    python = Python("3.12.1", folder, folder, folder)
    place = Place(testbed.Testbed(folder, python, 0), folder / "place", {})
    place.site_packages.mkdir(parents=True)
    touch(place.prefix / "bin", "python3.12", "tool")
    (place.prefix / "bin" / "python").symlink_to("python3.12")
    return Entry(CONTENDERS[-1], place, {})

"""The benchmark's own parts: what it generates, serves, computes and writes."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from tools.bench import document, guard, index, plot, profile, steps, wheels
from tools.bench.contenders import ACTION, CONTENDERS, LIMIT, PIP, Place
from tools.bench.document import Table
from tools.bench.lab import Lab
from tools.bench.measure import NOTHING, Stall
from tools.bench.numbers import Summary, duration, times

from tests.support import touch
from tests.support.pythons import ROOT, Python


def test_the_same_seed_gives_the_same_wheel(tmp_path: Path) -> None:
    """A wheel of the same seed has the same bytes, and one of another seed has others."""
    paths = [tmp_path / name for name in ("one", "two", "three")]
    for path in paths:
        path.mkdir()
    one, two, three = (wheels.Wheel(3).write(path, seed).read_bytes() for path, seed in zip(paths, (1, 1, 2), strict=True))

    assert one == two
    assert one != three


def test_what_is_generated_is_python_that_the_record_describes(tmp_path: Path) -> None:
    """Every module of a wheel is valid Python, and RECORD names every file."""
    with zipfile.ZipFile(wheels.Wheel(10).write(tmp_path, 1)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)
    record = next(text for name, text in files.items() if name.endswith("/RECORD"))

    assert sorted(files) == sorted(line.partition(",")[0] for line in record.splitlines())


def test_more_wheels_begin_with_the_fewer() -> None:
    """What is locked for few packages is a part of what is locked for many, and only requires what is in it."""
    few = [*wheels.generated(10)]
    required = {line.split()[1].partition(">")[0] for wheel in few for line in _metadata(wheel) if line.startswith("Requires-Dist")}

    assert few == [*wheels.generated(50)][:10]
    assert required <= {wheel.name for wheel in few}


def _metadata(wheel: wheels.Wheel) -> list[str]:
    return next(text for name, text in wheel.contents(1).items() if name.endswith("/METADATA")).splitlines()


@pytest.mark.parametrize("accept", ["text/html", "application/vnd.pypi.simple.v1+json, text/html;q=0.1"])
def test_the_index_speaks_both_formats(accept: str, tmp_path: Path) -> None:
    """A page is HTML (PEP 503), or JSON for those who accept it (PEP 691), and names the file with its hash."""
    wheel = wheels.Wheel(0).write(tmp_path, 1)
    response = index.respond(index.Shelf(tmp_path), f"GET /simple/{wheels.Wheel(0).name}/ HTTP/1.1\r\nAccept: {accept}".encode())
    head, _, body = response.partition(b"\r\n\r\n")
    kind = next(line for line in head.decode().split("\r\n") if line.startswith("Content-Type"))

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert ("json" if "json" in accept else "html") == ("json" if "json" in kind else "html")
    assert f"/files/{wheel.name}".encode() in body
    if "json" in accept:
        assert [wheel.name] == [file["filename"] for file in json.loads(body)["files"]]


def test_the_index_answers_who_has_it_already_with_304(tmp_path: Path) -> None:
    """A request with the tag of what is there gets no body."""
    wheel = wheels.Wheel(0).write(tmp_path, 1)
    shelf = index.Shelf(tmp_path)
    request = f"GET /files/{wheel.name} HTTP/1.1"
    head, _, body = index.respond(shelf, request.encode()).partition(b"\r\n\r\n")
    tag = next(line.partition(": ")[2] for line in head.decode().split("\r\n") if line.startswith("ETag"))
    again = index.respond(shelf, f"{request}\r\nIf-None-Match: {tag}".encode())

    assert wheel.read_bytes() == body
    assert again.startswith(b"HTTP/1.1 304 ")
    assert again.endswith(b"\r\n\r\n")


def test_the_index_does_not_leave_its_folder(tmp_path: Path) -> None:
    """A path that is not a wheel's is not there."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "secret-1.0-py3-none-any.whl").write_bytes(b"secret")
    shelf = index.Shelf(tmp_path / "wheels")

    assert index.respond(shelf, b"GET /files/../secret-1.0-py3-none-any.whl HTTP/1.1").startswith(b"HTTP/1.1 404 ")


def test_steps_are_those_that_action_yml_starts_itself() -> None:
    """The action's own programs are started in order, with every variable evaluated."""
    found = steps.steps(ROOT, {"no-dev": "true"})
    variables = {name: value for step in found for name, value in step.variables.items()}

    assert "sync" == found[-1].name
    assert "true" == variables["UV_SYSTEM_SYNC_NO_DEV"]
    assert "false" == variables["UV_SYSTEM_SYNC_FROZEN"]
    assert not [value for value in variables.values() if "${{" in value]


def test_the_time_of_a_span_is_less_that_of_the_spans_inside() -> None:
    """What is inside of a span counts once, wherever it was written down."""
    spans = [("outer", 0.0, 10.0, 0), ("import re", 2.0, 5.0, 1), ("import enum", 3.0, 4.0, 2), ("process uv sync", 6.0, 8.0, 1)]

    assert ({"outer": 5.0, "import others": 3.0, "process uv sync": 2.0}, {"re": 2.0, "enum": 1.0}) == profile.by_phase(spans)


def test_the_phases_are_functions_that_exist() -> None:
    """The profile's table names functions of src, so that none of them goes unseen after a change of name."""
    missing = []
    for module, function, _ in profile.PHASES:
        found: object = importlib.import_module(module)
        for name in function.split("."):
            found = getattr(found, name, None)
        if not callable(found):
            missing.append(f"{module}.{function}")

    assert [] == missing


def test_the_driver_traces_a_step(tmp_path: Path) -> None:
    """A script runs under the driver as it would alone, and its phases, imports and programs are written down."""
    module = "import json\nimport subprocess, sys\n\ndef work():\n    subprocess.run([sys.executable, '-c', 'pass'])\n"
    (tmp_path / "traced.py").write_text(module, encoding="utf-8")
    (tmp_path / "step.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport traced\ntraced.work()\n", encoding="utf-8"
    )
    (tmp_path / "phases").write_text("traced\twork\tworking\n", encoding="utf-8")
    found = {}
    for mode in ("time", "count"):
        trace = tmp_path / f"{mode}.json"
        words = [str(ROOT / "tools/bench/driver.py"), str(tmp_path / "step.py"), str(trace), str(tmp_path / "phases"), mode]
        subprocess.run([sys.executable, "-B", "-I", "-S", *words], check=True)
        found[mode] = json.loads(trace.read_text(encoding="utf-8").splitlines()[0])

    assert {"working", "import traced", "import json"} <= {span[0] for span in found["time"]["spans"]}
    assert [[sys.executable, "-c", "pass"]] == found["count"]["started"]


def test_a_summary_is_the_median_and_the_quartiles() -> None:
    """Of five samples, the middle one counts, and the ones beside it are the quartiles."""
    assert Summary(5, 3.0, 2.0, 4.0) == Summary.of([5.0, 1.0, 3.0, 2.0, 4.0])
    assert Summary(1, 3.0, 3.0, 3.0) == Summary.of([3.0])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.00812, "8.12 ms"), (0.0624, "62.4 ms"), (0.2, "200 ms"), (1.5, "1.50 s"), (61.23, "61.2 s"), (0, "0 ms")]
)
def test_a_duration_has_three_digits(seconds: float, text: str) -> None:
    """Durations are written in the unit that suits them."""
    assert text == duration(seconds)


def test_the_targets_are_computed_from_one_run() -> None:
    """The own work is the action less plain uv, in bare starts of the same run; what was not measured is said."""
    samples = {NOTHING: {ACTION: [0.100], LIMIT: [0.020], PIP: [0.500]}}
    found = [*document.targets([Table("200 packages", samples, [0.010])])]

    assert f"| own work over plain `uv sync`, nothing to do, 200 packages, in bare interpreter starts | ≤ 10 × | {times(8)} |" in found  # noqa: RUF001 - a multiplication sign
    assert f"| faster than pip, nothing to do, 200 packages | ≥ 4 × | {times(5)} |" in found  # noqa: RUF001 - as above


def test_only_what_is_generated_is_replaced() -> None:
    """Text around the markers stays, and a document without them is refused."""
    before = f"above\n{document.BEGIN}\nold\n{document.END}\nbelow\n"

    assert "above\nnew\nbelow\n" == document.replaced(before, "new")
    with pytest.raises(ValueError, match="does not have"):
        document.replaced("nothing", "new")


def test_the_committed_document_can_be_rewritten() -> None:
    """docs/benchmark.md has the markers, and shows both plots."""
    text = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")

    assert "new" in document.replaced(text, "new")
    assert [] == [theme for theme in plot.THEMES if f"benchmark-{theme}.svg" not in text]


def test_a_table_shows_what_took_part() -> None:
    """A contender without samples has no row, and one that skipped a case an empty cell."""
    table = Table("10 packages", {"cold": {LIMIT: [1.0, 3.0], PIP: []}, "warm": {LIMIT: [0.1], PIP: [2.0]}}, [0.010])

    assert [
        "| median ± interquartile range (samples) | cold | warm |",
        "| --- | ---: | ---: |",
        f"| {LIMIT} | 2.00 s ± 1.00 s (2) | 100 ms (1) |",
        f"| {PIP} |  | 2.00 s (1) |",
    ] == [*document.rows(table)][:4]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_plot_is_well_formed_and_has_every_value(theme: str) -> None:
    """The picture is XML, whatever the names hold, and shows each name with its value."""
    picture = ET.fromstring(plot.render("10 packages", {"cold & warm": {"a < b": 0.05, "uv-system-sync": 2.0}}, theme))  # noqa: S314 - our own
    texts = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}

    assert {"cold & warm", "a < b", "50.0 ms", "uv-system-sync", "2.00 s"} <= texts


def test_a_plots_scale_is_logarithmic() -> None:
    """The middle of the scale is the geometric mean of its ends."""
    assert 0.5 == pytest.approx(plot.position(0.1, 0.01, 1.0))


def test_each_contender_has_a_name_of_its_own() -> None:
    """Results are kept by name."""
    assert len(CONTENDERS) == len({contender.name for contender in CONTENDERS})


@pytest.mark.parametrize(("starts", "growth", "good"), [(10.0, 1.5, [True, True]), (14.9, 2.2, [True, True]), (15.1, 2.3, [False, False])])
def test_the_guard_lets_half_as_much_again_pass(starts: float, growth: float, good: list[bool]) -> None:
    """A budget is exceeded when the value is more than half above it."""
    assert good == [within for _, within in guard.verdicts(starts, growth)]


def test_the_commands_are_shown_as_one_would_type_them() -> None:
    """A command of the table names no folder of the run, and has no quotes that only the run needs."""
    rows = [*document.described(CONTENDERS)]

    assert f"| {LIMIT} | `uv sync --locked --python $pythonLocation/bin/python` |" in "".join(row for row in rows if LIMIT in row)
    assert [] == [row for row in rows if "$PLACE" in row or str(ROOT) in row]


def test_restoring_a_prefix_leaves_its_interpreter_alone(tmp_path: Path) -> None:
    """The scripts of a state come back and others go; the interpreter's file stays the very same, with no more links to it."""
    stall = _stall(tmp_path)
    programs = stall.place.prefix / "bin"
    stall.save("one")
    before = (programs / "python3.12").stat()
    (programs / "tool").unlink()
    (programs / "other").touch()
    stall.restore("one")

    assert ["python", "python3.12", "tool"] == sorted(path.name for path in programs.iterdir())
    assert before.st_ctime_ns == (programs / "python3.12").stat().st_ctime_ns


def _stall(folder: Path) -> Stall:
    python = Python("3.12.1", folder, folder, folder)
    place = Place(Lab(folder, python, 0), folder / "place", {})
    place.site_packages.mkdir(parents=True)
    touch(place.prefix / "bin", "python3.12", "tool")
    (place.prefix / "bin" / "python").symlink_to("python3.12")
    return Stall(CONTENDERS[-1], place, {})

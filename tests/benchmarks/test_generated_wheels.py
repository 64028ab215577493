"""The generated wheels of the benchmark."""

from __future__ import annotations

import ast
import subprocess
import zipfile
from pathlib import Path

from benchmarks.generated_wheels import Wheel, generated, write_source
from tools.shared.uv import LOCKED_UV


def test_the_same_seed_gives_the_same_wheel(tmp_path: Path) -> None:
    """Another seed produces other bytes."""
    paths = [tmp_path / name for name in ("one", "two", "three")]
    for path in paths:
        path.mkdir()
    one, two, three = (Wheel(3).write(path, seed).read_bytes() for path, seed in zip(paths, (1, 1, 2), strict=True))

    assert one == two
    assert one != three


def test_a_generated_wheel_has_valid_python_and_a_complete_record(tmp_path: Path) -> None:
    with zipfile.ZipFile(Wheel(10).write(tmp_path, 1)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)
    record = next(text for name, text in files.items() if name.endswith("/RECORD"))

    assert sorted(files) == sorted(line.partition(",")[0] for line in record.splitlines())


def test_a_source_is_built_to_a_wheel_of_its_name(tmp_path: Path) -> None:
    write_source(tmp_path, "bench-slow", 0)
    command: list[str | Path] = [
        LOCKED_UV,
        "pip",
        "install",
        "--no-index",
        "--no-cache",
        "--find-links",
        tmp_path,
        "--target",
        tmp_path / "target",
    ]
    subprocess.run([*command, "bench-slow"], check=True, capture_output=True)

    assert (tmp_path / "target" / "bench_slow.py").is_file()


def test_more_wheels_begin_with_the_fewer() -> None:
    """The wheels of a small lock are the first wheels of a large lock, and only require each other."""
    few = [*generated(10)]
    required = {requirement.partition(">")[0] for wheel in few for requirement in wheel.requires}

    assert few == [*generated(50)][:10]
    assert required <= {wheel.name for wheel in few}

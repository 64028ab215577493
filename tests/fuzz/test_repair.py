"""Properties of `interpreter.repair`: whatever a RECORD contains, no file outside the target is removed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.support import TARGET
from uv_system_sync.interpreter import repair
from uv_system_sync.interpreter.site_packages import dist_infos
from uv_system_sync.interpreter.target import Target

_SITE_PACKAGES = ("prefix", "lib", "site-packages")

_OUTSIDE = ("../../../outside/kept", "../../../outside", "link/kept", "link/../../outside/kept", "../../lib/../../outside/kept")
_INSIDE = ("alpha.py", "beta.py", "alpha-1.0.dist-info/RECORD", "alpha-1.0.dist-info/INSTALLER")
_paths = st.sampled_from((*_OUTSIDE, *_INSIDE, "/etc/hostname", "{outside}/kept", "", ".", "..", "../..", "~/x"))
# Includes sizes that are not numbers, and rows that are not valid CSV.
_rows = st.tuples(
    _paths | hostile.text.map(lambda path: path.replace("\x00", "")), hostile.text, st.sampled_from(("", "0", "-1", "²", "1e3", "٣"))
)
_record = st.lists(_rows, max_size=6).map(lambda rows: "".join(",".join(row) + "\n" for row in rows).encode("utf-8", "replace"))


def _target(folder: str) -> tuple[Target, Path]:
    """Create a target with a broken `alpha`, a complete `beta` and a link out of the target; return it and its site-packages folder."""
    site_packages = Path(folder, *_SITE_PACKAGES)
    (site_packages / "alpha-1.0.dist-info").mkdir(parents=True)
    (site_packages / "beta-1.0.dist-info").mkdir()
    for name in ("METADATA", "INSTALLER"):
        (site_packages / "beta-1.0.dist-info" / name).touch()
    (site_packages / "beta-1.0.dist-info" / "RECORD").write_text("beta.py,,0\nbeta-1.0.dist-info/INSTALLER,,0\n", encoding="utf-8")
    (site_packages / "beta.py").touch()
    (Path(folder) / "outside").mkdir()
    (Path(folder) / "outside" / "kept").touch()
    (site_packages / "link").symlink_to(Path(folder) / "outside")
    return TARGET._replace(prefix=str(Path(folder) / "prefix"), site_packages=(str(site_packages),)), site_packages


@given(record=_record | hostile.content, thorough=st.booleans())
@example(record=b"beta.py,,0\nlink/kept,,0\n../../../outside/kept,,0\n", thorough=True)
@example(record=b"beta.py,,0\nlink/kept,,0\n{outside}/kept,,0\n", thorough=False)
def test_removal_keeps_what_is_outside_of_the_target_or_another_packages(record: bytes, *, thorough: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target, site_packages = _target(folder)
        content = record.replace(b"{outside}", os.fsencode(folder) + b"/outside")
        (site_packages / "alpha-1.0.dist-info" / "RECORD").write_bytes(content)
        broken = repair.find_broken(dist_infos(target.site_packages), target, thorough=thorough)
        repair.remove(broken, target)
        left = ((Path(folder) / "outside" / "kept").exists(), (site_packages / "beta.py").exists())

    assert (["alpha"], (True, True)) == ([item.name for item in broken], left)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(b"a\x00b,,1\n", id="a-path-that-no-system-has"),
        pytest.param(b"a,," + b"9" * 5000 + b"\n", id="a-size-that-no-file-has"),
    ],
)
def test_an_impossible_record_is_of_a_broken_package_that_is_removed(tmp_path: Path, record: bytes) -> None:
    target, site_packages = _target(str(tmp_path))
    (site_packages / "alpha-1.0.dist-info" / "METADATA").touch()
    (site_packages / "alpha-1.0.dist-info" / "RECORD").write_bytes(record)

    repair.remove(repair.find_broken(dist_infos(target.site_packages), target, thorough=True), target)

    assert () == repair.find_broken(dist_infos(target.site_packages), target, thorough=True)

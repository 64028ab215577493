"""Finding what an interrupted sync has left broken, and clearing it away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import TARGET, words
from uv_system_sync import heal
from uv_system_sync.errors import PythonUnsuitable
from uv_system_sync.target import Target


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Give a target whose packages are in a folder of its own, with one whole package."""
    site_packages = tmp_path / "python" / "lib" / "site-packages"
    _install(site_packages, "alpha")
    return replace(TARGET, prefix=str(tmp_path / "python"), site_packages=(str(site_packages),))


def _install(site_packages: Path, name: str, *also: str) -> Path:
    """Install a package of one module and of `also`, as uv leaves it, and return its .dist-info folder."""
    info = site_packages / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    files = {f"{name}.py": "x = 1\n", f"{info.name}/METADATA": "Name: x\n", f"{info.name}/INSTALLER": "uv", **dict.fromkeys(also, "shared")}
    for path, text in files.items():
        (site_packages / path).write_text(text, encoding="utf-8")
    rows = [*(f"{path},sha256=x,{len(text)}" for path, text in files.items()), f"{info.name}/RECORD,,"]
    (info / "RECORD").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return info


def _found(target: Target, *, thorough: bool = True) -> list[tuple[str, str]]:
    return [(item.name, item.reason) for item in heal.broken(target, thorough=thorough)]


def test_what_is_whole(target: Target) -> None:
    """A package with all its files is not broken."""
    assert [] == _found(target)


@pytest.mark.parametrize("name", ["METADATA", "RECORD"])
@pytest.mark.parametrize("thorough", [True, False])
def test_without_a_file_of_its_own(target: Target, name: str, *, thorough: bool) -> None:
    """A package without METADATA or RECORD is broken, however closely one looks."""
    (Path(target.site_packages[0]) / "alpha-1.0.dist-info" / name).unlink()

    assert [("alpha", f"it has no {name}")] == _found(target, thorough=thorough)


def test_without_a_module(target: Target) -> None:
    """A file that the RECORD names and that is not there is only found by a thorough look."""
    module = Path(target.site_packages[0]) / "alpha.py"
    module.unlink()

    assert [] == _found(target, thorough=False)
    assert [("alpha", f"{module} is missing")] == _found(target)


def test_with_half_a_module(target: Target) -> None:
    """A file that is shorter than the RECORD says is broken."""
    module = Path(target.site_packages[0]) / "alpha.py"
    module.write_text("x", encoding="utf-8")

    assert [("alpha", f"{module} has 1 bytes, not 6")] == _found(target)


def test_before_the_installer_was_done(target: Target) -> None:
    """A RECORD as the wheel brought it, which names no INSTALLER, is not that of an installation that has ended."""
    record = Path(target.site_packages[0]) / "alpha-1.0.dist-info" / "RECORD"
    record.write_text("alpha.py,sha256=x,6\nalpha-1.0.dist-info/RECORD,,\n", encoding="utf-8")

    assert [("alpha", "its RECORD does not name an INSTALLER")] == _found(target)


def test_byte_code_comes_and_goes(target: Target) -> None:
    """Byte code that the RECORD names need not be there."""
    record = Path(target.site_packages[0]) / "alpha-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text(encoding="utf-8") + "__pycache__/alpha.cpython-312.pyc,,\n", encoding="utf-8")

    assert [] == _found(target)


@pytest.mark.parametrize("text", [b"\xff\xfe", b'"', b"alpha.py\n", b"a\0b,,\n", b""], ids=["bytes", "quote", "one-column", "nul", "empty"])
def test_a_record_that_is_none(target: Target, text: bytes) -> None:
    """A RECORD that cannot be read is a broken package, and no bug."""
    (Path(target.site_packages[0]) / "alpha-1.0.dist-info" / "RECORD").write_bytes(text)
    ((name, _),) = _found(target)

    assert "alpha" == name


def test_clear(target: Target) -> None:
    """What is broken is gone with all that its RECORD names, less what another package has, too."""
    site_packages = Path(target.site_packages[0])
    _install(site_packages, "beta", "shared.py")
    _install(site_packages, "gamma", "shared.py")
    (site_packages / "beta.py").unlink()

    heal.clear(heal.broken(target, thorough=True), target)

    assert ["alpha-1.0.dist-info", "alpha.py", "gamma-1.0.dist-info", "gamma.py", "shared.py"] == sorted(
        path.name for path in site_packages.iterdir()
    )


def test_clear_stays_inside(target: Target, tmp_path: Path) -> None:
    """A RECORD that names files outside of the Python has none of them removed."""
    precious = tmp_path / "precious"
    precious.touch()
    record = Path(target.site_packages[0]) / "alpha-1.0.dist-info" / "RECORD"
    record.write_text(f"{precious},,\n../../../precious,,\n", encoding="utf-8")

    heal.clear(heal.broken(target, thorough=True), target)

    assert precious.exists()
    assert not record.parent.exists()


def test_the_mark(target: Target) -> None:
    """A sync that has begun and not ended can be told."""
    before = heal.is_unfinished(target)
    heal.begin(target)
    during = heal.is_unfinished(target)
    heal.end(target)

    assert (False, True, False) == (before, during, heal.is_unfinished(target))


def test_the_mark_in_a_folder_that_is_new(tmp_path: Path) -> None:
    """A Python that nothing was ever installed into gets the folder for it."""
    new = replace(TARGET, site_packages=(str(tmp_path / "lib" / "site-packages"),))
    heal.begin(new)

    assert heal.is_unfinished(new)


def test_no_place_for_the_mark(tmp_path: Path) -> None:
    """Where the mark cannot be written, nothing begins."""
    (tmp_path / "lib").touch()
    folder = tmp_path / "lib" / "site-packages"
    with pytest.raises(PythonUnsuitable) as caught:
        heal.begin(replace(TARGET, site_packages=(str(folder),)))

    assert (f"{folder} cannot be written: Not a directory.", "Free space on its disk, and let the step's user write to it.") == words(
        caught.value
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is on a full disk")
def test_a_mark_that_was_there_before_stays(target: Target) -> None:
    """A sync that cannot begin leaves the mark of an earlier one that did not end, so that the next one still looks at everything."""
    mark = Path(target.site_packages[0]) / ".uv-system-sync-unfinished"
    mark.symlink_to("/dev/full")
    with pytest.raises(PythonUnsuitable):
        heal.begin(target)

    assert mark.is_symlink()


def test_an_end_without_a_beginning(target: Target) -> None:
    """A mark that is gone already is no error."""
    heal.end(target)

    assert not heal.is_unfinished(target)

"""Finding what an interrupted sync has left broken, and clearing it away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import TARGET
from uv_system_sync.interpreter import repair
from uv_system_sync.interpreter.target import Target


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Give a target whose packages are in a folder of its own, with one whole package."""
    site_packages = tmp_path / "python" / "lib" / "site-packages"
    _install(site_packages, "alpha")
    return TARGET._replace(prefix=str(tmp_path / "python"), site_packages=(str(site_packages),))


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
    return [(item.name, item.reason) for item in repair.broken(target, thorough=thorough)]


def test_what_is_whole(target: Target) -> None:
    """A package with all its files is not broken."""
    assert [] == _found(target)


@pytest.mark.parametrize("name", ["METADATA", "RECORD"])
@pytest.mark.parametrize("thorough", [True, False])
def test_without_a_file_of_its_own(target: Target, name: str, *, thorough: bool) -> None:
    """A package without METADATA or RECORD is broken, however closely one looks."""
    (Path(target.site_packages[0]) / "alpha-1.0.dist-info" / name).unlink()

    assert [("alpha", f"it has no {name}")] == _found(target, thorough=thorough)


@pytest.mark.parametrize(
    ("installer", "marker", "expected"),
    [
        pytest.param("brew", "/EXTERNALLY-MANAGED", [], id="of-what-manages-the-python"),
        pytest.param("uv", "/EXTERNALLY-MANAGED", [("alpha", "it has no RECORD")], id="of-uv"),
        pytest.param("", "/EXTERNALLY-MANAGED", [("alpha", "it has no RECORD")], id="not-finished"),
        pytest.param("brew", None, [("alpha", "it has no RECORD")], id="in-a-python-that-nothing-manages"),
    ],
)
@pytest.mark.parametrize("thorough", [True, False])
def test_without_a_record_on_purpose(
    target: Target, installer: str, marker: str | None, expected: list[tuple[str, str]], *, thorough: bool
) -> None:
    """A package that what manages the Python keeps without a RECORD is as it should be (PEP 627)."""
    info = Path(target.site_packages[0]) / "alpha-1.0.dist-info"
    (info / "RECORD").unlink()
    (info / "INSTALLER").write_text(installer, encoding="utf-8")

    assert expected == _found(target._replace(marker=marker), thorough=thorough)


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

    repair.clear(repair.broken(target, thorough=True), target)

    assert ["alpha-1.0.dist-info", "alpha.py", "gamma-1.0.dist-info", "gamma.py", "shared.py"] == sorted(
        path.name for path in site_packages.iterdir()
    )


def test_clear_stays_inside(target: Target, tmp_path: Path) -> None:
    """A RECORD that names files outside of the Python has none of them removed."""
    precious = tmp_path / "precious"
    precious.touch()
    record = Path(target.site_packages[0]) / "alpha-1.0.dist-info" / "RECORD"
    record.write_text(f"{precious},,\n../../../precious,,\n", encoding="utf-8")

    repair.clear(repair.broken(target, thorough=True), target)

    assert precious.exists()
    assert not record.parent.exists()

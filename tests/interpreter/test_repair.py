"""Tests of `interpreter.repair`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import TARGET
from uv_system_sync.interpreter import repair
from uv_system_sync.interpreter.site_packages import dist_infos
from uv_system_sync.interpreter.target import Target

posix = pytest.mark.skipif(os.name == "nt", reason="links for everyone, and scripts that are text")


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """A folder of packages with a complete `alpha`."""
    folder = tmp_path / "python" / "lib" / "site-packages"
    _install(folder, "alpha")
    return folder


@pytest.fixture
def target(tmp_path: Path, site_packages: Path) -> Target:
    """A target whose packages are in `site_packages`."""
    return TARGET._replace(prefix=str(tmp_path / "python"), site_packages=(str(site_packages),))


@pytest.fixture
def info(site_packages: Path) -> Path:
    """The .dist-info folder of `alpha`."""
    return site_packages / "alpha-1.0.dist-info"


def _install(site_packages: Path, name: str, *also: str) -> None:
    """Write the files that uv installs for a package of one module and the files `also`."""
    info = site_packages / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    files = {f"{name}.py": "x = 1\n", f"{info.name}/METADATA": "Name: x\n", f"{info.name}/INSTALLER": "uv", **dict.fromkeys(also, "shared")}
    for path, text in files.items():
        (site_packages / path).write_text(text, encoding="utf-8")
    rows = [*(f"{path},sha256=x,{len(text)}" for path, text in files.items()), f"{info.name}/RECORD,,"]
    (info / "RECORD").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _broken(target: Target, *, thorough: bool = True) -> list[tuple[str, str]]:
    return [(item.name, item.reason) for item in repair.find_broken(dist_infos(target.site_packages), target, thorough=thorough)]


def test_a_package_with_all_its_files_is_not_broken(target: Target) -> None:
    assert [] == _broken(target)


@pytest.mark.parametrize("name", ["METADATA", "RECORD"])
@pytest.mark.parametrize("thorough", [True, False])
def test_a_package_without_metadata_or_record_is_always_broken(target: Target, info: Path, name: str, *, thorough: bool) -> None:
    (info / name).unlink()

    assert [("alpha", f"it has no {name}")] == _broken(target, thorough=thorough)


@pytest.mark.parametrize(
    ("installer", "externally_managed", "expected"),
    [
        pytest.param("brew", "/EXTERNALLY-MANAGED", [], id="of-what-manages-the-python"),
        pytest.param("uv", "/EXTERNALLY-MANAGED", ["alpha"], id="of-uv"),
        pytest.param("", "/EXTERNALLY-MANAGED", ["alpha"], id="interrupted"),
        pytest.param("brew", None, ["alpha"], id="in-an-unmanaged-python"),
    ],
)
@pytest.mark.parametrize("thorough", [True, False])
def test_a_package_of_the_operating_system_may_have_no_record(
    target: Target, installer: str, externally_managed: str | None, expected: list[str], *, thorough: bool
) -> None:
    """PEP 627 allows this."""
    info = Path(target.site_packages[0]) / "alpha-1.0.dist-info"
    (info / "RECORD").unlink()
    (info / "INSTALLER").write_text(installer, encoding="utf-8")

    assert expected == [name for name, _ in _broken(target._replace(externally_managed=externally_managed), thorough=thorough)]


def test_a_missing_module_is_found_only_by_a_thorough_search(target: Target, site_packages: Path) -> None:
    (site_packages / "alpha.py").unlink()

    assert [] == _broken(target, thorough=False)
    assert [("alpha", f"{site_packages / 'alpha.py'} is missing")] == _broken(target)


def test_a_module_of_another_size_is_found(target: Target, site_packages: Path) -> None:
    (site_packages / "alpha.py").write_text("x", encoding="utf-8")

    assert [("alpha", f"{site_packages / 'alpha.py'} has 1 bytes, not 6")] == _broken(target)


def test_a_package_whose_record_does_not_name_an_installer_is_broken(target: Target, info: Path) -> None:
    """An interrupted installation leaves the RECORD of the wheel, which does not name one."""
    (info / "RECORD").write_text("alpha.py,sha256=x,6\nalpha-1.0.dist-info/RECORD,,\n", encoding="utf-8")

    assert [("alpha", "its RECORD does not name an INSTALLER")] == _broken(target)


def test_missing_byte_code_is_ignored(target: Target, info: Path) -> None:
    with (info / "RECORD").open("a", encoding="utf-8") as file:
        file.write("__pycache__/alpha.cpython-312.pyc,,\n")

    assert [] == _broken(target)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b'"', b"alpha.py\n", b"a\0b,,\n", b""], ids=["bytes", "quote", "one-column", "nul", "empty"]
)
def test_a_package_with_an_unreadable_record_is_broken(target: Target, info: Path, content: bytes) -> None:
    (info / "RECORD").write_bytes(content)

    assert ["alpha"] == [name for name, _ in _broken(target)]


def test_removal_keeps_files_that_another_package_also_has(target: Target, site_packages: Path) -> None:
    _install(site_packages, "beta", "shared.py")
    _install(site_packages, "gamma", "shared.py")
    (site_packages / "beta.py").unlink()

    repair.remove(repair.find_broken(dist_infos(target.site_packages), target, thorough=True), target)

    expected = ["alpha-1.0.dist-info", "alpha.py", "gamma-1.0.dist-info", "gamma.py", "shared.py"]
    assert expected == sorted(path.name for path in site_packages.iterdir())


def test_removal_stays_inside_the_prefix(target: Target, info: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.touch()
    (info / "RECORD").write_text(f"{precious},,\n../../../precious,,\n", encoding="utf-8")

    repair.remove(repair.find_broken(dist_infos(target.site_packages), target, thorough=True), target)

    assert (True, False) == (precious.exists(), info.exists())


def test_removal_of_a_link_keeps_its_target(target: Target, info: Path, tmp_path: Path) -> None:
    precious, link = tmp_path / "precious", info.parent / "link"
    precious.touch()
    link.symlink_to(precious)
    (info / "RECORD").write_text("link,,\n", encoding="utf-8")

    repair.remove(repair.find_broken(dist_infos(target.site_packages), target, thorough=True), target)

    assert (True, False) == (precious.exists(), os.path.lexists(link))


@pytest.fixture
def installation(target: Target, site_packages: Path) -> Target:
    """The target with an interpreter, scripts, a standard library and a link to the folder that contains site-packages."""
    prefix = Path(target.prefix)
    scripts = {
        "python3": "ELF",
        "pydoc3.12": f"#!{prefix}/bin/python3\n",
        "activate": "deactivate () {\n",
        "tool": "#!/bin/sh\n",
        "alpha-tool": f"#!{prefix}/bin/python3\n",
        "beta-tool": f"#!/bin/sh\n'''exec' '{prefix}/bin/python3' \"$0\" \"$@\"\n",
    }
    (prefix / "bin").mkdir()
    for name, text in scripts.items():
        (prefix / "bin" / name).write_text(text, encoding="utf-8")
    (prefix / "bin" / "python").symlink_to("python3")
    (prefix / "lib64").symlink_to("lib")
    (site_packages.parent / "glob.py").touch()
    (site_packages / "outside").symlink_to(site_packages.parent)
    (site_packages / ".uv-system-sync-unfinished").touch()
    return target._replace(executable=str(prefix / "bin" / "python3"), scripts=str(prefix / "bin"))


def _listing(folder: Path) -> set[str]:
    return {os.path.relpath(os.path.join(root, name), folder) for root, below, names in os.walk(folder) for name in (*below, *names)}


@posix
@pytest.mark.parametrize(
    "path",
    [
        *("../../bin/python3", "../../bin/python", "../../bin/pydoc3.12", "../../bin/activate", "../../bin/tool"),
        *("../glob.py", "outside/glob.py", "../../lib64/glob.py", "../../lib64/site-packages/alpha.py", "./x/../alpha.py"),
        *("alpha-1.0.dist-info/METADATA", "alpha-1.0.dist-info/added", ".uv-system-sync-unfinished", "{site_packages}/alpha.py"),
        *("ALPHA-1.0.dist-info/METADATA", "../../share/data"),
    ],
)
def test_removal_of_a_package_keeps_what_is_not_its_own(installation: Target, site_packages: Path, path: str) -> None:
    """A package may have any RECORD, and this package is broken because it has no METADATA."""
    (Path(installation.prefix) / "share").mkdir()
    (Path(installation.prefix) / "share" / "data").touch()
    (site_packages / "alpha-1.0.dist-info" / "added").touch()
    before = _listing(Path(installation.prefix))
    ghost = site_packages / "ghost-1.0.dist-info"
    ghost.mkdir()
    (ghost / "RECORD").write_text(f"{path.format(site_packages=site_packages)},,\n", encoding="utf-8")

    repair.remove(repair.find_broken(dist_infos(installation.site_packages), installation, thorough=False), installation)

    assert before == _listing(Path(installation.prefix))


@posix
def test_removal_removes_modules_and_scripts_under_any_path(installation: Target, site_packages: Path, info: Path) -> None:
    before = _listing(Path(installation.prefix))
    (info / "METADATA").unlink()
    rows = ("../../lib64/site-packages/alpha.py", "../../bin/alpha-tool", "../../bin/beta-tool")
    (info / "RECORD").write_text("".join(f"{row},,\n" for row in rows), encoding="utf-8")

    repair.remove(repair.find_broken(dist_infos(installation.site_packages), installation, thorough=False), installation)

    gone = {name for name in before - _listing(Path(installation.prefix)) if ".dist-info" not in name}
    assert {"lib/site-packages/alpha.py", "bin/alpha-tool", "bin/beta-tool"} == gone
    assert not info.exists()
    assert site_packages.exists()

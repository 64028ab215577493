"""Telling which wheels a lock has, and whether one may be for the target."""

from __future__ import annotations

import pytest

from tests.support import TARGET
from uv_system_sync.diagnosis import wheels


def _package(*tags: str) -> dict[str, object]:
    return {"wheels": [{"url": f"https://host/files/alpha-1.0-{tag}.whl", "hash": "sha256:0"} for tag in tags]}


@pytest.mark.parametrize(
    "tag",
    [
        *("py3-none-any", "py2.py3-none-any", "py38-none-any", "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"),
        *("cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-linux_x86_64", "cp38-abi3-manylinux1_x86_64", "cp312-none-any"),
        *("py3-none-manylinux_2_39_x86_64", "cp312-cp312t-manylinux_2_17_x86_64", "graalpy312-graalpy240_312_native-manylinux_2_17_x86_64"),
    ],
)
def test_wheel_that_may_fit(tag: str) -> None:
    """Nothing is said of a lock that has a wheel for the target, or one of which it cannot be told."""
    assert "" == wheels.missing(_package("cp39-cp39-win_amd64", tag), TARGET)


@pytest.mark.parametrize(
    ("tag", "have"),
    [
        ("cp311-cp311-manylinux_2_17_x86_64", "cp311 on manylinux_2_17_x86_64"),
        ("cp313-cp313-manylinux_2_17_x86_64", "cp313 on manylinux_2_17_x86_64"),
        ("cp313-abi3-manylinux_2_17_x86_64", "cp313-abi3 on manylinux_2_17_x86_64"),
        ("cp312-cp312-manylinux_2_17_aarch64", "cp312 on manylinux_2_17_aarch64"),
        ("cp312-cp312-macosx_10_9_x86_64", "cp312 on macosx_10_9_x86_64"),
        ("cp312-cp312-win_amd64", "cp312 on win_amd64"),
        ("pp310-pypy310_pp73-manylinux_2_17_x86_64", "pp310 on manylinux_2_17_x86_64"),
        ("py2-none-any", "py2 on any"),
        ("py313-none-any", "py313 on any"),
    ],
)
def test_wheel_that_does_not_fit(tag: str, have: str) -> None:
    """A wheel for another Python or another platform is told as what it is."""
    assert f"uv.lock has wheels of it for {have}; none for cp312 on linux-x86_64" == wheels.missing(_package(tag), TARGET)


@pytest.mark.parametrize(
    ("platform", "fitting", "other"),
    [
        ("win-amd64", "win_amd64", "win32"),
        ("win32", "win32", "win_amd64"),
        ("win-arm64", "win_arm64", "win_amd64"),
        ("linux-aarch64", "manylinux_2_17_aarch64", "manylinux_2_17_x86_64"),
        ("linux-armv7l", "musllinux_1_2_armv7l", "manylinux_2_17_aarch64"),
        ("macosx-11.0-arm64", "macosx_12_0_arm64", "macosx_12_0_x86_64"),
        ("macosx-10.9-x86_64", "macosx_10_9_intel", "macosx_11_0_arm64"),
        ("macosx-11.0-arm64", "macosx_10_9_universal2", "manylinux_2_17_aarch64"),
        ("macosx-10.9-universal2", "macosx_11_0_arm64", "win_amd64"),
        ("freebsd-14-amd64", "freebsd_14_amd64", None),
    ],
)
def test_platforms(platform: str, fitting: str, other: str | None) -> None:
    """Each platform takes its own wheels, and those of a platform that is not known are not judged."""
    target = TARGET._replace(platform=platform)

    assert "" == wheels.missing(_package(f"cp312-cp312-{fitting}"), target)
    if other is not None:
        said = f"uv.lock has wheels of it for cp312 on {other}; none for cp312 on {platform}"
        assert said == wheels.missing(_package(f"cp312-cp312-{other}"), target)


def test_pypy() -> None:
    """PyPy takes its own wheels, and not those of CPython."""
    target = TARGET._replace(implementation="pypy", version="3.10.14")

    assert "" == wheels.missing(_package("pp310-pypy310_pp73-manylinux_2_17_x86_64"), target)
    assert wheels.missing(_package("cp310-cp310-manylinux_2_17_x86_64"), target).endswith("; none for pp310 on linux-x86_64")


def test_many_wheels() -> None:
    """Pythons that follow each other are one, names that mean the same are left out, and a long list is cut."""
    tags = [f"cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.manylinux2014_x86_64" for minor in (8, 9, 10, 11, 14)]
    tags += [f"cp37-abi3-macosx_1{number}_0_arm64" for number in range(1, 15)]

    assert (
        "uv.lock has wheels of it for cp38 to cp311, cp314, cp37-abi3 on "
        + ", ".join(f"macosx_1{number}_0_arm64" for number in (10, 11, 12, 13, 14, 1, 2, 3, 4, 5, 6, 7))
        + " and 3 more; none for cp312 on linux-x86_64"
    ) == wheels.missing(_package(*tags), TARGET)


@pytest.mark.parametrize(
    "package",
    [{}, {"wheels": []}, {"wheels": 1}, {"wheels": [1, {}, {"url": "https://[/"}, {"url": "alpha.whl"}, {"path": 3}]}],
    ids=["nothing", "none", "no-list", "nonsense"],
)
def test_no_wheels(package: dict[str, object]) -> None:
    """A package without wheels, or with nothing that is one, has none."""
    assert "uv.lock has no wheels of it" == wheels.missing(package, TARGET)


@pytest.mark.parametrize(
    "wheel",
    [
        {"url": "https://host/a%2Bb/alpha-1.0%2Blocal-py3-none-any.whl#sha256=0"},
        {"path": "..\\wheels\\alpha-1.0-py3-none-any.whl"},
        {"filename": "alpha-1.0-py3-none-any.whl", "url": "https://host/1"},
    ],
    ids=["url", "path", "filename"],
)
def test_names_of_wheels(wheel: dict[str, str]) -> None:
    """A wheel is known by its file name, however the lock says where it is."""
    assert "" == wheels.missing({"wheels": [wheel]}, TARGET)

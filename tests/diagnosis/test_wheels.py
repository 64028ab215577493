"""Tests of `diagnosis.wheels`."""

from __future__ import annotations

import sysconfig

import pytest

from tests.support import TARGET
from uv_system_sync.diagnosis import wheels

_HERE = TARGET._replace(platform=sysconfig.get_platform())
_ELSEWHERE = TARGET._replace(platform="plan9-x86_64")


def _package(*tags: str) -> dict[str, object]:
    return {"wheels": [{"url": f"https://host/files/alpha-1.0-{tag}.whl", "hash": "sha256:0"} for tag in tags]}


@pytest.mark.parametrize(
    "tag",
    [
        *("py3-none-any", "py2.py3-none-any", "py38-none-any", "cp312-none-any", "cp312-cp312-plan9_x86_64", "cp38-abi3-plan9_x86_64"),
        *("cp312-cp312t-plan9_x86_64", "py3-none-plan9_x86_64", "cp312-cp312-win_amd64"),
    ],
)
def test_wheel_that_may_be_for_the_target(tag: str) -> None:
    """The platform of another machine is not known, nor is whether a Python is free-threaded."""
    assert wheels.missing(_package("cp39-cp39-win_amd64", tag), _ELSEWHERE) is None


@pytest.mark.parametrize(
    ("tag", "pythons", "platforms"),
    [
        ("cp311-cp311-plan9_x86_64", "cp311", "plan9_x86_64"),
        ("cp313-cp313-plan9_x86_64", "cp313", "plan9_x86_64"),
        ("cp313-abi3-plan9_x86_64", "cp313-abi3", "plan9_x86_64"),
        ("pp310-pypy310_pp73-plan9_x86_64", "pp310", "plan9_x86_64"),
        ("py2-none-any", "py2", "any"),
        ("py313-none-any", "py313", "any"),
    ],
)
def test_wheel_for_another_python(tag: str, pythons: str, platforms: str) -> None:
    """What uv.lock has is a value, and so is what the target is."""
    clause = wheels.missing(_package(tag), _ELSEWHERE)

    assert clause is not None
    assert {"pythons": pythons, "platforms": platforms, "python": "cp312", "platform": "plan9-x86_64"} == clause.values


def test_wheel_for_another_platform() -> None:
    """On the platform of this machine, packaging knows which wheels fit."""
    clause = wheels.missing(_package("cp312-cp312-plan9_x86_64"), _HERE)

    assert clause is not None
    assert ("plan9_x86_64", _HERE.platform) == (clause.values["platforms"], clause.values["platform"])


def test_wheel_for_this_platform() -> None:
    """A wheel of this machine's own platform fits."""
    tag = sysconfig.get_platform().replace("-", "_").replace(".", "_")

    assert wheels.missing(_package(f"cp312-cp312-{tag}"), _HERE) is None


def test_pypy() -> None:
    """PyPy uses its own wheels, and not those of CPython."""
    target = _ELSEWHERE._replace(implementation="pypy", version="3.10.14")
    clause = wheels.missing(_package("cp310-cp310-plan9_x86_64"), target)

    assert wheels.missing(_package("pp310-pypy310_pp73-plan9_x86_64"), target) is None
    assert clause is not None
    assert "pp310" == clause.values["python"]


def test_implementation_that_packaging_does_not_know() -> None:
    """Nothing is concluded for an implementation whose tags are not known."""
    assert wheels.missing(_package("cp310-cp310-plan9_x86_64"), _ELSEWHERE._replace(implementation="graalpy")) is None


def test_many_wheels() -> None:
    """Successive versions are one range, other names of the same platform are left out, and a long list is cut."""
    tags = [f"cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.manylinux2014_x86_64" for minor in (8, 9, 10, 11, 14)]
    tags += [f"cp37-abi3-macosx_{number}_0_arm64" for number in range(11, 25)]
    clause = wheels.missing(_package(*tags), TARGET._replace(version="3.7.1", implementation="pypy"))

    assert clause is not None
    assert "cp38 to cp311, cp314, cp37-abi3" == clause.values["pythons"]
    assert f"{', '.join(f'macosx_{number}_0_arm64' for number in range(11, 23))} and 3 more" == clause.values["platforms"]


@pytest.mark.parametrize(
    "package",
    [{}, {"wheels": []}, {"wheels": 1}, {"wheels": [1, {}, {"url": "https://[/"}, {"url": "alpha.whl"}, {"path": 3}]}],
    ids=["nothing", "none", "no list", "nonsense"],
)
def test_package_without_wheels(package: dict[str, object]) -> None:
    """A package without anything that is a wheel has none."""
    clause = wheels.missing(package, TARGET)

    assert clause is not None
    assert {} == clause.values


@pytest.mark.parametrize(
    "wheel",
    [
        {"url": "https://host/a%2Bb/alpha-1.0%2Blocal-py3-none-any.whl#sha256=0"},
        {"path": "..\\wheels\\alpha-1.0-py3-none-any.whl"},
        {"filename": "alpha-1.0-py3-none-any.whl", "url": "https://host/1"},
    ],
    ids=["url", "path", "filename"],
)
def test_file_name_of_a_wheel_is_found(wheel: dict[str, str]) -> None:
    """However uv.lock has the place of a wheel, its file name has the tags."""
    assert wheels.missing({"wheels": [wheel]}, TARGET) is None

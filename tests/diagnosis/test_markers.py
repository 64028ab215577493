"""Tests of `diagnosis.markers`."""

from __future__ import annotations

import pytest

from uv_system_sync.diagnosis import markers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({""}, {""}),
        ({"python_version < '3.9'"}, {"python_full_version < '3.9'"}),
        ({"python_version > '3.8'"}, {"python_full_version >= '3.9'"}),
        ({"platform_system == 'Windows'"}, {"sys_platform == 'win32'"}),
        ({"os_name == 'nt'"}, {"sys_platform == 'win32'"}),
        ({""}, {"extra == 'docs'"}),
        ({"python_version >= '3.8'"}, {""}),
        ({"sys_platform == 'linux'", "sys_platform != 'linux'"}, {""}),
        ({"implementation_name == 'pypy'"}, {"platform_python_implementation == 'PyPy'"}),
        ({"not a marker"}, {""}),
        ({"x" * 3000}, {""}),
    ],
)
def test_markers_that_mean_the_same(one: set[str], other: set[str]) -> None:
    """Another form of the same marker is no difference, and neither is what cannot be compared."""
    assert not markers.differ(one, other, ">=3.8", "docs")
    assert not markers.differ(other, one, ">=3.8", "docs")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"sys_platform != 'none'"}, {""}),
        ({"python_version < '3.9'"}, {"python_version < '3.10'"}),
        ({"python_full_version < '3.9.2'"}, {"python_full_version < '3.9.7'"}),
        ({"sys_platform == 'linux'"}, {"sys_platform == 'darwin'"}),
        ({"platform_machine == 'arm64'"}, {""}),
        ({"implementation_name == 'pypy'"}, {""}),
        ({"extra == 'docs'"}, {"extra == 'other'"}),
    ],
)
def test_markers_that_mean_something_else(one: set[str], other: set[str]) -> None:
    """They differ in some environment."""
    assert markers.differ(one, other, ">=3.8", "docs")
    assert markers.differ(other, one, ">=3.8", "docs")

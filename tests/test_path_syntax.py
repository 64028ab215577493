"""Paths that are written as only a shell or another system reads them."""

from __future__ import annotations

import pytest

from uv_system_sync import path_syntax


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ('"/usr/local"', "/usr/local"),
        ("'my project'", "my project"),
        ("~/project", "`~`"),
        ("$HOME/project", "variable"),
        ("${{HOME}}/project", "variable"),
        ("/home/${USER}", "variable"),
        (r"%USERPROFILE%\python", "variable"),
        (r"C:\hostedtoolcache\windows\Python\3.12.4\x64", "Windows"),
        (r"\\server\share", "Windows"),
        (r"libs\api", "libs/api"),
    ],
)
def test_the_next_step_says_how_to_write_it(path: str, shown: str) -> None:
    assert shown in str(path_syntax.problem(path, windows=False))


@pytest.mark.parametrize("path", ["/usr/local", "libs/api", "my project", "a~b", "100%", "'", "a$", "C:"])
def test_any_other_path_has_no_problem(path: str) -> None:
    assert path_syntax.problem(path, windows=False) is None


def test_on_windows_a_backslash_is_right() -> None:
    assert path_syntax.problem(r"C:\Python", windows=True) is None

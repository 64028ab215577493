r"""Tests of `paths`, `not_found` and `target` with Windows paths (drives, shares, `\` and `;`), as names of ordinary files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import touch
from tools.shared import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no files of such names; the other tests show there what it does")

_TOOL = r"C:\hostedtoolcache\windows\Python\3.12.4\x64"
_VENV = r"D:\a\sample\.venv"
_SHARE = r"\\server\tools\Python 3.12"

# Replaces `os.path` with that of Windows after importing our modules, and prints the value of each argument.
_EVALUATE = f"""
import json, ntpath, os, sys
from uv_system_sync import paths
from uv_system_sync.interpreter import not_found, target
from uv_system_sync.errors import ActionError
os.path, os.pathsep, os.sep = ntpath, ";", "\\\\"
TOOL, VENV, SHARE = {_TOOL!r}, {_VENV!r}, {_SHARE!r}

def installed(prefix, executable):
    facts = (prefix, "3.12.4", "cpython", "win-amd64", prefix + r"\\Scripts", (prefix + r"\\Lib\\site-packages",), False)
    return target.Target(prefix + executable, *facts)

def value(expression):
    try:
        return eval(expression)
    except ActionError as error:
        return error.values

print(json.dumps([value(expression) for expression in sys.argv[1:]]))
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with a Python of setup-python, a Python on a share, and a virtual environment."""
    for folder in (_TOOL, rf"{_TOOL}\Lib\site-packages", _VENV, rf"{_VENV}\Lib", rf"{_VENV}\Scripts", _SHARE, rf"{_SHARE}\DLLs"):
        (tmp_path / folder).mkdir()
    touch(tmp_path, rf"{_TOOL}\python.exe", rf"{_TOOL}\python3.exe", rf"{_VENV}\Scripts\python.exe", rf"{_SHARE}\python.exe")
    return tmp_path


def _evaluate(machine: Path, *expressions: str) -> dict[str, object]:
    command = [sys.executable, "-c", _EVALUATE, *expressions]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    completed = subprocess.run(command, cwd=machine, env=environ, capture_output=True, text=True, check=True)
    return dict(zip(expressions, json.loads(completed.stdout), strict=True))


def test_an_interpreter_is_found_in_every_notation_of_its_path(machine: Path) -> None:
    found = {
        "TOOL": rf"{_TOOL}\python.exe",
        "TOOL + '/'": rf"{_TOOL}\python.exe",
        r"TOOL.replace('\\', '/')": rf"{_TOOL}\python.exe",
        r"TOOL + r'\Lib\..\.'": rf"{_TOOL}\python.exe",
        r"TOOL + r'\python3.exe'": rf"{_TOOL}\python3.exe",
        "VENV": rf"{_VENV}\Scripts\python.exe",
        r"VENV + r'\Scripts\python.exe'": rf"{_VENV}\Scripts\python.exe",
        "SHARE": rf"{_SHARE}\python.exe",
    }
    expected = {f"target.interpreter({path}, 'python', windows=True)": interpreter for path, interpreter in found.items()}

    assert expected == _evaluate(machine, *expected)


def test_the_prefix_around_a_folder_is_on_the_same_drive_or_share(machine: Path) -> None:
    prefixes = {rf"{_TOOL}\Lib\site-packages": _TOOL, rf"{_VENV}\Lib": _VENV, rf"{_SHARE}\DLLs": _SHARE}
    expected = {
        f"target.interpreter({path!r}, 'pythonLocation', windows=True)": {
            "prefix": prefix,
            "source": ["pythonLocation", ""],
            "path": path,
        }
        for path, prefix in prefixes.items()
    }

    assert expected == _evaluate(machine, *expected)


def test_later_steps_get_the_target_in_front_of_a_path_with_semicolons(machine: Path) -> None:
    entries = {
        r"installed(TOOL, r'\python.exe')": [_TOOL, rf"{_TOOL}\Scripts"],
        r"installed(VENV, r'\Scripts\python.exe')": [rf"{_VENV}\Scripts"],
        r"installed(SHARE, r'\python.exe')": [_SHARE, rf"{_SHARE}\Scripts"],
    }
    accepted: dict[str, object] = {
        rf"target.require_next_python({python}, r'C:\Windows;D:\tools', windows=True)": None for python in entries
    }
    expected = {**{f"{python}.path_entries": folders for python, folders in entries.items()}, **accepted}

    assert expected == _evaluate(machine, *expected)


def test_a_program_is_found_on_a_search_path_with_drive_letters(machine: Path) -> None:
    expected = {
        r"paths.program('python', r'C:\Windows;' + VENV + r'\Scripts;' + TOOL, windows=True)": rf"{_VENV}\Scripts\python.exe",
        r"paths.program('python', 'C:;' + SHARE, windows=True)": rf"{_SHARE}\python.exe",
        "paths.program('python', VENV, windows=True)": None,
    }

    assert expected == _evaluate(machine, *expected)


def test_another_drive_a_share_and_a_folder_above_are_not_inside_a_prefix(machine: Path) -> None:
    inside = {
        rf"{_TOOL}\Scripts\tool.exe": True,
        rf"{_VENV}\tool.exe": False,
        rf"{_SHARE}\tool.exe": False,
        r"C:\hostedtoolcache\tool": False,
    }
    expected = {f"paths.is_inside({path!r}, TOOL)": is_inside for path, is_inside in inside.items()}

    assert expected == _evaluate(machine, *expected)

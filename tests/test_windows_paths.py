r"""The paths of Windows, by the rules of Windows: drives, shares, `\` and `;`; this machine has them as the names of plain files."""

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

# A process whose `os.path` is that of Windows, once the rooms are imported; it answers what each of its arguments evaluates to.
_ASK = f"""
import json, ntpath, os, sys
from uv_system_sync.interpreter import discovery, repair, target
from uv_system_sync.errors import ActionError
os.path, os.pathsep, os.sep = ntpath, ";", "\\\\"
TOOL, VENV, SHARE = {_TOOL!r}, {_VENV!r}, {_SHARE!r}

def installed(prefix, executable):
    facts = (prefix, "3.12.4", "cpython", "win-amd64", prefix + r"\\Scripts", (prefix + r"\\Lib\\site-packages",), False)
    return target.Target(prefix + executable, *facts)

def answer(expression):
    try:
        return eval(expression)
    except ActionError as error:
        return error.message + " " + error.hint

print(json.dumps([answer(expression) for expression in sys.argv[1:]]))
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with the Python of setup-python, one on a share, and a virtual environment."""
    for folder in (_TOOL, rf"{_TOOL}\Lib\site-packages", _VENV, rf"{_VENV}\Lib", rf"{_VENV}\Scripts", _SHARE, rf"{_SHARE}\DLLs"):
        (tmp_path / folder).mkdir()
    touch(tmp_path, rf"{_TOOL}\python.exe", rf"{_TOOL}\python3.exe", rf"{_VENV}\Scripts\python.exe", rf"{_SHARE}\python.exe")
    return tmp_path


def _answers(machine: Path, *expressions: str) -> dict[str, object]:
    command = [sys.executable, "-c", _ASK, *expressions]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    completed = subprocess.run(command, cwd=machine, env=environ, capture_output=True, text=True, check=True)
    return dict(zip(expressions, json.loads(completed.stdout), strict=True))


def test_interpreter(machine: Path) -> None:
    """A Python is found by its prefix or its interpreter, however the path is written."""
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
    expected = {f"discovery.interpreter({path}, 'python', windows=True)": interpreter for path, interpreter in found.items()}

    assert expected == _answers(machine, *expected)


def test_folder_inside_a_prefix(machine: Path) -> None:
    """A part of a prefix means that prefix, and nothing is looked for above a drive or a share."""
    meant = {rf"{_TOOL}\Lib\site-packages": _TOOL, rf"{_VENV}\Lib": _VENV, rf"{_SHARE}\DLLs": _SHARE}
    expected = {
        f"discovery.interpreter({path!r}, 'pythonLocation', windows=True)": (
            f"`pythonLocation` is {path}, which is a folder without a Python of its own. Did you mean `{prefix}`?"
        )
        for path, prefix in meant.items()
    }

    assert expected == _answers(machine, *expected)


def test_next_python(machine: Path) -> None:
    """Later steps get the folder of the interpreter and that of the scripts, in front of a PATH that `;` separates."""
    entries = {
        r"installed(TOOL, r'\python.exe')": [_TOOL, rf"{_TOOL}\Scripts"],
        r"installed(VENV, r'\Scripts\python.exe')": [rf"{_VENV}\Scripts"],
        r"installed(SHARE, r'\python.exe')": [_SHARE, rf"{_SHARE}\Scripts"],
    }
    admitted: dict[str, object] = {rf"target.require_next_python({it}, r'C:\Windows;D:\tools', windows=True)": None for it in entries}
    expected = {**{f"{it}.path_entries": folders for it, folders in entries.items()}, **admitted}

    assert expected == _answers(machine, *expected)


def test_program(machine: Path) -> None:
    """A program is found in the folders of PATH, which have colons of their own."""
    expected = {
        r"discovery.program('python', r'C:\Windows;' + VENV + r'\Scripts;' + TOOL, windows=True)": rf"{_VENV}\Scripts\python.exe",
        r"discovery.program('python', 'C:;' + SHARE, windows=True)": rf"{_SHARE}\python.exe",
        "discovery.program('python', VENV, windows=True)": None,
    }

    assert expected == _answers(machine, *expected)


def test_what_may_be_cleared_away(machine: Path) -> None:
    """What a broken package has on another drive, on a share or above the prefix is not in the prefix, whatever its RECORD says."""
    paths = {
        rf"{_TOOL}\Scripts\tool.exe": True,
        rf"{_VENV}\tool.exe": False,
        rf"{_SHARE}\tool.exe": False,
        r"C:\hostedtoolcache\tool": False,
    }
    expected = {f"repair._is_inside({path!r}, TOOL)": inside for path, inside in paths.items()}

    assert expected == _answers(machine, *expected)

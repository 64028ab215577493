"""Which modules can be imported after builds and packages may have changed files; each test starts a new interpreter."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from tools.shared import ROOT

_PROGRAM = """
import importlib, os, pathlib, sys, time
sys.path[:0] = [{src!r}, {folder!r}]
from uv_system_sync import imports
from uv_system_sync.errors import RunnerUnusable
folder = pathlib.Path({folder!r})
importlib.invalidate_caches()
time.sleep(0.05)
imports.refuse_changed()
time.sleep(0.05)
{change}
importlib.invalidate_caches()
try:
    import module
    print(module.VALUE)
except RunnerUnusable as error:
    print("refused", os.path.basename(error.values["path"]))
"""

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no time of change that nobody can choose")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder on sys.path with a compiled module."""
    (tmp_path / "module.py").write_text("VALUE = 1\n", encoding="utf-8")
    py_compile.compile(str(tmp_path / "module.py"), doraise=True)
    return tmp_path


def _imported(folder: Path, change: str) -> str:
    program = _PROGRAM.format(src=str(ROOT / "src"), folder=str(folder), change=change)
    return subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("change", ["", "(folder / 'another.py').touch()", "os.utime(folder, None)"], ids=["nothing", "beside", "folder"])
def test_what_was_not_changed_is_imported(folder: Path, change: str) -> None:
    assert "1" == _imported(folder, change)


@posix
@pytest.mark.parametrize(
    ("change", "name"),
    [
        pytest.param("(folder / 'module.py').write_text('VALUE = 2')", "module.py", id="written"),
        pytest.param(
            "(folder / 'module.py').write_text('VALUE = 2\\n'); os.utime(folder / 'module.py', (1, 1))", "module.py", id="with-an-old-time"
        ),
        pytest.param("(folder / 'x').write_text('VALUE = 2'); os.replace(folder / 'x', folder / 'module.py')", "module.py", id="replaced"),
        pytest.param(
            "os.rename(folder / 'module.py', folder / 'x.py'); os.symlink('x.py', folder / 'module.py')", "module.py", id="made-a-link"
        ),
        pytest.param("os.mkdir(folder / 'module'); (folder / 'module/__init__.py').write_text('VALUE = 2')", "__init__.py", id="shadowed"),
        pytest.param(
            "import zipfile; sys.path.insert(0, str(folder / 'z.zip'));"
            " zipfile.ZipFile(folder / 'z.zip', 'w').writestr('module.py', 'VALUE = 2')",
            "module.py",
            id="in-a-zip-file",
        ),
    ],
)
def test_what_was_changed_is_refused(folder: Path, change: str, name: str) -> None:
    assert f"refused {name}" == _imported(folder, change)


@posix
def test_byte_code_that_was_changed_is_not_run(folder: Path) -> None:
    """A concurrent process may have just compiled the same module, so this is not an error."""
    find, header = "(pyc,) = folder.glob('__pycache__/module.*.pyc')", "pyc.read_bytes()[:16]"
    change = f"{find}; import marshal; pyc.write_bytes({header} + marshal.dumps(compile('VALUE = 2', 'x', 'exec')))"

    assert "1" == _imported(folder, change)

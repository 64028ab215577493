"""A stand-in for the build backend `uv_build`, which only newer versions of uv have built in (PEP 517, PEP 660)."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from typing import Any


def build_editable(wheel_directory: str, _settings: Any = None, _metadata: Any = None) -> str:
    """Build an editable wheel of the folder `src` in `wheel_directory`, and return its name."""
    return _build(wheel_directory, {f"{_name()}.pth": os.path.abspath("src")})


def build_wheel(wheel_directory: str, _settings: Any = None, _metadata: Any = None) -> str:
    """Build a wheel of all files in the folder `src` in `wheel_directory`, and return its name."""
    files = (path for path in Path("src").rglob("*") if path.is_file())
    return _build(wheel_directory, {path.relative_to("src").as_posix(): path.read_text(encoding="utf-8") for path in files})


def _name() -> str:
    return _field("name").replace("-", "_")


def _field(key: str) -> str:
    found = re.search(rf'^{key} = "(.*)"$', Path("pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else ""


def _build(folder: str, files: dict[str, str]) -> str:
    module = Path("src", _name())
    if not module.is_dir():
        # The error of the real backend.
        raise FileNotFoundError(f"Expected a Python module at: {module}")
    version = _field("version")
    info = f"{_name()}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {_field('name')}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    wheel = f"{_name()}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return wheel

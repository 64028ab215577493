"""Builds pure-Python wheels in memory. The same arguments always produce the same bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Collection, Mapping


def wheel(  # noqa: PLR0913 - a wheel has that many parts
    name: str,
    version: str,
    files: Mapping[str, str],
    *,
    requires: Collection[str] = (),
    scripts: Collection[str] = (),
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """Return a wheel of `files`, given as text by path, with a complete RECORD; each of `scripts` calls `main` of the wheel's module."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    requirements = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    entry_points = "".join(f"{script} = {module}:main\n" for script in scripts)
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requirements}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{entry_points}",
    }
    rows = "".join(_row(path, content) for path, content in contents.items())
    contents[f"{info}/RECORD"] = f"{rows}{info}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for path, content in contents.items():
            # A ZipInfo made without a date has a fixed default, so the wheel's hash never changes.
            archive.writestr(zipfile.ZipInfo(path), content, compression)
    return packed.getvalue()


def file_name(name: str, version: str) -> str:
    """Return the file name of the pure-Python wheel for `name` and `version`."""
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _row(path: str, content: str) -> str:
    """Return the line of RECORD for a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content.encode())}\n"

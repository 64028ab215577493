"""Builds pure-Python wheels in memory; the same arguments give the same bytes."""

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
    """Return a wheel of `files` whose RECORD has every hash and size, and whose `scripts` call `main` of its module."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": "".join(
            [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", *(f"Requires-Dist: {requirement}\n" for requirement in requires)]
        ),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "".join(["[console_scripts]\n", *(f"{script} = {module}:main\n" for script in scripts)]),
    }
    contents[f"{info}/RECORD"] = "".join([*map(_row, contents, contents.values()), f"{info}/RECORD,,\n"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for path, content in contents.items():
            # A ZipInfo without a date has a fixed one, so that the hash of the wheel is always the same.
            archive.writestr(zipfile.ZipInfo(path), content, compression)
    return packed.getvalue()


def file_name(name: str, version: str) -> str:
    """Return the file name of a pure-Python wheel."""
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _row(path: str, content: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content.encode())}\n"

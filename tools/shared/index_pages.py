"""The responses of a package index: project pages in JSON (PEP 691) and the metadata of wheels (PEP 658)."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

JSON = "application/vnd.pypi.simple.v1+json"


def project_of(file: str) -> str:
    """Return the normalized project name of the wheel or source distribution with the file name `file`."""
    return re.sub(r"[-_.]+", "-", file.partition("-")[0]).lower()


def page(name: str, wheels: Iterable[Path]) -> bytes:
    """Return the JSON page of the project `name`, which lists `wheels`."""
    return json.dumps({"meta": {"api-version": "1.0"}, "name": name, "files": [_entry(wheel) for wheel in wheels]}).encode()


def digest(wheel: Path) -> str:
    """Return the SHA-256 of `wheel` in hexadecimal."""
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def metadata(wheel: Path) -> bytes:
    """Return the content of METADATA in `wheel`."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")))


def _entry(wheel: Path) -> dict[str, object]:
    return {
        "filename": wheel.name,
        "url": f"/files/{wheel.name}",
        "hashes": {"sha256": digest(wheel)},
        "size": wheel.stat().st_size,
        "core-metadata": wheel.suffix == ".whl",
    }

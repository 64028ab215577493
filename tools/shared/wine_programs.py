"""Finds Wine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Debian's place until version 12, and since. What it has on PATH are scripts.
_LOADERS = ("/usr/lib/wine/wine64", "/usr/lib/x86_64-linux-gnu/wine/wine")


def loader() -> Path | None:
    """Return the program that starts those of Windows, or None without a Wine for 64 bits."""
    found = next((path for path in _LOADERS if os.path.exists(path)), None) or shutil.which("wine64")
    return Path(found) if found else None


def server(loader: Path) -> Path:
    """Return the server of the Wine of `loader`."""
    return next(filter(Path.exists, [loader.with_name("wineserver64"), loader.with_name("wineserver")]))

"""Finds the programs of Wine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Where Debian up to 12, and later Debian, install the loader. The programs on PATH are shell scripts.
_LOADERS = ("/usr/lib/wine/wine64", "/usr/lib/x86_64-linux-gnu/wine/wine")


def loader() -> Path | None:
    """Return the program that runs Windows programs, or None if no 64-bit Wine is installed."""
    for path in (*_LOADERS, shutil.which("wine64")):
        if path and os.path.exists(path):
            return Path(path)
    return None


def server(loader: Path) -> Path:
    """Return the wineserver that belongs to `loader`."""
    own = loader.with_name("wineserver64")
    return own if own.exists() else loader.with_name("wineserver")

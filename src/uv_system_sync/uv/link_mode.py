"""Knows whether uv can link files from its cache into a Python, or has to copy them."""

from __future__ import annotations

import os
from typing import Mapping


def variables(environ: Mapping[str, str], folder: str, *, windows: bool = os.name == "nt") -> dict[str, str]:
    """Return what makes uv copy at once, and not warn, when its cache is on another file system than `folder`; else nothing.

    It happens on Windows runners with two drives (astral-sh/setup-uv, issue 227), and wherever a cache is mounted.
    """
    cache = _cache(environ, windows=windows)
    if environ.get("UV_LINK_MODE") or not cache or _device(cache) == _device(folder):
        return {}
    return {"UV_LINK_MODE": "copy"}


def _cache(environ: Mapping[str, str], *, windows: bool) -> str:
    """Return where uv's cache is, unless a setting of the project says otherwise (docs.astral.sh/uv/concepts/cache), or nothing."""
    if environ.get("UV_CACHE_DIR"):
        return environ["UV_CACHE_DIR"]
    if windows:
        return os.path.join(environ["LOCALAPPDATA"], "uv", "cache") if environ.get("LOCALAPPDATA") else ""
    above = environ.get("XDG_CACHE_HOME") or (os.path.join(environ["HOME"], ".cache") if environ.get("HOME") else "")
    return os.path.join(above, "uv") if above else ""


def _device(path: str) -> int | None:
    """Return the file system of `path`, or of the nearest folder above it that is there."""
    path = os.path.abspath(path)
    while not os.path.exists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    try:
        return os.stat(path).st_dev
    except OSError:
        return None

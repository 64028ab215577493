"""Finds uv on PATH; it imports so little that a step which only asks whether there is one costs next to nothing."""

from __future__ import annotations

import os

from uv_system_sync import paths
from uv_system_sync.errors import UvUnavailable

# Spelled out instead of calling `inputs.variable`: importing that module takes longer than this step may.
_VERSION = "UV_SYSTEM_SYNC_UV_VERSION"
_SETUP_UV = "UV_SYSTEM_SYNC_SETUP_UV"


def has_to_be_installed(environ: dict[str, str]) -> bool:
    """Return whether uv has to be installed: a version is asked for, or there is none on PATH."""
    return bool(environ.get(_VERSION, "").strip()) or _on_path(environ) is None


def find(environ: dict[str, str]) -> str:
    """Return the absolute path of uv, or raise `UvUnavailable`; a variable in `environ` has the outcome of installing it."""
    if environ.get(_SETUP_UV) == "failure":
        raise UvUnavailable(
            "astral-sh/setup-uv could not install uv; its part of the log says why.",
            "Correct `uv-version` or the network, or install uv in an earlier step and leave `uv-version` empty.",
        )
    found = _on_path(environ)
    if found is None:
        raise UvUnavailable("There is no uv on PATH.", "Install uv first, for example with `pip install uv`.")
    return os.path.abspath(found)


def _on_path(environ: dict[str, str]) -> str | None:
    return paths.program("uv", environ.get("PATH", ""))

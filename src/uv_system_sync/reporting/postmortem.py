"""Leaves what a failed step has to tell beyond its annotation: a job summary, and the report's file."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Mapping

from uv_system_sync import inputs
from uv_system_sync.reporting import report, summary

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError


def leave(error: ActionError, known: report.Known, environ: Mapping[str, str]) -> None:
    """Write both as far as that is possible; what cannot be written is not worth another error."""
    folder = environ.get("RUNNER_TEMP", "")
    texts = [(os.path.join(folder, report.file_name()) if folder else "", report.failure(error, known))]
    if environ.get(inputs.variable("summary"), "").strip().lower() != "false":
        texts.append((environ.get("GITHUB_STEP_SUMMARY", ""), summary.render_failure(error, known.line())))
    for path, text in texts:
        with suppress(OSError), open(path, "ab") as file:
            file.write(text.encode("utf-8", "surrogateescape"))

"""Explains a path that is written as only a shell or another system reads it. Only a run that does not find it imports this."""

from __future__ import annotations

import os
import re

from uv_system_sync.text import Message, message


def problem(path: str, *, windows: bool = os.name == "nt") -> Message | None:
    """Return the next step for a `path`, as the user wrote it, that cannot be one here, or None."""
    if path[:1] in ("'", '"') and path[-1] == path[0] and path[1:-1]:
        return message("Leave out the quotes: `{path}`.", path=path[1:-1])
    if re.match(r"~|.*(?:\$\w|\$\{|%\w+%)", path):
        return message(
            "Write the whole path: neither `~` nor a variable is expanded. In a workflow, `${{{{ github.workspace }}}}` is the checkout."
        )
    if windows or "\\" not in path:
        return None
    if re.match(r"[A-Za-z]:|\\", path):
        system = {"Darwin": "macOS"}.get(os.uname().sysname, os.uname().sysname)
        return message("This is a path of Windows, and this machine runs {system}: in a matrix, set it for each system.", system=system)
    return message("Write it with slashes: `{path}`.", path=path.replace("\\", "/"))

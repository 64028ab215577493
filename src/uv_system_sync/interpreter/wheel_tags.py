"""Prints the wheel tags that the interpreter running this file supports. Needs packaging, whose folder is the only argument."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Mapping

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.process import Start


def of(target: Target, environ: Mapping[str, str], start: Start) -> list[str]:
    """Return the tags that `target` supports (PEP 425), the most specific one first.

    Return an empty list if `target` is not the Python that runs this code, and is too old for its release of packaging.
    """
    from uv_system_sync import paths

    if paths.same_program(target.executable, sys.executable):
        return own()
    import packaging

    from uv_system_sync import environment
    from uv_system_sync.process import Command

    folder = os.path.dirname(os.path.dirname(os.path.abspath(packaging.__file__)))
    argv = (target.executable, "-B", "-I", "-S", os.path.abspath(__file__), folder)
    completed = start(Command(argv, environment.for_uv(environ), os.path.dirname(target.executable)))(None)
    return [] if completed.returncode else completed.output.split()


def own() -> list[str]:
    """Return the tags that the running interpreter supports."""
    from packaging.tags import sys_tags

    return [str(tag) for tag in sys_tags()]


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    print("\n".join(own()))

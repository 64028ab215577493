"""Installs a project's uv.lock into an existing Python."""

import sys

# This file uses the syntax of Python 2.6, so that an older interpreter prints this error and not the SyntaxError of another module.
if sys.version_info < (3, 8):
    sys.exit(
        "::error title=python-unsuitable::`python` on PATH is Python %d.%d (%s), and uv-system-sync needs 3.8 or newer."
        "%%0ASet `python-version` of actions/setup-python to 3.8 or newer." % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

# The action starts the interpreter with -B, so that its start writes no byte code into the target. The action's own modules are
# compiled once and not in every step, so byte code is turned on. `__future__`, which they all import from the target, comes first.
import __future__  # noqa: F401

sys.dont_write_bytecode = False

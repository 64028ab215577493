"""Installs a project's uv.lock into the Python that is already there."""

import sys

# The only check at import time, and in syntax that every Python since 2.6 reads: on an older
# interpreter the modules behind this one are a SyntaxError, which nobody could act on.
if sys.version_info < (3, 8):
    sys.exit(
        "::error title=python-unsuitable::`python` on PATH is Python %d.%d (%s), and uv-system-sync runs on 3.8 or newer."
        "%%0ASet `python-version` of actions/setup-python to 3.8 or newer." % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

# The interpreter was started with -B, so that its own start leaves no byte code in the target. What follows is
# ours, and would be compiled in every step if it were not kept; `sync` says how it goes on. This one module of
# the target's, which all of ours import, is loaded before that.
import __future__  # noqa: F401

sys.dont_write_bytecode = False

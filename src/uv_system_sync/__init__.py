"""Installs a project's uv.lock into the Python that is already there."""

import sys

# In syntax that every Python since 2.6 reads: on an older interpreter, the other modules are a SyntaxError, which nobody
# could act on.
if sys.version_info < (3, 8):
    sys.exit(
        "::error title=python-unsuitable::`python` on PATH is Python %d.%d (%s), and uv-system-sync needs 3.8 or newer."
        "%%0ASet `python-version` of actions/setup-python to 3.8 or newer." % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

# The interpreter was started with -B, so that its start leaves no byte code in the target. Byte code of our own modules is
# kept, so that they are not compiled in every step. This module of the standard library, which all of ours import, is
# imported before that.
import __future__  # noqa: F401

sys.dont_write_bytecode = False

"""The front door: the only room that reads the process's own environment, and the one that ends the process."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Mapping, cast

from uv_system_sync import bootstrap, process
from uv_system_sync.errors import ActionError, Cancelled

if TYPE_CHECKING:
    import io


def find() -> int:
    """Say as the step's output `install` whether uv has to be installed first."""
    install = "true" if bootstrap.wants_setup_uv(os.environ) else "false"
    with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"install={install}\n")
    return 0


def sync() -> int:
    """Sync the project into the target and return the step's exit status."""
    # Windows' own code page holds neither uv's output nor every path.
    cast("io.TextIOWrapper", sys.stdout).reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    # The runner's second signal; like its first, it ends uv before it ends us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _sync(dict(os.environ))
    except ActionError as error:
        bootstrap.complain(error)
        return 1
    except KeyboardInterrupt:
        bootstrap.complain(Cancelled("The step was cancelled; uv was ended and no later step sees a result of it.", "Run the job again."))
        return 1


def _sync(environ: Mapping[str, str]) -> int:
    uv = bootstrap.find_uv(environ)
    sys.path.append(bootstrap.own_wheels(uv, environ, process.run))
    from uv_system_sync.action import action
    from uv_system_sync.workflow import Workflow

    return action(environ, uv, process.run, Workflow(environ, sys.stdout))

"""The front door: the only room that reads the process's own environment, and that says how the process ends."""

from __future__ import annotations

import io
import os
import sys


def find() -> int:
    """Say as the step's output `install` whether uv has to be installed first."""
    from uv_system_sync import uv

    install = "true" if uv.has_to_be_installed(dict(os.environ)) else "false"
    try:
        with open(os.environ.get("GITHUB_OUTPUT", ""), "a", encoding="utf-8") as file:
            file.write(f"install={install}\n")
    except OSError as error:
        from uv_system_sync import bootstrap
        from uv_system_sync.errors import RunnerUnusable

        reason = f"`GITHUB_OUTPUT` is {os.environ.get('GITHUB_OUTPUT', '')!r}, which cannot be written: {error.strerror}."
        bootstrap.complain(RunnerUnusable(reason, "Run the action on a runner of GitHub Actions, and leave its files writable."))
        return 1
    return 0


def sync() -> int:
    """Sync the project into the target and return the step's exit status."""
    # The interpreter was started with -B, so that its own start leaves no byte code in the target.
    sys.dont_write_bytecode = os.environ.get("UV_SYSTEM_SYNC_CHECK", "").strip().lower() == "true"
    import signal

    from uv_system_sync import bootstrap
    from uv_system_sync.errors import ActionError, Cancelled, InternalError

    if isinstance(sys.stdout, io.TextIOWrapper):
        # Windows' own code page holds neither uv's output nor every path.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    # The runner's first and second signal; both end uv before they end us, even where a parent ignores the first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return _sync(dict(os.environ))
    except ActionError as error:
        bootstrap.complain(error)
    except KeyboardInterrupt:
        bootstrap.complain(Cancelled("The step was cancelled; uv was ended and no later step sees a result of it.", "Run the job again."))
    except Exception as error:  # noqa: BLE001 - whatever is left is a bug, and nobody should have to read it to know that
        import traceback

        bootstrap.complain(
            InternalError(
                f"uv-system-sync has a bug: {type(error).__name__}: {error}",
                "Report it, please, with the log of this step: https://github.com/org/uv-system-sync/issues",
            ),
            details=traceback.format_exc(),
        )
    return 1


def _sync(environ: dict[str, str]) -> int:
    from uv_system_sync import bootstrap, environment, process, uv

    program = uv.find(environ)
    bootstrap.mask(environment.secrets(environ))
    # From here on there is output of others.
    sys.stdout.flush()
    sys.path.append(bootstrap.own_wheels(program, environ, process.run))
    # These rooms import the wheels.
    from uv_system_sync.action import action
    from uv_system_sync.workflow import Workflow

    return action(environ, program, process.run, Workflow(environ, sys.stdout))

"""The front door: the only room that reads the process's own environment, and that says how the process ends."""

from __future__ import annotations

import io
import os
import sys

# As type checkers know it; importing it from `typing` costs more than the first step may.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from uv_system_sync.errors import ActionError


def find() -> int:
    """Say as the step's output `install` whether uv has to be installed first."""
    from uv_system_sync.uv import executable

    install = "true" if executable.has_to_be_installed(dict(os.environ)) else "false"
    try:
        with open(os.environ.get("GITHUB_OUTPUT", ""), "a", encoding="utf-8") as file:
            file.write(f"install={install}\n")
    except OSError as error:
        _speak_utf8()
        # Modules of the target follow.
        sys.dont_write_bytecode = True
        from uv_system_sync.errors import RunnerUnusable
        from uv_system_sync.uv import dependencies

        reason = f"`GITHUB_OUTPUT` is {os.environ.get('GITHUB_OUTPUT', '')!r}, which cannot be written: {error.strerror}."
        dependencies.complain(RunnerUnusable(reason, "Run the action on a runner of GitHub Actions, and leave its files writable."))
        return 1
    return 0


def sync() -> int:
    """Sync the project into the target and return the step's exit status."""
    # Modules of the target are imported, too, and a check leaves not even their byte code.
    sys.dont_write_bytecode = os.environ.get("UV_SYSTEM_SYNC_CHECK", "").strip().lower() == "true"
    # `signal` itself takes long to import, and until it is there is nothing to end but ourselves.
    import _signal  # type: ignore[import-not-found]  # has no stubs, being CPython's and PyPy's own half of `signal`

    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, _cancelled_at_once)
    import signal

    from uv_system_sync import errors
    from uv_system_sync.uv import dependencies

    _speak_utf8()
    # The runner's first and second signal; both end uv before they end us, even where a parent ignores the first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return _sync(dict(os.environ))
    except BaseException as error:  # noqa: BLE001 - nobody should have to read a traceback to know what to do
        explained, details = errors.explained(error)
        dependencies.complain(explained, details)
    _leave(explained)
    return 1


def end(status: int) -> NoReturn:
    """End the process with `status`, at once: to take the interpreter apart takes as long as to start it."""
    sys.stdout.flush()
    os._exit(status)


def _cancelled_at_once(*_: object) -> None:
    os.write(1, b"::error title=cancelled::The step was cancelled before it had begun anything.%0ARun the job again.\n")
    os._exit(1)


def compare() -> int:
    """Compare what the jobs of a matrix have installed and return the step's exit status."""
    from uv_system_sync import errors
    from uv_system_sync.matrix import action
    from uv_system_sync.uv import dependencies

    _speak_utf8()
    try:
        action.action(dict(os.environ), sys.stdout)
    except BaseException as error:  # noqa: BLE001 - as in `sync`
        dependencies.complain(*errors.explained(error))
        return 1
    return 0


def _speak_utf8() -> None:
    # Windows' own code page holds neither uv's output nor every path.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def _leave(error: ActionError) -> None:
    from contextlib import suppress

    # The error has been told; a bug in telling more must not hide it.
    with suppress(Exception):
        from uv_system_sync.errors import Cancelled
        from uv_system_sync.reporting import postmortem
        from uv_system_sync.reporting.report import Known

        if not isinstance(error, Cancelled):
            postmortem.leave(error, Known(), os.environ)


def _sync(environ: dict[str, str]) -> int:
    from uv_system_sync import environment, process
    from uv_system_sync.timings import Phases
    from uv_system_sync.uv import dependencies, executable

    phases = Phases()
    program = executable.find(environ)
    dependencies.mask(environment.secrets(environ))
    # From here on there is output of others.
    sys.stdout.flush()
    sys.path.append(dependencies.own_wheels(program, environ, process.run))
    phases.end("own wheels")
    # It takes as long as all that is done before its answer is needed.
    version = executable.ask(program, environ, process.begin)
    # These rooms import the wheels.
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.reporting.github import Workflow
    from uv_system_sync.sync import Step, action

    inputs = Inputs.from_environ(environ)
    return action(Step(environ, inputs, program, version, process.run, Workflow(environ, sys.stdout), phases))


if __name__ == "__main__":
    from uv_system_sync.shell import main

    end(main())

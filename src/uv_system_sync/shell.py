"""The other front door, for any shell: reads the process's environment and its arguments, and decides its exit status."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signal import Handlers
    from types import FrameType
    from typing import Callable

    from uv_system_sync.command import Asked
    from uv_system_sync.reporting.console import Terminal


def main() -> int:
    """Sync as the command line says and return the exit status."""
    import signal

    from uv_system_sync import errors
    from uv_system_sync.reporting import report

    asked = _asked()
    _speak_utf8()
    voice = _voice(asked)
    try:
        # `docker stop` sends the second; both end uv before they end us.
        _on_signals(signal.default_int_handler)
        return _sync(asked, voice)
    except BaseException as error:  # noqa: BLE001 - nobody should have to read a traceback to know what to do
        # Who presses Ctrl+C twice is told once.
        _on_signals(signal.SIG_IGN)
        explained, details = errors.explained(error)
    voice.details(details)
    voice.error(explained)
    return voice.leave(explained, report.Known())


def _asked() -> Asked:
    from uv_system_sync import command
    from uv_system_sync.reporting import console

    try:
        asked = command.parse(sys.argv[1:])
    except SystemExit:
        console.put(sys.stdout, "")
        raise
    # The package itself has set it for the action, which is started with -B; here it is as the user has it.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode) or asked.variables["UV_SYSTEM_SYNC_CHECK"] == "true"
    return asked


def _voice(asked: Asked) -> Terminal:
    from uv_system_sync import command
    from uv_system_sync.reporting import console

    log, json = (sys.stderr, sys.stdout) if asked.json else (sys.stdout, None)
    colours = log.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    path = command.search_path(os.environ)
    return console.Terminal(log, json=json, search_path=path, colours=colours, verbose=asked.verbose)


def _sync(asked: Asked, voice: Terminal) -> int:
    from functools import partial

    from uv_system_sync import command, process
    from uv_system_sync.sync import Step, action
    from uv_system_sync.timings import Phases
    from uv_system_sync.uv import executable

    phases = Phases()
    environ = command.environment(os.environ, colours=voice.colours)
    inputs = command.read(asked, environ, voice.say)
    program = executable.find(command.with_own_folder(environ))
    version = executable.ask(program, environ, process.begin)
    return action(Step(environ, inputs, program, version, process.run, voice, phases, partial(command.admit, inputs)))


def _speak_utf8() -> None:
    # Neither a terminal's code page nor the C locale of an image holds uv's output and every path.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _on_signals(handler: Handlers | Callable[[int, FrameType | None], object]) -> None:
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)

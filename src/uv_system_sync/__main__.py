"""The entry point of the actions: reads environment variables and returns exit statuses."""

from __future__ import annotations

import io
import os
import sys

# Type checkers know this name. Importing it from `typing` would write byte code of the standard library before a check can prevent it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, NoReturn

    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.github import GitHubReporter
    from uv_system_sync.uv.client import Uv


def sync() -> int:
    """Install the project's lock and return the step's exit status."""
    # The standard library is that of the target, and a check writes nothing there, not even byte code.
    sys.dont_write_bytecode = os.environ.get("UV_SYSTEM_SYNC_CHECK", "").strip().lower() == "true"
    # Importing `signal` is slow. Until it is imported, no other program runs, so a signal can end this process at once.
    import _signal  # type: ignore[import-not-found]  # has no stubs; the C part of `signal` in CPython and PyPy

    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, _exit_at_once)
    import signal

    from uv_system_sync.reporting import runner_files
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.github import GitHubReporter
    from uv_system_sync.reporting.reporter import report_errors

    _set_encoding()
    environ = dict(os.environ)
    reporter, context = GitHubReporter(environ, sys.stdout), RunContext()

    def work() -> None:
        with runner_files.protected(environ) as publishing:
            _sync(environ, reporter, context, publishing)

    # The runner sends SIGINT, then SIGTERM. Both stop uv before this process, even if a parent process ignores SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    error = report_errors(work, reporter)
    return reporter.publish_failure(error, context) if error else 0


def compare() -> int:
    """Compare the packages that the jobs of a matrix installed and return the step's exit status."""
    from uv_system_sync.matrix import action
    from uv_system_sync.reporting.github import GitHubReporter
    from uv_system_sync.reporting.reporter import report_errors

    _set_encoding()
    environ = dict(os.environ)
    reporter = GitHubReporter(environ, sys.stdout)
    return 1 if report_errors(lambda: action.compare(environ, reporter), reporter) else 0


def end(status: int) -> NoReturn:
    """End the process with `status` at once: a normal exit takes as long as starting the interpreter."""
    sys.stdout.flush()
    os._exit(status)


def _exit_at_once(*_: object) -> None:
    os.write(1, b"::error title=cancelled::The step was cancelled before it did anything.%0ARun it again.\n")
    os._exit(1)


def _set_encoding() -> None:
    # The default code page of Windows cannot encode all of uv's output or every path.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def _sync(environ: dict[str, str], reporter: GitHubReporter, context: RunContext, publishing: Callable[[], None]) -> None:
    from uv_system_sync import environment, imports, inputs, process
    from uv_system_sync.uv import dependencies, provision

    temp = _temp(environ)
    reporter.mask(environment.secrets(environ))
    provider = provision.Provider(environ, temp, process.start, changed=lambda: _changed_earlier(temp))
    uv = provider.first()
    requirements = os.path.join(provision.REQUIREMENTS, "action.txt")
    packages = dependencies.Dependencies(requirements, uv, temp, inputs.retries(inputs.text(environ, "retries")))
    # Import while uv installs the dependencies and prints its version.
    with packages.meanwhile():
        from uv_system_sync.reporting import notices, report, summary  # noqa: F401 - imported by the functions that use them
        from uv_system_sync.sync import Run
        from uv_system_sync.sync import sync as sync_project

    context.timings.end("imports")
    imports.append_verified(packages.path(), os.path.join(provision.REQUIREMENTS, "action-files.txt"))
    context.timings.end("dependencies")
    chosen = context.inputs = inputs.Inputs.from_environ(environ)

    if inputs.text(environ, "cache-key"):
        from uv_system_sync.uv.built_wheels import BuiltWheels

        context.built_wheels = BuiltWheels.from_environ(environ)

    def suitable_uv(project: Project) -> Uv:
        return provider.suitable(uv, chosen.uv_version, project.required_uv)

    run = Run(
        environ,
        chosen,
        uv,
        process.start,
        reporter,
        context,
        suitable_uv=suitable_uv,
        restore=None if context.built_wheels else reporter.restore,
        before_uv=imports.refuse_changed,
        publishing=publishing,
    )
    sync_project(run)


def _changed_earlier(temp: str) -> set[str]:
    from uv_system_sync.reporting import earlier

    return earlier.changed(temp)


def _temp(environ: dict[str, str]) -> str:
    from uv_system_sync.errors import RunnerUnusable

    temp = environ.get("RUNNER_TEMP", "")
    if not os.path.isdir(temp):
        hint = "Run the action on a runner of GitHub Actions, which creates this folder."
        raise RunnerUnusable("`RUNNER_TEMP` is {temp!r}, which is not a folder.", hint, temp=temp)
    return os.path.abspath(temp)


if __name__ == "__main__":
    from uv_system_sync.cli import main

    end(main())

"""The entry point of the actions: it reads the environment of the process and decides its exit status."""

from __future__ import annotations

import io
import os
import sys

# As type checkers know it; importing it from `typing` would leave byte code of the standard library before a check can prevent that.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, NoReturn

    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.github import GitHubReporter
    from uv_system_sync.uv.client import Uv


def sync() -> int:
    """Sync the project into the target and return the step's exit status."""
    # Modules of the target are imported, too, and a check does not even leave their byte code.
    sys.dont_write_bytecode = os.environ.get("UV_SYSTEM_SYNC_CHECK", "").strip().lower() == "true"
    # Importing `signal` takes long, and until then there is nothing to stop but this process.
    import _signal  # type: ignore[import-not-found]  # has no stubs, being CPython's and PyPy's own half of `signal`

    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, _exit_at_once)
    import signal

    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.github import GitHubReporter
    from uv_system_sync.reporting.reporter import report_errors

    _set_encoding()
    environ = dict(os.environ)
    reporter, context = GitHubReporter(environ, sys.stdout), RunContext()
    # The runner sends the first, then the second. Both stop uv before they stop this process, even if a parent ignores the first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    error = report_errors(lambda: _protected_sync(environ, reporter, context), reporter)
    return reporter.publish_failure(error, context) if error else 0


def compare() -> int:
    """Compare what the jobs of a matrix have installed and return the step's exit status."""
    from uv_system_sync.matrix import action
    from uv_system_sync.reporting.github import GitHubReporter
    from uv_system_sync.reporting.reporter import report_errors

    _set_encoding()
    environ = dict(os.environ)
    reporter = GitHubReporter(environ, sys.stdout)
    return 1 if report_errors(lambda: action.compare(environ, reporter), reporter) else 0


def end(status: int) -> NoReturn:
    """End the process with `status` at once: an orderly exit takes as long as starting the interpreter."""
    sys.stdout.flush()
    os._exit(status)


def _exit_at_once(*_: object) -> None:
    os.write(1, b"::error title=cancelled::The step was cancelled before it did anything.%0ARun it again.\n")
    os._exit(1)


def _set_encoding() -> None:
    # Windows' own code page holds neither uv's output nor every path.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def _protected_sync(environ: dict[str, str], reporter: GitHubReporter, context: RunContext) -> None:
    from uv_system_sync.reporting import runner_files

    with runner_files.protected(environ) as publishing:
        _sync(environ, reporter, context, publishing)


def _sync(environ: dict[str, str], reporter: GitHubReporter, context: RunContext, publishing: Callable[[], None]) -> None:
    from uv_system_sync import environment, imports, inputs, process
    from uv_system_sync.uv import dependencies, provision

    temp = _temp(environ)
    reporter.mask(environment.secrets(environ))
    provider = provision.Provider(environ, temp, process.start, changed=lambda: _changed_earlier(temp))
    uv = provider.first()
    requirements, retries = os.path.join(provision.REQUIREMENTS, "action.txt"), inputs.retries(inputs.text(environ, "retries"))
    packages = dependencies.Dependencies(requirements, uv, temp, retries)
    # While uv installs them and answers what its version is:
    with packages.meanwhile():
        from uv_system_sync.reporting import notices, report, summary  # noqa: F401 - imported by the functions that use them
        from uv_system_sync.sync import Step
        from uv_system_sync.sync import sync as run

    context.timings.end("imports")
    imports.append_verified(packages.path(), f"{os.path.splitext(requirements)[0]}-files.txt")
    context.timings.end("dependencies")
    chosen = context.inputs = inputs.Inputs.from_environ(environ)

    if inputs.text(environ, "cache-key"):
        from uv_system_sync.uv.built_wheels import BuiltWheels

        context.built_wheels = BuiltWheels.from_environ(environ)

    def suitable_uv(project: Project) -> Uv:
        return provider.suitable(uv, chosen.uv_version, project.required_uv)

    restore = None if context.built_wheels else reporter.restore
    effects = (uv, process.start, reporter, context)
    step = Step(environ, chosen, *effects, suitable_uv=suitable_uv, restore=restore)
    run(step._replace(before_uv=imports.refuse_changed, publishing=publishing))


def _changed_earlier(temp: str) -> set[str]:
    from uv_system_sync.reporting import earlier

    return earlier.changed(temp)


def _temp(environ: dict[str, str]) -> str:
    from uv_system_sync.errors import RunnerUnusable

    temp = environ.get("RUNNER_TEMP", "")
    if not os.path.isdir(temp):
        raise RunnerUnusable(
            "`RUNNER_TEMP` is {temp!r}, which is not a folder.", "Run the action on a runner of GitHub Actions, which makes it.", temp=temp
        )
    return os.path.abspath(temp)


if __name__ == "__main__":
    from uv_system_sync.cli import main

    end(main())

"""The interface through which a run reports, and the function that reports its errors."""
# ruff: noqa: D102 - GitHubReporter and ConsoleReporter document the methods

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, ContextManager, Iterable, NamedTuple, Protocol, Sequence

from uv_system_sync import errors

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.process import Relay
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.report import Result
    from uv_system_sync.text import Message, Option


class Notice(NamedTuple):
    """A remark on a run that succeeded: a title, which is a heading of docs/errors.md, and a sentence."""

    title: str
    message: Message


class Reporter(Protocol):
    """Shows the progress of a run and publishes its result, either in a workflow or at the command line."""

    @property
    def is_debugging(self) -> bool: ...
    def spell(self, option: Option) -> str: ...
    def mask(self, secrets: Sequence[str]) -> None: ...
    def redact(self, text: str) -> str: ...
    def info(self, text: str) -> None: ...
    def headline(self, text: str) -> None: ...
    def debug(self, text: str) -> None: ...
    def notice(self, notice: Notice) -> None: ...
    def group(self, title: str) -> ContextManager[Relay]: ...
    def listing(self, title: str, lines: Iterable[str]) -> None: ...
    def prepare_to_publish(self) -> None: ...
    def publish(self, result: Result) -> None: ...
    def error(self, error: ActionError, details: str) -> None: ...
    def publish_failure(self, error: ActionError, context: RunContext) -> int: ...


def report_errors(work: Callable[[], None], reporter: Reporter) -> ActionError | None:
    """Call `work`. If it raises, show the error and return it as an `ActionError`; otherwise return None.

    Every error of a run is handled here. After an error, SIGINT and SIGTERM are ignored: the run is about to end anyway.
    """
    import signal

    try:
        work()
    except BaseException as error:  # noqa: BLE001 - users need a next step, not a traceback
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        explained, details = errors.explained(error)
        explained = errors.redacted(explained, reporter.redact)
        reporter.error(explained, reporter.redact(details))
        return explained
    return None

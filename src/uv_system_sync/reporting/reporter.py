"""What a run reports to: GitHub's runner or a console."""
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
    """Something to know about a run that succeeded: a title, which is a heading of docs/errors.md, and a sentence."""

    title: str
    message: Message


class Reporter(Protocol):
    """Shows a run while it goes on, and publishes what came of it."""

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
    """Do `work`; if that raises anything, show it and return it as an `ActionError`.

    This is the only place where errors end. From then on, signals are ignored: the user has asked once to stop, or need not ask.
    """
    import signal

    try:
        work()
    except BaseException as error:  # noqa: BLE001 - nobody should have to read a traceback to know what to do
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        explained, details = errors.explained(error)
        explained = errors.redacted(explained, reporter.redact)
        reporter.error(explained, reporter.redact(details))
        return explained
    return None

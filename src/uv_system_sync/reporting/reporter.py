"""What a run reports to: GitHub's runner or a console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, ContextManager, Iterable, NamedTuple, Protocol

from uv_system_sync import errors

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.process import Relay
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.report import Result
    from uv_system_sync.text import Message, Option


class Notice(NamedTuple):
    """Something to know about a run that succeeded: a title, which is a heading of the documentation, and a sentence."""

    title: str
    message: Message


class Reporter(Protocol):
    """Shows a run while it goes on, and publishes what came of it."""

    @property
    def is_debugging(self) -> bool:
        """Whether `debug` shows anything."""

    def spell(self, option: Option) -> str:
        """Return `option` as the user writes it."""

    def info(self, text: str) -> None:
        """Show `text` as one line."""

    def debug(self, text: str) -> None:
        """Show `text` if debugging was asked for."""

    def notice(self, notice: Notice) -> None:
        """Show `notice`."""

    def group(self, title: str) -> ContextManager[Relay]:
        """Provide a relay that shows the output of a program as it comes."""

    def listing(self, title: str, lines: Iterable[str]) -> None:
        """Show `lines`, which few will read."""

    def prepare_to_publish(self) -> None:
        """Import what `publish` needs."""

    def publish(self, result: Result) -> None:
        """Publish the `result` of a run that has succeeded: all of it or, with an `ActionError`, nothing."""

    def error(self, error: ActionError, details: str) -> None:
        """Show why the run failed; `details` are for the report of a bug."""

    def publish_failure(self, error: ActionError, context: RunContext) -> int:
        """Publish what is known of a run that has failed, and return its exit status."""


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
        reporter.error(explained, details)
        return explained
    return None

"""Reports to the runner of GitHub Actions: its log, its annotations and its files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ContextManager, Iterable, Mapping, TextIO

from uv_system_sync.reporting import commands, runner_files
from uv_system_sync.text import Option, by_name

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.process import Relay
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.report import Result
    from uv_system_sync.reporting.reporter import Notice


class GitHubReporter:
    """The reporter of a step whose environment is `environ` and whose log is `file`."""

    def __init__(self, environ: Mapping[str, str], file: TextIO) -> None:
        self._environ = environ
        self._log = commands.Log(file)

    @property
    def is_debugging(self) -> bool:
        """Whether the run has debug logging."""
        return self._environ.get("RUNNER_DEBUG") == "1"

    def spell(self, option: Option) -> str:
        """Return `option` as an input of the action."""
        return by_name(option)

    def mask(self, secrets: Iterable[str]) -> None:
        """Have the runner hide `secrets` from now on."""
        self._log.mask(secrets)

    def info(self, text: str) -> None:
        """Write `text` to the log as one line."""
        self._log.line(text)

    def debug(self, text: str) -> None:
        """Write `text` to the log of a run with debug logging."""
        if self.is_debugging:
            self._log.command("debug", text)

    def notice(self, notice: Notice) -> None:
        """Annotate the step with `notice`."""
        self._log.command("notice", notice.message.render(self.spell), title=notice.title)

    def group(self, title: str) -> ContextManager[Relay]:
        """Open a collapsible group of the log, and provide a relay for output of others."""
        return self._log.group(title)

    def listing(self, title: str, lines: Iterable[str]) -> None:
        """Write `lines` in a collapsible group."""
        self._log.command("group", title)
        for line in lines:
            self._log.line(line)
        self._log.command("endgroup")

    def prepare_to_publish(self) -> None:
        """Import what writes values into the runner's files."""
        runner_files.assignments({})

    def publish(self, result: Result) -> None:
        """Write `result` to the runner's files and the report to its temporary folder: all of it or, with an error, nothing."""
        from uv_system_sync.reporting import report

        environ = self._environ
        file = os.path.join(os.path.abspath(runner_files.path(environ, "RUNNER_TEMP")), report.file_name())
        additions = [
            (runner_files.path(environ, "GITHUB_ENV"), runner_files.assignments(result.env)),
            (runner_files.path(environ, "GITHUB_PATH"), "".join(f"{path}\n" for path in result.paths)),
            (runner_files.path(environ, "GITHUB_OUTPUT"), runner_files.assignments({**result.outputs, "report": file})),
            (file, result.report),
        ]
        # A server without job summaries names no file for them.
        if environ.get("GITHUB_STEP_SUMMARY") and len(result.summary.encode("utf-8")) <= runner_files.SUMMARY_LIMIT:
            additions.append((environ["GITHUB_STEP_SUMMARY"], result.summary))
        runner_files.append_all(additions)

    def error(self, error: ActionError, details: str) -> None:
        """Annotate the step, and the file and line of the error; `details` go to a group of the log."""
        if details:
            self.listing("Details", details.splitlines())
        text = commands.annotation(error.message.render(self.spell), error.hint.render(self.spell), error.words)
        self._log.command("error", text, title=error.slug, file=error.file, line=error.line)

    def publish_failure(self, error: ActionError, context: RunContext) -> int:
        """Write the job summary and the report of a run that has failed, and return the exit status."""
        from uv_system_sync.errors import Cancelled
        from uv_system_sync.reporting import report, summary

        if isinstance(error, Cancelled):
            return 1
        folder = self._environ.get("RUNNER_TEMP", "")
        texts = [(os.path.join(folder, report.file_name()) if folder else "", report.failure(error, context, self.spell))]
        if context.inputs is None or context.inputs.summary:
            texts.append((self._environ.get("GITHUB_STEP_SUMMARY", ""), summary.render_failure(error, context.line(), self.spell)))
        runner_files.append_if_possible(texts)
        return 1

"""The reporter of a workflow step: GitHub's log, annotations and runner files."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping, Sequence, TextIO

from uv_system_sync import environment
from uv_system_sync.errors import Cancelled, RunnerUnusable
from uv_system_sync.reporting import runner_files
from uv_system_sync.text import Option, by_name, printable

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.process import Relay
    from uv_system_sync.reporting.context import RunContext
    from uv_system_sync.reporting.report import Result
    from uv_system_sync.reporting.reporter import Notice
    from uv_system_sync.uv.builds import Wanted

# The longest sentence and the longest uv output in an annotation, in characters. GitHub shows 4096 UTF-16 code units of an annotation
# (actions/runner, src/Runner.Worker/ExecutionContext.cs), so both sentences of an error always fit.
_SENTENCE_LIMIT = 1000
_WORDS_LIMIT = 2000


class GitHubReporter:
    """Reports to the runner. `environ` holds the variables of the step, and `file` is its log."""

    def __init__(self, environ: Mapping[str, str], file: TextIO) -> None:
        self._environ = environ
        self._file = file
        self._secrets: Sequence[str] = ()

    @property
    def is_debugging(self) -> bool:
        """Whether debug logging is enabled for the workflow run."""
        return self._environ.get("RUNNER_DEBUG") == "1"

    def spell(self, option: Option) -> str:
        """Return `option` as an input of the action."""
        return by_name(option)

    def mask(self, secrets: Sequence[str]) -> None:
        """Hide `secrets` in everything written from now on, and have the runner mask them in the log of every later step."""
        self._secrets = secrets
        for secret in secrets:
            self.command("add-mask", secret)

    def redact(self, text: str) -> str:
        """Return `text` without secrets. The runner masks them in the log, but not in files."""
        return environment.redacted(text, self._secrets)

    def info(self, text: str) -> None:
        """Write `text` to the log as one line that the runner never reads as a command."""
        line = _visible(self.redact(text))
        self._write(f"> {line}" if line.lstrip().startswith("::") else line)

    def headline(self, text: str) -> None:
        """Write `text` to the log as one line; the job summary highlights it."""
        self.info(text)

    def debug(self, text: str) -> None:
        """Write `text` to the log if debug logging is enabled."""
        if self.is_debugging:
            self.command("debug", _visible(self.redact(text)))

    def notice(self, notice: Notice) -> None:
        """Annotate the step with `notice`."""
        self.command("notice", _visible_lines(notice.message.render(self.spell)), title=notice.title)

    @contextmanager
    def group(self, title: str) -> Iterator[Relay]:
        """Open a collapsible group and provide a relay for program output, in which the runner reads no commands."""
        # The token makes the runner read commands again. No other process knows it.
        token = os.urandom(16).hex()
        self.command("group", title)
        self.command("stop-commands", token)
        # The last bytes in the log: a `##[` may be split between two pieces, and the last line may be incomplete.
        end = b"\n"

        def relay(piece: bytes) -> None:
            nonlocal end
            # GitHub's log renders `##[error]` and the like even while commands are stopped.
            text = (end + piece).replace(b"##[", b"##\\[")
            escaped = text[len(end) :]
            # If the write is interrupted, the last bytes in the log are unknown.
            end = b""
            self._file.buffer.write(escaped)
            self._file.buffer.flush()
            end = text[-2:]

        try:
            yield relay
        finally:
            if not end.endswith(b"\n"):
                self._write("")
            self.command(token)
            self.command("endgroup")

    def listing(self, title: str, lines: Iterable[str]) -> None:
        """Write `lines` in a collapsible group."""
        self.command("group", title)
        for line in lines:
            self.info(line)
        self.command("endgroup")

    def prepare_to_publish(self) -> None:
        """Import the toolkit that formats values for the runner's files."""
        runner_files.assignments({})

    def publish(self, result: Result) -> None:
        """Write `result` to the runner's files and the report to RUNNER_TEMP. If one write fails, no file is changed."""
        path, environ, report_path = runner_files.path, self._environ, self._new_report_path()
        runner_files.append_all(
            [
                (path(environ, "GITHUB_ENV"), runner_files.assignments(result.env)),
                (path(environ, "GITHUB_PATH"), "".join(f"{folder}\n" for folder in result.paths)),
                (path(environ, "GITHUB_OUTPUT"), runner_files.assignments({**result.outputs, "report": report_path})),
                (report_path, result.report),
                *runner_files.job_summary(environ, result.summary),
            ]
        )

    def restore(self, wanted: Wanted) -> None:
        """Set the outputs that tell the next steps of action.yml which cached wheels to restore, and into which folder."""
        outputs = runner_files.assignments({"cache-key": wanted.key, "cache-path": wanted.folder})
        runner_files.append_all([(runner_files.path(self._environ, "GITHUB_OUTPUT"), outputs)])

    def error(self, error: ActionError, details: str) -> None:
        """Annotate the step and, where known, the file and line of the error. `details` go to a group in the log."""
        if details:
            self.listing("Details", details.splitlines())
        sentences = [_visible_lines(sentence.render(self.spell)) for sentence in (error.message, error.hint)]
        text = "\n".join(line if len(line) <= _SENTENCE_LIMIT else f"{line[:_SENTENCE_LIMIT]} …" for line in sentences)
        words = _visible_lines(error.words)
        if len(words) > _WORDS_LIMIT:
            words = f"… {words[-_WORDS_LIMIT:]}"
        if words:
            text += f"\nThe output ends with: {words}"
        self.command("error", text, title=error.slug, file=error.file, line=error.line)

    def publish_failure(self, error: ActionError, context: RunContext) -> int:
        """Write the report and the job summary of a failed run, where possible, and return the exit status."""
        if isinstance(error, Cancelled):
            return 1
        # A second error would not help. If no file handle is left, even the imports raise one.
        with suppress(RunnerUnusable, OSError):
            from uv_system_sync.reporting import report

            runner_files.append_all([(self._new_report_path(), report.failure(error, context, self.spell))])
        if context.inputs is None or context.inputs.summary:
            with suppress(RunnerUnusable, OSError):
                from uv_system_sync.reporting import summary

                text = summary.render_failure(error, self.redact(context.line()), self.spell)
                runner_files.append_all(runner_files.job_summary(self._environ, text))
        return 1

    def command(self, name: str, message: str = "", **properties: object) -> None:
        """Write a workflow command with `message` and all `properties` that are not None.

        `actions_toolkit.command.Command` does the same, but is not installed yet when the first errors are reported.
        """
        given = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items() if value is not None)
        start = f"{name} {given}" if given else name
        self._write(f"::{start}::{_escaped(message)}")

    def _new_report_path(self) -> str:
        from uv_system_sync.reporting import report

        return os.path.join(os.path.abspath(runner_files.path(self._environ, "RUNNER_TEMP")), report.file_name())

    def _write(self, line: str) -> None:
        self._file.write(f"{line}\n")
        self._file.flush()


def _visible_lines(text: str) -> str:
    return "\n".join(_visible(line.rstrip("\r").expandtabs()) for line in text.split("\n"))


def _visible(text: str) -> str:
    # `##[` begins a command anywhere in a line (actions/runner, src/Runner.Common/ActionCommand.cs).
    return printable(text).replace("##[", "##\\[")


def _escaped(text: str, also: str = "") -> str:
    # The percent sign first, because the escapes of the other characters begin with it.
    for letter in f"%\r\n{also}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text

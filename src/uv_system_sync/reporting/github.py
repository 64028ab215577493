"""Reports to the runner of GitHub Actions: its log, its annotations and its files."""

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

# GitHub shows 4096 UTF-16 code units of an annotation (actions/runner, src/Runner.Worker/ExecutionContext.cs), which two sentences
# of so many characters never exceed.
_SENTENCE = 1000
_WORDS = 2000


class GitHubReporter:
    """The reporter of a step whose environment is `environ` and whose log is `file`."""

    def __init__(self, environ: Mapping[str, str], file: TextIO) -> None:
        self._environ = environ
        self._file = file
        self._secrets: Sequence[str] = ()

    @property
    def is_debugging(self) -> bool:
        """Whether the run has debug logging."""
        return self._environ.get("RUNNER_DEBUG") == "1"

    def spell(self, option: Option) -> str:
        """Return `option` as an input of the action."""
        return by_name(option)

    def mask(self, secrets: Sequence[str]) -> None:
        """Have the runner hide `secrets` wherever they are printed from now on, in every step of the job."""
        self._secrets = secrets
        for secret in secrets:
            self.command("add-mask", secret)

    def redact(self, text: str) -> str:
        """Return `text` without secrets; the runner hides them in the log, but not in files."""
        return environment.redacted(text, self._secrets)

    def info(self, text: str) -> None:
        """Write `text` to the log as one line that is no command, whatever it holds."""
        line = _visible(self.redact(text))
        self._write(f"> {line}" if line.lstrip().startswith("::") else line)

    def headline(self, text: str) -> None:
        """Write `text` to the log; the job summary shows what matters."""
        self.info(text)

    def debug(self, text: str) -> None:
        """Write `text` to the log of a run with debug logging."""
        if self.is_debugging:
            self.command("debug", _visible(self.redact(text)))

    def notice(self, notice: Notice) -> None:
        """Annotate the step with `notice`."""
        self.command("notice", _visible_lines(notice.message.render(self.spell)), title=notice.title)

    @contextmanager
    def group(self, title: str) -> Iterator[Relay]:
        """Open a collapsible group and provide a relay for output of others; the runner takes none of it for a command."""
        # Nobody outside this process knows the token, which makes the runner listen again.
        token = os.urandom(16).hex()
        self.command("group", title)
        self.command("stop-commands", token)
        end = b"\n"

        def relay(piece: bytes) -> None:
            nonlocal end
            # GitHub's log would show `##[error]` and the like as such even while commands are stopped.
            text = (end + piece).replace(b"##[", b"##\\[")
            written, end = text[len(end) :], b""
            self._file.buffer.write(written)
            self._file.buffer.flush()
            # Only now: it is unknown after an interruption.
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
        """Import what writes values into the runner's files."""
        runner_files.assignments({})

    def publish(self, result: Result) -> None:
        """Write `result` to the runner's files and the report to its temporary folder: all of it or, with an error, nothing."""
        path, environ, file = runner_files.path, self._environ, self._report_file()
        runner_files.append_all(
            [
                (path(environ, "GITHUB_ENV"), runner_files.assignments(result.env)),
                (path(environ, "GITHUB_PATH"), "".join(f"{folder}\n" for folder in result.paths)),
                (path(environ, "GITHUB_OUTPUT"), runner_files.assignments({**result.outputs, "report": file})),
                (file, result.report),
                *runner_files.job_summary(environ, result.summary),
            ]
        )

    def restore(self, wanted: Wanted) -> None:
        """Hand the key and the folder of the wheels that are `wanted` to the steps of action.yml that follow."""
        outputs = runner_files.assignments({"cache-key": wanted.key, "cache-path": wanted.folder})
        runner_files.append_all([(runner_files.path(self._environ, "GITHUB_OUTPUT"), outputs)])

    def error(self, error: ActionError, details: str) -> None:
        """Annotate the step, and the file and line of the error; `details` go to a group of the log."""
        if details:
            self.listing("Details", details.splitlines())
        sentences = [_visible_lines(sentence.render(self.spell)) for sentence in (error.message, error.hint)]
        text = "\n".join(sentence if len(sentence) <= _SENTENCE else f"{sentence[:_SENTENCE]} …" for sentence in sentences)
        words = _visible_lines(error.words)
        if words:
            text += f"\nThe output ends with: {'… ' if len(words) > _WORDS else ''}{words[-_WORDS:]}"
        self.command("error", text, title=error.slug, file=error.file, line=error.line)

    def publish_failure(self, error: ActionError, context: RunContext) -> int:
        """Write the job summary and the report of a run that has failed, as far as that works, and return the exit status."""
        if isinstance(error, Cancelled):
            return 1
        # Another error would be of no use. Without a file handle, even importing raises one.
        with suppress(RunnerUnusable, OSError):
            from uv_system_sync.reporting import report

            runner_files.append_all([(self._report_file(), report.failure(error, context, self.spell))])
        if context.inputs is None or context.inputs.summary:
            with suppress(RunnerUnusable, OSError):
                from uv_system_sync.reporting import summary

                text = summary.render_failure(error, self.redact(context.line()), self.spell)
                runner_files.append_all(runner_files.job_summary(self._environ, text))
        return 1

    def command(self, name: str, message: str = "", **properties: object) -> None:
        """Write a workflow command with its `message` and those of its `properties` that are not None.

        This is `actions_toolkit.command.Command`, which is not installed yet when the first errors are reported.
        """
        given = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items() if value is not None)
        self._write(f"::{name}{given and ' '}{given}::{_escaped(message)}")

    def _report_file(self) -> str:
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
    for letter in f"%\r\n{also}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text

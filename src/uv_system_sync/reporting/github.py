"""Tells the runner what the action has to say, through its log and its files; the only room that knows the actions-toolkit."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping, TextIO

from actions_toolkit.command import Command
from actions_toolkit.file_command import prepare_key_value_message

from uv_system_sync.errors import ActionError, RunnerUnusable
from uv_system_sync.reporting.report import file_name
from uv_system_sync.reporting.reporter import printable

if TYPE_CHECKING:
    from io import FileIO

    from uv_system_sync.process import Relay
    from uv_system_sync.reporting.report import Known, StepResult

# actions/runner drops a larger summary and says so as an error (src/Runner.Worker/FileCommandManager.cs).
_SUMMARY_LIMIT = 1024 * 1024


class Workflow:
    """The runner of the current step, as its environment variables describe it."""

    def __init__(self, environ: Mapping[str, str], log: TextIO) -> None:
        self._environ = environ
        self._log = log

    def say(self, text: str) -> None:
        """Write `text` to the log as one line that is no workflow command, whatever it holds."""
        line = printable(text)
        # `##[` starts a command anywhere in a line, `::` only where it begins (src/Runner.Common/ActionCommand.cs).
        line = line.replace("##[", "##\\[")
        self._write(f"> {line}" if line.lstrip().startswith("::") else line)

    @property
    def is_debugged(self) -> bool:
        """Whether the run was started with debug logging."""
        return self._environ.get("RUNNER_DEBUG") == "1"

    def debug(self, text: str) -> None:
        """Write `text` to the log of a run with debug logging."""
        if self.is_debugged:
            self._command("debug", {}, text)

    def error(self, error: ActionError) -> None:
        """Annotate the step, and the error's file and line where it has them, with the error, its hint and uv's words."""
        place = {name: value for name, value in (("file", error.file), ("line", error.line)) if value is not None}
        self._command("error", {"title": error.slug, **place}, error.text())

    def leave(self, error: ActionError, known: Known) -> int:
        """Leave the job summary and the report of a step that has failed, and return its exit status."""
        from uv_system_sync.reporting import postmortem

        postmortem.leave(error, known, self._environ)
        return 1

    def notice(self, title: str, message: str) -> None:
        """Annotate the step with a `message` that is no error."""
        self._command("notice", {"title": title}, message)

    @contextmanager
    def group(self, title: str) -> Iterator[Relay]:
        """Open a collapsible group; what is written to the relay appears in it as it comes, and none of it is a command."""
        # A secret of this process: who does not know it cannot make the runner listen again.
        token = os.urandom(16).hex()
        self._command("group", {}, title)
        self._command("stop-commands", {}, token)
        relay = _Relay(self._log)
        try:
            yield relay
        finally:
            try:
                self._close(relay, token)
            except KeyboardInterrupt:
                # Half a token would leave the runner deaf for the rest of the job.
                self._write("")
                self._close(relay, token)
                raise

    def listing(self, title: str, lines: Iterable[str]) -> None:
        """Write `lines` in a collapsible group of their own."""
        self._command("group", {}, title)
        for line in lines:
            self.say(line)
        self._command("endgroup", {}, "")

    def publish(self, result: StepResult) -> None:
        """Hand `result` to the runner's files: all of it or, with a `RunnerUnusable`, nothing."""
        report = os.path.join(os.path.abspath(self._file("RUNNER_TEMP")), file_name())
        outputs = {**result.outputs, "report": report}
        additions = [
            (self._file("GITHUB_ENV"), _assignments(result.env)),
            (self._file("GITHUB_PATH"), "".join(f"{path}\n" for path in result.paths)),
            (self._file("GITHUB_OUTPUT"), _assignments(outputs)),
            (report, result.report),
        ]
        # A server without job summaries names no file for them.
        if self._environ.get("GITHUB_STEP_SUMMARY") and len(result.summary.encode("utf-8")) <= _SUMMARY_LIMIT:
            additions.append((self._file("GITHUB_STEP_SUMMARY"), result.summary))
        _append_all(additions)

    def _close(self, relay: _Relay, token: str) -> None:
        relay.end_line()
        self._command(token, {}, "")
        self._command("endgroup", {}, "")

    def _file(self, variable: str) -> str:
        path = self._environ.get(variable, "")
        if not path:
            raise RunnerUnusable(
                f"`{variable}` is not set.", "Run the action on a runner of GitHub Actions, which names its files in the environment."
            )
        return path

    def _command(self, name: str, properties: Mapping[str, object], message: str) -> None:
        self._write(str(Command(name, dict(properties), message)))

    def _write(self, line: str) -> None:
        self._log.write(f"{line}\n")
        self._log.flush()


class _Relay:
    """Writes bytes through to the log, less what the log would still make a heading or an error of, and can end the line."""

    def __init__(self, log: TextIO) -> None:
        self._log = log
        self._is_line_ended = True
        self._held = b""

    def __call__(self, piece: bytes) -> None:
        # No command while commands are stopped, but GitHub's log still renders `##[error]` and the like.
        text = (self._held + piece).replace(b"##[", b"##\\[")
        self._held = text[len(text.rstrip(b"#")) :][-2:]
        self._write(text[: len(text) - len(self._held)])

    def end_line(self) -> None:
        self._write(self._held)
        self._held = b""
        if not self._is_line_ended:
            self._write(b"\n")

    def _write(self, text: bytes) -> None:
        if text:
            # Not known any more, if this is interrupted.
            self._is_line_ended = False
            self._log.buffer.write(text)
            self._log.buffer.flush()
            self._is_line_ended = text.endswith(b"\n")


def _assignments(values: Mapping[str, str]) -> str:
    return "".join(f"{prepare_key_value_message(name, value)}\n" for name, value in values.items())


def _append_all(additions: list[tuple[str, str]]) -> None:
    """Append each text to its file, or leave every file as it was."""
    sizes: dict[str, int | None] = {}
    try:
        with ExitStack() as stack:
            files = []
            for path, text in additions:
                sizes.setdefault(path, os.path.getsize(path) if os.path.exists(path) else None)
                files.append((stack.enter_context(open(path, "ab", buffering=0)), text.encode("utf-8", "surrogateescape")))
            # One right after the other: a step that is killed in between has told only part.
            for file, content in files:
                _write_all(file, content)
    except BaseException as error:
        _restore(sizes)
        if not isinstance(error, OSError):
            raise
        raise RunnerUnusable(
            f"{error.filename} cannot be written: {error.strerror}.",
            "Free space on the runner's disk, and leave the runner's own files and its temporary folder writable.",
        ) from None


def _write_all(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        # That it is this file's, only `open` says by itself.
        error.filename = file.name
        raise


def _restore(sizes: Mapping[str, int | None]) -> None:
    for path, size in sizes.items():
        with suppress(OSError):
            if size is None:
                os.unlink(path)
            else:
                os.truncate(path, size)

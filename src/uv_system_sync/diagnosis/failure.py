"""A failed sync: what it ran with, what uv printed, and how an error is built from both."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple

from uv_system_sync.inputs import Inputs
from uv_system_sync.text import Option
from uv_system_sync.uv import output

if TYPE_CHECKING:
    from uv_system_sync.errors import ActionError
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.process import Completed
    from uv_system_sync.project.pyproject import Project
    from uv_system_sync.project.toml import Place
    from uv_system_sync.text import Message

# How many characters from the end of uv's output an error keeps. The reporter decides how many of them are shown.
_KEPT = 2500
_QUOTED_LINES = 30

# The inputs that messages name, by their field: `{no_dev}` is the input `no-dev`.
OPTIONS = {
    option.name.replace("-", "_"): option
    for option in (
        *(Option(name) for name in ("args", "packages", "uv-version", "working-directory")),
        *(Option(name, "true") for name in ("check", "frozen", "no-dev", "no-install-project")),
    )
}


class Failure(NamedTuple):
    """A failed sync, with the environment and version of uv, and the inputs of the action.

    `lock_dry_run` runs `uv lock --dry-run`, which prints what uv would change in uv.lock; it may raise `OSError`.
    """

    completed: Completed
    env: Mapping[str, str]
    project: Project
    target: Target
    uv_version: str
    lock_dry_run: Callable[[], Completed]
    inputs: Inputs = Inputs("", "")

    @property
    def own(self) -> str:
        """The output up to the first line that uv quotes from a build or from Git, because such lines can contain any text."""
        return output.without_quotes(self.completed.output)

    @property
    def words(self) -> str:
        """The error message of uv itself, as one line."""
        return output.own_message(self.own)

    @property
    def messages(self) -> tuple[str, ...]:
        """The error message of uv itself, then the rest of it from each of its causes on, as one line each."""
        return output.messages(self.own)

    def match(self, pattern: str) -> re.Match[str] | None:
        """Return the match of `pattern` at the beginning of uv's own error message or of one of its causes."""
        return output.match(pattern, self.messages)

    @property
    def quoted(self) -> str:
        """The last lines that a build backend printed, without the indentation that uv adds, or an empty string."""
        for stream in ("[stderr]\n", "[stdout]\n"):
            _, found, rest = self.completed.output.rpartition(stream)
            if found:
                quoted = re.split(r"\n\s*(?:hint|help|cause): ", rest)[0].rstrip()
                lines = [line.rstrip() for line in quoted.splitlines()]
                return "\n".join(textwrap.dedent("\n".join(lines)).split("\n")[-_QUOTED_LINES:])
        return ""

    @property
    def end(self) -> str:
        """The end of everything uv printed, including what it quotes."""
        printed = self.completed.output.strip()
        return f"… {printed[-_KEPT:]}" if len(printed) > _KEPT else printed

    def error(
        self, kind: type[ActionError], message: str, hint: str | Message, place: Place | None = None, words: str = "", /, **values: object
    ) -> ActionError:
        """Return an error of the given kind, with `words` or else the end of uv's output.

        Its sentences may have fields for `values`, for the `OPTIONS`, and for `uv` (its version), `target`, `lock_command` and
        `planned` (the changes that uv announced).
        """
        file, line = place or (None, None)
        facts = {"uv": self.uv_version, "target": self.target, "planned": str(output.planned(self.own))}
        known = {**facts, "lock_command": self.project.lock_command(), **OPTIONS, **values}
        return kind(message, hint, file=file, line=line, words=words or self.end, **known)

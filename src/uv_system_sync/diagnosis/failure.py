"""A sync that failed: what it was run with, what uv printed, and the errors that explain it."""

from __future__ import annotations

import re
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

# How much of uv's output an error keeps; how much of it is shown is for the reporter to decide.
_KEPT = 2500
_QUOTED_LINES = 30

# Inputs that sentences name, by their fields.
OPTIONS = {
    **{name.replace("-", "_"): Option(name) for name in ("args", "packages", "uv-version", "working-directory")},
    **{name.replace("-", "_"): Option(name, "true") for name in ("check", "frozen", "no-dev", "no-install-project")},
}


class Failure(NamedTuple):
    """A sync that failed, with the environment and the version of uv, and what was asked for.

    `lock_dry_run` asks uv what it would change in uv.lock; it may raise `OSError`.
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
        """The output up to the first line that uv quotes from a build or from Git; any text can be in those lines."""
        return output.without_quotes(self.completed.output)

    @property
    def words(self) -> str:
        """The error message of uv itself, as one line."""
        return output.own_message(self.own)

    @property
    def messages(self) -> tuple[str, ...]:
        """The error message of uv itself, and what is left of it from each of its causes on, as one line each."""
        return output.messages(self.own)

    def match(self, pattern: str) -> re.Match[str] | None:
        """Return the match of `pattern` at the beginning of uv's own error message or of one of its causes."""
        return output.match(pattern, self.messages)

    @property
    def quoted(self) -> str:
        """The last lines that a build backend printed, or an empty string."""
        for stream in ("[stderr]\n", "[stdout]\n"):
            _, found, rest = self.completed.output.rpartition(stream)
            if found:
                lines = re.split(r"\n\s*(?:hint|help|cause): ", rest)[0].rstrip().splitlines()
                indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
                return "\n".join(line[indent:].rstrip() for line in lines[-_QUOTED_LINES:])
        return ""

    @property
    def end(self) -> str:
        """The end of what uv printed, with what it quotes of others."""
        printed = self.completed.output.strip()
        return f"… {printed[-_KEPT:]}" if len(printed) > _KEPT else printed

    def error(
        self, kind: type[ActionError], message: str, hint: str, place: Place | None = None, words: str = "", /, **values: object
    ) -> ActionError:
        """Return an error with `words` or the end of the output; besides `values`, sentences can have what is known of the failure."""
        file, line = place or (None, None)
        facts = {"uv": self.uv_version, "target": self.target, "planned": str(output.planned(self.own))}
        known = {**facts, "lock_command": self.project.lock_command(), **OPTIONS}
        return kind(message, hint, file=file, line=line, words=words or self.end, **{**known, **values})

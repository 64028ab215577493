"""Judges a disturbed sync and the sync after it from what was observed, and adds up the results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from tests.faults.injected import INJECTED
from tests.faults.installation import Contents
from tests.faults.job import Meant
from tests.faults.syncs import Seen
from tests.support.runner_log import Command, UnusableToken, obeyed
from uv_system_sync.errors import ActionError

# The commands that the action itself writes to the log; its errors and notices also have a title.
_OWN_COMMANDS = {"group", "endgroup", "stop-commands", "add-mask"}
_NOTICES = {"cache-unusable", "output-omitted", "packages-removed", "packages-repaired", "python-chosen", "retried", "shared-python"}


@dataclass
class Counts:
    """The results of a number of tries of one fault."""

    tries: int = 0
    failed: int = 0
    survived: int = 0
    otherwise: int = 0
    in_uv: int = 0
    broken: int = 0
    written: int = 0
    in_part: int = 0
    tracebacks: int = 0
    commands: int = 0
    missing: int = 0
    different: int = 0
    orphaned: int = 0
    starting: int = 0
    complaints: list[str] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        """Add the counts of further tries."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def is_good(self) -> bool:
        """Return whether every count that should be 0 is 0."""
        return not (self.otherwise or self.broken or self.written or self.in_part or self.tracebacks or self.commands)

    def judge(self, meant: Meant, seen: Seen) -> None:
        """Count one try of the action, whose expected end is `meant`."""
        if meant is Meant.KILLED and _is_of_the_start(seen.log):
            self.tries += 1
            self.failed += 1
            self.starting += 1
            self._note("written", bool(seen.written), f"failed, and wrote {', '.join(seen.written)}")
            return
        log_commands = commands(seen.log)
        is_over = not seen.killed and seen.returncode == 0
        errors = sum(command.name == "error" for command in log_commands)
        self._note("commands", any(_is_foreign(command) for command in log_commands), "outside text became a command")
        self._note("tracebacks", "Traceback (most recent call last)" in seen.log, "a traceback")
        self._note("in_part", seen.written_in_part, f"wrote only: {', '.join(seen.written)}")
        # A step that is killed after uv has ended may already have written its files.
        failed = seen.in_uv if seen.killed else not is_over
        self._note("written", failed and bool(seen.written), f"failed, and wrote {', '.join(seen.written)}")
        self._end(meant, seen)
        self._note("otherwise", not seen.killed and not is_over and errors != 1, f"exit status {seen.returncode} with {errors} errors")

    def judge_plainly(self, seen: Seen) -> None:
        """Count one try of plain uv, which has no expected end."""
        self.tries += 1
        self.failed += seen.returncode != 0
        self.survived += seen.returncode == 0
        self.in_uv += seen.in_uv

    def compare(self, expected: Contents, actual: Contents, when: str) -> None:
        """Count the differences between the `actual` and the `expected` files."""
        missing = sorted(expected.keys() - actual.keys())
        different = sorted(name for name in expected.keys() & actual.keys() if expected[name] != actual[name])
        self.missing += len(missing)
        self.different += len(different)
        self.orphaned += len(actual.keys() - expected.keys())
        self._note("broken", bool(missing or different), f"broken {when}: {', '.join([*missing, *different][:5])}")

    def fail_again(self, seen: Seen) -> None:
        """Count a next run that failed."""
        self._note("broken", seen.returncode != 0, f"the next run ended with exit status {seen.returncode}:\n{seen.log[-1500:]}")

    def _end(self, meant: Meant, seen: Seen) -> None:
        is_over = not seen.killed and seen.returncode == 0
        self.tries += 1
        self.in_uv += seen.in_uv
        right = {
            Meant.FAILS: not is_over and not seen.killed,
            Meant.SURVIVES: is_over,
            Meant.EITHER: not seen.killed,
            Meant.KILLED: True,
        }[meant]
        self.survived += right and is_over
        self.failed += right and not is_over
        self._note("otherwise", not right, f"was meant to end as {meant.name}, and ended with exit status {seen.returncode}")

    def _note(self, name: str, wrong: object, complaint: str) -> None:
        if wrong:
            setattr(self, name, getattr(self, name) + 1)
            self.complaints.append(complaint)


def _is_of_the_start(log: str) -> bool:
    """Return whether the interpreter was interrupted before it reached the step's script, and printed an error of its own."""
    return log.startswith(("Fatal Python error", "Traceback (most recent call last)")) and "script.py" not in log


def commands(log: str) -> list[Command]:
    """Return the commands in a step's `log` that the runner would obey, including the token that ends `stop-commands`."""
    try:
        return obeyed(log.encode())
    except UnusableToken as error:
        return [Command("stop-commands", str(error))]


def _is_foreign(command: Command) -> bool:
    """Return whether `command` is one that the action itself never writes."""
    if command.data.strip() == INJECTED:
        return True
    title = command.properties.get("title")
    if command.name == "error":
        return title not in set(_slugs())
    if command.name == "notice":
        return title not in _NOTICES
    # The only other command name that the action writes is its token for `stop-commands`.
    return command.name not in _OWN_COMMANDS and not (len(command.name) == 32 and not command.data)  # 16 bytes in hex


def _slugs() -> Iterator[str]:
    return (kind.slug for kind in ActionError.__subclasses__())

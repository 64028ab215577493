"""The entry point of the command: it reads the arguments and the environment of the process, and decides its exit status."""

from __future__ import annotations

import argparse
import io
import os
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Callable, Mapping, Sequence, TextIO

from uv_system_sync import errors, inputs, paths
from uv_system_sync.errors import Cancelled, InvalidInput, PythonUnsuitable, UvUnavailable
from uv_system_sync.inputs import Inputs
from uv_system_sync.interpreter.site_packages import SEEDS
from uv_system_sync.reporting import console
from uv_system_sync.reporting.context import RunContext
from uv_system_sync.reporting.reporter import report_errors
from uv_system_sync.text import Option, listed, printable

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.process import Completed, Start
    from uv_system_sync.reporting.terminal import Terminal

    Confirm = Callable[[Completed | UvUnavailable], bool]

# Titles of the help, and below each the options: name, what their value is called, and what they do. A NAME may be given more than
# once; options without a value are switches.
_OPTIONS = {
    "where to install": (
        (
            "python",
            "PYTHON",
            "An interpreter, its prefix, a virtual environment, or a name or version on PATH (`python`, `3.12`). Required.",
        ),
        ("working-directory", "PATH", "The folder of the project's pyproject.toml. Its uv.lock is there, or at the root of its workspace."),
        ("allow-externally-managed", "", "Install even into a Python that the operating system manages (PEP 668)."),
    ),
    "what to install": (
        ("extra", "NAME", "Also install this extra; may be repeated."),
        ("group", "NAME", "Also install this dependency group; may be repeated."),
        ("only-group", "NAME", "Install this dependency group and nothing else; may be repeated."),
        ("package", "NAME", "Install this workspace member instead of the project; may be repeated."),
        ("all-extras", "", "Install all extras."),
        ("all-groups", "", "Install all dependency groups."),
        ("all-packages", "", "Install all members of the workspace."),
        ("no-dev", "", "Do not install the group `dev`."),
        ("no-install-project", "", "Install the dependencies of the project, but not the project itself."),
        ("no-editable", "", "Install the project and its workspace members as copies instead of links to the checkout."),
    ),
    "how to install": (
        ("exact", "", "Remove installed packages that are not in the lock, after a question."),
        ("inexact", "", "Keep them. This is the default; the last of the two counts."),
        ("frozen", "", "Install uv.lock as it is, without checking that it matches pyproject.toml."),
        ("retries", "NUMBER", "How often a sync that failed for the network is tried again. Default: 2."),
        ("yes", "", "Remove what `--exact` removes without asking. Needed where there is no terminal to ask on."),
        ("check", "", "Change nothing, show what would change, and fail if that is anything."),
        ("dry-run", "", "Change nothing and show what would change, as with uv. The exit status is 0 even then."),
    ),
    "output": (
        ("json", "", "Print the report as JSON on standard output, and everything else on standard error."),
        ("quiet", "", "Print nothing but an error, with what uv has printed before it, and questions."),
        ("verbose", "", "Show uv's command line, which variables it sees, and how long everything takes."),
        ("version", "", "Print the version and exit."),
    ),
}

_EXAMPLES = """\
Arguments after `--` are passed to `uv sync`.

examples:
  uv-system-sync --python .venv              a virtual environment, with dev
  uv-system-sync --python 3.12               the Python 3.12 that is on PATH
  uv-system-sync --python /usr/local --no-dev
                                             in a Dockerfile, on a Python image
  uv-system-sync --python /var/lang --no-dev --no-editable
                                             in a Dockerfile, on AWS Lambda
  uv-system-sync --python python --group test && pytest
                                             in a job of GitLab
  uv-system-sync --python .venv --check      is everything there?
  uv-system-sync --python .venv -- --no-binary-package numpy
                                             an argument of uv sync

uv has to be on PATH. With --exact, uv-system-sync has to be installed
elsewhere than in the Python that it installs into.
The exit status is 0 on success, 2 for a wrong command line, and one for each
kind of error:
"""

# How wide the help is, on every terminal.
_COLUMNS = 80

# Errors that only the actions raise.
_ONLY_IN_ACTIONS = (errors.JobsFailed, errors.PackagesDiffer)


def main() -> int:
    """Sync as the command line asks for and return the exit status."""
    import signal

    arguments = parse(sys.argv[1:])
    # The package has set it for the action, which is started with -B; here it is as the user has it.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode) or arguments.check or arguments.dry_run
    for stream in (sys.stdout, sys.stderr):
        # Neither a terminal's code page nor the C locale of an image holds uv's output and every path.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    log, json = (sys.stderr, sys.stdout) if arguments.json else (sys.stdout, None)
    colours = log.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    reporter = console.ConsoleReporter(log, json=json, colours=colours, verbose=arguments.verbose, quiet=arguments.quiet)
    context = RunContext()
    # `docker stop` sends the second. Both stop uv before they stop this process.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    error = report_errors(lambda: _protected_sync(arguments, reporter, context), reporter)
    return reporter.publish_failure(error, context) if error else 0


def _protected_sync(arguments: argparse.Namespace, reporter: console.ConsoleReporter, context: RunContext) -> None:
    from uv_system_sync.reporting import runner_files

    with runner_files.protected(os.environ) as publishing:
        _sync(arguments, reporter, context, publishing)


def _sync(arguments: argparse.Namespace, reporter: console.ConsoleReporter, context: RunContext, publishing: Callable[[], None]) -> None:
    from uv_system_sync import process
    from uv_system_sync.environment import secrets
    from uv_system_sync.sync import Run, sync
    from uv_system_sync.uv import provision
    from uv_system_sync.uv.client import Uv

    environ = environment(os.environ, colours=reporter.colours)
    reporter.mask(secrets({**environ, inputs.variable("args"): " ".join(arguments.args)}))
    context.inputs, context.asked_to_remove = read(arguments), arguments.exact
    # uv may have been installed beside this package.
    path = os.pathsep.join([environ.get("PATH", ""), os.path.dirname(sys.executable)])
    found = provision.on_path(path)
    if found is None:
        raise UvUnavailable("There is no uv on PATH.", "Install uv first, for example with `pip install uv`.")
    uv = Uv(found, environ, process.start)
    log = sys.stderr if arguments.json else sys.stdout
    confirm = confirmation(arguments, reporter, question(log, sys.stdin))
    # uv's progress bars have colours even with NO_COLOR.
    terminal = partial(_open_terminal, log.fileno()) if reporter.colours and not arguments.quiet else None
    advice: list[str] = []

    def publish() -> None:
        # It may start a program.
        advice.extend(path_advice(context.target, environ, process.start) if context.target else ())
        publishing()

    effects = (uv, process.start, reporter, context, partial(check_target, context.inputs))
    sync(Run(environ, context.inputs, *effects, publishing=publish, confirm=confirm, terminal=terminal))
    for line in advice:
        reporter.info(line)


def _open_terminal(like: int) -> Terminal | None:
    from uv_system_sync.reporting.terminal import open_like

    return open_like(like)


def read(arguments: argparse.Namespace) -> Inputs:
    """Return the inputs that the parsed `arguments` mean."""
    return Inputs(
        python=arguments.python,
        python_source="python",
        working_directory=arguments.working_directory or ".",
        extras=inputs.names("extras", arguments.extra),
        groups=inputs.names("groups", arguments.group),
        only_groups=inputs.names("only-groups", arguments.only_group),
        packages=inputs.names("packages", arguments.package),
        all_extras=arguments.all_extras,
        all_groups=arguments.all_groups,
        all_packages=arguments.all_packages,
        no_dev=arguments.no_dev,
        no_install_project=arguments.no_install_project,
        no_editable=arguments.no_editable,
        inexact=not arguments.exact,
        frozen=arguments.frozen,
        check=arguments.check,
        args=tuple(arguments.args),
        allow_externally_managed=arguments.allow_externally_managed,
        summary=False,
        retries=inputs.retries(arguments.retries),
    ).checked()


def check_target(chosen: Inputs, target: Target, _: str) -> None:
    """Raise `PythonUnsuitable` for a Python from which the sync would remove this package."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not (chosen.inexact or chosen.check) and any(paths.same_file(ours, folder) for folder in target.site_packages):
        raise PythonUnsuitable(
            "uv-system-sync is itself installed in {prefix}, and the sync would remove it.",
            "Run it from an environment of its own, as `uvx uv-system-sync` does, or leave out {exact}.",
            prefix=target.prefix,
            exact=Option("inexact", "false"),
        )


def confirmation(arguments: argparse.Namespace, reporter: console.ConsoleReporter, ask: Callable[[str], bool] | None) -> Confirm | None:
    """Return what shows the dry run of a sync and decides whether to go on, or None if none is needed.

    `ask` asks a yes-or-no question at a terminal; without one, it is None.
    """
    from uv_system_sync.uv import output

    is_removing = arguments.exact and not arguments.yes
    if arguments.check or not (arguments.dry_run or is_removing or ask):
        return None

    def confirm(dry_run: Completed | UvUnavailable) -> bool:
        if isinstance(dry_run, UvUnavailable) or dry_run.returncode:
            is_needed = arguments.dry_run or is_removing
            if is_needed and isinstance(dry_run, UvUnavailable):
                raise dry_run
            return not is_needed
        if arguments.dry_run:
            with reporter.group("uv sync --dry-run") as relay:
                relay(dry_run.output.encode())
        planned = output.planned(dry_run.output)
        show = reporter.headline if arguments.dry_run else reporter.info
        show(f"Packages: {planned}")
        # uv keeps those that a Python comes with, or as many of them as that Python has.
        removed = listed([name for name in planned.removed if name.partition(" ")[0] not in SEEDS])
        if arguments.dry_run or not (is_removing and removed):
            return not arguments.dry_run
        yes, exact = Option("yes", "true"), Option("inexact", "false")
        if ask is None:
            fact = "{exact} would remove {packages}, and there is no terminal to ask on."
            raise InvalidInput(fact, "Add {yes} to remove them, or leave out {exact}.", exact=exact, packages=removed, yes=yes)
        if not ask(f"Remove {removed}, which uv.lock does not have? [y/N] "):
            raise Cancelled("The answer was no, and nothing was changed.", "To keep these packages, leave out {exact}.", exact=exact)
        return True

    return confirm


def question(log: TextIO, answers: TextIO | None) -> Callable[[str], bool] | None:
    """Return what asks a yes-or-no question on `log` and reads the answer from `answers`, or None unless both are terminals."""
    if answers is None or not (log.isatty() and answers.isatty()):
        return None

    def ask(text: str) -> bool:
        console.put(log, printable(text))
        return answers.readline().strip().lower() in ("y", "yes")

    return ask


def path_advice(target: Target, environ: Mapping[str, str], start: Start) -> list[str]:
    """Return a line on how to get at `target`, unless `python` on PATH is there or, as the shim of a version manager, starts it."""
    from uv_system_sync.interpreter.target import ask

    found = paths.program("python", environ.get("PATH", ""))
    if found and any(paths.same_file(os.path.dirname(found), folder) for folder in target.path_entries):
        return []
    with suppress(PythonUnsuitable):
        if found and paths.same_file(ask(found, environ, start, os.curdir).prefix, target.prefix):
            return []
    import shlex

    folders = shlex.quote(os.pathsep.join(reversed(target.path_entries)))
    return [f'`python` on PATH is {found or "missing"}; for this one: export PATH={folders}:"$PATH"']


def environment(environ: Mapping[str, str], *, colours: bool) -> dict[str, str]:
    """Return `environ` as the user's shell has it, without what a runner, if this is one, and an action there have added.

    Without `colours`, uv prints none.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith((inputs.PREFIX, "RUNNER_"))}
    kept["PATH"] = search_path(environ)
    return kept if colours else {**kept, "NO_COLOR": "1"}


def search_path(environ: Mapping[str, str]) -> str:
    """Return PATH as the user's shell has it: `uvx` puts the environment of the tool that it runs in front.

    It sets `UV` then, and no `VIRTUAL_ENV` (astral-sh/uv, crates/uv/src/commands/tool/run.rs).
    """
    first, _, rest = environ.get("PATH", "").partition(os.pathsep)
    by_uvx = "UV" in environ and not paths.same_file(environ.get("VIRTUAL_ENV", ""), sys.prefix)
    return rest if by_uvx and paths.same_file(first, os.path.dirname(sys.executable)) else environ.get("PATH", "")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    import textwrap

    kinds = sorted((kind.exit_status, kind.slug) for kind in errors.ActionError.__subclasses__() if kind not in _ONLY_IN_ACTIONS)
    # No line ends between the two.
    statuses = ", ".join(f"{status}\N{NO-BREAK SPACE}{slug}" for status, slug in kinds)
    made = argparse.ArgumentParser(
        prog="uv-system-sync",
        usage="%(prog)s [options] [-- arguments of uv sync]",
        description="Install a project's uv.lock into a Python that is already there.",
        epilog=_EXAMPLES + textwrap.fill(statuses, _COLUMNS, break_on_hyphens=False).replace("\N{NO-BREAK SPACE}", " "),
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=_COLUMNS),
        allow_abbrev=False,
    )
    for title, options in _OPTIONS.items():
        group = made.add_argument_group(title)
        for name, value, meaning in options:
            if value == "NAME":
                group.add_argument(f"--{name}", metavar=value, action="append", default=[], help=meaning)
            elif name == "inexact":
                group.add_argument(f"--{name}", dest="exact", action="store_false", default=False, help=meaning)
            elif value:
                group.add_argument(f"--{name}", metavar=value, default="", help=meaning)
            else:
                group.add_argument(f"--{name}", action="store_true", help=meaning)
    return made


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line, with the words after `--` as `args`; argparse itself exits for help and for errors."""
    at = words.index("--") if "--" in words else len(words)
    try:
        found, unknown = parser().parse_known_args(words[:at])
        if unknown:
            parser().error(_unknown(unknown[0]))
    except SystemExit:
        console.put(sys.stdout, "")
        raise
    if found.version:
        console.put(sys.stdout, f"uv-system-sync {_version()}\n")
        sys.exit()
    if found.dry_run and (found.check or found.json):
        parser().error("--dry-run cannot be used with --check or --json; --check --json prints a report, too")
    if found.quiet and found.verbose:
        parser().error("--quiet cannot be used with --verbose")
    found.args = words[at + 1 :]
    return found


def _unknown(word: str) -> str:
    """Return the message for `word`, which is no option; `--no-group` is not meant by `--group`, nor the other way round."""
    import difflib

    negated = word.startswith("--no-")
    names = [f"--{name}" for options in _OPTIONS.values() for name, _, _ in options]
    similar = difflib.get_close_matches(word.partition("=")[0], [name for name in names if name.startswith("--no-") == negated], n=1)
    meant = f"; did you mean {similar[0]}?" if similar else ""
    return f"unrecognized argument: {word}{meant} (arguments of `uv sync` go after `--`)"


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("uv-system-sync")
    except metadata.PackageNotFoundError:
        return "(not installed)"

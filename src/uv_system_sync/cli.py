"""The entry point of the command: reads arguments and environment variables and returns the exit status."""

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

# The options in the order of the help, by group: name, metavar and help. NAME options may be repeated; an empty metavar is a switch.
_OPTIONS = {
    "where to install": (
        ("python", "PYTHON", "An interpreter, its prefix, a virtual environment, or a name or version on PATH, such as `3.12`. Required."),
        ("working-directory", "PATH", "The folder of the project's pyproject.toml. uv.lock is there, or at the root of the workspace."),
        ("allow-externally-managed", "", "Install even into an externally managed Python, such as the operating system's (PEP 668)."),
    ),
    "what to install": (
        ("extra", "NAME", "Also install this extra; may be repeated."),
        ("group", "NAME", "Also install this dependency group; may be repeated."),
        ("only-group", "NAME", "Install this dependency group and nothing else; may be repeated."),
        ("package", "NAME", "Install this workspace member instead of the project; may be repeated."),
        ("all-extras", "", "Install all extras."),
        ("all-groups", "", "Install all dependency groups."),
        ("all-packages", "", "Install all workspace members."),
        ("no-dev", "", "Do not install the group `dev`."),
        ("no-install-project", "", "Install the project's dependencies, but not the project itself."),
        ("no-editable", "", "Install the project and workspace members as copies instead of links to the checkout."),
    ),
    "how to install": (
        ("exact", "", "Remove installed packages that are not in uv.lock, after asking."),
        ("inexact", "", "Keep these packages, which is the default. The last of the two options counts."),
        ("frozen", "", "Install uv.lock without checking that it matches pyproject.toml."),
        ("retries", "NUMBER", "How many times to retry a sync after a network failure. Default: 2."),
        ("yes", "", "Do not ask before `--exact` removes packages. Required without a terminal."),
        ("check", "", "Change nothing, show what would change, and fail if anything would."),
        ("dry-run", "", "Change nothing and show what would change. As with uv, the exit status is 0 even if something would."),
    ),
    "output": (
        ("json", "", "Print the report as JSON on standard output, and everything else on standard error."),
        ("quiet", "", "Print only questions and errors, and the output of a uv that failed."),
        ("verbose", "", "Show uv's command line, the variables that uv gets, and timings."),
        ("version", "", "Print the version and exit."),
    ),
}

_EXAMPLES = """\
Arguments after `--` are passed to `uv sync`.

examples:
  uv-system-sync --python .venv              a virtual environment, with dev
  uv-system-sync --python 3.12               the Python 3.12 on PATH
  uv-system-sync --python /usr/local --no-dev
                                             in a Dockerfile, on a Python image
  uv-system-sync --python /var/lang --no-dev --no-editable
                                             in a Dockerfile, on AWS Lambda
  uv-system-sync --python python --group test && pytest
                                             in a GitLab job
  uv-system-sync --python .venv --check      is everything installed?
  uv-system-sync --python .venv -- --no-binary-package numpy
                                             an argument of uv sync

uv must be on PATH. With --exact, uv-system-sync must not be installed in the
Python that it installs into.
The exit status is 0 on success, 2 for an invalid command line, and otherwise
that of the error:
"""

# The width of the help on every terminal.
_COLUMNS = 80

# Errors that only the report action raises.
_ONLY_IN_REPORTS = (errors.JobsFailed, errors.PackagesDiffer)


def main() -> int:
    """Run the command with the arguments of this process and return the exit status."""
    import signal

    arguments = parse(sys.argv[1:])
    # The package turns byte code on for the action, which starts with -B. For the command, the user's own setting applies.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode) or arguments.check or arguments.dry_run
    for stream in (sys.stdout, sys.stderr):
        # A terminal's code page, or the C locale of a container image, cannot encode all of uv's output and every path.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    log, json = (sys.stderr, sys.stdout) if arguments.json else (sys.stdout, None)
    colours = log.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    reporter = console.ConsoleReporter(log, json=json, colours=colours, verbose=arguments.verbose, quiet=arguments.quiet)
    context = RunContext()

    def work() -> None:
        from uv_system_sync.reporting import runner_files

        with runner_files.protected(os.environ) as publishing:
            _sync(arguments, log, reporter, context, publishing)

    # Ctrl+C sends SIGINT, and `docker stop` SIGTERM. Both stop uv before this process.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    error = report_errors(work, reporter)
    return reporter.publish_failure(error, context) if error else 0


def _sync(
    arguments: argparse.Namespace, log: TextIO, reporter: console.ConsoleReporter, context: RunContext, publishing: Callable[[], None]
) -> None:
    from uv_system_sync import process
    from uv_system_sync.environment import secrets
    from uv_system_sync.sync import Run, sync
    from uv_system_sync.uv import provision
    from uv_system_sync.uv.client import Uv

    environ = environment(os.environ, colours=reporter.colours)
    reporter.mask(secrets({**environ, inputs.variable("args"): " ".join(arguments.args)}))
    context.inputs = chosen = read(arguments)
    context.asked_to_remove = arguments.exact
    # uv may be installed in the same environment as this package.
    found = provision.on_path(os.pathsep.join([environ.get("PATH", ""), os.path.dirname(sys.executable)]))
    if found is None:
        raise UvUnavailable("There is no uv on PATH.", "Install uv first, for example with `pip install uv`.")
    advice: list[str] = []

    def publish() -> None:
        # Looking for the advice may start a program, so `publishing`, which ends the protection of the runner's files, comes last.
        if context.target:
            advice.extend(path_advice(context.target, environ, process.start))
        publishing()

    run = Run(
        environ,
        chosen,
        Uv(found, environ, process.start),
        process.start,
        reporter,
        context,
        check_target=partial(check_target, chosen),
        publishing=publish,
        confirm=confirmation(arguments, reporter, question(log, sys.stdin)),
        # Without colours, there are no progress bars: uv colours them even with NO_COLOR.
        terminal=partial(_open_terminal, log.fileno()) if reporter.colours and not arguments.quiet else None,
    )
    sync(run)
    for line in advice:
        reporter.info(line)


def _open_terminal(like: int) -> Terminal | None:
    from uv_system_sync.reporting.terminal import open_like

    return open_like(like)


def read(arguments: argparse.Namespace) -> Inputs:
    """Return the inputs for the parsed `arguments`; raise `InvalidInput` for invalid values and contradictions."""
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
    """Raise `PythonUnsuitable` if the sync would remove this package from `target`."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not (chosen.inexact or chosen.check) and any(paths.same_file(ours, folder) for folder in target.site_packages):
        raise PythonUnsuitable(
            "uv-system-sync is installed in {prefix}, and the sync would remove it.",
            "Run it from its own environment, as `uvx uv-system-sync` does, or leave out {exact}.",
            prefix=target.prefix,
            exact=Option("inexact", "false"),
        )


def confirmation(arguments: argparse.Namespace, reporter: console.ConsoleReporter, ask: Callable[[str], bool] | None) -> Confirm | None:
    """Return a function that shows the result of a dry run and returns whether to sync, or None if no dry run is needed.

    `ask` asks a yes-or-no question at the terminal. It is None if there is no terminal.
    """
    from uv_system_sync.uv import output

    must_ask = arguments.exact and not arguments.yes
    is_required = arguments.dry_run or must_ask
    if arguments.check or not (is_required or ask):
        return None

    def confirm(dry_run: Completed | UvUnavailable) -> bool:
        if isinstance(dry_run, UvUnavailable):
            if is_required:
                raise dry_run
            return True
        if dry_run.returncode:
            return not is_required
        planned = output.planned(dry_run.output)
        if arguments.dry_run:
            with reporter.group("uv sync --dry-run") as relay:
                relay(dry_run.output.encode())
            reporter.headline(f"Packages: {planned}")
            return False
        reporter.info(f"Packages: {planned}")
        if must_ask:
            _ask_to_remove(planned.removed, ask)
        return True

    return confirm


def _ask_to_remove(packages: Sequence[str], ask: Callable[[str], bool] | None) -> None:
    """Raise `Cancelled` if the user does not want to remove the `packages`, and `InvalidInput` if there is nobody to ask."""
    # The packages that come with a Python need no question: uv keeps those that this version of Python has.
    names = listed([package for package in packages if package.partition(" ")[0] not in SEEDS])
    if not names:
        return
    yes, exact = Option("yes", "true"), Option("inexact", "false")
    if ask is None:
        fact = "{exact} would remove {packages}, and there is no terminal to ask on."
        raise InvalidInput(fact, "Add {yes} to remove them, or leave out {exact}.", exact=exact, packages=names, yes=yes)
    if not ask(f"Remove {names}, which uv.lock does not have? [y/N] "):
        raise Cancelled("The answer was no, so nothing was changed.", "To keep these packages, leave out {exact}.", exact=exact)


def question(log: TextIO, answers: TextIO | None) -> Callable[[str], bool] | None:
    """Return a function that asks a yes-or-no question, or None unless `log` and `answers` are both terminals."""
    if answers is None or not (log.isatty() and answers.isatty()):
        return None

    def ask(text: str) -> bool:
        console.put(log, printable(text))
        return answers.readline().strip().lower() in ("y", "yes")

    return ask


def path_advice(target: Target, environ: Mapping[str, str], start: Start) -> list[str]:
    """Return a line that says how to put `target` on PATH, or none if `python` on PATH is in its folders or is a shim that starts it."""
    from uv_system_sync.interpreter.target import ask

    found = paths.program("python", environ.get("PATH", ""))
    if found and any(paths.same_file(os.path.dirname(found), folder) for folder in target.path_entries):
        return []
    with suppress(PythonUnsuitable):
        if found and paths.same_file(ask(found, environ, start, os.curdir).prefix, target.prefix):
            return []
    import shlex

    folders = shlex.quote(os.pathsep.join(reversed(target.path_entries)))
    return [f'`python` on PATH is {found or "missing"}; to use {target.executable}: export PATH={folders}:"$PATH"']


def environment(environ: Mapping[str, str], *, colours: bool) -> dict[str, str]:
    """Return `environ` with the user's PATH and without the variables of a runner and the action; with NO_COLOR unless `colours`."""
    kept = {name: value for name, value in environ.items() if not name.startswith((inputs.PREFIX, "RUNNER_"))}
    kept["PATH"] = search_path(environ)
    return kept if colours else {**kept, "NO_COLOR": "1"}


def search_path(environ: Mapping[str, str]) -> str:
    """Return the PATH of the user's shell: `uvx` prepends the environment of the tool that it runs.

    `uvx` also sets `UV` and no `VIRTUAL_ENV` (astral-sh/uv, crates/uv/src/commands/tool/run.rs).
    """
    path = environ.get("PATH", "")
    first, _, rest = path.partition(os.pathsep)
    by_uvx = "UV" in environ and not paths.same_file(environ.get("VIRTUAL_ENV", ""), sys.prefix)
    return rest if by_uvx and paths.same_file(first, os.path.dirname(sys.executable)) else path


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    import textwrap

    kinds = sorted((kind.exit_status, kind.slug) for kind in errors.ActionError.__subclasses__() if kind not in _ONLY_IN_REPORTS)
    # No line breaks between a status and its slug.
    statuses = ", ".join(f"{status}\N{NO-BREAK SPACE}{slug}" for status, slug in kinds)
    command = argparse.ArgumentParser(
        prog="uv-system-sync",
        usage="%(prog)s [options] [-- arguments of uv sync]",
        description="Install a project's uv.lock into an existing Python.",
        epilog=_EXAMPLES + textwrap.fill(statuses, _COLUMNS, break_on_hyphens=False).replace("\N{NO-BREAK SPACE}", " "),
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=_COLUMNS),
        allow_abbrev=False,
    )
    for title, options in _OPTIONS.items():
        group = command.add_argument_group(title)
        for name, metavar, meaning in options:
            if metavar == "NAME":
                group.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=meaning)
            elif name == "inexact":
                group.add_argument(f"--{name}", dest="exact", action="store_false", default=False, help=meaning)
            elif metavar:
                group.add_argument(f"--{name}", metavar=metavar, default="", help=meaning)
            else:
                group.add_argument(f"--{name}", action="store_true", help=meaning)
    return command


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line, with the words after `--` as `args`; exit for help, the version and errors, as argparse does."""
    end = words.index("--") if "--" in words else len(words)
    try:
        arguments, unknown = parser().parse_known_args(words[:end])
        if unknown:
            parser().error(_unknown(unknown[0]))
    except SystemExit:
        console.put(sys.stdout, "")
        raise
    if arguments.version:
        console.put(sys.stdout, f"uv-system-sync {_version()}\n")
        sys.exit()
    if arguments.dry_run and (arguments.check or arguments.json):
        parser().error("--dry-run cannot be used with --check or --json; --check --json also prints a report")
    if arguments.quiet and arguments.verbose:
        parser().error("--quiet cannot be used with --verbose")
    arguments.args = words[end + 1 :]
    return arguments


def _unknown(word: str) -> str:
    """Return the message for the unknown option `word`, which suggests `--no-` options only for a `--no-` option, and vice versa."""
    import difflib

    option, is_negated = word.partition("=")[0], word.startswith("--no-")
    names = [f"--{name}" for options in _OPTIONS.values() for name, _, _ in options if name.startswith("no-") == is_negated]
    similar = difflib.get_close_matches(option, names, n=1)
    suggestion = f"; did you mean {similar[0]}?" if similar else ""
    return f"unrecognized argument: {word}{suggestion} (arguments of `uv sync` go after `--`)"


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("uv-system-sync")
    except metadata.PackageNotFoundError:
        return "(not installed)"

"""Makes inputs of a command line, and decides what differs from a step where nothing of GitHub is around."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple, Sequence

from uv_system_sync.errors import PythonNotFound, PythonUnsuitable
from uv_system_sync.inputs import PREFIX, Inputs, variable
from uv_system_sync.interpreter import discovery
from uv_system_sync.reporting.console import STATUS

if TYPE_CHECKING:
    from uv_system_sync.interpreter.target import Target

# Option, what the help calls its value, and what it means, mostly as action.yml has it. One without a value is a
# flag, and one of names is given once for each; its input is called by the plural.
_OPTIONS = {
    "where to": (
        ("python", "PATH", "An interpreter, the prefix of one (`/usr/local`) or an existing virtual environment; else the python on PATH."),
        (
            "working-directory",
            "PATH",
            "The folder of the project's pyproject.toml. Its uv.lock is there too, or at the root of its workspace.",
        ),
        ("allow-externally-managed", "", "Install even into a Python that its operating system manages (PEP 668)."),
    ),
    "what is installed": (
        ("extra", "NAME", "An extra to install too; once for each."),
        ("group", "NAME", "A dependency group to install too; once for each."),
        ("package", "NAME", "A workspace member to install instead of the project; once for each."),
        ("all-extras", "", "Install every extra."),
        ("all-groups", "", "Install every dependency group."),
        ("all-packages", "", "Install every member of the workspace."),
        ("no-dev", "", "Leave the group `dev` out."),
        ("no-install-project", "", "Install the dependencies of the project, not the project itself."),
        ("no-editable", "", "Install the project and its workspace members as copies, not as links to the checkout."),
    ),
    "how it is": (
        ("inexact", "", "Keep installed packages that are not in the lock; otherwise they are removed."),
        ("frozen", "", "Install uv.lock as it is, without checking that it matches pyproject.toml."),
        ("check", "", "Change nothing, and fail if the environment is not what the lock says."),
    ),
    "what is told": (
        ("json", "", "Print the report as JSON on standard output, and all else on standard error."),
        ("verbose", "", "Tell uv's command line, what becomes of its variables, and how long things take."),
        ("version", "", "Print the version and exit."),
    ),
}

_EXAMPLES = """\
Whatever follows a lone `--` goes to uv sync as it is.

examples:
  uv-system-sync                                      the python on PATH, with the group dev
  uv-system-sync --python /usr/local --no-dev         in a Dockerfile, on an image of Python
  uv-system-sync --python /var/lang --no-dev --no-editable --inexact
                                                      in a Dockerfile, on an image of AWS Lambda
  uv-system-sync --group test && pytest               in a job of GitLab
  uv-system-sync --check                              is everything there, and nothing else?
  uv-system-sync -- --no-binary-package numpy         an option that only uv knows

uv has to be on PATH, and uv-system-sync itself elsewhere than in the Python that it syncs. A failure says what to do.
The exit status is 0 when all is as the lock says, 2 for a wrong command line, and else one for each kind of failure:
"""

# What the variable of a flag holds.
_SET = "true"

# What `Inputs.python_source` is without `--python`.
_BY_DEFAULT = "python on PATH"


class Asked(NamedTuple):
    """A command line: the variables of its inputs, as action.yml would set them, and how to tell what is done."""

    variables: Mapping[str, str]
    json: bool
    verbose: bool


def parse(words: Sequence[str]) -> Asked:
    """Read the `words` of a command line; help and what cannot be understood end the process, as argparse has it."""
    import shlex

    at = words.index("--") if "--" in words else len(words)
    found = vars(_parser().parse_args(words[:at]))
    texts = {"args": shlex.join(words[at + 1 :]), "summary": "false"}
    for name, value, _ in (option for options in _OPTIONS.values() for option in options):
        given = found[name.replace("-", "_")]
        texts[name if value != "NAME" else f"{name}s"] = ",".join(given) if isinstance(given, list) else given
    json, verbose, version = (texts.pop(name) == _SET for name in ("json", "verbose", "version"))
    if version:
        print(f"uv-system-sync {_version()}")  # noqa: T201 - the answer to a question, before there is a voice
        sys.exit()
    return Asked({variable(name): text for name, text in texts.items()}, json=json, verbose=verbose)


def environment(environ: Mapping[str, str], *, colours: bool) -> dict[str, str]:
    """Return `environ` without what a runner, if this runs on one, and an action there have put into it; uv is told of no `colours`."""
    kept = {name: value for name, value in environ.items() if not name.startswith((PREFIX, "RUNNER_"))}
    return kept if colours else {**kept, "NO_COLOR": "1"}


def with_own_folder(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with a PATH that ends in the folder of our own interpreter, where uv may have been installed with us."""
    return {**environ, "PATH": os.pathsep.join([environ.get("PATH", ""), os.path.dirname(sys.executable)])}


def search_path(environ: Mapping[str, str]) -> str:
    """Return PATH as the user's shell has it: `uvx` puts the environment of the tool that it runs in front of it.

    It says so by `UV` and by no `VIRTUAL_ENV` (astral-sh/uv, crates/uv/src/commands/tool/run.rs).
    """
    first, _, rest = environ.get("PATH", "").partition(os.pathsep)
    by_uvx = "UV" in environ and not discovery.same(environ.get("VIRTUAL_ENV", ""), sys.prefix)
    return rest if by_uvx and discovery.same(first, os.path.dirname(sys.executable)) else environ.get("PATH", "")


def read(asked: Asked, environ: Mapping[str, str], say: Callable[[str], None]) -> Inputs:
    """Return the inputs that are `asked` for; without a Python among them that is the one on PATH, and `say` is told so."""
    inputs = Inputs.from_environ(asked.variables)
    if inputs.python:
        return inputs
    path = search_path(environ)
    found = discovery.program("python", path) or discovery.program("python3", path)
    if found is None:
        raise PythonNotFound("There is no `python` on PATH.", f"Name the one to install into, {_ANOTHER}.")
    say(f"The Python is {found}, because it is the one on PATH; `--python` names another one.")
    return inputs._replace(python=found, python_source=_BY_DEFAULT)


def admit(inputs: Inputs, target: Target, _: str) -> None:
    """Raise `PythonUnsuitable` for a Python that has to be named to be meant, and for one that the sync would remove ourselves from."""
    by_default = inputs.python_source == _BY_DEFAULT
    if by_default and discovery.same(target.prefix, sys.prefix):
        raise PythonUnsuitable(
            f"The `python` on PATH is {inputs.python}, which runs uv-system-sync itself.", f"Name the one meant, {_ANOTHER}."
        )
    if by_default and target.virtual:
        raise PythonUnsuitable(
            f"The `python` on PATH is {inputs.python}, in the virtual environment {target.prefix}.",
            f"Say that this one is meant, `--python {target.prefix}`, or another one, {_ANOTHER}.",
        )
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not (inputs.inexact or inputs.check) and any(discovery.same(ours, folder) for folder in target.site_packages):
        raise PythonUnsuitable(
            f"uv-system-sync is itself installed in {target.prefix}, from where the sync would remove it.",
            "Run it from an environment of its own, as `uvx uv-system-sync` does, or keep what is not in the lock with `--inexact`.",
        )


_ANOTHER = "such as `--python /usr/local`"


def _parser() -> argparse.ArgumentParser:
    import textwrap

    statuses = ", ".join(f"{status} {kind}" for kind, status in STATUS.items())
    parser = argparse.ArgumentParser(
        prog="uv-system-sync",
        usage="%(prog)s [options] [-- options of uv sync]",
        description="Install a project's uv.lock into a Python that is already there, for every later command to find.",
        epilog=_EXAMPLES + textwrap.fill(statuses, 110, break_on_hyphens=False),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for title, options in _OPTIONS.items():
        group = parser.add_argument_group(title)
        for name, value, meaning in options:
            if not value:
                group.add_argument(f"--{name}", help=meaning, action="store_const", const=_SET, default="")
            elif value == "NAME":
                group.add_argument(f"--{name}", help=meaning, action="append", metavar=value, default=[])
            else:
                group.add_argument(f"--{name}", help=meaning, metavar=value, default="")
    return parser


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("uv-system-sync")
    except metadata.PackageNotFoundError:
        return "(a checkout, not installed)"

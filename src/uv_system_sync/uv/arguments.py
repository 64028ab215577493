"""Decides what uv is told; the only room that knows uv's command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Iterator, Mapping

from uv_system_sync import environment
from uv_system_sync.errors import InvalidInput
from uv_system_sync.process import Command
from uv_system_sync.uv import link_mode

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target
    from uv_system_sync.project.pyproject import Project

# Flags of `uv sync` that the action decides itself, and how the user says it instead.
_OWNED: dict[str, str] = {
    "--python": "Set the input `python` instead.",
    "--locked": "Leave it out: without `frozen: true` the sync is locked already.",
    "--frozen": "Set `frozen: true` instead.",
    "--check": "Set `check: true` instead.",
    "--no-locked": "Set `frozen: true` instead, or run `uv lock` and commit uv.lock.",
    "--no-frozen": "Leave it out: without `frozen: true` the sync is locked already.",
    "--no-check": "Leave it out: without `check: true` the step installs.",
    "--inexact": "Set `inexact: true` instead.",
    "--no-exact": "Set `inexact: true` instead.",
    "--exact": "Leave it out: without `inexact: true` the sync is exact already.",
    "--directory": "Set the input `working-directory` instead.",
    "--project": "Set the input `working-directory` instead.",
    "--active": "Set the input `python` to the virtual environment instead.",
    "--no-active": "Leave it out: the action syncs into the Python of its input `python`.",
    "--dry-run": "Set `check: true` to see what a sync would change.",
    "--script": "The action syncs projects; run `uv sync --script` in a step of its own.",
    "--python-platform": "Leave it out: the action installs for the Python that it installs into.",
    "--python-preference": "Leave it out: the action never lets uv choose a Python.",
    "--managed-python": "Leave it out: the action never lets uv choose a Python.",
    "--no-managed-python": "Leave it out: the action never lets uv choose a Python.",
    "--python-fetch": "Leave it out: the action never lets uv download a Python.",
    "--allow-python-downloads": "Leave it out: the action never lets uv download a Python.",
    "--no-python-downloads": "Leave it out: the action never lets uv download a Python.",
    "--config-file": "Keep uv's settings in pyproject.toml or uv.toml.",
    "--no-config": "Leave it out: the lock was made with the project's settings.",
    "--isolated": "Leave it out: the lock was made with the project's settings.",
    "--upgrade": "Run `uv lock --upgrade` and commit uv.lock; the action installs what is locked.",
    "--upgrade-package": "Run `uv lock --upgrade-package` and commit uv.lock; the action installs what is locked.",
    "--upgrade-group": "Run `uv lock --upgrade-group` and commit uv.lock; the action installs what is locked.",
    "--show-settings": "Run `uv sync --show-settings` in a step of its own.",
    "--help": "Run `uv sync --help` in a step of its own.",
    "--version": "Read the output `uv-version` instead.",
}
_OWNED_SHORT = {"p": "--python", "U": "--upgrade", "P": "--upgrade-package", "h": "--help", "V": "--version"}

# Short flags that take the rest of their word as a value.
_SHORT_WITH_VALUE = "ifC"

# What each flag of `args` contradicts when that input is set.
_CONTRADICTED = {"--locked": "frozen", "--exact": "inexact"}


# The last of the oldest minor version that the integration tests pass with. 0.5.29 does not say when `uv lock` would change no
# package, and 0.5.15 calls the lock of a workspace outdated when it is in a member's folder and an index is a relative path.
_OLDEST = "0.5.31"


def needs(inputs: Inputs | None = None) -> Iterator[tuple[str, str]]:
    """Yield what needs a uv that is not too old, each with the oldest that will do; without `inputs`, what every run needs."""
    yield "uv-system-sync", _OLDEST
    if inputs and inputs.check:
        yield "`check: true`", "0.6.10"
    if inputs and len(inputs.packages) > 1:
        yield "More than one name in `packages`", "0.9.8"


def version(uv: str, environ: Mapping[str, str]) -> Command:
    """Return the command that makes `uv` name its version."""
    return Command((uv, "--version"), environment.for_uv(environ), ".")


def own_wheels(uv: str, requirements: str, folder: str, environ: Mapping[str, str], *, offline: bool = False) -> Command:
    """Return the command that puts the wheels of the hash-locked file `requirements` into `folder`, for the running Python.

    The project's own settings of uv do not apply to them, and no code of theirs is built or run.
    """
    argv = (uv, "pip", "install", "--quiet", "--no-config", "--no-deps", "--require-hashes", "--no-build")
    where = ("--python", sys.executable, "--target", folder, "-r", requirements, *(["--offline"] if offline else []))
    policies = ("UV_NO_BINARY", "UV_NO_BUILD", "UV_BUILD_CONSTRAINT", "UV_COMPILE_BYTECODE")
    variables = {name: value for name, value in environment.for_uv(environ).items() if not name.startswith(policies)}
    return Command((*argv, *where), {**variables, "UV_PYTHON_DOWNLOADS": "never"}, ".")


def listing(target: Target, uv: str, environ: Mapping[str, str]) -> Command:
    """Return the command that lists as JSON what `uv` would find installed in `target`."""
    argv = (uv, "pip", "list", "--no-config", "--format", "json", "--python", target.executable)
    return Command(argv, environment.for_sync(environ, target.prefix), ".")


def sync(inputs: Inputs, project: Project, target: Target, uv: str, environ: Mapping[str, str]) -> Command:
    """Return the one `uv sync` that does what `inputs` say, or raise `InvalidInput` for an argument that it cannot have."""
    _reject_owned(inputs)
    argv = (uv, "sync", *_colours(inputs, environ), "--python", target.executable, *_mode(inputs), *_selection(inputs), *inputs.args)
    variables = {**environment.for_sync(environ, target.prefix), **link_mode.variables(environ, target.site_packages[0])}
    return Command(argv, variables, project.directory)


def lock_dry_run(inputs: Inputs, project: Project, target: Target, uv: str, environ: Mapping[str, str]) -> Command:
    """Return the command that says what `uv lock` would change, and why uv does not take the lock as it is; it changes nothing.

    It asks no index: what a sync has resolved a moment ago is in uv's cache, and a failure must not take longer to explain.
    """
    argv = (uv, "lock", "--dry-run", "--offline", "--python", target.executable, *inputs.args)
    # uv tells its reasons at this level alone. The first name is that of older versions.
    reasons = {"RUST_LOG": "uv::commands::project::lock=debug,uv_lock=debug"}
    return Command(argv, {**environment.for_sync(environ, target.prefix), **reasons}, project.directory)


def _mode(inputs: Inputs) -> Iterator[str]:
    yield "--frozen" if inputs.frozen else "--locked"
    if inputs.inexact:
        yield "--inexact"
    if inputs.check:
        yield "--check"


def _selection(inputs: Inputs) -> Iterator[str]:
    for flag, names in (("--extra", inputs.extras), ("--group", inputs.groups), ("--package", inputs.packages)):
        for name in names:
            yield from (flag, name)
    switches: tuple[tuple[str, bool], ...] = (
        ("--all-extras", inputs.all_extras),
        ("--all-groups", inputs.all_groups),
        ("--all-packages", inputs.all_packages),
        ("--no-dev", inputs.no_dev),
        ("--no-install-project", inputs.no_install_project),
        ("--no-editable", inputs.no_editable),
    )
    yield from (flag for flag, is_set in switches if is_set)


def _colours(inputs: Inputs, environ: Mapping[str, str]) -> Iterator[str]:
    # The runner shows them, and uv would leave them out because nobody sits at a terminal (no-color.org).
    if not environ.get("NO_COLOR") and not any(argument.partition("=")[0] in ("--color", "--no-color") for argument in inputs.args):
        yield from ("--color", "always")


def _reject_owned(inputs: Inputs) -> None:
    for argument in inputs.args:
        flag = _owned_flag(argument)
        contradicted = _CONTRADICTED.get(flag, "")
        if contradicted and getattr(inputs, contradicted):
            raise InvalidInput(f"`{contradicted}: true` contradicts `{argument}` in `args`.", "Remove one of the two.")
        if flag:
            raise InvalidInput(f"`args` holds `{argument}`, which the action decides itself.", _OWNED[flag])


def _owned_flag(argument: str) -> str:
    """Return the owned flag that uv would read in `argument`, or an empty string."""
    if argument.startswith("--"):
        flag = argument.partition("=")[0]
        return flag if flag in _OWNED else ""
    for letter in argument[1:] if argument.startswith("-") else "":
        if letter in _OWNED_SHORT:
            return _OWNED_SHORT[letter]
        if letter in _SHORT_WITH_VALUE:
            break
    return ""

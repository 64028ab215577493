"""The command line of `uv sync`: the arguments for each input, and the arguments that users must not pass themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Mapping

from uv_system_sync import environment
from uv_system_sync.errors import InvalidInput
from uv_system_sync.text import Message, Option, message

if TYPE_CHECKING:
    from uv_system_sync.inputs import Inputs


def _instead(name: str, value: str = "true") -> Message:
    return message("Use {option} instead.", option=Option(name, value))


def _default_without(name: str) -> Message:
    return message("Leave it out; it is the default without {option}.", option=Option(name, "true"))


_CHOOSES_PYTHON = message("Leave it out; uv-system-sync never lets uv choose or download a Python.")
_SETTINGS = message("Leave it out; uv.lock was made with the project's own settings.")


def _separately(name: str) -> Message:
    return message("Run `uv sync {name}` separately.", name=name)


def _upgrade(name: str) -> Message:
    return message("Run `uv lock {name}` and commit uv.lock; uv-system-sync installs what is locked.", name=name)


# Arguments of `uv sync` that users must not pass, each with the hint that the error shows.
_REFUSED: Mapping[str, Message] = {
    "--python": _instead("python", ""),
    "--locked": _default_without("frozen"),
    "--frozen": _instead("frozen"),
    "--check": _instead("check"),
    "--no-locked": message("Use {option} instead, or run `uv lock` and commit uv.lock.", option=Option("frozen", "true")),
    "--no-frozen": _default_without("frozen"),
    "--no-check": _default_without("check"),
    "--inexact": _instead("inexact"),
    "--no-exact": _instead("inexact"),
    "--exact": _instead("inexact", "false"),
    "--directory": _instead("working-directory", ""),
    "--project": _instead("working-directory", ""),
    "--active": message("Set {option} to the virtual environment instead.", option=Option("python")),
    "--no-active": message("Leave it out; {option} decides which environment is used.", option=Option("python")),
    "--dry-run": message("Use {option} to see what a sync would change.", option=Option("check", "true")),
    "--script": _separately("--script"),
    "--python-platform": message("Leave it out; packages are always installed for the platform of the target Python."),
    "--python-preference": _CHOOSES_PYTHON,
    "--managed-python": _CHOOSES_PYTHON,
    "--no-managed-python": _CHOOSES_PYTHON,
    "--python-fetch": _CHOOSES_PYTHON,
    "--allow-python-downloads": _CHOOSES_PYTHON,
    "--no-python-downloads": _CHOOSES_PYTHON,
    "--config-file": message("Keep uv's settings in pyproject.toml or uv.toml."),
    "--no-config": _SETTINGS,
    "--isolated": _SETTINGS,
    "--upgrade": _upgrade("--upgrade"),
    "--upgrade-package": _upgrade("--upgrade-package"),
    "--upgrade-group": _upgrade("--upgrade-group"),
    "--show-settings": _separately("--show-settings"),
    "--help": _separately("--help"),
    "--version": message("Run `uv --version` separately."),
}
_REFUSED_SHORT = {"p": "--python", "U": "--upgrade", "P": "--upgrade-package", "h": "--help", "V": "--version"}

# Short options that take the rest of the argument as their value.
_SHORT_WITH_VALUE = "ifC"


def sync(inputs: Inputs) -> tuple[str, ...]:
    """Return the arguments of `uv sync` for `inputs`; raise `InvalidInput` if `args` has one that users must not pass."""
    for argument in inputs.args:
        _refuse(argument, inputs)
    return (*_mode(inputs), *_selection(inputs), *inputs.args)


def keep_built_wheels(chosen: Inputs, environ: Mapping[str, str]) -> bool:
    """Return whether to keep the wheels that uv builds for later runs: the input `cache` asks for it, or the runner is GitHub-hosted."""
    options = {argument.partition("=")[0] for argument in chosen.args}
    if chosen.check or environment.is_true(environ, "UV_NO_CACHE") or not options.isdisjoint(("--no-cache", "-n", "--cache-dir")):
        return False
    if chosen.cache == "auto":
        # A workflow that sets UV_CACHE_DIR already keeps a cache between runs.
        return environ.get("RUNNER_ENVIRONMENT") == "github-hosted" and not environ.get("UV_CACHE_DIR")
    return chosen.cache == "true"


def colours(inputs: Inputs, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the arguments that make uv print colours, unless the user chose with `args` or `NO_COLOR` (no-color.org)."""
    decided = any(argument.partition("=")[0] in ("--color", "--no-color") for argument in inputs.args)
    return () if decided or environ.get("NO_COLOR") else ("--color", "always")


def _mode(inputs: Inputs) -> Iterator[str]:
    yield "--frozen" if inputs.frozen else "--locked"
    if inputs.inexact:
        yield "--inexact"
    if inputs.check:
        yield "--check"


def _selection(inputs: Inputs) -> Iterator[str]:
    lists = (("--extra", inputs.extras), ("--group", inputs.groups), ("--only-group", inputs.only_groups), ("--package", inputs.packages))
    for option, names in lists:
        for name in names:
            yield from (option, name)
    switches = (
        ("--all-extras", inputs.all_extras),
        ("--all-groups", inputs.all_groups),
        ("--all-packages", inputs.all_packages),
        ("--no-dev", inputs.no_dev),
        ("--no-install-project", inputs.no_install_project),
        ("--no-editable", inputs.no_editable),
    )
    yield from (option for option, is_set in switches if is_set)


def _refuse(argument: str, inputs: Inputs) -> None:
    name = _refused_name(argument)
    if name == "--locked" and inputs.frozen:
        option = Option("frozen", "true")
        raise InvalidInput("{option} contradicts `{argument}`.", "Remove one of the two.", option=option, argument=argument)
    if name:
        fact = "`{argument}` is not allowed in {args}: uv-system-sync controls it."
        raise InvalidInput(fact, _REFUSED[name], args=Option("args"), argument=argument)


def _refused_name(argument: str) -> str:
    """Return the long name of the refused option in `argument`, as uv would parse it, or an empty string."""
    if argument.startswith("--"):
        name = argument.partition("=")[0]
        return name if name in _REFUSED else ""
    if not argument.startswith("-"):
        return ""
    for letter in argument[1:]:
        if letter in _REFUSED_SHORT:
            return _REFUSED_SHORT[letter]
        if letter in _SHORT_WITH_VALUE:
            break
    return ""

"""Turns the text that GitHub hands over into `Inputs`, or says which input is wrong; it looks at nothing else."""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple

from uv_system_sync.errors import InvalidInput

# action.yml maps each input to its own variable. Not INPUT_*: the runner sets none of these in a
# composite action, but act does, and would hide a missing mapping.
PREFIX = "UV_SYSTEM_SYNC_"

# Inputs that say two different things about one selection.
_CONTRADICTIONS = (
    ("all_extras", "extras"),
    ("all_groups", "groups"),
    ("all_packages", "packages"),
)


class Inputs(NamedTuple):
    """The inputs of the step, decided and checked; names are in their normalized form (PEP 503)."""

    python: str
    python_source: str
    working_directory: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    all_extras: bool = False
    all_groups: bool = False
    all_packages: bool = False
    no_dev: bool = False
    no_install_project: bool = False
    no_editable: bool = False
    inexact: bool = False
    frozen: bool = False
    check: bool = False
    args: tuple[str, ...] = ()
    allow_externally_managed: bool = False
    summary: bool = True

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Inputs:
        """Read the inputs from the variables that action.yml sets, and raise `InvalidInput` for the first wrong one."""
        python = _text(environ, "python")
        # Windows knows variables in capitals only, and so does Python's copy of its environment.
        location = (environ.get("pythonLocation") or environ.get("PYTHONLOCATION", "")).strip()
        inputs = cls(
            python=python or location,
            python_source="python" if python else "pythonLocation",
            working_directory=_text(environ, "working-directory") or ".",
            extras=_names(environ, "extras"),
            groups=_names(environ, "groups"),
            packages=_names(environ, "packages"),
            all_extras=_flag(environ, "all-extras"),
            all_groups=_flag(environ, "all-groups"),
            all_packages=_flag(environ, "all-packages"),
            no_dev=_flag(environ, "no-dev"),
            no_install_project=_flag(environ, "no-install-project"),
            no_editable=_flag(environ, "no-editable"),
            inexact=_flag(environ, "inexact"),
            frozen=_flag(environ, "frozen"),
            check=_flag(environ, "check"),
            args=_arguments(environ, "args"),
            allow_externally_managed=_flag(environ, "allow-externally-managed"),
            summary=_flag(environ, "summary", default=True),
        )
        _reject_contradictions(inputs)
        return inputs

    def selection(self) -> str:
        """Say in a few words what of the lock is installed, and how; nothing when that is the default."""
        lists = (("extras", self.extras), ("groups", self.groups), ("packages", self.packages))
        flags = ("all_extras", "all_groups", "all_packages", "no_dev", "no_install_project", "no_editable", "inexact", "frozen", "check")
        named = [f"{name} {', '.join(names)}" for name, names in lists if names]
        return "; ".join([*named, *(flag.replace("_", "-") for flag in flags if getattr(self, flag)), *filter(None, [" ".join(self.args)])])


def variable(name: str) -> str:
    """Return the environment variable that carries the input `name`."""
    return PREFIX + name.upper().replace("-", "_")


def _text(environ: Mapping[str, str], name: str) -> str:
    return environ.get(variable(name), "").strip()


def _flag(environ: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    text = _text(environ, name)
    # The spellings of YAML 1.2's core schema, which is what the runner reads workflows with.
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if not text:
        return default
    raise InvalidInput(f"`{name}` is {text!r}, which is neither true nor false.", "Write `true` or `false`.")


def _names(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    words = [word for word in re.split(r"[\s,]+", _text(environ, name)) if word]
    if not words:
        return ()
    return tuple(dict.fromkeys(_normalized(name, word) for word in words))


def _normalized(name: str, word: str) -> str:
    # Imported where it is used: it costs four bare interpreter starts, and most workflows name nothing.
    from packaging.utils import InvalidName, canonicalize_name

    try:
        return canonicalize_name(word, validate=True)
    except InvalidName:
        raise InvalidInput(
            f"`{name}` holds {word!r}, which is not a name.",
            "Names are letters, digits, `-`, `_` and `.`; separate them by spaces, commas or new lines.",
        ) from None


def _arguments(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = _text(environ, name)
    if not text:
        return ()
    import shlex

    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise InvalidInput(
            f"`{name}` is {text!r}, which cannot be split: {error}.",
            "It is split like a POSIX shell would; close every quotation and double every backslash.",
        ) from None


def _reject_contradictions(inputs: Inputs) -> None:
    for everything, some in _CONTRADICTIONS:
        names = getattr(inputs, some)
        if getattr(inputs, everything) and names:
            raise InvalidInput(
                f"`{everything.replace('_', '-')}: true` contradicts `{some}: {' '.join(names)}`.",
                "Remove one of the two.",
            )
    if inputs.no_dev and "dev" in inputs.groups:
        raise InvalidInput("`no-dev: true` contradicts `groups: dev`.", "Remove one of the two.")

"""The inputs of the action, which are the options of the command, checked."""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple, Sequence

from uv_system_sync.errors import InvalidInput
from uv_system_sync.text import Option

# action.yml sets one variable for each input. They are not called INPUT_*: the runner sets none of those in a composite
# action, but act does, which would hide a missing line in action.yml.
PREFIX = "UV_SYSTEM_SYNC_"

# Inputs that contradict each other.
_CONTRADICTIONS = (
    *(("all_extras", "extras"), ("all_groups", "groups"), ("all_packages", "packages")),
    *((name, "only_groups") for name in ("all_extras", "extras", "all_groups", "groups")),
)

_MOST_RETRIES = 10

_LISTS = ("extras", "groups", "only_groups", "packages")
_FLAGS = ("all_extras", "all_groups", "all_packages", "no_dev", "no_install_project", "no_editable", "inexact", "frozen", "check")


class Inputs(NamedTuple):
    """The inputs of a run; `python` is a path, and `python_source` is what named it. Names are normalized (PEP 503)."""

    python: str
    python_source: str
    working_directory: str = "."
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    only_groups: tuple[str, ...] = ()
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
    uv_version: str = ""
    retries: int = 2
    cache: str = "auto"
    cache_suffix: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Inputs:
        """Read the inputs from the variables that action.yml sets; raise `InvalidInput` for the first wrong one."""
        python = text(environ, "python")
        # Windows has variables in capitals only, and so has Python's copy of its environment.
        location = (environ.get("pythonLocation") or environ.get("PYTHONLOCATION", "")).strip()
        return cls(
            python=python or location,
            python_source="python" if python else "pythonLocation",
            working_directory=text(environ, "working-directory") or ".",
            extras=names("extras", words(environ, "extras")),
            groups=names("groups", words(environ, "groups")),
            only_groups=names("only-groups", words(environ, "only-groups")),
            packages=names("packages", words(environ, "packages")),
            all_extras=flag(environ, "all-extras"),
            all_groups=flag(environ, "all-groups"),
            all_packages=flag(environ, "all-packages"),
            no_dev=flag(environ, "no-dev"),
            no_install_project=flag(environ, "no-install-project"),
            no_editable=flag(environ, "no-editable"),
            inexact=flag(environ, "inexact"),
            frozen=flag(environ, "frozen"),
            check=flag(environ, "check"),
            args=_arguments(text(environ, "args")),
            allow_externally_managed=flag(environ, "allow-externally-managed"),
            summary=flag(environ, "summary", default=True),
            uv_version=text(environ, "uv-version"),
            retries=retries(text(environ, "retries")),
            cache=_cache(text(environ, "cache")),
            cache_suffix=_cache_suffix(text(environ, "cache-suffix")),
        ).checked()

    def checked(self) -> Inputs:
        """Return the inputs, or raise `InvalidInput` if two of them contradict each other."""
        for one, other in _CONTRADICTIONS:
            if getattr(self, one) and getattr(self, other):
                raise _contradiction(self._option(one), self._option(other))
        if self.no_dev and "dev" in self.groups:
            raise _contradiction(Option("no-dev", "true"), Option("groups", "dev"))
        return self

    def _option(self, name: str) -> Option:
        value = getattr(self, name)
        return Option(name.replace("_", "-"), "true" if value is True else " ".join(value))

    def selection(self) -> str:
        """Return in a few words what of the lock is installed and how; an empty string for the default."""
        named = [f"{name.replace('_', '-')} {', '.join(getattr(self, name))}" for name in _LISTS if getattr(self, name)]
        flags = [name.replace("_", "-") for name in _FLAGS if getattr(self, name)]
        return "; ".join([*named, *flags, *filter(None, [" ".join(self.args)])])


def variable(name: str) -> str:
    """Return the environment variable that holds the input `name`."""
    return PREFIX + name.upper().replace("-", "_")


def text(environ: Mapping[str, str], name: str) -> str:
    """Return the input `name`, without white space around it."""
    return environ.get(variable(name), "").strip()


def words(environ: Mapping[str, str], name: str) -> list[str]:
    """Return the words of the input `name`, which white space or commas separate, each once."""
    return list(dict.fromkeys(word for word in re.split(r"[\s,]+", text(environ, name)) if word))


def flag(environ: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Return whether the input `name` is true, or raise `InvalidInput` if it is neither true nor false."""
    value = text(environ, name)
    # The spellings of YAML 1.2's core schema, which is what the runner reads workflows with.
    if value in ("true", "True", "TRUE"):
        return True
    if value in ("false", "False", "FALSE"):
        return False
    if not value:
        return default
    raise InvalidInput(
        "{option} is {value!r}, which is neither true nor false.", "Set it to `true` or `false`.", option=Option(name), value=value
    )


def retries(value: str) -> int:
    """Return the number that the input `retries` is, 2 if it is empty, or raise `InvalidInput`."""
    # `int` fails for a number of thousands of digits.
    if value and not (re.fullmatch("[0-9]{1,2}", value) and int(value) <= _MOST_RETRIES):
        raise InvalidInput(
            "{option} is {value!r}, which is not a number from 0 to {most}.",
            "Set it to how often a sync that failed for the network is tried again.",
            option=Option("retries"),
            value=value,
            most=_MOST_RETRIES,
        )
    return int(value or 2)


def _cache(value: str) -> str:
    if value.lower() not in ("", "auto", "true", "false"):
        fact = "{option} is {value!r}, which is neither auto, true nor false."
        hint = "Set it to `auto`, `true` or `false`."
        if value in ("pip", "pipenv", "poetry"):
            hint = "It is for actions/setup-python, under its own `with:`. Here, set it to `auto`, `true` or `false`."
        raise InvalidInput(fact, hint, option=Option("cache"), value=value)
    return value.lower() or "auto"


def _cache_suffix(value: str) -> str:
    # A key must not have a comma, nor more than 512 characters (actions/toolkit, packages/cache/src/cache.ts).
    if not re.fullmatch(r"[!-+.-~-]{0,100}", value):
        raise InvalidInput(
            "{option} is {value!r}, which cannot be part of the key of a cache.",
            "Set it to at most 100 ASCII characters without spaces and commas.",
            option=Option("cache-suffix"),
            value=value,
        )
    return value


def names(source: str, found: Sequence[str]) -> tuple[str, ...]:
    """Return the names that were `found` in the input `source`, normalized, or raise `InvalidInput` for the first that is none."""
    return tuple(dict.fromkeys(_normalized(source, word, found) for word in found))


def _normalized(source: str, word: str, others: Sequence[str]) -> str:
    # Importing it takes as long as starting an interpreter, and most workflows name nothing.
    from packaging.utils import InvalidName, canonicalize_name

    try:
        return canonicalize_name(word, validate=True)
    except InvalidName:
        raise _no_name(source, word, _names_in(source, others)) from None


def _no_name(source: str, word: str, corrected: str) -> InvalidInput:
    fact, option = "{option} holds {word!r}, which is not a valid name.", Option(source)
    if corrected:
        names_only = "Write the names only, without brackets, quotes or dashes: {corrected}."
        return InvalidInput(fact, names_only, option=option, word=word, corrected=Option(source, corrected))
    hint = "Names consist of letters, digits, `-`, `_` and `.`; separate them with spaces, commas or new lines."
    if word.startswith("#"):
        hint = "Remove the comment: in a value of several lines, `#` and what follows it are part of the value."
    return InvalidInput(fact, hint, option=option, word=word)


def _names_in(source: str, found: Sequence[str]) -> str:
    """Return the names in a list as YAML, JSON or a requirement with extras has it; empty if it is something else."""
    words = " ".join(found)
    if source == "extras":
        words = re.sub(r"(?<!\S)[\w.-]+(?=\[)", "", words)
    words = re.sub(r"(?<!\S)(?:-(?!\S)|--(?:extra|group|only-group|package)(?=[ =])=?)|(?<!\w)[\[({]|[\])}\"']", " ", words)
    name = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?", re.ASCII)
    return " ".join(words.split()) if all(map(name.fullmatch, words.split())) else ""


def _arguments(value: str) -> tuple[str, ...]:
    if not value:
        return ()
    import shlex

    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise InvalidInput(
            "{option} is {value!r}, which cannot be split into arguments: {reason}.",
            "It is split as by a POSIX shell: close every quotation, and double every backslash.",
            option=Option("args"),
            value=value,
            reason=str(error),
        ) from None


def _contradiction(one: Option, other: Option) -> InvalidInput:
    return InvalidInput("{one} contradicts {other}.", "Remove one of the two.", one=one, other=other)

"""The inputs of the action, which are also the options of the command, and their validation."""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple, Sequence

from uv_system_sync.errors import InvalidInput
from uv_system_sync.text import Option

# action.yml sets one variable for each input. Their names do not start with INPUT_: for a composite action, the runner sets no
# INPUT_* variables, but act does, which would hide a missing line in action.yml.
PREFIX = "UV_SYSTEM_SYNC_"

# The inputs that each input contradicts.
_CONTRADICTIONS = {
    "extras": ("all_extras",),
    "groups": ("all_groups",),
    "packages": ("all_packages",),
    "only_groups": ("all_extras", "extras", "all_groups", "groups"),
}

_MOST_RETRIES = 10

_LISTS = ("extras", "groups", "only_groups", "packages")
_FLAGS = ("all_extras", "all_groups", "all_packages", "no_dev", "no_install_project", "no_editable", "inexact", "frozen", "check")


class Inputs(NamedTuple):
    """The inputs of a run, with normalized names (PEP 503). `python_source` names the input or variable that `python` comes from."""

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
        """Read the inputs from the variables that action.yml sets; raise `InvalidInput` for the first invalid one."""
        python = text(environ, "python")
        # On Windows, `os.environ` converts all names to upper case.
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
        for name, others in _CONTRADICTIONS.items():
            for other in others:
                if getattr(self, name) and getattr(self, other):
                    raise _contradiction(self._option(other), self._option(name))
        if self.no_dev and "dev" in self.groups:
            raise _contradiction(Option("no-dev", "true"), Option("groups", "dev"))
        return self

    def _option(self, name: str) -> Option:
        value = getattr(self, name)
        return Option(name.replace("_", "-"), "true" if value is True else " ".join(value))

    def selection(self) -> str:
        """Return a summary of what is selected and how it is installed, such as `groups lint; no-dev`; empty for the defaults."""
        parts = [f"{name.replace('_', '-')} {', '.join(getattr(self, name))}" for name in _LISTS if getattr(self, name)]
        parts += [name.replace("_", "-") for name in _FLAGS if getattr(self, name)]
        parts.append(" ".join(self.args))
        return "; ".join(filter(None, parts))


def variable(name: str) -> str:
    """Return the environment variable that holds the input `name`."""
    return PREFIX + name.upper().replace("-", "_")


def text(environ: Mapping[str, str], name: str) -> str:
    """Return the input `name` without leading and trailing white space."""
    return environ.get(variable(name), "").strip()


def words(environ: Mapping[str, str], name: str) -> list[str]:
    """Return the words of the input `name`, separated by white space or commas, without duplicates."""
    return list(dict.fromkeys(word for word in re.split(r"[\s,]+", text(environ, name)) if word))


def flag(environ: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Return whether the input `name` is true, or raise `InvalidInput` if it is neither true nor false."""
    value = text(environ, name)
    # The spellings in the core schema of YAML 1.2, with which the runner reads workflows.
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
    """Return the `value` of the input `retries` as a number, 2 if it is empty; raise `InvalidInput` if it is not one."""
    # The limit of two digits comes first: `int` fails for a number with thousands of digits.
    if value and not (re.fullmatch("[0-9]{1,2}", value) and int(value) <= _MOST_RETRIES):
        fact = "{option} is {value!r}, which is not a number from 0 to {most}."
        hint = "Set it to how many times to retry a sync after a network failure."
        raise InvalidInput(fact, hint, option=Option("retries"), value=value, most=_MOST_RETRIES)
    return int(value or 2)


def _cache(value: str) -> str:
    if value.lower() not in ("", "auto", "true", "false"):
        hint = "Set it to `auto`, `true` or `false`."
        if value in ("pip", "pipenv", "poetry"):
            hint = "This value is for actions/setup-python, under its own `with:`. Here, set it to `auto`, `true` or `false`."
        raise InvalidInput("{option} is {value!r}, which is not auto, true or false.", hint, option=Option("cache"), value=value)
    return value.lower() or "auto"


def _cache_suffix(value: str) -> str:
    # A key has no comma and at most 512 characters (actions/toolkit, packages/cache/src/cache.ts).
    if not re.fullmatch(r"[!-+.-~-]{0,100}", value):
        hint = "Set it to at most 100 ASCII characters without spaces or commas."
        raise InvalidInput("{option} is {value!r}, which cannot be part of a cache key.", hint, option=Option("cache-suffix"), value=value)
    return value


def names(source: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the normalized names of `words`, without duplicates; raise `InvalidInput`, for the input `source`, if one is invalid."""
    if not words:
        return ()
    # Importing packaging is as slow as starting an interpreter, and most workflows name nothing.
    from packaging.utils import canonicalize_name, is_normalized_name

    normalized = {word: canonicalize_name(word) for word in words}
    for word, name in normalized.items():
        if not is_normalized_name(name):
            raise _invalid_name(source, word, words)
    return tuple(dict.fromkeys(normalized.values()))


def _invalid_name(source: str, word: str, words: Sequence[str]) -> InvalidInput:
    fact, option = "{option} contains {word!r}, which is not a valid name.", Option(source)
    corrected = _without_syntax(source, words)
    if corrected:
        names_only = "Write the names only, without brackets, quotes or dashes: {corrected}."
        return InvalidInput(fact, names_only, option=option, word=word, corrected=Option(source, corrected))
    hint = "Names consist of letters, digits, `-`, `_` and `.`; separate them with spaces, commas or newlines."
    if word.startswith("#"):
        hint = "Remove the comment: in a multi-line value, `#` does not start a comment."
    return InvalidInput(fact, hint, option=option, word=word)


def _without_syntax(source: str, words: Sequence[str]) -> str:
    """Return the names in `words` without the syntax of YAML, JSON, requirements or uv's options; empty if more than names is left."""
    text = " ".join(words)
    if source == "extras":
        # `sample[docs]` or `.[docs]`
        text = re.sub(r"(?<!\S)[\w.-]+(?=\[)", "", text)
    dashes = r"(?<!\S)-(?!\S)"
    options = r"(?<!\S)--(?:extra|group|only-group|package)(?=[ =])=?"
    brackets_and_quotes = r"(?<!\w)[\[({]|[\])}\"']"
    found = re.sub(f"{dashes}|{options}|{brackets_and_quotes}", " ", text).split()
    name = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?", re.ASCII)
    return " ".join(found) if all(map(name.fullmatch, found)) else ""


def _arguments(value: str) -> tuple[str, ...]:
    if not value:
        return ()
    import shlex

    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        fact = "{option} is {value!r}, which cannot be split into arguments: {reason}."
        hint = "It is split as in a POSIX shell: close every quote, and double every backslash."
        raise InvalidInput(fact, hint, option=Option("args"), value=value, reason=str(error)) from None


def _contradiction(one: Option, other: Option) -> InvalidInput:
    return InvalidInput("{one} contradicts {other}.", "Remove one of the two.", one=one, other=other)

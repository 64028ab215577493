"""Finds a Python on PATH by its name or version. Imported only if the input `python` is not a path."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, NamedTuple

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, InvalidInput, PythonNotFound, PythonUnsuitable
from uv_system_sync.text import Option, listed, message

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target

# File names of interpreters on PATH.
_PROGRAM = re.compile(r"(?:python|pypy)(?:3(?:\.\d+)?t?)?(?:\.exe)?", re.IGNORECASE)

# What uv reads as a version: `3.12`, `3.13t`, `python3.12` and `python`.
_VERSION = re.compile(r"(?P<python>python)?(?P<number>(?:\d+(?:\.\d+)*)?)(?P<free_threaded>(?<=\d)t)?")


class Candidate(NamedTuple):
    """A program on PATH, and the Python that it starts. They differ if the program is a version manager's shim."""

    program: str
    target: Target

    @property
    def is_usable(self) -> bool:
        """Whether the Python is new enough, and the one that uv would use in its prefix."""
        found = paths.python_in(self.target.prefix)
        return found is not None and paths.same_program(found, self.target.executable) and self.target.minor >= (3, 8)

    def __str__(self) -> str:
        """Return the prefix, the version and the kind of the Python."""
        facts = [f"Python {self.target.release}"]
        if self.target.virtual:
            facts.append("virtual environment")
        if self.target.externally_managed:
            facts.append("externally managed")
        return f"`{self.target.prefix}` ({', '.join(facts)})"


def find(inputs: Inputs, search_path: str, ask: Callable[[str], Target], *, windows: bool) -> Candidate | None:
    """Return the Python on `search_path` that the input `python`, a single word, selects, or None if the word is a path.

    As in uv, a version or `python` is never a path. Any other word is a path if it exists in the current folder. A name selects the first
    program with this name, as in a shell. A version or specifier selects the only Python that matches it: with a `t`, such as 3.13t,
    a free-threaded build, and without it preferably another build. `ask` starts an interpreter and returns its facts, or raises
    `PythonUnsuitable`. Raise `PythonNotFound` if no Python or several Pythons match, and `InvalidInput` for an invalid specifier.
    """
    word = inputs.python
    if not word:
        raise _not_found(inputs, _on_path(search_path, ask))
    version = _VERSION.fullmatch(word)
    program = paths.program(word, search_path, windows=windows)
    if version is None and not word.startswith(("<", ">", "=", "!", "~")):
        if os.path.lexists(word):
            return None
        if program is None:
            raise _not_found(inputs, _on_path(search_path, ask))
    if program and (version is None or version["python"]):
        return Candidate(program, ask(program))
    specifier = word
    if version:
        specifier = f"=={version['number']}.*" if version["number"] else ""
    allowed = _specifier(word, specifier)
    candidates = _on_path(search_path, ask)
    matching = [candidate for candidate in candidates if allowed.contains(candidate.target.version, prereleases=True)]
    free_threaded = bool(version and version["free_threaded"])
    builds = [candidate for candidate in matching if candidate.target.free_threaded == free_threaded]
    if not builds and not free_threaded:
        builds = matching
    return _only(inputs, candidates, builds)


def _specifier(word: str, specifier: str) -> SpecifierSet:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(specifier)
    except InvalidSpecifier:
        fact = "{option} is {word!r}, which is not a valid version specifier."
        raise InvalidInput(fact, "Correct it, for example to `>=3.12`.", option=Option("python"), word=word) from None


def _on_path(search_path: str, ask: Callable[[str], Target]) -> list[Candidate]:
    """Return the different Pythons on `search_path`, in order; skip programs that do not behave like a Python."""
    programs: dict[tuple[str, str], str] = {}
    for folder in search_path.split(os.pathsep):
        # A folder on PATH may be missing or unreadable.
        with suppress(OSError):
            for name in sorted(filter(_PROGRAM.fullmatch, os.listdir(folder))):
                program = os.path.join(folder, name)
                programs.setdefault(_identity(program), program)
    found: dict[tuple[str, str], Candidate] = {}
    for program in programs.values():
        with suppress(PythonUnsuitable):
            target = ask(program)
            found.setdefault((os.path.realpath(target.prefix), target.version), Candidate(program, target))
    return list(found.values())


def _identity(program: str) -> tuple[str, str]:
    """Return a key that is the same for all names of one interpreter in a folder, so that it is started only once.

    A shim can be a link to a version manager, which chooses the Python by the shim's name. Such a link is not resolved.
    """
    real = os.path.realpath(program)
    is_interpreter = _PROGRAM.fullmatch(os.path.basename(real)) is not None
    return os.path.realpath(os.path.dirname(program)), real if is_interpreter else program


def _only(inputs: Inputs, candidates: list[Candidate], matching: list[Candidate]) -> Candidate:
    """Return the only usable candidate among those `matching` or, if none is usable, the only one; else raise `PythonNotFound`."""
    usable = [candidate for candidate in matching if candidate.is_usable]
    if not inputs.allow_externally_managed:
        usable = [candidate for candidate in usable if not candidate.target.externally_managed]
    choice = usable or matching
    if len(choice) == 1:
        return choice[0]
    if not choice:
        raise _not_found(inputs, candidates, is_version=True)
    raise PythonNotFound(
        "{option} is {word}, but several Pythons on PATH match: {pythons}.",
        "Choose one by its path, for example {example}.",
        option=Option("python"),
        word=inputs.python,
        pythons=listed([str(candidate) for candidate in choice]),
        example=Option("python", choice[0].target.prefix),
    )


def _not_found(inputs: Inputs, candidates: list[Candidate], *, is_version: bool = False) -> ActionError:
    option, word = Option("python"), inputs.python
    usable = [candidate for candidate in candidates if candidate.is_usable]
    there = message("There is no Python on PATH.")
    if usable:
        there = message("These Pythons are on PATH: {pythons}.", pythons=listed([str(candidate) for candidate in usable]))
    if is_version:
        return PythonNotFound(
            "{option} is {word}, but no such Python is on PATH.",
            "{quote}Install it first: uv-system-sync does not download Python. In a workflow, set `python-version` of actions/setup-python"
            " to that version, and leave {option} out. {there}",
            quote='If you wrote 3.10 in YAML, write "3.10": YAML reads 3.10 as the number 3.1. ' if word == "3.1" else "",
            option=option,
            word=word,
            there=there,
        )
    prefixes = [candidate.target.prefix for candidate in usable if not candidate.target.externally_managed]
    example = Option("python", prefixes[0] if prefixes else "/usr/local")
    if not word:
        unset = "{option} is not set, and uv-system-sync does not choose a Python by itself."
        return PythonNotFound(unset, "Set it, for example {example}. {there}", option=option, example=example, there=there)
    fact = "{option} is {word}, which is neither an existing path nor a program on PATH."
    hint = "Set it to an interpreter, its prefix, or a version that is on PATH, for example {example}. {there}"
    return PythonNotFound(fact, hint, option=option, word=word, example=example, there=there)

"""Finds the Python that a name or a version stands for, among those on PATH. Only a run whose Python is no path imports it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple

from uv_system_sync import paths
from uv_system_sync.errors import ActionError, InvalidInput, PythonNotFound, PythonUnsuitable
from uv_system_sync.text import Message, Option, listed, message

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from uv_system_sync.inputs import Inputs
    from uv_system_sync.interpreter.target import Target

# Names of interpreters on PATH.
_PROGRAM = re.compile(r"(?:python|pypy)(?:3(?:\.\d+)?t?)?(?:\.exe)?", re.IGNORECASE)

_NO_PYTHON = "There is no Python on PATH."


class Candidate(NamedTuple):
    """An interpreter on PATH, and what it is by its own account: the program may be the shim of a version manager."""

    program: str
    target: Target

    @property
    def is_usable(self) -> bool:
        """Whether uv would find it in its prefix, and it is not too old."""
        found = paths.python_in(self.target.prefix)
        return found is not None and paths.same_program(found, self.target.executable) and self.target.minor >= (3, 8)

    def __str__(self) -> str:
        """Return what names it, and what it is."""
        kinds = (("virtual environment", self.target.virtual), ("externally managed", self.target.externally_managed))
        facts = (f"Python {self.target.release}", *(kind for kind, is_so in kinds if is_so))
        return f"`{self.target.prefix}` ({', '.join(facts)})"


def find(inputs: Inputs, search_path: str, ask: Callable[[str], Target], *, windows: bool) -> Candidate | None:
    """Return the interpreter that `inputs` name with one word, or None if that is a path.

    As for uv, a version and `python` with or without one are never paths, whatever is in the current folder. A name is the first
    program of `search_path` that has it, as in a shell, and a version is the one Python on `search_path` that has it. A version with a
    `t`, such as 3.13t, is that of a free-threaded build; without one, another build is preferred. `ask` starts an
    interpreter and returns how it describes itself, or raises `PythonUnsuitable`. Raise `PythonNotFound` if there is none, or if several
    different ones have that version, and `InvalidInput` for a specifier that is none.
    """
    word = inputs.python
    version = re.fullmatch(r"(python)?((?:\d+(?:\.\d+)*)?)((?<=\d)t)?", word) if word else None
    program = paths.program(word, search_path, windows=windows) if word else None
    if not (version or word[:1] in {*"<>=!~"}):
        if word and os.path.lexists(word):
            return None
        if program is None:
            raise _not_found(inputs, list(_on_path(search_path, ask)))
    if program and (version is None or version[1]):
        return Candidate(program, ask(program))
    specifier = _specifier(inputs.python, f"=={version[2]}.*" if version and version[2] else "" if version else word)
    every = list(_on_path(search_path, ask))
    fitting = [it for it in every if specifier.contains(it.target.version, prereleases=True)]
    free_threaded = bool(version and version[3])
    others = [] if free_threaded else fitting
    return _only(inputs, every, [it for it in fitting if it.target.free_threaded == free_threaded] or others)


def _specifier(word: str, specifier: str) -> SpecifierSet:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(specifier)
    except InvalidSpecifier:
        fact = "{option} is {word!r}, which is not a valid version specifier."
        raise InvalidInput(fact, "Correct it, such as `>=3.12`.", option=Option("python"), word=word) from None


def _on_path(search_path: str, ask: Callable[[str], Target]) -> Iterator[Candidate]:
    """Yield the different Pythons of `search_path`, in order; what does not answer like one is none."""
    seen = set()
    programs: dict[tuple[str, str], str] = {}
    for program in _programs(search_path):
        programs.setdefault(_identity(program), program)
    for program in programs.values():
        try:
            candidate = Candidate(program, ask(program))
        except PythonUnsuitable:
            continue
        key = (os.path.realpath(candidate.target.prefix), candidate.target.version)
        if key not in seen:
            seen.add(key)
            yield candidate


def _programs(search_path: str) -> Iterator[str]:
    for folder in search_path.split(os.pathsep):
        names: list[str] = []
        # It may be missing, or not readable.
        with suppress(OSError):
            names = os.listdir(folder)
        yield from (os.path.join(folder, name) for name in sorted(filter(_PROGRAM.fullmatch, names)))


def _identity(program: str) -> tuple[str, str]:
    """Return what links from one interpreter's name to another have in common; a shim may be a link to a program that goes by the name."""
    leads_to = os.path.realpath(program)
    name = program if _PROGRAM.fullmatch(os.path.basename(leads_to)) is None else leads_to
    return os.path.realpath(os.path.dirname(program)), name


def _only(inputs: Inputs, every: list[Candidate], fitting: list[Candidate]) -> Candidate:
    """Return the only one of those that are `fitting` and can be used or, if none can, the only one."""
    usable = [it for it in fitting if it.is_usable and (inputs.allow_externally_managed or not it.target.externally_managed)]
    choice = usable or fitting
    if len(choice) == 1:
        return choice[0]
    if not choice:
        raise _not_found(inputs, every, version=inputs.python)
    raise PythonNotFound(
        "{option} is {word}, and there are several such Pythons on PATH: {pythons}.",
        "Choose one by its path, such as {example}.",
        option=Option("python"),
        word=inputs.python,
        pythons=listed(list(map(str, choice))),
        example=Option("python", choice[0].target.prefix),
    )


def _not_found(inputs: Inputs, every: list[Candidate], version: str = "") -> ActionError:
    usable = [it for it in every if it.is_usable]
    example = Option("python", next((it.target.prefix for it in usable if not it.target.externally_managed), "/usr/local"))
    there = message("On PATH are {pythons}.", pythons=listed(list(map(str, usable)))) if usable else Message(_NO_PYTHON, {})
    option = Option("python")
    if not inputs.python:
        unset = "{option} is not set, and uv-system-sync does not choose the Python to install into."
        return PythonNotFound(unset, "Set it, such as {example}. {there}", option=option, example=example, there=there)
    if version:
        return PythonNotFound(
            "{option} is {word}, and there is no such Python on PATH.",
            "{quote}Install it first: uv-system-sync does not download any. In a workflow, set `python-version` of actions/setup-python to"
            " that version, and leave {option} out. {there}",
            quote='If this was 3.10 in YAML, which is a number there, write "3.10". ' if version == "3.1" else "",
            option=option,
            word=version,
            there=there,
        )
    fact = "{option} is {word}, which neither exists nor is a program on PATH."
    hint = "Set it to an interpreter, its prefix, or a version that is on PATH, such as {example}. {there}"
    return PythonNotFound(fact, hint, option=option, word=inputs.python, example=example, there=there)

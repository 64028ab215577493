"""The rooms keep to themselves: who may import whom, and who alone may do what."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.shared import ROOT

_SRC = ROOT / "src"
_PACKAGE = "uv_system_sync"
_ROOMS = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((_SRC / _PACKAGE).glob("*.py"))}

_OLD = sorted(path for version in ("2.7", "3.6", "3.7") for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))

# What the standard library had before 3.12, and is used before 3.10.
_GONE = {"distutils"}

each_room = pytest.mark.parametrize("room", _ROOMS)


def _imports(room: str) -> Iterator[str]:
    """Yield the full name of each module that `room` imports, at its top, in a function or for its types only."""
    for node in ast.walk(_ROOMS[room]):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _names(node)


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = node.module or ""
    return [f"{module}.{alias.name}" for alias in node.names] if module == _PACKAGE else [module]


def _rooms_imported(room: str) -> set[str]:
    return {name.split(".")[1] for name in _imports(room) if name.startswith(f"{_PACKAGE}.")}


def _rooms_that_import(module: str) -> set[str]:
    return {room for room in _ROOMS if any(name.split(".")[0] == module for name in _imports(room))}


def _imports_at_the_start(room: str) -> Iterator[str]:
    """Yield the full name of each module that is imported as soon as `room` is."""
    for node in _ROOMS[room].body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _names(node)


def _rooms_imported_at_the_start(room: str) -> set[str]:
    return {name.split(".")[1] for name in _imports_at_the_start(room) if name.startswith(f"{_PACKAGE}.")}


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            yield body[0].value


def _texts(room: str) -> Iterator[str]:
    """Yield every text in `room`, pieces of f-strings included, that is no docstring."""
    docstrings = set(_docstrings(_ROOMS[room]))
    for node in ast.walk(_ROOMS[room]):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.value


def _public(scope: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield the functions, the classes and their methods that other rooms may use."""
    for node in scope.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def test_no_circle() -> None:
    """The rooms depend on each other in one direction, even for the names of their types."""
    order = graphlib.TopologicalSorter({room: _rooms_imported(room) for room in _ROOMS}).static_order()

    assert set(_ROOMS) == set(order)


def test_nothing_imports_the_story() -> None:
    """Only the two front doors lead to `action`."""
    assert {"__main__", "shell"} == {room for room in _ROOMS if "action" in _rooms_imported(room)}


@pytest.mark.parametrize(
    "room", ["__init__", "dialect", "errors", "installed", "markdown", "matrix_reports", "network", "probe", "process", "repository"]
)
def test_lowest_rooms(room: str) -> None:
    """These rooms import no other one."""
    assert set() == _rooms_imported(room)


@pytest.mark.parametrize("room", ["inputs", "locate", "toml"])
def test_rooms_above_the_shelf(room: str) -> None:
    """These rooms reach for the errors alone."""
    assert {"errors"} == _rooms_imported(room)


def test_rooms_that_only_look() -> None:
    """These rooms start nothing and read nothing: what they know of others is their types."""
    assert {"notices": set(), "summary": {"markdown"}} == {room: _rooms_imported_at_the_start(room) for room in ("notices", "summary")}
    assert {"matrix": set(), "matrix_summary": {"markdown", "matrix"}} == {
        room: _rooms_imported_at_the_start(room) for room in ("matrix", "matrix_summary")
    }


@pytest.mark.parametrize(
    ("module", "rooms"),
    [
        ("subprocess", {"process"}),
        ("actions_toolkit", {"workflow"}),
        ("tomli", {"toml"}),
        ("packaging", {"failure", "inputs", "installed", "requirements", "rules", "wheels", "workspace"}),
    ],
)
def test_modules_of_one_room(module: str, rooms: set[str]) -> None:
    """What only some rooms may do needs a module that only those import."""
    assert rooms == _rooms_that_import(module)


def test_the_command_knows_nothing_of_the_runner() -> None:
    """What the command is made of leads to neither the voice for GitHub nor what fills its files."""
    seen: set[str] = set()
    waiting = {"shell"}
    while waiting:
        seen |= waiting
        waiting = {other for room in waiting for other in _rooms_imported(room)} - seen

    assert {"action", "command", "dialect", "terminal", "voice"} < seen
    assert seen.isdisjoint({"__main__", "bootstrap", "postmortem", "workflow", "matrix_action"})


@pytest.mark.parametrize("module", ["configparser", "packaging", "pwd", "signal", "traceback"])
def test_modules_that_wait(module: str) -> None:
    """What few steps need, or Windows does not have, is imported where it is needed and not before."""
    assert _rooms_that_import(module)
    assert [] == [room for room in _ROOMS if module in {name.split(".")[0] for name in _imports_at_the_start(room)}]


@pytest.mark.parametrize("room", [room for room in _ROOMS if room.startswith("matrix")])
def test_report_action(room: str) -> None:
    """The report action needs nothing that has to be installed, and starts nothing."""
    seen: set[str] = set()
    waiting = {room}
    while waiting:
        seen |= waiting
        waiting = {other for room in waiting for other in _rooms_imported_at_the_start(room)} - seen

    assert seen.isdisjoint({"process", "toml", "workflow"})
    assert [] == [
        name for room in seen for name in _imports_at_the_start(room) if name.split(".")[0] not in {*sys.stdlib_module_names, _PACKAGE}
    ]


@pytest.mark.parametrize("room", ["blame", "failure", "network", "postmortem", "repository", "requirements", "rules", "stale", "wheels"])
def test_rooms_that_wait(room: str) -> None:
    """What only explains a failure is not imported by a step that succeeds."""
    explaining = {"blame", "failure", "rules", "stale"}

    assert {other for other in _ROOMS if room in _rooms_imported_at_the_start(other)} <= explaining - {room}


@pytest.mark.parametrize("room", ["__main__", "errors", "locate", "uv"])
def test_first_step(room: str) -> None:
    """The step that only asks for uv imports next to nothing."""
    known = {"__future__", "io", "os", "sys", f"{_PACKAGE}.errors", f"{_PACKAGE}.locate"}

    assert set() == set(_imports_at_the_start(room)) - known


def test_nothing_else_is_imported() -> None:
    """All other imports are of the standard library."""
    known = {*sys.stdlib_module_names, *_GONE, _PACKAGE, "actions_toolkit", "tomli", "packaging"}

    assert [] == [(room, name) for room in _ROOMS for name in _imports(room) if name.split(".")[0] not in known]


def test_environment_of_the_process() -> None:
    """Only the two front doors read the process's own environment."""
    readers = {
        room
        for room, tree in _ROOMS.items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.Attribute, ast.alias))
        if (node.attr if isinstance(node, ast.Attribute) else node.name) in ("environ", "environb", "getenv", "putenv")
    }

    assert {"__main__", "shell"} == readers


def test_flags_of_uv() -> None:
    """Only `plan` knows uv's command line."""
    assert {"plan"} == {room for room in _ROOMS if any(re.match(r"--[A-Za-z]", text) for text in _texts(room))}


def test_every_room_is_in_the_table() -> None:
    """CONTRIBUTING.md says of each room what it is for, and of no other."""
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(_ROOMS) == sorted(rows)


@each_room
def test_size(room: str) -> None:
    """A room can be read in one sitting."""
    assert len((_SRC / _PACKAGE / f"{room}.py").read_text(encoding="utf-8").splitlines()) <= 200


@each_room
def test_docstring(room: str) -> None:
    """A room says in one sentence what it alone may do."""
    assert re.fullmatch(r"[A-Z](?:[^.\n]|\.(?! ))*\.", ast.get_docstring(_ROOMS[room]) or "")


@each_room
def test_documented(room: str) -> None:
    """Whatever other rooms may use says what it is for."""
    assert [] == [node.name for node in _public(_ROOMS[room]) if not ast.get_docstring(node)]


@pytest.mark.parametrize(
    ("room", "version"),
    [pytest.param("probe", (3, 6), id="probe-on-3.6"), pytest.param("__init__", (3, 4), id="package-on-3.4")],
)
def test_grammar(room: str, version: tuple[int, int]) -> None:
    """What older Pythons meet first has a syntax that they read."""
    assert ast.parse((_SRC / _PACKAGE / f"{room}.py").read_text(encoding="utf-8"), feature_version=version).body


def test_probe_stands_alone() -> None:
    """The probe runs in the target, where there is only a standard library."""
    assert set() == {name.split(".")[0] for name in _imports("probe")} - sys.stdlib_module_names - _GONE


@pytest.mark.skipif(not _OLD, reason="no Python older than 3.8 is installed here")
@pytest.mark.parametrize("interpreter", _OLD, ids=lambda path: path.parts[-3])
def test_old_interpreter(interpreter: Path) -> None:
    """A Python that cannot run the action says so as an annotation, and not with a SyntaxError."""
    major, minor = interpreter.parts[-3].split(".")[:2]
    asked = "import sys; sys.path.insert(0, sys.argv[1]); from uv_system_sync.__main__ import sync"
    # Not -I, which is younger than some of these; -B, because they would leave their bytecode in src.
    command = [str(interpreter), "-E", "-s", "-S", "-B", "-c", asked, str(_SRC)]
    completed = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    message = f"`python` on PATH is Python {major}.{minor} ({interpreter}), and uv-system-sync runs on 3.8 or newer."
    hint = "Set `python-version` of actions/setup-python to 3.8 or newer."

    assert (1, "", f"::error title=python-unsuitable::{message}%0A{hint}\n") == (completed.returncode, completed.stdout, completed.stderr)

"""All user-visible sentences in one file, so that changes of wording can be reviewed as one diff."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.test_architecture import MODULES, ROOT
from uv_system_sync import errors, imports
from uv_system_sync.diagnosis import failure

SNAPSHOT = ROOT / "tests" / "data" / "messages.txt"


def kinds(kind: type[errors.ActionError]) -> Iterator[str]:
    """Yield the names of `kind` and all its subclasses."""
    yield kind.__name__
    for other in kind.__subclasses__():
        yield from kinds(other)


KINDS = {*kinds(errors.ActionError), *kinds(imports.ModuleChanged)}
# Calls that take templates as arguments, and the positions of these arguments.
TEMPLATES = {**dict.fromkeys({*KINDS, "kind"}, (0, 1)), "message": (0,), "Row": (2, 3), "Difference": (2,), ".error": (1, 2)}
# Tables whose rows consist of a pattern and templates.
TABLES = {"_HELP", "_REASONS", "_GIT_REASONS"}
# Fields that have a value in every error of the diagnosis.
KNOWN = {*failure.OPTIONS, "uv", "target", "lock_command"}


class Call(NamedTuple):
    """A call that makes a message: its location, its template, and the names of its values, or None if they are not literals."""

    line: int
    template: ast.expr
    texts: list[str]
    values: set[str] | None


def calls(module: str) -> Iterator[Call]:
    """Yield the calls in `module` that make messages, one for each template."""
    tree = MODULES[module]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for scope in (tree, *functions):
        for node in ast.walk(scope):
            if not isinstance(node, ast.Call) or (scope is tree and any(node in ast.walk(function) for function in functions)):
                continue
            name = f".{node.func.attr}" if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for index in TEMPLATES.get(name, ()):
                if index < len(node.args):
                    names = {keyword.arg for keyword in node.keywords if keyword.arg} | (KNOWN if name == ".error" else set())
                    elsewhere = name in {"Row", "Difference"} or any(keyword.arg is None for keyword in node.keywords)
                    yield Call(node.lineno, node.args[index], texts(node.args[index], scope, tree), None if elsewhere else names)
    for node in tree.body:
        if isinstance(node, ast.Assign) and TABLES & {getattr(target, "id", "") for target in node.targets}:
            rows = [row for row in getattr(node.value, "elts", []) if isinstance(row, ast.Tuple)]
            yield from (Call(row.lineno, item, texts(item, tree), None) for row in rows for item in row.elts[1:])


def texts(node: ast.expr, *scopes: ast.AST) -> list[str]:
    """Return the possible texts of an argument: a literal, or the values of a name or conditional in the first scope that has any."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [*texts(node.body, *scopes), *texts(node.orelse, *scopes)]
    if isinstance(node, ast.Name):
        for scope in scopes:
            values = [value for assign in ast.walk(scope) if isinstance(assign, ast.Assign) for value in assigned(assign, node.id)]
            if values:
                return [text for value in values for text in texts(value, *scopes)]
    return []


def assigned(node: ast.Assign, name: str) -> Iterator[ast.expr]:
    """Yield what `node` assigns to `name`, by itself or in a tuple."""
    target, value = node.targets[0], node.value
    pairs = (
        zip(target.elts, value.elts, strict=True) if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [(target, value)]
    )
    yield from (found for to, found in pairs if isinstance(to, ast.Name) and to.id == name)


def current() -> str:
    """Return the sentences of all modules in the format of the snapshot."""
    found = {module: sorted({text for call in calls(module) for text in call.texts if text}) for module in MODULES}
    return "\n".join(f"{module}\n" + "".join(f"    {text}\n" for text in lines) for module, lines in found.items() if lines)


def test_every_sentence_is_as_it_was_reviewed() -> None:
    assert SNAPSHOT.read_text(encoding="utf-8") == current(), "review the new sentences, and record them with `make docs`"


@pytest.mark.parametrize("module", MODULES)
def test_no_template_is_made_of_outside_text(module: str) -> None:
    """Text formatted into a template would be parsed as part of the template."""
    formatted = (ast.JoinedStr, ast.BinOp)
    made = [
        call.line
        for call in calls(module)
        for node in (call.template, *ast.iter_child_nodes(call.template))
        if isinstance(node, formatted)
        if not isinstance(call.template, ast.Call)
    ]

    assert [] == made


@pytest.mark.parametrize("module", MODULES)
def test_every_field_of_a_template_has_a_value(module: str) -> None:
    lacking = [
        (call.line, field)
        for call in calls(module)
        for text in call.texts
        for _, field, _, _ in string.Formatter().parse(text)
        if field and call.values is not None and field.partition(".")[0] not in call.values
    ]

    assert [] == lacking


if __name__ == "__main__":
    SNAPSHOT.write_text(current(), encoding="utf-8")

"""No word of a workflow is left for who has none."""

from __future__ import annotations

import ast
import re

import pytest

from tools.shared import ROOT
from uv_system_sync.errors import ActionError
from uv_system_sync.reporting.wording import of_a_shell

_SRC = ROOT / "src" / "uv_system_sync"

# What these say, a shell never hears, or it is in its words already; the rest is heard in both worlds.
_UNHEARD = {"__init__", "__main__", "bootstrap", "command", "dialect", "environment", "workflow"}
_ROOMS = {
    path.stem: ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(_SRC.glob("*.py"))
    if path.stem not in _UNHEARD and not path.stem.startswith("matrix")
}

_OF_A_WORKFLOW = re.compile(r"\b(?:step|workflow|matrix|exclude:|setup-\w+|runner'?s?|the action|the input|checkout)\b|\w: true`")

# What only a runner brings about, or a shell never reaches.
_ONLY_THERE = (
    "is shared by the jobs of this runner",
    "in the next step would be",
    "Run actions/setup-python before this command or, with `update-environment: false`",
    "setup-uv could not install",
    "`uv-version` or the network",
)


def _said(room: str) -> list[str]:
    """Return each text of a `room` as it is shown, with … for values, that is no docstring."""
    tree = _ROOMS[room]
    skipped = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    skipped |= {piece for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in node.values}
    return [_text(node) for node in ast.walk(tree) if isinstance(node, (ast.Constant, ast.JoinedStr)) and node not in skipped]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(piece) if isinstance(piece, ast.Constant) else "…" for piece in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


@pytest.mark.parametrize("room", _ROOMS)
def test_no_word_of_a_workflow(room: str) -> None:
    """Whatever an error or a notice says, a shell gets it in words that mean something there."""
    spoken = [of_a_shell(text) for text in _said(room) if " " in text and not text.startswith(("(", "r"))]

    assert [] == [text for text in spoken if _OF_A_WORKFLOW.search(text) and not any(words in text for words in _ONLY_THERE)]


def test_every_kind_is_heard() -> None:
    """Each kind of error but that of the report action is raised where its words have been looked at."""
    called = {
        node.func.id
        for tree in _ROOMS.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert {"PackagesDiffer"} == {kind.__name__ for kind in ActionError.__subclasses__()} - called


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`all-extras: true` contradicts `extras: a b`.", "`--all-extras` contradicts `--extra a b`."),
        ("`groups` holds `x`, which the project does not define", "`--group` holds `x`, which the project does not define"),
        ("Correct `packages` in the step, or define `x` in the project.", "Correct `--package`, or define `x` in the project."),
        ("`args` holds `-p`, which the action decides itself.", "After `--` is `-p`, which the command decides itself."),
        ("Set the input `working-directory` instead.", "Set `--working-directory` instead."),
        ("or set `UV_SYSTEM_CERTS: true`.", "or set `UV_SYSTEM_CERTS=true`."),
        ("Run the job again.", "Run it again."),
        ("/src/step/the-runner/job is not there.", "/src/step/the-runner/job is not there."),
    ],
)
def test_phrases(text: str, expected: str) -> None:
    """Inputs become options, and what is no phrase of ours stays as it is."""
    assert expected == of_a_shell(text)

"""The documents: the examples are valid, and the names and links refer to things that exist."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import documents, github_parser
from tests.support.documents import DOCUMENTS, Block
from tests.support.projects import WHEELS
from tools import flow
from tools.shared import ROOT
from tools.shared.uv import UV

GUIDES = sorted((ROOT / "docs").glob("*.md"))
BLOCKS = [block for document in DOCUMENTS for block in documents.blocks(document)]
WORKFLOWS = sorted([*(ROOT / "examples").glob("*.yml"), *(ROOT / ".github" / "workflows").glob("*.yml")])

_SHELL = ("sh", "shell", "bash", "console")

# Shell blocks that are not run anywhere, by their first line, with the reason for each.
_NOT_RUN = {
    "uvx migrate-to-uv": "needs an index, and is not ours",
    "uvx migrate-to-uv --dependency-groups-strategy keep-existing": "the same",
    **dict.fromkeys(
        (
            "uvx uv-system-sync --python /usr/local --no-dev",
            "uv-system-sync --python .venv                               # into a virtual environment",
            "uv-system-sync --python .venv --json | python -c 'import json, sys; print(len(json.load(sys.stdin)[\"packages\"]))'",
        ),
        "tests/integration/test_command.py runs it, with the wheel of this checkout",
    ),
}


# The word limit for a guide, and the reference documents that have no limit.
_MOST_WORDS = 1200
_REFERENCES = {"errors.md"}


def shown(language: str) -> list[Block]:
    """Return the blocks in `language`."""
    return [block for block in BLOCKS if block.language == language]


def verbs() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def all_workflows() -> dict[str, str]:
    """Return every workflow, keyed by its location: from files, and from documents, where partial workflows are completed."""
    written = {documents.name(path): path.read_text(encoding="utf-8") for path in WORKFLOWS}
    return {**written, **{block.place: documents.workflow(block.text) for block in shown("yaml")}}


def test_workflows_follow_the_schema(tmp_path: Path) -> None:
    """Every YAML block is a workflow, or part of one, according to the schema that editors use."""
    texts = {**all_workflows(), "bad": "on: push\njobs: none\n"}
    for number, text in enumerate(texts.values()):
        (tmp_path / f"{number}.yml").write_text(text, encoding="utf-8")
    program = ROOT / ".venv" / "bin" / "check-jsonschema"
    command = [str(program), "--builtin-schema", "vendor.github-workflows", "--output-format", "json", *map(str, tmp_path.glob("*.yml"))]

    completed = subprocess.run(command, capture_output=True, text=True, check=False)

    wrong = json.loads(completed.stdout)
    complaints = [(list(texts)[int(Path(error["filename"]).stem)], error["message"]) for error in wrong["errors"] + wrong["parse_errors"]]
    assert [("bad", "'none' is not of type 'object'")] == complaints


def test_github_reads_every_workflow() -> None:
    """GitHub's own parser accepts every YAML block, every example and every workflow, including expressions."""
    if github_parser.missing():
        pytest.skip(github_parser.missing())
    workflows = all_workflows()
    steps = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"

    found = github_parser.complaints({**workflows, "bad": f"{steps}      - run: echo ${{{{ nonsense.x }}}}\n"})

    assert ["bad (Line: 6, Col: 14): Unrecognized named-value: 'nonsense'"] == found.pop("bad")
    assert {place: [] for place in workflows} == found


def test_json_is_json() -> None:
    """Every JSON block can be parsed."""
    assert shown("json")
    for block in shown("json"):
        json.loads(block.text)


def test_shell_is_run_or_known() -> None:
    """Every shell block consists of Makefile targets, is run below, or is listed as not run."""
    others = [block for language in _SHELL for block in shown(language) if not _is_of_verbs(block)]

    assert {*_NOT_RUN, _first_line(_MIGRATION)} == {_first_line(block.text) for block in others}


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _is_of_verbs(block: Block) -> bool:
    lines = (re.match(r"make ([\w-]+)(?: [A-Z]+=(?:'[^']*'|\S+))*(?: +#.*)?$", line) for line in block.text.strip().splitlines())
    return all(match and match[1] in verbs() for match in lines)


_MIGRATION = "uv init --bare\n"


@pytest.mark.parametrize("block", [block for block in shown("sh") if block.text.startswith(_MIGRATION)], ids=lambda block: block.place)
def test_requirements_become_a_lock(block: Block, tmp_path: Path) -> None:
    """The commands of the migration guide turn the pins in requirements.txt into a uv.lock."""
    for wheel in WHEELS:
        wheel.write(tmp_path / "wheels")
    project = tmp_path / "project"
    project.mkdir()
    (project / "requirements.in").write_text("alpha\n", encoding="utf-8")
    (project / "requirements.txt").write_text("alpha==1.0\nbeta==1.0\n", encoding="utf-8")
    own = {"PATH": f"{UV.parent}:{os.defpath}", "UV_FIND_LINKS": str(tmp_path / "wheels"), "UV_OFFLINE": "1", "UV_PYTHON": sys.executable}

    subprocess.run(["sh", "-eu", "-c", block.text], cwd=project, check=True, env={**os.environ, **own})

    lock = (project / "uv.lock").read_text(encoding="utf-8")
    assert ["1.0", "1.0"] == re.findall(r'^name = "(?:alpha|beta)"\nversion = "(.*)"', lock, re.MULTILINE)


def test_commands_are_verbs_of_the_makefile() -> None:
    """Every `make` command in a document names a target of the Makefile."""
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    named = set(re.findall(r"(?:`|^ *)make ([a-z-]+)", text, re.MULTILINE))

    assert {"demo", "test"} <= named
    assert set() == named - verbs()


@pytest.mark.parametrize("document", DOCUMENTS, ids=documents.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link and picture refers to an existing file and, with `#`, to a heading in it; a badge refers to its workflow."""
    broken = []
    for target in documents.links(document):
        path, _, anchor = target.removesuffix("/badge.svg").replace("../../actions/workflows/", ".github/workflows/").partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (anchor and anchor not in documents.anchors(file)):
            broken.append(target)

    assert [] == broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=documents.name)
def test_files_that_are_named_are_there(document: Path) -> None:
    """Every repository path in a code span is an existing file or folder."""
    paths = [span.partition("::")[0] for span in documents.code_spans(document)]
    folders = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())
    named = [path for path in paths if re.fullmatch(rf"(?:{folders})/[\w./*-]*", path)]

    assert [] == [path for path in named if not any(ROOT.glob(path.rstrip("/")))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=documents.name)
def test_tests_that_are_named_are_there(document: Path) -> None:
    """Every test named in a document exists in exactly one file, or in the file named with it."""
    named = re.findall(r"`(?:(tests/[\w/]+\.py)::)?(test_\w+)`", documents.prose(document))
    files = {documents.name(path): path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    places = {name: [file for file, content in files.items() if f"\ndef {name}(" in content] for _, name in named}

    assert [] == [name for file, name in named if file not in places[name] and (file or len(places[name]) != 1)]


@pytest.mark.parametrize("guide", GUIDES, ids=documents.name)
def test_the_first_paragraph_of_a_guide_is_for_whom_it_is(guide: Path) -> None:
    assert re.match(r"# .+\n\nRead this (?:if|to) \w+", guide.read_text(encoding="utf-8"))


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if guide.name not in _REFERENCES], ids=documents.name)
def test_a_guide_is_read_in_one_sitting(guide: Path) -> None:
    """Generated text, alternative texts of pictures and test names do not count towards the limit."""
    text = re.sub(r"<picture>.*?</picture>|`(?:tests/[\w/]+\.py::)?test_\w+`", "", documents.written_by_hand(guide), flags=re.DOTALL)

    assert _MOST_WORDS >= len([word for word in text.split() if re.search(r"\w", word)])


def test_the_threat_model_names_tests() -> None:
    """Every promise of the threat model has a test."""
    assert re.findall(r"`(?:tests/[\w/]+\.py::)?test_\w+`", documents.prose(ROOT / "docs" / "threat-model.md"))


def test_the_picture_of_the_flow_is_up_to_date() -> None:
    """The picture is the one that tools/flow.py draws, in both themes."""
    for theme, colours in flow.THEMES.items():
        assert flow.drawn(colours) == (ROOT / "docs" / f"flow-{theme}.svg").read_text(encoding="utf-8")


def test_the_flow_names_every_package() -> None:
    """The picture includes every package that a sync uses, and only existing modules and packages."""
    source = ROOT / "src" / "uv_system_sync"
    packages = {path.parent.name for path in source.glob("*/__init__.py")}
    drawn = {module for row in flow.ROWS for box in row for module in box.modules} | set(flow.FAILURE_MODULES)

    assert set() == drawn - packages - {path.stem for path in source.glob("*.py")}
    assert {"matrix"} == packages - drawn


def test_figures_have_a_maker_and_a_place() -> None:
    """Every figure is generated by a tool that names it, and shown in a document."""
    figures = [path for path in (ROOT / "docs").iterdir() if path.suffix in {".svg", ".png"}]
    tools = "".join(path.read_text(encoding="utf-8") for folder in ("tools", "benchmarks") for path in (ROOT / folder).glob("*.py"))
    shown_ones = {(document.parent / target).resolve() for document in DOCUMENTS for target in documents.links(document)}

    assert figures
    assert [] == [path.name for path in figures if re.sub(r"-(?:light|dark)$", "-", path.stem) not in tools]
    assert set(figures) <= shown_ones
